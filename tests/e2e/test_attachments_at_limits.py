"""Attachments that are large, many, slow, or gone: the others arrive, and sending again tries only what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.aha.file_content import GeneratedContent
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene, Sent, another_host
from tests.e2e.test_send_attachments import digest_of, send_sample, stored

REFERENCE = "PROD-2"
PAST_THE_SIMPLE_LIMIT = 131_000_000


def file_of(sent: Sent, attachment_id: str) -> Json:
    """An attachment's part of the answer."""
    (found,) = [file for file in sent.feature["attachments"] if file["id"] == attachment_id]
    return dict(found)


@pytest.fixture
def generous(scene: Scene) -> Scene:
    """An organization that takes files of a gigabyte."""
    scene.azure_devops.control("PUT", "/limits", {"attachment_bytes": 1 << 30})
    return scene


@pytest.mark.parametrize("fault", [None, {"cut": "before"}, {"cut": "after"}, {"status": 503}])
def test_a_file_past_the_simple_limit_comes_in_chunks_and_a_lost_chunk_is_repeated(
    generous: Scene, fault: Json | None
) -> None:
    scene = generous
    large = scene.attach(REFERENCE, "film.mp4", size=PAST_THE_SIMPLE_LIMIT)
    if fault:
        scene.azure_devops.add_fault(method="PUT", path="/attachments/", skip=7, **fault)

    sent = send_sample(scene)

    assert (sent.status, sent.files) == (201, {large: "uploaded"})
    (film,) = stored(scene, sent.ids[0])
    assert (film["size"], film["complete"]) == (PAST_THE_SIMPLE_LIMIT, True)
    assert film["sha256"] == digest_of(GeneratedContent(PAST_THE_SIMPLE_LIMIT))
    chunks = [item for item in scene.requests() if item["method"] == "PUT"]
    assert len(chunks) == 32 + bool(fault)
    downloads = [item for item in scene.aha.requests() if "/storage/" in item["path"]]
    assert len(downloads) == 1


def test_a_file_past_the_organizations_limit_fails_alone_with_the_limit_named(scene: Scene) -> None:
    large = scene.attach(REFERENCE, "large.bin", size=(60 << 20) + 1)
    small = scene.attach(REFERENCE, "small.bin", size=60 << 20)

    sent = send_sample(scene)

    assert (sent.status, sent.files) == (207, {large: "failed", small: "uploaded"})
    error = file_of(sent, large)["error"]
    assert error["code"] == "azure_devops_rule_violation"
    assert "60.000 MB" in error["detail"]
    assert scene.file_names(sent.ids[0]) == ["small.bin"]


def test_attachments_past_a_hundred_fail_alone_and_find_room_later(scene: Scene) -> None:
    files = [scene.attach(REFERENCE, f"{number:03}.txt") for number in range(102)]

    sent = send_sample(scene)

    assert (sent.status, sent.body["status"]) == (207, "partial")
    assert [sent.files[key] for key in files] == ["uploaded"] * 100 + ["failed"] * 2
    assert "at most 100 attachments" in file_of(sent, files[-1])["error"]["detail"]
    assert len(scene.file_names(sent.ids[0])) == 100
    assert len(scene.log("attachment.no-room")) == 1
    again = send_sample(scene, event="update_feature")
    assert (again.status, again.actions, scene.uploads()) == (207, ["unchanged"], [])

    scene.edit(sent.ids[0], [{"op": "remove", "path": f"/relations/{place}"} for place in (50, 49)])
    last = send_sample(scene, event="update_feature")

    assert (last.status, last.actions, len(scene.uploads())) == (200, ["updated"], 2)
    assert [last.files[key] for key in files] == ["unchanged"] * 100 + ["uploaded"] * 2
    assert len(scene.file_names(sent.ids[0])) == 100


def test_no_more_than_eight_files_are_on_their_way_at_a_time(scene: Scene) -> None:
    for number in range(20):
        scene.attach(REFERENCE, f"{number}.txt")
    scene.azure_devops.set_latency(100)

    send_sample(scene)

    spans = [(item["started_at"], item["ended_at"]) for item in scene.uploads()]
    assert len(spans) == 20
    at_once = max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)
    assert 1 < at_once <= 8


@pytest.fixture
def hurried(scene: Scene) -> Iterator[Scene]:
    """Sent by way of a function host that gives a send little time."""
    with another_host(scene.system, SEND_TIME_BUDGET_SECONDS="10") as (_, api):
        yield scene.at(api)


def test_what_there_was_no_time_for_is_pending_and_goes_on_the_next_time(
    scene: Scene, hurried: Scene
) -> None:
    quick = scene.attach(REFERENCE, "quick.txt")
    slow = [scene.attach(REFERENCE, f"slow {number}.txt") for number in range(24)]
    for key in slow:
        scene.aha.add_fault(path=f"/attachments/{key}/", delay_ms=2500)

    first = send_sample(hurried)

    assert (first.status, first.body["status"]) == (202, "in_progress")
    assert first.feature["action"] == "created"
    assert first.files[quick] == "uploaded"
    assert set(first.files.values()) == {"uploaded", "pending"}
    pending = [key for key, action in first.files.items() if action == "pending"]
    assert int(first.response.headers["retry-after"]) > 0
    last = send_sample(scene, event="update_feature")
    assert last.body["status"] == "succeeded"
    assert sorted(key for key, action in last.files.items() if action == "uploaded") == sorted(pending)
    assert len(scene.file_names(last.ids[0])) == 25
