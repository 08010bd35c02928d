"""The timer that brings back what no notification told of."""

from __future__ import annotations

import pytest

from tests.e2e.sending_scene import Scene
from tests.e2e.system import eventually


def run_timer(scene: Scene) -> None:
    """Start the timer as an operator does, by the admin API; it runs on after the answer."""
    answer = scene.api.post(
        f"{scene.system.functions_url}/admin/functions/Reconcile",
        json={},
        headers={"x-functions-key": scene.system.master_key},
    )
    assert answer.status_code == 202


@pytest.mark.contract
def test_a_change_whose_notification_got_lost_arrives_when_the_timer_runs(scene: Scene) -> None:
    (number,) = scene.send(scene.aha.event("PROD-2")["feature"]).ids
    scene.edit(number, title="Named anew", state="Active")
    scene.deliver(drop=True)
    assert scene.aha.feature("PROD-2")["name"] == "Refund to the same card"

    run_timer(scene)

    eventually(lambda: scene.aha.feature("PROD-2")["name"] == "Named anew")
    assert scene.aha.status("PROD-2") == "In progress"
