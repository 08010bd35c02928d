"""The W3C trace context: what is taken from a caller, and what is passed on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.trace_context import TraceContext, continued, valid_state

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NEW = {16: "1" * 32, 8: "2" * 16}


def parsed(trace_parent: str, trace_state: str = "") -> TraceContext:
    """The context of an operation, with new ids that are easy to tell."""
    return continued(trace_parent, trace_state, NEW.__getitem__)


def test_the_trace_of_the_caller_goes_on_with_a_span_of_its_own() -> None:
    trace = parsed(f"00-{TRACE}-{CALLER}-01", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")

    assert trace == TraceContext(TRACE, "2" * 16, True, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    assert dict(trace.headers) == {
        "traceparent": f"00-{TRACE}-2222222222222222-01",
        "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    }


def test_without_a_caller_s_trace_a_new_one_begins() -> None:
    trace = parsed("", "rojo=1")

    assert trace == TraceContext("1" * 32, "2" * 16)
    assert dict(trace.headers) == {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}


def test_a_trace_that_is_not_sampled_stays_so() -> None:
    assert parsed(f"00-{TRACE}-{CALLER}-00").headers["traceparent"].endswith("-00")
    assert parsed(f"00-{TRACE}-{CALLER}-fe").headers["traceparent"].endswith("-00")
    assert parsed(f"00-{TRACE}-{CALLER}-03").headers["traceparent"].endswith("-01")


@pytest.mark.parametrize("version_and_rest", [("01", ""), ("cc", "-what-comes-later")])
def test_a_later_version_is_read_as_far_as_it_is_known(version_and_rest: tuple[str, str]) -> None:
    version, rest = version_and_rest

    trace = parsed(f"{version}-{TRACE}-{CALLER}-01{rest}")

    assert trace.trace_id == TRACE
    assert trace.headers["traceparent"].startswith("00-")


@pytest.mark.parametrize(
    "malformed",
    [
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-01-more",
        f"00-{TRACE}-{CALLER}-01\n",
        f"01-{TRACE}-{CALLER}-01more",
        f"00-{'0' * 32}-{CALLER}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{CALLER}-01",
        f"00-{TRACE[:-1]}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-1",
        f"0٠-{TRACE}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-01,00-{TRACE}-{CALLER}-01",
        "|abc.1.",
    ],
)
def test_a_malformed_parent_begins_a_new_trace(malformed: str) -> None:
    assert parsed(malformed, "rojo=1") == TraceContext("1" * 32, "2" * 16)


@pytest.mark.parametrize(
    ("state", "passed_on"),
    [
        ("a=1", "a=1"),
        ("a=1 , b=2,,", "a=1,b=2"),
        ("fw529a3039@dt=FfAfAhAAAAA", "fw529a3039@dt=FfAfAhAAAAA"),
        ("0a=x y", "0a=x y"),
        ("a=1,a=2", ""),
        ("A=1", ""),
        ("a=", ""),
        ("a", ""),
        ("a=b=c", ""),
        ("a=1\r\nx-injected: 1", ""),
        ("a=é", ""),
        ("a@b@c=1", ""),
        ("a@0=1", ""),
        (",".join(f"k{number}=1" for number in range(33)), ""),
        (f"{'k' * 257}=1", ""),
    ],
)
def test_a_state_is_passed_on_if_it_is_well_formed(state: str, passed_on: str) -> None:
    assert valid_state(state) == passed_on


def test_a_long_state_loses_its_long_members_first_then_the_last_ones() -> None:
    short = [f"k{number}={'v' * 60}" for number in range(9)]

    assert valid_state(",".join(["long=" + "v" * 200, *short])) == ",".join(short[:8])


def _ids() -> Iterator[str]:
    yield from ("0" * 32, "a" * 32, "0" * 16, "b" * 16)


def test_an_id_is_never_all_zeros() -> None:
    made = _ids()

    assert continued("", "", lambda _: next(made)) == TraceContext("a" * 32, "b" * 16)


@given(st.text(), st.text())
@example(f"00-{TRACE}-{CALLER}-01", "a=\x00")
@example(f"00-{TRACE}-{CALLER}-01", "a=1," * 1000)
def test_whatever_the_caller_says_the_headers_are_well_formed(trace_parent: str, trace_state: str) -> None:
    headers = parsed(trace_parent, trace_state).headers

    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", headers["traceparent"])
    assert len(headers.get("tracestate", "")) <= 512
    assert re.fullmatch("[ -~]*", headers.get("tracestate", ""))


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,9}=[!-+\--<>-~]{1,20}", fullmatch=True), max_size=15))
def test_a_well_formed_state_within_the_bounds_is_passed_on_unchanged(members: list[str]) -> None:
    state = ",".join({member.partition("=")[0]: member for member in members}.values())

    assert valid_state(state) == state
