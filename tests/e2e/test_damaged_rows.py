"""One damaged row of Table Storage stops what is about it alone: its neighbours are served, and the answer names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure.data.tables import TableClient, TableServiceClient

from local.sample import sample_integration
from tests.e2e.configuration_bodies import problem_of
from tests.e2e.reconciling import damage_link, names, reconcile, rename, repair_link
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene
from tests.e2e.test_feature_standing import differences, link, make_work_item, standing, unlink
from tests.e2e.test_organization_change import CONTOSO, become, move


@contextmanager
def damaged(scene: Scene, work_item_id: int) -> Iterator[None]:
    """While the row of this work item's link is damaged."""
    row = damage_link(scene, work_item_id)
    try:
        yield
    finally:
        repair_link(scene, row)


class TestALink:
    @pytest.mark.contract
    def test_is_unreadable_in_the_standing_and_the_others_stand_as_they_do(self, scene: Scene) -> None:
        _, first, *_ = scene.send_reference("PROD-1").ids
        with damaged(scene, first):
            body = standing(scene)

            found = {part["reference_num"]: part["difference"] for part in body["requirements"]}
            assert found == {"PROD-1-2": "unreadable", "PROD-1-1": "none", "PROD-1-3": "none"}
            assert body["feature"]["difference"] == "none"
            part = body["requirements"][0]
            assert part["work_item"] is None
            assert part["last_error"]["code"] == "internal_error"
            assert "stopped requirement PROD-1-2." in part["last_error"]["detail"]
        assert set(differences(scene).values()) == {"none"}

    @pytest.mark.parametrize(
        "broken", [{"work_item_id": "forty"}, {"kind": "epic"}], ids=lambda row: str(*row)
    )
    def test_hides_no_other_record_whatever_is_wrong_with_it(self, scene: Scene, broken: Json) -> None:
        _, first, other, _ = scene.send_reference("PROD-1").ids
        feature_item = scene.send_reference("PROD-2").ids[0]
        tables = TableServiceClient.from_connection_string(scene.system.tables_connection_string)
        for number in (first, feature_item):
            row = scene.link_rows()[number]
            tables.get_table_client("Links").update_entity({**row, **broken})
        rename(scene, other, "Named anew")

        assert list(differences(scene).values()) == ["none", "unreadable", "azure_devops", "none"]
        listed = scene.api.get(f"/integrations/{scene.integration.id}/features").json()["features"]
        assert [one["reference_num"] for one in listed] == ["PROD-1"]
        assert scene.send_reference("PROD-1").actions == ["unchanged", "failed", "unchanged", "unchanged"]
        reconcile(scene)
        assert "Named anew" in names(scene).values()

    @pytest.mark.parametrize(
        "broken", [{"work_item_id": "forty"}, {"kind": "epic"}], ids=lambda row: str(*row)
    )
    def test_does_not_keep_the_integration_from_the_new_name_of_its_organization(
        self, scene: Scene, broken: Json
    ) -> None:
        _, first, *_ = scene.send_reference("PROD-1").ids
        tables = TableServiceClient.from_connection_string(scene.system.tables_connection_string)
        tables.get_table_client("Links").update_entity({**scene.link_rows()[first], **broken})
        become(scene.azure_devops, CONTOSO)

        assert move(scene).status_code == 200

    def test_of_the_feature_hides_no_requirement(self, scene: Scene) -> None:
        number, *_ = scene.send_reference("PROD-1").ids
        with damaged(scene, number):
            assert list(differences(scene).values()) == ["unreadable", "none", "none", "none"]

    def test_is_left_when_the_feature_and_the_others_are_unlinked(self, scene: Scene) -> None:
        _, first, *_ = scene.send_reference("PROD-1").ids
        with damaged(scene, first):
            assert unlink(scene, "PROD-1").status_code == 204

            assert list(scene.link_rows()) == [first]
            (entry,) = scene.log("record.defect")
            assert "PROD-1" in entry["message"]
        # A send would put it below the feature's new work item.
        assert list(differences(scene).values()) == ["not_sent", "aha", "not_sent", "not_sent"]

    def test_cannot_be_removed_itself_and_the_answer_says_so(self, scene: Scene) -> None:
        _, first, *_ = scene.send_reference("PROD-1").ids
        with damaged(scene, first):
            problem = problem_of(unlink(scene, "PROD-1-2"), 500, "internal_error")

        assert "stopped PROD-1-2" in problem["detail"]

    def test_does_not_keep_another_record_from_being_linked(self, scene: Scene) -> None:
        feature_item, _, second, _ = scene.send_reference("PROD-1").ids
        assert unlink(scene, "PROD-1-2").status_code == 204
        number = make_work_item(scene, "User Story")
        with damaged(scene, second), damaged(scene, feature_item):
            answer = link(scene, "PROD-1-2", number)

        assert answer.status_code == 200
        found = {part["reference_num"]: part["difference"] for part in answer.json()["requirements"]}
        assert found == {"PROD-1-2": "both", "PROD-1-1": "unreadable", "PROD-1-3": "none"}

    def test_keeps_its_own_record_and_its_own_work_item(self, scene: Scene) -> None:
        (number,) = scene.send_reference("PROD-2").ids
        other = make_work_item(scene)
        with damaged(scene, number):
            of_record = problem_of(link(scene, "PROD-2", other), 500, "internal_error")
            of_work_item = problem_of(link(scene, "PROD-4", number), 500, "internal_error")

        assert "PROD-2" in of_record["detail"]
        assert f"the link of work item {number}" in of_work_item["detail"]


class TestAnIntegration:
    @pytest.fixture
    def other(self, scene: Scene) -> Json:
        body = {**sample_integration(scene.aha.account_url), "product_id": "MOB", "name": "A mobile one"}
        assert scene.api.put_integration("other-one", body).ok
        return body

    @contextmanager
    def changed(self, scene: Scene, **properties: Any) -> Iterator[None]:
        """While the row of the other integration has other properties."""
        row = self.change(scene, **properties)
        try:
            yield
        finally:
            self.table(scene).update_entity(row)

    def change(self, scene: Scene, **properties: Any) -> Json:
        """Change the row of the other integration. Answers the row as it was."""
        row = dict(self.table(scene).get_entity("integrations", "i:other-one"))
        self.table(scene).update_entity({**row, **properties})
        return row

    def products(self, scene: Scene) -> list[Json]:
        """The rows that say which integration has a product."""
        rows = self.table(scene).query_entities("RowKey ge 'p:' and RowKey lt 'p;'")
        return [dict(row) for row in rows]

    def table(self, scene: Scene) -> TableClient:
        tables = TableServiceClient.from_connection_string(scene.system.tables_connection_string)
        return tables.get_table_client("Integrations")

    @pytest.mark.contract
    def test_that_is_damaged_is_named_in_the_list_beside_the_others(self, scene: Scene, other: Json) -> None:
        whole = scene.api.get("/integrations").json()
        assert [one["name"] for one in whole["integrations"]] == ["A mobile one", "Fabrikam web"]
        assert "unreadable" not in whole
        with self.changed(scene, feature_status_mapping_0="{"):
            listed = scene.api.get("/integrations")

            assert listed.status_code == 200, listed.text
            assert [one["name"] for one in listed.json()["integrations"]] == ["Fabrikam web"]
            (one,) = listed.json()["unreadable"]
            assert (one["integration_id"], one["code"]) == ("other-one", "internal_error")
            assert "its row in Table Storage is damaged" in one["detail"]
            assert scene.send_reference("PROD-2").status == 201

    @pytest.mark.parametrize(
        "damage",
        [
            {"feature_status_mapping_0": "{"},
            {"requirement_default_fields_0": "[1]"},
            {"authentication": "smoke signals"},
            {"link_back": "both"},
            {"created_at": "yesterday", "updated_at": 5},
        ],
        ids=lambda damage: next(iter(damage)),
    )
    def test_that_is_damaged_is_repaired_by_a_put_and_keeps_its_tokens_its_address_and_its_links(
        self, scene: Scene, other: Json, damage: Json
    ) -> None:
        made = scene.aha.post("/releases/MOB-R-1/features", {"feature": {"name": "Scan a receipt"}}).json()
        reference = made["feature"]["reference_num"]
        sent = scene.api.send_reference("other-one", reference).json()
        before = scene.api.get("/integrations/other-one").json()
        without_tokens = {
            **other,
            "azure_devops": {**other["azure_devops"], "personal_access_token": None},
            "aha": {**other["aha"], "api_token": None},
        }
        with self.changed(scene, **damage):
            answer = scene.api.put_integration("other-one", without_tokens)

            assert answer.status_code == 200, answer.text
            after = scene.api.get("/integrations/other-one").json()
            assert after["webhook_url"] == before["webhook_url"]
            assert after["feature"] == before["feature"]
            again = scene.api.send_reference("other-one", reference)
            assert (again.status_code, again.json()["feature"]["action"]) == (200, "unchanged")
            assert again.json()["feature"]["work_item"]["id"] == sent["feature"]["work_item"]["id"]

    def test_that_is_damaged_can_be_deleted_and_gives_its_product_back(
        self, scene: Scene, other: Json
    ) -> None:
        self.change(scene, requirement_status_mapping_0="{")
        problem_of(scene.api.get("/integrations/other-one"), 500, "internal_error")

        assert scene.api.delete("/integrations/other-one").status_code == 204

        assert scene.api.put_integration("third-one", other).status_code == 201

    @pytest.mark.parametrize("is_moved", [False, True], ids=["as it is", "with another product first"])
    @pytest.mark.parametrize("owner", ["", "somebody-else"], ids=["held by nobody", "held by another one"])
    def test_that_does_not_hold_its_product_can_get_another_one_and_be_deleted(
        self, scene: Scene, other: Json, owner: str, is_moved: bool
    ) -> None:
        row = dict(self.table(scene).get_entity("integrations", "p:MOB"))
        self.table(scene).delete_entity(row)
        if owner:
            self.table(scene).create_entity({**row, "integration_id": owner})

        try:
            if is_moved:
                moved = {**other, "product_id": "NEW"}
                assert scene.api.put_integration("other-one", moved).status_code == 200
            assert scene.api.delete("/integrations/other-one").status_code == 204
        finally:
            owners = [one["integration_id"] for one in self.products(scene) if one["product_id"] == "MOB"]
            self.table(scene).delete_entity({**row, "RowKey": "p:MOB"})
        assert owners == ([owner] if owner else [])

    def test_of_a_newer_version_of_the_app_is_not_replaced(self, scene: Scene, other: Json) -> None:
        with self.changed(scene, schema=2):
            problem_of(scene.api.put_integration("other-one", other), 503, "storage_unavailable")
            problem_of(scene.api.delete("/integrations/other-one"), 503, "storage_unavailable")

    def test_of_a_newer_version_of_the_app_is_named_in_the_list_beside_the_others(
        self, scene: Scene, other: Json
    ) -> None:
        with self.changed(scene, schema=2):
            listed = scene.api.get("/integrations").json()

        (one,) = listed["unreadable"]
        assert (one["integration_id"], one["code"]) == ("other-one", "storage_unavailable")
        assert "newer version of this app" in one["detail"]
        assert [one["name"] for one in listed["integrations"]] == ["Fabrikam web"]
