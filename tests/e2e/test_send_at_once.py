"""Many senders of one feature, in one process or several, living or dead: one work item for each record."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.sending_payloads import Json, feature, requirement, requirements
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene, Sent, another_host
from tests.e2e.system import Api, eventually


def at_once(scenes: Sequence[Scene], payloads: Sequence[Json]) -> list[Sent]:
    """Send every payload at the same time, by way of the hosts in turn."""
    with ThreadPoolExecutor(len(payloads)) as threads:
        sending = [
            threads.submit(scenes[number % len(scenes)].post, {"feature": payload})
            for number, payload in enumerate(payloads)
        ]
        return [answer.result() for answer in sending]


def own_sessions(scene: Scene, count: int) -> list[Scene]:
    """As many callers with a connection of their own."""
    return [
        scene.at(Api(scene.api.url.removesuffix("/api"), scene.system.function_key)) for _ in range(count)
    ]


def assert_all_agree(answers: Sequence[Sent]) -> None:
    """Every sender was answered with the same work items, and exactly one created them."""
    assert {answer.status for answer in answers} <= {200, 201}
    assert [answer.status for answer in answers].count(201) == 1
    assert len({tuple(answer.ids) for answer in answers}) == 1
    assert {answer.body["status"] for answer in answers} == {"succeeded"}


@pytest.mark.contract
def test_ten_senders_of_one_new_feature_create_it_once(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))

    answers = at_once(own_sessions(scene, 10), [payload] * 10)

    assert_all_agree(answers)
    scene.assert_one_each(payload)


def test_ten_senders_in_two_processes_create_it_once(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    with another_host(scene.system) as (_, api):
        callers = own_sessions(scene, 5) + own_sessions(scene.at(api), 5)

        answers = at_once(callers, [payload] * 10)

    assert_all_agree(answers)
    scene.assert_one_each(payload)


def test_senders_of_different_texts_leave_one_of_them_and_no_second_work_item(scene: Scene) -> None:
    base = feature(requirements=[requirement("Card form")])
    payloads = [base | {"name": f"Name {number}"} for number in range(8)]

    answers = at_once(own_sessions(scene, 8), payloads)

    assert {answer.status for answer in answers} <= {200, 201}
    assert scene.value(answers[0].ids[0], TITLE) in [payload["name"] for payload in payloads]
    scene.assert_one_each(base)


def test_two_features_that_share_a_requirement_give_it_one_work_item(scene: Scene) -> None:
    shared = requirement("Shared")
    payloads = [feature(f"Feature {number}", requirements=[shared]) for number in range(6)]

    answers = at_once(own_sessions(scene, 6), payloads)

    assert {answer.status for answer in answers} <= {200, 201}
    assert len(scene.items_of(shared)) == 1
    assert len(scene.items()) == 7
    assert scene.claims() == []


def test_different_features_do_not_wait_for_each_other(scene: Scene) -> None:
    payloads = [feature(f"Feature {number}", requirements=requirements(2)) for number in range(12)]

    answers = at_once(own_sessions(scene, 12), payloads)

    assert {answer.status for answer in answers} == {201}
    assert len(scene.items()) == 36


def test_a_new_requirement_sent_by_two_at_once_is_created_once(scene: Scene) -> None:
    payload = feature(requirements=[requirement("Old")])
    scene.send(payload)
    payload["requirements"].append(requirement("New"))

    answers = at_once(own_sessions(scene, 4), [payload] * 4)

    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.actions[2] for answer in answers).count("created") == 1
    scene.assert_one_each(payload)


def kill_while_it_writes(scene: Scene, payload: Json) -> None:
    """A function host of its own sends, and is killed while Azure DevOps works; its request is carried out."""
    scene.azure_devops.add_fault(path=A_WRITE, delay_ms=700)
    with another_host(scene.system) as (service, api), ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.at(api).send, payload)
        # A request is listed when it begins, and delayed once it was read whole.
        eventually(lambda: any(request["fault"] for request in scene.writes()))
        service.kill()
        assert sending.exception() is not None
    eventually(lambda: all(request["ended_at"] for request in scene.writes()))
    scene.azure_devops.clear_faults()


def test_what_a_killed_sender_created_is_found_and_kept(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    kill_while_it_writes(scene, payload)
    assert len(scene.claims()) == 4
    before = sorted(scene.items())
    assert len(before) == 4
    scene.give_claims_up()

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (200, ["unchanged"] * 4)
    assert sorted(sent.ids) == before
    assert {"claim.taken-over", "work-item.found-again"} <= set(scene.events())
    scene.assert_one_each(payload)


def test_a_claim_that_was_taken_over_before_a_read_failed_is_free_for_the_next_send(scene: Scene) -> None:
    payload = feature(requirements=requirements(3))
    kill_while_it_writes(scene, payload)
    scene.give_claims_up()
    scene.azure_devops.add_fault(path="/wiql", status=503, times=None)
    assert scene.send(payload).status == 503
    scene.azure_devops.clear_faults()

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (200, ["unchanged"] * 4)
    assert sent.body["duration_ms"] < 30_000
    scene.assert_one_each(payload)


def test_a_killed_sender_of_an_update_leaves_nothing_to_do(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    ids = scene.send(payload).ids
    payload["name"] = "Named anew"
    kill_while_it_writes(scene, payload)

    sent = scene.send(payload)

    assert (sent.actions, sent.ids) == (["unchanged", "unchanged"], ids)
    assert scene.item(ids[0])["rev"] == 2


def test_a_sender_that_was_killed_before_it_created_anything_holds_nobody_up(scene: Scene) -> None:
    payload = scene.aha.event("PROD-4")["feature"]
    scene.aha.add_fault(path="/attachments/", delay_ms=1500, times=None)
    with another_host(scene.system) as (service, api), ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.at(api).send, payload)
        eventually(lambda: scene.claims())
        service.kill()
        assert sending.exception() is not None
    scene.aha.clear_faults()
    assert scene.items() == {}
    scene.give_claims_up()

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"])
    scene.assert_one_each(payload)


def test_a_feature_that_another_sender_holds_is_busy_once_the_time_is_over(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    kill_while_it_writes(scene, payload)

    with another_host(scene.system, SEND_TIME_BUDGET_SECONDS="5") as (_, api):
        answer = scene.at(api).send(payload).response

    assert (answer.status_code, answer.json()["code"]) == (409, "feature_busy")
    assert int(answer.headers["retry-after"]) > 0
    assert scene.writes() == []
    scene.give_claims_up()
    assert scene.send(payload).status == 200
    scene.assert_one_each(payload)
