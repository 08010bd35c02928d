"""The organization's service hooks: subscriptions and their queues."""

from __future__ import annotations

import threading
import time
from typing import Any

from local.azure_devops.changes import Change
from local.azure_devops.delivery import Attempt, DeliveryQueue, HookSettings, Notification
from local.azure_devops.hook_payloads import EventBody
from local.azure_devops.organization import Organization
from local.azure_devops.sample_events import sample_event
from local.azure_devops.subscriptions import Subscription


class ServiceHooks:
    """Delivers changes to the subscriptions. Safe to use from several threads."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._lock = threading.Lock()
        self._queues: dict[str, DeliveryQueue] = {}
        self._attempts: list[Attempt] = []
        self.settings = HookSettings()

    def publish(self, change: Change) -> None:
        """Queue a notification for every subscription that matches."""
        body = EventBody(self._organization, change)
        for queue in self._all_queues():
            if queue.subscription.matches(change):
                self._put(queue, change, body)

    def add(self, subscription: Subscription) -> None:
        """Begin to deliver to `subscription`."""
        with self._lock:
            self._queues[subscription.id] = DeliveryQueue(subscription, self.settings, self._record)

    def queue(self, subscription_id: str) -> DeliveryQueue | None:
        """The queue of a subscription; None if there is no such subscription."""
        with self._lock:
            return self._queues.get(subscription_id.casefold())

    def remove(self, subscription_id: str) -> bool:
        """End a subscription; False if there is none."""
        with self._lock:
            queue = self._queues.pop(subscription_id.casefold(), None)
        if queue is not None:
            queue.stop()
        return queue is not None

    def subscriptions(self) -> list[Subscription]:
        """Every subscription, oldest first."""
        return [queue.subscription for queue in self._all_queues()]

    def attempts(self) -> list[Attempt]:
        """Every delivery attempt, in order of its end."""
        with self._lock:
            return list(self._attempts)

    def wake(self) -> None:
        """Make every queue read the settings again."""
        for queue in self._all_queues():
            queue.wake()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until every queue is idle; False if that took longer."""
        deadline = time.monotonic() + timeout_seconds
        return all(queue.wait_until_idle(deadline) for queue in self._all_queues())

    def redeliver(self, number: int, subscription_id: str | None) -> bool:
        """Send the newest notification with this number again; False if there is none."""
        for queue in reversed(self._all_queues()):
            if subscription_id not in (None, queue.subscription.id):
                continue
            found = [known for known in queue.notifications if known.id == number]
            if found:
                queue.put_again(found[-1])
                return True
        return False

    def send_test(self, subscription: Subscription, is_stored: bool) -> Notification:
        """Send the sample event of the subscription's type at once, without waiting for its queue."""
        shown_id = subscription.id if is_stored else "00000000-0000-0000-0000-000000000000"
        payload = sample_event(subscription.event_type, shown_id, subscription.resource_version)
        notification = Notification(1, subscription.event_type, None, payload)
        settings = HookSettings(timeout_seconds=self.settings.timeout_seconds)
        queue = DeliveryQueue(subscription, settings, self._record)
        try:
            queue.try_once(notification)
        finally:
            queue.stop()
        return notification

    def stop(self) -> None:
        """End every delivery."""
        with self._lock:
            queues = list(self._queues.values())
            self._queues.clear()
        for queue in queues:
            queue.ask_to_stop()
        for queue in queues:
            queue.stop()

    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery attempt as JSON."""
        return [attempt.json() for attempt in self.attempts()]

    @staticmethod
    def _put(queue: DeliveryQueue, change: Change, body: EventBody) -> None:
        subscription = queue.subscription
        queue.put(change.event_type, body.work_item_id, lambda number: body.envelope(subscription, number))

    def _all_queues(self) -> list[DeliveryQueue]:
        with self._lock:
            return list(self._queues.values())

    def _record(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.append(attempt)
