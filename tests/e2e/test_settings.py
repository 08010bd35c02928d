"""App settings that are missing or malformed: one clear error that names the setting, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from local.system import WRITE_TOKEN, LocalSystem
from tests.e2e.configuration_bodies import complete_integration, problem_of
from tests.e2e.configuration_hosts import FurtherHost, further_host

NO_STORAGE = {"TABLES_CONNECTION_STRING": "", "AzureWebJobsStorage": ""}
SECRET_LOOKING = "c2VjcmV0LWxvb2tpbmc"

UNFIT: dict[str, tuple[dict[str, str], str, str]] = {
    "no key": ({"SECRETS_KEY": ""}, "SECRETS_KEY", "missing"),
    "no storage": (NO_STORAGE, "TABLES_CONNECTION_STRING", "Table Storage"),
    "a malformed connection string": (
        {"TABLES_CONNECTION_STRING": f"AccountKey={SECRET_LOOKING}"},
        "TABLES_CONNECTION_STRING",
        "malformed",
    ),
}


@pytest.fixture(scope="module")
def host(_running_system: LocalSystem) -> Iterator[FurtherHost]:
    """A function app that is started with the settings of each test."""
    with further_host(_running_system) as further:
        yield further


def answers_of(host: FurtherHost) -> dict[str, requests.Response]:
    """What each function answers, at the first call and at the next one."""
    api = host.api
    account = {"account_name": "fabrikam", "personal_access_token": WRITE_TOKEN}
    return {
        "list": api.get("/integrations"),
        "read": api.get("/integrations/x"),
        "save": api.put("/integrations/x", json=complete_integration()),
        "delete": api.delete("/integrations/x"),
        "log": api.get("/integrations/x/log"),
        "send": api.send("x", {"feature": {"id": "1", "name": "x"}}),
        "send by reference": api.post("/integrations/x/features/PROD-1"),
        "linked features": api.get("/integrations/x/features"),
        "standing": api.get("/integrations/x/features/PROD-1"),
        "link": api.put("/integrations/x/features/PROD-1", json={"work_item_id": 1}),
        "unlink": api.delete("/integrations/x/features/PROD-1"),
        "subscription": api.get("/integrations/x/service-hook"),
        "subscribe": api.post("/integrations/x/service-hook"),
        "unsubscribe": api.delete("/integrations/x/service-hook"),
        "webhook": api.post("/webhooks/x/token", {}),
        "list again": api.get("/integrations"),
        "health": api.get("/health"),
        # Only this one needs no table, so it may not come across a malformed connection string.
        "test": api.post("/test-connection", account),
    }


@pytest.mark.usefixtures("azure_devops")
@pytest.mark.parametrize("unfit", UNFIT)
def test_a_setting_that_is_not_in_order_is_named_by_every_function(host: FurtherHost, unfit: str) -> None:
    settings, name, words = UNFIT[unfit]
    host.start(**settings)

    answers = answers_of(host)

    assert host.api.get("/console").status_code == 200
    if "connection string" in unfit:
        assert answers.pop("test").status_code == 200
    for function, answer in answers.items():
        # A notification is delivered again later, when the setting may have been mended. A monitor has to notice.
        problem = problem_of(answer, 503 if function in ("webhook", "health") else 500, "internal_error")
        assert name in problem["detail"], function
        assert words in problem["detail"], function
        assert "Traceback" not in answer.text
        assert SECRET_LOOKING not in answer.text


def test_settings_with_a_default_may_be_left_out(host: FurtherHost) -> None:
    api = host.start(SEND_TIME_BUDGET_SECONDS=None, PUBLIC_URL=None, AZURE_DEVOPS_URL="")
    made = api.put("/integrations/by-default", json=complete_integration())

    try:
        assert made.status_code == 201, made.text
        # Without PUBLIC_URL, the name that the platform gives the app counts.
        port = host.url.rsplit(":", 1)[1]
        assert made.json()["webhook_url"].startswith(f"http://localhost:{port}/api/webhooks/by-default/")
    finally:
        api.delete("/integrations/by-default")
