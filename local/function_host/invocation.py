"""Inputs and outputs of a function, for both engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from local.function_host.definitions import Function


@dataclass(frozen=True)
class HttpInput:
    """A request as the host passes it on: header names in lower case, one value per name."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    route_values: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class TimerInput:
    """A timer's tick, as the JSON text that the host makes of it."""

    json: str


@dataclass(frozen=True)
class Invocation:
    """One call of a function. `trace_parent` and `trace_state` are the W3C trace headers, empty if absent."""

    id: str
    function: Function
    input: HttpInput | TimerInput
    trace_parent: str = ""
    trace_state: str = ""


@dataclass(frozen=True)
class Cookie:
    """A cookie of an answer; `expires` in seconds since 1970, `max_age` in seconds."""

    name: str
    value: str
    domain: str | None = None
    path: str | None = None
    expires: int | None = None
    max_age: float | None = None
    is_secure: bool = False
    is_http_only: bool = False
    same_site: str | None = None


@dataclass(frozen=True)
class HttpOutput:
    """An HttpResponse that a function returned or set."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[Cookie, ...]
    body: bytes = field(repr=False)


Output = HttpOutput | str | bytes | None


class FunctionNotLoaded(Exception):
    """A function could not be loaded. The text has the reason, with a trace if there is one."""


class InvocationFailed(Exception):
    """A function raised an exception, or returned what cannot be sent. The text has the trace."""


class Engine(Protocol):
    """Loads functions and calls them on its own threads."""

    def load(self, function: Function) -> None:
        """Import the function's module and check its parameters; raises FunctionNotLoaded."""

    def call(self, invocation: Invocation) -> dict[str, Output]:
        """Call a loaded function and wait for it; answers its outputs by name, `$return` among them.

        Raises InvocationFailed.
        """

    def current_invocation_id(self) -> str | None:
        """The id of the call that the thread works for. The platform drops log lines of a thread without one."""
