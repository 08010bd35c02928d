"""Every operation about an integration is in its log, also one that fails; nothing is written where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from local.system import LocalSystem
from tests.e2e.configuration_bodies import MINIMAL, changed, faults_of, problem_of
from tests.e2e.configuration_hosts import further_host
from tests.e2e.configuration_tables import rows_about
from tests.e2e.system import Api, AzureDevOps, IntegrationUnderTest
from tests.storage.relay import FaultyStorage

_FAILURES = ("operation.failed", "operation.refused")


def failures(api: Api, integration_id: str) -> list[tuple[str, str]]:
    """The failed operations in the log, newest first: the operation id and the error code."""
    entries = [entry for entry in api.log(integration_id) if entry["event"] in _FAILURES]
    return [(entry["operation_id"], entry["detail"]["code"]) for entry in entries]


def assert_no_error(api: Api, integration_id: str) -> None:
    """The integration has no error, so the page shows none: the mistake was the caller's."""
    assert api.log(integration_id, level="error") == []


def test_a_service_hook_that_cannot_be_read_is_in_the_log(
    api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    azure_devops.add_fault(path="/_apis/hooks/subscriptions", status=503, times=None)

    answer = api.get(f"/integrations/{integration.id}/service-hook")

    problem_of(answer, 503, "azure_devops_unavailable")
    assert failures(api, integration.id) == [(answer.headers["x-operation-id"], "azure_devops_unavailable")]
    events = [
        entry["event"] for entry in api.log(integration.id, operation_id=answer.headers["x-operation-id"])
    ]
    assert events[0] == "operation.failed"
    assert set(events[1:]) == {"azure-devops.request"}


def test_a_service_hook_that_is_read_is_in_the_log_with_its_requests(
    api: Api, integration: IntegrationUnderTest
) -> None:
    answer = api.get(f"/integrations/{integration.id}/service-hook")

    entries = api.log(integration.id, operation_id=answer.headers["x-operation-id"])

    assert [entry["event"] for entry in entries] == ["azure-devops.request"]


def test_a_deletion_of_a_version_that_was_replaced_is_in_the_log(api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)

    answer = api.delete(f"/integrations/{integration_id}", headers={"If-Match": '"old"'})

    problem_of(answer, 412, "precondition_failed")
    assert failures(api, integration_id) == [(answer.headers["x-operation-id"], "precondition_failed")]
    assert_no_error(api, integration_id)


def test_a_deletion_that_storage_refuses_is_in_the_log(
    system: LocalSystem, api: Api, storage: FaultyStorage, integration_id: str
) -> None:
    api.put_integration(integration_id, MINIMAL)
    with further_host(system) as host:
        relayed = host.start(TABLES_CONNECTION_STRING=storage.connection_string)
        # The integration and its product are removed in one transaction; a log row is written without.
        storage.fail(method="POST", path=r"\$batch", times=None, status=503)

        answer = relayed.delete(f"/integrations/{integration_id}")

    problem_of(answer, 503, "storage_unavailable")
    assert failures(api, integration_id) == [(answer.headers["x-operation-id"], "storage_unavailable")]


def test_a_deletion_that_fails_half_way_leaves_no_log_without_an_integration(
    system: LocalSystem, api: Api, storage: FaultyStorage, integration_id: str
) -> None:
    """The integration is gone, but its log could not be removed; the second deletion removes the whole log."""
    api.put_integration(integration_id, MINIMAL)
    with further_host(system) as host:
        relayed = host.start(TABLES_CONNECTION_STRING=storage.connection_string)
        storage.fail(method="GET", path=r"/Log\(", times=None, status=503)

        problem_of(relayed.delete(f"/integrations/{integration_id}"), 503, "storage_unavailable")

    problem_of(api.get(f"/integrations/{integration_id}/log"), 404, "integration_not_found")
    assert api.delete(f"/integrations/{integration_id}").status_code == 204
    assert rows_about(system, "Log", integration_id) == []


def test_a_deletion_leaves_no_row_of_the_log(system: LocalSystem, api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)
    api.delete(f"/integrations/{integration_id}", headers={"If-Match": '"old"'})

    assert api.delete(f"/integrations/{integration_id}").status_code == 204

    assert rows_about(system, "Log", integration_id) == []


@pytest.mark.parametrize(
    "body",
    [
        {"project": 7},
        {"aha": {"product_id": []}},
        {"authentication": "basic", "choices_only": "yes"},
    ],
)
def test_a_connection_test_that_is_not_valid_is_in_the_log_of_the_integration_that_it_names(
    api: Api, integration: IntegrationUnderTest, body: dict[str, Any]
) -> None:
    answer = api.post("/test-connection", {"integration_id": integration.id, **body})

    faults_of(answer)
    assert failures(api, integration.id) == [(answer.headers["x-operation-id"], "invalid_request")]
    assert_no_error(api, integration.id)


def test_a_page_of_the_log_that_is_asked_for_wrongly_is_in_the_log(api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)

    answer = api.get(f"/integrations/{integration_id}/log", params={"limit": 0})

    assert failures(api, integration_id) == [(answer.headers["x-operation-id"], "invalid_request")]
    assert_no_error(api, integration_id)


def test_a_change_that_is_not_valid_is_in_the_log(api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)

    answer = api.put_integration(integration_id, changed(MINIMAL, {"/name": 7}))

    assert failures(api, integration_id) == [(answer.headers["x-operation-id"], "invalid_request")]
    assert_no_error(api, integration_id)


def test_reading_and_listing_write_nothing(system: LocalSystem, api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)
    before = rows_about(system, "Log", integration_id)

    for path in ("", f"/{integration_id}", f"/{integration_id}/log"):
        assert api.get(f"/integrations{path}").status_code == 200

    assert rows_about(system, "Log", integration_id) == before


def test_calls_about_an_unknown_integration_write_no_log(
    system: LocalSystem, api: Api, integration_id: str
) -> None:
    path = f"/integrations/{integration_id}"
    answers = [
        api.get(path),
        api.delete(path),
        api.put(path, json={"name": 7}),
        api.get(f"{path}/log", params={"limit": 0}),
        api.get(f"{path}/service-hook"),
        api.post(f"{path}/service-hook"),
        api.send(integration_id, {"feature": 7}),
        api.post("/test-connection", {"integration_id": integration_id, "project": 7}),
        api.post(f"/webhooks/{integration_id}/wrong", {}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 400, 404, 404, 404, 404, 404, 404]
    assert rows_about(system, "Log", integration_id) == []


def test_a_webhook_with_a_wrong_token_writes_no_log(
    system: LocalSystem, api: Api, integration: IntegrationUnderTest
) -> None:
    before = rows_about(system, "Log", integration.id)

    problem_of(api.post(f"{integration.webhook_url[:-1]}~", {}), 404, "integration_not_found")

    assert rows_about(system, "Log", integration.id) == before


def test_a_notification_that_is_not_valid_is_in_the_log(api: Api, integration: IntegrationUnderTest) -> None:
    answer = api.post(integration.webhook_url, ["not", "an", "object"])

    assert failures(api, integration.id) == [(answer.headers["x-operation-id"], "invalid_request")]
    assert_no_error(api, integration.id)
