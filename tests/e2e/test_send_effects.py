"""A send believes what an answer shows, and one record that fails by a defect stops no other."""

from __future__ import annotations

import pytest

from tests.e2e.reconciling import damage_link, repair_link
from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene


@pytest.mark.parametrize("carried_out", [False, True], ids=["not carried out", "carried out"])
def test_an_update_whose_answer_shows_the_old_values_is_not_agreed(scene: Scene, carried_out: bool) -> None:
    (number,) = scene.send(scene.aha.event("PROD-2")["feature"]).ids
    old = scene.azure_devops.work_item(number)
    scene.aha.edit("PROD-2", name="Named anew")
    scene.azure_devops.add_fault(
        method="PATCH",
        path=f"/wit/workitems/{number}",
        status=200,
        body=old,
        headers={"Content-Type": "application/json"},
        effect="done" if carried_out else "none",
    )

    failed = scene.post(scene.aha.event("PROD-2", "update_feature"))

    assert (failed.status, failed.actions) == (207, ["failed"])
    assert "the new name" in failed.feature["error"]["detail"]
    sent = scene.post(scene.aha.event("PROD-2", "update_feature"))
    assert sent.actions == ["unchanged" if carried_out else "updated"]
    assert scene.value(number, TITLE) == "Named anew"
    assert sent.feature["conflicts"] == []


def test_a_create_whose_answer_shows_no_fields_is_found_by_the_next_send(scene: Scene) -> None:
    body = {"id": 1, "rev": 1, "fields": {}}
    scene.azure_devops.add_fault(
        method="POST|PATCH", path=r"/wit/workitems/\$", status=200, body=body, effect="done"
    )

    first = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.give_claims_up()
    second = scene.post(scene.aha.event("PROD-2"))

    assert (first.status, first.body["code"]) == (503, "azure_devops_unavailable")
    assert second.status in (200, 201)
    assert len(scene.items_of(scene.aha.feature("PROD-2"))) == 1


def test_a_damaged_link_of_a_requirement_stops_that_requirement_only(scene: Scene) -> None:
    for number in (1, 2, 3):
        scene.aha.post("/features/PROD-2/requirements", {"requirement": {"name": f"Requirement {number}"}})
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    broken = sent.ids[2]
    scene.aha.edit("PROD-2", description="<p>Anew</p>")
    for part in sent.requirements:
        scene.aha.edit(part["reference_num"], description="<p>Anew</p>")
    row = damage_link(scene, broken)

    partial = scene.post(scene.aha.event("PROD-2", "update_feature"))

    assert (partial.status, partial.actions) == (207, ["updated", "updated", "failed", "updated"])
    error = partial.requirements[1]["error"]
    assert error["code"] == "internal_error"
    assert "Traceback" not in str(partial.body)
    assert scene.log("record.defect", "error") != []

    repair_link(scene, row)
    whole = scene.post(scene.aha.event("PROD-2", "update_feature"))
    assert whole.actions == ["unchanged", "unchanged", "updated", "unchanged"]
    assert scene.value(broken, DESCRIPTION) == "<p>Anew</p>"
    scene.assert_one_each(scene.aha.feature("PROD-2"))


def test_a_damaged_link_of_a_feature_stops_no_change_of_its_requirements(scene: Scene) -> None:
    scene.aha.post("/features/PROD-2/requirements", {"requirement": {"name": "Requirement"}})
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.aha.edit(sent.requirements[0]["reference_num"], description="<p>Anew</p>")
    row = damage_link(scene, sent.ids[0])

    failed = scene.post(scene.aha.event("PROD-2", "update_feature"))

    assert failed.status == 500
    assert failed.body["code"] == "internal_error"
    assert scene.value(sent.ids[1], DESCRIPTION) == "<p>Anew</p>"
    assert len(scene.items()) == 2

    repair_link(scene, row)
    assert scene.post(scene.aha.event("PROD-2", "update_feature")).actions == ["unchanged", "unchanged"]
