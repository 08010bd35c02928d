"""Tokens, keys and webhook tokens: after a whole day of good and bad calls, none of them is found anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.system import AHA_TOKEN, LocalSystem
from tests.e2e.configuration_bodies import changed
from tests.e2e.configuration_tables import rows_of
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, eventually
from tests.secrets_search import found_in

PAT = "pat-7f3kq9zx2m5vw8r4t6y1u0i3o5p7a9s2d4f6g8h1j3k5l7"
UNKNOWN_PAT = "pat-nobody-knows-b6n8m0q2w4e6r8t0y2u4i6o8p0"
BROKEN_PAT = "pat-brökén-c7v9b1n3"
EXPIRED_PAT = "sandbox-expired-token"
WRONG_AHA_TOKEN = "aha-wrong-z9x8c7v6b5n4m3a2s1d0"


class Overheard:
    """Every answer that a caller got, with its headers, but for the one key that shows the webhook URL."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def listen(self, session: requests.Session) -> None:
        """Keep each answer of this session from now on."""
        session.hooks["response"].append(self._keep)

    def _keep(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self.texts.append(f"{headers}\n\n{_without_webhook_url(answer)}")


def _without_webhook_url(answer: requests.Response) -> str:
    if "json" not in answer.headers.get("content-type", ""):
        return answer.text
    body = answer.json()
    for shown in [body, *body.get("integrations", ())]:
        shown.pop("webhook_url", None)
    return json.dumps(body, ensure_ascii=False)


@pytest.fixture
def overheard(api: Api) -> Iterator[Overheard]:
    """What callers of the API get to see."""
    ear = Overheard()
    ear.listen(api.session)
    yield ear
    api.session.hooks["response"].clear()


def spend_a_day(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> list[str]:
    """Configure, test, send and receive, well and badly; answers the webhook URLs that were valid."""
    path = f"/integrations/{integration.id}"
    _test_connections(api, azure_devops, integration)
    sent = api.send(integration.id, aha.event("PROD-1"))
    assert sent.status_code == 201, sent.text
    azure_devops.edit(sent.json()["feature"]["work_item"]["id"], {"System.State": "Active"})
    eventually(lambda: aha.status("PROD-1") == "In progress")

    _fail_in_every_way(api, azure_devops, aha, integration, sent.json()["feature"]["work_item"]["id"])

    for name in ("url", "headers", "text"):
        api.post(f"{integration.webhook_url}{name}", {})
    api.post(integration.webhook_url, data="{")
    api.put(path, data=json.dumps(integration.body)[:-1])
    api.put(path, json=changed(integration.body, {"/azure_devops/personal_access_token": f"{PAT} {PAT}"}))
    api.put(path, json=changed(integration.body, {"/aha/url": f"https://{AHA_TOKEN}@company.aha.io"}))
    api.put(path, json={**integration.body, "rotate_webhook_url": True})
    api.get("/integrations")
    api.get(f"{path}/log", params={"limit": 500})
    renewed: str = api.get(path).json()["webhook_url"]
    assert renewed != integration.webhook_url
    return [integration.webhook_url, renewed]


def _test_connections(api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest) -> None:
    for token in (PAT, UNKNOWN_PAT, BROKEN_PAT, EXPIRED_PAT):
        for account in ("fabrikam", "contoso"):
            api.post(
                "/test-connection",
                {"account_name": account, "personal_access_token": token, "project": "Fabrikam"},
            )
    api.post("/test-connection", {"account_name": PAT * 3, "personal_access_token": [PAT]})
    api.post("/test-connection", {"integration_id": integration.id})
    azure_devops.add_fault(path="/_apis/projects", cut="after", times=4)
    api.post("/test-connection", {"integration_id": integration.id})


def _fail_in_every_way(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest, work_item_id: int
) -> None:
    """Sends and notifications that fail in Azure DevOps and in Aha!, each side refusing, breaking and away."""
    notification = {
        "eventType": "workitem.updated",
        "resource": {"workItemId": work_item_id, "rev": 1_000_000},
    }
    faults: list[dict[str, Any]] = [
        {"status": 401, "body": "Access Denied"},
        {"status": 403, "body": {"message": "TF50309: no rights"}},
        {"status": 200, "body": "<html>", "headers": {"content-type": "text/html"}},
        {"status": 302, "headers": {"location": "https://example.com/"}},
        {"cut": "after"},
    ]
    for side in (azure_devops, aha):
        for fault in faults:
            side.add_fault(path="/_apis/|/api/v1/|/attachments/", times=None, **fault)
            aha.control("POST", "/edit", {"id": "PROD-1", "name": f"Name {len(fault)} {fault}"[:80]})
            if side is azure_devops:
                api.send(integration.id, aha.event("PROD-1", event="update_feature"))
            api.post(integration.webhook_url, notification)
            side.clear_faults()
    for pointer, token in (
        ("/azure_devops/personal_access_token", UNKNOWN_PAT),
        ("/aha/api_token", WRONG_AHA_TOKEN),
    ):
        api.put_integration(integration.id, changed(integration.body, {pointer: token}))
        api.send(integration.id, aha.event("PROD-2"))
        api.post(integration.webhook_url, notification)
    api.put_integration(integration.id, integration.body)


@pytest.mark.contract
def test_no_secret_shows_in_answers_logs_tables_or_the_output_of_the_host(
    system: LocalSystem,
    api: Api,
    azure_devops: AzureDevOps,
    aha: Aha,
    overheard: Overheard,
    integration: IntegrationUnderTest,
) -> None:
    azure_devops.control("POST", "/tokens", {"token": PAT, "kind": "write"})
    body = changed(integration.body, {"/azure_devops/personal_access_token": PAT})
    integration = IntegrationUnderTest(integration.id, body, integration.webhook_url)
    api.put_integration(integration.id, body)
    azure_devops.clear_requests()
    aha.clear_requests()
    written_before = system.function_host.log.stat().st_size

    webhook_urls = spend_a_day(api, azure_devops, aha, integration)
    # Aha!'s own webhook has the key in the address.
    hook_url = f"{api.url}/integrations/{integration.id}/features?code={system.send_key}"
    aha.control("PUT", "/products/PROD/webhook", {"url": hook_url})
    aha.press_send("PROD-4")
    eventually(lambda: "created for PROD-4" in str(api.log(integration.id)))

    tokens = {
        "the personal access token": PAT,
        "an unknown token": UNKNOWN_PAT,
        "a malformed token": BROKEN_PAT,
        "an expired token": EXPIRED_PAT,
        "the Aha! token": AHA_TOKEN,
        "a wrong Aha! token": WRONG_AHA_TOKEN,
        "the key of the secrets": system.secrets_key,
        "the key of SendFeature": system.send_key,
        "the webhook token": webhook_urls[0].rsplit("/", 1)[1],
        "the renewed webhook token": webhook_urls[1].rsplit("/", 1)[1],
    }
    assert len(overheard.texts) > 40
    assert found_in(overheard.texts, tokens) == []
    rows = [repr(row) for row in rows_of(system)]
    assert any("operation.failed" in row for row in rows)
    assert any("PROD-1" in row for row in rows)
    assert found_in(rows, tokens) == []
    with system.function_host.log.open("rb") as log:
        log.seek(written_before)
        output = log.read().decode()
    assert "Functions.SendFeature" in output
    assert found_in([output], tokens | {"the function key": system.function_key}) == []
    # Nor does one system get to see what opens another; the Authorization header is left out here.
    seen = [json.dumps(one, ensure_ascii=False) for side in (azure_devops, aha) for one in side.requests()]
    assert len(seen) > 20
    assert found_in(seen, tokens) == []


def test_the_search_finds_a_secret_in_every_disguise() -> None:
    """A search that finds nothing proves something only if it can find."""
    basic = base64.b64encode(f":{PAT}".encode()).decode()
    disguises = [
        f"Authorization: Basic {basic}",
        f"https://example.com/?token={PAT}",
        json.dumps({"detail": BROKEN_PAT}),
        repr({"RowKey": "x", "value": PAT}),
        quote(f"next={BROKEN_PAT}"),
    ]

    for disguise in disguises:
        assert found_in([disguise], {"pat": PAT, "broken": BROKEN_PAT}), disguise
    assert found_in(["nothing here"], {"pat": PAT}) == []
