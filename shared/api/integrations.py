"""The integrations API: list, read, create, replace and delete integrations."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from shared import log_events
from shared.api.health import health_json
from shared.api.product_owner import check_product_is_free
from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.accounts import is_same_account
from shared.domain.integration import AhaTarget, Integration, RecordMapping, StoredIntegration
from shared.domain.integration_input import INTEGRATION_ID, UrlRules, read_integration
from shared.errors import (
    Defect,
    InputError,
    InvalidRequest,
    OperationFailed,
    PreconditionFailed,
    no_integration,
)
from shared.operation import Operation
from shared.storage.integrations import DeletedIntegration, UnreadableIntegration

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Representation:
    """An integration as JSON, and its entity tag. Instead of a token, the JSON says whether one is stored."""

    body: dict[str, Any]
    etag: str


def list_integrations(app: App, operation: Operation) -> dict[str, Any]:
    """The answer's body: every integration as JSON with its health, sorted by name without regard to case, then by id.

    `unreadable`, only if there are any: those whose rows are damaged, or were written by a newer version of the app.
    """
    found = list(app.integrations.each())
    readable = sorted(
        (one for one in found if isinstance(one, StoredIntegration)),
        key=lambda one: (one.integration.name.casefold(), one.integration.integration_id),
    )
    unreadable = sorted(
        (one for one in found if isinstance(one, UnreadableIntegration)), key=lambda one: one.integration_id
    )
    return {
        "integrations": in_parallel(lambda stored: _with_health(app, operation, stored).body, readable),
        **({"unreadable": [_unreadable(operation, one) for one in unreadable]} if unreadable else {}),
    }


def _unreadable(operation: Operation, one: UnreadableIntegration) -> dict[str, Any]:
    if isinstance(one.error, OperationFailed):
        return {"integration_id": one.integration_id, "code": one.error.code, "detail": one.error.detail}
    logger.error("The integration %s is damaged", one.integration_id, exc_info=one.error)
    return {
        "integration_id": one.integration_id,
        "code": Defect.code,
        "detail": f"The integration {one.integration_id} cannot be read: its row in Table Storage is damaged. A PUT of "
        "the whole integration repairs it. If that fails, give the person who operates the app this operation id: "
        f"{operation.id}. The log of the function app has the details.",
    }


def get_integration(
    app: App, operation: Operation, integration_id: str, found: StoredIntegration | DeletedIntegration | None
) -> Representation:
    """One integration with its health. Raises IntegrationNotFound."""
    if not isinstance(found, StoredIntegration):
        raise no_integration(integration_id)
    return _with_health(app, operation, found)


def _with_health(app: App, operation: Operation, stored: StoredIntegration) -> Representation:
    shown = _represent(app, stored)
    health = health_json(app.outcomes, operation, stored.integration, app.clock.now())
    return Representation({**shown.body, "health": health}, shown.etag)


def put_integration(
    app: App,
    operation: Operation,
    integration_id: str,
    found: StoredIntegration | DeletedIntegration | None,
    body: Any,
    if_match: str | None,
) -> tuple[Representation, bool]:
    """Create or replace an integration. The second value is whether it was created.

    Raises:
        InvalidRequest: with every error.
        PreconditionFailed: `if_match` does not match, or another request saved the integration at the same time.
        ProductTaken: another integration has the product, under this name or its other one.
        OrganizationInUse: the links lead to work items of an organization other than the new one.
        Refused, Unavailable: Azure DevOps did not show whether the new organization has the linked work items.
    """
    if not INTEGRATION_ID.fullmatch(integration_id):
        raise InvalidRequest(
            [InputError("/integration_id", "must be 1 to 64 of the characters a-z, 0-9 and -")]
        )
    stored = found if isinstance(found, StoredIntegration) else None
    check_precondition(stored, if_match)
    settings = app.settings
    integration, rotate = read_integration(
        integration_id,
        body,
        stored.integration if stored else None,
        UrlRules(settings.azure_devops_url, settings.allow_local_addresses),
    )
    if stored is not None:
        _check_organization(app, operation, integration, stored.integration)
    check_product_is_free(app, operation, integration, stored.integration if stored else None)
    saved = app.integrations.save(integration, stored, rotate_webhook_url=rotate)
    operation.log.add(
        log_events.INTEGRATION_SAVED,
        f"The integration was {'changed' if stored else 'created'}."
        + (" It has a new webhook URL; the old one is no longer valid." if rotate and stored else ""),
        enabled=integration.enabled,
        missing=[words for _, words in integration.missing()],
    )
    return _represent(app, saved), stored is None


def _check_organization(
    app: App, operation: Operation, integration: Integration, stored: Integration
) -> None:
    """Refuse another organization than that of the links. See `shared.api.organization_change`."""
    before, wanted = stored.azure_devops.account_name, integration.azure_devops.account_name
    # Without an organization nothing is read or written.
    if not wanted or is_same_account(before, wanted):
        return
    # Most saves keep the organization, and must not load the clients and the links.
    from shared.api.organization_change import check_organization_has_work_items

    check_organization_has_work_items(app, operation, integration, before)


def delete_integration(
    app: App,
    integration_id: str,
    found: StoredIntegration | DeletedIntegration | None,
    if_match: str | None,
) -> None:
    """Delete an integration with its links and its log. Finishes a deletion that was interrupted.

    Raises IntegrationNotFound, PreconditionFailed.
    """
    if found is None or (isinstance(found, DeletedIntegration) and found.is_purged):
        raise no_integration(integration_id)
    if isinstance(found, StoredIntegration):
        check_precondition(found, if_match)
    app.integrations.delete(found)


def check_precondition(stored: StoredIntegration | None, if_match: str | None) -> None:
    """Check an If-Match header against the stored integration (RFC 9110 §13.1.1). Raises PreconditionFailed."""
    if not if_match:
        return
    wanted = {tag.strip() for tag in if_match.split(",")}
    if stored is not None and ("*" in wanted or etag_of(stored) in wanted):
        return
    raise PreconditionFailed(
        "The integration was changed since it was read. Read it again, then repeat the change."
    )


def etag_of(stored: StoredIntegration) -> str:
    """A strong entity tag for the stored version."""
    return '"' + hashlib.sha256(stored.version.encode()).hexdigest()[:32] + '"'


def _represent(app: App, stored: StoredIntegration) -> Representation:
    url = webhook_url(app, stored.integration, stored.webhook_generation)
    return Representation(integration_as_json(stored, url), etag_of(stored))


def integration_as_json(stored: StoredIntegration, url: str) -> dict[str, Any]:
    """The integration in the form of an answer. `url` is its webhook URL."""
    integration = stored.integration
    target = integration.azure_devops
    return {
        "integration_id": integration.integration_id,
        "name": integration.name,
        "product_id": integration.product_id,
        "enabled": integration.enabled,
        "auto_update": integration.auto_update,
        "azure_devops": {
            "account_name": target.account_name,
            "authentication": target.authentication.value,
            "personal_access_token_set": target.personal_access_token is not None,
            "project": target.project,
            "area_path": target.area_path,
            **({"token_expires_on": str(target.token_expires_on)} if target.token_expires_on else {}),
        },
        "aha": _aha(integration.aha),
        "feature": _mapping(integration.feature),
        "requirement": _mapping(integration.requirement),
        "webhook_url": url,
        "created_at": _time(stored.created_at),
        "updated_at": _time(stored.updated_at),
    }


def webhook_url(app: App, integration: Integration, generation: str) -> str:
    """The URL for the service hook. It contains a token: whoever knows the URL can call it."""
    token = app.vault.webhook_token(integration.integration_id, generation)
    return f"{app.settings.public_url}/api/webhooks/{integration.integration_id}/{token}"


def _aha(target: AhaTarget) -> dict[str, Any]:
    return {
        "url": target.url,
        "api_token_set": target.api_token is not None,
        "link_back": target.link_back.value,
        **({"integration_id": target.integration_id} if target.integration_id else {}),
    }


def _mapping(mapping: RecordMapping) -> dict[str, Any]:
    return {
        "work_item_type": mapping.work_item_type,
        "status_mapping": dict(mapping.status_mapping),
        "default_fields": dict(mapping.default_fields),
        **({"description_field": mapping.description_field} if mapping.description_field else {}),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
