"""The base of both clients: requests with time-outs, retries, rate limits, the operation's deadline and its log."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared import log_events
from shared.clients.addresses import AddressRefused
from shared.clients.rate_limits import Quota, RateLimits
from shared.clients.redaction import mask_secrets, shown_url
from shared.clients.transport import WHOLE_SECONDS, Body, NoAnswer, Transport
from shared.deadline import Deadline
from shared.domain import retry
from shared.domain.subject import NO_SUBJECT, Subject
from shared.errors import (
    CredentialsRejected,
    OperationFailed,
    System,
    TimeSpent,
    Unavailable,
)
from shared.operation import Operation
from shared.version import VERSION

USER_AGENT = f"aha-azure-devops-integration/{VERSION}"

_READ_SECONDS = 30.0
_LEAST_SECONDS = 0.5

_ANSWERED = {System.AZURE_DEVOPS: log_events.AZURE_DEVOPS_REQUEST, System.AHA: log_events.AHA_REQUEST}
_FAILED = {
    System.AZURE_DEVOPS: log_events.AZURE_DEVOPS_REQUEST_FAILED,
    System.AHA: log_events.AHA_REQUEST_FAILED,
}


@dataclass(frozen=True)
class Request:
    """One request.

    `body` is called for each attempt, because a stream can be read only once. `repeatable` is false if a second request
    would do harm: the client then repeats it only if the other side certainly did not carry it out. `read_seconds`: how
    long to wait for each part of the exchange. `exchange_seconds`: how long one attempt may take. `start_within`:
    within how many seconds the last attempt must start. `subject`: what the request is about, for errors.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Body] | None = None
    repeatable: bool = True
    read_seconds: float = _READ_SECONDS
    exchange_seconds: float = WHOLE_SECONDS
    start_within: float = math.inf
    subject: Subject = NO_SUBJECT


@dataclass(frozen=True)
class Response:
    """A response that was read completely. Header names are in lower case. `seconds`: how long the server took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    mask: Callable[[str], str] = str
    """Masks the secrets of the request in a text of the response."""
    seconds: float = 0.0

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type says JSON."""
        return "json" in self.headers.get("content-type", "").lower()

    def json(self) -> Any:
        """The body as JSON; None where it is not valid JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class HttpClient:
    """Sends requests to one outside system for one operation. Usable from several threads.

    Args:
        authorization: returns the value of the Authorization header.
        translate: returns the error that a response means, None for a success.
        account: the account whose rate limit the requests count against.
        quotas: apply to the account once a response has named a limit.
        jitter: a random number from 0 to 1.
    """

    def __init__(
        self,
        system: System,
        operation: Operation,
        *,
        authorization: Callable[[], str],
        translate: Callable[[Request, Response], OperationFailed | None],
        transport: Transport,
        rate_limits: RateLimits,
        account: str,
        quotas: tuple[Quota, ...] = (),
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._system = system
        self._operation = operation
        self._authorization = authorization
        self._translate = translate
        self._transport = transport
        self._rate_limits = rate_limits
        self._account = account
        self._quotas = quotas
        self._sleep = sleep
        self._jitter = jitter
        self._rejection: CredentialsRejected | None = None
        self._requests = 0
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """How many requests were sent so far, retries included."""
        return self._requests

    def send(self, request: Request) -> Response:
        """Send a request, and repeat it after temporary failures.

        Raises:
            Refused: the other side refuses the request, or refused these credentials earlier in this operation.
            Unavailable: no usable response came within the attempts and the deadline.
        """
        attempt = 1
        is_unanswered = False
        deadline = self._operation.deadline.within(request.start_within)
        while True:
            if self._rejection is not None:
                raise self._rejection
            self._wait_for_rate_limit(deadline)
            result = self._attempt(request, attempt)
            if isinstance(result, Response):
                return result
            if not isinstance(result, Unavailable):
                result.follows_unanswered = is_unanswered
                raise result
            if result.outcome_unknown and not request.repeatable:
                raise result
            pause = retry.pause_before(
                attempt + 1,
                asked=result.retry_after,
                remaining=deadline.remaining() - _LEAST_SECONDS,
                jitter=self._jitter(),
            )
            if pause is None:
                raise result
            self._sleep(pause)
            if result.retry_after is not None:
                self._operation.log.know_wait(pause)
            is_unanswered = is_unanswered or result.outcome_unknown
            attempt += 1

    def _wait_for_rate_limit(self, deadline: Deadline) -> None:
        """Wait until the account may be called.

        Raises:
            TimeSpent: the operation has no time left.
            Unavailable: the account may be called only after the deadline.
        """
        if self._operation.deadline.remaining() < _LEAST_SECONDS:
            raise TimeSpent(
                self._system,
                "The time for this operation ended before everything was done. Repeat the operation to continue.",
                retry_after=1,
            )
        while wait := self._rate_limits.wait(self._account, self._quotas):
            if wait > deadline.remaining() - _LEAST_SECONDS:
                name = self._system.display_name
                raise Unavailable(
                    self._system,
                    f"{name} limits requests: the next one may be sent in {wait:.0f} s. Try again later.",
                    retry_after=wait,
                )
            self._sleep(wait)
            self._operation.log.know_wait(wait)

    def _attempt(self, request: Request, attempt: int) -> Response | OperationFailed:
        """Make one attempt and log it. Returns the response, or the error that the attempt ended with."""
        started = time.monotonic()
        with self._lock:
            self._requests += 1
        try:
            response = self._exchange(request)
        except NoAnswer as error:
            self._log(request, None, started, attempt, error.reason)
            return Unavailable(
                self._system,
                f"{self._system.display_name} could not be reached: {error.reason}. Try again later; if this "
                "lasts, check the address.",
                retry_after=None,
                outcome_unknown=error.sent,
                may_still_run=error.may_still_run,
                evidence={"url": shown_url(request.url)},
            )
        except AddressRefused as error:
            self._log(request, None, started, attempt, str(error))
            # A name server may give an inner address for a while, which says nothing about the request.
            return Unavailable(
                self._system,
                f"The app does not call {shown_url(request.url)}: {error}. Correct the address, or the name server's "
                "answer.",
            )
        self._log(request, response.status, started, attempt, None)
        failure = self._translate(request, response)
        asked = self._rate_limits.observe(self._account, response.headers, is_success=failure is None)
        if failure is None:
            return response
        if isinstance(failure, Unavailable):
            failure.retry_after = asked
        elif isinstance(failure, CredentialsRejected):
            self._rejection = failure
        return failure

    def _exchange(self, request: Request) -> Response:
        left = max(_LEAST_SECONDS, self._operation.deadline.remaining())
        authorization = self._authorization()
        response = self._transport.send(
            request.method,
            request.url,
            headers={
                "Authorization": authorization,
                "Accept": "application/json",
                "User-Agent": USER_AGENT,
                **self._operation.trace.headers,
                **request.headers,
            },
            body=request.body() if request.body else None,
            timeout=min(request.read_seconds, left),
            within=min(request.exchange_seconds, left),
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        seconds = response.elapsed.total_seconds()
        return Response(response.status_code, headers, response.content, mask_secrets(authorization), seconds)

    def _log(
        self, request: Request, status: int | None, started: float, attempt: int, problem: str | None
    ) -> None:
        url = shown_url(request.url)
        milliseconds = round((time.monotonic() - started) * 1000)
        events = _FAILED if status is None or status >= 400 else _ANSWERED
        self._operation.log.add(
            events[self._system],
            f"{request.method} {url} → {problem if status is None else status} in {milliseconds} ms",
            method=request.method,
            url=url,
            status=status,
            milliseconds=milliseconds,
            attempt=attempt,
            trace_id=self._operation.trace.trace_id,
        )
