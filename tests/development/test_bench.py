"""How the bench counts what it is shown, and how it writes it down."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.bench.bare_clients import BareCosts
from local.bench.calls import Call, floor_of, longest_chain
from local.bench.counted_storage import StorageCost
from local.bench.document import MACHINE, begin_marker, end_marker, machine, missing_places, with_content
from local.bench.measured_system import AHA, AZURE_DEVOPS, Cost, middle
from local.bench.process import cpu_seconds, mebibytes
from local.bench.processor import Share
from local.bench.questions import QUESTIONS, chosen
from local.bench.storage_relay import (
    OTHER,
    POINT_READ,
    QUERY,
    ROW_WRITE,
    SYSTEM,
    TRANSACTION,
    StorageCall,
    kind_of,
)
from local.bench.tables import Table, as_text

ROOT = Path(__file__).parents[2]
BATCH = b"""--batch_1\r
Content-Type: multipart/mixed; boundary=changeset_1\r
\r
--changeset_1\r
Content-Type: application/http\r
\r
PATCH http://127.0.0.1:10002/devstoreaccount1/Links(PartitionKey='a',RowKey='r:1') HTTP/1.1\r
\r
{"text": "DELETE is only a word here"}\r
--changeset_1\r
Content-Type: application/http\r
\r
POST http://127.0.0.1:10002/devstoreaccount1/Links HTTP/1.1\r
\r
{}\r
--changeset_1--\r
--batch_1--\r
"""


def ado(started: float, ended: float) -> Call:
    return Call(AZURE_DEVOPS, started, ended)


def stored(started: float, ended: float, kind: str = POINT_READ, rows: int = 0) -> StorageCall:
    return StorageCall(SYSTEM, started, ended, kind, rows)


def test_requests_side_by_side_are_one_trip() -> None:
    uploads = [ado(0.0, 1.0), ado(0.1, 1.2), ado(0.2, 0.9)]

    assert longest_chain(uploads) == 1
    assert longest_chain([*uploads, ado(1.3, 2.0)]) == 2
    assert longest_chain([]) == 0


def test_a_long_request_beside_two_short_ones_is_no_third_trip() -> None:
    assert longest_chain([ado(0, 10), ado(1, 2), ado(3, 4)]) == 2


def test_the_floor_is_the_dearest_chain_whatever_the_number_of_its_requests() -> None:
    latency = {AZURE_DEVOPS: 50, SYSTEM: 5}
    beside = [stored(0, 1), stored(2, 3), stored(4, 5), ado(0, 5)]

    assert floor_of(beside, latency) == 50
    assert floor_of([*beside, stored(6, 7), ado(8, 9)], latency) == 105


def test_a_system_that_is_not_away_costs_no_latency() -> None:
    assert floor_of([Call(AHA, 0, 1), ado(1, 2)], {AZURE_DEVOPS: 50}) == 50
    assert floor_of([], {AZURE_DEVOPS: 50}) == 0


def test_the_floor_is_that_of_the_best_of_all_choices() -> None:
    latency = {AHA: 3, AZURE_DEVOPS: 7, SYSTEM: 2}
    calls = [
        ado(0, 4),
        Call(AHA, 1, 2),
        Call(AHA, 2, 3),
        stored(3, 5),
        Call(AHA, 4, 6),
        ado(5, 9),
        stored(6, 7),
    ]

    def is_chain(some: tuple[Call, ...]) -> bool:
        in_order = sorted(some, key=lambda call: call.ended)
        return all(one.ended <= other.started for one, other in itertools.pairwise(in_order))

    chains = [
        some
        for size in range(len(calls) + 1)
        for some in itertools.combinations(calls, size)
        if is_chain(some)
    ]
    assert floor_of(calls, latency) == max(sum(latency[call.system] for call in chain) for chain in chains)
    assert longest_chain(calls) == max(map(len, chains))


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("GET", "/devstoreaccount1/Links(PartitionKey='a',RowKey='r:1')", b"", (POINT_READ, 0)),
        ("GET", "/devstoreaccount1/Links(PartitionKey='a%2Fb',RowKey='r%3A1')", b"", (POINT_READ, 0)),
        ("GET", "/devstoreaccount1/Links()", b"", (QUERY, 0)),
        ("PUT", "/devstoreaccount1/Log(PartitionKey='a',RowKey='1')", b"{}", (ROW_WRITE, 1)),
        ("POST", "/devstoreaccount1/Links", b"{}", (ROW_WRITE, 1)),
        ("POST", "/devstoreaccount1/%24batch", BATCH, (TRANSACTION, 2)),
        ("POST", "/devstoreaccount1/$batch", BATCH, (TRANSACTION, 2)),
        ("POST", "/devstoreaccount1/Tables", b"{}", (OTHER, 0)),
    ],
)
def test_requests_of_table_storage_are_told_apart(
    method: str, path: str, body: bytes, kind: tuple[str, int]
) -> None:
    assert kind_of(method, path, body) == kind


def test_processor_time_is_read_past_a_program_name_with_parentheses() -> None:
    stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 900 0 0 0 150 25 0 0 20 0 8 0 12345 1000 200"

    assert cpu_seconds(stat, 100) == 1.75


def test_memory_is_read_in_mebibytes() -> None:
    status = "Name:\tpython\nVmHWM:\t   70656 kB\nVmRSS:\t   51200 kB\n"

    assert (mebibytes(status, "VmHWM"), mebibytes(status, "VmRSS")) == (69, 50)


def test_the_middle_of_several_costs_is_one_of_them() -> None:
    costs = [Cost([], milliseconds, 0) for milliseconds in (9.0, 1.0, 4.0, 5.0)]

    assert middle(costs) is costs[2]


def test_a_share_of_the_processor_is_set_beside_what_the_packages_take() -> None:
    calls = [stored(0, 1), stored(0, 1, QUERY), stored(0, 1, ROW_WRITE, 1), stored(0, 1, TRANSACTION, 8)]
    whole = Cost([ado(0, 1), Call(AHA, 0, 1), *calls], 100, cpu_milliseconds=40)

    share = Share.of(StorageCost(whole, calls, 0), 2)

    assert share == Share(20, 1, 1, 0.5, 0.5, 4)
    assert share.storage_requests == 2
    assert share.bare(BareCosts(2, 3, 4, 6, 0.5)) == 2 + 3 + 2 + 3 + 2
    assert share.less(Share(10, 1, 1, 0.5, 0.5, 0), 2) == Share(5, 0, 0, 0, 0, 2)


@pytest.fixture
def table() -> Table:
    table = Table("How long", ("job", "ms", "naive / ours"), "Of one run.")
    table.add("first send", 1234.5, 9.876)
    table.add("none", 7, None)
    return table


def test_a_table_is_aligned_for_a_terminal(table: Table) -> None:
    assert table.to_text().splitlines() == [
        "How long.",
        "",
        "Of one run.",
        "",
        "job            ms  naive / ours",
        "----------  -----  ------------",
        "first send  1,234          9.88",
        "none            7",
    ]


def test_a_table_goes_into_a_document(table: Table) -> None:
    assert table.to_markdown().splitlines()[-4:] == [
        "| job | ms | naive / ours |",
        "| --- | ---: | ---: |",
        "| first send | 1,234 | 9.88 |",
        "| none | 7 |  |",
    ]


def test_a_table_keeps_its_digits_for_programs(table: Table) -> None:
    rows = json.loads(json.dumps(table.to_json()))["rows"]

    assert rows[0] == {"job": "first send", "ms": 1234.5, "naive / ours": 9.876}
    assert rows[1]["naive / ours"] is None


def test_a_row_has_a_cell_for_every_column(table: Table) -> None:
    with pytest.raises(ValueError, match="2 cells where there are 3"):
        table.add("first send", 1)


@pytest.mark.parametrize(
    ("cell", "text"), [(0.5, "0.50"), (12.345, "12.3"), (12345.6, "12,346"), (1000, "1,000"), (None, "")]
)
def test_numbers_have_the_digits_that_are_worth_reading(cell: float | None, text: str) -> None:
    assert as_text(cell) == text


def test_a_document_changes_between_the_markers_alone() -> None:
    document = f"before\n{begin_marker('a')}\nold\n{end_marker('a')}\n{begin_marker('b')}\n{end_marker('b')}\nafter\n"

    changed = with_content(document, "a", "new \\1 \\g<0>\n")

    assert changed == document.replace("old", "new \\1 \\g<0>")
    assert with_content(changed, "a", "old") == document
    assert missing_places(document, ["a", "b", "c"]) == ["c"]
    with pytest.raises(ValueError, match="no place for c"):
        with_content(document, "c", "new")


def test_the_document_has_a_place_for_every_table() -> None:
    document = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")

    assert missing_places(document, [MACHINE, *(question.name for question in QUESTIONS)]) == []


def test_the_machine_is_described_without_its_name() -> None:
    name = Path("/proc/sys/kernel/hostname").read_text().strip()

    assert "cores" in machine(50, 5)
    assert name not in machine(50, 5)


def test_tables_are_chosen_by_name_and_stay_in_their_order() -> None:
    assert [question.name for question in chosen("links, sends")] == ["sends", "links"]
    assert chosen(None) == list(QUESTIONS)
    with pytest.raises(ValueError, match="no table nonsense"):
        chosen("sends,nonsense")


@pytest.fixture
def bench_arguments(tmp_path: Path) -> list[str]:
    document = tmp_path / "other.md"
    document.write_text("without places\n", encoding="utf-8")
    return ["--markdown", str(document), "--only", "imports"]


def test_what_cannot_be_done_is_said_before_anything_is_measured(bench_arguments: list[str]) -> None:
    for arguments, text in (
        (["--only", "nonsense"], "there is no table nonsense"),
        (bench_arguments, "has no place for machine, imports"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "local.bench", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert text in done.stderr
