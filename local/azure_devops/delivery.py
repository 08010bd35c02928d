"""Delivering notifications: one queue and one thread per subscription, with the service's rules for failures.

learn.microsoft.com, azure/devops/service-hooks/troubleshoot: 408, 502, 503 and 504 are transient and tried again up
to 8 times; 410 disables the subscription; every other failure puts it on probation, tried again 7 times, and events
raised meanwhile are lost.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from local.azure_devops.answers import encode_json
from local.azure_devops.subscriptions import DISABLED_BY_SYSTEM, ENABLED, ON_PROBATION, Subscription
from local.azure_devops.times import now, timestamp

TRANSIENT_WAITS = (1, 2, 4, 8, 16, 32, 60, 60)
PROBATION_WAITS = (1200, 2400, 4800, 9600, 19200, 38400, 54000)
_TRANSIENT, _TERMINAL = (408, 502, 503, 504), 410
_PAYLOAD_LIMIT = 2 * 1024 * 1024
_KEPT_ANSWER = 64 * 1024


@dataclass
class HookSettings:
    """Settings of deliveries. `time_scale` multiplies waits, but not the time-out for an answer."""

    time_scale: float = 1.0
    shuffle: bool = False
    duplicate: bool = False
    drop: bool = False
    paused: bool = False
    timeout_seconds: float = 30.0


@dataclass
class Notification:
    """An event on its way to one subscriber."""

    id: int
    event_type: str
    work_item_id: int | None
    payload: dict[str, Any]
    status: str = "queued"
    result: str = "pending"
    attempts: int = 0
    error: str | None = None
    answer: str | None = None
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)

    def json(self, subscription: Subscription) -> dict[str, Any]:
        """The notification as the API shows it."""
        return {
            "id": self.id,
            "subscriptionId": subscription.id,
            "subscriberId": "00000000-0000-0000-0000-000000000000",
            "eventId": self.payload.get("id"),
            "status": self.status,
            "result": self.result,
            "createdDate": timestamp(self.created),
            "modifiedDate": timestamp(self.modified),
            "details": {
                "eventType": self.event_type,
                "publisherId": "tfs",
                "consumerId": "webHooks",
                "consumerActionId": "httpRequest",
                "requestAttempts": self.attempts,
                "errorMessage": self.error,
                "response": self.answer,
                "event": self.payload,
            },
        }


@dataclass(frozen=True)
class Attempt:
    """One request to a subscriber; `status` is None where no answer came."""

    subscription_id: str
    notification: Notification
    number: int
    status: int | None
    answer: str
    error: str | None
    started_at: float
    ended_at: float

    def json(self) -> dict[str, Any]:
        """The attempt as /_control lists it; the subscriber's URL is a secret and left out."""
        return {
            "subscription_id": self.subscription_id,
            "notification": self.notification.id,
            "event_type": self.notification.event_type,
            "work_item_id": self.notification.work_item_id,
            "attempt": self.number,
            "status": self.status,
            "answer": self.answer,
            "error": self.error,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "payload": self.notification.payload,
        }


class DeliveryQueue:
    """The notifications of one subscription, delivered one after another."""

    def __init__(
        self, subscription: Subscription, settings: HookSettings, record: Callable[[Attempt], None]
    ) -> None:
        self.subscription = subscription
        self.notifications: list[Notification] = []
        self._settings = settings
        self._record = record
        self._waiting: list[Notification] = []
        self._is_delivering = False
        self._stopped = threading.Event()
        self._changed = threading.Condition()
        self._session = requests.Session()
        self._session.trust_env = False
        self._thread = threading.Thread(target=self._run, name="service hook delivery", daemon=True)
        self._thread.start()

    def put(
        self, event_type: str, work_item_id: int | None, payload: Callable[[int], dict[str, Any]]
    ) -> None:
        """Queue an event; it is lost unless the subscription is enabled."""
        with self._changed:
            if self.subscription.status != ENABLED:
                return
            number = len(self.notifications) + 1
            notification = Notification(number, event_type, work_item_id, payload(number))
            self.notifications.append(notification)
            self._put_again(notification)

    def put_again(self, notification: Notification) -> None:
        """Queue a notification once more, as it is."""
        with self._changed:
            self._put_again(notification)

    def try_once(self, notification: Notification) -> None:
        """Send a notification now, without retries and without effect on the subscription's status."""
        self._try(notification)

    def wake(self) -> None:
        """Read the settings again."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_idle(self, deadline: float) -> bool:
        """Wait until nothing is left to deliver. False after `deadline` (monotonic). Probation counts as idle."""
        with self._changed:
            while self._waiting or self._is_delivering:
                if self.subscription.status == ON_PROBATION:
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.5))
        return True

    def ask_to_stop(self) -> None:
        """Make the thread end after its current request. Queued notifications are dropped."""
        self._stopped.set()
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def stop(self) -> None:
        """End the thread, and wait a moment for it."""
        self.ask_to_stop()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)
        self._session.close()

    def _put_again(self, notification: Notification) -> None:
        self._waiting.append(notification)
        if self._settings.duplicate:
            self._waiting.append(notification)
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            notification = self._take()
            if notification is None:
                return
            self._deliver(notification)
            with self._changed:
                self._is_delivering = False
                if self.subscription.status == DISABLED_BY_SYSTEM:
                    self._waiting.clear()
                self._changed.notify_all()

    def _take(self) -> Notification | None:
        with self._changed:
            while not self._stopped.is_set() and (not self._waiting or self._settings.paused):
                self._changed.wait()
            if self._stopped.is_set():
                return None
            position = random.randrange(len(self._waiting)) if self._settings.shuffle else 0
            self._is_delivering = True
            return self._waiting.pop(position)

    def _deliver(self, notification: Notification) -> None:
        if self._settings.drop:
            notification.status, notification.result = "completed", "filtered"
            return
        outcome = self._try(notification)
        for seconds in TRANSIENT_WAITS:
            if outcome != "transient" or not self._waited(seconds):
                break
            outcome = self._try(notification)
        if self._stopped.is_set() or self.subscription.status not in (ENABLED, ON_PROBATION):
            return
        if outcome == "success":
            self._lift_probation()
        elif outcome == "terminal":
            self.set_status(DISABLED_BY_SYSTEM)
        else:
            self._go_on_probation(notification)

    def _go_on_probation(self, notification: Notification) -> None:
        """Try the failed notification again. What the service sends in the meantime is not documented."""
        self.subscription.probation_retries = 0
        self.set_status(ON_PROBATION)
        for seconds in PROBATION_WAITS:
            if not self._waited(seconds):
                return
            self.subscription.probation_retries += 1
            self.subscription.last_probation_retry = now()
            outcome = self._try(notification)
            if outcome == "success":
                self._lift_probation()
                return
            if outcome == "terminal":
                break
        self.set_status(DISABLED_BY_SYSTEM)

    def _lift_probation(self) -> None:
        self.subscription.probation_retries = 0
        if self.subscription.status == ON_PROBATION:
            self.set_status(ENABLED)

    def set_status(self, status: str) -> None:
        """Enable or disable the subscription. A notification that waits for a retry sees this at once."""
        with self._changed:
            self.subscription.status = status
            self._changed.notify_all()

    def _waited(self, seconds: float) -> bool:
        """Wait. False if the queue was stopped or the subscription's status was changed in the meantime.

        A change of the time scale applies at once, also to the time already waited.
        """
        started, status = time.monotonic(), self.subscription.status
        with self._changed:
            while not self._stopped.is_set() and self.subscription.status == status:
                left = started + seconds * self._settings.time_scale - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
        return False

    def _try(self, notification: Notification) -> str:
        notification.status = "requestInProgress"
        notification.attempts += 1
        number, started = notification.attempts, time.monotonic()
        status, answer, error = self._send(notification.payload)
        is_success = status is not None and 200 <= status < 300
        notification.status, notification.modified = "completed", now()
        notification.result = "succeeded" if is_success else "failed"
        notification.error, notification.answer = error, answer
        ended = time.monotonic()
        self._record(
            Attempt(self.subscription.id, notification, number, status, answer, error, started, ended)
        )
        if is_success:
            return "success"
        if status == _TERMINAL:
            return "terminal"
        # It is an assumption that a time-out or a refused connection counts as transient.
        is_transient = status in _TRANSIENT or (status is None and error != "payload too large")
        return "transient" if is_transient else "enduring"

    def _send(self, payload: dict[str, Any]) -> tuple[int | None, str, str | None]:
        body = encode_json(payload)
        if len(body) > _PAYLOAD_LIMIT:
            return None, "", "payload too large"
        inputs = self.subscription.consumer_inputs
        headers = {"User-Agent": "VSServices/19.0", **self.subscription.headers()}
        headers["Content-Type"] = "application/json; charset=utf-8"
        credentials = inputs.get("basicAuthUsername", ""), inputs.get("basicAuthPassword", "")
        try:
            response = self._session.post(
                inputs["url"],
                data=body,
                headers=headers,
                auth=credentials if any(credentials) else None,
                timeout=self._settings.timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            return None, "", type(failure).__name__
        return response.status_code, response.text[:_KEPT_ANSWER], None
