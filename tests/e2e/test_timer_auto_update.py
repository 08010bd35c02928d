"""Auto-update: the timer sends linked features that changed in Aha!, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from azure.data.tables import TableClient, TableServiceClient

from tests.e2e.reconciling import (
    damage_link,
    date_last_save_ahead,
    minutes_pass,
    notes,
    reconcile,
    repair_link,
)
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene


@pytest.fixture
def updated(scene: Scene) -> Scene:
    """The integration with auto_update."""
    assert scene.configure(auto_update=True).ok
    return scene


def send(scene: Scene, reference: str = "PROD-2") -> int:
    """Send a feature by hand; its work item."""
    sent = scene.post(scene.aha.event(reference))
    assert sent.status == 201, sent.body
    number: int = sent.ids[0]
    return number


def links_table(scene: Scene) -> TableClient:
    tables = TableServiceClient.from_connection_string(scene.system.tables_connection_string)
    return tables.get_table_client("Links")


def progress(scene: Scene) -> Json:
    """The row that says what of Aha! was looked at."""
    return dict(links_table(scene).get_entity(scene.integration.id, "aha-progress"))


def quarter_of_an_hour_passes(scene: Scene) -> None:
    """As if no later look went back to what changed before."""
    row = progress(scene)
    late = (datetime.fromisoformat(row["features_until"]) + timedelta(minutes=15)).isoformat()
    times = {"features_until": late, "requirements_since": late, "round_began": late}
    links_table(scene).update_entity({**row, **times})
    minutes_pass(scene)


def note_a_change(scene: Scene) -> int:
    """A linked feature changed while Azure DevOps was down, which the timer noted; its work item."""
    number = send(scene)
    reconcile(scene)
    scene.aha.edit("PROD-2", name="Named anew")
    scene.azure_devops.add_fault(path="/_apis/wit/", status=503, times=None)
    reconcile(scene)
    scene.azure_devops.clear_faults()
    assert [note["is_change"] for note in notes(scene)] == [True]
    quarter_of_an_hour_passes(scene)
    return number


def listings(scene: Scene) -> list[str]:
    """The queries of the last run for changed features."""
    return [one["query"] for one in scene.aha_requests("GET") if one["path"].endswith("/PROD/features")]


@pytest.mark.contract
def test_a_changed_feature_is_sent(updated: Scene) -> None:
    number = send(updated)
    updated.aha.edit("PROD-2", name="Named anew")

    reconcile(updated)

    assert updated.value(number, TITLE) == "Named anew"
    (entry,) = updated.log("feature.changed", "info")
    assert "PROD-2" in entry["message"]
    sent = updated.log("work-item.updated")[0]
    assert sent["operation_id"] == entry["operation_id"]
    assert notes(updated) == []


@pytest.mark.parametrize("touches", [False, True], ids=["not its feature's", "its feature's, too"])
def test_a_changed_requirement_is_sent(updated: Scene, touches: bool) -> None:
    """Given an Aha! in which the change of a requirement is one of its feature, or not."""
    updated.aha.control("PUT", "/behaviour", {"requirements_touch_features": touches})
    send(updated, "PROD-1")
    reconcile(updated)
    updated.aha.edit("PROD-1-2", name="Named anew")

    reconcile(updated)

    (number,) = updated.items_of(updated.aha.requirement("PROD-1-2"))
    assert updated.value(number, TITLE) == "Named anew"


def test_a_new_requirement_and_a_new_file_are_sent(updated: Scene) -> None:
    number = send(updated)
    body = {"requirement": {"name": "Found later"}}
    made = updated.aha.post("/features/PROD-2/requirements", body).json()["requirement"]
    updated.attach("PROD-2", "late.txt")

    reconcile(updated)

    (child,) = updated.items_of(made)
    assert (updated.value(child, TITLE), updated.parent(child)) == ("Found later", number)
    assert updated.file_names(number) == ["late.txt"]


def test_a_changed_feature_is_sent_where_the_prefix_was_written_in_lower_case(scene: Scene) -> None:
    assert scene.configure(product_id="prod", auto_update=True).ok
    number = send(scene)
    scene.aha.edit("PROD-2", name="Named anew")

    reconcile(scene)

    assert scene.value(number, TITLE) == "Named anew"


def test_a_feature_that_was_never_sent_is_not_sent(updated: Scene) -> None:
    updated.aha.edit("PROD-2", name="Named anew")

    reconcile(updated)

    assert updated.items() == {}
    assert notes(updated) == []


def test_a_feature_that_was_unlinked_is_not_sent(updated: Scene) -> None:
    number = send(updated)
    updated.aha.edit("PROD-2", name="Named anew")
    assert updated.api.delete(f"/integrations/{updated.integration.id}/features/PROD-2").status_code == 204

    reconcile(updated)

    assert updated.value(number, TITLE) != "Named anew"


def test_a_requirement_that_was_unlinked_gets_no_new_work_item_until_somebody_sends_it(
    updated: Scene,
) -> None:
    """Given an Aha! that also counts the removal of the link back as a change."""
    updated.aha.control("PUT", "/behaviour", {"integration_fields_touch": True})
    assert updated.configure(auto_update=True, aha={**updated.integration.body["aha"], "link_back": "all"}).ok
    number = send(updated, "PROD-1")
    before = set(updated.items())
    path = f"/integrations/{updated.integration.id}/features/PROD-1-2"
    assert updated.api.delete(path).status_code == 204
    updated.aha.edit("PROD-1", name="Named anew")

    reconcile(updated)
    reconcile(updated)

    assert updated.value(number, TITLE) == "Named anew"
    assert set(updated.items()) == before
    assert updated.send_reference("PROD-1").actions == ["unchanged", "created", "unchanged", "unchanged"]


def test_what_a_notification_wrote_is_no_change(updated: Scene) -> None:
    number = send(updated)
    updated.edit(number, title="Named by an engineer", description="<p>Anew</p>", state="Active")
    updated.deliver()
    assert updated.aha.feature("PROD-2")["name"] == "Named by an engineer"
    before = updated.item(number)["rev"]
    reconcile(updated)
    quiet = len(updated.log())

    reconcile(updated)

    assert updated.item(number)["rev"] == before
    assert updated.writes() == []
    assert updated.log("feature.changed") == []
    assert {one["event"] for one in updated.log()[: len(updated.log()) - quiet]} <= {"azure-devops.request"}


def test_what_was_sent_by_hand_is_not_sent_again(updated: Scene) -> None:
    send(updated, "PROD-1")

    reconcile(updated)

    assert updated.log("feature.changed") == []
    assert updated.writes() == []


def test_a_feature_whose_new_work_item_was_refused_is_sent_after_its_next_change(updated: Scene) -> None:
    """Given a linked feature whose work item was deleted."""
    number = send(updated)
    reconcile(updated)
    updated.azure_devops.delete_work_item(number)
    updated.aha.edit("PROD-2", name="Refused")
    refusal = {"message": "TF401320: Refused."}
    updated.azure_devops.add_fault(path=A_WRITE, status=400, body=refusal, times=None)
    reconcile(updated)
    assert (updated.items(), notes(updated)) == ({}, [])
    updated.azure_devops.clear_faults()
    updated.aha.edit("PROD-2", name="Named anew")

    reconcile(updated)

    assert [item["fields"][TITLE] for item in updated.items().values()] == ["Named anew"]


def test_a_refused_feature_does_not_stop_another_one(updated: Scene) -> None:
    first, second = send(updated, "PROD-2"), send(updated, "PROD-4")
    updated.aha.edit("PROD-2", name="Named anew")
    updated.aha.edit("PROD-4", name="Named anew, too")
    updated.azure_devops.add_fault(
        path=rf"/workitems/{first}\?",
        method="PATCH",
        status=400,
        body={"message": "TF401320: Refused."},
        times=None,
    )

    reconcile(updated)

    assert updated.value(second, TITLE) == "Named anew, too"
    assert updated.value(first, TITLE) != "Named anew"
    assert notes(updated) == []


@pytest.mark.parametrize("status", [503, 401], ids=["an outage", "a token that expired"])
def test_a_feature_that_failed_for_now_is_sent_by_a_later_run(updated: Scene, status: int) -> None:
    number = send(updated)
    updated.aha.edit("PROD-2", name="Named anew")
    updated.azure_devops.add_fault(path="/_apis/wit/", status=status, times=None)
    reconcile(updated)
    assert updated.value(number, TITLE) != "Named anew"
    updated.azure_devops.clear_faults()
    minutes_pass(updated)

    reconcile(updated)

    assert updated.value(number, TITLE) == "Named anew"
    assert notes(updated) == []


def test_the_progress_does_not_pass_a_page_that_failed(updated: Scene) -> None:
    """Given more changed features than a page has, of which the second page fails."""
    for number in range(205):
        made = updated.aha.post("/releases/PROD-R-1/features", {"feature": {"name": f"Feature {number}"}})
        assert made.ok
    number = send(updated)
    reconcile(updated)
    before = progress(updated)["features_until"]
    updated.aha.edit("PROD-2", name="Named anew")
    updated.aha.add_fault(path=r"/products/PROD/features\?.*&page=2", status=503, times=None)

    reconcile(updated)

    assert progress(updated)["features_until"] == before
    updated.aha.clear_faults()
    reconcile(updated)
    assert updated.value(number, TITLE) == "Named anew"
    assert len(listings(updated)) == 2
    assert progress(updated)["features_until"] > before


def test_the_look_begins_some_minutes_before_the_last_one_by_the_clock_of_aha(updated: Scene) -> None:
    reconcile(updated)
    until = datetime.fromisoformat(progress(updated)["features_until"])

    reconcile(updated)

    since = listings(updated)[0].split("updated_since=")[1].split("&")[0]
    moment = datetime.fromisoformat(since.replace("Z", "+00:00"))
    assert (until - moment).total_seconds() == 600


def test_a_save_does_not_move_the_start_while_aha_was_never_asked(updated: Scene) -> None:
    """Given a token of Aha! that was wrong from the start, and is replaced two hours later."""
    number = send(updated)
    updated.aha.edit("PROD-2", name="Named anew")
    updated.aha.add_fault(path="/products/PROD", status=401, times=None)
    reconcile(updated)
    updated.aha.clear_faults()
    date_last_save_ahead(updated, hours=2)

    reconcile(updated)

    assert updated.value(number, TITLE) == "Named anew"


def switch_off(scene: Scene) -> None:
    scene.configure(auto_update=False)


def leave_out(scene: Scene) -> None:
    scene.configure()


def disable(scene: Scene) -> None:
    scene.configure(auto_update=True, enabled=False)


def without_aha(scene: Scene) -> None:
    scene.configure(auto_update=True, aha=None)


@pytest.mark.parametrize("change", [switch_off, leave_out, disable, without_aha])
def test_without_auto_update_nothing_is_looked_at(scene: Scene, change: Callable[[Scene], None]) -> None:
    number = send(scene)
    change(scene)
    scene.aha.edit("PROD-2", name="Named anew")

    reconcile(scene)

    assert listings(scene) == []
    assert scene.value(number, TITLE) != "Named anew"


@pytest.mark.parametrize("change", [switch_off, disable, without_aha])
def test_a_noted_change_is_sent_once_changes_are_sent_again(
    updated: Scene, change: Callable[[Scene], None]
) -> None:
    number = note_a_change(updated)
    change(updated)
    reconcile(updated)
    assert updated.value(number, TITLE) != "Named anew"
    updated.configure(auto_update=True)

    reconcile(updated)

    assert updated.value(number, TITLE) == "Named anew"
    assert notes(updated) == []


def test_a_noted_change_outlasts_a_send_of_another_part(updated: Scene) -> None:
    number = note_a_change(updated)
    form = {"id": updated.aha.feature("PROD-2")["id"], "description": "<p>From a form</p>"}

    assert updated.post({"feature": form}).actions == ["updated"]

    minutes_pass(updated)
    reconcile(updated)
    assert updated.value(number, TITLE) == "Named anew"
    assert notes(updated) == []


def test_a_noted_change_that_aha_does_not_show_for_a_while_is_sent_later(updated: Scene) -> None:
    number = note_a_change(updated)
    updated.aha.edit("PROD-2", hidden=True)
    reconcile(updated)
    assert updated.log("send.resume-failed", "error")[0]["detail"]["code"] == "aha_not_found"
    updated.aha.edit("PROD-2", hidden=False)
    quarter_of_an_hour_passes(updated)

    reconcile(updated)

    assert updated.value(number, TITLE) == "Named anew"
    assert notes(updated) == []


@pytest.mark.parametrize("changed", ["PROD-1", "PROD-1-2"])
def test_a_change_behind_a_damaged_link_is_sent_once_the_link_is_repaired(
    updated: Scene, changed: str
) -> None:
    """Given an Aha! in which the change of a requirement is none of its feature."""
    updated.aha.control("PUT", "/behaviour", {"requirements_touch_features": False})
    feature = send(updated, "PROD-1")
    reconcile(updated)
    updated.aha.edit(changed, name="Named anew")
    row = damage_link(updated, feature)
    reconcile(updated)
    assert updated.log("send.resume-failed", "error")
    repair_link(updated, row)
    quarter_of_an_hour_passes(updated)

    reconcile(updated)

    records = {record["reference_num"]: record for record in updated.aha.records()}
    (number,) = updated.items_of(records[changed])
    assert updated.value(number, TITLE) == "Named anew"
    assert notes(updated) == []


def test_a_work_item_that_is_made_anew_and_whose_answer_is_lost_is_found_by_a_later_run(
    updated: Scene,
) -> None:
    """Given a changed feature whose work item was deleted."""
    number = send(updated)
    reconcile(updated)
    updated.azure_devops.delete_work_item(number)
    updated.aha.edit("PROD-2", name="Named anew")
    updated.azure_devops.add_fault(path="/wit/wiql", status=503, times=None)
    updated.azure_devops.add_fault(path=r"/wit/(\$batch|workitems/\$)", cut="after", times=None)
    reconcile(updated)
    assert [note["is_change"] for note in notes(updated)] == [False]
    updated.azure_devops.clear_faults()
    minutes_pass(updated)

    reconcile(updated)

    assert list(updated.link_rows()) == sorted(updated.items())
    assert notes(updated) == []
