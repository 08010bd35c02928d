"""Events of Aha! that are not about a feature."""

from __future__ import annotations

import pytest

from tests.captures import incoming
from tests.e2e.sending_scene import Scene


@pytest.mark.xfail(strict=True, reason="a release event is refused with 400")
def test_a_release_event_is_ignored(scene: Scene) -> None:
    # Aha! sends it before the event of the first feature of a release.
    answer = scene.post(incoming("aha/events/create_release"))

    assert answer.status == 200
    assert answer.body["status"] == "ignored"
    assert answer.body["reason"] == "release_event"
    assert scene.requests() == []
