"""How far a backfill has come: the moment up to which every change of a work item was processed. No input or output.

A query gives ids in the order of their changes, without the times of these changes. The times are read afterwards, page
by page, and a work item may be changed in between. Its new time then says nothing about its place in the query; the
next query finds it under the new time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class ProcessedPage:
    """A page of a query's result after its work items were processed.

    `complete_to`: the query has every change up to this moment. `changed`: when the work items of the page were last
    changed, as read after the query. `failed`: the same for those that must be processed again. `is_last`: the query
    has no further page.
    """

    complete_to: datetime
    changed: tuple[datetime, ...] = ()
    failed: tuple[datetime, ...] = ()
    is_last: bool = False


@dataclass(frozen=True)
class BackfillProgress:
    """`since` is where the backfill began. `reached`: every change up to this moment was processed, successfully or
    not. `first_failed` is the earliest change that must be processed again.
    """

    since: datetime
    reached: datetime
    first_failed: datetime | None = None

    @classmethod
    def from_moment(cls, since: datetime) -> BackfillProgress:
        """The progress at the start."""
        return cls(since, since)

    @property
    def until(self) -> datetime:
        """The new watermark."""
        moments = (self.reached,) if self.first_failed is None else (self.reached, self.first_failed)
        return max(self.since, min(moments))

    def after(self, page: ProcessedPage) -> BackfillProgress:
        """The progress after one more page."""
        in_the_query = [moment for moment in page.changed if moment <= page.complete_to]
        reached = page.complete_to if page.is_last else max(in_the_query, default=self.reached)
        failed = [moment for moment in (self.first_failed, *page.failed) if moment is not None]
        return replace(self, reached=max(self.reached, reached), first_failed=min(failed, default=None))
