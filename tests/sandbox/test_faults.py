"""Faults on demand, latency and the request log, over real sockets."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from local.faults import FaultInjection
from local.request_log import LOGGED_BODY_LIMIT
from local.serving import start_in_thread


class Counter:
    """An application that does work: it counts its calls and answers what it was sent."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        if request.path.startswith("/_control/"):
            return Response("a control of its own")(environ, start_response)
        self.calls += 1
        if request.path == "/stream":
            return Response(b"x" * 10 for _ in range(10))(environ, start_response)
        digest, length = hashlib.sha256(), 0
        while piece := request.stream.read(100_000):
            digest.update(piece)
            length += len(piece)
        answer = {"sha256": digest.hexdigest(), "length": length}
        return Response(json.dumps(answer), content_type="application/json")(environ, start_response)


class Sandbox:
    """The application behind the faults, and how to talk to both."""

    def __init__(self, url: str, application: Counter) -> None:
        self.url = url
        self.application = application
        self.session = requests.Session()

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=20, **arguments)

    def inject(self, **fault: Any) -> str:
        answer = self.call("POST", "/_control/faults", json=fault)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.call("GET", f"/_control/requests?since={since}").json()[
            "requests"
        ]
        return entries


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    application = Counter()
    with start_in_thread(FaultInjection(application)) as server:
        yield Sandbox(server.url, application)


def test_without_a_fault_everything_passes_unchanged(sandbox: Sandbox) -> None:
    sent = json.dumps({"title": "é" * 1000}).encode()

    answer = sandbox.call("POST", "/items", data=sent, headers={"Content-Type": "application/json"})

    assert answer.json() == {"sha256": hashlib.sha256(sent).hexdigest(), "length": len(sent)}
    assert sandbox.call("GET", "/_control/health").json() == {"ok": True}
    assert sandbox.call("GET", "/_control/anything").text == "a control of its own"


def test_a_status_is_answered_instead_of_the_application(sandbox: Sandbox) -> None:
    sandbox.inject(path="/items", status=503, headers={"Retry-After": "7"}, body={"message": "busy"})

    refused = sandbox.call("POST", "/items", data=b"x" * 1000)
    accepted = sandbox.call("POST", "/items", data=b"x" * 1000)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "7")
    assert refused.json() == {"message": "busy"}
    assert accepted.status_code == 200
    assert sandbox.application.calls == 1


def test_skip_and_times_choose_which_requests_are_hit(sandbox: Sandbox) -> None:
    fault = sandbox.inject(status=500, skip=1, times=2)

    statuses = [sandbox.call("GET", "/items").status_code for _ in range(5)]

    assert statuses == [200, 500, 500, 200, 200]
    listed = sandbox.call("GET", "/_control/faults").json()["faults"]
    assert [(entry["id"], entry["fired"], entry["status"]) for entry in listed] == [(fault, 2, 500)]


def test_a_fault_for_ever_lasts_until_all_are_removed(sandbox: Sandbox) -> None:
    sandbox.inject(status=500, times=None)

    before = [sandbox.call("GET", "/items").status_code for _ in range(5)]
    sandbox.call("DELETE", "/_control/faults")

    assert before == [500] * 5
    assert sandbox.call("GET", "/items").status_code == 200


def test_one_fault_may_concern_several_methods(sandbox: Sandbox) -> None:
    sandbox.inject(method="PUT|PATCH", status=409, times=None)

    answers = [sandbox.call(method, "/items/1", json={}).status_code for method in ("PUT", "PATCH", "GET")]

    assert answers[:2] == [409, 409]
    assert answers[2] != 409


def test_method_path_and_body_have_to_fit(sandbox: Sandbox) -> None:
    sandbox.inject(method="PATCH", path=r"^/items/\d+\?api-version=7\.1$", request_body='"Pay', status=409)

    def status(method: str, path: str, title: str) -> int:
        return sandbox.call(method, path, json={"title": title}).status_code

    assert status("POST", "/items/1?api-version=7.1", "Pay") == 200
    assert status("PATCH", "/items/1?api-version=7.0", "Pay") == 200
    assert status("PATCH", "/items/1?api-version=7.1", "Ship") == 200
    assert status("PATCH", "/items/1?api-version=7.1", "Pay by card") == 409


@pytest.mark.parametrize(("cut", "calls"), [("before", 0), ("after", 1)])
def test_a_cut_connection_gives_no_answer_and_the_work_is_done_only_after(
    sandbox: Sandbox, cut: str, calls: int
) -> None:
    fault = sandbox.inject(body="title", cut=cut)

    with pytest.raises(requests.ConnectionError):
        sandbox.call("PATCH", "/items/1", json={"title": "x"})

    assert sandbox.application.calls == calls
    assert sandbox.call("GET", "/items/1").status_code == 200
    assert [entry["fault"] for entry in sandbox.log()] == [fault, None]


def read_into(received: bytearray, answer: requests.Response) -> None:
    for piece in answer.iter_content(1):
        received += piece


@pytest.mark.parametrize("path", ["/items", "/stream"])
def test_an_answer_can_break_off_in_its_body(sandbox: Sandbox, path: str) -> None:
    sandbox.inject(cut_body_after=15)

    with sandbox.session.get(sandbox.url + path, stream=True, timeout=10) as answer:
        received = bytearray()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            read_into(received, answer)

    assert answer.status_code == 200
    assert len(received) == 15
    assert sandbox.log()[0]["response_bytes"] == 15


def call_side_by_side(sandbox: Sandbox, count: int) -> list[dict[str, Any]]:
    """Calls from many threads at once; the log's entries of those calls."""
    callers = [
        threading.Thread(target=lambda: requests.get(f"{sandbox.url}/items", timeout=20))
        for _ in range(count)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return sandbox.log()


def overlap(entries: list[dict[str, Any]]) -> bool:
    """Whether there was a moment at which all were under way."""
    return bool(max(entry["started_at"] for entry in entries) < min(entry["ended_at"] for entry in entries))


def test_delays_run_side_by_side(sandbox: Sandbox) -> None:
    sandbox.inject(delay_ms=700, times=None)

    entries = call_side_by_side(sandbox, 10)

    assert overlap(entries)
    assert all(entry["ended_at"] - entry["started_at"] >= 0.7 for entry in entries)


def test_latency_is_added_to_every_answer_but_not_to_the_controls(sandbox: Sandbox) -> None:
    assert sandbox.call("PUT", "/_control/latency", json={"ms": 600}).json() == {"ms": 600}

    entries = call_side_by_side(sandbox, 5)

    assert overlap(entries)
    assert all(entry["ended_at"] - entry["started_at"] >= 0.6 for entry in entries)
    assert sandbox.call("GET", "/_control/latency").json() == {"ms": 600}


def test_a_delay_does_not_hide_another_fault(sandbox: Sandbox) -> None:
    sandbox.inject(delay_ms=1, times=None)
    sandbox.inject(status=503)

    assert [sandbox.call("GET", "/items").status_code for _ in range(2)] == [503, 200]


def test_a_reset_drops_what_is_delayed_and_ends_the_faults(sandbox: Sandbox) -> None:
    sandbox.inject(path="/late", delay_ms=300)
    with ThreadPoolExecutor(1) as other:
        late = other.submit(requests.post, f"{sandbox.url}/late", timeout=20)
        while not sandbox.log():
            pass
        sandbox.inject(path="/items", status=500)

        sandbox.call("DELETE", "/_control/all")

        assert sandbox.call("GET", "/items").status_code == 200
        with pytest.raises(requests.ConnectionError):
            late.result()
    assert [entry["path"] for entry in sandbox.log()] == ["/items"]
    assert sandbox.application.calls == 1


def test_the_log_tells_what_was_asked_in_order_of_start_without_the_token(sandbox: Sandbox) -> None:
    sandbox.call("GET", "/first?page=2", headers={"Authorization": "Basic c2VjcmV0"})
    sandbox.call("PATCH", "/second", json={"title": "é"}, headers={"Authorization": "Bearer secret"})
    sandbox.call("GET", "/")

    first, second = sandbox.log()

    assert (first["method"], first["path"], first["query"], first["status"]) == (
        "GET",
        "/first",
        "page=2",
        200,
    )
    assert first["body"] is None
    assert first["headers"]["authorization"] == second["headers"]["authorization"] == "present"
    assert json.loads(second["body"]) == {"title": "é"}
    assert second["request_bytes"] == int(second["headers"]["content-length"])
    assert second["response_bytes"] > 0
    assert first["started_at"] <= first["ended_at"] <= second["started_at"] <= second["ended_at"]
    assert [entry["id"] for entry in sandbox.log(since=first["id"])] == [second["id"]]


def test_a_request_is_listed_while_it_runs(sandbox: Sandbox) -> None:
    sandbox.inject(delay_ms=2000)
    caller = threading.Thread(target=lambda: requests.get(f"{sandbox.url}/slow", timeout=20))
    caller.start()

    while not (entries := sandbox.log()):
        pass
    caller.join()

    assert (entries[0]["ended_at"], entries[0]["status"]) == (None, None)
    assert sandbox.log()[0]["status"] == 200


def test_a_cleared_log_starts_empty_and_ids_go_on(sandbox: Sandbox) -> None:
    sandbox.call("GET", "/items")
    last = sandbox.log()[-1]["id"]

    sandbox.call("DELETE", "/_control/requests")
    sandbox.call("GET", "/items")

    assert [entry["id"] for entry in sandbox.log()] == [last + 1]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/json"])
def test_a_large_body_is_streamed_through_and_only_counted(
    sandbox: Sandbox, content_type: str, chunked: bool
) -> None:
    piece = b'"0123456789abcdef"' * 10_000
    pieces = 10
    sent: Any = (piece for _ in range(pieces)) if chunked else piece * pieces

    answer = sandbox.call("POST", "/upload", data=sent, headers={"Content-Type": content_type})

    expected = hashlib.sha256(piece * pieces).hexdigest()
    assert answer.json() == {"sha256": expected, "length": len(piece) * pieces}
    entry = sandbox.log()[0]
    assert (entry["request_bytes"], entry["body"]) == (len(piece) * pieces, None)


def test_a_small_chunked_json_body_is_logged_and_handed_on(sandbox: Sandbox) -> None:
    answer = sandbox.call(
        "POST",
        "/items",
        data=iter([b'{"a":', b"1}"]),
        headers={"Content-Type": "application/json-patch+json"},
    )

    assert answer.json()["length"] == 7
    assert sandbox.log()[0]["body"] == '{"a":1}'


def test_a_json_body_at_the_limit_is_still_logged(sandbox: Sandbox) -> None:
    sent = b'"' + b"x" * (LOGGED_BODY_LIMIT - 2) + b'"'

    sandbox.call("POST", "/items", data=sent, headers={"Content-Type": "application/json; charset=utf-8"})

    assert sandbox.log()[0]["body"] == sent.decode()


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ([], "JSON object"),
        ({}, "exactly one of"),
        ({"status": 500, "cut": "before"}, "exactly one of"),
        ({"status": 99}, "at least 200"),
        ({"status": 600}, "200 to 599"),
        ({"status": 500, "times": 0}, "times"),
        ({"status": 500, "skip": -1}, "skip"),
        ({"status": 500, "skip": True}, "skip"),
        ({"status": 500, "path": "("}, "path"),
        ({"status": 500, "method": 7}, "method"),
        ({"status": 500, "headers": ["x"]}, "headers"),
        ({"cut": "now"}, "cut"),
        ({"cut": "after", "headers": {}}, "headers"),
        ({"delay_ms": -5}, "delay_ms"),
        ({"status": 500, "pth": "x"}, "pth"),
    ],
)
def test_a_faulty_fault_is_refused_with_the_reason(sandbox: Sandbox, fault: Any, complaint: str) -> None:
    answer = sandbox.call("POST", "/_control/faults", json=fault)

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert sandbox.call("GET", "/_control/faults").json() == {"faults": []}


def test_controls_know_their_methods(sandbox: Sandbox) -> None:
    assert sandbox.call("PATCH", "/_control/faults").status_code == 405
    assert sandbox.call("POST", "/_control/latency", json={"ms": 1}).status_code == 405
    assert sandbox.call("PUT", "/_control/latency", json={"ms": "much"}).status_code == 400
    assert sandbox.call("GET", "/_control/requests?since=x").status_code == 400


def test_a_request_whose_answer_is_held_is_carried_out_at_once(sandbox: Sandbox) -> None:
    sandbox.inject(hold_ms=600)
    answers: list[requests.Response] = []
    calling = threading.Thread(target=lambda: answers.append(sandbox.call("POST", "/items", data=b"one")))

    began = time.monotonic()
    calling.start()
    while not sandbox.application.calls:
        time.sleep(0.01)
    carried_out_after = time.monotonic() - began
    calling.join()

    assert carried_out_after < 0.6 <= time.monotonic() - began
    assert answers[0].json()["length"] == 3
    assert sandbox.call("POST", "/items", data=b"two").json()["length"] == 3


@pytest.mark.parametrize("status", [401, 520, 522, 524, 530])
@pytest.mark.parametrize(("effect", "calls"), [("none", 0), ("done", 1)])
def test_any_status_with_any_body_comes_before_or_after_the_effect(
    sandbox: Sandbox, status: int, effect: str, calls: int
) -> None:
    headers = {"Content-Type": "text/html", "X-TFS-ServiceError": "No+more"}
    sandbox.inject(status=status, body="<title>Gone wrong</title>", headers=headers, effect=effect)

    answer = sandbox.call("POST", "/items", data=b"x")

    assert (answer.status_code, answer.text) == (status, "<title>Gone wrong</title>")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["X-TFS-ServiceError"] == "No+more"
    assert sandbox.application.calls == calls


def test_a_request_may_be_carried_out_after_its_answer(sandbox: Sandbox) -> None:
    # A gateway answers 504 when it gives up waiting; the system behind it goes on.
    sandbox.inject(status=504, effect_after_ms=300)

    answer = sandbox.call("POST", "/items", data=b"abc")
    calls_at_the_answer = sandbox.application.calls
    while not sandbox.application.calls:
        time.sleep(0.01)

    assert (answer.status_code, calls_at_the_answer) == (504, 0)


def test_what_is_carried_out_later_is_forgotten_with_the_data(sandbox: Sandbox) -> None:
    sandbox.inject(status=504, effect_after_ms=200)

    sandbox.call("POST", "/items", data=b"abc")
    sandbox.call("DELETE", "/_control/all")
    calls = sandbox.application.calls
    time.sleep(0.4)

    assert sandbox.application.calls == calls


def test_an_effect_belongs_to_a_status(sandbox: Sandbox) -> None:
    for fault in (
        {"cut": "after", "effect": "done"},
        {"status": 520, "effect": "perhaps"},
        {"cut": "before", "effect_after_ms": 5},
        {"status": 504, "effect_after_ms": -1},
        {"status": 504, "effect_after_ms": 5, "effect": "done"},
    ):
        assert sandbox.call("POST", "/_control/faults", json=fault).status_code == 400


@pytest.mark.parametrize(("fault", "head_is_slow"), [("trickle_ms", True), ("trickle_body_ms", False)])
def test_an_answer_can_come_byte_by_byte(sandbox: Sandbox, fault: str, head_is_slow: bool) -> None:
    sandbox.inject(**{fault: 2})

    answer = sandbox.call("POST", "/items", data=b"abc")

    assert answer.json()["length"] == 3
    assert (answer.elapsed.total_seconds() > 0.1) is head_is_slow
    assert sandbox.call("GET", "/_control/health").ok


def test_a_request_can_be_read_slowly(sandbox: Sandbox) -> None:
    sandbox.inject(read_slowly_ms=50)
    content = b"x" * (256 << 10)
    started = time.monotonic()

    answer = sandbox.call("POST", "/items", data=content)

    assert answer.json() == {"sha256": hashlib.sha256(content).hexdigest(), "length": len(content)}
    assert time.monotonic() - started > 0.2


def test_a_header_of_an_answer_may_have_bytes_that_are_no_ascii(sandbox: Sandbox) -> None:
    sandbox.inject(status=302, headers={"Location": "/caf\u00e9"})

    # requests cannot read such an answer.
    connection = HTTPConnection(sandbox.url.removeprefix("http://"))
    connection.request("GET", "/items")
    location = connection.getresponse().headers["Location"]
    connection.close()

    assert location.encode("latin-1") == b"/caf\xe9"
