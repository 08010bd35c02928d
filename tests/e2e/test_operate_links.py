"""The table Links is lost or damaged: `rebuild-links` links records again by the markers on their work items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest
from azure.data.tables import TableServiceClient

from operate import link_repairs, rebuild
from operate.exit_codes import ExitCode
from shared.domain.kind import Kind
from shared.domain.links import Claim, Link
from shared.secret import Secret
from shared.storage.links import LinkStore
from shared.storage.table import Table
from shared.storage.tables import Tables
from tests.e2e.configuration_tables import rows_about
from tests.e2e.operators import operate
from tests.e2e.sending_payloads import Json, feature, requirement, requirements
from tests.e2e.sending_scene import Scene


def lose_links(scene: Scene, *row_keys: str) -> None:
    """Rows of the table Links are gone: those of the integration that begin so, or all."""
    with TableServiceClient.from_connection_string(scene.system.tables_connection_string) as service:
        table = service.get_table_client("Links")
        for row in list(table.query_entities(f"PartitionKey eq '{scene.integration.id}'")):
            if not row_keys or row["RowKey"].startswith(row_keys):
                table.delete_entity(row)


@pytest.mark.parametrize("lost", [(), ("r:",), ("w:",)], ids=["all", "pointers", "links"])
def test_after_rows_were_lost_a_send_finds_every_work_item_unchanged(
    scene: Scene, lost: tuple[str, ...]
) -> None:
    family = feature(requirements=requirements(3))
    first = scene.send(family)
    lose_links(scene, *lost)

    report = operate(scene.system, "rebuild-links", scene.integration.id)
    again = scene.send(family)

    assert report.code == ExitCode.DONE, report
    assert (
        f"{family['reference_num']}: linked to work item {first.ids[0]}, Feature “Pay by card”" in report.text
    )
    assert "4 linked again, 0 linked already, 0 left" in report.text
    assert again.ids == first.ids
    assert set(again.actions) == {"unchanged"}
    assert scene.writes() == []
    scene.assert_one_each(family)
    assert len(scene.log("link.rebuilt")) == 4


def test_files_and_images_are_recognized_too_and_changes_come_back_again(scene: Scene) -> None:
    first = scene.send_reference("PROD-1")
    scene.deliver()
    lose_links(scene)

    operate(scene.system, "rebuild-links", scene.integration.id)
    again = scene.send_reference("PROD-1")

    assert set(again.actions) == {"unchanged"}, again.body
    assert (scene.uploads(), scene.writes()) == ([], [])
    scene.edit(first.ids[0], title="What an engineer calls it")
    scene.deliver()
    assert scene.aha.feature("PROD-1")["name"] == "What an engineer calls it"


def test_a_text_that_nobody_agreed_on_is_not_overwritten_without_a_conflict(scene: Scene) -> None:
    family = feature()
    item = scene.send(family).ids[0]
    scene.edit(item, title="An engineer's own words")
    lose_links(scene)
    operate(scene.system, "rebuild-links", scene.integration.id)

    again = scene.send(family)

    assert [conflict["field"] for conflict in again.feature["conflicts"]] == ["name"]
    assert scene.items_of(family) == [item]


def named(reference: str) -> Json:
    """What a payload says of a record with this reference."""
    return {"reference_num": reference, "url": f"https://fabrikam.example/records/{reference}"}


@pytest.mark.parametrize("is_known_by_reference", [True, False])
def test_a_parent_that_an_engineer_chose_stays(scene: Scene, is_known_by_reference: bool) -> None:
    one, two = (named("PROD-900-1"), named("PROD-900-2")) if is_known_by_reference else ({}, {})
    family = feature(**named("PROD-900"), requirements=[requirement(**one), requirement(**two)])
    other = scene.send(feature("Another feature", **named("PROD-901"))).ids[0]
    _, moved, _ = scene.send(family).ids
    scene.set_parent(moved, other)
    if not is_known_by_reference:
        # Then the parent at the creation tells, unless the present one is a feature's.
        scene.remove_relation(other, scene.relations(other, "Hyperlink")[0])
    lose_links(scene)

    operate(scene.system, "rebuild-links", scene.integration.id)
    again = scene.send(family)

    assert set(again.actions) == {"unchanged"}
    assert scene.parent(moved) == other


def test_a_dry_run_writes_nothing_and_a_single_work_item_can_be_chosen(scene: Scene) -> None:
    family = feature(requirements=requirements(1))
    item, below = scene.send(family).ids
    lose_links(scene)

    said = operate(scene.system, "rebuild-links", scene.integration.id, "--dry-run")
    dry = operate(scene.system, "rebuild-links", scene.integration.id, "--dry-run")
    one = operate(scene.system, "rebuild-links", scene.integration.id, "--work-item", str(below))

    assert said.code == ExitCode.LEFT
    assert f"would be linked to work item {item}" in said.text
    assert dry.text == said.text
    assert "1 linked again, 0 linked already, 0 left" in one.text
    assert [row for row in link_keys(scene) if row.startswith("w:")] == [f"w:{below:010}"]


def test_a_copy_is_not_taken_for_the_records_work_item(scene: Scene) -> None:
    family = feature()
    item = scene.send(family).ids[0]
    copy = copy_of(scene, item)
    lose_links(scene)

    report = operate(scene.system, "rebuild-links", scene.integration.id)

    assert report.code == ExitCode.LEFT
    assert f"it is linked to work item {item}, and work item {copy} carries its marker, too" in report.text
    assert scene.send(family).ids == [item]


@pytest.mark.parametrize(
    ("operation_id", "words"),
    [
        ("a send that runs", "a send is creating its work item"),
        ("", "a send of it was interrupted; the next send adopts its work item"),
    ],
)
def test_a_claim_is_left_to_the_send_that_it_belongs_to(scene: Scene, operation_id: str, words: str) -> None:
    family = feature()
    item = scene.send(family).ids[0]
    lose_links(scene)
    store = LinkStore(Tables(Secret(scene.system.tables_connection_string)))
    began = datetime.now(timezone.utc) - timedelta(minutes=1)
    claim = Claim(Kind.FEATURE, family["id"], family["reference_num"], operation_id, began, is_inherited=True)
    store.claim(scene.integration.id, [claim])

    report = operate(scene.system, "rebuild-links", scene.integration.id)

    assert report.code == ExitCode.LEFT
    assert f"{family['reference_num']}: left: {words}" in report.text
    assert link_keys(scene) == [f"r:{family['id']}"]
    if not operation_id:
        assert scene.send(family).ids == [item]


def test_a_work_item_that_another_record_has_is_left(scene: Scene) -> None:
    """Given the marker of one record on a work item that somebody linked to another record by hand."""
    family = feature()
    item = scene.send(family).ids[0]
    lose_links(scene)
    linked = scene.api.put(f"/integrations/{scene.integration.id}/features/PROD-2", {"work_item_id": item})
    assert linked.status_code == 200, linked.text

    report = operate(scene.system, "rebuild-links", scene.integration.id)

    assert report.code == ExitCode.LEFT
    assert f"{family['reference_num']}: left: work item {item} is linked to PROD-2" in report.text


def test_an_organization_with_more_matches_than_one_answer_is_asked_in_parts(scene: Scene) -> None:
    family = feature(requirements=requirements(6))
    scene.send(family)
    lose_links(scene)
    scene.azure_devops.control("PUT", "/limits", {"query_results": 2})

    report = operate(scene.system, "rebuild-links", scene.integration.id)

    assert "7 linked again" in report.text


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = feature(requirements=requirements(5))
    first = scene.send(family)
    lose_links(scene)
    insert = link_repairs.insert_links
    remaining = [1]

    def cut_off(table: Table, integration_id: str, links: Sequence[Link]) -> frozenset[str]:
        if not remaining:
            raise KeyboardInterrupt
        remaining.pop()
        return insert(table, integration_id, links)

    monkeypatch.setattr(rebuild, "_AT_ONCE", 2)
    with monkeypatch.context() as cut:
        cut.setattr(rebuild, "insert_links", cut_off)
        stopped = operate(scene.system, "rebuild-links", scene.integration.id)
    report = operate(scene.system, "rebuild-links", scene.integration.id)

    assert (stopped.code, report.code) == (ExitCode.INTERRUPTED, ExitCode.DONE)
    assert "4 linked again, 2 linked already" in report.text
    again = scene.send(family)
    assert again.ids == first.ids
    assert set(again.actions) == {"unchanged"}


def copy_of(scene: Scene, work_item_id: int) -> int:
    """An engineer copies a work item, with its links."""
    marker = scene.relations(work_item_id, "Hyperlink")[0]
    document = [
        {"op": "add", "path": "/fields/System.Title", "value": "A copy"},
        {
            "op": "add",
            "path": "/relations/-",
            "value": {key: marker[key] for key in ("rel", "url", "attributes")},
        },
    ]
    answer = scene.azure_devops.request(
        "POST",
        "/Fabrikam/_apis/wit/workitems/$Feature",
        json=document,
        headers={"content-type": "application/json-patch+json"},
    )
    assert answer.status_code == 200, answer.text
    number: int = answer.json()["id"]
    return number


def link_keys(scene: Scene) -> list[str]:
    return [row["RowKey"] for row in rows_about(scene.system, "Links", scene.integration.id)]
