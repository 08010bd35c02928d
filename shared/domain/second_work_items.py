"""Whether an unlinked work item is a record's second one: it has the record's marker, another one has the link."""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.links import Link
from shared.domain.markers import MarkedRecord, marked_record
from shared.domain.work_item import HYPERLINK, WorkItem


def marked_by_comments(comments: Iterable[str], integration_id: str) -> frozenset[str]:
    """The Aha! ids of the records that markers of an integration name, among the comments of hyperlinks."""
    return _ids((marked_record(HYPERLINK, comment) for comment in comments), integration_id)


def linked_elsewhere(links: Iterable[Link], work_item_id: int) -> list[Link]:
    """The links to work items other than this one."""
    return [link for link in links if link.work_item_id != work_item_id]


def with_second_work_item(elsewhere: Iterable[Link], item: WorkItem, integration_id: str) -> list[Link]:
    """The links, among those that lead elsewhere, whose records' markers the work item carries now."""
    marks = (marked_record(relation.rel, relation.comment) for relation in item.relations)
    marked = _ids(marks, integration_id)
    return [link for link in elsewhere if link.aha_id in marked]


def _ids(marks: Iterable[MarkedRecord | None], integration_id: str) -> frozenset[str]:
    return frozenset(mark.aha_id for mark in marks if mark and mark.integration_id == integration_id)
