"""A fault: which requests it matches, which of them it hits, and what it does to them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from local.request_log import RequestLogEntry

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_OUTCOMES = (
    "status",
    "delay_ms",
    "hold_ms",
    "cut",
    "cut_body_after",
    "trickle_ms",
    "trickle_body_ms",
    "read_slowly_ms",
)
"""`delay_ms` waits before the request is carried out, `hold_ms` between that and the answer.

`trickle_ms` sends the whole answer byte by byte, with this many milliseconds between; `trickle_body_ms` only its body.
`read_slowly_ms` reads the request's body in pieces of 64 KiB, with this many milliseconds between.
"""
_OF_A_STATUS = {"headers", "effect", "effect_after_ms"}
_KEYS = {"method", "path", "body", "request_body", "skip", "times", *_OF_A_STATUS, *_OUTCOMES}


class UncorrectedResponse(Response):
    """An answer whose Location is sent as it is, with bytes that are not ASCII too. Werkzeug would correct it."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers as they are sent."""
        headers = super().get_wsgi_headers(environ)
        if "Location" in self.headers:
            headers["Location"] = self.headers["Location"]
        return headers


@dataclass
class Fault:
    """One rule: which requests it concerns (`method` may name several, `POST|PUT`), how many it lets pass and hits,
    and what it does to them.
    """

    id: str
    method: str | None
    path: re.Pattern[str] | None
    request_body: re.Pattern[str] | None
    skip: int
    times: int | None
    outcome: str
    value: Any
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer_body: Any = None
    is_carried_out: bool = False
    """The request is carried out, and its answer is replaced, as by a proxy that hides it."""
    carried_out_after_ms: int | None = None
    """The request is carried out this long after the answer: a gateway stopped waiting, but the system continues."""
    matched: int = 0
    fired: int = 0

    @classmethod
    def from_json(cls, fault_id: str, document: Any) -> Fault:
        """Reads the body of `POST /_control/faults`; BadRequest says what is wrong with it."""
        if not isinstance(document, dict):
            raise BadRequest("the fault must be a JSON object")
        unknown = sorted(set(document) - _KEYS)
        if unknown:
            raise BadRequest(f"unknown keys: {', '.join(unknown)}")
        outcomes = [name for name in _OUTCOMES if name in document]
        if len(outcomes) != 1:
            raise BadRequest(f"exactly one of {', '.join(_OUTCOMES)} is needed, got {outcomes}")
        outcome = outcomes[0]
        _check_outcome(outcome, document[outcome])
        answers = outcome == "status"
        if not answers and not _OF_A_STATUS.isdisjoint(document):
            raise BadRequest(f"{', '.join(sorted(_OF_A_STATUS))} belong to a status")
        if document.get("effect", "none") not in ("none", "done"):
            raise BadRequest('effect must be "none" or "done"')
        late = document.get("effect_after_ms")
        if late is not None and "effect" in document:
            raise BadRequest("the request has either an effect or a late one")
        request_body = document.get("request_body")
        if request_body is None and not answers:
            request_body = document.get("body")
        return cls(
            id=fault_id,
            method=_method(document.get("method")),
            path=_pattern("path", document.get("path")),
            request_body=_pattern("body", request_body),
            skip=_count("skip", document.get("skip", 0), least=0),
            times=None
            if document.get("times", 1) is None
            else _count("times", document.get("times", 1), least=1),
            outcome=outcome,
            value=document[outcome],
            answer_headers=_headers(document.get("headers", {})),
            answer_body=document.get("body") if answers else None,
            is_carried_out=document.get("effect") == "done",
            carried_out_after_ms=None if late is None else _count("effect_after_ms", late, least=0),
        )

    def to_json(self) -> dict[str, Any]:
        """The rule and how often it fired, for `GET /_control/faults`."""
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path and self.path.pattern,
            "request_body": self.request_body and self.request_body.pattern,
            "skip": self.skip,
            "times": self.times,
            self.outcome: self.value,
            "fired": self.fired,
        }

    def concerns(self, entry: RequestLogEntry) -> bool:
        """Whether the fault matches the request."""
        if self.method and entry.method not in self.method.split("|"):
            return False
        target = f"{entry.path}?{entry.query}" if entry.query else entry.path
        if self.path and not self.path.search(target):
            return False
        return not self.request_body or (
            entry.body is not None and bool(self.request_body.search(entry.body))
        )

    @property
    def is_due(self) -> bool:
        """Whether the last matching request is hit."""
        return self.matched > self.skip and (self.times is None or self.fired < self.times)

    def answer(self) -> Response:
        """What a status fault answers instead of the application."""
        if self.answer_body is None or isinstance(self.answer_body, str):
            response = UncorrectedResponse(
                self.answer_body or "", status=self.value, content_type="text/plain; charset=utf-8"
            )
        else:
            response = UncorrectedResponse(
                json.dumps(self.answer_body), status=self.value, content_type="application/json"
            )
        response.headers.update(self.answer_headers)
        return response


def _check_outcome(name: str, value: Any) -> None:
    if name == "cut":
        if value not in ("before", "after"):
            raise BadRequest('cut must be "before" or "after"')
        return
    _count(name, value, least=200 if name == "status" else 0)
    if name == "status" and value > 599:
        raise BadRequest("status must be from 200 to 599")


def _count(name: str, value: Any, *, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadRequest(f"{name} must be a whole number of at least {least}")
    return value


def _method(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadRequest("method must be text")
    return value.upper() if value else None


def _pattern(name: str, value: Any) -> re.Pattern[str] | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a regular expression")
    try:
        return re.compile(value)
    except re.error as error:
        raise BadRequest(f"{name} is no regular expression: {error}") from None


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadRequest("headers must be an object of texts")
    return value
