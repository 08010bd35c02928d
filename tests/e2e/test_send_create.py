"""What a first send makes of a feature in Azure DevOps."""

from __future__ import annotations

import pytest

from tests.e2e.sending_payloads import feature, requirement, requirements
from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene

LONG_NAME = "Prices in the customer's own currency 💶 " * 8
FAMILY = "👨‍👩‍👧‍👦"


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_feature_and_its_requirements_are_created_in_one_request(scene: Scene) -> None:
    sent = scene.send(feature(requirements=requirements(3)))

    assert sent.status == 201
    assert sent.body["status"] == "succeeded"
    assert sent.actions == ["created"] * 4
    assert [request["path"] for request in scene.requests()] == ["/fabrikam/_apis/wit/$batch"]
    assert sent.body["azure_devops_requests"] == 1


def test_work_items_are_of_the_chosen_types_in_the_chosen_area(scene: Scene) -> None:
    sent = scene.send(feature(requirements=requirements(1)))

    top, below = sent.ids
    assert scene.value(top, "System.WorkItemType") == "Feature"
    assert scene.value(below, "System.WorkItemType") == "User Story"
    assert {scene.value(number, "System.AreaPath") for number in sent.ids} == {"Fabrikam\\Web"}


def test_the_answer_names_each_work_item_and_its_page(scene: Scene) -> None:
    sent = scene.send(feature("Pay by card", requirements=[requirement("Card form")]))

    page = scene.item(sent.ids[0])["_links"]["html"]["href"]
    assert sent.feature["work_item"] == {"id": sent.ids[0], "url": page, "type": "Feature", "rev": 1}
    assert sent.requirements[0]["work_item"]["type"] == "User Story"
    assert scene.value(sent.ids[0], TITLE) == "Pay by card"
    assert scene.value(sent.ids[1], TITLE) == "Card form"


def test_requirements_are_created_in_the_order_of_their_position(scene: Scene) -> None:
    last, first, middle = requirement("Last"), requirement("First"), requirement("Middle")
    payload = feature() | {
        "requirements": [last | {"position": 9}, first | {"position": 1}, middle | {"position": 4}]
    }

    sent = scene.send(payload)

    assert [scene.value(number, TITLE) for number in sent.ids[1:]] == ["First", "Middle", "Last"]
    assert sent.ids == sorted(sent.ids)


def test_requirements_are_children_of_the_features_work_item(scene: Scene) -> None:
    sent = scene.send(feature(requirements=requirements(2)))

    top, *below = sent.ids
    assert scene.parent(top) is None
    assert [scene.parent(number) for number in below] == [top, top]


def test_default_fields_are_set_when_a_work_item_is_created_and_never_again(scene: Scene) -> None:
    kind = scene.integration.body["feature"] | {"default_fields": {"Microsoft.VSTS.Common.Priority": 1}}
    assert scene.configure(feature=kind).status_code == 200
    payload = feature()
    (number,) = scene.send(payload).ids
    assert scene.value(number, "Microsoft.VSTS.Common.Priority") == 1

    scene.edit(number, [{"op": "add", "path": "/fields/Microsoft.VSTS.Common.Priority", "value": 4}])
    scene.send(payload | {"name": "Another name"}, "update_feature")

    assert scene.value(number, TITLE) == "Another name"
    assert scene.value(number, "Microsoft.VSTS.Common.Priority") == 4


def test_each_work_item_links_to_its_aha_record_and_says_which_integration_made_it(scene: Scene) -> None:
    payload = feature(requirements=[requirement()])

    sent = scene.send(payload)

    for number, item in zip(sent.ids, [payload, payload["requirements"][0]], strict=True):
        (link,) = scene.relations(number, "Hyperlink")
        assert link["url"] == item["url"]
        assert scene.integration.id in link["attributes"]["comment"]
        assert item["id"] in link["attributes"]["comment"]


def test_the_marker_leads_to_the_aha_account_where_the_payload_has_no_address(scene: Scene) -> None:
    payload = feature()
    del payload["url"]

    (number,) = scene.send(payload).ids

    (link,) = scene.relations(number, "Hyperlink")
    assert link["url"] == f"{scene.aha.account_url}/features/{payload['reference_num']}"


def test_an_empty_description_gets_a_default_and_stays_as_it_is_on_the_next_send(scene: Scene) -> None:
    payload = feature(body="")
    created = scene.send(payload)
    asked = scene.requests()[0]["body"]
    assert '"/fields/System.Description", "value": "<p></p>"' in asked

    assert created.status == 201
    assert scene.send(payload).actions == ["unchanged"]
    assert scene.writes() == []


@pytest.mark.parametrize(
    ("name", "body", "title"),
    [
        (None, "<p>Declined cards get a reason. The basket stays.</p>", "Declined cards get a reason."),
        ("", "<h2>Refunds</h2><p>To the card.</p>", "Refunds"),
        ("  ", "", "Untitled feature"),
        ("Two\nlines\tand   tabs", "<p>x</p>", "Two lines and tabs"),
    ],
)
def test_the_title_of_a_feature_without_a_name_is_made_from_its_description(
    scene: Scene, name: str | None, body: str, title: str
) -> None:
    (number,) = scene.send(feature(name, body)).ids

    assert scene.value(number, TITLE) == title


def test_a_requirement_without_name_and_description_is_an_untitled_one(scene: Scene) -> None:
    sent = scene.send(feature(requirements=[requirement(None, "")]))

    assert scene.value(sent.ids[1], TITLE) == "Untitled requirement"


@pytest.mark.parametrize("name", [LONG_NAME[:300], "x" * 254 + FAMILY * 5, "é" * 300, "💶" * 150])
def test_a_long_name_is_cut_with_an_ellipsis_and_without_splitting_a_character(
    scene: Scene, name: str
) -> None:
    payload = feature(name)

    (number,) = scene.send(payload).ids

    title = scene.value(number, TITLE)
    assert utf16_units(title) <= 255
    assert title.endswith("…")
    assert name.startswith(title[:-1].rstrip())
    assert not title[:-1].endswith("\u200d")
    assert scene.send(payload).actions == ["unchanged"]


def test_html_is_sent_as_it_came_and_kept_as_azure_devops_cleaned_it(scene: Scene) -> None:
    body = "<p>Pay &amp; go<br>with <b>3-D Secure</b></p><script>alert(1)</script>Loose text"
    payload = feature(body=body)

    (number,) = scene.send(payload).ids

    assert "<script>" not in scene.value(number, DESCRIPTION)
    assert "Loose text" in scene.value(number, DESCRIPTION)
    assert scene.send(payload).actions == ["unchanged"]
    assert scene.writes() == []


def test_the_log_tells_of_each_work_item(scene: Scene) -> None:
    sent = scene.send(feature(requirements=requirements(2)))

    created = scene.log("work-item.created")
    assert {entry["detail"]["work_item_id"] for entry in created} == set(sent.ids)
    assert {entry["operation_id"] for entry in created} == {sent.body["operation_id"]}
    assert sent.response.headers["x-operation-id"] == sent.body["operation_id"]
