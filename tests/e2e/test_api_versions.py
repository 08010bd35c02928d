"""Work items are read in a preview version of Azure DevOps' API, which an organization may have switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.system import LocalSystem
from tests.e2e.sending_payloads import feature, requirements
from tests.e2e.sending_scene import Scene


@pytest.fixture
def forgetful_host(system: LocalSystem) -> Iterator[None]:
    """The function host forgets after the test what it has seen the organization refuse."""
    yield
    system.restart_host()


@pytest.mark.usefixtures("forgetful_host")
def test_an_organization_without_previews_is_read_in_the_released_version(scene: Scene) -> None:
    """Given an organization that refuses previews, when a feature is sent again, then it is read all the same."""
    payload = feature(requirements=requirements(2))
    scene.send(payload)
    scene.azure_devops.add_fault(
        path="api-version=7.2-preview",
        times=None,
        status=400,
        headers={"Content-Type": "application/json"},
        body={
            "message": "The requested REST API version of 7.2-preview is out of range for this server.",
            "typeKey": "VssVersionOutOfRangeException",
        },
    )

    again = scene.send(payload, "update_feature")

    assert again.status == 200
    assert again.actions == ["unchanged"] * 3
