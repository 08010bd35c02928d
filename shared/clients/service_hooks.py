"""Service hook subscriptions of an Azure DevOps organization.

Reference: https://learn.microsoft.com/rest/api/azure/devops/hooks/subscriptions (7.1) and
https://learn.microsoft.com/azure/devops/service-hooks/create-subscription.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from shared.clients.azure_devops import AzureDevOps
from shared.domain.subject import RequestAction, Subject
from shared.errors import NotFound, System, Unavailable

ENABLED = "enabled"
_WORK_ITEM_UPDATED = {"publisherId": "tfs", "eventType": "workitem.updated", "consumerId": "webHooks"}
_MASK = "********"
_PATH = "/_apis/hooks/subscriptions"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Subscription:
    """A subscription that calls a webhook.

    `status` is `enabled`, `onProbation`, `disabledBySystem`, … `document` is the whole subscription as Azure DevOps
    sends it.
    """

    id: str
    status: str
    url: str
    project_id: str
    document: Mapping[str, Any]

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Subscription:
        """Read a subscription as Azure DevOps sends it."""
        consumer, publisher = _inputs(payload, "consumerInputs"), _inputs(payload, "publisherInputs")
        return cls(
            str(payload.get("id") or ""),
            str(payload.get("status") or ""),
            str(consumer.get("url") or ""),
            str(publisher.get("projectId") or ""),
            payload,
        )

    @property
    def age(self) -> tuple[str, str]:
        """A key that sorts subscriptions by the time they were created."""
        return (str(self.document.get("createdDate") or ""), self.id)


class ServiceHooks(AzureDevOps):
    """An organization with its subscriptions to updated work items. Methods raise the same errors as `AzureDevOps`."""

    @property
    def _hooks(self) -> Subject:
        return replace(self.subject, action=RequestAction.SUBSCRIBE)

    def subscriptions(self) -> list[Subscription]:
        """Every subscription that calls a webhook when a work item is updated, oldest first."""
        body = self._send("GET", _PATH, _WORK_ITEM_UPDATED, subject=self._hooks).json()
        found = body.get("value") if isinstance(body, Mapping) else None
        if not isinstance(found, list):
            raise _unusable()
        read = (Subscription.from_payload(one) for one in found if isinstance(one, Mapping))
        return sorted(read, key=lambda one: one.age)

    def subscribe(self, project_id: str, url: str) -> Subscription:
        """Create a subscription that calls the webhook for every updated work item of the project.

        It has no area filter: the updates of a work item that was moved to another area must arrive, too. The client
        does not retry when no answer came; look for the subscription before you call this again.
        """
        body = {
            **_WORK_ITEM_UPDATED,
            "resourceVersion": "1.0",
            "consumerActionId": "httpRequest",
            "publisherInputs": {"projectId": project_id},
            # An omitted filter means any; omitted resource details mean all.
            "consumerInputs": {"url": url, "messagesToSend": "none", "detailedMessagesToSend": "none"},
        }
        return _read(
            self._send("POST", _PATH, body=body, headers=_JSON, repeatable=False, subject=self._hooks).json()
        )

    def enable(self, subscription: Subscription, project_id: str, url: str) -> Subscription:
        """Enable a subscription, for the project and the webhook's URL.

        A PUT needs the whole subscription. Azure DevOps sends secrets as a mask, which must not be written back; this
        webhook needs no secrets.
        """
        known = subscription.document
        body = {
            **known,
            "status": ENABLED,
            "publisherInputs": {**_inputs(known, "publisherInputs"), "projectId": project_id},
            "consumerInputs": {
                **{name: value for name, value in _inputs(known, "consumerInputs").items() if value != _MASK},
                "url": url,
            },
        }
        return _read(
            self._send("PUT", _one(subscription.id), body=body, headers=_JSON, subject=self._hooks).json()
        )

    def unsubscribe(self, subscription: Subscription) -> None:
        """Delete a subscription. It is not an error if it was deleted already."""
        try:
            self._send("DELETE", _one(subscription.id), subject=self._hooks)
        except NotFound:
            return


def _one(subscription_id: str) -> str:
    return f"{_PATH}/{quote(subscription_id, safe='')}"


def _inputs(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = payload.get(key)
    return found if isinstance(found, Mapping) else {}


def _read(payload: Any) -> Subscription:
    if not isinstance(payload, Mapping) or not payload.get("id"):
        raise _unusable()
    return Subscription.from_payload(payload)


def _unusable() -> Unavailable:
    return Unavailable(
        System.AZURE_DEVOPS,
        "Azure DevOps did not give a usable answer. Nothing has to be repaired; try again later.",
        outcome_unknown=True,
    )
