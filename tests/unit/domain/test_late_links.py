"""Which work items are looked at although nothing says that they changed lately."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.domain.late_links import LinkedItem, late_items
from tests.unit.examples import NOON

LONG_AGO, NEW = NOON - timedelta(days=3), NOON + timedelta(minutes=2)
WHILE_IT_RAN = NOON - timedelta(minutes=4)


@pytest.mark.parametrize(
    ("agreed_revision", "written_at", "synced_at", "is_late"),
    [
        (3, NEW, NEW, False),
        (0, NEW, NEW, True),
        (0, WHILE_IT_RAN, WHILE_IT_RAN, True),
        (3, NEW, LONG_AGO, True),
        (3, NEW, None, True),
        (3, None, LONG_AGO, True),
        (0, LONG_AGO, LONG_AGO, False),
        (3, LONG_AGO, LONG_AGO, False),
        (3, NEW, WHILE_IT_RAN, False),
    ],
    ids=[
        "created by a send",
        "created by a send that died, and changed before another one linked it",
        "the same while the last run was under way",
        "imported",
        "linked by hand or from its marker",
        "written at an unknown time",
        "never agreed, and looked at by an earlier run",
        "nothing new",
        "synced while the last run was under way",
    ],
)
def test_a_link_is_late_if_a_run_may_have_passed_what_changed_before_it(
    agreed_revision: int, written_at: datetime | None, synced_at: datetime | None, is_late: bool
) -> None:
    item = LinkedItem(7, agreed_revision, written_at, synced_at)

    assert late_items([item], NOON) == ([7] if is_late else [])
