"""The integration log: what was done, what was answered, and what to do about it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local.system import LocalSystem
from tests.e2e.configuration_bodies import MINIMAL, changed, faults_of, problem_of
from tests.e2e.configuration_tables import rows_about
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

Page = dict[str, Any]


def page_of(api: Api, integration_id: str, **query: str | int) -> Page:
    """One page of the log."""
    answer = api.get(f"/integrations/{integration_id}/log", params=query)
    assert answer.status_code == 200, answer.text
    page: Page = answer.json()
    return page


def pages_of(api: Api, integration_id: str, **query: str | int) -> list[Page]:
    """Every page, each by the `next` of the one before."""
    pages = [page_of(api, integration_id, **query)]
    while pages[-1]["next"] is not None:
        pages.append(page_of(api, integration_id, before=pages[-1]["next"], **query))
    return pages


def make_entries(api: Api, integration_id: str, count: int) -> list[str]:
    """Save the integration so often; the operations' ids, newest first."""
    answers = [api.put_integration(integration_id, MINIMAL) for _ in range(count)]
    return [answer.headers["x-operation-id"] for answer in reversed(answers)]


def test_an_entry_is_one_step_of_one_operation(api: Api, integration_id: str) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    answer = api.put_integration(integration_id, MINIMAL)

    [entry] = page_of(api, integration_id)["entries"]

    assert entry["operation_id"] == answer.headers["x-operation-id"]
    assert entry["level"] == "info"
    assert entry["event"] == "integration.saved"
    assert entry["message"]
    assert entry["detail"]["enabled"] is False
    assert (
        before <= datetime.fromisoformat(entry["time"].replace("Z", "+00:00")) <= datetime.now(timezone.utc)
    )


def test_the_newest_entry_comes_first(api: Api, integration_id: str) -> None:
    operations = make_entries(api, integration_id, 5)

    entries = page_of(api, integration_id)["entries"]

    assert [entry["operation_id"] for entry in entries] == operations
    times = [entry["time"] for entry in entries]
    assert times == sorted(times, reverse=True)


@pytest.mark.contract
def test_pages_follow_each_other_without_gap_or_repeat(api: Api, integration_id: str) -> None:
    operations = make_entries(api, integration_id, 7)

    pages = pages_of(api, integration_id, limit=3)

    assert [len(page["entries"]) for page in pages] == [3, 3, 1]
    assert [entry["operation_id"] for page in pages for entry in page["entries"]] == operations


def test_a_page_that_is_just_full_has_no_next(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 4)

    assert page_of(api, integration_id, limit=4)["next"] is None


def test_entries_that_are_added_meanwhile_do_not_move_the_pages(api: Api, integration_id: str) -> None:
    operations = make_entries(api, integration_id, 4)
    first = page_of(api, integration_id, limit=2)
    make_entries(api, integration_id, 3)

    second = page_of(api, integration_id, limit=2, before=first["next"])

    assert [entry["operation_id"] for entry in second["entries"]] == operations[2:]


def test_a_page_has_fifty_entries_unless_another_number_is_asked_for(
    api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    while len(page_of(api, integration.id, limit=500)["entries"]) <= 50:
        api.post("/test-connection", {"integration_id": integration.id})

    page = page_of(api, integration.id)

    assert len(page["entries"]) == 50
    assert page["next"]


def test_a_page_may_have_from_one_to_five_hundred(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 2)

    assert len(page_of(api, integration_id, limit=1)["entries"]) == 1
    assert len(page_of(api, integration_id, limit=500)["entries"]) == 2


def test_any_other_limit_is_refused(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 1)

    for limit in ("0", "501", "-1", "1.5", "ten", "1e2", "٣", "99999999999999999999", " "):
        answer = api.get(f"/integrations/{integration_id}/log", params={"limit": limit})
        assert set(faults_of(answer)) == {"/limit"}, limit


def test_a_place_that_no_page_named_is_refused(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 1)

    for before in ("garbage", "äöü", "AAAA", "' or 1 eq 1", "=", "x" * 2000, "1"):
        answer = api.get(f"/integrations/{integration_id}/log", params={"before": before})
        assert set(faults_of(answer)) == {"/before"}, before


@pytest.mark.contract
def test_every_wrong_parameter_is_named_at_once(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 1)

    answer = api.get(f"/integrations/{integration_id}/log", params={"limit": "x", "level": "fatal"})

    faults = faults_of(answer)
    assert set(faults) == {"/limit", "/level"}
    assert "info, warning, error" in faults["/level"]


def test_one_operation_can_be_singled_out(api: Api, integration_id: str) -> None:
    operations = make_entries(api, integration_id, 3)

    entries = page_of(api, integration_id, operation_id=operations[1])["entries"]

    assert [entry["operation_id"] for entry in entries] == [operations[1]]
    assert page_of(api, integration_id, operation_id="no-such' or 'a' eq 'a")["entries"] == []


def test_one_level_can_be_singled_out(api: Api, integration: IntegrationUnderTest) -> None:
    expired = {"/azure_devops/personal_access_token": "sandbox-expired-token"}
    api.put_integration(integration.id, changed(integration.body, expired))
    api.post("/test-connection", {"integration_id": integration.id})

    levels = {
        level: {entry["event"] for entry in page_of(api, integration.id, level=level)["entries"]}
        for level in ("info", "warning", "error")
    }

    assert levels == {
        "info": {"integration.saved"},
        "warning": {"azure-devops.request"},
        "error": {"operation.failed"},
    }


def test_filters_and_pages_go_together(api: Api, aha: Aha, integration: IntegrationUnderTest) -> None:
    sent = api.send(integration.id, aha.event("PROD-1"))
    operation_id = sent.headers["x-operation-id"]
    api.post("/test-connection", {"integration_id": integration.id})

    pages = pages_of(api, integration.id, limit=2, operation_id=operation_id, level="info")

    paged = [entry for page in pages for entry in page["entries"]]
    whole = page_of(api, integration.id, limit=500)["entries"]
    wanted = [entry for entry in whole if entry["operation_id"] == operation_id and entry["level"] == "info"]
    assert len(pages) > 1
    assert paged == wanted


def test_one_call_answers_what_happened_to_a_record(
    api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    api.send(integration.id, aha.event("PROD-1"))
    api.send(integration.id, aha.event("PROD-2"))

    found = page_of(api, integration.id, reference="prod-1-2")["entries"]
    by_event = page_of(api, integration.id, reference="PROD-1", event="work-item.created", text="FOR prod-1.")

    assert {entry["detail"]["reference"] for entry in found} == {"PROD-1-2"}
    assert "work-item.created" in {entry["event"] for entry in found}
    [created] = by_event["entries"]
    by_number = page_of(api, integration.id, work_item_id=created["detail"]["work_item_id"])["entries"]
    assert created in by_number
    assert by_event["next"] is None


def test_every_entry_of_a_send_and_of_a_notification_names_its_record(
    api: Api, aha: Aha, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    feature = aha.event("PROD-1")["feature"]
    names = {one["reference_num"] for one in (feature, *feature["requirements"])}
    sent = api.send(integration.id, aha.event("PROD-1"))
    number = sent.json()["feature"]["work_item"]["id"]
    azure_devops.edit(number, {"System.Title": "Pay by any card"})
    azure_devops.deliver()
    send_id = sent.headers["x-operation-id"]

    entries = page_of(api, integration.id, limit=500)["entries"]

    details = [entry["detail"] for entry in entries if entry["operation_id"] == send_id]
    of_send = [name for one in details for name in one.get("references") or [one["reference"]]]
    [changes] = page_of(api, integration.id, event="record.changes")["entries"]
    of_notification = [
        entry["detail"] for entry in entries if entry["operation_id"] == changes["operation_id"]
    ]
    assert set(of_send) == names
    assert len(of_notification) > 2
    assert {(one["reference"], one["work_item_id"]) for one in of_notification} == {("PROD-1", number)}


def test_the_log_says_which_record_was_not_found(api: Api, integration: IntegrationUnderTest) -> None:
    assert api.send_reference(integration.id, "prod-999").status_code == 422

    events = [entry["event"] for entry in page_of(api, integration.id, reference="PROD-999")["entries"]]

    assert events[0] == "operation.failed"
    assert "aha.request" in events


def test_an_error_comes_with_what_to_do(api: Api, integration: IntegrationUnderTest) -> None:
    expired = {"/azure_devops/personal_access_token": "sandbox-expired-token"}
    api.put_integration(integration.id, changed(integration.body, expired))
    api.post("/test-connection", {"integration_id": integration.id})

    [failed] = page_of(api, integration.id, level="error")["entries"]
    [saved, _] = page_of(api, integration.id, event="integration.saved")["entries"]

    assert "Create a new token" in failed["remedy"]
    assert saved["remedy"] is None
    assert (failed["operation_kind"], saved["operation_kind"]) == ("connection_test", "configuration")


def test_every_wrong_condition_is_named_at_once(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 1)
    too_long = "x" * 201
    wrong = {"reference": too_long, "work_item_id": "PROD-1", "text": too_long, "event": too_long}

    answer = api.get(f"/integrations/{integration_id}/log", params=wrong)

    assert set(faults_of(answer)) == {"/reference", "/work_item_id", "/text", "/event"}


def test_a_request_is_written_down_with_where_it_went_and_what_came(
    api: Api, system: LocalSystem, aha: Aha, integration: IntegrationUnderTest
) -> None:
    answer = api.post("/test-connection", {"integration_id": integration.id})

    entries = page_of(api, integration.id, operation_id=answer.headers["x-operation-id"])["entries"]

    requests = [entry["detail"] for entry in entries if entry["event"] == "azure-devops.request"]
    first = requests[-1]
    assert first["method"] == "GET"
    assert first["url"].startswith(f"{system.azure_devops.url}/fabrikam/_apis/projects?")
    assert first["status"] == 200
    assert first["milliseconds"] >= 0
    assert all(type(request["milliseconds"]) is int for request in requests)


def test_a_send_is_written_down_with_the_work_item_and_the_record(
    api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    sent = api.send(integration.id, aha.event("PROD-1"))
    feature = sent.json()["feature"]

    entries = page_of(api, integration.id, operation_id=sent.json()["operation_id"], limit=500)["entries"]

    assert sent.json()["operation_id"] == sent.headers["x-operation-id"]
    about = [entry for entry in entries if entry["detail"].get("work_item_id") == feature["work_item"]["id"]]
    assert about
    assert any("PROD-1" in str(entry["detail"]) for entry in about)
    assert any(entry["detail"].get("status") == 200 for entry in entries)


def test_a_log_goes_with_its_integration_and_starts_anew_with_it(
    api: Api, system: LocalSystem, integration_id: str
) -> None:
    make_entries(api, integration_id, 3)
    api.delete(f"/integrations/{integration_id}")
    assert rows_about(system, "Log", integration_id) == []
    problem_of(api.get(f"/integrations/{integration_id}/log"), 404, "integration_not_found")

    operations = make_entries(api, integration_id, 1)

    entries = page_of(api, integration_id)["entries"]
    assert [entry["operation_id"] for entry in entries] == operations


def test_the_log_of_one_integration_shows_nothing_of_another(api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)
    api.put_integration(f"{integration_id}0", {**MINIMAL, "product_id": "OTHER"})

    assert len(page_of(api, integration_id)["entries"]) == 1
    assert len(page_of(api, f"{integration_id}0")["entries"]) == 1


def test_reading_the_log_adds_nothing_to_it(api: Api, integration_id: str) -> None:
    make_entries(api, integration_id, 1)

    page_of(api, integration_id)

    assert len(page_of(api, integration_id)["entries"]) == 1


@pytest.mark.parametrize("integration_id", ["nobody", "NOT_AN_ID", "%C3%A4", "x" * 300])
def test_an_unknown_integration_has_no_log(api: Api, integration_id: str) -> None:
    problem_of(api.get(f"/integrations/{integration_id}/log"), 404, "integration_not_found")
