"""What a function may return, and what becomes of it."""

from __future__ import annotations

import pytest

from tests.host.conftest import HostOf, RunningHost

pytestmark = pytest.mark.contract


@pytest.fixture
def host(host_of: HostOf) -> RunningHost:
    return host_of("answers")


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", "grüß dich".encode()),
        ("bytes", 200, "application/octet-stream", b"\x00\xff"),
        ("empty", 202, "text/plain; charset=utf-8", b""),
        ("no_content", 204, "text/plain; charset=utf-8", b""),
        ("own_type", 200, "application/problem+json", b"{}"),
        ("mimetype", 200, "application/json", b"{}"),
        ("not_found", 404, "text/plain; charset=utf-8", b"nothing here"),
        ("str", 200, "text/plain; charset=utf-8", b"plain words"),
        ("str_json", 200, "application/json; charset=utf-8", b'{"a": 1}'),
        ("str_describing", 201, "text/plain; charset=utf-8", b"made"),
    ],
)
def test_an_answer_has_the_status_type_and_body_it_was_given(
    host: RunningHost, kind: str, status: int, content_type: str, body: bytes
) -> None:
    answer = host.get(f"/api/answers/{kind}")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (
        status,
        content_type,
        body,
    )


def test_a_text_with_a_body_member_describes_its_headers_too(host: RunningHost) -> None:
    assert host.get("/api/answers/str_describing").headers["x-made"] == "yes"


@pytest.mark.parametrize("kind", ["none", "dict"])
def test_what_is_no_http_response_fails_with_an_empty_answer(host: RunningHost, kind: str) -> None:
    answer = host.get(f"/api/answers/{kind}")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "unable to encode outgoing TypedData" in host.log()


def test_an_exception_fails_with_an_empty_answer_and_its_trace_in_the_log_only(host: RunningHost) -> None:
    answer = host.get("/api/answers/raise")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "the reason" not in str(answer.headers)
    assert "RuntimeError: the reason, for the log only" in host.log()


def test_of_a_header_added_twice_the_last_one_survives(host: RunningHost) -> None:
    answer = host.get("/api/answers/header_twice")
    assert answer.raw.headers.getlist("X-Number") == ["two"]


def test_every_cookie_is_sent_with_its_attributes(host: RunningHost) -> None:
    first, second = host.get("/api/answers/cookies").raw.headers.getlist("Set-Cookie")
    assert first.startswith("first=1")
    for attribute in ("Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=60"):
        assert attribute in first
    assert second == "second=2; Domain=example.com"


def test_a_cookie_that_python_cannot_parse_is_dropped(host: RunningHost) -> None:
    answer = host.get("/api/answers/unparsable_cookie")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_named_output_answers_as_a_returned_value_does(host: RunningHost) -> None:
    answer = host.get("/api/named")
    assert (answer.status_code, answer.text) == (201, "by name")


def test_a_function_without_an_http_output_answers_no_content(host: RunningHost) -> None:
    answer = host.get("/api/silent")
    assert (answer.status_code, answer.content) == (204, b"")


def test_returning_a_value_without_a_return_binding_fails(host: RunningHost) -> None:
    assert host.get("/api/unbound").status_code == 500


def test_an_asynchronous_function_is_awaited(host: RunningHost) -> None:
    assert host.get("/api/async").text == "awaited"
