"""The queries that are asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from shared.domain.wiql import changed_between, created_by_me_since

NOON = datetime(2026, 3, 2, 14, 0, 0, tzinfo=timezone(timedelta(hours=2)))


def test_what_the_user_of_the_token_created_lately() -> None:
    assert created_by_me_since({"User Story", "Feature"}, NOON) == (
        "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] IN ('Feature', 'User Story') "
        "AND [System.CreatedBy] = @Me AND [System.CreatedDate] >= '2026-03-02T12:00:00Z' ORDER BY [System.Id]"
    )


def test_a_quotation_mark_in_the_name_of_a_type_ends_no_literal() -> None:
    query = created_by_me_since(["Dev's item' OR 1=1 --"], NOON)

    assert "IN ('Dev''s item'' OR 1=1 --')" in query


def test_what_was_changed_in_a_while() -> None:
    query = changed_between(["Bug"], NOON, NOON + timedelta(minutes=5))

    assert query == (
        "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] IN ('Bug') "
        "AND [System.ChangedDate] >= '2026-03-02T12:00:00Z' AND [System.ChangedDate] < '2026-03-02T12:05:00Z' "
        "ORDER BY [System.ChangedDate]"
    )
    assert "<" not in changed_between(["Bug"], NOON, None)
