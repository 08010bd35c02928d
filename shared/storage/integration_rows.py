"""Convert an integration to a row of the table Integrations and back. Tokens are stored encrypted."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from shared.domain.integration import (
    AhaTarget,
    Authentication,
    AzureDevOpsTarget,
    Integration,
    LinkBack,
    RecordMapping,
    StoredIntegration,
)
from shared.domain.times import parse_date
from shared.secret import Secret
from shared.storage.keys import integration_key, product_key
from shared.storage.rows import (
    MISREADINGS,
    Row,
    Value,
    check_schema,
    long_text,
    long_text_names,
    with_row_in_errors,
)
from shared.storage.vault import Vault

PARTITION = "integrations"
"""All rows are in one partition, so that an integration and its product change in one transaction."""

SCHEMA = 1
"""The shape of the rows below. Raise it when an older version of this app would misread a row."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)
_PROPERTY_NAMES = """
schema revision deleted integration_id name product_id enabled account_name authentication token_expires_on project
area_path aha_url link_back aha_integration_id auto_update created_at updated_at webhook_generation
feature_work_item_type feature_description_field requirement_work_item_type requirement_description_field
"""
_PROPERTIES = frozenset(_PROPERTY_NAMES.split())
TOKENS = ("personal_access_token", "aha_api_token")
"""The properties that hold encrypted tokens."""

_MAPPINGS = (
    *("feature_status_mapping", "feature_default_fields"),
    *("requirement_status_mapping", "requirement_default_fields"),
)
_LONG_TEXTS = (*TOKENS, *_MAPPINGS)


def integration_row(stored: StoredIntegration, vault: Vault) -> Row:
    """The row of an integration, each time with a new random `revision`. `stored.version` is not part of it."""
    integration = stored.integration
    target = integration.azure_devops
    properties: dict[str, Value] = {
        **stored.unknown,
        "schema": SCHEMA,
        "revision": secrets.token_hex(16),
        "deleted": False,
        "integration_id": integration.integration_id,
        "name": integration.name,
        "product_id": integration.product_id,
        "enabled": integration.enabled,
        "account_name": target.account_name,
        "authentication": target.authentication.value,
        "project": target.project,
        "area_path": target.area_path,
        "token_expires_on": str(target.token_expires_on or ""),
        "aha_url": integration.aha.url,
        "link_back": integration.aha.link_back.value,
        "aha_integration_id": integration.aha.integration_id,
        "auto_update": integration.auto_update,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
        "webhook_generation": stored.webhook_generation,
        **_encrypted("personal_access_token", target.personal_access_token, vault),
        **_encrypted("aha_api_token", integration.aha.api_token, vault),
        **_mapping_properties("feature", integration.feature),
        **_mapping_properties("requirement", integration.requirement),
    }
    return Row(PARTITION, integration_key(integration.integration_id), properties)


_READ_WITH_A_FORM: Mapping[str, Callable[[Row, str], object]] = {
    "authentication": lambda row, name: Authentication(row.text(name) or Authentication.PAT),
    "link_back": lambda row, name: LinkBack(row.text(name) or LinkBack.FEATURE),
    "created_at": Row.moment,
    "updated_at": Row.moment,
    "token_expires_on": lambda row, name: parse_date(row.text(name)),
    **dict.fromkeys(_MAPPINGS, lambda row, name: dict(json.loads(row.long_text(name) or "{}"))),
}
"""How the properties are read that are more than a text or a flag."""


@with_row_in_errors
def stored_integration(row: Row, vault: Vault) -> StoredIntegration:
    """The integration of a row. The row must not be a tombstone.

    Raises:
        Unavailable: a newer version of this app wrote the row.
    """
    check_schema(row, SCHEMA)
    integration = Integration(
        integration_id=row.text("integration_id"),
        name=row.text("name"),
        product_id=row.text("product_id"),
        enabled=row.flag("enabled"),
        azure_devops=AzureDevOpsTarget(
            account_name=row.text("account_name"),
            authentication=Authentication(row.text("authentication") or Authentication.PAT),
            personal_access_token=_secret(row, "personal_access_token", vault),
            project=row.text("project"),
            area_path=row.text("area_path"),
            # Rows of older versions have no such property.
            token_expires_on=parse_date(row.text("token_expires_on")),
        ),
        aha=AhaTarget(
            url=row.text("aha_url"),
            api_token=_secret(row, "aha_api_token", vault),
            # Rows of older versions have none of these three properties.
            link_back=LinkBack(row.text("link_back") or LinkBack.FEATURE),
            integration_id=row.text("aha_integration_id"),
        ),
        feature=_mapping(row, "feature"),
        requirement=_mapping(row, "requirement"),
        auto_update=row.flag("auto_update"),
    )
    return StoredIntegration(
        integration=integration,
        created_at=row.moment("created_at") or row.written_at or _LONG_AGO,
        updated_at=row.moment("updated_at") or row.written_at or _LONG_AGO,
        version=row.etag,
        webhook_generation=row.text("webhook_generation"),
        unknown=_unknown(row),
    )


def readable_part(row: Row) -> Row:
    """The row without the properties that cannot be read, for a save that replaces them, or for a deletion."""
    damaged = [name for name, read in _READ_WITH_A_FORM.items() if not _is_readable(row, name, read)]
    left_out = {*damaged, *long_text_names(row, damaged)}
    return replace(row, properties={name: row.properties[name] for name in row.properties.keys() - left_out})


def _is_readable(row: Row, name: str, read: Callable[[Row, str], object]) -> bool:
    try:
        read(row, name)
    except MISREADINGS:
        return False
    return True


def keys_of_tokens(row: Row, vault: Vault) -> dict[str, int | None]:
    """For each token that a row has, the number of the key that decrypts it, 1 for the newest; None if none does."""
    return {name: vault.key_of(encrypted) for name in TOKENS if (encrypted := row.long_text(name))}


def reencrypted_row(row: Row, vault: Vault) -> Row:
    """The row with its tokens encrypted with the newest key. All else is kept, also tokens that no key decrypts."""
    renewed: dict[str, Value] = dict(row.properties)
    for name, key in keys_of_tokens(row, vault).items():
        if key is None:
            continue
        secret = vault.decrypt(row.long_text(name))
        for old in long_text_names(row, (name,)):
            del renewed[old]
        renewed |= _encrypted(name, secret, vault)
    return replace(row, properties={**renewed, "revision": secrets.token_hex(16)})


def _unknown(row: Row) -> dict[str, Value]:
    known = _PROPERTIES | long_text_names(row, _LONG_TEXTS)
    return {name: value for name, value in row.properties.items() if name not in known}


def tombstone_row(integration_id: str, webhook_generation: str, *, is_purged: bool) -> Row:
    """The row that replaces a deleted integration. It keeps what is needed to recognize the webhook URL."""
    properties: dict[str, Value] = {
        "schema": SCHEMA,
        "revision": secrets.token_hex(16),
        "deleted": True,
        "purged": is_purged,
        "integration_id": integration_id,
        "webhook_generation": webhook_generation,
    }
    return Row(PARTITION, integration_key(integration_id), properties)


def product_row(product_id: str, integration_id: str) -> Row:
    """The row that says that a product belongs to an integration."""
    properties: dict[str, Value] = {
        "schema": SCHEMA,
        "product_id": product_id,
        "integration_id": integration_id,
    }
    return Row(PARTITION, product_key(product_id), properties)


def _encrypted(name: str, secret: Secret | None, vault: Vault) -> dict[str, Value]:
    return long_text(name, vault.encrypt(secret)) if secret is not None else {}


def _secret(row: Row, name: str, vault: Vault) -> Secret | None:
    encrypted = row.long_text(name)
    return vault.decrypt_when_revealed(encrypted) if encrypted else None


def _mapping_properties(kind: str, mapping: RecordMapping) -> dict[str, Value]:
    return {
        f"{kind}_work_item_type": mapping.work_item_type,
        f"{kind}_description_field": mapping.description_field,
        **long_text(f"{kind}_status_mapping", _json(mapping.status_mapping)),
        **long_text(f"{kind}_default_fields", _json(mapping.default_fields)),
    }


def _mapping(row: Row, kind: str) -> RecordMapping:
    return RecordMapping(
        work_item_type=row.text(f"{kind}_work_item_type"),
        status_mapping=json.loads(row.long_text(f"{kind}_status_mapping") or "{}"),
        default_fields=json.loads(row.long_text(f"{kind}_default_fields") or "{}"),
        description_field=row.text(f"{kind}_description_field"),
    )


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)
