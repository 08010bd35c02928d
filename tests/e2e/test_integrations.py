"""The configuration API: creating, reading, replacing and deleting integrations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from local.system import LocalSystem
from tests.e2e.configuration_bodies import (
    LEFT_OUT,
    MINIMAL,
    changed,
    complete_integration,
    faults_of,
    problem_of,
    settings_of,
)
from tests.e2e.configuration_tables import rows_about
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

EMPTY_MAPPING: dict[str, Any] = {"work_item_type": "", "status_mapping": {}, "default_fields": {}}


@pytest.mark.contract
def test_a_put_creates_an_integration_and_shows_it_without_its_secrets(
    api: Api, system: LocalSystem, integration_id: str
) -> None:
    body = complete_integration()

    answer = api.put_integration(integration_id, body)

    assert answer.status_code == 201
    shown = answer.json()
    assert shown.pop("webhook_url").startswith(f"{system.functions_url}/api/webhooks/{integration_id}/")
    assert shown.pop("created_at") == shown.pop("updated_at")
    assert shown == {
        **body,
        "integration_id": integration_id,
        "azure_devops": {
            "account_name": "fabrikam",
            "authentication": "pat",
            "personal_access_token_set": True,
            "project": "Fabrikam",
            "area_path": "Fabrikam\\Web",
        },
        "aha": {"url": "https://company.aha.io", "api_token_set": True, "link_back": "feature"},
    }
    read = api.get(f"/integrations/{integration_id}")
    assert settings_of(read) == answer.json()
    assert read.headers["etag"] == answer.headers["etag"]


def test_an_integration_may_be_saved_incomplete(api: Api, integration_id: str) -> None:
    answer = api.put_integration(integration_id, MINIMAL)

    assert answer.status_code == 201
    shown = answer.json()
    assert shown["enabled"] is False
    assert shown["azure_devops"] == {
        "account_name": "",
        "authentication": "pat",
        "personal_access_token_set": False,
        "project": "",
        "area_path": "",
    }
    assert shown["aha"] == {"url": "", "api_token_set": False, "link_back": "feature"}
    assert shown["auto_update"] is False
    assert shown["feature"] == shown["requirement"] == EMPTY_MAPPING


def test_a_second_put_replaces_the_integration_and_keeps_when_it_was_created(
    api: Api, integration_id: str
) -> None:
    created = api.put_integration(integration_id, complete_integration())

    replaced = api.put_integration(integration_id, {**MINIMAL, "name": "Fabrikam shop"})

    assert replaced.status_code == 200
    shown = replaced.json()
    assert shown["name"] == "Fabrikam shop"
    assert shown["feature"] == EMPTY_MAPPING
    assert shown["webhook_url"] == created.json()["webhook_url"]
    assert shown["created_at"] == created.json()["created_at"]
    assert datetime.fromisoformat(shown["updated_at"].replace("Z", "+00:00")) > datetime.fromisoformat(
        shown["created_at"].replace("Z", "+00:00")
    )
    assert replaced.headers["etag"] != created.headers["etag"]
    assert settings_of(api.get(f"/integrations/{integration_id}")) == shown


@pytest.mark.contract
def test_texts_of_every_script_come_back_as_they_were_sent(api: Api, integration_id: str) -> None:
    body = changed(
        complete_integration(name="Größe, 名前, 👩‍🚀"),
        {
            "/azure_devops/area_path": "Café\\Küche 🍳",
            "/feature/status_mapping": {"Neu/Offen ~": "Ready to ship 🚢", "Erledigt": "6776767609832"},
            "/feature/default_fields": {"Custom.Team": "Web", "Custom.Size": 2.5, "Custom.Escalated": True},
        },
    )

    shown = api.put_integration(integration_id, body).json()

    assert shown["name"] == body["name"]
    assert shown["azure_devops"]["area_path"] == "Café\\Küche 🍳"
    assert shown["feature"] == body["feature"]


@pytest.mark.contract
def test_the_list_has_every_integration_by_name_whatever_its_case(api: Api, integration_id: str) -> None:
    for number, name in enumerate(("beta", "Alpha", "gamma", "Beta")):
        api.put_integration(f"{integration_id}-{number}", {"name": name, "product_id": f"P{number}"})

    answer = api.get("/integrations")

    assert answer.status_code == 200
    listed = answer.json()["integrations"]
    assert [item["name"] for item in listed] == ["Alpha", "beta", "Beta", "gamma"]
    assert listed[0] == api.get(f"/integrations/{integration_id}-1").json()


def test_without_integrations_the_list_is_empty(api: Api) -> None:
    assert api.get("/integrations").json() == {"integrations": []}


def test_a_deleted_integration_is_gone_with_its_links_and_its_log(
    api: Api, aha: Aha, integration: IntegrationUnderTest, system: LocalSystem
) -> None:
    assert api.send(integration.id, aha.event("PROD-1")).status_code == 201
    assert rows_about(system, "Links", integration.id)
    assert rows_about(system, "Log", integration.id)

    answer = api.delete(f"/integrations/{integration.id}")

    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["x-operation-id"]
    problem_of(api.get(f"/integrations/{integration.id}"), 404, "integration_not_found")
    problem_of(api.get(f"/integrations/{integration.id}/log"), 404, "integration_not_found")
    problem_of(api.send(integration.id, aha.event("PROD-1")), 404, "integration_not_found")
    assert api.get("/integrations").json() == {"integrations": []}
    assert rows_about(system, "Links", integration.id) == []
    assert rows_about(system, "Log", integration.id) == []


def test_an_id_may_be_used_again_and_starts_from_nothing(
    api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> None:
    first = api.get(f"/integrations/{integration.id}").json()
    sent = api.send(integration.id, aha.event("PROD-1")).json()
    api.delete(f"/integrations/{integration.id}")

    answer = api.put_integration(integration.id, MINIMAL)

    assert answer.status_code == 201
    again = answer.json()
    assert again["azure_devops"]["personal_access_token_set"] is False
    assert again["aha"]["api_token_set"] is False
    assert again["created_at"] > first["created_at"]
    assert sent["operation_id"] not in {entry["operation_id"] for entry in api.log(integration.id)}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_integration_is_not_found(api: Api, method: str) -> None:
    problem_of(api.request(method, "/integrations/nobody"), 404, "integration_not_found")
    problem_of(api.request(method, "/integrations/Not_an_id"), 404, "integration_not_found")


def test_deleting_twice_finds_nothing_the_second_time(api: Api, integration_id: str) -> None:
    api.put_integration(integration_id, MINIMAL)
    assert api.delete(f"/integrations/{integration_id}").status_code == 204

    problem_of(api.delete(f"/integrations/{integration_id}"), 404, "integration_not_found")


def test_an_id_is_made_of_small_letters_digits_and_hyphens(api: Api) -> None:
    for number, good_id in enumerate(("a", "0", "fabrikam-web-2", "-", "a" * 64)):
        body = {"name": "Fabrikam web", "product_id": f"PROD-{number}"}
        assert api.put_integration(good_id, body).status_code == 201, good_id
        assert api.get(f"/integrations/{good_id}").json()["integration_id"] == good_id


@pytest.mark.contract
def test_any_other_id_is_refused(api: Api) -> None:
    for bad_id in ("A", "fabrikam_web", "a.b", "a%20b", "a%2Fb", "%C3%A4", "a%0A", "a" * 65, "''"):
        assert list(faults_of(api.put(f"/integrations/{bad_id}", json=MINIMAL))) == ["/integration_id"], (
            bad_id
        )
        problem_of(api.get(f"/integrations/{bad_id}"), 404, "integration_not_found")


class TestValidation:
    def test_names_every_fault_at_once_by_its_json_pointer(self, api: Api, integration_id: str) -> None:
        answer = api.put_integration(
            integration_id,
            {
                "name": 7,
                "product_id": None,
                "enabled": "yes",
                "rotate_webhook_url": 1,
                "azure_devops": {
                    "account_name": "https://example.com/fabrikam",
                    "authentication": "kerberos",
                    "personal_access_token": "a token with spaces",
                    "project": "x" * 65,
                    "area_path": ["Fabrikam"],
                },
                "aha": {"url": "ftp://company.aha.io", "api_token": "tökén"},
                "feature": {
                    "work_item_type": 3,
                    "status_mapping": {"In/Progress~": 1.5, "": "Shipped", "New": None},
                    "default_fields": {"Team": "Web", "System.Title": "x", "Custom.Team": {}},
                },
                "requirement": {"work_item_type": "x\x00y", "status_mapping": [], "default_fields": "none"},
            },
        )

        assert set(faults_of(answer)) == {
            "/name",
            "/product_id",
            "/enabled",
            "/rotate_webhook_url",
            "/azure_devops/account_name",
            "/azure_devops/authentication",
            "/azure_devops/personal_access_token",
            "/azure_devops/project",
            "/azure_devops/area_path",
            "/aha/url",
            "/aha/api_token",
            "/feature/work_item_type",
            "/feature/status_mapping/In~1Progress~0",
            "/feature/status_mapping/",
            "/feature/default_fields/Team",
            "/feature/default_fields/System.Title",
            "/feature/default_fields/Custom.Team",
            "/requirement/work_item_type",
            "/requirement/status_mapping",
            "/requirement/default_fields",
        }
        problem_of(api.get(f"/integrations/{integration_id}"), 404, "integration_not_found")

    def test_refuses_a_number_that_json_has_no_word_for(self, api: Api, integration_id: str) -> None:
        body = '{"name":"n","product_id":"P","feature":{"default_fields":{"Custom.Size":1e999}}}'

        answer = api.put(f"/integrations/{integration_id}", data=body)

        assert set(faults_of(answer)) == {"/feature/default_fields/Custom.Size"}

    def test_needs_no_aha_account_to_send_only(self, api: Api, integration_id: str) -> None:
        body = changed(complete_integration(), {"/aha": LEFT_OUT})

        assert api.put_integration(integration_id, body).status_code == 201
