"""What a page of a backfill came to, and whether the next page is worth a try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.backfill_progress import ProcessedPage
from shared.domain.received import UPDATED, Received
from shared.domain.synced_page import (
    RecordFailed,
    SyncedPage,
    looks_like_outage,
    needs_sync,
    processed_page,
    stops_backfill,
    time_spent,
)
from shared.errors import (
    CredentialsRejected,
    Defect,
    Forbidden,
    OperationFailed,
    RuleViolation,
    System,
    TimeSpent,
    Unavailable,
)
from tests.unit.examples import NOON, a_link, a_record, a_work_item

UNCHANGED = Received("unchanged", "already_agreed")
IGNORED = Received("ignored", "aha_refused")
DOWN = Unavailable(System.AHA, "Aha! is down.")
REJECTED = CredentialsRejected(System.AHA, "The token is revoked.")
NO_TIME = TimeSpent(System.AHA, "No time.")


def failed(*errors: OperationFailed) -> list[RecordFailed]:
    """Work items 1, 2, … that failed."""
    return [RecordFailed(number, f"PROD-{number}", error) for number, error in enumerate(errors, 1)]


@pytest.mark.parametrize(
    ("revision", "is_needed"),
    [(8, False), (9, False), (10, True)],
    ids=["agreed", "refused", "new"],
)
def test_a_revision_that_was_dealt_with_needs_no_sync(revision: int, is_needed: bool) -> None:
    link = a_link(a_record(), a_work_item(revision=8), refused_revision=9)

    assert needs_sync(link, revision) is is_needed


def test_only_updates_count_as_updated() -> None:
    assert SyncedPage([UPDATED, UNCHANGED, IGNORED, UPDATED]).updated == 2
    assert SyncedPage([UNCHANGED]).updated == 0


def test_a_work_item_for_which_no_time_was_left_did_not_fail() -> None:
    page = SyncedPage(failed=failed(DOWN, NO_TIME, REJECTED))

    assert [one.work_item_id for one in page.failures] == [1, 3]


@pytest.mark.parametrize(
    ("answers", "errors", "stopped_by"),
    [
        ([], [], None),
        ([UPDATED], [DOWN], None),
        ([], [DOWN] * 8, None),
        ([UPDATED] * 50, [DOWN, REJECTED], REJECTED),
        ([UPDATED], [Forbidden(System.AHA, "Not yours."), RuleViolation(System.AHA, "No.")], None),
        ([UPDATED], [NO_TIME], "The time ended"),
        ([UPDATED], [REJECTED, NO_TIME], "The time ended"),
    ],
    ids=[
        "nothing failed",
        "one record failed",
        "what may be an outage is proved by the next page",
        "a rejected token stops everything",
        "other refusals are of one record",
        "no time",
        "no time, which says more than a token",
    ],
)
def test_a_page_stops_the_next_one_if_that_would_fail_too(
    answers: list[Received], errors: list[OperationFailed], stopped_by: OperationFailed | str | None
) -> None:
    found = stops_backfill(SyncedPage(answers, failed(*errors)))

    if isinstance(stopped_by, str):
        assert found is not None
        assert found.detail.startswith(stopped_by)
    else:
        assert found is stopped_by


@pytest.mark.parametrize(
    ("page", "is_outage"),
    [
        (SyncedPage(failed=failed(*[DOWN] * 7)), False),
        (SyncedPage(failed=failed(*[DOWN] * 8)), True),
        (SyncedPage(failed=failed(Defect("A defect."), *[DOWN] * 7)), False),
        (SyncedPage(failed=failed(*[Defect("A defect.")] * 200)), False),
        (SyncedPage(failed=failed(*[Forbidden(System.AHA, "Not yours.")] * 200)), False),
        (SyncedPage([UNCHANGED], failed(*[DOWN] * 8)), False),
        (SyncedPage([], failed(*[DOWN] * 8), settled=1), False),
    ],
    ids=[
        "seven records met an outage",
        "eight records met an outage",
        "a defect is no outage",
        "nor are two hundred",
        "nor are refusals",
        "one was synced",
        "one was in sync",
    ],
)
def test_an_outage_is_what_eight_records_meet_and_none_of_a_page_contradicts(
    page: SyncedPage, is_outage: bool
) -> None:
    assert looks_like_outage(page) is (DOWN if is_outage else None)


def test_the_first_error_tells_of_the_outage() -> None:
    others = [Unavailable(System.STORAGE, "Table Storage is down.")] * 7

    assert looks_like_outage(SyncedPage(failed=failed(DOWN, *others))) is DOWN


def test_an_end_of_time_is_continued_a_second_later() -> None:
    error = time_spent()

    assert (error.code, error.retry_after) == ("azure_devops_unavailable", 1)
    assert "The next call syncs the rest." in error.detail


def test_the_progress_learns_which_changes_must_be_looked_at_again() -> None:
    minutes = [NOON + timedelta(minutes=number) for number in range(5)]
    page = SyncedPage([UPDATED], [RecordFailed(1, "PROD-1", DOWN), RecordFailed(3, "", NO_TIME)])
    changed = {1: minutes[1], 2: minutes[2], 3: minutes[3]}

    assert processed_page(page, changed, minutes[4], is_last=False) == ProcessedPage(
        complete_to=minutes[4],
        changed=(minutes[1], minutes[2], minutes[3]),
        failed=(minutes[1], minutes[3]),
        is_last=False,
    )
    assert processed_page(SyncedPage(), {}, NOON, is_last=True) == ProcessedPage(NOON, is_last=True)
