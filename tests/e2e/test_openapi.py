"""Every answer that openapi.yaml describes, had from the running system and compared with it to the last key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from local.system import LocalSystem
from tests.e2e.openapi_cases import CASES, PAGE, PLAIN, Ask, Scene
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, ensure_running
from tests.openapi import Contract

CONTRACT = Contract.load()


@pytest.fixture
def scene(
    system: LocalSystem, api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> Scene:
    return Scene(system, api, azure_devops, aha, integration)


@pytest.mark.parametrize(
    ("operation_id", "status", "ask"),
    [
        pytest.param(operation_id, status, ask, id=f"{operation_id} {status} {name}".strip())
        for operation_id, status, name, ask in CASES
    ],
)
def test_an_answer_is_as_described(operation_id: str, status: int, ask: Ask, scene: Scene) -> None:
    answer = ask(scene)

    assert answer.status_code == status, answer.text
    assert CONTRACT.check(answer).id == operation_id


GUARDED = [one.id for one in CONTRACT.operations if one.needs_key]


def test_without_the_key_nothing_but_the_webhook_and_the_page_answers(scene: Scene) -> None:
    scene.api.session.headers.pop("x-functions-key")
    try:
        answers = {operation_id: ask(scene) for operation_id, ask in (PLAIN | PAGE).items()}
    finally:
        scene.api.session.headers["x-functions-key"] = scene.system.function_key

    statuses = {operation_id: answer.status_code for operation_id, answer in answers.items()}
    assert statuses == {operation_id: 401 if operation_id in GUARDED else 200 for operation_id in answers}
    for answer in answers.values():
        CONTRACT.check(answer)


def test_the_key_may_also_come_in_the_address(scene: Scene) -> None:
    answer = requests.get(
        f"{scene.api.url}/integrations", params={"code": scene.system.function_key}, timeout=60
    )

    assert answer.status_code == 200
    CONTRACT.check(answer)


@pytest.fixture
def without_secrets_key(scene: Scene) -> Iterator[None]:
    scene.system.restart_host({"SECRETS_KEY": ""})
    yield
    scene.system.restart_host()


@pytest.mark.usefixtures("without_secrets_key")
def test_a_missing_setting_is_a_defect_and_the_webhook_is_to_be_called_again(scene: Scene) -> None:
    for operation_id, ask in PLAIN.items():
        answer = ask(scene)

        assert answer.status_code == (500 if operation_id in GUARDED else 503)
        CONTRACT.check(answer)
        assert "SECRETS_KEY" in answer.json()["detail"]
    for ask in PAGE.values():
        assert ask(scene).status_code == 200


def test_without_storage_everything_is_unavailable(scene: Scene) -> None:
    scene.system.storage.stop()
    try:
        answers = [ask(scene) for ask in PLAIN.values()]
    finally:
        ensure_running(scene.system)

    for answer in answers:
        assert answer.status_code == 503
        CONTRACT.check(answer)
        assert answer.json()["code"] == "storage_unavailable"


@pytest.fixture
def little_time(scene: Scene) -> Iterator[None]:
    scene.system.restart_host({"SEND_TIME_BUDGET_SECONDS": "5"})
    yield
    scene.system.restart_host()


@pytest.mark.usefixtures("little_time")
def test_a_send_that_runs_out_of_time_says_when_to_go_on(scene: Scene) -> None:
    scene.azure_devops.add_fault(path="wit/attachments", delay_ms=4500, times=None)

    answer = scene.send()

    assert answer.status_code == 202, answer.text
    CONTRACT.check(answer)


def test_the_page_is_at_the_address_without_the_slash(scene: Scene) -> None:
    answer = scene.api.get("/console/", allow_redirects=False)

    assert answer.status_code == 308
    assert CONTRACT.operation("getConsole").responses[308]["headers"]["Location"]["schema"] == {
        "const": answer.headers["location"]
    }
    assert scene.api.get("/console/").url == f"{scene.api.url}/console"


def test_every_described_answer_is_shown_here() -> None:
    described = {(one.id, status) for one in CONTRACT.operations for status in one.responses}
    shown = {(operation_id, status) for operation_id, status, _, _ in CASES}
    shown |= {(operation_id, status) for operation_id in GUARDED for status in (401, 500, 503)}
    shown |= {("receiveWebhook", 503), ("sendFeature", 202), ("getConsole", 308)}

    assert shown == described
    assert set(PLAIN | PAGE) == {one.id for one in CONTRACT.operations}
