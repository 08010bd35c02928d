"""Payloads in all the styles in which features have been seen to arrive, and those that are refused."""

from __future__ import annotations

import pytest

from tests.e2e.configuration_bodies import faults_of
from tests.e2e.sending_payloads import Json, feature, requirement
from tests.e2e.sending_scene import TITLE, Scene, Sent

ODD_IDS = [
    "a/b",
    "a#b",
    "a?b",
    "a\\b",
    "a%2Fb",
    "A/B",
    "ä-☃-💶",
    "with space",
    "'quoted'",
    "x" * 254,
    "x" * 255,
]


@pytest.mark.parametrize("style", ["current", "older"])
def test_an_event_as_aha_makes_it_is_sent(scene: Scene, style: str) -> None:
    event = scene.aha.event("PROD-1", style=style)

    sent = scene.post(event)

    assert sent.status == 201
    assert sent.actions == ["created"] * 4
    assert sent.feature["reference_num"] == "PROD-1"
    assert scene.file_names(sent.ids[0]) == ["acceptance criteria.txt", "card.png", "checkout.png"]
    assert scene.post(event).actions == ["unchanged"] * 4


def test_either_style_of_event_finds_what_the_other_one_created(scene: Scene) -> None:
    scene.post(scene.aha.event("PROD-1", style="current"))

    sent = scene.post(scene.aha.event("PROD-1", style="older"))

    assert sent.actions == ["unchanged"] * 4


def test_a_feature_without_an_event_around_it_is_sent(scene: Scene) -> None:
    sent = scene.post({"feature": feature()})

    assert sent.status == 201


NAMELESS: list[Json] = [{"name": ""}, {"name": None}, {"description": ""}, {"name": "", "description": None}]


@pytest.mark.parametrize("texts", NAMELESS)
def test_a_feature_whose_texts_are_empty_is_sent(scene: Scene, texts: Json) -> None:
    sent = scene.post({"feature": {"id": "42", **texts}})

    assert sent.status == 201
    assert scene.value(sent.ids[0], TITLE) == "Untitled feature"


def test_create_feature_for_a_feature_that_was_sent_before_updates_it(scene: Scene) -> None:
    payload = feature()
    first = scene.send(payload, "create_feature")

    again = scene.send(payload | {"name": "Changed"}, "create_feature")

    assert (again.status, again.actions, again.ids) == (200, ["updated"], first.ids)


def test_update_feature_for_a_feature_that_was_never_sent_creates_it(scene: Scene) -> None:
    sent = scene.send(feature(), "update_feature")

    assert (sent.status, sent.actions) == (201, ["created"])


def test_ids_may_be_numbers_and_mean_the_same_as_texts(scene: Scene) -> None:
    payload = feature(requirements=[requirement()])
    first = scene.send(payload)

    numbers = payload | {"id": int(payload["id"])}
    numbers["requirements"] = [item | {"id": int(item["id"])} for item in payload["requirements"]]
    again = scene.send(numbers)

    assert again.actions == ["unchanged", "unchanged"]
    assert again.ids == first.ids
    assert again.feature["id"] == payload["id"]


def test_a_record_that_appears_twice_in_a_payload_is_sent_once(scene: Scene) -> None:
    item = requirement("Card form")
    payload = feature() | {"requirements": [item, requirement("Other"), dict(item)]}

    sent = scene.send(payload)

    assert sent.actions == ["created"] * 3
    assert len(scene.items_of(item)) == 1
    assert scene.send(payload).actions == ["unchanged"] * 3


def test_ids_of_any_characters_are_links_of_their_own(scene: Scene) -> None:
    payload = feature(id="/", requirements=[requirement(id=odd) for odd in ODD_IDS])
    first = scene.send(payload)
    assert (first.status, set(first.actions)) == (201, {"created"})

    again = scene.send(payload)

    assert set(again.actions) == {"unchanged"}
    assert again.ids == first.ids
    assert len(set(first.ids)) == 1 + len(ODD_IDS)
    assert [part["id"] for part in again.records] == ["/", *ODD_IDS]


def test_unknown_keys_of_any_shape_are_ignored(scene: Scene) -> None:
    strange: Json = {"custom_fields": [{"key": 1}], "goals": None, "score": {"deep": [[[]]]}, "💶": "€"}

    sent = scene.post({"event": "create_feature", "delivery": 7, "feature": feature() | strange})

    assert sent.status == 201


@pytest.mark.parametrize(
    "name", ["Line\\u2028separator", "Tab\\tand\\r\\nbreaks", "Bell\\u0007", "Half of a character: \\ud83d"]
)
def test_texts_of_odd_characters_are_sent(scene: Scene, name: str) -> None:
    body = f'{{"feature": {{"id": "1", "name": "{name}", "description": "<p>{name}</p>"}}}}'.encode()
    url = f"/integrations/{scene.integration.id}/features"

    first = Sent(scene.api.post(url, data=body))
    again = Sent(scene.api.post(url, data=body))

    assert (first.status, first.actions) == (201, ["created"])
    assert again.actions == ["unchanged"]


def test_a_payload_of_the_wrong_shape_is_refused_naming_every_fault_and_nothing_is_done(scene: Scene) -> None:
    wrong = {"id": "1", "name": 3, "attachments": {}, "requirements": [{"name": "x"}, 3]}

    answer = scene.post({"event": "delete_feature", "feature": wrong}).response

    assert set(faults_of(answer)) == {
        "/event",
        "/feature/name",
        "/feature/attachments",
        "/feature/requirements/0/id",
        "/feature/requirements/1",
        "/feature/requirements/1/id",
    }
    assert scene.requests() == []


def test_a_body_that_is_no_json_is_refused(scene: Scene) -> None:
    for data in (b"", b"{", b'{"feature": NaN}', b"\xff\xfe", b'"' + b"[" * 5):
        answer = scene.api.post(f"/integrations/{scene.integration.id}/features", data=data)

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json"), data
