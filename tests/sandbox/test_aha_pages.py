"""What the pages of the sandbox Aha! are given: records, the Send dropdown and the extension."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.development.environment import development_environment, make_extension_ready, only_one_installer
from local.extension.build import BuildFolder
from tests.e2e.system import eventually
from tests.sandbox.aha_caller import AhaCaller, running_aha
from tests.unit.scripted_server import Reply, serving

SECRET = "key-of-send-feature"


@pytest.fixture
def aha() -> Iterator[AhaCaller]:
    with running_aha() as caller:
        yield caller


def page_data(aha: AhaCaller, path: str) -> requests.Response:
    return aha.get(f"{aha.url}/_board{path}")


def press_send(aha: AhaCaller, reference: str) -> int:
    return requests.post(f"{aha.url}/_board/data/records/{reference}/send", timeout=30).status_code


def test_a_record_s_page_has_its_statuses_requirements_and_integrations(aha: AhaCaller) -> None:
    feature = page_data(aha, "/data/records/PROD-1").json()
    assert feature["statuses"][0] == "Under consideration"
    assert [one["reference_num"] for one in feature["requirements"]] == ["PROD-1-2", "PROD-1-1", "PROD-1-3"]
    requirement = page_data(aha, "/data/records/PROD-1-1").json()
    assert (requirement["kind"], requirement["feature"]["reference_num"]) == ("requirement", "PROD-1")
    jira = page_data(aha, "/data/records/PROD-5").json()["integrations"][0]
    assert jira["fields"] == {
        "id": "10417",
        "key": "SHOP-17",
        "url": "https://fabrikam.example/browse/SHOP-17",
    }


def test_a_hidden_record_has_no_page(aha: AhaCaller) -> None:
    aha.control("POST", "/edit", json={"id": "PROD-1", "hidden": True})
    assert page_data(aha, "/data/records/PROD-1").status_code == 404
    assert page_data(aha, "/data/records/PROD-1-1").status_code == 404


def test_send_needs_a_webhook_and_says_its_result_in_the_log_alone(aha: AhaCaller) -> None:
    assert press_send(aha, "PROD-1") == 409
    with serving(Reply(200, {}), Reply(500, {"detail": "not shown"})) as hook:
        aha.control("PUT", "/products/PROD/webhook", json={"url": f"{hook.url}/hook?code={SECRET}"})
        assert press_send(aha, "PROD-1") == 202
        log = eventually(lambda: log_of(aha, 2))
    assert [(one["event"], one["status"]) for one in log] == [
        ("create_feature", 500),
        ("create_release", 200),
    ]
    shown = page_data(aha, "/data/records/PROD-1").text
    assert SECRET not in shown
    assert "not shown" not in shown


def test_a_feature_with_fields_of_the_webhook_is_an_update(aha: AhaCaller) -> None:
    with serving(Reply(200, {})) as hook:
        made = aha.control("PUT", "/products/PROD/webhook", json={"url": f"{hook.url}/hook"})
        fields = {"integration_fields": [{"name": "id", "value": "1"}]}
        path = f"/features/PROD-1/integrations/{made['integration_id']}/fields"
        assert aha.api("POST", path, json=fields).ok
        press_send(aha, "PROD-1")
        press_send(aha, "PROD-5")
        log = eventually(lambda: log_of(aha, 4))
    assert sorted(one["event"] for one in log) == [
        "create_feature",
        "create_release",
        "create_release",
        "update_feature",
    ]


def test_a_hook_url_that_nobody_answers_is_a_line_of_the_log(aha: AhaCaller) -> None:
    with serving(Reply(is_cut=True)) as hook:
        aha.control("PUT", "/products/PROD/webhook", json={"url": f"{hook.url}/hook"})
        press_send(aha, "PROD-1")
        assert [one["status"] for one in eventually(lambda: log_of(aha, 2))] == ["no answer", "no answer"]


def log_of(aha: AhaCaller, lines: int) -> list[dict[str, Any]]:
    """The integration log, newest first, once it has that many lines."""
    log: list[dict[str, Any]] = page_data(aha, "/data/records/PROD-1").json()["send"]["log"]
    return log if len(log) == lines else []


@pytest.fixture
def _extension() -> None:
    with only_one_installer():
        make_extension_ready(development_environment())
        BuildFolder(development_environment()).build()


@pytest.mark.usefixtures("_extension")
def test_a_browser_gets_neither_secret_settings_nor_server_handlers(aha: AhaCaller) -> None:
    url = "https://sync.example"
    aha.control("PUT", "/extension", json={"functionAppUrl": url, "functionKey": SECRET, "other": "x"})
    manifest = page_data(aha, "/extension/manifest")
    assert manifest.json()["settings"] == {"functionAppUrl": url}
    assert SECRET not in manifest.text
    assert page_data(aha, "/extension/scripts/workItems.js").status_code == 200
    assert page_data(aha, "/extension/scripts/callFunctionApp.js").status_code == 404
    assert page_data(aha, "/extension/packages/react.js").status_code == 200
    assert page_data(aha, "/extension/packages/..%2Freact.js").status_code == 404


@pytest.mark.usefixtures("_extension")
def test_a_reply_waits_in_an_account_field_until_it_is_cleared(aha: AhaCaller) -> None:
    args = {"requestId": "12345678-a", "action": "read", "reference": "PROD-1"}
    event = {"event": "aha-azure-devops.work-items.callFunctionApp", "args": args}
    field = "/extension/fields/aha-azure-devops.work-items/reply-12345678-a"
    assert page_data(aha, field).json() == {"value": None}
    assert requests.post(f"{aha.url}/_board/extension/trigger", json=event, timeout=30).status_code == 202
    value = eventually(lambda: page_data(aha, field).json()["value"])
    assert value["kind"] == "not_configured"
    requests.delete(f"{aha.url}/_board{field}", timeout=30)
    assert page_data(aha, field).json() == {"value": None}
