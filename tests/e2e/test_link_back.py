"""The link back: a work item's id and URL in the integration fields of its record in Aha!."""

from __future__ import annotations

import time
from typing import Any

import pytest

from local.sample import sample_integration
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene
from tests.e2e.system import eventually

REFERENCE = "PROD-2"
REFUSED = {"error": "You do not have permission to do this."}


def fields(scene: Scene, reference: str = REFERENCE) -> dict[str, str]:
    """The fields that the product's Integration webhook keeps with a record; each must be there once."""
    record = next(one for one in scene.aha.records() if one["reference_num"] == reference)
    own = [one for one in record["integration_fields"] if one["service_name"] == "webhooks"]
    assert len({one["name"] for one in own}) == len(own), own
    return {one["name"]: one["value"] for one in own}


def link_back_of(part: Json) -> dict[str, str]:
    """The fields that a record has to have after a send."""
    item = part["work_item"]
    return {"id": str(item["id"]), "url": item["url"]}


def press(scene: Scene, reference: str = REFERENCE) -> Any:
    """Send the feature as Aha! does, as it is there now."""
    return scene.send(scene.aha.event(reference)["feature"])


def aha_calls(scene: Scene) -> list[str]:
    """The product's requests to Aha! since the last send."""
    return [
        f"{one['method']} {one['path'].rpartition('/')[2]}"
        for one in scene.aha.requests()
        if one["path"].startswith("/api/v1/")
        and one["headers"].get("user-agent", "").startswith("aha-azure-devops-integration")
    ]


def forget_links(scene: Scene) -> None:
    """The table of links is lost."""
    links = scene._links()
    for row in list(links.query_entities(f"PartitionKey eq '{scene.integration.id}'")):
        links.delete_entity(row)


class TestASend:
    def test_writes_the_work_item_of_the_feature_and_the_next_send_costs_nothing(self, scene: Scene) -> None:
        sent = press(scene, "PROD-1")

        assert fields(scene, "PROD-1") == link_back_of(sent.feature)
        assert fields(scene, "PROD-1-1") == {}
        # The product's Integration webhook is looked up once, and remembered.
        assert [call for call in aha_calls(scene) if call != "GET integrations"] == ["POST fields"]
        (entry,) = scene.log("link-back.written")
        assert "PROD-1" in entry["message"]
        before = scene.link_rows()

        again = press(scene, "PROD-1")

        assert set(again.actions) == {"unchanged"}
        assert aha_calls(scene) == []
        assert scene.link_rows() == before

    def test_writes_those_of_requirements_too_or_none(self, scene: Scene) -> None:
        aha = scene.integration.body["aha"]
        scene.configure(aha={**aha, "link_back": "all"})
        sent = press(scene, "PROD-1")
        for part in sent.records:
            assert fields(scene, part["reference_num"]) == link_back_of(part)

        scene.configure(aha={**aha, "link_back": "none"})
        press(scene, REFERENCE)

        assert fields(scene, REFERENCE) == {}
        assert aha_calls(scene) == []

    def test_by_reference_sees_the_fields_in_aha(self, scene: Scene) -> None:
        sent = scene.send_reference(REFERENCE)
        assert fields(scene) == link_back_of(sent.feature)

        scene.send_reference(REFERENCE)

        assert [call for call in aha_calls(scene) if not call.startswith("GET")] == []

    def test_without_a_token_of_aha_writes_nothing(self, scene: Scene) -> None:
        scene.configure(aha=None)
        scene.configure(aha={"url": ""}, enabled=True)

        assert press(scene).status == 201
        assert aha_calls(scene) == []

    def test_of_a_product_without_an_integration_webhook_says_so(self, scene: Scene) -> None:
        mobile = next(
            one for one in scene.aha.get("/products").json()["products"] if one["reference_prefix"] == "MOB"
        )
        scene.aha.control("DELETE", "/products/MOB/webhook")
        scene.aha.post("/releases/MOB-R-1/features", json={"feature": {"name": "Scan a receipt"}})
        scene.configure(product_id=mobile["id"])

        assert press(scene, "MOB-1").status == 201

        (entry,) = scene.log("link-back.no-integration")
        assert entry["level"] == "info"
        assert "aha.integration_id" in entry["message"]
        assert aha_calls(scene) == ["GET integrations"]

    def test_writes_under_the_integration_that_is_configured(self, scene: Scene) -> None:
        integrations = scene.aha.get("/products/PROD/integrations").json()["integrations"]
        chosen = next(str(one["id"]) for one in integrations if one["service_name"] == "github_issues")
        scene.configure(aha={**scene.integration.body["aha"], "integration_id": chosen})

        sent = press(scene)

        written = scene.aha.feature(REFERENCE)["integration_fields"]
        assert {str(one["integration_id"]) for one in written} == {chosen}
        assert aha_calls(scene) == ["POST fields"]
        forget_links(scene)
        assert press(scene).ids == sent.ids

    def test_of_two_products_uses_the_webhook_of_each(self, scene: Scene) -> None:
        scene.aha.post("/releases/MOB-R-1/features", json={"feature": {"name": "Scan a receipt"}})
        body = {**sample_integration(scene.aha.account_url), "product_id": "MOB"}
        assert scene.api.put_integration("mobile", body).status_code == 201

        press(scene)
        scene.api.send("mobile", scene.aha.event("MOB-1"))

        used = [
            str(scene.aha.feature(reference)["integration_fields"][0]["integration_id"])
            for reference in (REFERENCE, "MOB-1")
        ]
        webhooks = [
            str(one["id"])
            for product in ("PROD", "MOB")
            for one in scene.aha.get(f"/products/{product}/integrations").json()["integrations"]
            if one["service_name"] == "webhooks"
        ]
        assert used == webhooks


class TestAFailure:
    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500},
            {"status": 403, "body": REFUSED},
            {"status": 404, "body": {"error": "Record not found."}},
            {"status": 429, "headers": {"Retry-After": "60"}},
            {"cut": "after"},
        ],
        ids=["500", "403", "404", "429", "lost answer"],
    )
    def test_does_not_fail_the_send_and_the_next_one_repairs_it(self, scene: Scene, fault: Json) -> None:
        scene.aha.add_fault(method="POST", path="/fields$", times=None, **fault)

        sent = press(scene)

        assert (sent.status, sent.body["status"]) == (201, "succeeded")
        (entry,) = scene.log("link-back.failed")
        assert (entry["level"], REFERENCE in entry["message"]) == ("warning", True)
        assert "written_back" not in scene.link_rows()[sent.ids[0]]
        scene.aha.clear_faults()
        if fault.get("status") == 429:
            # The account may be called again after the pause that it asked for.
            scene.system.restart_host()

        assert press(scene).actions == ["unchanged"]
        assert fields(scene) == link_back_of(sent.feature)
        press(scene)
        assert aha_calls(scene) == []

    def test_of_a_slow_aha_ends_with_the_time_that_the_caller_waits(self, scene: Scene) -> None:
        scene.aha.add_fault(method="POST", path="/fields$", delay_ms=20_000)
        started = time.monotonic()

        answer = scene.api.post(
            f"/integrations/{scene.integration.id}/features",
            json=scene.aha.event(REFERENCE),
            headers={"Prefer": "wait=3"},
        )

        assert answer.status_code == 201
        assert time.monotonic() - started < 10
        assert scene.events("warning").count("link-back.failed") == 1

    def test_between_the_fields_and_the_note_leaves_nothing_to_write(self, scene: Scene) -> None:
        """Given a process that died after Aha! took the fields, when the feature is sent again."""
        sent = press(scene)
        scene.take_out_of_link_rows("written_back")

        press(scene)

        assert "POST fields" not in aha_calls(scene)
        assert "written_back" in scene.link_rows()[sent.ids[0]]

    @pytest.mark.parametrize("replaces", [True, False])
    def test_fields_that_are_gone_or_wrong_are_right_after_the_next_send(
        self, scene: Scene, replaces: bool
    ) -> None:
        scene.aha.control("PUT", "/behaviour", {"replace_integration_fields": replaces})
        sent = press(scene)
        first, second = scene.aha.feature(REFERENCE)["integration_fields"]
        assert scene.aha.delete(f"/integration_fields/{first['id']}").ok
        place = f"/features/{REFERENCE}/integrations/{second['integration_id']}/fields"
        wrong = {"name": second["name"], "value": "https://elsewhere.example"}
        assert scene.aha.post(place, json={"integration_field": wrong}).ok

        press(scene)

        assert fields(scene) == link_back_of(sent.feature)

    def test_a_new_work_item_replaces_the_deleted_one(self, scene: Scene) -> None:
        scene.aha.control("PUT", "/behaviour", {"replace_integration_fields": False})
        (number,) = press(scene).ids
        scene.azure_devops.delete_work_item(number)

        sent = press(scene)

        assert sent.ids != [number]
        assert fields(scene) == link_back_of(sent.feature)

    def test_a_write_that_moves_the_time_of_the_record_is_no_change(self, scene: Scene) -> None:
        scene.aha.control("PUT", "/behaviour", {"integration_fields_touch": True})
        press(scene)

        assert press(scene).actions == ["unchanged"]
        assert aha_calls(scene) == []
        assert scene.log("record.outdated") == []


class TestALink:
    def test_by_hand_is_written_back(self, scene: Scene) -> None:
        made = scene.azure_devops.control(
            "POST", "/work_items", {"count": 1, "type": "Feature", "title": "By hand"}
        )
        path = f"/integrations/{scene.integration.id}/features/{REFERENCE}"

        answer = scene.api.put(path, json={"work_item_id": made["ids"][0]})

        assert answer.status_code == 200, answer.text
        assert fields(scene) == link_back_of(answer.json()["feature"])
        scene.aha.clear_requests()
        scene.api.put(path, json={"work_item_id": made["ids"][0]})
        assert [call for call in aha_calls(scene) if not call.startswith("GET")] == []

    def test_that_was_lost_with_its_table_is_found_again_by_the_fields(self, scene: Scene) -> None:
        scene.configure(aha={**scene.integration.body["aha"], "link_back": "all"})
        sent = press(scene, "PROD-1")
        forget_links(scene)

        again = press(scene, "PROD-1")

        assert (again.status, again.ids) == (200, sent.ids)
        assert "POST fields" not in aha_calls(scene)
        forget_links(scene)
        assert scene.send_reference("PROD-1").ids == sent.ids

    def test_that_a_person_removes_is_taken_out_of_aha(self, scene: Scene) -> None:
        scene.configure(aha={**scene.integration.body["aha"], "link_back": "all"})
        sent = press(scene, "PROD-1")

        assert unlink(scene, "PROD-1").status_code == 204

        for reference in ("PROD-1", "PROD-1-1", "PROD-1-2", "PROD-1-3"):
            assert fields(scene, reference) == {}
        again = press(scene, "PROD-1")
        assert again.status == 201
        assert not set(again.ids) & set(sent.ids)
        assert unlink(scene, "PROD-1-2").status_code == 204
        assert (fields(scene, "PROD-1-2"), fields(scene, "PROD-1-1") != {}) == ({}, True)

    def test_that_aha_refuses_to_forget_is_removed_all_the_same(self, scene: Scene) -> None:
        sent = press(scene)
        scene.aha.add_fault(
            method="DELETE", path="/integration_fields/", status=403, body=REFUSED, times=None
        )

        assert unlink(scene, REFERENCE).status_code == 204

        assert scene.link_rows() == {}
        (entry,) = scene.log("link-back.left")
        assert str(sent.ids[0]) in entry["message"]

    def test_stays_as_long_as_aha_is_down(self, scene: Scene) -> None:
        sent = press(scene)
        scene.aha.add_fault(method="DELETE", path="/integration_fields/", status=503, times=None)

        answer = unlink(scene, REFERENCE)

        assert (answer.status_code, answer.json()["code"]) == (503, "aha_unavailable")
        assert list(scene.link_rows()) == sent.ids
        scene.aha.clear_faults()
        assert unlink(scene, REFERENCE).status_code == 204
        assert fields(scene) == {}


def test_the_next_press_on_send_in_aha_is_an_update(scene: Scene) -> None:
    hook = f"{scene.api.url}/integrations/{scene.integration.id}/features?code={scene.system.function_key}"
    scene.aha.control("PUT", "/products/PROD/webhook", {"url": hook})
    page = f"{scene.aha.account_url}/_board/data/records/{REFERENCE}"

    def pressed(lines: int) -> Json:
        assert scene.aha.post(f"{page}/send").ok
        return eventually(lambda: shown_with(scene, page, lines)) or {}

    pressed(2)
    shown = pressed(4)

    events = [line["event"] for line in shown["send"]["log"]]
    assert events == ["update_feature", "create_release", "create_feature", "create_release"]
    (integration,) = shown["integrations"]
    assert integration["fields"] == fields(scene)


def shown_with(scene: Scene, page: str, lines: int) -> Json | None:
    """What the page of a record shows once the log of its webhook has so many lines."""
    shown: Json = scene.aha.get(page).json()
    return shown if len(shown["send"]["log"]) == lines else None


def unlink(scene: Scene, reference: str) -> Any:
    return scene.api.delete(f"/integrations/{scene.integration.id}/features/{reference}")
