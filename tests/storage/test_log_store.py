"""The log in Table Storage: newest entry first, page by page, filtered, kept for 30 days."""

from __future__ import annotations

import base64
import itertools
import uuid
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidRequest, Unavailable
from shared.log_events import OPERATION_FAILED, WORK_ITEM_CREATED, Level
from shared.log_filter import LogFilter
from shared.operation_log import LogEntry, OperationLog
from shared.storage import log_store
from shared.storage.log_rows import key_of_time
from shared.storage.log_store import LogPage, LogStore
from shared.storage.rows import Insert, Row
from shared.storage.tables import Tables
from tests.storage.relay import FaultyStorage


@pytest.fixture
def store(tables: Tables) -> LogStore:
    return LogStore(tables)


def entries(
    count: int, *, operation_id: str = "operation-1", level: Level = Level.INFO, age: timedelta = timedelta()
) -> list[LogEntry]:
    start = datetime.now(timezone.utc) - age - timedelta(seconds=count)
    return [
        LogEntry(
            start + timedelta(seconds=number),
            level,
            operation_id,
            "work-item.created",
            f"{operation_id} {number}",
            {"work_item_id": number, "nested": {"é": [1, None]}},
        )
        for number in range(count)
    ]


def entries_of_many_operations(count: int, *, age: timedelta = timedelta()) -> list[LogEntry]:
    """Entries that each need a row, because each is of another operation."""
    return [
        replace(entry, operation_id=f"operation-{number}")
        for number, entry in enumerate(entries(count, age=age))
    ]


def stored_rows(tables: Tables, integration_id: str) -> int:
    return len(list(tables.log.query("PartitionKey eq @p", {"p": integration_id})))


def test_entries_are_read_newest_first(store: LogStore, integration_id: str) -> None:
    written = entries(5)

    store.write(integration_id, written)

    page = store.read(integration_id, limit=50)
    assert page.entries == tuple(reversed(written))
    assert page.next is None


def test_a_log_without_entries_is_an_empty_page(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, [])

    assert store.read(integration_id, limit=50).entries == ()


def test_entries_of_the_same_moment_keep_their_order(store: LogStore, integration_id: str) -> None:
    (first,) = entries(1)
    written = [LogEntry(first.time, Level.INFO, "one", "e", str(number)) for number in range(120)]

    store.write(integration_id, written)

    assert [entry.message for entry in store.read(integration_id, limit=200).entries] == [
        str(number) for number in reversed(range(120))
    ]


def test_pages_together_have_each_entry_once(store: LogStore, integration_id: str) -> None:
    written = entries(25)
    store.write(integration_id, written)

    seen: list[LogEntry] = []
    before = None
    sizes = []
    while True:
        page = store.read(integration_id, limit=10, before=before)
        seen += page.entries
        sizes.append(len(page.entries))
        # An entry written between two pages is newer, so it does not move them.
        store.write(integration_id, entries(1, operation_id="later", age=timedelta(seconds=-60)))
        before = page.next
        if before is None:
            break
        assert base64.urlsafe_b64decode(before + "==")

    assert seen == list(reversed(written))
    assert sizes == [10, 10, 5]


@given(
    operations=st.lists(st.sets(st.integers(0, 40), min_size=1, max_size=10), min_size=1, max_size=8),
    limit=st.integers(2, 40),
)
@settings(max_examples=15, deadline=None)
def test_entries_of_operations_at_the_same_time_are_sorted_by_time(
    tables: Tables, operations: list[set[int]], limit: int
) -> None:
    store, integration_id = LogStore(tables), f"test-{uuid.uuid4().hex}"
    start = datetime.now(timezone.utc) - timedelta(hours=1)
    written = [
        [
            LogEntry(
                start + timedelta(seconds=second, microseconds=number),
                level,
                f"op {number}",
                "e",
                str(second),
            )
            for second, level in zip(sorted(seconds), itertools.cycle(Level))
        ]
        for number, seconds in enumerate(operations)
    ]
    for block in written:
        store.write(integration_id, block)
    newest_first = sorted(itertools.chain(*written), key=lambda entry: entry.time, reverse=True)

    for level in (None, *Level):
        seen: list[LogEntry] = []
        page = LogPage((), None)
        while not seen or page.next:
            page = store.read(integration_id, limit=limit, before=page.next, only=LogFilter(level=level))
            seen += page.entries
            if not page.entries:
                break
        assert seen == [entry for entry in newest_first if level in (None, entry.level)]


def test_entries_that_an_operation_writes_together_are_one_row(
    faulty_storage: FaultyStorage, store: LogStore, tables: Tables, integration_id: str
) -> None:
    # The first write creates the table, which costs requests of its own.
    store.write(f"{integration_id}-2", entries(1))

    LogStore(faulty_storage.tables).write(integration_id, entries(80))

    assert stored_rows(tables, integration_id) == 1
    assert [request["method"] for request in faulty_storage.requests()] == ["PUT", "GET"]


def test_a_last_page_that_is_exactly_full_has_no_next(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, entries(10))

    assert store.read(integration_id, limit=10).next is None


def test_the_log_is_filtered_by_operation_and_level(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, entries(30))
    store.write(integration_id, entries(3, operation_id="it's @op eq 'x'", level=Level.ERROR))
    store.write(integration_id, entries(2, operation_id="operation-1", level=Level.ERROR))

    by_operation = store.read(integration_id, limit=50, only=LogFilter(operation_id="it's @op eq 'x'"))
    by_level = store.read(integration_id, limit=50, only=LogFilter(level=Level.ERROR))
    by_both = store.read(
        integration_id, limit=1, only=LogFilter(operation_id="operation-1", level=Level.ERROR)
    )
    then = store.read(
        integration_id,
        limit=1,
        before=by_both.next,
        only=LogFilter(operation_id="operation-1", level=Level.ERROR),
    )

    assert [entry.operation_id for entry in by_operation.entries] == ["it's @op eq 'x'"] * 3
    assert len(by_level.entries) == 5
    assert [entry.message for entry in (*by_both.entries, *then.entries)] == [
        "operation-1 1",
        "operation-1 0",
    ]
    assert then.next is None


def test_a_search_looks_into_the_entries(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, entries(5))
    store.write(integration_id, entries(5, operation_id="operation-2"))

    by_number = store.read(integration_id, limit=50, only=LogFilter(work_item_id=3))
    by_text = store.read(integration_id, limit=50, only=LogFilter(text="OPERATION-2 4"))

    assert [entry.message for entry in by_number.entries] == ["operation-2 3", "operation-1 3"]
    assert [entry.message for entry in by_text.entries] == ["operation-2 4"]
    assert by_text.next is None


def test_one_call_looks_at_some_rows_and_the_next_one_goes_on(
    store: LogStore, integration_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "MOST_ROWS", 4)
    store.write(integration_id, entries_of_many_operations(10))
    wanted = LogFilter(text="operation-1 0")

    pages = [store.read(integration_id, limit=5, only=wanted)]
    while pages[-1].next is not None:
        pages.append(store.read(integration_id, limit=5, before=pages[-1].next, only=wanted))

    assert [len(page.entries) for page in pages] == [0, 0, 1]


@given(
    operations=st.lists(st.sets(st.integers(0, 30), min_size=1, max_size=10), min_size=1, max_size=8),
    limit=st.integers(2, 9),
    most_rows=st.integers(1, 4),
    wanted=st.integers(0, 30),
)
@settings(max_examples=15, deadline=None)
def test_the_pages_of_a_search_together_have_every_wanted_entry_once(
    tables: Tables, operations: list[set[int]], limit: int, most_rows: int, wanted: int
) -> None:
    store, integration_id = LogStore(tables), f"test-{uuid.uuid4().hex}"
    start = datetime.now(timezone.utc) - timedelta(hours=1)
    written = [
        [
            LogEntry(
                start + timedelta(seconds=second, microseconds=number), Level.INFO, f"{number}", "e", "m"
            )
            for second in sorted(seconds)
        ]
        for number, seconds in enumerate(operations)
    ]
    written = [
        [replace(entry, detail={"work_item_id": entry.time.second // 2}) for entry in block]
        for block in written
    ]
    for block in written:
        store.write(integration_id, block)

    for only in (LogFilter(), LogFilter(work_item_id=wanted // 2)):
        seen: list[LogEntry] = []
        page = LogPage((), "")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log_store, "MOST_ROWS", most_rows)
            while page.next is not None:
                page = store.read(integration_id, limit=limit, before=page.next or None, only=only)
                seen += page.entries

        newest_first = sorted(itertools.chain(*written), key=lambda entry: entry.time, reverse=True)
        assert seen == [entry for entry in newest_first if only.matches(entry)]


@pytest.mark.parametrize("before", ["", "nonsense", "é", "a" * 4000, "JyBvciB0cnVl", "MQ==", "\ud800"])
def test_an_invalid_before_is_refused_by_name(store: LogStore, integration_id: str, before: str) -> None:
    with pytest.raises(InvalidRequest) as failure:
        store.read(integration_id, limit=10, before=before)

    assert [error.pointer for error in failure.value.errors] == ["/before"]


def test_long_texts_are_cut_and_say_so(store: LogStore, integration_id: str) -> None:
    (entry,) = entries(1)
    long = LogEntry(entry.time, Level.INFO, "one", "e", "m" * 40_000, {"answer": "é😀" * 20_000})

    store.write(integration_id, [long])

    (found,) = store.read(integration_id, limit=1).entries
    assert len(found.message) == 32_000
    assert found.message.endswith("m … (cut)")
    assert found.detail["cut"].startswith('{"answer": "é😀é😀')
    assert found.detail["cut"].endswith(" … (cut)")


def test_many_large_entries_are_written_in_several_transactions(store: LogStore, integration_id: str) -> None:
    written = [
        LogEntry(entry.time, Level.INFO, "one", "e", "m", {"answer": "é" * 31_900}) for entry in entries(100)
    ]

    store.write(integration_id, written)

    assert store.read(integration_id, limit=500).entries == tuple(reversed(written))


def test_an_entry_older_than_thirty_days_is_never_shown(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, entries(1, operation_id="kept", age=timedelta(days=29, hours=23)))
    store.write(integration_id, entries(1, operation_id="expired", age=timedelta(days=30, minutes=1)))

    assert [entry.operation_id for entry in store.read(integration_id, limit=50).entries] == ["kept"]


def test_expired_entries_are_removed_by_writes_a_hundred_rows_at_a_time(
    tables: Tables, integration_id: str
) -> None:
    one_process, another_process = LogStore(tables), LogStore(tables)

    one_process.write(integration_id, entries_of_many_operations(250, age=timedelta(days=31)))
    assert stored_rows(tables, integration_id) == 150
    one_process.write(integration_id, entries(1))
    assert stored_rows(tables, integration_id) == 51
    one_process.write(integration_id, entries(1))
    assert stored_rows(tables, integration_id) == 2
    one_process.write(integration_id, entries_of_many_operations(3, age=timedelta(days=31)))
    one_process.write(integration_id, entries(1))
    assert stored_rows(tables, integration_id) == 6, "this process looks for old rows once an hour"
    another_process.write(integration_id, entries(1))
    assert stored_rows(tables, integration_id) == 4


def test_entries_are_written_although_old_ones_cannot_be_removed(
    faulty_storage: FaultyStorage, store: LogStore, integration_id: str
) -> None:
    faulty_storage.fail(method="GET", status=503, times=None)

    LogStore(faulty_storage.tables).write(integration_id, entries(3))

    assert len(store.read(integration_id, limit=10).entries) == 3


@pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut_body_after": 30}], ids=str)
def test_a_write_without_an_answer_stores_its_entries_once(
    faulty_storage: FaultyStorage, store: LogStore, integration_id: str, fault: dict[str, object]
) -> None:
    store.write(integration_id, entries(1))
    faulty_storage.fail(method="POST|PUT", **fault)

    LogStore(faulty_storage.tables).write(integration_id, entries(3, operation_id="lost"))

    assert len(store.read(integration_id, limit=10, only=LogFilter(operation_id="lost")).entries) == 3


def test_an_operation_log_writes_to_the_store(store: LogStore, integration_id: str) -> None:
    log = OperationLog("operation-7")
    log.write_to(lambda collected: store.write(integration_id, collected))
    log.add(WORK_ITEM_CREATED, "Work item 12 was created.")
    log.add(OPERATION_FAILED, "Azure DevOps is too busy.", status=503)
    log.flush()

    second, first = store.read(integration_id, limit=10).entries
    assert (first.event, first.level, first.operation_id) == ("work-item.created", Level.INFO, "operation-7")
    assert (second.event, second.level, second.detail) == ("operation.failed", Level.ERROR, {"status": 503})


def test_a_purged_log_is_empty(store: LogStore, integration_id: str) -> None:
    store.write(integration_id, entries(150))

    store.purge(integration_id)

    assert store.read(integration_id, limit=10).entries == ()


def test_a_log_that_cannot_be_read_is_unavailable(faulty_storage: FaultyStorage, integration_id: str) -> None:
    faulty_storage.fail(status=503, times=None)

    with pytest.raises(Unavailable):
        LogStore(faulty_storage.tables).read(integration_id, limit=10)


def test_rows_of_a_newer_schema_are_left_out_with_one_warning(
    store: LogStore, tables: Tables, integration_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Given rows that a newer version wrote before, between and after those of this version."""
    older, newer = entries(1, operation_id="older", age=timedelta(hours=2)), entries(1, operation_id="newer")
    store.write(integration_id, older)
    store.write(integration_id, newer)
    now = datetime.now(timezone.utc)
    for age in (timedelta(hours=-1), timedelta(hours=1), timedelta(hours=3)):
        row_key = f"{key_of_time(now - age)}-000000001-newer"
        tables.log.transact([Insert(Row(integration_id, row_key, {"schema": 2, "blocks_0": "of later"}))])

    page = store.read(integration_id, limit=10)

    assert page.entries == (*newer, *older)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"3 rows of the log of {integration_id} were left out: a newer version of this app wrote them. Finish the "
        "deployment of the newer version on every instance."
    ]
    assert stored_rows(tables, integration_id) == 5


def test_pages_pass_over_rows_of_a_newer_schema(store: LogStore, tables: Tables, integration_id: str) -> None:
    first, second = entries(1, operation_id="1", age=timedelta(hours=2)), entries(1, operation_id="2")
    store.write(integration_id, first)
    store.write(integration_id, second)
    row_key = f"{key_of_time(datetime.now(timezone.utc) - timedelta(hours=1))}-000000001-newer"
    tables.log.transact([Insert(Row(integration_id, row_key, {"schema": 2}))])

    newest = store.read(integration_id, limit=1)
    oldest = store.read(integration_id, limit=1, before=newest.next)

    assert (newest.entries, oldest.entries) == (tuple(second), tuple(first))
    assert oldest.next is None


def test_a_log_without_rows_of_a_newer_schema_warns_of_nothing(
    store: LogStore, integration_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(integration_id, entries(3))

    store.read(integration_id, limit=10)

    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_of_integrations_without_end_no_more_than_a_thousand_are_remembered(store: LogStore) -> None:
    due = [store._is_expiry_due(f"integration-{number}") for number in range(1500)]

    assert all(due)
    assert len(store._expired_at) == 1000
    assert not store._is_expiry_due("integration-1499")
