"""A feature that is named instead of posted: the app reads it from Aha! and sends it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sending_scene import DESCRIPTION, TITLE, Scene


def reads_of_aha(scene: Scene) -> list[str]:
    """The paths of the product's reads, each with its page."""
    return sorted(
        f"{one['path'].removeprefix('/api/v1')}?{one['query']}".rstrip("?")
        for one in scene.aha.requests()
        if one["path"].startswith("/api/v1/") and one["method"] == "GET"
    )


def code_of(answer: Any) -> str:
    return str(answer.response.json()["code"])


@pytest.mark.contract
def test_a_feature_is_read_and_sent_with_its_requirements_and_attachments(scene: Scene) -> None:
    sent = scene.send_reference("PROD-1")

    assert (sent.status, sent.body["status"]) == (201, "succeeded")
    assert sent.feature["reference_num"] == "PROD-1"
    assert [part["reference_num"] for part in sent.requirements] == ["PROD-1-2", "PROD-1-1", "PROD-1-3"]
    assert sent.actions == ["created"] * 4
    assert scene.value(sent.ids[0], TITLE) == "Pay by card"
    assert set(sent.files.values()) == {"uploaded"}
    assert len(sent.files) == 3, "Two files of the feature, and the picture of its description."


def test_it_is_the_same_feature_as_the_one_that_is_posted(scene: Scene) -> None:
    posted = scene.send(scene.aha.event("PROD-1")["feature"])

    sent = scene.send_reference("PROD-1")

    assert (sent.status, sent.ids) == (200, posted.ids)
    assert sent.actions == ["unchanged"] * 4


def test_reading_takes_one_trip(scene: Scene) -> None:
    scene.aha.set_latency(200)

    scene.send_reference("PROD-1", params={"dry_run": "true"})

    feature, page = (one for one in scene.aha.requests() if one["path"].startswith("/api/v1/"))
    assert abs(feature["started_at"] - page["started_at"]) < 0.15
    assert reads_of_aha(scene) == [
        "/features/PROD-1",
        "/features/PROD-1/requirements?per_page=200&page=1",
    ]


@pytest.mark.parametrize("name", ["prod-1", "Prod-1", "PROD-1-2", "prod-1-2", "id", "id of a requirement"])
def test_a_feature_has_several_names(scene: Scene, name: str) -> None:
    ids = {
        "id": str(scene.aha.feature("PROD-1")["id"]),
        "id of a requirement": str(scene.aha.requirement("PROD-1-2")["id"]),
    }

    sent = scene.send_reference(ids.get(name, name))

    assert (sent.status, sent.feature["reference_num"]) == (201, "PROD-1")
    assert len(sent.requirements) == 3


def test_requirements_past_the_first_page_are_sent_although_the_feature_does_not_show_them(
    scene: Scene,
) -> None:
    for number in range(205):
        body = {"requirement": {"name": f"Requirement {number}"}}
        assert scene.aha.post("/features/PROD-2/requirements", json=body).ok
    scene.aha.control("PUT", "/behaviour", {"cut_requirements": True})

    sent = scene.send_reference("PROD-2")

    assert sent.status == 201
    assert len({part["id"] for part in sent.requirements}) == 205
    assert reads_of_aha(scene)[1:] == [
        "/features/PROD-2/requirements?per_page=200&page=1",
        "/features/PROD-2/requirements?per_page=200&page=2",
    ]


def test_what_changed_in_aha_is_sent(scene: Scene) -> None:
    (number,) = scene.send_reference("PROD-2").ids
    scene.aha.edit("PROD-2", name="Renamed", description="<p>Anew</p>")

    sent = scene.send_reference("PROD-2")

    assert (sent.status, sent.actions) == (200, ["updated"])
    assert (scene.value(number, TITLE), scene.value(number, DESCRIPTION)) == ("Renamed", "<p>Anew</p>")


def test_a_dry_run_reads_and_writes_nothing(scene: Scene) -> None:
    sent = scene.send_reference("PROD-1", params={"dry_run": "true"})

    assert (sent.status, sent.actions) == (200, ["created"] * 4)
    assert scene.items() == {}
    assert scene.link_rows() == {}


@pytest.mark.parametrize("name", ["PROD-999", "PROD-R-1", "1234567890", "PROD-1-99"])
def test_what_aha_does_not_show_is_told_by_its_name(scene: Scene, name: str) -> None:
    sent = scene.send_reference(name)

    assert (sent.status, code_of(sent)) == (422, "aha_not_found")
    assert name in sent.body["detail"]
    assert "Check the reference" in sent.body["detail"]
    assert scene.requests() == []


@pytest.mark.parametrize("name", ["PROD_1", "..%2Fproducts", "PROD%201", "-", "P" * 65, "%F0%9F%8E%89"])
def test_what_is_no_reference_is_refused_before_anybody_is_asked(scene: Scene, name: str) -> None:
    sent = scene.send_reference(name)

    assert (sent.status, code_of(sent)) == (400, "invalid_request")
    assert sent.body["errors"][0]["pointer"] == "/reference"
    assert scene.aha.requests() == []


def test_a_feature_of_another_product_is_refused_before_anything_is_done(scene: Scene) -> None:
    assert scene.configure(product_id="MOB").status_code == 200

    sent = scene.send_reference("PROD-1")

    assert (sent.status, code_of(sent)) == (422, "other_product")
    assert scene.requests() == []


@pytest.mark.parametrize("body", ["{}", '{"feature": {"id": "1"}}', "not JSON"])
def test_a_body_is_refused(scene: Scene, body: str) -> None:
    sent = scene.send_reference("PROD-1", data=body)

    assert (sent.status, code_of(sent)) == (400, "invalid_request")
    assert "must be left out" in sent.body["detail"]
    assert scene.items() == {}


def test_without_a_token_of_aha_the_integration_is_incomplete(scene: Scene) -> None:
    assert scene.configure(aha=None).status_code == 200

    sent = scene.send_reference("PROD-1")

    assert (sent.status, code_of(sent)) == (409, "integration_incomplete")
    assert "no Aha! address and API token" in sent.body["detail"]


def test_a_disabled_integration_reads_nothing(scene: Scene) -> None:
    assert scene.configure(enabled=False).status_code == 200

    sent = scene.send_reference("PROD-1")

    assert (sent.status, code_of(sent)) == (409, "integration_disabled")
    assert scene.aha.requests() == []


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [(401, 422, "aha_credentials_rejected"), (403, 422, "aha_forbidden"), (503, 503, "aha_unavailable")],
)
def test_aha_that_cannot_be_read_is_told_and_nothing_is_written(
    scene: Scene, status: int, expected: int, code: str
) -> None:
    scene.aha.add_fault(path="/api/v1/features/", status=status, body={"error": "No."}, times=None)

    sent = scene.send_reference("PROD-1", headers={"Prefer": "wait=3"})

    assert (sent.status, code_of(sent)) == (expected, code)
    assert scene.items() == {}


def test_a_caller_who_waits_for_a_second_is_told_what_is_left(scene: Scene) -> None:
    scene.azure_devops.set_latency(2500)

    sent = scene.send_reference("PROD-1", headers={"Prefer": "respond-async, wait=2"})

    assert (sent.status, sent.body["status"]) == (202, "in_progress")
    assert sent.response.elapsed.total_seconds() < 3
    assert int(sent.response.headers["retry-after"]) > 0
    scene.azure_devops.set_latency(0)
    scene.give_claims_up()
    assert scene.send_reference("PROD-1").body["status"] == "succeeded"
    assert len(scene.items()) == 4


def test_the_log_has_the_reads_and_the_send(scene: Scene) -> None:
    sent = scene.send_reference("PROD-1")

    entries = scene.log()
    mine = [entry for entry in entries if entry["operation_id"] == sent.body["operation_id"]]
    read = [
        entry["detail"]["url"].rpartition("/api/v1")[2]
        for entry in mine
        if entry["event"] == "aha.request" and entry["detail"]["method"] == "GET"
    ]
    assert sorted(read)[0] == "/features/PROD-1"
    assert [entry["event"] for entry in mine].count("work-item.created") == 4
