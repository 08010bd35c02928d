"""The body of a PUT on an integration, checked as a whole."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.domain.accounts import normalise_account_name
from shared.domain.integration import AhaTarget, Authentication, AzureDevOpsTarget, Integration, RecordMapping
from shared.domain.json_input import Faults, JsonObject, is_storable
from shared.secret import Secret

INTEGRATION_ID = re.compile(r"[a-z0-9-]{1,64}")
_FIELD_REFERENCE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)+")
_MOST_MAPPED_STATES = 200
_MOST_DEFAULT_FIELDS = 50
_FIELDS_OF_OURS = frozenset(
    ("system.title", "system.description", "system.areapath", "system.teamproject", "system.workitemtype", "system.id",
     "system.rev", "system.parent")
)  # fmt: skip


@dataclass(frozen=True)
class Addresses:
    """What the app settings say of addresses: where Azure DevOps is, and whether plain http may be used."""

    azure_devops_url: str
    allow_local: bool


def read_integration(
    integration_id: str, body: Any, stored: Integration | None, addresses: Addresses
) -> tuple[Integration, bool]:
    """The integration that the body describes, and whether it asks for a new webhook URL.

    Secrets that the body leaves out are those of `stored`.

    Raises:
        InvalidRequest: naming every fault by its JSON pointer.
    """
    faults = Faults()
    root = JsonObject(body, faults)
    integration = Integration(
        integration_id=integration_id,
        name=root.text("name", required=True, longest=200),
        product_id=root.identifier("product_id"),
        enabled=root.boolean("enabled", default=False),
        azure_devops=_azure_devops(root.object("azure_devops"), stored, addresses),
        aha=read_aha(root.object("aha"), stored, addresses),
        feature=_mapping(root.object("feature")),
        requirement=_mapping(root.object("requirement")),
    )
    rotate = root.boolean("rotate_webhook_url", default=False)
    if integration.enabled:
        for pointer, words in integration.missing():
            faults.note(pointer, f"{words} must be set before the integration can be enabled")
    faults.raise_if_any()
    return integration, rotate


def _azure_devops(source: JsonObject, stored: Integration | None, addresses: Addresses) -> AzureDevOpsTarget:
    account = source.text("account_name", longest=300)
    name = normalise_account_name(account, addresses.azure_devops_url) if account else ""
    if name is None:
        source.fault(
            "account_name", "must be an organization's name or its address, as https://dev.azure.com/fabrikam"
        )
    project = source.text("project", longest=64)
    area_path = source.text("area_path", longest=4000).strip("\\")
    return AzureDevOpsTarget(
        account_name=name or "",
        authentication=Authentication(
            source.text(
                "authentication", default="pat", choices=tuple(choice.value for choice in Authentication)
            )
        ),
        personal_access_token=_token(source, "personal_access_token")
        or (stored.azure_devops.personal_access_token if stored else None),
        project=project,
        area_path=area_path,
    )


def read_aha(source: JsonObject, stored: Integration | None, addresses: Addresses) -> AhaTarget:
    """The Aha! account that an object describes. Without a token: the stored one, for its address only."""
    url = source.text("url", longest=300).rstrip("/")
    if url and not _is_base_address(url, addresses.allow_local):
        scheme = "http:// or https://" if addresses.allow_local else "https://"
        source.fault("url", f"must be the account's address without a path, as {scheme}company.aha.io")
    token = _token(source, "api_token")
    if token is None and stored and stored.aha.api_token:
        if url and url.lower() != stored.aha.url.lower():
            # A stored token must not be sent to whatever address somebody writes over the old one, nor to one that
            # is written after the old one was taken away.
            source.fault("api_token", "must be given again because the address has changed")
        else:
            token = stored.aha.api_token
    return AhaTarget(url=url, api_token=token)


def _is_base_address(url: str, allow_http: bool) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    schemes = ("https", "http") if allow_http else ("https",)
    extras = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme in schemes and bool(parts.hostname) and not extras


def _token(source: JsonObject, key: str) -> Secret | None:
    """A token; left out, null and empty all mean "keep the stored one"."""
    text = source.text(key, longest=4000)
    if not text:
        return None
    if not text.isascii() or any(character.isspace() for character in text):
        source.fault(key, "must be the token as it was shown, without spaces")
        return None
    return Secret(text)


def _mapping(source: JsonObject) -> RecordMapping:
    return RecordMapping(
        work_item_type=source.text("work_item_type", longest=128),
        status_mapping=_status_mapping(source.object("status_mapping")),
        default_fields=_default_fields(source.object("default_fields")),
    )


def _status_mapping(source: JsonObject) -> Mapping[str, str]:
    mapping: dict[str, str] = {}
    for state, _ in source.items():
        if not state.strip() or len(state) > 128 or not is_storable(state):
            source.fault(state, "must be the name of a state, of at most 128 characters")
        # An empty choice is a state that is not mapped.
        elif status := source.identifier(state, required=False):
            mapping[state] = status
    if len(mapping) > _MOST_MAPPED_STATES:
        source.fault("", f"must have at most {_MOST_MAPPED_STATES} states")
    return mapping


def _default_fields(source: JsonObject) -> Mapping[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in source.items():
        if not _FIELD_REFERENCE_NAME.fullmatch(name) or len(name) > 255:
            source.fault(name, "must be named by its reference name, as Custom.Team")
        elif name.lower() in _FIELDS_OF_OURS:
            source.fault(name, "is set by the integration itself")
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            fields[name] = value
        elif not isinstance(value, str) or len(value) > 4000 or not is_storable(value):
            source.fault(name, "must be a text of at most 4000 characters, a number, or true or false")
        else:
            fields[name] = value
    if len(fields) > _MOST_DEFAULT_FIELDS:
        source.fault("", f"must have at most {_MOST_DEFAULT_FIELDS} fields")
    return fields
