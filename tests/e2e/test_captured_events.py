"""Events of Aha! that are not about a feature."""

from __future__ import annotations

from typing import Any

import pytest

from tests.captures import incoming
from tests.e2e.configuration_bodies import faults_of
from tests.e2e.sending_scene import Scene


@pytest.mark.parametrize("dry_run", ["false", "true"])
@pytest.mark.parametrize("event", ["create_release", "update_release"])
def test_a_release_event_is_ignored(scene: Scene, event: str, dry_run: str) -> None:
    # Aha! sends it before the event of the first feature of a release.
    answer = scene.post(incoming("aha/events/create_release") | {"event": event}, dry_run=dry_run)

    assert answer.status == 200
    assert answer.body == {"status": "ignored", "reason": "release_event"}
    assert scene.requests() == []
    assert scene.events()[0] == "event.ignored"


def test_a_release_event_is_ignored_by_an_integration_that_cannot_send(scene: Scene) -> None:
    scene.configure(enabled=False, azure_devops=None)

    assert scene.post(incoming("aha/events/create_release")).status == 200


def test_an_event_about_a_feature_is_in_the_log_before_what_became_of_it(scene: Scene) -> None:
    # Also when it is refused: the page that waits for Aha! then shows why.
    scene.configure(enabled=False)

    assert scene.post({**incoming("aha/events/create_feature"), "event": "update_feature"}).status == 409
    assert scene.events()[:2] == ["operation.refused", "event.received"]


@pytest.mark.parametrize("event", ["audit", "create_requirement", "installed", "create_releases", 7])
def test_any_other_event_is_refused_with_the_events_that_are_taken(scene: Scene, event: Any) -> None:
    answer = scene.post({"event": event, "release": {"id": "1"}})

    assert answer.status == 400
    assert "/event" in faults_of(answer.response)
