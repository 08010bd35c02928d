"""However an organization answers batches: one work item for each record, and one bad record stops no other."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.system import LocalSystem
from tests.e2e.sending_payloads import Json, feature, requirement, requirements
from tests.e2e.sending_scene import TITLE, Scene, another_host
from tests.e2e.system import Api

MODES = ["all_or_nothing", "independent", "whole_refusal_single_item", "refused", "no_temporary_ids"]


@pytest.fixture
def fresh(scene: Scene) -> Iterator[Scene]:
    """Sent by way of a function host that has not yet learned how the organization answers."""
    with another_host(scene.system) as (_, api):
        yield scene.at(api)


@pytest.fixture(scope="module", params=MODES)
def host_of_mode(request: pytest.FixtureRequest, _running_system: LocalSystem) -> Iterator[tuple[str, Api]]:
    """A way in which an organization answers batches, and a function host that has met no other."""
    with another_host(_running_system) as (_, api):
        yield request.param, api


@pytest.fixture
def in_mode(scene: Scene, host_of_mode: tuple[str, Api]) -> Scene:
    """Sent by way of that host, to an organization that answers batches in this way."""
    mode, api = host_of_mode
    scene.azure_devops.control("PUT", "/batch", {"mode": mode})
    return scene.at(api)


def test_every_record_gets_one_work_item(in_mode: Scene) -> None:
    payload = feature(requirements=requirements(4))

    sent = in_mode.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"] * 5)
    assert sent.body["azure_devops_requests"] == len(in_mode.requests())
    in_mode.assert_one_each(payload)
    payload["name"] = "Named anew"
    payload["requirements"][2]["name"] = "Named anew, too"
    again = in_mode.send(payload, "update_feature")
    assert again.actions == ["updated", "unchanged", "unchanged", "updated", "unchanged"]
    assert in_mode.send(payload).actions == ["unchanged"] * 5
    in_mode.assert_one_each(payload)


def test_one_bad_requirement_stops_no_other_and_its_answer_names_the_field(in_mode: Scene) -> None:
    payload = feature(
        requirements=[*requirements(3), requirement("Bad", "x" * 1_200_000), requirement("Last")]
    )

    sent = in_mode.send(payload)

    assert sent.status == 207
    assert sent.body["status"] == "partial"
    assert sent.actions == ["created"] * 4 + ["failed", "created"]
    assert sent.requirements[3]["error"]["code"] == "azure_devops_rule_violation"
    assert "Description" in sent.requirements[3]["error"]["detail"]
    assert sent.requirements[3]["work_item"] is None
    payload["requirements"][3] = {**payload["requirements"][3], "description": "Short"}
    assert in_mode.send(payload).actions == ["unchanged"] * 4 + ["created", "unchanged"]
    in_mode.assert_one_each(payload)


def test_one_bad_update_stops_no_other(in_mode: Scene) -> None:
    payload = feature(requirements=requirements(3))
    ids = in_mode.send(payload).ids

    for item in payload["requirements"]:
        item["name"] += " anew"
    payload["requirements"][1]["description"] = "x" * 1_200_000
    sent = in_mode.send(payload, "update_feature")

    assert sent.status == 207
    assert sent.actions == ["unchanged", "updated", "failed", "updated"]
    assert "Description" in sent.requirements[1]["error"]["detail"]
    assert sent.requirements[1]["work_item"]["id"] == ids[2]
    assert in_mode.value(ids[3], TITLE) == "Requirement 3 anew"


@pytest.mark.contract
def test_all_requirements_bad_leave_the_feature_created(scene: Scene) -> None:
    kind = {"work_item_type": "Customer Request", "status_mapping": {}, "default_fields": {}}
    scene.configure(requirement=kind)
    payload = feature(requirements=requirements(3))

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (207, ["created", "failed", "failed", "failed"])
    for part in sent.requirements:
        assert "Team" in part["error"]["detail"]
        assert "default fields" in part["error"]["detail"]
    assert scene.claims() == []
    scene.configure(requirement={**kind, "default_fields": {"Custom.Team": "Web"}})
    assert scene.send(payload).actions == ["unchanged", "created", "created", "created"]
    scene.assert_one_each(payload)


def test_a_bad_feature_is_refused_with_what_to_mend_and_leaves_nothing_behind(scene: Scene) -> None:
    kind = {"work_item_type": "Customer Request", "status_mapping": {}, "default_fields": {}}
    scene.configure(feature=kind)
    payload = feature(requirements=requirements(2))

    answer = scene.send(payload).response

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "azure_devops_rule_violation"
    assert "Team" in problem["detail"]
    assert "default fields" in problem["detail"]
    assert scene.items() == {}
    assert scene.claims() == []
    scene.configure()
    assert scene.send(payload).actions == ["created"] * 3


def test_120_requirements_take_three_batches_of_which_the_last_two_run_side_by_side(scene: Scene) -> None:
    payload = feature(requirements=requirements(120))
    scene.azure_devops.set_latency(200)

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"] * 121)
    first, second, third = scene.requests()
    sizes = [len(json.loads(request["body"])) for request in (first, second, third)]
    assert (sizes[0], sorted(sizes[1:])) == (50, [21, 50])
    assert first["ended_at"] <= min(second["started_at"], third["started_at"])
    assert second["started_at"] < third["ended_at"]
    assert third["started_at"] < second["ended_at"]
    assert sent.body["azure_devops_requests"] == 3
    scene.azure_devops.set_latency(0)
    scene.assert_one_each(payload)
    assert [scene.value(number, TITLE) for number in sent.ids[1:]] == [
        item["name"] for item in payload["requirements"]
    ]


def test_more_than_200_work_items_are_read_in_pages(scene: Scene) -> None:
    payload = feature(requirements=[requirement(f"R{number}", "") for number in range(205)])
    scene.send(payload)

    again = scene.send(payload)

    assert set(again.actions) == {"unchanged"}
    assert [request["path"] for request in scene.requests()] == ["/fabrikam/_apis/wit/workitemsbatch"] * 2


def test_an_answer_that_claims_success_without_work_items_is_not_believed(fresh: Scene) -> None:
    body = {"count": 3, "value": [{"code": 200, "body": "no json"}] * 3}
    fresh.azure_devops.add_fault(path=r"\$batch", status=200, body=body)
    payload = feature(requirements=requirements(2))

    sent = fresh.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"] * 3)
    fresh.assert_one_each(payload)


def test_an_answer_that_breaks_off_is_looked_into_and_nothing_is_created_twice(fresh: Scene) -> None:
    fresh.azure_devops.add_fault(path=r"\$batch", cut_body_after=300)
    payload = feature(requirements=requirements(2))

    sent = fresh.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"] * 3)
    fresh.assert_one_each(payload)


def test_odd_names_of_project_area_and_types_are_taken_as_they_are(scene: Scene) -> None:
    target: Json = scene.integration.body["azure_devops"]
    scene.configure(azure_devops={**target, "project": "Contoso Café", "area_path": "Contoso Café\\Küche"})

    sent = scene.send(feature(requirements=requirements(2)))

    assert (sent.status, sent.actions) == (201, ["created"] * 3)
    assert scene.value(sent.ids[2], "System.AreaPath") == "Contoso Café\\Küche"
