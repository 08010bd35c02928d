"""What happens when a person presses *Send* next to the Integrations field: Aha!'s servers call the Hook URL.

Source: https://github.com/aha-app/aha-services, lib/services/webhooks.rb and README.md.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import requests

from local.aha.records import Integration, time_text

CONNECT_SECONDS, ANSWER_SECONDS = 25, 310
"""An event is sent once and never repeated."""

_log = logging.getLogger(__name__)
_KEPT_LINES = 20


@dataclass
class SendHook:
    """An *Integration webhook* of a product: its Hook URL, and its log in Aha!, newest first."""

    integration: Integration
    url: str
    log: list[dict[str, Any]] = field(default_factory=list)


class SendDropdown:
    """The webhooks of an account by their product, and the thread that sends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: dict[str, SendHook] = {}
        self._sending = ThreadPoolExecutor(max_workers=4, thread_name_prefix="send-to-webhook")

    def clear(self) -> None:
        """Forget every webhook."""
        with self._lock:
            self._hooks.clear()

    def set_up(self, product_id: str, integration: Integration, url: str) -> None:
        """Add a webhook to a product, or change the URL of its webhook."""
        with self._lock:
            self._hooks[product_id] = SendHook(integration, url)

    def remove(self, product_id: str) -> None:
        """Take the webhook of a product away."""
        with self._lock:
            self._hooks.pop(product_id, None)

    def hook(self, product_id: str) -> SendHook | None:
        """The webhook of a product."""
        with self._lock:
            return self._hooks.get(product_id)

    def press(self, hook: SendHook, events: list[dict[str, Any]]) -> None:
        """Send the events in their order, each once."""
        self._sending.submit(self._send, hook, events)

    def _send(self, hook: SendHook, events: list[dict[str, Any]]) -> None:
        for event in events:
            status = _post(hook.url, event)
            line = {"time": time_text(datetime.now(timezone.utc)), "event": event["event"], "status": status}
            with self._lock:
                hook.log[:] = [line, *hook.log][:_KEPT_LINES]

    def log(self, hook: SendHook) -> list[dict[str, Any]]:
        """The lines of the integration's log: time, event, and the status or why there was none."""
        with self._lock:
            return list(hook.log)


def _post(url: str, event: dict[str, Any]) -> int | str:
    try:
        answer = requests.post(url, json=event, timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
    except requests.RequestException as error:
        # The URL has the function key, so only the kind of error is told.
        _log.warning("a webhook was not answered: %s", type(error).__name__)
        return "no answer"
    return answer.status_code
