"""Reconcile brings in what notifications missed, and its watermark never passes a change that was not brought."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.sample import sample_integration
from operate.exit_codes import ExitCode
from tests.e2e.operators import operate
from tests.e2e.reconciling import (
    Run,
    add_changes_in_sync,
    batch_reads,
    damage_link,
    damage_watermark,
    date_creation_ahead,
    hours_pass,
    lose_links,
    minutes_pass,
    names,
    queries,
    reconcile,
    rename,
    repair_link,
    start_timer,
    watermark,
    write_row_of_newer_version,
)
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene, another_host
from tests.e2e.system import Api, eventually


def send(scene: Scene) -> list[int]:
    """Send PROD-2, which has no requirements; its work item."""
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    assert sent.status == 201, sent.body
    return sent.ids


def send_with_requirements(scene: Scene, count: int) -> dict[str, int]:
    """Give PROD-2 so many requirements and send it; the work items by reference, the feature's first."""
    for number in range(1, count + 1):
        body = {"requirement": {"name": f"Requirement {number}"}}
        answer = scene.aha.post("/features/PROD-2/requirements", body)
        assert answer.status_code == 200, answer.text
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    assert sent.status == 201, sent.body
    return {part["reference_num"]: part["work_item"]["id"] for part in sent.records}


def aha_refuses_to_write(scene: Scene, reference: str) -> None:
    """Aha! answers 503 to every write of a record, until the faults are cleared."""
    record_id = next(one["id"] for one in scene.aha.records() if one["reference_num"] == reference)
    scene.aha.add_fault(method="PUT", path=f"/{record_id}$", status=503, times=None)


@pytest.mark.contract
def test_a_change_whose_notification_was_lost_is_brought_in(scene: Scene) -> None:
    (number,) = send(scene)
    scene.edit(number, title="Named anew", description="<p>Anew</p>", state="Active")

    reconcile(scene)

    feature = scene.aha.feature("PROD-2")
    assert (feature["name"], feature["description"]["body"]) == ("Named anew", "<p>Anew</p>")
    assert feature["workflow_status"]["name"] == "In progress"
    (entry,) = scene.log("reconcile.updated", "warning")
    assert entry["detail"]["updated"] == 1


def test_what_a_send_wrote_and_a_notification_brought_is_not_brought_again(scene: Scene) -> None:
    (number,) = send(scene)
    rename(scene, number, "Named anew")
    scene.deliver()

    reconcile(scene)

    assert len(queries(scene)) == 1
    assert scene.aha_requests("PUT") == scene.aha_requests("GET") == []
    assert scene.log("reconcile.updated") == []


def test_the_watermark_follows_what_was_looked_at_also_where_nothing_changed(scene: Scene) -> None:
    (number,) = send(scene)
    changed = rename(scene, number, "Named anew")
    hours_pass(scene, 1)

    reconcile(scene)
    first = watermark(scene)
    hour_later = hours_pass(scene, 1)
    reconcile(scene)
    second = watermark(scene)

    assert changed < first < hour_later
    assert hour_later - timedelta(minutes=30) < second < hours_pass(scene, 1)
    assert batch_reads(scene) == [], "the second run looked at what the first one had seen"


def test_the_watermark_stays_a_little_behind_the_clock(scene: Scene) -> None:
    # A query may find a change some time after the moment that the change bears.
    (number,) = send(scene)
    hours_pass(scene, 1)
    rename(scene, number, "Named anew")

    reconcile(scene)
    reconcile(scene)

    assert watermark(scene) < hours_pass(scene, 1 / 3600) - timedelta(minutes=1)
    assert str(number) in batch_reads(scene)[0]["body"]


def test_a_record_that_cannot_be_written_holds_the_watermark_and_nothing_else(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 3)
    _, earlier, failing, later = numbers
    changes = []
    for reference in (earlier, failing, later):
        changes.append(rename(scene, numbers[reference], f"{reference} anew"))
        hours_pass(scene, 1)
    aha_refuses_to_write(scene, failing)

    reconcile(scene)

    assert changes[0] < watermark(scene) <= changes[1]
    assert names(scene)[earlier] == f"{earlier} anew"
    assert names(scene)[failing] != f"{failing} anew"
    assert names(scene)[later] == f"{later} anew"
    assert scene.log(level="error") != []

    scene.aha.clear_faults()
    reconcile(scene)

    assert names(scene)[failing] == f"{failing} anew"
    assert watermark(scene) > changes[2]


def test_what_changed_after_a_failure_is_looked_at_again(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 2)
    _, failing, later = numbers
    rename(scene, numbers[failing], "Fails")
    hours_pass(scene, 1)
    rename(scene, numbers[later], "Comes later")
    hours_pass(scene, 1)
    aha_refuses_to_write(scene, failing)
    reconcile(scene)

    scene.aha.clear_faults()
    reconcile(scene)

    read = "".join(request["body"] for request in batch_reads(scene))
    assert str(numbers[failing]) in read
    assert str(numbers[later]) in read


def test_a_page_that_cannot_be_read_leaves_the_watermark(scene: Scene) -> None:
    (number,) = send(scene)
    hours_pass(scene, 1)
    reconcile(scene)
    before = watermark(scene)
    changed = rename(scene, number, "Named anew")
    hours_pass(scene, 1)
    scene.azure_devops.add_fault(method="POST", path="/wit/workitemsbatch", status=503, times=None)

    reconcile(scene)

    assert watermark(scene) == before < changed
    assert scene.log(level="error") != []

    scene.azure_devops.clear_faults()
    reconcile(scene)

    assert scene.aha.feature("PROD-2")["name"] == "Named anew"
    assert watermark(scene) > changed


def test_a_second_page_that_cannot_be_read_is_not_passed(scene: Scene) -> None:
    (number,) = send(scene)
    # As many older changes as one page has.
    add_changes_in_sync(scene, 200, like=number)
    hours_pass(scene, 1)
    changed = rename(scene, number, "Named anew")
    hours_pass(scene, 1)
    scene.azure_devops.add_fault(method="POST", path="/wit/workitemsbatch", status=503, skip=1, times=None)

    reconcile(scene)

    assert watermark(scene) <= changed
    assert scene.aha.feature("PROD-2")["name"] != "Named anew"

    scene.azure_devops.clear_faults()
    reconcile(scene)

    assert scene.aha.feature("PROD-2")["name"] == "Named anew"
    assert watermark(scene) > changed


def test_a_change_made_while_reconcile_runs_does_not_hide_those_of_the_next_page(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 1)
    first, last = numbers.values()
    rename(scene, first, "Changed early")
    # As many changes as the rest of the page has.
    add_changes_in_sync(scene, 199, like=first)
    hours_pass(scene, 1)
    changed = rename(scene, last, "On the second page")
    hours_pass(scene, 1)
    # An engineer edits between the query and the read of the page, and the time ends behind the page.
    scene.azure_devops.add_fault(method="POST", path="/wit/workitemsbatch", delay_ms=1500, times=1)
    scene.azure_devops.add_fault(method="POST", path="/wit/workitemsbatch", status=503, skip=1, times=None)
    scene.azure_devops.clear_requests()
    run = Run.start(scene.system.function_host)
    eventually(lambda: any(query["status"] for query in queries(scene)))
    rename(scene, first, "Changed meanwhile")
    run.wait()

    assert names(scene)["PROD-2"] == "Changed meanwhile"
    assert watermark(scene) <= changed

    scene.azure_devops.clear_faults()
    reconcile(scene)

    assert "On the second page" in names(scene).values()


def test_records_that_fail_on_the_first_page_do_not_hide_the_second(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 1)
    (failing, first), (other, last) = numbers.items()
    failed = rename(scene, first, "Fails")
    add_changes_in_sync(scene, 200, like=first)
    hours_pass(scene, 1)
    rename(scene, last, "On the second page")
    hours_pass(scene, 1)
    aha_refuses_to_write(scene, failing)

    reconcile(scene)

    assert names(scene)[other] == "On the second page"
    assert watermark(scene) <= failed
    (entry,) = scene.log("reconcile.item-failed")
    assert (entry["detail"]["work_item_id"], entry["detail"]["reference"]) == (first, failing)
    assert f"Work item {first} ({failing})" in entry["message"]


def changes_on_two_pages(scene: Scene, first: int, second: int, **damage: str) -> list[list[str]]:
    """Records that changed: the first ones fill the first page together with others; their references.

    `damage`: what is different in the links of the others, which are in sync otherwise.
    """
    numbers = send_with_requirements(scene, first + second)
    feature, *references = numbers
    for reference in references[:first]:
        rename(scene, numbers[reference], f"{reference} anew")
    add_changes_in_sync(scene, 200, like=numbers[feature], **damage)
    if damage:
        damage_link(scene, numbers[feature])
    hours_pass(scene, 1)
    for reference in references[first:]:
        rename(scene, numbers[reference], f"{reference} anew")
    hours_pass(scene, 1)
    return [references[:first], references[first:]]


def test_damaged_links_do_not_hide_the_next_page_however_many_they_are(scene: Scene) -> None:
    _, (last,) = changes_on_two_pages(scene, 0, 1, base_0="{")

    reconcile(scene)

    assert names(scene)[last] == f"{last} anew"
    assert scene.log("reconcile.failed") == []


def test_records_that_aha_fails_for_do_not_hide_the_next_page_however_many_they_are(scene: Scene) -> None:
    """Given a first page on which nothing is in sync, and eight records that Aha! answers 503 for."""
    first, (last,) = changes_on_two_pages(scene, 8, 1, base_0="{")
    for reference in first:
        aha_refuses_to_write(scene, reference)

    reconcile(scene)

    assert names(scene)[last] == f"{last} anew"


def test_an_outage_is_met_once_on_the_next_page(scene: Scene) -> None:
    changes_on_two_pages(scene, 8, 2, base_0="{")
    scene.aha.add_fault(method="PUT", status=503, times=None)

    reconcile(scene)

    assert len({one["path"] for one in scene.aha_requests("PUT")}) == 9
    assert "reconcile.failed" in scene.events("error")


def test_a_defect_in_one_record_stops_that_record_only(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 3)
    _, earlier, broken, later = numbers
    changes = []
    for reference in (earlier, broken, later):
        changes.append(rename(scene, numbers[reference], f"{reference} anew"))
        hours_pass(scene, 1)
    row = damage_link(scene, numbers[broken])

    reconcile(scene)

    assert names(scene)[earlier] == f"{earlier} anew"
    assert names(scene)[later] == f"{later} anew"
    assert changes[0] < watermark(scene) <= changes[1]
    assert f"work item {numbers[broken]}" in scene.log("record.defect", "error")[0]["message"]

    repair_link(scene, row)
    reconcile(scene)

    assert names(scene)[broken] == f"{broken} anew"
    assert watermark(scene) > changes[2]


def test_more_changes_than_a_query_may_find_are_asked_for_in_parts(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 29)
    for reference, number in numbers.items():
        hours_pass(scene, 1 / 6)
        last = rename(scene, number, f"{reference} anew")
    hours_pass(scene, 1)
    scene.azure_devops.control("PUT", "/limits", {"query_results": 10})

    reconcile(scene)

    known = names(scene)
    assert [known[reference] for reference in numbers] == [f"{reference} anew" for reference in numbers]
    assert {query["status"] for query in queries(scene)} == {200, 400}
    assert watermark(scene) > last
    assert scene.log(level="error") == []


def test_more_changes_in_a_minute_than_a_query_may_find_wait_for_a_higher_limit(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 5)
    hours_pass(scene, 1)
    first = min(rename(scene, number, f"{reference} anew") for reference, number in numbers.items())
    hours_pass(scene, 1)
    scene.azure_devops.control("PUT", "/limits", {"query_results": 3})

    reconcile(scene)

    assert watermark(scene) <= first
    assert "VS402337" in str(scene.log(level="error"))

    scene.azure_devops.control("PUT", "/limits", {"query_results": 20_000})
    reconcile(scene)

    known = names(scene)
    assert [known[reference] for reference in numbers] == [f"{reference} anew" for reference in numbers]


def test_changes_of_other_people_are_neither_asked_for_nor_read(scene: Scene) -> None:
    (number,) = send(scene)
    scene.azure_devops.control("POST", "/work_items", {"count": 60, "type": "Feature"})
    rename(scene, number, "Named anew")
    hours_pass(scene, 1)
    scene.azure_devops.control("PUT", "/limits", {"query_results": 10})

    reconcile(scene)

    assert scene.aha.feature("PROD-2")["name"] == "Named anew"
    assert len(queries(scene)) == len(batch_reads(scene)) == 1


def change_type(scene: Scene, number: int) -> None:
    """An engineer changes the type of a work item."""
    scene.azure_devops.edit(number, {"System.WorkItemType": "Bug"})


def move_to_another_area(scene: Scene, number: int) -> None:
    """An engineer moves a work item out of the integration's area."""
    scene.azure_devops.edit(number, {"System.AreaPath": "Fabrikam\\Devices"})


def move_to_another_project(scene: Scene, number: int) -> None:
    """An engineer moves a work item out of the integration's project."""
    scene.azure_devops.edit(number, {"System.TeamProject": "Contoso Café"})


def map_another_type(scene: Scene, _: int) -> None:
    """An administrator maps features to another type."""
    scene.configure(feature={**scene.integration.body["feature"], "work_item_type": "Epic"})


def configure_another_project(scene: Scene, _: int) -> None:
    """An administrator sends new features to another project."""
    target = {
        **scene.integration.body["azure_devops"],
        "project": "Contoso Café",
        "area_path": "Contoso Café",
    }
    assert scene.configure(azure_devops=target).ok


def use_another_token(scene: Scene, _: int) -> None:
    """The token is replaced by one of another user."""
    scene.azure_devops.control("POST", "/tokens", {"token": "second", "kind": "write_as_second_user"})
    scene.configure(
        azure_devops={**scene.integration.body["azure_devops"], "personal_access_token": "second"}
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    "change",
    [
        change_type,
        move_to_another_area,
        move_to_another_project,
        map_another_type,
        configure_another_project,
        use_another_token,
    ],
)
def test_a_linked_work_item_is_found_by_its_link_whatever_it_is_now(
    scene: Scene, change: Callable[[Scene, int], None]
) -> None:
    (number,) = send(scene)
    change(scene, number)
    rename(scene, number, "Named anew")
    hours_pass(scene, 1)

    reconcile(scene)

    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def test_a_restarted_host_goes_on_from_the_watermark(scene: Scene) -> None:
    (number,) = send(scene)
    rename(scene, number, "Named anew")
    hours_pass(scene, 1)
    reconcile(scene)
    assert len(batch_reads(scene)) == 1
    hours_pass(scene, 1)

    scene.system.restart_host()
    reconcile(scene)

    assert len(scene.requests()) == len(queries(scene)) == 1
    assert scene.aha.requests() == []


def test_two_instances_at_once_bring_each_change_and_agree_on_the_watermark(scene: Scene) -> None:
    numbers = send_with_requirements(scene, 5)
    with another_host(scene.system) as (second_host, _):
        hosts = (scene.system.function_host, second_host)
        # The first run of a process is slow: it imports what it needs.
        for host in hosts:
            Run.start(host).wait()
        last = max(rename(scene, number, f"{reference} anew") for reference, number in numbers.items())
        hours_pass(scene, 1)
        scene.azure_devops.clear_requests()
        scene.aha.clear_requests()
        scene.azure_devops.add_fault(path="/wit/wiql", delay_ms=1500, times=2)
        scene.azure_devops.set_latency(100)

        for run in [Run.start(host) for host in hosts]:
            run.wait()

    first_query, second_query = queries(scene)
    assert second_query["started_at"] < first_query["ended_at"], "they did not run at once"
    known = names(scene)
    assert [known[reference] for reference in numbers] == [f"{reference} anew" for reference in numbers]
    # Where both wrote one record, they wrote the same.
    written = {(request["path"], request["body"]) for request in scene.aha_requests("PUT")}
    assert len(written) == len(numbers)
    assert last < watermark(scene) < hours_pass(scene, 1)
    assert scene.log("record.conflict") == []
    assert scene.log(level="error") == []
    # Nothing is left to do in either direction.
    scene.azure_devops.set_latency(0)
    sent = scene.post(scene.aha.event("PROD-2", "update_feature"))
    assert set(sent.actions) == {"unchanged"}
    reconcile(scene)
    assert scene.aha_requests("PUT") == []


def test_without_a_schedule_reconcile_does_not_run(scene: Scene) -> None:
    (number,) = send(scene)
    rename(scene, number, "Named anew")

    with another_host(scene.system, RECONCILE_SCHEDULE="") as (host, api):
        answer = start_timer(host)
        others = api.get("/integrations")

    assert answer.status_code == 404
    assert others.status_code == 200
    assert scene.aha.feature("PROD-2")["name"] != "Named anew"


@pytest.mark.parametrize(
    "changes", [{"enabled": False}, {"aha": None}], ids=["disabled", "no Aha! configured"]
)
def test_an_integration_that_does_not_receive_is_left_out(scene: Scene, changes: Json) -> None:
    (number,) = send(scene)
    rename(scene, number, "Named anew")
    hours_pass(scene, 1)
    scene.configure(**changes)
    before = watermark(scene)

    reconcile(scene)

    assert scene.requests() == []
    assert watermark(scene) == before

    scene.configure()
    reconcile(scene)

    assert scene.aha.feature("PROD-2")["name"] == "Named anew"


def set_up_mobile(scene: Scene, api: Api) -> tuple[str, str, int]:
    """A second integration, of product MOB, with one feature that was sent: its id, the reference, the work item."""
    integration_id = f"{scene.integration.id}-mobile"
    body: dict[str, Any] = {**sample_integration(scene.aha.account_url), "product_id": "MOB"}
    answer = api.put_integration(integration_id, body)
    assert answer.status_code == 201, answer.text
    made = scene.aha.post("/releases/MOB-R-1/features", {"feature": {"name": "Pay by phone"}})
    reference: str = made.json()["feature"]["reference_num"]
    sent = api.send(integration_id, scene.aha.event(reference))
    assert sent.status_code == 201, sent.text
    return integration_id, reference, sent.json()["feature"]["work_item"]["id"]


def test_an_integration_that_fails_does_not_stop_the_others(scene: Scene, api: Api) -> None:
    scene.azure_devops.control("POST", "/tokens", {"token": "short-lived", "kind": "write"})
    target = scene.integration.body["azure_devops"] | {"personal_access_token": "short-lived"}
    scene.configure(azure_devops=target)
    (number,) = send(scene)
    mobile, reference, mobile_number = set_up_mobile(scene, api)
    changed = rename(scene, number, "Named anew")
    mobile_changed = rename(scene, mobile_number, "Named anew, too")
    hours_pass(scene, 1)
    scene.azure_devops.control("DELETE", "/tokens/short-lived")

    reconcile(scene)

    statuses = [query["status"] for query in queries(scene)]
    assert statuses[-1] == 200
    assert statuses[0] != 200, "the one that fails has to come first"
    assert names(scene)[reference] == "Named anew, too"
    assert watermark(scene, mobile) > mobile_changed
    assert "personal access token" in scene.log(level="error")[0]["message"]
    assert names(scene)["PROD-2"] != "Named anew"
    assert watermark(scene) < changed

    scene.azure_devops.control("POST", "/tokens", {"token": "short-lived", "kind": "write"})
    reconcile(scene)

    assert names(scene)["PROD-2"] == "Named anew"


def test_an_integration_whose_rows_are_damaged_does_not_stop_the_others(scene: Scene, api: Api) -> None:
    _, reference, mobile_number = set_up_mobile(scene, api)
    rename(scene, mobile_number, "Named anew")
    hours_pass(scene, 1)
    damage_watermark(scene)

    reconcile(scene)

    assert names(scene)[reference] == "Named anew"
    (entry,) = scene.log("record.defect", "error")
    assert scene.integration.id in entry["message"]


@pytest.mark.parametrize("row_key", ["watermark", "aha-progress"])
def test_a_row_of_a_newer_version_stops_its_integration_and_no_other(
    scene: Scene, api: Api, row_key: str
) -> None:
    _, reference, mobile_number = set_up_mobile(scene, api)
    scene.configure(auto_update=True)
    rename(scene, mobile_number, "Named anew")
    hours_pass(scene, 1)
    write_row_of_newer_version(scene, row_key)

    reconcile(scene)

    assert names(scene)[reference] == "Named anew"
    entry = scene.log("reconcile.failed", "error")[0]
    assert (entry["detail"]["code"], entry["detail"]["row_key"]) == ("storage_unavailable", row_key)


def test_of_an_integration_that_a_fast_clock_dated_ahead_no_change_is_missed(scene: Scene) -> None:
    date_creation_ahead(scene, 90)
    (number,) = send(scene)
    rename(scene, number, "Named anew")
    hours_pass(scene, 1)

    reconcile(scene)

    assert names(scene)["PROD-2"] == "Named anew"


def an_orphan_that_an_engineer_changed(scene: Scene) -> int:
    """The work item of a send that died; the watermark has passed the engineer's change."""
    scene.azure_devops.add_fault(path=r"/wit/wiql", status=503, times=None)
    scene.azure_devops.add_fault(path=r"/wit/(\$batch|workitems/\$)", cut="after")
    scene.send(scene.aha.event("PROD-2")["feature"])
    scene.azure_devops.clear_faults()
    (number,) = scene.items()
    scene.edit(number, title="By an engineer", state="Active")
    scene.deliver()
    changed = hours_pass(scene, 1)
    reconcile(scene)
    assert watermark(scene) > changed - timedelta(minutes=3)
    minutes_pass(scene)
    return number


def test_what_an_engineer_changed_before_an_orphan_was_adopted_is_brought_in(scene: Scene) -> None:
    number = an_orphan_that_an_engineer_changed(scene)
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    assert sent.ids == [number]

    reconcile(scene)

    record = scene.aha.feature("PROD-2")
    assert (record["name"], record["workflow_status"]["name"]) == ("By an engineer", "In progress")
    assert scene.log("record.conflict") == []


def test_a_change_before_an_adoption_that_failed_for_now_is_brought_in_later(scene: Scene) -> None:
    an_orphan_that_an_engineer_changed(scene)
    scene.send(scene.aha.event("PROD-2")["feature"])
    aha_refuses_to_write(scene, "PROD-2")
    before = watermark(scene)
    reconcile(scene)
    assert watermark(scene) == before
    assert len(scene.log("reconcile.item-failed")) == 1
    scene.aha.clear_faults()

    reconcile(scene)

    assert names(scene)["PROD-2"] == "By an engineer"
    assert watermark(scene) >= before


def test_what_an_engineer_changed_before_a_link_was_imported_is_brought_in(
    scene: Scene, tmp_path: Path
) -> None:
    """Given an export of long ago, and a table that lost the link since then."""
    (number,) = send(scene)
    file = tmp_path / "links.jsonl"
    assert operate(scene.system, "export", scene.integration.id, "--output", str(file)).code == ExitCode.DONE
    exported = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r'"sent_at": "[^"]*"', '"sent_at": "2026-01-01T00:00:00+00:00"', exported))
    lose_links(scene)
    rename(scene, number, "By an engineer")
    hours_pass(scene, 1)
    reconcile(scene)
    assert names(scene)["PROD-2"] != "By an engineer"
    operate(scene.system, "import", str(file), "--into")

    reconcile(scene)

    assert names(scene)["PROD-2"] == "By an engineer"
