"""Every table of the bench, asked of the running system in the smallest size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.bench.bench import Bench, Options
from local.bench.growth_of_links import growth_of_links
from local.bench.growth_of_log import growth_of_log
from local.bench.overload import overload
from local.bench.processor import processor
from local.bench.receiving import webhooks
from local.bench.sending import growth_of_attachments, growth_of_requirements, sends
from local.bench.starting import first_requests
from local.bench.storage import storage
from local.bench.tables import Table
from local.bench.threads import throughput
from local.bench.workers import workers

LATENCY_MS = 5


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(Options(latency_ms=LATENCY_MS)) as bench:
        yield bench


def rows(table: Table) -> list[dict[str, object]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_sends_are_set_beside_the_naive_way_and_the_floor(bench: Bench) -> None:
    first, unchanged, changed = rows(sends(bench.measured, [(2, 1)], runs=1))

    # A create and a note for each of three records, two links of requirements, and three requests for the file.
    assert first["naive requests"] == 3 * 2 + 2 + 3
    assert (first["Azure DevOps requests"], first["all requests"]) == (2, 3)
    assert first["floor ms"] == 3 * LATENCY_MS
    assert (unchanged["Azure DevOps requests"], unchanged["floor ms"]) == (1, LATENCY_MS)
    assert (changed["trips"], changed["floor ms"]) == (2, 2 * LATENCY_MS)


def test_storage_is_counted_and_adds_to_the_floor(bench: Bench) -> None:
    table = rows(storage(bench.measured, 2, [(3, 0)]))

    first = next(row for row in table if row["job"] == "first send")
    # A claim for each of four records, then two rows in its place; the note of the send and its removal; the log.
    assert first["rows written"] == 4 + 2 * 4 + 2 + 1
    assert first["transactions"] == 2
    assert isinstance(first["floor ms"], float)
    assert first["floor ms"] > LATENCY_MS
    assert all(row["rows written"] == 1 for row in table if "nothing new" in str(row["job"]))


def test_notifications_and_threads_are_measured(bench: Bench) -> None:
    by_callers = rows(webhooks(bench.measured, (2,), 4))
    by_threads = rows(throughput(bench.measured, (2,), most=4))

    assert by_callers[0]["floor per second"] == 2 * 1000 / (2 * LATENCY_MS)
    assert by_threads[0]["notifications' floor"] == 2 * 1000 / (2 * LATENCY_MS)
    assert by_threads[0]["sends' floor"] == 2 * 1000 / LATENCY_MS


def test_notifications_are_measured_with_several_workers(bench: Bench) -> None:
    table = rows(workers(bench.measured, (1, 2), 4))

    assert [row["workers"] for row in table] == [1, 1, 2, 2]
    assert all(isinstance(row["others' CPU ms each"], float) for row in table)


def test_an_overload_is_measured_and_nothing_is_lost_in_it(bench: Bench) -> None:
    (row,) = rows(overload(bench.measured, (5,), per_second=20, seconds=1))

    assert int(str(row["answered 200"])) + int(str(row["shed with 503"])) == 20
    assert row["other answers"] == 0
    assert int(str(row["host's threads at most"])) > 1


def test_the_processor_is_measured_beside_the_bare_packages(bench: Bench) -> None:
    table = {str(row["work"]): row for row in rows(processor(bench.measured, count=4, requirements=10))}

    changing = table["a notification that changes a record"]
    assert changing["requests to Azure DevOps and Aha!"] == 3
    assert isinstance(changing["packages alone, with the page"], float)


def test_the_first_request_of_a_process_is_set_beside_the_second(bench: Bench) -> None:
    page, send, notification = rows(first_requests(bench.measured, runs=1))

    assert page["floor ms"] == 0
    assert send["floor ms"] == LATENCY_MS
    assert notification["floor ms"] == 2 * LATENCY_MS


def test_growth_is_measured(bench: Bench) -> None:
    assert len(growth_of_requirements(bench.measured, (1,)).rows) == 1
    assert rows(growth_of_attachments(bench.measured, ((1, 20),)))[0]["floor ms"] == 3 * LATENCY_MS


def test_the_log_grows_without_costing_more(bench: Bench) -> None:
    small, large = rows(growth_of_log(bench.system, (100, 150), runs=1))

    assert small["requests"] == large["requests"] == 1
    assert small["requests in it"] == large["requests in it"]
    assert small["rows removed"] == large["rows removed"] == 100


def test_links_grow_without_costing_more(bench: Bench) -> None:
    small, large = rows(growth_of_links(bench.measured, (10, 60), runs=1))

    assert small["storage requests"] == large["storage requests"]
    assert small["rows written"] == large["rows written"]
