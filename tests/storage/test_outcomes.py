"""What operations came to, written with their log entries and read from them by filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from shared.api.health import read_health
from shared.domain.health import Proof
from shared.errors import System, Unavailable
from shared.log_events import WORK_ITEM_CREATED, Level
from shared.operation_log import LogEntry
from shared.operation_outcome import SEVERAL_FEATURES, OperationKind, OperationOutcome, Problem
from shared.storage.log_rows import block_rows
from shared.storage.log_store import LogStore
from shared.storage.outcome_rows import NAMES, outcome_of, outcome_properties
from shared.storage.outcomes import MOST_FEATURES, OutcomeStore
from shared.storage.rows import Insert, Row, Value
from shared.storage.tables import Tables
from tests.storage.relay import FaultyStorage

START = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
SEND, NOTIFICATION = OperationKind.SEND, OperationKind.NOTIFICATION
MINUTE = timedelta(minutes=1)

Write = Callable[..., OperationOutcome]


@pytest.fixture
def store(tables: Tables) -> OutcomeStore:
    return OutcomeStore(tables)


@pytest.fixture
def write(tables: Tables, integration_id: str) -> Write:
    """Write the log of an operation that ended some minutes after the start."""

    def written(kind: OperationKind, minute: int, *records: str, **keys: object) -> OperationOutcome:
        ended_at = START + minute * MINUTE
        problems = [
            Problem(ended_at, str(keys.get("code", "aha_unavailable")), "Down.", record, f"f-{record}")
            for record in records
        ]
        keys.pop("code", None)
        outcome = OperationOutcome(
            kind,
            f"op-{minute}",
            ended_at,
            problems=tuple(problems),
            **keys,  # type: ignore[arg-type]
        )
        entry = LogEntry(ended_at, Level.INFO, outcome.operation_id, "e", "m", outcome=outcome)
        LogStore(tables).write(integration_id, [entry])
        return outcome

    return written


def full(problems: int = 1) -> OperationOutcome:
    problem = Problem(START, "aha_forbidden", "Nicht erlaubt: é😀", "PROD-1", "7489142925063756888")
    return OperationOutcome(
        SEND,
        "op-1",
        START,
        has_succeeded=True,
        problems=(problem,) * problems,
        through=frozenset({"PROD-2", "PROD-3"}),
        feature_id="7489142925063756888",
        reached=frozenset({System.AHA}),
        has_sent=True,
        has_received=True,
        is_whole_feature=True,
    )


@pytest.mark.parametrize(
    "outcome", [full(), OperationOutcome(NOTIFICATION, "op-1", START)], ids=["full", "bare"]
)
def test_an_outcome_is_read_as_it_was_written(outcome: OperationOutcome) -> None:
    row = Row("p", "1", {"operation_id": "op-1", **outcome_properties(outcome)})

    assert outcome_of(row, START) == outcome
    assert set(row.properties) <= set(NAMES)


def test_what_is_false_or_empty_takes_no_property() -> None:
    assert outcome_properties(OperationOutcome(NOTIFICATION, "op-1", START)) == {"kind": "notification"}


def test_a_list_that_is_too_long_is_cut() -> None:
    names = frozenset(f"PROD-{number:05}" for number in range(20_000))
    outcome = OperationOutcome(SEND, "op-1", START, through=names)
    row = Row("p", "1", outcome_properties(outcome))

    found = outcome_of(row, START)

    assert found is not None
    assert 4000 < len(found.through) < 20_000
    assert found.through < names
    assert set(row.properties) <= set(NAMES)


def test_a_row_of_an_older_version_or_of_an_unknown_kind_says_nothing() -> None:
    assert outcome_of(Row("p", "1", {"has_error": True}), START) is None
    assert outcome_of(Row("p", "1", {"kind": "export", "has_succeeded": True}), START) is None


def test_the_outcome_is_in_the_row_of_the_last_entry_alone() -> None:
    entries = [
        LogEntry(START + number * MINUTE, Level.INFO, "op-1", "e", "x" * 31_000) for number in range(20)
    ]
    entries[-1] = LogEntry(entries[-1].time, Level.INFO, "op-1", "e", "m", outcome=full())

    rows = block_rows("p", entries)

    assert len(rows) > 1
    assert ["kind" in row.properties for row in rows] == [False] * (len(rows) - 1) + [True]


def test_operations_with_problems_come_newest_first(
    store: OutcomeStore, write: Write, integration_id: str
) -> None:
    first = write(SEND, 1, "PROD-1")
    write(SEND, 2, has_succeeded=True)
    second = write(NOTIFICATION, 3, "PROD-2", "PROD-3")

    assert store.failed(integration_id) == [second, first]


def test_the_last_success_is_of_one_kind_and_of_one_system(
    store: OutcomeStore, write: Write, integration_id: str
) -> None:
    write(SEND, 1, has_succeeded=True, reached=frozenset({System.AHA}))
    write(SEND, 2, has_succeeded=True)
    write(SEND, 3, "PROD-1")
    write(NOTIFICATION, 4, has_succeeded=True)

    def last(proof: Proof, since: datetime = START) -> datetime | None:
        return store.last_success(integration_id, proof, since)

    assert last(Proof(SEND)) == START + 2 * MINUTE
    assert last(Proof(SEND, System.AHA)) == START + MINUTE
    assert last(Proof(SEND, System.AZURE_DEVOPS)) is None
    assert last(Proof(SEND), since=START + 2 * MINUTE) is None


def test_what_was_sent_and_received_last(store: OutcomeStore, write: Write, integration_id: str) -> None:
    assert store.last_sent_at(integration_id) is None
    write(SEND, 1, has_sent=True)
    write(NOTIFICATION, 2, has_received=True)
    write(SEND, 3)

    assert store.last_sent_at(integration_id) == START + MINUTE
    assert store.last_received_at(integration_id) == START + 2 * MINUTE


def test_operations_about_features_are_theirs_and_those_of_several(
    store: OutcomeStore, write: Write, integration_id: str
) -> None:
    one = write(SEND, 1, feature_id="f-1")
    write(SEND, 2, feature_id="f-2")
    several = write(SEND, 3, feature_id=SEVERAL_FEATURES)
    others = [f"f-{number}" for number in range(3, MOST_FEATURES + 2)]

    assert store.about_features(integration_id, ["f-1", *others], START) == [several, one]
    assert store.about_features(integration_id, ["f-1", *others], START + 2 * MINUTE) == [several]


def test_operations_of_more_than_thirty_days_ago_do_not_count(
    store: OutcomeStore, write: Write, integration_id: str
) -> None:
    write(SEND, -31 * 24 * 60, "PROD-1")

    assert store.failed(integration_id) == []


def test_a_damaged_row_and_one_of_a_newer_version_do_not_hide_the_others(
    store: OutcomeStore, write: Write, tables: Tables, integration_id: str
) -> None:
    write(SEND, 1, "PROD-1")
    damaged: list[dict[str, Value]] = [{"schema": 99}, {"problems_0": "[{"}, {"problems_0": "[{}]"}]
    for number, properties in enumerate(damaged):
        row = Row(integration_id, f"{number}", {"kind": "send", "has_problems": True, **properties})
        tables.log.transact([Insert(Row(row.partition_key, f"{number:017}-1-x", row.properties))])

    assert [one.operation_id for one in store.failed(integration_id)] == ["op-1"]


def test_the_log_of_an_older_version_has_no_problems(
    store: OutcomeStore, tables: Tables, integration_id: str
) -> None:
    entry = LogEntry(START, Level.ERROR, "op-1", "operation.failed", "No.", {"code": "aha_unavailable"})
    LogStore(tables).write(integration_id, [entry])

    assert store.failed(integration_id) == []


def test_the_health_of_many_records_and_features(
    store: OutcomeStore, write: Write, integration_id: str
) -> None:
    names = [f"PROD-{number}" for number in range(30)]
    for minute, name in enumerate(names):
        write(SEND, minute, name)
    for name in names[:20]:
        write(SEND, 40, through=frozenset({name}), feature_id=f"f-{name}")

    [problem] = read_health(store, integration_id).open_problems

    assert problem.records == tuple(reversed(names[20:]))


def test_a_record_of_which_too_much_happened_since_is_left_out(
    store: OutcomeStore, write: Write, integration_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.api.health.MOST_ROWS", 3)
    write(SEND, 1, "PROD-1", "PROD-2")
    for minute in range(2, 6):
        write(SEND, minute, through=frozenset({"PROD-2"}), feature_id="f-PROD-1")

    assert read_health(store, integration_id).open_problems == ()


def test_health_takes_three_requests_and_reads_no_entries(
    faulty_storage: FaultyStorage, integration_id: str
) -> None:
    log = LogStore(faulty_storage.tables)
    for number in range(50):
        moment = START + number * MINUTE
        outcome = OperationOutcome(SEND, f"op-{number}", moment, has_succeeded=True, has_sent=True)
        entry = LogEntry(moment, Level.INFO, f"op-{number}", WORK_ITEM_CREATED.name, "m", outcome=outcome)
        log.write(integration_id, [entry])
    faulty_storage.clear_requests()

    health = read_health(OutcomeStore(faulty_storage.tables), integration_id)

    assert health.last_sent_at == START + 49 * MINUTE
    reads = faulty_storage.requests()
    assert len(reads) == 3
    assert not any("entries" in request["query"] for request in reads)


def test_storage_that_does_not_answer_is_reported(faulty_storage: FaultyStorage, integration_id: str) -> None:
    faulty_storage.fail(method="GET", path=r"/Log\(", times=None, status=503)

    with pytest.raises(Unavailable):
        read_health(OutcomeStore(faulty_storage.tables), integration_id)
