"""Read and check the body of a PUT of an integration."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from shared.domain.accounts import normalise_account_name
from shared.domain.description_field import DESCRIPTION_FIELDS, usual_description_field
from shared.domain.integration import (
    AhaTarget,
    Authentication,
    AzureDevOpsTarget,
    Integration,
    LinkBack,
    RecordMapping,
)
from shared.domain.json_input import InputErrors, JsonObject, is_storable
from shared.domain.public_addresses import may_be_public
from shared.domain.times import parse_date
from shared.secret import Secret

INTEGRATION_ID = re.compile(r"[a-z0-9-]{1,64}")
_AHA_INTEGRATION_ID = re.compile(r"[0-9]{1,30}")
_FIELD_REFERENCE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)+")
_MOST_MAPPED_STATES = 200
_MOST_DEFAULT_FIELDS = 50
_HOST = re.compile(r"[\w.:-]+")
_FIELDS_SET_BY_THE_APP = frozenset(
    ("system.title", "system.areapath", "system.teamproject", "system.workitemtype", "system.id",
     "system.rev", "system.parent")
)  # fmt: skip


@dataclass(frozen=True)
class UrlRules:
    """The app settings for checking URLs. `allow_local`: http:// is allowed too."""

    azure_devops_url: str
    allow_local: bool


def read_integration(
    integration_id: str, body: Any, stored: Integration | None, url_rules: UrlRules
) -> tuple[Integration, bool]:
    """The integration that the body describes, and whether the body asks for a new webhook URL.

    Tokens that the body leaves out are taken from `stored`.

    Raises:
        InvalidRequest: with every error and its JSON pointer.
    """
    errors = InputErrors()
    root = JsonObject(body, errors)
    integration = Integration(
        integration_id=integration_id,
        name=root.text("name", required=True, longest=200),
        product_id=root.identifier("product_id"),
        enabled=root.boolean("enabled", default=False),
        azure_devops=_azure_devops(root.object("azure_devops"), stored, url_rules),
        aha=_aha(root.object("aha"), stored, url_rules),
        feature=_mapping(root.object("feature")),
        requirement=_mapping(root.object("requirement")),
        auto_update=root.boolean("auto_update", default=False),
    )
    if _contradict(integration.feature, integration.requirement):
        errors.add(
            "/requirement/description_field",
            "must be the same as for features: both have the same work item type",
        )
    rotate = root.boolean("rotate_webhook_url", default=False)
    if integration.enabled:
        for pointer, words in integration.missing():
            errors.add(pointer, f"{words} must be set before the integration can be enabled")
    errors.raise_if_any()
    return integration, rotate


def _azure_devops(source: JsonObject, stored: Integration | None, url_rules: UrlRules) -> AzureDevOpsTarget:
    account = source.text("account_name", longest=300)
    name = normalise_account_name(account, url_rules.azure_devops_url) if account else ""
    if name is None:
        source.error(
            "account_name",
            "must be the name or the URL of an organization, such as https://dev.azure.com/fabrikam",
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
        token_expires_on=_date(source, "token_expires_on"),
    )


def _aha(source: JsonObject, stored: Integration | None, url_rules: UrlRules) -> AhaTarget:
    account = read_aha(source, stored, url_rules)
    link_back = source.text(
        "link_back", default=LinkBack.FEATURE.value, choices=tuple(choice.value for choice in LinkBack)
    )
    integration_id = source.identifier("integration_id", required=False)
    if integration_id and not _AHA_INTEGRATION_ID.fullmatch(integration_id):
        source.error("integration_id", "must be the id of an integration in Aha!: 1 to 30 digits")
    return replace(account, link_back=LinkBack(link_back), integration_id=integration_id)


def read_aha(source: JsonObject, stored: Integration | None, url_rules: UrlRules) -> AhaTarget:
    """The Aha! account that a JSON object describes.

    A stored token is kept if the object has no token and the URL is still the stored one.
    """
    url = _with_scheme(source.text("url", longest=300).rstrip("/"))
    if url and not _is_base_url(url, url_rules.allow_local):
        source.error("url", "must be the account's URL without a path, such as https://company.aha.io")
    elif url and not url_rules.allow_local and not may_be_public(urlsplit(url).hostname or ""):
        source.error("url", "must be an address on the Internet, such as https://company.aha.io")
    token = _token(source, "api_token")
    if token is None and stored and stored.aha.api_token:
        if url and url.lower() != stored.aha.url.lower():
            # Otherwise a person who may change the URL could have the stored token sent to any host.
            source.error("api_token", "must be entered again because the URL has changed")
        else:
            token = stored.aha.api_token
    return AhaTarget(url=url, api_token=token)


def _with_scheme(url: str) -> str:
    """An address as people write it, `company.aha.io`, with its scheme."""
    return f"https://{url}" if url and "://" not in url else url


def _is_base_url(url: str, allow_http: bool) -> bool:
    # urlsplit drops line breaks and tabs.
    if any(character.isspace() for character in url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    schemes = ("https", "http") if allow_http else ("https",)
    extras = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme in schemes and bool(_HOST.fullmatch(parts.hostname or "")) and not extras


def _token(source: JsonObject, key: str) -> Secret | None:
    """A token; None if it is left out, null or empty, which means "keep the stored token"."""
    text = source.text(key, longest=4000)
    if not text:
        return None
    if not text.isascii() or any(character.isspace() for character in text):
        source.error(key, "must be the token as it was shown, without spaces")
        return None
    return Secret(text)


def _date(source: JsonObject, key: str) -> date | None:
    """A date; None if it is left out, null or empty."""
    text = source.text(key)
    found = parse_date(text)
    if text and found is None:
        source.error(key, "must be a date such as 2026-12-10")
    return found


def _mapping(source: JsonObject) -> RecordMapping:
    work_item_type = source.text("work_item_type", longest=128)
    description_field = source.text("description_field", choices=("", *DESCRIPTION_FIELDS))
    holds_description = description_field or usual_description_field(work_item_type)
    return RecordMapping(
        work_item_type=work_item_type,
        status_mapping=_status_mapping(source.object("status_mapping")),
        default_fields=_default_fields(source.object("default_fields"), holds_description),
        description_field=description_field,
    )


def _contradict(feature: RecordMapping, requirement: RecordMapping) -> bool:
    """Whether one type has two description fields: its form is the same for all work items."""
    is_same_type = feature.work_item_type.casefold() == requirement.work_item_type.casefold()
    chosen = {feature.description_field, requirement.description_field} - {""}
    return is_same_type and len(chosen) > 1


def _status_mapping(source: JsonObject) -> Mapping[str, str]:
    mapping: dict[str, str] = {}
    for state, _ in source.items():
        if not state.strip() or len(state) > 128 or not is_storable(state):
            source.error(state, "must be the name of a state, of at most 128 characters")
        # An empty value means that the state is not mapped.
        elif status := source.identifier(state, required=False):
            mapping[state] = status
    if len(mapping) > _MOST_MAPPED_STATES:
        source.error("", f"must have at most {_MOST_MAPPED_STATES} states")
    return mapping


def _default_fields(source: JsonObject, description_field: str) -> Mapping[str, Any]:
    fields: dict[str, Any] = {}
    set_by_the_app = _FIELDS_SET_BY_THE_APP | {description_field.casefold()}
    for name, value in source.items():
        if not _FIELD_REFERENCE_NAME.fullmatch(name) or len(name) > 255:
            source.error(name, "must be a field reference name, such as Custom.Team")
        elif name.casefold() in set_by_the_app:
            source.error(name, "is set by the integration itself")
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            fields[name] = value
        elif not isinstance(value, str) or len(value) > 4000 or not is_storable(value):
            source.error(name, "must be a text of at most 4000 characters, a number, or true or false")
        else:
            fields[name] = value
    if len(fields) > _MOST_DEFAULT_FIELDS:
        source.error("", f"must have at most {_MOST_DEFAULT_FIELDS} fields")
    return fields
