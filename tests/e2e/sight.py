"""Work items that go out of the sight of a token's user, and come back."""

from __future__ import annotations

from tests.e2e.sending_scene import Scene

HIDDEN_AREA = "Fabrikam\\Devices"
OTHER_PROJECT = "Fabrikam Scrum"


def set_sight(scene: Scene, area: str, *, visible: bool, token: str = "") -> None:
    """An administrator takes “View work items in this node” away from the token's user, or grants it."""
    token = token or scene.integration.body["azure_devops"]["personal_access_token"]
    body = {"area": area, "token": token, "visible": visible}
    scene.azure_devops.control("PUT", "/areas/visibility", body)


def move_out_of_sight(scene: Scene, *work_item_ids: int) -> None:
    """An engineer moves work items to an area that the token's user cannot see."""
    set_sight(scene, HIDDEN_AREA, visible=False)
    for number in work_item_ids:
        scene.azure_devops.edit(number, {"System.AreaPath": HIDDEN_AREA})


def move_to_hidden_project(scene: Scene, work_item_id: int) -> None:
    """An engineer moves a work item to a project that the token's user cannot see."""
    set_sight(scene, OTHER_PROJECT, visible=False)
    scene.azure_devops.edit(work_item_id, {"System.TeamProject": OTHER_PROJECT})


def bring_into_sight(scene: Scene) -> None:
    """The administrator grants the rights again."""
    for area in (HIDDEN_AREA, OTHER_PROJECT):
        set_sight(scene, area, visible=True)


def destroy(scene: Scene, work_item_id: int) -> None:
    """An engineer deletes a work item for good."""
    path = f"/_apis/wit/workitems/{work_item_id}"
    assert scene.azure_devops.delete(path, params={"destroy": "true"}).ok
