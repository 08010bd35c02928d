"""Connections cut before or after Azure DevOps acted: at most one more send, and never a second work item."""

from __future__ import annotations

import pytest

from tests.e2e.sending_payloads import feature, linked_to, requirement, requirements
from tests.e2e.sending_scene import A_WRITE, DESCRIPTION, TITLE, Scene, Sent
from tests.e2e.system import eventually

MOMENTS = ["before", "after"]


def completed(scene: Scene, sent: Sent, payload: dict[str, object]) -> Sent:
    """The send's outcome, or that of the one more that it asks for; a connection was cut."""
    assert any(fault["fired"] for fault in scene.azure_devops.control("GET", "/faults")["faults"])
    if sent.status in (202, 503, 207):
        assert sent.status == 207 or int(sent.response.headers["retry-after"]) > 0
        scene.give_claims_up()
        sent = scene.send(payload)
    assert sent.status in (200, 201), sent.response.text
    assert sent.body["status"] == "succeeded"
    return sent


@pytest.mark.parametrize(("moment", "times"), [("before", 1), ("after", 1), ("after", 2)])
def test_a_new_feature_with_requirements(scene: Scene, moment: str, times: int) -> None:
    scene.azure_devops.add_fault(path=r"\$batch", cut=moment, times=times)
    payload = feature(requirements=requirements(3))

    sent = completed(scene, scene.send(payload), payload)

    assert [scene.value(number, TITLE) for number in sent.ids[1:]] == [
        f"Requirement {number}" for number in (1, 2, 3)
    ]
    scene.assert_one_each(payload)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_feature_alone(scene: Scene, moment: str) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, cut=moment)
    payload = feature()

    completed(scene, scene.send(payload), payload)

    scene.assert_one_each(payload)


def test_a_new_requirement_of_a_feature_that_exists(scene: Scene) -> None:
    payload = feature(requirements=[requirement("Old")])
    scene.send(payload)
    payload["requirements"].append(requirement("New"))
    scene.azure_devops.add_fault(path=A_WRITE, cut="after")

    completed(scene, scene.send(payload), payload)

    scene.assert_one_each(payload)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_update(scene: Scene, moment: str) -> None:
    payload = feature()
    (number,) = scene.send(payload).ids
    payload["name"] = "Named anew"
    scene.azure_devops.add_fault(path=A_WRITE, cut=moment)

    completed(scene, scene.send(payload), payload)

    assert scene.value(number, TITLE) == "Named anew"
    assert scene.item(number)["rev"] == 2
    assert scene.send(payload).actions == ["unchanged"]
    scene.assert_one_each(payload)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_batch_of_updates_and_creates(scene: Scene, moment: str) -> None:
    payload = feature(requirements=requirements(3))
    ids = scene.send(payload).ids
    payload["name"] = "Named anew"
    payload["requirements"][1]["name"] = "Named anew, too"
    payload["requirements"].append(requirement("New"))
    scene.azure_devops.add_fault(path=r"\$batch", cut=moment)

    sent = completed(scene, scene.send(payload), payload)

    assert sent.ids[:4] == ids
    assert scene.value(ids[0], TITLE) == "Named anew"
    assert scene.value(ids[2], TITLE) == "Named anew, too"
    assert scene.item(ids[0])["rev"] == 2
    scene.assert_one_each(payload)


def test_the_second_of_three_batches(scene: Scene) -> None:
    payload = feature(requirements=requirements(110))
    scene.azure_devops.add_fault(path=r"\$batch", cut="after", skip=1)

    completed(scene, scene.send(payload), payload)

    scene.assert_one_each(payload)


@pytest.mark.parametrize("is_named", [False, True])
def test_what_an_engineer_wrote_into_a_work_item_whose_answer_was_lost_is_not_overwritten(
    scene: Scene, is_named: bool
) -> None:
    """`is_named`: Aha! has the link back already, which is written beside the storing of links."""
    scene.azure_devops.add_fault(path=A_WRITE, cut="after")
    scene.azure_devops.add_fault(path="/wiql", status=503, times=None)
    payload = feature("Pay by card")
    assert scene.send(payload).status in (202, 503)
    scene.azure_devops.clear_faults()
    (number,) = scene.items_of(payload)
    scene.edit(number, title="Named by an engineer")
    scene.give_claims_up()
    if is_named:
        payload["integration_fields"] = linked_to(str(number))

    sent = scene.send(payload)

    assert (sent.ids, sent.feature["conflicts"]) == ([number], [])
    assert scene.value(number, TITLE) == "Named by an engineer"
    scene.assert_one_each(payload)


def test_what_aha_changed_since_a_lost_answer_is_written_to_the_work_item_that_is_found(scene: Scene) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, cut="after")
    scene.azure_devops.add_fault(path="/wiql", status=503, times=None)
    payload = feature("Pay by card")
    assert scene.send(payload).status in (202, 503)
    scene.azure_devops.clear_faults()
    (number,) = scene.items_of(payload)
    scene.give_claims_up()

    sent = scene.send(payload | {"name": "Pay by any card", "description": "<p>Anew</p>"})

    assert (sent.ids, sent.feature["conflicts"]) == ([number], [])
    assert (scene.value(number, TITLE), scene.value(number, DESCRIPTION)) == (
        "Pay by any card",
        "<p>Anew</p>",
    )
    scene.assert_one_each(payload)


def test_a_token_that_is_refused_while_a_lost_create_is_looked_for_makes_no_second_work_item(
    scene: Scene,
) -> None:
    page, html = "<!DOCTYPE html><html><body>Sign in</body></html>", {"Content-Type": "text/html"}
    scene.azure_devops.add_fault(path=A_WRITE, cut="after")
    scene.azure_devops.add_fault(path="/wiql", status=203, body=page, headers=html, times=None)
    payload = feature(requirements=requirements(2))
    refused = scene.send(payload)
    assert (refused.status, refused.body["code"]) == (422, "azure_devops_credentials_rejected")
    scene.azure_devops.clear_faults()
    scene.give_claims_up()

    sent = scene.send(payload)

    assert sent.body["status"] == "succeeded"
    scene.assert_one_each(payload)


PAGE = {"body": "<title>A timeout occurred</title>", "headers": {"Content-Type": "text/html"}}
UNEXPECTED = {"body": {"message": "TF401349: An unexpected error has occurred. Verify your request."}}


@pytest.mark.parametrize(
    ("status", "answer"),
    [(520, PAGE), (524, PAGE), (403, PAGE), (400, UNEXPECTED), (200, PAGE), (400, {"body": ""})],
    ids=["520", "524", "403 by a proxy", "TF401349", "200 with a page", "400 without a word"],
)
@pytest.mark.parametrize("count", [0, 2])
def test_an_answer_of_another_hand_after_the_effect_makes_nothing_twice(
    scene: Scene, status: int, answer: dict[str, object], count: int
) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, status=status, effect="done", **answer)
    payload = feature(requirements=requirements(count))

    completed(scene, scene.send(payload), payload)

    scene.assert_one_each(payload)


@pytest.mark.parametrize(("status", "count"), [(504, 0), (408, 2), (503, 0)])
def test_a_create_that_goes_on_behind_a_gateway_that_gave_up_waiting_is_made_once(
    scene: Scene, status: int, count: int
) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, delay_ms=2200)
    scene.azure_devops.add_fault(path=A_WRITE, status=status, effect_after_ms=6000, **PAGE)
    payload = feature(requirements=requirements(count))

    first = scene.send(payload)
    eventually(lambda: scene.items_of(payload))

    assert first.status == 503
    completed(scene, first, payload)
    scene.assert_one_each(payload)


@pytest.mark.parametrize("status", [502, 503, 504, 524])
def test_a_create_that_a_proxy_turns_away_at_once_is_repeated_after_a_search(
    scene: Scene, status: int
) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, status=status, **PAGE)
    payload = feature(requirements=requirements(2))

    sent = scene.send(payload)

    assert sent.status == 201
    scene.assert_one_each(payload)


@pytest.mark.parametrize(("status", "answer"), [(522, PAGE), (400, UNEXPECTED)], ids=["522", "TF401349"])
@pytest.mark.parametrize("effect", ["none", "done"])
def test_an_update_that_is_answered_by_another_hand_is_carried_through(
    scene: Scene, status: int, answer: dict[str, object], effect: str
) -> None:
    payload = feature()
    scene.send(payload)
    payload = {**payload, "name": "Another name"}
    scene.azure_devops.add_fault(path=A_WRITE, status=status, effect=effect, **answer)

    sent = completed(scene, scene.send(payload), payload)

    assert scene.value(sent.ids[0], TITLE) == "Another name"
    scene.assert_one_each(payload)
