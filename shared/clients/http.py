"""The base of both clients: a request with time-outs, retries, the operation's deadline and its journal."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.clients.addresses import AddressRefused
from shared.clients.rate_limits import Quota, RateLimits
from shared.clients.redaction import shown_url
from shared.clients.transport import Body, NoAnswer, Transport
from shared.deadline import Deadline
from shared.domain import retry
from shared.errors import (
    CredentialsRejected,
    NotFound,
    OperationFailed,
    Refused,
    System,
    TimeSpent,
    Unavailable,
)
from shared.log_events import Level
from shared.operation import Operation

USER_AGENT = "aha-azure-devops-integration/1.0"

_READ_SECONDS = 30.0
_LEAST_SECONDS = 0.5


@dataclass(frozen=True)
class Request:
    """One request. `body` is called anew for each attempt, so that a stream can be read again.

    `repeatable` is false where carrying it out twice would do harm; it is then repeated only if it certainly was not
    carried out. `patience` is for how many seconds it may be put off before it is sent (for the last time).
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Body] | None = None
    repeatable: bool = True
    read_seconds: float = _READ_SECONDS
    patience: float = math.inf


@dataclass(frozen=True)
class Answer:
    """An answer that was read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        return "json" in self.headers.get("content-type", "").lower()

    def json(self) -> Any:
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class HttpClient:
    """Sends requests to one outside system on behalf of one operation.

    `authorization` gives the value of the header of that name; `translate` turns an answer that is no success into the
    error that callers are told. `paced_as` names the account whose allowance requests use up; `quotas` hold for it once
    the system has shown that it limits requests.
    """

    def __init__(
        self,
        system: System,
        operation: Operation,
        *,
        authorization: Callable[[], str],
        translate: Callable[[Request, Answer], OperationFailed | None],
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
        self._refusal: Refused | None = None
        self._requests = 0
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """How many requests were sent so far, retries included."""
        return self._requests

    def send(self, request: Request) -> Answer:
        """Send a request until it is answered for good.

        Raises:
            Refused: the other side said no, or said no to these credentials before in this operation.
            Unavailable: no usable answer within the attempts and the deadline.
        """
        attempt = 1
        deadline = self._operation.deadline.within(request.patience)
        while True:
            if self._refusal is not None:
                raise self._refusal
            self._wait_for_rate_limit(request, deadline)
            outcome = self._attempt(request, attempt)
            if isinstance(outcome, Answer):
                return outcome
            if not isinstance(outcome, Unavailable):
                raise outcome
            if outcome.outcome_unknown and not request.repeatable:
                raise outcome
            pause = retry.pause_before(
                attempt + 1,
                asked=outcome.retry_after,
                remaining=deadline.remaining() - _LEAST_SECONDS,
                jitter=self._jitter(),
            )
            if pause is None:
                raise outcome
            self._sleep(pause)
            attempt += 1

    def _wait_for_rate_limit(self, request: Request, deadline: Deadline) -> None:
        """Wait until the account may be called again. Raises Unavailable or TimeSpent where that is too late."""
        name = self._system.display_name
        if self._operation.deadline.remaining() < _LEAST_SECONDS:
            detail = "The time for this operation is over; what is not done yet goes on the next time."
            raise TimeSpent(self._system, detail, retry_after=1)
        while wait := self._rate_limits.wait(self._account, self._quotas):
            if wait > deadline.remaining() - _LEAST_SECONDS:
                detail = f"{name} asks for {wait:.0f} s between requests now. Try again later."
                raise Unavailable(self._system, detail, retry_after=wait)
            self._sleep(wait)

    def _attempt(self, request: Request, attempt: int) -> Answer | OperationFailed:
        """One attempt: its answer, or the error that it amounts to. It is written down either way."""
        started = time.monotonic()
        with self._lock:
            self._requests += 1
        try:
            answer = self._exchange(request)
        except NoAnswer as error:
            self._note(request, None, started, attempt, error.reason)
            return Unavailable(
                self._system,
                f"{self._system.display_name} could not be reached: {error.reason}.",
                retry_after=None,
                outcome_unknown=error.sent,
                may_still_run=error.timed_out,
                evidence={"url": shown_url(request.url)},
            )
        except AddressRefused as error:
            self._note(request, None, started, attempt, str(error))
            return NotFound(self._system, f"{shown_url(request.url)} is not called: {error}.")
        self._note(request, answer.status, started, attempt, None)
        asked = self._rate_limits.observe(self._account, answer.headers)
        failure = self._translate(request, answer)
        if failure is None:
            return answer
        if isinstance(failure, Unavailable):
            failure.retry_after = asked
            failure.outcome_unknown = answer.status not in retry.NOT_CARRIED_OUT
        elif isinstance(failure, CredentialsRejected):
            self._refusal = failure
        return failure

    def _exchange(self, request: Request) -> Answer:
        timeout = max(_LEAST_SECONDS, min(request.read_seconds, self._operation.deadline.remaining()))
        response = self._transport.send(
            request.method,
            request.url,
            headers={
                "Authorization": self._authorization(),
                "Accept": "application/json",
                "User-Agent": USER_AGENT,
                **request.headers,
            },
            body=request.body() if request.body else None,
            timeout=timeout,
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content)

    def _note(
        self, request: Request, status: int | None, started: float, attempt: int, problem: str | None
    ) -> None:
        url = shown_url(request.url)
        milliseconds = round((time.monotonic() - started) * 1000)
        result = problem if status is None else str(status)
        failed = status is None or status >= 400
        self._operation.journal.note(
            Level.WARNING if failed else Level.INFO,
            f"{self._system.value.replace('_', '-')}.request",
            f"{request.method} {url} → {result} in {milliseconds} ms",
            method=request.method,
            url=url,
            status=status,
            milliseconds=milliseconds,
            attempt=attempt,
        )
