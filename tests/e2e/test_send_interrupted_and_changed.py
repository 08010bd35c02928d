"""What an interrupted send created is found by its marker, whoever sends next and whatever it is by then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.sending_payloads import Json, feature, requirements
from tests.e2e.sending_scene import Scene


def interrupted(scene: Scene, payload: Json) -> list[int]:
    """A send that died after Azure DevOps had created everything; the work items."""
    scene.azure_devops.add_fault(path=r"/wit/wiql", status=503, times=None)
    scene.azure_devops.add_fault(path=r"\$batch", cut="after")
    scene.send(payload)
    scene.azure_devops.clear_faults()
    scene.give_claims_up()
    made = sorted(scene.items())
    assert len(made) == 1 + len(payload["requirements"])
    return made


def use_another_token(scene: Scene, _: list[int]) -> None:
    """The token is replaced by one of another user."""
    scene.azure_devops.control("POST", "/tokens", {"token": "second", "kind": "write_as_second_user"})
    target = {**scene.integration.body["azure_devops"], "personal_access_token": "second"}
    assert scene.configure(azure_devops=target).ok


def change_types(scene: Scene, ids: list[int]) -> None:
    """An engineer changes the types of the work items."""
    for number in ids:
        scene.azure_devops.edit(number, {"System.WorkItemType": "Bug"})


def map_other_types(scene: Scene, _: list[int]) -> None:
    """An administrator maps features and requirements to other types."""
    body = scene.integration.body
    changed = scene.configure(
        feature={**body["feature"], "work_item_type": "Epic"},
        requirement={**body["requirement"], "work_item_type": "Bug"},
    )
    assert changed.ok


def move_areas(scene: Scene, ids: list[int]) -> None:
    """An engineer moves the work items to another area."""
    for number in ids:
        scene.azure_devops.edit(number, {"System.AreaPath": "Fabrikam\\Devices"})


def configure_another_project(scene: Scene, _: list[int]) -> None:
    """An administrator sends to another project from now on."""
    target = {
        **scene.integration.body["azure_devops"],
        "project": "Contoso Café",
        "area_path": "Contoso Café",
    }
    assert scene.configure(azure_devops=target).ok


@pytest.mark.contract
@pytest.mark.parametrize(
    "change", [use_another_token, change_types, map_other_types, move_areas, configure_another_project]
)
def test_a_family_is_not_made_a_second_time(scene: Scene, change: Callable[[Scene, list[int]], None]) -> None:
    payload = feature(requirements=requirements(2))
    made = interrupted(scene, payload)
    change(scene, made)

    sent = scene.send(payload)

    assert sent.body["status"] == "succeeded"
    assert sorted(sent.ids) == made
    scene.assert_one_each(payload)


def test_among_many_foreign_work_items_it_is_found_with_few_requests(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    made = interrupted(scene, payload)
    scene.azure_devops.control("POST", "/work_items", {"count": 1200, "type": "Feature"})

    sent = scene.send(payload)

    assert sorted(sent.ids) == made
    assert len(scene.requests("/wit/wiql")) == 2
    assert len(scene.requests("/wit/workitemsbatch")) == 1
