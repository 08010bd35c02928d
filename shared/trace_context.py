"""The W3C trace context: which trace a call belongs to, and what other systems get of it.

Grammar: https://www.w3.org/TR/trace-context/ (level 1; of level 2, the keys that begin with a digit).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_SAMPLED = 0x01
_MOST_STATE_MEMBERS = 32
_LONGEST_STATE, _LONGEST_MEMBER = 512, 128
"""The characters that must be passed on. A longer state first loses members over 128 characters, then the last ones."""

_PARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<rest>-.*)?",
    re.ASCII,
)
_KEY_CHARACTERS = "[a-z0-9_*/-]"
_MEMBER = re.compile(
    rf"(?P<key>[a-z0-9]{_KEY_CHARACTERS}{{0,255}}|[a-z0-9]{_KEY_CHARACTERS}{{0,240}}@[a-z]{_KEY_CHARACTERS}{{0,13}})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]",
    re.ASCII,
)


@dataclass(frozen=True)
class TraceContext:
    """The trace that an operation belongs to, and the operation's own span.

    `state` is what the caller's tracing systems want to be passed on, as they wrote it.
    """

    trace_id: str
    span_id: str
    is_sampled: bool = True
    state: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that tell another system that its work is part of this operation."""
        parent = {"traceparent": f"00-{self.trace_id}-{self.span_id}-{'01' if self.is_sampled else '00'}"}
        return {**parent, "tracestate": self.state} if self.state else parent


def continued(trace_parent: str, trace_state: str, new_id: Callable[[int], str]) -> TraceContext:
    """The trace of a caller, continued by a span of its own; a new trace if the caller's is missing or malformed.

    Args:
        new_id: returns this many random bytes in lower-case hexadecimal digits.
    """
    found = _PARENT.fullmatch(trace_parent)
    if found is None or not _is_valid(found):
        return TraceContext(_not_zero(16, new_id), _not_zero(8, new_id))
    is_sampled = bool(int(found["flags"], 16) & _SAMPLED)
    return TraceContext(found["trace"], _not_zero(8, new_id), is_sampled, valid_state(trace_state))


def valid_state(trace_state: str) -> str:
    """A tracestate that may be passed on: as it is, or shortened; empty if it is malformed."""
    members = [member.strip(" \t") for member in trace_state.split(",", _MOST_STATE_MEMBERS)]
    members = [member for member in members if member]
    keys = [found["key"] for member in members if (found := _MEMBER.fullmatch(member))]
    if len(keys) != len(members) or len(set(keys)) != len(keys) or len(keys) > _MOST_STATE_MEMBERS:
        return ""
    if len(",".join(members)) > _LONGEST_STATE:
        members = [member for member in members if len(member) <= _LONGEST_MEMBER]
    while len(",".join(members)) > _LONGEST_STATE:
        members.pop()
    return ",".join(members)


def _is_valid(parent: re.Match[str]) -> bool:
    """Ids of zeros are not valid, nor is version ff. A version that is not known yet may have more parts."""
    is_known = parent["version"] == "00"
    return (
        parent["version"] != "ff"
        and parent["trace"].strip("0") != ""
        and parent["span"].strip("0") != ""
        and not (is_known and parent["rest"])
    )


def _not_zero(length: int, new_id: Callable[[int], str]) -> str:
    while not (found := new_id(length)).strip("0"):
        pass
    return found
