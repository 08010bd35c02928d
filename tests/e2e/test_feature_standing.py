"""How a feature stands, the list of linked features, and links that a person makes and removes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import A_WRITE, DESCRIPTION, STATE, TITLE, Scene


def standing(scene: Scene, reference: str = "PROD-1") -> Json:
    """How a feature stands; the lists of requests start anew."""
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()
    answer = scene.api.get(f"/integrations/{scene.integration.id}/features/{reference}")
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def differences(scene: Scene, reference: str = "PROD-1") -> dict[str, str]:
    """The differences of the records, by reference."""
    body = standing(scene, reference)
    return {part["reference_num"]: part["difference"] for part in (body["feature"], *body["requirements"])}


def listed(scene: Scene, **query: Any) -> Json:
    answer = scene.api.get(f"/integrations/{scene.integration.id}/features", params=query)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def link(scene: Scene, reference: str, work_item_id: Any) -> Any:
    path = f"/integrations/{scene.integration.id}/features/{reference}"
    return scene.api.put(path, json={"work_item_id": work_item_id})


def unlink(scene: Scene, reference: str) -> Any:
    return scene.api.delete(f"/integrations/{scene.integration.id}/features/{reference}")


def make_work_item(scene: Scene, work_item_type: str = "Feature", **fields: str) -> int:
    """An engineer makes a work item."""
    document = [
        {"op": "add", "path": f"/fields/{name}", "value": value}
        for name, value in {TITLE: "Made by an engineer", **fields}.items()
    ]
    made = scene.azure_devops.post(
        f"/Fabrikam/_apis/wit/workitems/${work_item_type}?api-version=7.1",
        json=document,
        headers={"content-type": "application/json-patch+json"},
    )
    assert made.ok, made.text
    return int(made.json()["id"])


class TestStanding:
    @pytest.mark.contract
    def test_of_a_feature_that_was_never_sent(self, scene: Scene) -> None:
        body = standing(scene)

        assert body["feature"] == {
            "id": scene.aha.feature("PROD-1")["id"],
            "reference_num": "PROD-1",
            "name": "Pay by card",
            "work_item": None,
            "difference": "not_sent",
            "last_sent_at": None,
            "last_received_at": None,
            "last_error": None,
        }
        assert [part["reference_num"] for part in body["requirements"]] == [
            "PROD-1-2",
            "PROD-1-1",
            "PROD-1-3",
        ]
        assert scene.requests() == []

    @pytest.mark.contract
    def test_of_a_feature_that_was_sent(self, scene: Scene) -> None:
        sent = scene.send_reference("PROD-1")

        body = standing(scene)

        assert set(differences(scene).values()) == {"none"}
        shown = body["feature"]["work_item"]
        assert (shown["id"], shown["type"], shown["state"], shown["rev"]) == (
            sent.ids[0],
            "Feature",
            "New",
            1,
        )
        assert body["feature"]["last_sent_at"] is not None
        assert [part["work_item"]["id"] for part in body["requirements"]] == sent.ids[1:]

    def test_takes_one_batch_read_beside_the_read_of_aha(self, scene: Scene) -> None:
        scene.send_reference("PROD-1")
        scene.aha.set_latency(400)
        scene.azure_devops.set_latency(400)

        standing(scene)

        (batch,) = scene.requests()
        assert batch["path"].endswith("/workitemsbatch")
        reads = [one for one in scene.aha.requests() if one["path"].startswith("/api/v1/")]
        assert all(abs(batch["started_at"] - one["started_at"]) < 0.3 for one in reads)
        assert scene.writes() == []

    def test_tells_whose_change_would_be_carried(self, scene: Scene) -> None:
        sent = scene.send_reference("PROD-1")
        scene.aha.edit("PROD-1", name="By a manager")
        scene.edit(sent.ids[1], title="By an engineer")
        scene.aha.edit("PROD-1-1", name="By a manager")
        scene.edit(sent.ids[2], title="By an engineer")

        assert differences(scene) == {
            "PROD-1": "aha",
            "PROD-1-2": "azure_devops",
            "PROD-1-1": "both",
            "PROD-1-3": "none",
        }
        assert scene.link_rows()[sent.ids[0]]["agreed_revision"] == 1, "Nothing is written."

    def test_a_state_and_a_file_are_differences_too(self, scene: Scene) -> None:
        number, *_ = scene.send_reference("PROD-1").ids
        scene.edit(number, state="Active")
        assert differences(scene)["PROD-1"] == "azure_devops"
        scene.deliver(time_scale=0.01)
        assert differences(scene)["PROD-1"] == "none"

        file = {
            "record": scene.aha.feature("PROD-1")["id"],
            "where": "record",
            "file_name": "n.txt",
            "size": 3,
        }
        scene.aha.control("POST", "/attachments", file)

        assert differences(scene)["PROD-1"] == "aha"

    def test_a_requirement_that_is_new_in_aha_is_not_sent(self, scene: Scene) -> None:
        scene.send_reference("PROD-2")
        assert scene.aha.post("/features/PROD-2/requirements", json={"requirement": {"name": "New"}}).ok

        assert differences(scene, "PROD-2") == {"PROD-2": "none", "PROD-2-1": "not_sent"}

    def test_a_work_item_in_the_recycle_bin_is_gone(self, scene: Scene) -> None:
        sent = scene.send_reference("PROD-1")
        scene.azure_devops.delete(f"/_apis/wit/workitems/{sent.ids[1]}")

        body = standing(scene)

        part = body["requirements"][0]
        assert part["difference"] == "gone"
        assert (part["work_item"]["id"], part["work_item"]["state"]) == (sent.ids[1], None)

    @pytest.mark.parametrize("name", ["prod-1", "PROD-1-2", "id"])
    def test_has_the_same_names_as_a_send(self, scene: Scene, name: str) -> None:
        scene.send_reference("PROD-1")
        feature_id = str(scene.aha.feature("PROD-1")["id"])

        body = standing(scene, feature_id if name == "id" else name)

        assert body["feature"]["reference_num"] == "PROD-1"
        assert len(body["requirements"]) == 3

    def test_a_failure_is_shown_until_the_record_went_through(self, scene: Scene) -> None:
        sent = scene.send_reference("PROD-1")
        scene.aha.edit("PROD-1-2", name="Refused")
        fault = {"message": "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."}
        scene.azure_devops.add_fault(
            path=A_WRITE, method="PATCH", request_body="Refused", status=400, body=fault, times=None
        )
        failed = scene.send_reference("PROD-1")
        assert failed.status == 207

        error = standing(scene)["requirements"][0]["last_error"]

        assert error["code"] == "azure_devops_rule_violation"
        assert error["operation_id"] == failed.body["operation_id"]
        assert error["detail"] == failed.requirements[0]["error"]["detail"]
        scene.azure_devops.clear_faults()
        assert scene.send_reference("PROD-1").ids == sent.ids
        assert standing(scene)["requirements"][0]["last_error"] is None

    def test_a_change_that_aha_refuses_is_shown_until_it_went_through(self, scene: Scene) -> None:
        number = scene.send_reference("PROD-2").ids[0]
        scene.aha.takes_writes("PROD-2", refuses={"status": 422, "message": "Name is not allowed"})
        scene.edit(number, title="Named anew")
        scene.deliver(time_scale=0.001)

        feature = standing(scene, "PROD-2")["feature"]

        assert (feature["difference"], feature["last_error"]["code"]) == (
            "azure_devops",
            "aha_rule_violation",
        )
        assert "Name is not allowed" in feature["last_error"]["detail"]
        scene.aha.takes_writes("PROD-2")
        scene.edit(number, title="Named otherwise")
        scene.deliver(time_scale=0.001)
        assert standing(scene, "PROD-2")["feature"]["last_error"] is None

    def test_of_what_aha_does_not_show(self, scene: Scene) -> None:
        answer = scene.api.get(f"/integrations/{scene.integration.id}/features/PROD-999")

        assert (answer.status_code, answer.json()["code"]) == (422, "aha_not_found")

    def test_without_a_token_of_aha(self, scene: Scene) -> None:
        assert scene.configure(aha=None).status_code == 200

        answer = scene.api.get(f"/integrations/{scene.integration.id}/features/PROD-1")

        assert (answer.status_code, answer.json()["code"]) == (409, "integration_incomplete")


class TestList:
    @pytest.mark.contract
    def test_has_the_features_alone_in_the_order_of_their_work_items(self, scene: Scene) -> None:
        ids = [scene.send_reference(name).ids[0] for name in ("PROD-2", "PROD-1", "PROD-3")]

        body = listed(scene)

        assert [item["reference_num"] for item in body["features"]] == ["PROD-2", "PROD-1", "PROD-3"]
        assert [item["work_item"]["id"] for item in body["features"]] == ids
        assert body["features"][1]["name"] == "Pay by card"
        assert body["next"] is None

    def test_is_read_in_pages(self, scene: Scene) -> None:
        for name in ("PROD-1", "PROD-2", "PROD-3"):
            scene.send_reference(name)

        first = listed(scene, limit=2)
        second = listed(scene, limit=2, after=first["next"])

        names = [item["reference_num"] for item in (*first["features"], *second["features"])]
        assert names == ["PROD-1", "PROD-2", "PROD-3"]
        assert second["next"] is None

    def test_needs_no_aha_and_no_azure_devops(self, scene: Scene) -> None:
        scene.send_reference("PROD-1")
        assert scene.configure(aha=None).status_code == 200
        scene.azure_devops.clear_requests()

        assert len(listed(scene)["features"]) == 1
        assert scene.requests() == []

    def test_of_an_integration_without_links_is_empty(self, scene: Scene) -> None:
        assert listed(scene) == {"features": [], "next": None}

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"after": "x"}])
    def test_refuses_other_parameters(self, scene: Scene, query: dict[str, str]) -> None:
        answer = scene.api.get(f"/integrations/{scene.integration.id}/features", params=query)

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


class TestLink:
    @pytest.mark.contract
    def test_to_a_work_item_touches_no_text(self, scene: Scene) -> None:
        number = make_work_item(scene, **{DESCRIPTION: "<p>By an engineer</p>"})
        in_aha = scene.aha.feature("PROD-2")

        answer = link(scene, "PROD-2", number)

        assert answer.status_code == 200
        assert answer.json()["feature"]["work_item"]["id"] == number
        assert answer.json()["feature"]["difference"] == "both"
        assert scene.item(number)["rev"] == 1
        assert scene.aha.feature("PROD-2")["name"] == in_aha["name"]

    def test_lets_the_next_send_report_what_differs(self, scene: Scene) -> None:
        number = make_work_item(scene)
        link(scene, "PROD-4", number)

        sent = scene.send_reference("PROD-4")

        assert (sent.status, sent.ids, sent.actions) == (200, [number], ["updated"])
        assert [item["field"] for item in sent.feature["conflicts"]] == ["name"]
        assert scene.value(number, TITLE) == scene.aha.feature("PROD-4")["name"]
        assert scene.value(number, DESCRIPTION), "What was empty is filled."
        assert set(scene.items()) == {number}

    def test_lets_a_notification_carry_only_what_an_engineer_changes_afterwards(self, scene: Scene) -> None:
        number = make_work_item(scene)
        link(scene, "PROD-2", number)
        name = scene.aha.feature("PROD-2")["name"]
        scene.edit(number, state="Active")

        scene.deliver(time_scale=0.01)

        assert scene.aha.feature("PROD-2")["name"] == name
        assert scene.aha.status("PROD-2") == "In progress"

    def test_of_the_same_text_is_no_difference(self, scene: Scene) -> None:
        record = scene.aha.feature("PROD-2")
        fields = {TITLE: record["name"], DESCRIPTION: record["description"]["body"]}
        number = make_work_item(scene, **fields)

        assert link(scene, "PROD-2", number).json()["feature"]["difference"] == "none"

    def test_of_a_requirement_links_it_alone(self, scene: Scene) -> None:
        number = make_work_item(scene, "User Story")

        body = link(scene, "PROD-1-2", number).json()

        assert body["feature"]["difference"] == "not_sent"
        assert body["requirements"][0]["work_item"]["id"] == number
        sent = scene.send_reference("PROD-1")
        assert sent.ids[1] == number
        assert len(scene.items()) == 4

    def test_may_be_repeated(self, scene: Scene) -> None:
        number = make_work_item(scene)
        first = link(scene, "PROD-2", number)

        assert link(scene, "PROD-2", number).json() == first.json()

    def test_of_a_work_item_that_belongs_to_another_record_is_refused(self, scene: Scene) -> None:
        number = scene.send_reference("PROD-1").ids[0]

        answer = link(scene, "PROD-2", number)

        assert (answer.status_code, answer.json()["code"]) == (409, "already_linked")
        assert "PROD-1" in answer.json()["detail"]

    def test_of_two_records_to_one_work_item_at_once_succeeds_once_and_names_the_other_record(
        self, scene: Scene
    ) -> None:
        """Given an Azure DevOps so slow that both requests have found the work item without a link."""
        number = make_work_item(scene)
        scene.azure_devops.set_latency(1500)

        with ThreadPoolExecutor(2) as people:
            one, other = people.map(lambda reference: link(scene, reference, number), ("PROD-1", "PROD-2"))

        winner, refused = ("PROD-1", other) if one.ok else ("PROD-2", one)
        assert sorted((one.status_code, other.status_code)) == [200, 409]
        assert refused.json()["code"] == "already_linked"
        assert refused.json()["detail"] == f"Work item {number} belongs to {winner}. Unlink {winner} first."

    def test_of_a_record_that_has_another_work_item_is_refused(self, scene: Scene) -> None:
        number = scene.send_reference("PROD-2").ids[0]

        answer = link(scene, "PROD-2", make_work_item(scene))

        assert (answer.status_code, answer.json()["code"]) == (409, "already_linked")
        assert str(number) in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("work_item_type", "code"),
        [("User Story", "azure_devops_rule_violation"), (None, "azure_devops_not_found")],
    )
    def test_to_what_does_not_fit_is_refused(
        self, scene: Scene, work_item_type: str | None, code: str
    ) -> None:
        number = make_work_item(scene, work_item_type) if work_item_type else 999_999

        answer = link(scene, "PROD-2", number)

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert scene.link_rows() == {}
        assert scene.claims() == []

    def test_of_a_feature_of_another_product_is_refused(self, scene: Scene) -> None:
        assert scene.configure(product_id="MOB").status_code == 200

        answer = link(scene, "PROD-2", make_work_item(scene))

        assert (answer.status_code, answer.json()["code"]) == (422, "other_product")
        assert scene.link_rows() == {}

    @pytest.mark.parametrize("number", [0, -1, 2**31, "174", None, True, 1.5])
    def test_to_no_number_is_refused(self, scene: Scene, number: Any) -> None:
        answer = link(scene, "PROD-2", number)

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


class TestUnlink:
    @pytest.mark.contract
    def test_a_feature_goes_with_its_requirements_and_the_work_items_stay(self, scene: Scene) -> None:
        sent = scene.send_reference("PROD-1")

        assert unlink(scene, "prod-1").status_code == 204

        assert scene.link_rows() == {}
        assert set(scene.items()) == set(sent.ids)
        assert set(differences(scene).values()) == {"not_sent"}

    def test_a_requirement_that_was_linked_after_the_last_send_goes_with_its_feature(
        self, scene: Scene
    ) -> None:
        scene.send_reference("PROD-2")
        body = {"requirement": {"name": "Found later"}}
        made = scene.aha.post("/features/PROD-2/requirements", body).json()["requirement"]
        number = make_work_item(scene, "User Story")
        assert link(scene, made["reference_num"], number).status_code == 200

        assert unlink(scene, "PROD-2").status_code == 204

        assert scene.link_rows() == {}

    def test_the_next_send_makes_new_work_items(self, scene: Scene) -> None:
        old = scene.send_reference("PROD-1").ids
        unlink(scene, "PROD-1")

        sent = scene.send_reference("PROD-1")

        assert (sent.status, sent.actions) == (201, ["created"] * 4)
        assert not set(old) & set(sent.ids)

    def test_a_requirement_goes_alone(self, scene: Scene) -> None:
        scene.send_reference("PROD-1")

        assert unlink(scene, "PROD-1-2").status_code == 204

        assert list(differences(scene).values()) == ["none", "not_sent", "none", "none"]

    def test_needs_no_aha(self, scene: Scene) -> None:
        scene.send_reference("PROD-1")
        assert scene.configure(aha=None).status_code == 200

        assert unlink(scene, "PROD-1").status_code == 204

    @pytest.mark.parametrize("name", ["PROD-1", "PROD-999", "12345"])
    def test_what_is_not_linked_is_told(self, scene: Scene, name: str) -> None:
        answer = unlink(scene, name)

        assert (answer.status_code, answer.json()["code"]) == (404, "not_linked")

    @pytest.mark.parametrize("sent_since", [True, False])
    def test_a_requirement_goes_by_its_present_reference(self, scene: Scene, sent_since: bool) -> None:
        """Given a requirement that moved to another feature, and with it to another reference."""
        _, number, *_ = scene.send_reference("PROD-1").ids
        scene.send_reference("PROD-2")
        requirement = scene.aha.requirement("PROD-1-2")
        feature_id = scene.aha.feature("PROD-2")["id"]
        moved = {"requirement": {"feature": feature_id}}
        assert scene.aha.put(f"/requirements/{requirement['id']}", json=moved).ok
        if sent_since:
            scene.send_reference("PROD-2")

        assert unlink(scene, "PROD-2-1").status_code == 204

        assert number not in scene.link_rows()
        assert len(scene.link_rows()) == 4

    def test_a_reference_that_another_record_has_now_is_that_of_the_other_one(self, scene: Scene) -> None:
        scene.send_reference("PROD-1")
        scene.send_reference("PROD-2")
        requirement = scene.aha.requirement("PROD-1-2")
        moved = {"requirement": {"feature": scene.aha.feature("PROD-2")["id"]}}
        assert scene.aha.put(f"/requirements/{requirement['id']}", json=moved).ok
        scene.send_reference("PROD-2")

        answer = unlink(scene, "PROD-1-2")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_linked")
        assert len(scene.link_rows()) == 5

    def test_what_is_not_linked_is_told_without_a_token_that_aha_accepts(self, scene: Scene) -> None:
        aha = {**scene.integration.body["aha"], "api_token": "nobody-knows-this-one"}
        assert scene.configure(aha=aha).ok

        answer = unlink(scene, "PROD-1")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_linked")
        assert "No link of this integration has the reference PROD-1." in answer.json()["detail"]
        assert "API token" in answer.json()["detail"]

    def test_the_log_tells_it(self, scene: Scene) -> None:
        scene.send_reference("PROD-2")
        unlink(scene, "PROD-2")

        assert scene.log("link.removed")[0]["detail"]["reference"] == "PROD-2"


def test_the_state_in_the_standing_is_that_of_the_work_item(scene: Scene) -> None:
    number = scene.send_reference("PROD-2").ids[0]
    scene.edit(number, state="Resolved")

    assert standing(scene, "PROD-2")["feature"]["work_item"]["state"] == scene.value(number, STATE)
