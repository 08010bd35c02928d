"""The pages of the sandbox Aha! as a product manager sees them, and a function app for its extension."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from local.aha import create_app
from local.serving import start_in_thread
from tests.browser.page import Page
from tests.unit.scripted_server import Asked, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "key-of-send-feature-0123456789"
RECORDS = ("PROD-1", "PROD-1-2", "PROD-1-1", "PROD-1-3")
RULE = "The work item type User Story requires the field Team."


class AhaPage(Page):
    """A tab with the sandbox Aha!."""

    def start(self, key: str | None = None) -> None:
        """Forget what earlier tests left."""
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self._prefer("light")
        self._console()

    def show(self, path: str) -> None:
        """Open a page."""
        self.browser.get(f"{self.url}{path}")

    def work_items(self) -> list[str]:
        """What the extension's field says of each record, in its order."""
        return [one.text for one in self.all("[aria-label='Work items'] > li")]

    def kept(self) -> str:
        """All that the browser keeps or shows: storage, cookies, and the whole page."""
        script = (
            "const done = arguments[0];"
            "Promise.all([indexedDB.databases(), window.caches ? caches.keys() : []]).then((others) => done("
            "JSON.stringify([localStorage, sessionStorage, document.cookie, others])"
            " + document.documentElement.outerHTML))"
        )
        return str(self.browser.execute_async_script(script))

    @contextmanager
    def recording_answers(self) -> Iterator[Callable[[], str]]:
        """From the next page on, the bodies of all answers that its scripts get, as one text."""
        source = (
            "window.recorded = []; const ask = window.fetch;"
            "window.fetch = async (...parts) => { const answer = await ask(...parts);"
            " window.recorded.push(await answer.clone().text()); return answer; };"
        )
        made = self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        try:
            yield lambda: str(self.browser.execute_script("return window.recorded.join('\\n')"))
        finally:
            self.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)

    def replace_text(self, css: str, text: str) -> None:
        """Type into the first field that fits, in place of what it held."""
        control = self.find(css)
        control.send_keys(Keys.CONTROL + "a", Keys.DELETE)
        control.send_keys(text)


class Recorder:
    """Passes requests on and keeps each answer, with its headers, as text."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.answers: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        head: list[str] = []

        def keep_head(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            head.append(f"{environ['PATH_INFO']} {status} {headers}")
            return start_response(status, headers, *rest)

        body = b"".join(self._app(environ, keep_head))
        self.answers.append(f"{head} {body.decode(errors='replace')}")
        return [body]


@dataclass
class SandboxAha:
    """A running sandbox Aha!."""

    url: str
    recorder: Recorder

    def control(self, method: str, path: str, body: object) -> None:
        """Call its control API."""
        requests.request(method, f"{self.url}/_control{path}", json=body, timeout=30).raise_for_status()

    def install(self, function_app_url: str, **settings: str) -> None:
        """The extension's settings, as an administrator fills them in."""
        own = {"functionAppUrl": function_app_url, "functionKey": KEY, "integrations": "PROD = fabrikam-web"}
        self.control("PUT", "/extension", {**own, **settings})


@contextmanager
def running_aha() -> Iterator[SandboxAha]:
    """A sandbox Aha! of its own."""
    recorder = Recorder(create_app())
    with start_in_thread(recorder) as server:
        yield SandboxAha(server.url, recorder)


@dataclass
class FunctionApp:
    """A function app that creates two work items with each call, and one of them only once a rule is met."""

    team_is_set: bool = False
    created: dict[str, int] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        """Answer as openapi.yaml says."""
        if asked.headers.get("x-functions-key") != KEY:
            return Reply(401, b"")
        if asked.method == "GET":
            return Reply(200, self._standing())
        if asked.query == "dry_run=true":
            return Reply(200, self._result("succeeded", dict.fromkeys(RECORDS, "created")))
        return self._send()

    def _send(self) -> Reply:
        missing = [one for one in RECORDS if one not in self.created]
        refused = [] if self.team_is_set else ["PROD-1-3"]
        now = [one for one in missing if one not in refused][:2]
        actions = {one: "unchanged" if one in self.created else "pending" for one in RECORDS}
        actions |= dict.fromkeys(now, "created")
        self.created |= {one: RECORDS.index(one) + 1 for one in now}
        if any(one not in (*self.created, *refused) for one in RECORDS):
            return Reply(202, self._result("in_progress", actions), {"Retry-After": "1"})
        actions |= dict.fromkeys(refused, "failed")
        if refused:
            return Reply(207, self._result("partial", actions))
        return Reply(200, self._result("succeeded", actions))

    def _standing(self) -> dict[str, Any]:
        records = [self._standing_record(one) for one in RECORDS]
        return {"feature": records[0], "requirements": records[1:]}

    def _standing_record(self, reference: str) -> dict[str, Any]:
        item = self._work_item(reference)
        return {
            "id": reference,
            "reference_num": reference,
            "name": f"Name of {reference}",
            "work_item": item and {**item, "state": "New"},
            "difference": "none" if item else "not_sent",
            "last_sent_at": "2026-11-26T20:00:00Z" if item else None,
            "last_received_at": None,
            "last_error": None,
        }

    def _work_item(self, reference: str) -> dict[str, Any] | None:
        number = self.created.get(reference)
        if number is None:
            return None
        url = f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{number}"
        return {"id": number, "url": url, "type": "User Story", "rev": 1}

    def _result(self, status: str, actions: dict[str, str]) -> dict[str, Any]:
        records: list[dict[str, Any]] = [
            {
                "id": reference,
                "reference_num": reference,
                "action": action,
                "work_item": self._work_item(reference),
                "error": {"code": "azure_devops_rule_violation", "detail": RULE}
                if action == "failed"
                else None,
                "conflicts": [],
                "attachments": [],
            }
            for reference, action in actions.items()
        ]
        return {
            "status": status,
            "operation_id": "a1",
            "duration_ms": 1,
            "azure_devops_requests": 1,
            "feature": records[0],
            "requirements": records[1:],
        }


def bodies(asked: Iterable[Asked]) -> list[Any]:
    """What was posted, as JSON."""
    return [json.loads(one.body) for one in asked]


def open_page(browser: Chrome, aha: SandboxAha) -> AhaPage:
    """A tab with the sandbox."""
    page = AhaPage(browser, aha.url)
    page.start()
    return page
