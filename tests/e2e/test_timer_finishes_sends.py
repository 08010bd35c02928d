"""The timer finishes what a send left unfinished and nobody sent again: always, once, without a second work item."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.faults import FaultInjection
from local.serving import start_in_thread
from shared.admission import MOST_SENDS
from shared.storage.rows import Row, Upsert
from tests.e2e.reconciling import Run, minutes_pass, notes, reconcile
from tests.e2e.sending_payloads import Json, feature
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene, another_host
from tests.e2e.system import eventually
from tests.e2e.test_feature_standing import make_work_item
from tests.storage.relay import FaultyStorage, Relay


@pytest.fixture
def hurried(scene: Scene) -> Iterator[Scene]:
    """Sent by a function host that gives a send as little time as the setting allows."""
    with another_host(scene.system, SEND_TIME_BUDGET_SECONDS="5") as (_, api):
        yield scene.at(api)


@pytest.fixture
def relayed(scene: Scene) -> Iterator[tuple[Scene, FaultyStorage]]:
    """Sent by a function host whose Table Storage can fail."""
    relay = Relay(scene.system.tables_connection_string)
    server = start_in_thread(FaultInjection(relay))
    storage = FaultyStorage(server.url, relay)
    # The table is there, so that no test counts the attempt that finds it missing.
    storage.tables.links.transact([Upsert(Row("another integration", "a row"))])
    try:
        with another_host(scene.system, TABLES_CONNECTION_STRING=storage.connection_string) as (_, api):
            yield scene.at(api), storage
    finally:
        server.stop()


def event(scene: Scene, reference: str = "PROD-2") -> Json:
    """The event of a feature as it is in Aha! now."""
    return scene.aha.event(reference)


def with_requirements(scene: Scene, count: int) -> Json:
    """The feature PROD-2 in Aha!, once it has so many requirements."""
    for number in range(1, count + 1):
        body = {"requirement": {"name": f"Requirement {number}"}}
        assert scene.aha.post("/features/PROD-2/requirements", body).ok
    feature: Json = event(scene)["feature"]
    return feature


def assert_finished(scene: Scene, reference: str = "PROD-2") -> None:
    """Each record of the feature has one work item, and nothing is left to do."""
    scene.assert_one_each(event(scene, reference)["feature"])
    assert notes(scene) == []


def azure_devops_is_down(scene: Scene) -> None:
    scene.azure_devops.add_fault(path="/_apis/wit/", status=503, times=None)


def interrupt(scene: Scene, reference: str = "PROD-2") -> None:
    """A send that met an outage of Azure DevOps."""
    azure_devops_is_down(scene)
    assert scene.post(event(scene, reference)).status == 503
    scene.azure_devops.clear_faults()


@pytest.mark.contract
def test_a_large_feature_whose_time_was_over_is_finished_without_a_second_call(
    scene: Scene, hurried: Scene
) -> None:
    """Given 300 requirements and 40 files, and an Azure DevOps that takes 0.9 s for each request."""
    feature = with_requirements(scene, 300)
    names = sorted(f"file {number}.txt" for number in range(40))
    for name in names:
        scene.attach("PROD-2", name)
    scene.azure_devops.set_latency(900)
    first = hurried.send(event(scene)["feature"])
    assert (first.status, len(notes(scene))) == (202, 1)
    scene.azure_devops.set_latency(0)
    eventually(lambda: all(request["ended_at"] for request in scene.requests()))
    minutes_pass(scene)

    reconcile(scene)

    assert len(feature["requirements"]) == 300
    assert_finished(scene)
    (number,) = scene.items_of(feature)
    assert scene.file_names(number) == names


def test_nothing_is_noted_of_a_send_that_goes_through(scene: Scene) -> None:
    scene.post(event(scene, "PROD-1"))
    scene.aha.edit("PROD-1", name="Named anew")
    scene.post(event(scene, "PROD-1"))
    scene.post(event(scene, "PROD-1"))

    assert notes(scene) == []
    assert scene.log("send.unfinished") == []


def test_a_send_is_left_alone_for_some_minutes(scene: Scene) -> None:
    interrupt(scene)

    reconcile(scene)

    assert scene.items() == {}
    assert len(notes(scene)) == 1


def test_a_person_who_sends_again_leaves_nothing_to_the_timer(scene: Scene) -> None:
    interrupt(scene)
    scene.give_claims_up()

    assert scene.post(event(scene)).status == 201

    assert notes(scene) == []
    reconcile(scene)
    assert scene.aha_requests("GET") == []


def test_a_person_who_sends_a_part_leaves_the_rest_to_the_timer(scene: Scene) -> None:
    """Given an unfinished send of a requirement's new name, and a form that sends only the feature's name."""
    _, child, *_ = scene.send_reference("PROD-1").ids
    scene.aha.edit("PROD-1-2", name="Named anew")
    azure_devops_is_down(scene)
    assert scene.send_reference("PROD-1").status == 503
    scene.azure_devops.clear_faults()
    form = {"id": scene.aha.feature("PROD-1")["id"], "reference_num": "PROD-1", "name": "Named in a form"}

    assert scene.post({"feature": form}).actions == ["updated"]

    minutes_pass(scene)
    reconcile(scene)
    assert scene.value(child, TITLE) == "Named anew"
    assert notes(scene) == []


def test_after_an_outage_of_azure_devops_the_timer_sends_the_feature_as_it_is_now(scene: Scene) -> None:
    interrupt(scene)
    assert "send.unfinished" in scene.events("warning")
    scene.aha.edit("PROD-2", name="Named anew meanwhile")
    minutes_pass(scene)

    reconcile(scene)

    assert_finished(scene)
    (number,) = scene.items()
    assert scene.value(number, TITLE) == "Named anew meanwhile"


def test_a_sender_that_was_killed_half_way_is_replaced_by_the_timer(scene: Scene) -> None:
    """Given a host that dies while Azure DevOps works at its request, which is carried out."""
    feature = with_requirements(scene, 3)
    with another_host(scene.system) as (service, api), ThreadPoolExecutor(1) as beside:
        scene.azure_devops.add_fault(path=r"\$batch", hold_ms=1500)
        sending = beside.submit(scene.at(api).post, {"event": "create_feature", "feature": feature})
        eventually(lambda: len(scene.items()) == 4)
        service.kill()
        assert sending.exception() is not None
    minutes_pass(scene)

    reconcile(scene)

    assert len(feature["requirements"]) == 3
    assert_finished(scene)


def test_a_killed_sender_of_nothing_but_a_file_is_replaced_too(scene: Scene) -> None:
    number = scene.post(event(scene)).ids[0]
    scene.attach("PROD-2", "late.txt")
    with another_host(scene.system) as (service, api), ThreadPoolExecutor(1) as beside:
        scene.azure_devops.add_fault(path="/_apis/wit/attachments", hold_ms=1500)
        sending = beside.submit(scene.at(api).post, event(scene))
        eventually(lambda: scene.uploads())
        eventually(lambda: notes(scene))
        service.kill()
        assert sending.exception() is not None
    minutes_pass(scene)

    reconcile(scene)

    assert scene.file_names(number) == ["late.txt"]
    assert_finished(scene)


def test_an_outage_of_table_storage_in_the_midst_of_a_send_is_made_up_for(
    scene: Scene, relayed: tuple[Scene, FaultyStorage]
) -> None:
    sender, storage = relayed
    feature = with_requirements(scene, 60)
    storage.fail(method="POST", path=r"\$batch", skip=1, times=None, status=503)
    assert sender.post({"event": "create_feature", "feature": feature}).status == 503
    minutes_pass(scene)

    reconcile(scene)

    assert len(scene.items()) == 61
    assert_finished(scene)


def test_what_an_engineer_changed_before_the_links_were_stored_stays(
    scene: Scene, relayed: tuple[Scene, FaultyStorage]
) -> None:
    """Given a send that wrote into Aha! which work item it created, but could not store the link."""
    sender, storage = relayed
    storage.fail(method="POST", path=r"\$batch", skip=1, times=None, status=503)
    assert sender.post(event(scene)).status == 503
    assert scene.aha.feature("PROD-2")["integration_fields"] != []
    (number,) = scene.items()
    scene.edit(number, title="Named by an engineer")
    minutes_pass(scene)

    reconcile(scene)

    assert scene.value(number, TITLE) == "Named by an engineer"
    assert scene.log("work-item.conflict") == []
    assert_finished(scene)


def test_a_requirement_that_failed_for_now_is_finished_and_one_that_was_refused_is_not(scene: Scene) -> None:
    """Given two requirements, of which the first cannot be uploaded a file now, and the second never."""
    with_requirements(scene, 2)
    file = scene.attach("PROD-2-1", "late.txt")
    never = scene.attach("PROD-2-2", "gone.txt", behaviour="purged")
    scene.aha.add_fault(path=f"/attachments/{file}/", status=503, times=None)
    assert scene.post(event(scene)).status == 207
    assert len(notes(scene)) == 1
    scene.aha.clear_faults()
    minutes_pass(scene)

    reconcile(scene)

    numbers = scene.items_of(scene.aha.requirement("PROD-2-1"))
    assert scene.file_names(numbers[0]) == ["late.txt"]
    assert never
    assert notes(scene) == [], "what is left is a final refusal"


def test_of_two_timers_at_once_one_finishes_the_send(scene: Scene) -> None:
    interrupt(scene)
    minutes_pass(scene)
    scene.azure_devops.set_latency(300)
    with another_host(scene.system) as (service, _):
        runs = [Run.start(host) for host in (scene.system.function_host, service)]
        for run in runs:
            run.wait()

    assert_finished(scene)
    assert len(scene.log("send.resumed")) == 1


def test_a_person_sends_while_the_timer_finishes(scene: Scene) -> None:
    with_requirements(scene, 5)
    interrupt(scene)
    minutes_pass(scene)
    scene.azure_devops.set_latency(300)
    run = Run.start(scene.system.function_host)
    eventually(lambda: scene.log("send.resumed"))

    sent = scene.post(event(scene))
    run.wait()

    assert sent.body["status"] == "succeeded"
    assert_finished(scene)


def test_while_aha_is_down_the_timer_waits_longer_and_longer(scene: Scene) -> None:
    interrupt(scene)
    scene.aha.add_fault(path="/api/v1/", status=503, times=None)
    waits = []
    for _ in range(2):
        minutes_pass(scene)
        reconcile(scene)
        waits.append(notes(scene)[0]["attempts"])
    assert waits == [1, 2]
    assert notes(scene)[0]["wait_seconds"] >= 240
    assert "send.resume-failed" in scene.events("error")
    scene.aha.clear_faults()
    minutes_pass(scene)

    reconcile(scene)

    assert_finished(scene)


def test_a_feature_that_aha_could_not_read_for_a_send_by_reference_is_sent_later(scene: Scene) -> None:
    scene.aha.add_fault(path="/api/v1/features", status=503, times=None)
    assert scene.send_reference("PROD-2").status == 503
    scene.aha.clear_faults()
    minutes_pass(scene)

    reconcile(scene)

    assert_finished(scene)


def test_sends_that_there_is_no_room_for_are_left_to_the_timer(scene: Scene) -> None:
    """Given as many sends under way as the app allows."""
    scene.azure_devops.add_fault(path=A_WRITE, delay_ms=4000, times=MOST_SENDS)
    with ThreadPoolExecutor(MOST_SENDS) as others:
        sending = [others.submit(scene.post, {"feature": feature()}) for _ in range(MOST_SENDS)]
        eventually(lambda: len(scene.writes()) == MOST_SENDS)
        refused = [scene.post(event(scene)), scene.send_reference("PROD-4")]
        assert {sent.result().status for sent in sending} == {201}
    assert [sent.body["code"] for sent in refused] == ["app_busy", "app_busy"]
    minutes_pass(scene)

    reconcile(scene)

    assert notes(scene) == []
    assert len(scene.items()) == MOST_SENDS + 2


def test_a_feature_that_is_gone_from_aha_is_no_longer_tried(scene: Scene) -> None:
    interrupt(scene)
    scene.aha.edit("PROD-2", hidden=True)
    minutes_pass(scene)

    reconcile(scene)

    assert notes(scene) == []
    (entry,) = scene.log("send.given-up", "error")
    assert "PROD-2" in entry["message"]
    assert scene.items() == {}


def test_a_feature_that_cannot_be_one_of_aha_is_no_longer_tried(scene: Scene) -> None:
    azure_devops_is_down(scene)
    assert scene.post({"feature": feature(id="made/by hand")}).status == 503
    scene.azure_devops.clear_faults()
    minutes_pass(scene)

    reconcile(scene)

    assert notes(scene) == []
    assert len(scene.log("send.given-up", "error")) == 1


def test_a_disabled_integration_ends_its_unfinished_sends(scene: Scene) -> None:
    interrupt(scene)
    scene.configure(enabled=False)
    minutes_pass(scene)

    reconcile(scene)

    assert notes(scene) == []
    assert "disabled" in scene.log("send.given-up")[0]["message"]
    assert scene.requests() == []


@pytest.mark.parametrize("is_deleted", [False, True], ids=["disabled", "deleted"])
def test_an_integration_that_is_disabled_during_a_run_sends_no_further_feature(
    scene: Scene, is_deleted: bool
) -> None:
    interrupt(scene, "PROD-2")
    interrupt(scene, "PROD-4")
    minutes_pass(scene)
    scene.azure_devops.clear_requests()
    slow = scene.azure_devops.add_fault(path=A_WRITE, delay_ms=1500, times=1)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(reconcile, scene)
        eventually(lambda: any(write["fault"] == slow for write in scene.writes()))
        if is_deleted:
            assert scene.api.delete(f"/integrations/{scene.integration.id}").status_code == 204
        else:
            scene.configure(enabled=False)
        running.result()

    assert len(scene.items()) == 1
    if not is_deleted:
        assert "disabled" in scene.log("send.given-up")[0]["message"]


def test_one_feature_that_fails_does_not_stop_the_others(scene: Scene) -> None:
    interrupt(scene, "PROD-2")
    interrupt(scene, "PROD-4")
    scene.aha.add_fault(path="/api/v1/features/[^/]+$", status=500, times=4)
    minutes_pass(scene)

    reconcile(scene)

    assert len(notes(scene)) == 1
    assert len(scene.items()) == 1


def test_what_a_person_unlinked_is_not_sent_again(scene: Scene) -> None:
    assert scene.post(event(scene)).status == 201
    scene.aha.edit("PROD-2", name="Named anew")
    azure_devops_is_down(scene)
    assert scene.post(event(scene)).status == 503
    scene.azure_devops.clear_faults()
    assert len(notes(scene)) == 1

    assert scene.api.delete(f"/integrations/{scene.integration.id}/features/PROD-2").status_code == 204

    minutes_pass(scene)
    reconcile(scene)
    assert notes(scene) == []
    assert len(scene.items()) == 1


def test_a_requirement_that_a_person_unlinked_is_left_out_and_the_others_are_sent(scene: Scene) -> None:
    ids = scene.send_reference("PROD-1").ids
    scene.aha.edit("PROD-1", name="Named anew")
    azure_devops_is_down(scene)
    assert scene.send_reference("PROD-1").status == 503
    scene.azure_devops.clear_faults()

    assert scene.api.delete(f"/integrations/{scene.integration.id}/features/PROD-1-2").status_code == 204

    minutes_pass(scene)
    reconcile(scene)
    assert notes(scene) == []
    assert scene.value(ids[0], TITLE) == "Named anew"
    assert set(scene.items()) == set(ids)
    # A send that somebody asks for makes it anew.
    assert scene.send_reference("PROD-1").actions == ["unchanged", "created", "unchanged", "unchanged"]


@pytest.mark.parametrize("reference", ["PROD-1", "PROD-1-2"])
def test_what_was_unlinked_is_not_sent_again_if_the_unlinking_fails_after_the_removal_of_the_links(
    scene: Scene, storage: FaultyStorage, reference: str
) -> None:
    ids = scene.send_reference("PROD-1").ids
    azure_devops_is_down(scene)
    scene.aha.edit("PROD-1", name="Named anew")
    assert scene.send_reference("PROD-1").status == 503
    scene.azure_devops.clear_faults()
    with another_host(scene.system, TABLES_CONNECTION_STRING=storage.connection_string) as (_, api):
        # The note is read and replaced before the links are removed. From then on, no note can be read.
        storage.fail(method="GET", path="RowKey='u:", skip=2, times=None, status=503)
        path = f"/integrations/{scene.integration.id}/features/{reference}"
        assert api.delete(path).status_code == 503
        storage.heal()
        assert api.delete(path).status_code == 404

    minutes_pass(scene)
    reconcile(scene)

    assert notes(scene) == []
    assert set(scene.items()) == set(ids)


def test_a_requirement_that_was_linked_to_another_work_item_is_sent_to_that(scene: Scene) -> None:
    _, first, *_ = scene.send_reference("PROD-1").ids
    scene.aha.edit("PROD-1-2", name="Named anew")
    azure_devops_is_down(scene)
    assert scene.send_reference("PROD-1").status == 503
    scene.azure_devops.clear_faults()
    path = f"/integrations/{scene.integration.id}/features/PROD-1-2"
    assert scene.api.delete(path).status_code == 204
    number = make_work_item(scene, "User Story")
    assert scene.api.put(path, json={"work_item_id": number}).status_code == 200

    minutes_pass(scene)
    reconcile(scene)

    assert notes(scene) == []
    assert scene.value(number, TITLE) == "Named anew"
    assert scene.value(first, TITLE) != "Named anew"


def test_without_aha_nothing_is_noted(scene: Scene) -> None:
    payload = event(scene)
    scene.configure(aha=None)
    azure_devops_is_down(scene)

    assert scene.post(payload).status == 503

    assert notes(scene) == []


def test_a_dry_run_notes_nothing(scene: Scene) -> None:
    azure_devops_is_down(scene)

    scene.post(event(scene), dry_run="true")

    assert notes(scene) == []


def test_a_refused_send_leaves_nothing_to_the_timer(scene: Scene) -> None:
    scene.azure_devops.add_fault(
        path=A_WRITE, status=400, body={"message": "TF401320: A required field is empty."}, times=None
    )

    scene.post(event(scene))

    assert notes(scene) == []


_REFUSED = [
    pytest.param({"status": 401}, "azure_devops_credentials_rejected", id="the token"),
    pytest.param(
        {"status": 403, "body": {"message": "TF237111: The current user does not have permissions."}},
        "azure_devops_forbidden",
        id="a right",
    ),
]


@pytest.mark.parametrize(("refusal", "code"), _REFUSED)
def test_the_timer_tries_again_once_a_person_has_repaired_the_access(
    scene: Scene, refusal: Json, code: str
) -> None:
    interrupt(scene)
    scene.azure_devops.add_fault(path="/_apis/wit/", times=None, **refusal)
    minutes_pass(scene)
    reconcile(scene)
    assert len(notes(scene)) == 1
    (entry,) = scene.log("send.resume-failed", "error")
    assert entry["detail"]["code"] == code
    assert entry["message"].endswith("It tries again later.")
    scene.azure_devops.clear_faults()
    minutes_pass(scene)

    reconcile(scene)

    assert_finished(scene)


def test_the_timer_tries_again_what_a_missing_right_kept_from_a_requirement_and_a_file(scene: Scene) -> None:
    """Given a feature of which the timer may write neither the requirement nor the file."""
    with_requirements(scene, 1)
    number, child = scene.post(event(scene)).ids
    scene.attach("PROD-2", "late.txt")
    scene.aha.edit("PROD-2-1", name="Named anew")
    azure_devops_is_down(scene)
    assert scene.post(event(scene)).status == 503
    scene.azure_devops.clear_faults()
    refusal = {"status": 403, "body": {"message": "TF237111: The current user does not have permissions."}}
    scene.azure_devops.add_fault(path=rf"/workitems/{child}\?", method="PATCH", times=None, **refusal)
    scene.azure_devops.add_fault(path="/wit/attachments", times=None, **refusal)
    for _ in range(2):
        minutes_pass(scene)
        reconcile(scene)
        assert len(notes(scene)) == 1
        scene.azure_devops.clear_faults()
        scene.azure_devops.add_fault(path="/wit/attachments", times=None, **refusal)
    assert scene.value(child, TITLE) == "Named anew"
    scene.azure_devops.clear_faults()
    minutes_pass(scene)

    reconcile(scene)

    assert scene.file_names(number) == ["late.txt"]
    assert_finished(scene)


def test_a_refused_token_is_tried_with_one_feature_of_a_run(scene: Scene) -> None:
    interrupt(scene, "PROD-2")
    interrupt(scene, "PROD-4")
    scene.azure_devops.add_fault(path="/_apis/wit/", status=401, times=None)
    minutes_pass(scene)

    reconcile(scene)

    assert sorted(note["attempts"] for note in notes(scene)) == [0, 1]


def test_a_person_whose_send_was_refused_the_access_sends_again(scene: Scene) -> None:
    scene.azure_devops.add_fault(path="/_apis/wit/", status=401, times=None)

    assert scene.post(event(scene)).status == 422

    assert notes(scene) == []
