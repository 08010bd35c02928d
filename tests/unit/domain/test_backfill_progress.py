"""A watermark never passes a change that was not looked at, nor one that has to be looked at again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.backfill_progress import BackfillProgress, ProcessedPage

MIDNIGHT = datetime(2026, 3, 4, tzinfo=timezone.utc)
COMPLETE_TO = MIDNIGHT + timedelta(hours=20)


def at(hour: int) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def page(*hours: int, failed: tuple[int, ...] = (), is_last: bool = False) -> ProcessedPage:
    return ProcessedPage(COMPLETE_TO, tuple(map(at, hours)), tuple(map(at, failed)), is_last)


def until(*pages: ProcessedPage) -> datetime:
    progress = BackfillProgress.from_moment(at(0))
    for one in pages:
        progress = progress.after(one)
    return progress.until


def test_nothing_is_passed_before_anything_was_looked_at() -> None:
    assert until() == at(0)


def test_a_page_is_passed_up_to_its_last_change() -> None:
    assert until(page(1, 2, 3)) == at(3)


def test_a_work_item_that_was_changed_after_the_query_says_nothing_about_the_next_page() -> None:
    assert until(page(1, 2, 22)) == at(2)
    assert until(page(22, 23)) == at(0)


def test_after_the_last_page_everything_that_the_query_knew_is_passed() -> None:
    assert until(page(1, 2), page(5, 22, is_last=True)) == COMPLETE_TO
    assert until(page(is_last=True)) == COMPLETE_TO


def test_a_record_that_failed_holds_its_own_place_and_later_pages_do_not_pass_it() -> None:
    assert until(page(1, 2, 3, failed=(2,)), page(4, 5, is_last=True)) == at(2)
    assert until(page(1, 2), page(4, 5, failed=(5,)), page(7, failed=(7,), is_last=True)) == at(5)


def test_a_failed_record_that_was_changed_after_the_query_is_found_by_the_next_one() -> None:
    assert until(page(1, 22, failed=(22,), is_last=True)) == COMPLETE_TO


def test_a_query_that_is_complete_to_an_earlier_moment_moves_nothing_back() -> None:
    early = ProcessedPage(at(-1), is_last=True)

    assert until(early) == at(0)
    assert until(page(1, 2), early) == at(2)


HOURS = st.integers(min_value=0, max_value=20)


@given(
    changes=st.lists(HOURS, max_size=12),
    changed_again=st.dictionaries(st.integers(0, 11), st.integers(21, 30)),
    failing=st.sets(st.integers(0, 11)),
    per_page=st.integers(1, 4),
    pages_looked_at=st.integers(0, 12),
)
def test_no_change_that_was_not_brought_is_passed(
    changes: list[int],
    changed_again: dict[int, int],
    failing: set[int],
    per_page: int,
    pages_looked_at: int,
) -> None:
    # Work item N is the Nth of the query; some are changed again between the query and the read of their page.
    in_order = sorted(changes)
    now = [changed_again.get(number, hour) for number, hour in enumerate(in_order)]
    starts = range(0, len(in_order), per_page)
    progress = BackfillProgress.from_moment(at(0))
    for start in starts[:pages_looked_at]:
        numbers = range(start, min(start + per_page, len(in_order)))
        failed = tuple(now[number] for number in numbers if number in failing)
        progress = progress.after(
            page(*(now[number] for number in numbers), failed=failed, is_last=start == starts[-1])
        )

    looked_at = min(pages_looked_at * per_page, len(in_order))
    not_brought = [now[number] for number in range(len(in_order)) if number >= looked_at or number in failing]
    assert all(progress.until <= at(hour) for hour in (*not_brought, *changed_again.values()))
