"""What a request tells of itself: its part in a trace, repetitions, and waits for limits."""

from __future__ import annotations

from tests.unit.clients.test_http import DOWN, FINE, Calling
from tests.unit.scripted_server import Reply, serving

LIMITED = Reply(429, b"", {"Retry-After": "7"})


def test_a_request_is_part_of_the_operation_s_trace() -> None:
    calling = Calling()
    with serving(FINE, FINE) as server:
        calling.send(f"{server.url}/a")
        calling.send(f"{server.url}/b")

    trace = calling.operation.trace
    parents = {asked.headers["traceparent"] for asked in server.asked}
    assert parents == {f"00-{trace.trace_id}-{trace.span_id}-01"}
    assert all("tracestate" not in asked.headers for asked in server.asked)


def test_a_wait_that_the_other_side_asked_for_is_counted() -> None:
    calling = Calling(jitter=0)
    with serving(LIMITED, FINE) as server:
        calling.send(server.url)

    counts = calling.operation.log.counts
    assert (counts.requests, counts.retries, counts.throttled_seconds) == (2, 1, 7)


def test_a_pause_of_the_app_s_own_is_no_wait_for_a_limit() -> None:
    calling = Calling()
    with serving(DOWN, DOWN, FINE) as server:
        calling.send(server.url)

    counts = calling.operation.log.counts
    assert (counts.requests, counts.retries, counts.throttled_seconds) == (3, 2, 0)


def test_a_wait_before_a_request_is_counted_too() -> None:
    calling = Calling()
    with serving(Reply(200, {"ok": True}, {"Retry-After": "3"}), FINE) as server:
        calling.send(server.url)
        calling.send(server.url)

    assert calling.operation.log.counts.throttled_seconds == 3
