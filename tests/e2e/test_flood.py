"""More notifications at once than the app can handle: it turns away what is too much, and people are answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import requests

from shared.admission import MOST_NOTIFICATIONS, MOST_WAITING_NOTIFICATIONS
from tests.documented_answers import check_answer
from tests.e2e.operation_lines import OperationLines
from tests.e2e.sending_scene import Scene

_MOST_INSIDE = MOST_NOTIFICATIONS + MOST_WAITING_NOTIFICATIONS
_CALLS = _MOST_INSIDE + 8


def test_a_flood_is_turned_away_with_503_and_a_person_does_not_wait_for_it(scene: Scene) -> None:
    sent = scene.send(scene.aha.event("PROD-4")["feature"])
    scene.edit(sent.ids[0], title="Renamed by an engineer")
    body = {"eventType": "workitem.updated", "resource": {"workItemId": sent.ids[0]}}
    lines = OperationLines(scene.system.function_host)
    # Each of those that are let in waits for this long.
    scene.azure_devops.add_fault(path="/_apis/wit/workitems", delay_ms=500, times=None)

    def notify(_: int) -> requests.Response:
        return requests.post(scene.integration.webhook_url, json=body, timeout=60)

    with ThreadPoolExecutor(_CALLS) as callers:
        calls = [callers.submit(notify, number) for number in range(_CALLS)]
        turned_away = wait(calls, return_when="FIRST_COMPLETED").done.pop().result()
        listed = scene.api.get(f"/integrations/{scene.integration.id}/features")
        running = [call for call in calls if not call.done()]
        answers = [call.result() for call in calls]
    scene.azure_devops.clear_faults()
    again = scene.notify(body)

    check_answer(turned_away)
    assert turned_away.status_code == 503
    assert turned_away.json()["code"] == "app_busy"
    assert int(turned_away.headers["retry-after"]) >= 1
    assert listed.status_code == 200
    assert running
    assert {answer.status_code for answer in answers} == {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) > MOST_NOTIFICATIONS
    assert again.json()["result"] in ("updated", "unchanged")
    assert scene.aha.feature("PROD-4")["name"] == "Renamed by an engineer"
    shed = [line for line in lines.all() if line["outcome"] == "shed"]
    assert len(shed) == sum(answer.status_code == 503 for answer in answers)
    # Whoever is turned away costs no look into storage, and no row of the log.
    assert "app_busy" not in str(scene.log())


def test_a_burst_is_handled_without_turning_anything_away(scene: Scene) -> None:
    sent = scene.send(scene.aha.event("PROD-4")["feature"])
    body = {"eventType": "workitem.updated", "resource": {"workItemId": sent.ids[0]}}

    with ThreadPoolExecutor(_MOST_INSIDE) as callers:
        calls = [
            callers.submit(requests.post, scene.integration.webhook_url, json=body, timeout=60)
            for _ in range(_MOST_INSIDE)
        ]
        answers = [call.result() for call in calls]

    assert {answer.status_code for answer in answers} == {200}
