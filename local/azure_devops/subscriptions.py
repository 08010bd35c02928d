"""Service hook subscriptions of the `tfs` publisher with the Web Hooks consumer."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.azure_devops.answers import ServiceError, new_guid
from local.azure_devops.changes import EVENT_TYPES, UPDATED, Change
from local.azure_devops.field_definitions import find_field
from local.azure_devops.identities import Identity
from local.azure_devops.times import now, timestamp

RESOURCE_VERSIONS = ("1.0", "3.1-preview.3", "5.1-preview.3")
LATEST = RESOURCE_VERSIONS[-1]
ENABLED, ON_PROBATION = "enabled", "onProbation"
DISABLED_BY_USER, DISABLED_BY_SYSTEM = "disabledByUser", "disabledBySystem"
STATUSES = (ENABLED, ON_PROBATION, DISABLED_BY_USER, DISABLED_BY_SYSTEM, "disabledByInactiveIdentity")
MASK = "********"

_DETAILS = ("", "all", "minimal", "none")
_MESSAGES = ("", "all", "text", "html", "markdown", "none")
_CONSUMER_INPUTS = (
    "url",
    "httpHeaders",
    "basicAuthUsername",
    "basicAuthPassword",
    "resourceDetailsToSend",
    "messagesToSend",
    "detailedMessagesToSend",
    "acceptUntrustedCerts",
)
_SECRETS = ("basicAuthPassword", "httpHeaders")


@dataclass
class Subscription:
    """A subscription to one type of event."""

    event_type: str
    resource_version: str
    publisher_inputs: dict[str, str]
    consumer_inputs: dict[str, str]
    owner: Identity
    id: str = field(default_factory=new_guid)
    status: str = ENABLED
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)
    probation_retries: int = 0
    last_probation_retry: datetime | None = None

    def matches(self, change: Change) -> bool:
        """Whether the change is of this type and passes the filters."""
        inputs, revision = self.publisher_inputs, change.revision
        if change.event_type != self.event_type:
            return False
        if inputs.get("projectId") and inputs["projectId"] != change.item.project.id:
            return False
        kind = inputs.get("workItemType", "")
        if kind and kind.casefold() != revision.type_name.casefold():
            return False
        area = inputs.get("areaPath", "").strip("\\").casefold()
        if area and not f"{revision.area_path.casefold()}\\".startswith(f"{area}\\"):
            return False
        changed = inputs.get("changedFields", "")
        used = find_field(changed) if changed else None
        return not changed or (used is not None and used.reference_name in change.update.fields)

    def headers(self) -> dict[str, str]:
        """The request headers that the subscriber wants."""
        lines = [line.partition(":") for line in self.consumer_inputs.get("httpHeaders", "").splitlines()]
        return {name.strip(): value.strip() for name, colon, value in lines if colon and name.strip()}

    def json(self, base: str) -> dict[str, Any]:
        """The subscription as the API shows it, secrets masked."""
        inputs = {
            name: MASK if name in _SECRETS and value else value
            for name, value in self.consumer_inputs.items()
        }
        host = urllib.parse.urlsplit(self.consumer_inputs["url"]).netloc
        owner, url = self.owner.reference(base), f"{base}/_apis/hooks/subscriptions/{self.id}"
        value = {
            "id": self.id,
            "url": url,
            "status": self.status,
            "publisherId": "tfs",
            "eventType": self.event_type,
            "subscriber": None,
            "resourceVersion": self.resource_version,
            "eventDescription": self.publisher_inputs.get("areaPath") or "Any area path.",
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "actionDescription": f"To host {host}",
            "probationRetries": self.probation_retries,
            "createdBy": owner,
            "createdDate": timestamp(self.created),
            "modifiedBy": owner,
            "modifiedDate": timestamp(self.modified),
            "publisherInputs": {**self.publisher_inputs, "tfsSubscriptionId": self.id},
            "consumerInputs": inputs,
            "_links": {"self": {"href": url}},
        }
        if self.last_probation_retry:
            value["lastProbationRetryDate"] = timestamp(self.last_probation_retry)
        return value


def invalid_subscription(message: str) -> ServiceError:
    """400: the subscription is not valid; the exact texts are unconfirmed."""
    return ServiceError(
        400,
        message,
        "SubscriptionInputException",
        namespace="Microsoft.VisualStudio.Services.ServiceHooks.Server",
    )


def read_subscription(document: Mapping[str, Any], owner: Identity, host_id: str) -> Subscription:
    """A subscription from the body of a POST. Raises 400.

    The original refuses targets on loopback and other special addresses; the sandbox delivers to nothing else.
    """
    fixed = {"publisherId": "tfs", "consumerId": "webHooks", "consumerActionId": "httpRequest"}
    for name, wanted in fixed.items():
        if document.get(name) != wanted:
            raise invalid_subscription(f"The {name} '{document.get(name)}' is not known.")
    event_type = document.get("eventType")
    if event_type not in EVENT_TYPES:
        raise invalid_subscription(f"The eventType '{event_type}' is not known to the publisher 'tfs'.")
    version = document.get("resourceVersion") or LATEST
    if version not in RESOURCE_VERSIONS:
        raise invalid_subscription(
            f"The resourceVersion '{version}' is not supported for the event '{event_type}'."
        )
    publisher = _texts(document.get("publisherInputs"), "publisherInputs")
    if publisher.get("changedFields") and event_type != UPDATED:
        raise invalid_subscription(f"The input 'changedFields' is not valid for the event '{event_type}'.")
    consumer = read_consumer_inputs(document.get("consumerInputs"))
    return Subscription(str(event_type), version, {**publisher, "hostId": host_id}, consumer, owner)


def read_consumer_inputs(value: Any) -> dict[str, str]:
    """The inputs of the Web Hooks consumer. Raises 400."""
    inputs = _texts(value, "consumerInputs")
    unknown = [name for name in inputs if name not in _CONSUMER_INPUTS]
    if unknown:
        raise invalid_subscription(f"The input '{unknown[0]}' is not known to the consumer 'webHooks'.")
    address = urllib.parse.urlsplit(inputs.get("url", ""))
    if address.scheme not in ("http", "https") or not address.hostname:
        raise invalid_subscription("The input 'url' must be an absolute http or https URL.")
    has_credentials = inputs.get("basicAuthUsername") or inputs.get("basicAuthPassword")
    if has_credentials and address.scheme != "https":
        raise invalid_subscription("Basic authentication can only be used with an https URL.")
    if any(len(inputs.get(name, "")) > 256 for name in ("basicAuthUsername", "basicAuthPassword")):
        raise invalid_subscription("The inputs of basic authentication can have at most 256 characters.")
    for name, allowed in (
        ("resourceDetailsToSend", _DETAILS),
        ("messagesToSend", _MESSAGES),
        ("detailedMessagesToSend", _MESSAGES),
    ):
        if inputs.get(name, "") not in allowed:
            raise invalid_subscription(f"The value '{inputs[name]}' is not valid for the input '{name}'.")
    return inputs


def _texts(value: Any, name: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, (str, type(None))) for text in value.values()):
        raise invalid_subscription(f"The {name} must be an object of texts.")
    return {key: text or "" for key, text in value.items()}
