"""Work items that another integration of Aha! linked to a record are taken over instead of created again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sending_payloads import feature, linked_to, requirement
from tests.e2e.sending_scene import A_WRITE, DESCRIPTION, TITLE, Scene


def existing(scene: Scene, kind: str = "Feature", title: str = "Made by hand") -> int:
    """A work item that somebody else made."""
    made = scene.azure_devops.control("POST", "/work_items", {"count": 1, "type": kind, "title": title})
    (number,) = made["ids"]
    return int(number)


@pytest.mark.parametrize("service", ["tfs", "vsts"])
@pytest.mark.parametrize("as_text", [True, False])
def test_the_work_item_that_aha_names_is_updated_not_created_again(
    scene: Scene, service: str, as_text: bool
) -> None:
    number = existing(scene)
    named: Any = str(number) if as_text else number
    payload = feature("Pay by card", integration_fields=linked_to(named, service))

    sent = scene.send(payload)

    assert (sent.status, sent.actions, sent.ids) == (200, ["updated"], [number])
    assert scene.value(number, TITLE) == "Pay by card"
    assert list(scene.items()) == [number]
    assert scene.send(payload).actions == ["unchanged"]


def test_a_work_item_is_adopted_for_an_interrupted_send_that_created_none(scene: Scene) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, cut="before", times=None)
    scene.azure_devops.add_fault(path="/wiql", status=503, times=None)
    payload = feature("Pay by card")
    assert scene.send(payload).status in (202, 503)
    scene.azure_devops.clear_faults()
    scene.give_claims_up()
    number = existing(scene)

    sent = scene.send(payload | {"integration_fields": linked_to(str(number))})

    assert (sent.actions, sent.ids) == (["updated"], [number])
    assert scene.claims() == []


def test_an_adopted_work_item_that_says_the_same_already_is_not_written(scene: Scene) -> None:
    number = existing(scene, title="Same")
    payload = feature("Same 1", body="", integration_fields=linked_to(str(number)))

    sent = scene.send(payload)

    assert (sent.status, sent.actions, sent.ids) == (200, ["unchanged"], [number])
    assert scene.writes() == []


def test_adopting_with_nothing_to_say_leaves_what_an_engineer_wrote(scene: Scene) -> None:
    """Given a record without a description, when its work item is adopted, then that one keeps its own."""
    number = existing(scene)
    scene.edit(number, description="<p>Written by an engineer</p>")

    sent = scene.send(feature("Pay by card", "", integration_fields=linked_to(str(number))))

    assert sent.feature["conflicts"] == [{"field": "name", "kept": "aha", "overwritten_rev": 2}]
    assert scene.value(number, DESCRIPTION) == "<p>Written by an engineer</p>"


def test_what_adoption_overwrites_is_reported(scene: Scene) -> None:
    number = existing(scene)
    scene.edit(number, description="<p>Written by an engineer.</p>")

    sent = scene.send(feature(body="<p>From Aha!</p>", integration_fields=linked_to(str(number))))

    assert scene.value(number, DESCRIPTION) == "<p>From Aha!</p>"
    assert {"field": "description", "kept": "aha", "overwritten_rev": 2} in sent.feature["conflicts"]


def test_an_adopted_requirement_goes_below_the_feature(scene: Scene) -> None:
    number = existing(scene, "User Story")

    sent = scene.send(feature(requirements=[requirement(integration_fields=linked_to(str(number)))]))

    assert (sent.status, sent.actions) == (201, ["created", "updated"])
    assert sent.ids[1] == number
    assert scene.parent(number) == sent.ids[0]


def test_ids_of_other_services_are_not_taken_for_work_items(scene: Scene) -> None:
    number = existing(scene, "User Story")
    services = ["jira", "github_issues", "", "TFS2"]

    sent = scene.send(
        feature(
            requirements=[requirement(integration_fields=linked_to(str(number), name)) for name in services]
        )
    )

    assert (sent.status, set(sent.actions)) == (201, {"created"})
    assert number not in sent.ids


def test_what_is_no_work_items_id_is_ignored(scene: Scene) -> None:
    number = existing(scene, "User Story")
    strange: list[Any] = [
        "",
        "0",
        "-1",
        f"{number}.5",
        "abc",
        "99999999999999",
        None,
        [number],
        {"id": number},
    ]

    sent = scene.send(
        feature(requirements=[requirement(integration_fields=linked_to(value)) for value in strange])
    )

    assert (sent.status, set(sent.actions)) == (201, {"created"})
    assert number not in sent.ids


def test_a_work_item_of_another_type_is_not_adopted_and_the_log_says_so(scene: Scene) -> None:
    number = existing(scene, "Bug", "A bug")

    sent = scene.send(feature(integration_fields=linked_to(str(number))))

    assert (sent.status, sent.actions) == (201, ["created"])
    assert scene.value(number, TITLE) == "A bug 1"
    (entry,) = scene.log("work-item.not-adopted")
    assert entry["detail"]["work_item_id"] == number


def test_a_work_item_that_is_gone_is_created_anew(scene: Scene) -> None:
    sent = scene.send(feature(integration_fields=linked_to("4711")))

    assert (sent.status, sent.actions) == (201, ["created"])


def test_a_work_item_that_two_records_name_belongs_to_the_first(scene: Scene) -> None:
    number = existing(scene)
    first = scene.send(feature("First", integration_fields=linked_to(str(number))))

    second = scene.send(feature("Second", integration_fields=linked_to(str(number))))

    assert first.ids == [number]
    assert (second.status, second.actions) == (201, ["created"])
    assert scene.value(number, TITLE) == "First"


def test_two_requirements_of_one_payload_that_name_the_same_work_item_get_one_each(scene: Scene) -> None:
    number = existing(scene, "User Story")
    fields = linked_to(str(number))

    sent = scene.send(
        feature(
            requirements=[
                requirement("One", integration_fields=fields),
                requirement("Two", integration_fields=fields),
            ]
        )
    )

    assert sent.body["status"] == "succeeded"
    assert number in sent.ids
    assert len(set(sent.ids)) == 3
    titles = {scene.value(ident, TITLE) for ident in sent.ids[1:]}
    assert titles == {"One", "Two"}
    assert [scene.value(ident, TITLE) for ident in sent.ids[1:]] == ["One", "Two"]
    assert scene.claims() == []


def in_project(scene: Scene, project: str, kind: str = "Feature") -> int:
    """A work item that somebody made in another project."""
    made = scene.azure_devops.control(
        "POST", "/work_items", {"count": 1, "type": kind, "title": "Made by hand", "project": project}
    )
    (number,) = made["ids"]
    return int(number)


def named_with_url(number: int, url: str, integration_id: Any = "2") -> list[dict[str, Any]]:
    """The integration fields `id` and `url` of one integration of Aha!."""
    shared = {"service_name": "vsts", "integration_id": integration_id}
    return [{"name": "id", "value": str(number), **shared}, {"name": "url", "value": url, **shared}]


@pytest.mark.parametrize(
    "url",
    [
        "https://dev.azure.com/other/Fabrikam/_workitems/edit/{number}",
        "https://other.visualstudio.com/Fabrikam/_workitems/edit/{number}",
        "https://tfs.example/Fabrikam/_workitems/edit/{number}",
        "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/9{number}",
    ],
)
def test_the_same_number_in_another_organization_is_another_work_item(scene: Scene, url: str) -> None:
    number = existing(scene)
    payload = feature("Pay by card", integration_fields=named_with_url(number, url.format(number=number)))

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"])
    assert scene.value(number, TITLE) == "Made by hand 1"
    assert "work-item.not-adopted" in scene.events("warning")


def test_the_url_of_the_own_organization_is_no_obstacle(scene: Scene) -> None:
    number = existing(scene)
    page = f"{scene.azure_devops.url}/Fabrikam/_workitems/edit/{number}"

    sent = scene.send(feature("Pay by card", integration_fields=named_with_url(number, page)))

    assert (sent.actions, sent.ids) == (["updated"], [number])


def test_the_fields_of_two_integrations_are_not_mixed(scene: Scene) -> None:
    """Given the id of one integration beside the URL of another one, then the id stands for itself."""
    number = existing(scene)
    fields = named_with_url(number, f"{scene.azure_devops.url}/Fabrikam/_workitems/edit/{number}", 2)
    foreign = named_with_url(9_000, "https://dev.azure.com/other/p/_workitems/edit/9000", 3)

    sent = scene.send(feature("Pay by card", integration_fields=[*foreign, *fields]))

    assert sent.ids == [number]


def test_a_work_item_of_another_project_is_not_taken(scene: Scene) -> None:
    number = in_project(scene, "Fabrikam Scrum")

    sent = scene.send(feature("Pay by card", integration_fields=linked_to(str(number))))

    assert sent.actions == ["created"]
    assert sent.ids != [number]
    (entry,) = scene.log("work-item.not-adopted")
    assert "Fabrikam Scrum" in entry["message"]
