"""Which entries of the integration log a reader wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.log_events import Level
from shared.operation_log import LogEntry

_RECORD_KEYS = ("reference", "aha_id")
_WORK_ITEM_KEYS = ("work_item_id", "second_work_item_id")


@dataclass(frozen=True)
class LogFilter:
    """Conditions that an entry must all meet. None sets no condition.

    `reference` is that of a record, or its Aha! id, in any case. `text` is part of the message, in any case.
    """

    operation_id: str | None = None
    level: Level | None = None
    event: str | None = None
    reference: str | None = None
    work_item_id: int | None = None
    text: str | None = None

    @property
    def needs_entries(self) -> bool:
        """Whether entries must be read, because Table Storage cannot select their rows."""
        return (self.event, self.reference, self.work_item_id, self.text) != (None,) * 4

    def matches(self, entry: LogEntry) -> bool:
        """Whether an entry meets every condition."""
        return (
            self.operation_id in (None, entry.operation_id)
            and self.level in (None, entry.level)
            and self.event in (None, entry.event)
            and (self.reference is None or self.reference.casefold() in _records(entry.detail))
            and (self.work_item_id is None or self.work_item_id in _work_items(entry.detail))
            and (self.text is None or self.text.casefold() in entry.message.casefold())
        )


EVERYTHING = LogFilter()


def _records(detail: Mapping[str, Any]) -> set[str]:
    several = detail.get("references")
    names = [detail.get(key) for key in _RECORD_KEYS] + (several if isinstance(several, list) else [])
    return {str(name).casefold() for name in names if name}


def _work_items(detail: Mapping[str, Any]) -> set[Any]:
    found = (detail.get(key) for key in _WORK_ITEM_KEYS)
    return {number for number in found if isinstance(number, int)}
