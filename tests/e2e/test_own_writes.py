"""The app never takes its own write for a person's change, and no person's edit is lost to it.

The window is between a write and the note of it: an answer that comes late, a process that dies, a storage that is
down. Whatever arrives in between, in any order, finds the intention in the link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from local.service import Service
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import A_WRITE, DESCRIPTION, TITLE, Scene, another_host
from tests.e2e.system import eventually

HOLD = {"hold_ms": 1500}
MESSY = '<DIV>One &amp; two<BR></DIV>loose <strong>text</strong><p style="COLOR: red">x</p>'
A_PUT = {"method": "PUT", "path": "/features/"}


def send_sample(scene: Scene) -> int:
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.aha.clear_requests()
    return int(sent.ids[0])


def send_on(scene: Scene) -> list[str]:
    """The update event that Aha! makes of the feature as it is now, sent."""
    return scene.send(scene.aha.event("PROD-2", "update_feature")["feature"], "update_feature").actions


def notification_of(number: int, revision: int | None = None) -> Json:
    resource: Json = {"workItemId": number, "id": 9}
    if revision is not None:
        resource["rev"] = revision
    return {"eventType": "workitem.updated", "resource": resource}


def texts(scene: Scene, number: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Name and description in Aha!, and in Azure DevOps."""
    feature = scene.aha.feature("PROD-2")
    return (
        (feature["name"], feature["description"]["body"]),
        (scene.value(number, TITLE), scene.value(number, DESCRIPTION)),
    )


def settle(scene: Scene) -> None:
    """Everything that is due happens: notifications, then the events of Aha!, twice."""
    for _ in range(2):
        scene.deliver(time_scale=0.01)
        send_on(scene)


def assert_at_rest(scene: Scene) -> None:
    """Nobody has anything to tell the other side, and no link waits for a write."""
    before = scene.item(next(iter(scene.link_rows())))["rev"]
    assert set(send_on(scene)) == {"unchanged"}
    scene.deliver(time_scale=0.01)
    assert scene.item(next(iter(scene.link_rows())))["rev"] == before
    assert all("intentions_0" not in row for row in scene.link_rows().values())


@contextmanager
def killed_while_held(
    scene: Scene, work: Callable[[Scene], object], is_done: Callable[[], bool]
) -> Iterator[None]:
    """A host that does some work is killed once the work was carried out on the other side, before it is told so."""
    with another_host(scene.system) as (service, api), ThreadPoolExecutor(1) as other:
        working = other.submit(work, scene.at(api))
        eventually(is_done)
        service.kill()
        assert working.exception() is not None
    scene.azure_devops.clear_faults()
    scene.aha.clear_faults()
    yield


def webhook_at(service: Service, scene: Scene) -> str:
    """The webhook's URL at another host."""
    return service.url + scene.integration.webhook_url[scene.integration.webhook_url.index("/api/") :]


def test_the_notification_of_a_write_whose_answer_is_late_does_not_undo_what_a_manager_writes_meanwhile(
    scene: Scene,
) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="Sent", description="<p>Sent</p>")
    scene.azure_devops.add_fault(path=A_WRITE, method="PATCH", **HOLD)
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(send_on, scene)
        eventually(lambda: scene.value(number, TITLE) == "Sent")
        scene.aha.edit("PROD-2", name="Newer", description="<p>Newer</p>")

        answer = scene.notify(notification_of(number, scene.item(number)["rev"])).json()

        assert answer["result"] == "unchanged"
        assert texts(scene, number)[0] == ("Newer", "<p>Newer</p>")
        assert sending.result() == ["updated"]
    settle(scene)
    assert texts(scene, number) == (("Newer", "<p>Newer</p>"),) * 2
    assert_at_rest(scene)


def test_an_engineer_who_formats_the_same_words_while_they_are_sent_keeps_his_revision_as_his_own(
    scene: Scene,
) -> None:
    number = send_sample(scene)
    scene.edit(number, description="<p>Same words</p>")
    settle(scene)
    scene.aha.edit("PROD-2", description="<p>Same <b>words</b></p>")
    scene.azure_devops.add_fault(path=A_WRITE, method="PATCH", delay_ms=1000)
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(send_on, scene)
        eventually(lambda: any("intentions_0" in row for row in scene.link_rows().values()))
        revision = scene.edit(number, description="<p><i>Same</i> words</p>")["rev"]

        assert sending.result() == ["updated"]

    assert "<b>" in scene.value(number, DESCRIPTION), "The product manager's formatting was lost."
    (conflict,) = scene.log("work-item.conflict")
    assert conflict["detail"]["overwritten_revision"] == revision
    settle(scene)
    assert_at_rest(scene)


def test_a_send_that_is_killed_between_write_and_note_is_recognised_by_the_next_notification(
    scene: Scene,
) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="Sent", description=MESSY)
    event = scene.aha.event("PROD-2", "update_feature")
    scene.azure_devops.add_fault(path=A_WRITE, method="PATCH", **HOLD)
    with killed_while_held(scene, lambda at: at.post(event), lambda: scene.value(number, TITLE) == "Sent"):
        scene.aha.edit("PROD-2", name="Newer", description="<p>Newer</p>")

    (answer,) = scene.deliver(time_scale=0.01)

    assert answer["result"] == "unchanged"
    assert "intention.settled" in scene.events()
    assert scene.aha.feature("PROD-2")["name"] == "Newer"
    settle(scene)
    assert texts(scene, number) == (("Newer", "<p>Newer</p>"),) * 2
    assert_at_rest(scene)


def test_a_send_that_is_killed_between_write_and_note_is_recognised_by_the_next_send(scene: Scene) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="Sent", description=MESSY)
    event = scene.aha.event("PROD-2", "update_feature")
    scene.azure_devops.add_fault(path=A_WRITE, method="PATCH", **HOLD)
    with killed_while_held(scene, lambda at: at.post(event), lambda: scene.value(number, TITLE) == "Sent"):
        scene.edit(number, title="By an engineer")

    sent = scene.post(event)

    assert (sent.actions, sent.feature["conflicts"]) == (["unchanged"], [])
    assert scene.value(number, TITLE) == "By an engineer"
    settle(scene)
    assert texts(scene, number)[0][0] == texts(scene, number)[1][0] == "By an engineer"
    assert_at_rest(scene)


@pytest.mark.parametrize("next_comes", ["a send", "a notification"])
def test_a_notification_that_is_killed_between_write_and_note_lets_an_engineer_take_the_edit_back(
    scene: Scene, next_comes: str
) -> None:
    """An engineer goes A → B → A; the process dies after it wrote B into Aha!."""
    number = send_sample(scene)
    (first, _) = texts(scene, number)
    original = {"title": scene.value(number, TITLE), "description": scene.value(number, DESCRIPTION)}
    scene.edit(number, title="B", description="<div>B</div>")
    scene.aha.add_fault(**A_PUT, **HOLD)
    with another_host(scene.system) as (service, _), ThreadPoolExecutor(1) as other:
        working = other.submit(scene.notify, notification_of(number), webhook_at(service, scene))
        eventually(lambda: scene.aha.feature("PROD-2")["name"] == "B")
        service.kill()
        assert working.exception() is not None
    scene.aha.clear_faults()
    scene.edit(number, **original)

    if next_comes == "a send":
        assert send_on(scene) == ["unchanged"]
        assert scene.value(number, TITLE) == original["title"]
    else:
        assert scene.notify(notification_of(number)).json()["result"] == "updated"

    settle(scene)
    assert texts(scene, number)[0][0] == texts(scene, number)[1][0] == first[0]
    assert texts(scene, number)[0][1] == first[1]
    assert_at_rest(scene)


def test_a_payload_from_before_a_notifications_write_changes_nothing_while_that_is_under_way(
    scene: Scene,
) -> None:
    number = send_sample(scene)
    scene.aha.edit("PROD-2", name="By a manager")
    late = scene.aha.event("PROD-2", "update_feature")
    scene.edit(number, title="By an engineer")
    scene.aha.add_fault(**A_PUT, delay_ms=1500)
    with ThreadPoolExecutor(1) as other:
        notifying = other.submit(scene.notify, notification_of(number))
        eventually(lambda: any("intentions_0" in row for row in scene.link_rows().values()))

        sent = scene.post(late)

        assert sent.feature["conflicts"] == []
        assert scene.value(number, TITLE) == "By an engineer"
        assert notifying.result().json()["result"] == "updated"
    settle(scene)
    assert texts(scene, number)[0][0] == texts(scene, number)[1][0] == "By an engineer"
    assert_at_rest(scene)


@pytest.mark.parametrize("direction", ["send", "notification"])
def test_while_storage_is_down_between_write_and_note_nothing_is_lost(scene: Scene, direction: str) -> None:
    number = send_sample(scene)
    if direction == "send":
        scene.aha.edit("PROD-2", name="Written", description="<p>Written</p>")
        event = scene.aha.event("PROD-2", "update_feature")
        scene.azure_devops.add_fault(path=A_WRITE, method="PATCH", **HOLD)
        work, is_done = (
            lambda: scene.post(event).status,
            lambda: scene.value(number, TITLE) == "Written",
        )
    else:
        scene.edit(number, title="Written", description="<p>Written</p>")
        scene.aha.add_fault(**A_PUT, **HOLD)
        work, is_done = (
            lambda: scene.notify(notification_of(number)).status_code,
            lambda: scene.aha.feature("PROD-2")["name"] == "Written",
        )
    with ThreadPoolExecutor(1) as other:
        working = other.submit(work)
        eventually(is_done)
        scene.system.storage.stop()
        if direction == "send":
            scene.aha.edit("PROD-2", name="Newer")
        else:
            scene.edit(number, title="Newer")
        assert working.result() == 503
    scene.system.storage.start()

    settle(scene)

    assert texts(scene, number) == (("Newer", "<p>Written</p>"),) * 2
    assert_at_rest(scene)


def test_two_notifications_whose_writes_land_in_the_wrong_order_end_with_the_newer_text(scene: Scene) -> None:
    number = send_sample(scene)
    scene.edit(number, title="First")
    # The first one's write is put off until the second one's has landed.
    scene.aha.add_fault(**A_PUT, body="First", delay_ms=1200)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(scene.notify, notification_of(number))
        eventually(lambda: any("intentions_0" in row for row in scene.link_rows().values()))
        scene.edit(number, title="Second")
        second = scene.notify(notification_of(number))
        assert {first.result().status_code, second.status_code} == {200}

    assert scene.aha.feature("PROD-2")["name"] == "Second"
    settle(scene)
    assert texts(scene, number)[0][0] == texts(scene, number)[1][0] == "Second"
    assert_at_rest(scene)
