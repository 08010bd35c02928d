"""Work items whose form shows a description in Repro Steps: Bugs, and what an engineer makes a Bug of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sending_payloads import Json, feature, linked_to, requirement
from tests.e2e.sending_scene import A_WRITE, DESCRIPTION, Scene, Sent

REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"
BUGS: Json = {"work_item_type": "Bug", "status_mapping": {"Active": "In progress"}, "default_fields": {}}
TO_BUG: Json = {"op": "add", "path": "/fields/System.WorkItemType", "value": "Bug"}
TO_STORY: Json = {"op": "add", "path": "/fields/System.WorkItemType", "value": "User Story"}


def texts(scene: Scene, number: int) -> tuple[Any, Any]:
    """What Description and Repro Steps say."""
    return scene.value(number, DESCRIPTION), scene.value(number, REPRO_STEPS)


def set_steps(text: str) -> Json:
    return {"op": "add", "path": f"/fields/{REPRO_STEPS}", "value": text}


def send_sample(scene: Scene) -> Sent:
    sent = scene.send(scene.aha.event("PROD-1")["feature"])
    assert sent.status in (200, 201)
    return sent


def a_story(scene: Scene) -> tuple[int, str, Json]:
    """A sent requirement with a description: its work item, its reference and its payload."""
    sent = send_sample(scene)
    part = next(one for one in sent.requirements if one["reference_num"] == "PROD-1-1")
    payload = scene.aha.event("PROD-1")["feature"]
    return part["work_item"]["id"], "PROD-1-1", payload


def test_the_description_of_a_bug_is_sent_to_repro_steps_and_comes_back(scene: Scene) -> None:
    scene.configure(requirement=BUGS)
    number, reference, payload = a_story(scene)
    (of_work_item, of_record) = texts(scene, number), scene.aha.requirement(reference)["description"]["body"]
    assert of_work_item[0] is None
    assert of_work_item[1]
    scene.deliver()
    assert scene.send(payload).actions == ["unchanged"] * 4

    scene.edit(number, [set_steps("<div>Click <b>twice</b></div>")])
    (answer,) = scene.deliver()

    assert answer["result"] == "updated"
    body = scene.aha.requirement(reference)["description"]["body"]
    assert body == "<p>Click <b>twice</b></p>" != of_record


def test_repro_steps_in_markdown_are_told_that_html_comes(scene: Scene) -> None:
    scene.configure(feature=BUGS)
    payload = feature("Pay by card", "<p>One</p>")
    (number,) = scene.send(payload).ids
    in_markdown = {"op": "add", "path": f"/multilineFieldsFormat/{REPRO_STEPS}", "value": "Markdown"}
    scene.edit(number, [set_steps("**One**"), in_markdown])

    scene.send({**payload, "description": {"body": "<p>Two</p>"}})

    assert texts(scene, number) == (None, "<p>Two</p>")
    (write,) = scene.writes()
    assert f"/multilineFieldsFormat/{REPRO_STEPS}" in str(write)


def test_a_dry_run_and_a_validated_create_use_the_same_field(scene: Scene) -> None:
    scene.configure(requirement=BUGS, feature=BUGS)

    answer = scene.send(feature("Pay", "<p>One</p>"), dry_run="true")

    assert answer.actions == ["created"]
    (asked,) = scene.requests("/wit/workitems/$Bug")
    assert REPRO_STEPS in str(asked)
    assert DESCRIPTION not in str(asked)


def test_a_text_stays_when_an_engineer_changes_the_type_and_the_next_send_shows_it(scene: Scene) -> None:
    number, reference, payload = a_story(scene)
    before = scene.aha.requirement(reference)["description"]["body"]
    (text, _) = texts(scene, number)
    scene.deliver()

    scene.edit(number, [TO_BUG])
    assert [answer["result"] for answer in scene.deliver()] == ["unchanged"]
    assert scene.aha.requirement(reference)["description"]["body"] == before

    sent = scene.send(payload)
    assert sent.actions.count("updated") == 1
    assert [part["conflicts"] for part in sent.records] == [[]] * 4
    assert texts(scene, number) == (text, text)
    assert [answer["result"] for answer in scene.deliver()] == ["unchanged"]
    assert scene.send(payload).actions == ["unchanged"] * 4


def test_a_type_that_changes_there_and_back_brings_no_old_text(scene: Scene) -> None:
    number, reference, payload = a_story(scene)
    scene.edit(number, [TO_BUG])
    scene.deliver()
    scene.send(payload)
    scene.edit(number, [set_steps("<div>Newer</div>")])
    scene.deliver()
    assert scene.aha.requirement(reference)["description"]["body"] == "<p>Newer</p>"

    scene.edit(number, [TO_STORY])

    assert [answer["result"] for answer in scene.deliver()] == ["unchanged"]
    assert scene.aha.requirement(reference)["description"]["body"] == "<p>Newer</p>"
    scene.send(scene.aha.event("PROD-1")["feature"])
    assert "Newer" in scene.value(number, DESCRIPTION)


def test_repro_steps_that_an_engineer_empties_are_emptied_in_aha(scene: Scene) -> None:
    number, reference, payload = a_story(scene)
    scene.edit(number, [TO_BUG])
    scene.send(payload)
    scene.deliver()

    scene.edit(number, [set_steps("")])
    scene.deliver()

    assert scene.aha.requirement(reference)["description"]["body"] == ""


def test_bugs_that_an_older_version_sent_to_description_keep_their_text(scene: Scene) -> None:
    """Given links without a field, and texts in Description, when an engineer edits the title, then nothing is lost."""
    scene.configure(requirement={**BUGS, "description_field": DESCRIPTION})
    number, reference, payload = a_story(scene)
    before = scene.aha.requirement(reference)["description"]["body"]
    (text, _) = texts(scene, number)
    scene.take_out_of_link_rows("description_field", "other_text")
    scene.configure(requirement=BUGS)

    scene.edit(number, title="Named by an engineer")
    scene.deliver()

    assert scene.aha.requirement(reference)["description"]["body"] == before
    scene.send({**payload, "updated_at": None})
    assert texts(scene, number) == (text, text)


def test_a_chosen_field_is_kept_in_the_configuration(scene: Scene) -> None:
    chosen = {**BUGS, "description_field": DESCRIPTION}
    assert scene.configure(requirement=chosen).json()["requirement"] == chosen
    number, _, _ = a_story(scene)

    assert texts(scene, number)[0]
    assert texts(scene, number)[1] is None


def test_an_interrupted_create_of_a_bug_is_found_with_its_base(scene: Scene) -> None:
    """Given a create whose answer was lost, and a change of type since, when it is sent again, then it is adopted."""
    scene.configure(feature={**BUGS, "status_mapping": {}})
    payload = feature("Pay by card", "<p>One</p>")
    scene.azure_devops.add_fault(path=A_WRITE, cut="after")
    sent = scene.send(payload)

    assert sent.actions == ["created"]
    (number,) = sent.ids
    assert texts(scene, number) == (None, "<p>One</p>")
    assert scene.send(payload).actions == ["unchanged"]


def test_an_adopted_bug_whose_text_another_integration_hid_shows_it(scene: Scene) -> None:
    """Given a Bug with the text in Description, as Aha!'s own integration writes it."""
    scene.configure(requirement=BUGS)
    made = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": "Bug", "title": "Pay"})
    number = made["ids"][0]
    scene.edit(number, description="<p>Body</p>")
    below = requirement("Pay", integration_fields=linked_to(str(number)))
    below["description"] = {"body": "<p>Body</p>", "attachments": []}

    sent = scene.send(feature(requirements=[below]))

    assert sent.ids[1] == number
    assert texts(scene, number) == ("<p>Body</p>", "<p>Body</p>")


@pytest.mark.parametrize("kind", ["feature", "requirement"])
def test_the_connection_test_names_a_type_that_lacks_the_chosen_field(scene: Scene, kind: str) -> None:
    mapping = {**scene.integration.body[kind], "description_field": REPRO_STEPS}
    scene.configure(**{kind: mapping})

    answer = scene.api.post("/test-connection", json={"integration_id": scene.integration.id})

    assert answer.status_code == 422
    assert f"Descriptions of {kind}s would be written to the field Repro Steps" in answer.json()["detail"]
