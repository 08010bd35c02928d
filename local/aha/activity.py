"""Activity webhooks: a body of `"event": "audit"` to every subscribed URL after each change.

A change of a description is reported about its note, and a value is text for people, never the new value
(https://www.aha.io/support, "activity webhook"; bodies in grokify/chathooks). Two things are not simulated: Aha! delays
edits in the text editor by five minutes, and merges consecutive changes.
"""

from __future__ import annotations

import html
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from local.aha.account import Account, now
from local.aha.changes import Change
from local.aha.records import Record, User, time_text

DELIVERY_SECONDS = 5
"""If a receiver takes longer, it loses the event. Nothing is sent twice."""

_log = logging.getLogger(__name__)


@dataclass
class ActivitySubscription:
    """A URL, how an event about a description names its feature, and the results of the deliveries."""

    id: str
    url: str
    with_associated: bool
    delivered: int = 0
    lost: int = 0

    def to_json(self) -> dict[str, Any]:
        """For `GET /_control/activity_webhooks`."""
        return dict(vars(self))


class ActivityWebhooks:
    """The subscriptions of an account and the thread that delivers to them in order."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._subscriptions: list[ActivitySubscription] = []
        self._deliveries = ThreadPoolExecutor(max_workers=1, thread_name_prefix="activity-webhook")

    def subscribe(self, url: str, *, with_associated: bool = True) -> ActivitySubscription:
        """Every later change is reported to `url`."""
        with self._lock:
            subscription = ActivitySubscription(self._account.new_id(), url, with_associated)
            self._subscriptions.append(subscription)
        return subscription

    def subscriptions(self) -> list[ActivitySubscription]:
        """All of them, in the order in which they were made."""
        with self._lock:
            return list(self._subscriptions)

    def clear(self) -> None:
        """Stops reporting."""
        with self._lock:
            self._subscriptions.clear()

    def report(self, record: Record, action: str, changes: list[Change], user: User, base: str) -> None:
        """Queues an event for each subscription; `action` is `create`, `update` or `destroy`."""
        for subscription in self.subscriptions():
            for is_note in (False, True):
                of_kind = [change for change in changes if (change.field_name == "Description") == is_note]
                if of_kind or (not is_note and action != "update"):
                    document = self._document(record, action, of_kind, user, base)
                    if is_note:
                        _report_about_note(document, record, subscription.with_associated)
                    self._deliveries.submit(_deliver, subscription, document)

    def _document(
        self, record: Record, action: str, changes: list[Change], user: User, base: str
    ) -> dict[str, Any]:
        return {
            "event": "audit",
            "audit": {
                "id": self._account.shown_id(self._account.new_id()),
                "audit_action": action,
                "created_at": time_text(now()),
                "interesting": True,
                "user": {"id": user.id, "name": user.name, "email": user.email},
                "auditable_type": record.kind,
                "auditable_id": self._account.shown_id(record.id),
                "description": f"{action}d {record.kind} {record.reference_num} {record.name}",
                "auditable_url": f"{base}/{record.kind}s/{record.reference_num}",
                "changes": [{"field_name": change.field_name, "value": _value(change)} for change in changes],
            },
        }


def _report_about_note(document: dict[str, Any], record: Record, with_associated: bool) -> None:
    audit = document["audit"]
    if with_associated:
        audit |= {"associated_type": audit["auditable_type"], "associated_id": audit["auditable_id"]}
    audit |= {"auditable_type": "note", "auditable_id": record.description.id}


def _value(change: Change) -> str:
    if change.field_name == "Description":
        parts = (("deleted", change.before), ("inserted", change.after))
        return "".join(f'<span class="{name}">{html.escape(text)}</span>' for name, text in parts if text)
    return f"{html.escape(change.before)} &rarr; {html.escape(change.after)}"


def _deliver(subscription: ActivitySubscription, document: dict[str, Any]) -> None:
    try:
        requests.post(subscription.url, json=document, timeout=DELIVERY_SECONDS).raise_for_status()
    except requests.RequestException as error:
        subscription.lost += 1
        _log.warning("an activity webhook was not delivered: %s", type(error).__name__)
    else:
        subscription.delivered += 1
