"""The server handlers of the built archive, in an engine that has ECMAScript and fetch alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.extension.archive import ExtensionArchive
from local.extension.build import BuildFolder
from local.extension.handlers import HandlerFailed, WrittenField, run_handlers
from tests.unit.scripted_server import Reply, ScriptedServer, serving

KEY = "key-of-send-feature"
REQUEST_ID = "mfy3k2a1-1q2w3e-4r5t6y"
EVENT = "aha-azure-devops.work-items.callFunctionApp"
STANDING: dict[str, Any] = {
    "feature": {"id": "1", "reference_num": "PROD-1", "difference": "not_sent", "work_item": None},
    "requirements": [],
}


class Handlers:
    """Aha!'s servers with the built extension and its settings."""

    def __init__(self, node: Path, archive: ExtensionArchive) -> None:
        self._node = node
        self._archive = archive

    def call(
        self,
        url: str,
        action: str = "read",
        reference: str = "PROD-1",
        settings: Mapping[str, object] | None = None,
    ) -> tuple[WrittenField, ...]:
        """Trigger the event as a browser does. `settings` differ from the usual ones."""
        return self.trigger(
            {"requestId": REQUEST_ID, "action": action, "reference": reference}, url, settings
        )

    def trigger(
        self, args: object, url: str, settings: Mapping[str, object] | None = None
    ) -> tuple[WrittenField, ...]:
        """Trigger the event with any arguments."""
        own: dict[str, object] = {"functionAppUrl": url, "functionKey": KEY}
        own |= {"integrations": "PROD = fabrikam-web", **(settings or {})}
        return run_handlers(self._node, self._archive, EVENT, args, own)


@pytest.fixture
def handlers(build_folder: BuildFolder, archive: ExtensionArchive) -> Handlers:
    """Aha!'s servers."""
    return Handlers(build_folder.environment.node, archive)


def reply_of(fields: tuple[WrittenField, ...]) -> Any:
    """The reply that was left for the browser, in the field of its request."""
    assert [(field.extension, field.name) for field in fields] == [
        ("aha-azure-devops.work-items", f"reply-{REQUEST_ID}")
    ]
    return fields[0].value


def only_request(server: ScriptedServer) -> Any:
    """The one request that the function app got."""
    assert len(server.asked) == 1
    return server.asked[0]


@pytest.mark.parametrize(
    ("action", "method", "query"),
    [("read", "GET", ""), ("send", "POST", ""), ("check", "POST", "dry_run=true")],
)
def test_each_action_is_one_request_to_the_function_app(
    handlers: Handlers, action: str, method: str, query: str
) -> None:
    with serving(Reply(200, STANDING)) as server:
        reply = reply_of(handlers.call(server.url, action, "prod-1-2"))
    asked = only_request(server)
    assert (asked.method, asked.query) == (method, query)
    assert asked.path == "/api/integrations/fabrikam-web/features/PROD-1-2"
    assert asked.headers["x-functions-key"] == KEY
    assert asked.headers["prefer"] == "wait=20"
    assert asked.body == b""
    assert reply == {"kind": "answer", "status": 200, "retryAfter": None, "body": STANDING}


def test_a_send_that_is_not_done_says_when_to_repeat_it(handlers: Handlers) -> None:
    body = {
        "status": "in_progress",
        "feature": {"reference_num": "PROD-1", "action": "pending"},
        "requirements": [],
    }
    with serving(Reply(202, body, {"Retry-After": "5"})) as server:
        reply = reply_of(handlers.call(server.url, "send"))
    assert reply == {"kind": "answer", "status": 202, "retryAfter": 5, "body": body}


def test_the_function_app_s_own_words_reach_the_browser(handlers: Handlers) -> None:
    problem = {
        "title": "Refused",
        "status": 422,
        "detail": "PROD-1 is of another product.",
        "code": "other_product",
    }
    with serving(Reply(422, problem, {"Content-Type": "application/problem+json"})) as server:
        reply = reply_of(handlers.call(server.url, "send"))
    assert (reply["status"], reply["body"]) == (422, problem)


@pytest.mark.parametrize("body", [b"", b"<html>Unauthorized</html>", b"{"])
def test_an_answer_that_is_no_json_is_passed_on_without_its_text(handlers: Handlers, body: bytes) -> None:
    with serving(Reply(401, body)) as server:
        reply = reply_of(handlers.call(server.url))
    assert reply == {"kind": "answer", "status": 401, "retryAfter": None, "body": None}


def test_a_function_app_that_does_not_answer_is_a_reply_too(handlers: Handlers) -> None:
    with serving(Reply(is_cut=True)) as server:
        assert reply_of(handlers.call(server.url)) == {"kind": "unreachable"}


def test_a_redirect_is_not_followed_with_the_key(handlers: Handlers) -> None:
    with (
        serving(Reply(200, STANDING)) as elsewhere,
        serving(Reply(302, b"", {"Location": f"{elsewhere.url}/api"})) as server,
    ):
        assert reply_of(handlers.call(server.url))["status"] == 302
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"functionKey": ""}, "“Function key” is empty"),
        ({"functionKey": None}, "“Function key” is empty"),
        ({"functionAppUrl": ""}, "“Function app URL” is empty"),
        ({"functionAppUrl": "http://sync.example.com"}, "“Function app URL” must be"),
        ({"integrations": "MOB = fabrikam-mobile"}, "no entry for the product PROD"),
    ],
)
def test_a_missing_setting_is_named_and_nothing_is_requested(
    handlers: Handlers, settings: dict[str, object], fault: str
) -> None:
    with serving(Reply(200, STANDING)) as server:
        reply = reply_of(handlers.call(server.url, settings=settings))
    assert reply["kind"] == "not_configured"
    assert fault in " ".join(reply["faults"])
    assert server.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "PROD-1/../../../test-connection"},
        {"reference": "PROD-1?code=x"},
        {"requestId": "../other"},
        {"action": "delete"},
    ],
)
def test_an_event_that_is_no_request_does_nothing(handlers: Handlers, changes: dict[str, str]) -> None:
    args = {"requestId": REQUEST_ID, "action": "send", "reference": "PROD-1", **changes}
    with serving(Reply(200, STANDING)) as server:
        assert handlers.trigger(args, server.url) == ()
    assert server.asked == []


@pytest.mark.parametrize("reply", [Reply(200, STANDING), Reply(401, b"no"), Reply(is_cut=True)])
def test_the_key_is_in_no_reply(handlers: Handlers, reply: Reply) -> None:
    with serving(reply) as server:
        fields = handlers.call(server.url, "send")
    assert KEY not in json.dumps([field.value for field in fields])


GLOBALS_THAT_AHA_DOES_NOT_HAVE = """
    console setTimeout setInterval queueMicrotask structuredClone URL URLSearchParams Headers Request Response
    AbortController TextEncoder TextDecoder atob btoa Blob Buffer FormData crypto process require window document
    self XMLHttpRequest localStorage WebAssembly performance navigator
"""


def test_the_engine_has_ecmascript_and_fetch_alone(build_folder: BuildFolder) -> None:
    names = json.dumps(GLOBALS_THAT_AHA_DOES_NOT_HAVE.split())
    script = f"""aha.on({{event: "x.look"}}, async () => {{
        const present = {names}.filter((name) => typeof globalThis[name] !== "undefined");
        let evaluates = true;
        try {{ new Function("return 1")(); }} catch {{ evaluates = false; }}
        await aha.account.setExtensionField("x", "found", {{present, evaluates, fetch: typeof fetch}});
    }});"""
    looked = run_handlers(build_folder.environment.node, archive_of(script), "x.look", {}, {})
    assert looked[0].value == {"present": [], "evaluates": False, "fetch": "function"}


def test_a_handler_that_uses_what_aha_does_not_have_fails(build_folder: BuildFolder) -> None:
    script = 'aha.on({event: "x.look"}, async () => { atob("YQ=="); });'
    with pytest.raises(HandlerFailed, match="atob is not defined"):
        run_handlers(build_folder.environment.node, archive_of(script), "x.look", {}, {})


def archive_of(script: str) -> ExtensionArchive:
    """An extension with this script as its one handler, of the event x.look."""
    configuration = {"contributes": {"events": {"look": {"handles": ["x.look"]}}}}
    return ExtensionArchive("a.x", "X", "1.0.0", configuration, {"look": script}, {})
