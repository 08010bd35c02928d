"""The queries that are asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from shared.domain.wiql import (
    MOST_IDS_PER_QUERY,
    changed_among,
    created_between,
    in_order_of_change,
    with_hyperlinks,
)

NOON = datetime(2026, 3, 2, 14, 0, 0, tzinfo=timezone(timedelta(hours=2)))


def test_what_anybody_created_lately() -> None:
    assert created_between(NOON, None) == (
        "SELECT [System.Id] FROM WorkItems WHERE [System.CreatedDate] >= '2026-03-02T12:00:00Z' ORDER BY [System.Id]"
    )


def test_what_was_created_with_a_hyperlink_in_a_while() -> None:
    query = created_between(NOON, NOON + timedelta(minutes=5), only_with_hyperlinks=True)

    assert (
        "[System.CreatedDate] < '2026-03-02T12:05:00Z' AND [System.HyperLinkCount] > 0 ORDER BY [System.Id]"
        in query
    )


def test_what_has_a_hyperlink_in_a_range_of_ids() -> None:
    assert with_hyperlinks(1, 500) == (
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] >= 1 AND [System.Id] < 500 "
        "AND [System.HyperLinkCount] > 0 ORDER BY [System.Id]"
    )


def test_which_of_some_work_items_were_changed_in_a_while() -> None:
    query = changed_among([7, 9], NOON, NOON + timedelta(minutes=5))

    assert query == (
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] IN (7, 9) "
        "AND [System.ChangedDate] >= '2026-03-02T12:00:00Z' AND [System.ChangedDate] < '2026-03-02T12:05:00Z' "
        "ORDER BY [System.ChangedDate]"
    )
    assert "<" not in changed_among([7], NOON, None)


def test_the_order_of_changes_of_some_work_items() -> None:
    assert in_order_of_change([9, 7]) == (
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] IN (9, 7) ORDER BY [System.ChangedDate]"
    )


def test_the_longest_query_is_taken() -> None:
    ids = range(2**31 - 1 - MOST_IDS_PER_QUERY, 2**31 - 1)

    assert len(changed_among(ids, NOON, NOON)) < 32_000
