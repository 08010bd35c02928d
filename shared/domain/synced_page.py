"""The outcome of a page of a backfill, and how the backfill continues. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.backfill_progress import ProcessedPage
from shared.domain.links import Link
from shared.domain.received import UPDATED, Received
from shared.errors import CredentialsRejected, OperationFailed, System, TimeSpent

_OUTAGE = 8
"""If this many records of a page failed by an outage and none is in sync, a system may be down, not a record wrong."""


@dataclass(frozen=True)
class RecordFailed:
    """A work item that could not be synced now. `reference` is its record's, empty if it is not known."""

    work_item_id: int
    reference: str
    error: OperationFailed


@dataclass(frozen=True)
class SyncedPage:
    """The outcome of the work items of a page: the answers, the failures, and how many needed no sync."""

    answers: Sequence[Received] = ()
    failed: Sequence[RecordFailed] = ()
    settled: int = 0

    @property
    def updated(self) -> int:
        """How many records were updated."""
        return self.answers.count(UPDATED)

    @property
    def failures(self) -> tuple[RecordFailed, ...]:
        """The failures with their own cause, without those caused only by the end of the time."""
        return tuple(one for one in self.failed if not isinstance(one.error, TimeSpent))


def needs_sync(link: Link, revision: int) -> bool:
    """Whether a linked work item's present revision is neither in sync with Aha! nor refused by it."""
    return not (link.is_agreed(revision) or link.is_refused(revision))


def stops_backfill(page: SyncedPage) -> OperationFailed | None:
    """The error that certainly stops the work items of further pages too; None if there is none."""
    if len(page.failures) < len(page.failed):
        return time_spent()
    errors = [one.error for one in page.failures]
    return next((error for error in errors if isinstance(error, CredentialsRejected)), None)


def looks_like_outage(page: SyncedPage) -> OperationFailed | None:
    """The error of a system that may be down; None if none may be.

    Records may also fail permanently in this way. So one work item of the next page is tried before the backfill stops.
    """
    outages = [one.error for one in page.failures if one.error.is_outage]
    is_any_in_sync = bool(page.answers or page.settled)
    return outages[0] if len(outages) >= _OUTAGE and not is_any_in_sync else None


def processed_page(
    page: SyncedPage, changed: Mapping[int, datetime], complete_to: datetime, *, is_last: bool
) -> ProcessedPage:
    """The page in the form that the progress needs. `changed`: when each of its work items was last changed, by id."""
    failed = {one.work_item_id for one in page.failed}
    return ProcessedPage(
        complete_to,
        tuple(changed.values()),
        tuple(moment for number, moment in changed.items() if number in failed),
        is_last,
    )


def time_spent() -> TimeSpent:
    """The error of a backfill that has no time for the next page."""
    return TimeSpent(
        System.AZURE_DEVOPS,
        "The time ended before every changed work item was synced. The next call syncs the rest.",
        retry_after=1,
    )
