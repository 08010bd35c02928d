"""The rows of the table Integrations, written out."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from shared.domain.integration import (
    AhaTarget,
    Authentication,
    AzureDevOpsTarget,
    Integration,
    LinkBack,
    RecordMapping,
    StoredIntegration,
)
from shared.errors import Unavailable
from shared.secret import Secret
from shared.storage.integration_rows import integration_row, product_row, stored_integration, tombstone_row
from shared.storage.rows import Row, Value
from shared.storage.vault import Vault

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
ETAG = "W/\"datetime'2026-03-04T12:00:10.0000000Z'\""
VAULT = Vault([Secret(base64.urlsafe_b64encode(bytes(32)).decode())])

STORED = StoredIntegration(
    integration=Integration(
        integration_id="fabrikam-web",
        name="Fabrikam web",
        product_id="PROD",
        enabled=True,
        azure_devops=AzureDevOpsTarget(
            "fabrikam", Authentication.PAT, None, "Fabrikam", "Fabrikam\\Wéb", date(2026, 12, 10)
        ),
        aha=AhaTarget("https://fabrikam.aha.io", None, LinkBack.ALL, "7102368429104850043"),
        feature=RecordMapping("Feature", {"New": "Under consideration"}, {"Custom.Cost": 1.5}),
        requirement=RecordMapping("Bug", {"Actif/é": "In progress"}, {}, "Microsoft.VSTS.TCM.ReproSteps"),
        auto_update=True,
    ),
    created_at=NOON,
    updated_at=NOON + timedelta(hours=1),
    version=ETAG,
    webhook_generation="9f",
)

PROPERTIES: dict[str, Value] = {
    "schema": 1,
    "deleted": False,
    "integration_id": "fabrikam-web",
    "name": "Fabrikam web",
    "product_id": "PROD",
    "enabled": True,
    "account_name": "fabrikam",
    "authentication": "pat",
    "project": "Fabrikam",
    "area_path": "Fabrikam\\Wéb",
    "token_expires_on": "2026-12-10",
    "aha_url": "https://fabrikam.aha.io",
    "link_back": "all",
    "aha_integration_id": "7102368429104850043",
    "auto_update": True,
    "created_at": NOON,
    "updated_at": NOON + timedelta(hours=1),
    "webhook_generation": "9f",
    "feature_work_item_type": "Feature",
    "feature_description_field": "",
    "feature_status_mapping_0": '{"New": "Under consideration"}',
    "feature_default_fields_0": '{"Custom.Cost": 1.5}',
    "requirement_work_item_type": "Bug",
    "requirement_description_field": "Microsoft.VSTS.TCM.ReproSteps",
    "requirement_status_mapping_0": '{"Actif/é": "In progress"}',
    "requirement_default_fields_0": "{}",
}


def without_revision(row: Row) -> dict[str, Value]:
    assert len(row.text("revision")) == 32
    return {name: value for name, value in row.properties.items() if name != "revision"}


def test_an_integration_is_one_row() -> None:
    row = integration_row(STORED, VAULT)

    assert (row.partition_key, row.row_key) == ("integrations", "i:fabrikam-web")
    assert without_revision(row) == PROPERTIES
    assert stored_integration(Row("integrations", "i:fabrikam-web", PROPERTIES, ETAG), VAULT) == STORED


def test_a_deleted_integration_is_one_row() -> None:
    row = tombstone_row("fabrikam-web", "9f", is_purged=True)

    assert (row.partition_key, row.row_key) == ("integrations", "i:fabrikam-web")
    assert without_revision(row) == {
        "schema": 1,
        "deleted": True,
        "purged": True,
        "integration_id": "fabrikam-web",
        "webhook_generation": "9f",
    }


def test_a_product_is_one_row() -> None:
    row = product_row("PROD", "fabrikam-web")

    assert (row.partition_key, row.row_key) == ("integrations", "p:PROD")
    assert row.properties == {"schema": 1, "product_id": "PROD", "integration_id": "fabrikam-web"}


def test_an_integration_of_a_newer_schema_is_refused() -> None:
    row = Row("integrations", "i:fabrikam-web", {**PROPERTIES, "schema": 2}, ETAG)

    with pytest.raises(Unavailable, match="newer version of this app wrote row i:fabrikam-web"):
        stored_integration(row, VAULT)


def test_an_integration_of_an_older_version_is_read() -> None:
    newer = """
        schema feature_description_field requirement_description_field link_back aha_integration_id auto_update
        token_expires_on
    """
    older = {name: value for name, value in PROPERTIES.items() if name not in newer.split()}

    read = stored_integration(Row("integrations", "i:fabrikam-web", older, ETAG), VAULT)

    integration = replace(
        STORED.integration,
        azure_devops=replace(STORED.integration.azure_devops, token_expires_on=None),
        aha=AhaTarget("https://fabrikam.aha.io", None, LinkBack.FEATURE, ""),
        requirement=replace(STORED.integration.requirement, description_field=""),
        auto_update=False,
    )
    assert read == replace(STORED, integration=integration)
