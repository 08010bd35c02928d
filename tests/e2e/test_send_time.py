"""Sends that run out of time: they stop where the next one can go on, and nothing is there twice."""

from __future__ import annotations

import pytest

from tests.e2e.sending_payloads import Json, feature, requirement, requirements
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene, Sent, another_host
from tests.e2e.system import Api, eventually

WAIT_SECONDS = 2
LONGER_MS = 3000
LEAST_BUDGET_SECONDS = 5


@pytest.fixture
def hurried(scene: Scene) -> Scene:
    """Sent by a caller who waits for two seconds."""
    api = Api(scene.system.functions_url, scene.system.function_key)
    return hurry(scene.at(api))


def hurry(scene: Scene) -> Scene:
    scene.api.session.headers["Prefer"] = f"wait={WAIT_SECONDS}"
    return scene


def out_of_time(scene: Scene, payload: Json) -> Sent:
    """A send that Azure DevOps keeps waiting for longer than it has; what it asked for is carried out later."""
    scene.azure_devops.add_fault(path=A_WRITE, delay_ms=LONGER_MS)
    sent = scene.send(payload)
    assert sent.response.elapsed.total_seconds() < LONGER_MS / 1000
    scene.azure_devops.clear_faults()
    a_minute_passes(scene)
    return sent


def a_minute_passes(scene: Scene) -> None:
    """What was asked of Azure DevOps is carried out, then the claims are old enough to be taken over."""
    eventually(lambda: all(request["ended_at"] for request in scene.writes()))
    scene.give_claims_up()


def test_a_create_that_was_waited_for_in_vain_is_found_by_the_next_send(scene: Scene, hurried: Scene) -> None:
    payload = feature(requirements=requirements(3))
    first = out_of_time(hurried, payload)
    assert first.status in (202, 503)
    assert int(first.response.headers["retry-after"]) > 0
    before = scene.items()
    assert len(before) == 4

    sent = scene.send(payload)

    assert sent.body["status"] == "succeeded"
    assert sorted(sent.ids) == sorted(before)
    scene.assert_one_each(payload)


def test_an_update_that_was_waited_for_in_vain_is_not_written_again(scene: Scene, hurried: Scene) -> None:
    payload = feature(requirements=[requirement("Card form")])
    ids = scene.send(payload).ids
    payload["name"] = "Named anew"
    first = out_of_time(hurried, payload)
    assert first.status in (202, 207)

    sent = scene.send(payload)

    assert (sent.status, sent.actions, sent.ids) == (200, ["unchanged", "unchanged"], ids)
    assert scene.value(ids[0], TITLE) == "Named anew"
    assert scene.item(ids[0])["rev"] == 2
    scene.assert_one_each(payload)


def test_a_send_that_runs_out_of_time_half_way_says_so_and_the_next_one_goes_on(scene: Scene) -> None:
    scene.azure_devops.control("PUT", "/batch", {"mode": "refused"})
    scene.azure_devops.set_latency(500)
    payload = feature(requirements=requirements(45))

    # This host remembers that batches are refused.
    with another_host(scene.system) as (_, api):
        first = hurry(scene.at(api)).send(payload)

    assert first.status == 202
    assert first.body["status"] == "in_progress"
    assert int(first.response.headers["retry-after"]) > 0
    assert first.feature["action"] == "created"
    assert {"created", "pending"} == set(first.actions)
    scene.azure_devops.set_latency(0)
    scene.azure_devops.control("PUT", "/batch", {"mode": "all_or_nothing"})
    a_minute_passes(scene)
    last = scene.send(payload)
    assert last.body["status"] == "succeeded"
    assert last.feature["work_item"] == first.feature["work_item"]
    scene.assert_one_each(payload)


def test_a_file_that_takes_too_long_is_sent_the_next_time(scene: Scene, hurried: Scene) -> None:
    slow = scene.attach("PROD-4", "slow.bin")
    scene.aha.add_fault(path=f"/attachments/{slow}/", delay_ms=LONGER_MS)
    payload = scene.aha.event("PROD-4")["feature"]

    first = hurried.send(payload)

    assert first.status in (202, 207, 503)
    a_minute_passes(hurried)
    last = scene.send(payload)
    assert (last.body["status"], last.files[slow]) == ("succeeded", "uploaded")
    assert scene.file_names(last.ids[0]) == ["invoice.txt", "invoice.txt", "slow.bin"]
    scene.assert_one_each(payload)


def test_the_setting_limits_the_time_of_a_send(scene: Scene) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, delay_ms=1000 * LEAST_BUDGET_SECONDS + 1000)
    payload = feature()

    with another_host(scene.system, SEND_TIME_BUDGET_SECONDS=str(LEAST_BUDGET_SECONDS)) as (_, api):
        first = scene.at(api).send(payload)

    assert LEAST_BUDGET_SECONDS - 1 < first.response.elapsed.total_seconds() < LEAST_BUDGET_SECONDS + 1
    assert first.status in (202, 503)
    a_minute_passes(scene)
    assert scene.send(payload).status == 200
    scene.assert_one_each(payload)


@pytest.mark.parametrize("fault", [{"trickle_ms": 500}, {"trickle_body_ms": 500}], ids=str)
def test_a_file_that_trickles_does_not_hold_the_send(
    scene: Scene, hurried: Scene, fault: dict[str, int]
) -> None:
    slow = scene.attach("PROD-4", "slow.bin", content="x" * 100)
    scene.aha.add_fault(path=f"/{slow}/", times=None, **fault)
    payload = scene.aha.event("PROD-4")["feature"]

    first = hurried.send(payload)

    assert first.response.elapsed.total_seconds() < WAIT_SECONDS + 1
    assert first.status in (202, 207)
    scene.aha.clear_faults()
    a_minute_passes(hurried)
    last = scene.send(payload)
    assert (last.body["status"], last.files[slow]) == ("succeeded", "uploaded")
    scene.assert_one_each(payload)


@pytest.mark.parametrize("path", [A_WRITE, "/_apis/wit/attachments"], ids=["write", "upload"])
@pytest.mark.parametrize("fault", [{"trickle_ms": 500}, {"trickle_body_ms": 500}], ids=str)
def test_an_azure_devops_that_trickles_does_not_hold_the_send(
    scene: Scene, hurried: Scene, path: str, fault: dict[str, int]
) -> None:
    scene.attach("PROD-4", "new.bin")
    scene.azure_devops.add_fault(path=path, times=None, **fault)
    payload = scene.aha.event("PROD-4")["feature"]

    first = hurried.send(payload)

    assert first.response.elapsed.total_seconds() < WAIT_SECONDS + 1
    assert first.status in (202, 207, 503)
    scene.azure_devops.clear_faults()
    a_minute_passes(hurried)
    last = scene.send(payload)
    assert last.body["status"] == "succeeded"
    scene.assert_one_each(payload)
