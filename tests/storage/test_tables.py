"""One table: writing in transactions, and what is said when storage is down, busy or refuses the app."""

from __future__ import annotations

import logging
import re
import socket
import subprocess
import sys
import time
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.idle_relay import IdleDroppingRelay
from local.service import free_port
from shared.errors import OperationFailed, SettingInvalid, System, Unavailable
from shared.secret import Secret
from shared.storage.rows import Delete, Insert, Replace, Row, Upsert, long_text
from shared.storage.table import Table, TransactionConflict
from shared.storage.tables import Tables
from tests.e2e.system import eventually
from tests.storage.relay import FaultyStorage


def row(partition: str, key: str, **properties: str | int | bool) -> Row:
    return Row(partition, key, properties)


def table_of(tables: Tables, name: str) -> Table:
    return Table(name, tables._client)


def fresh_table(tables: Tables) -> Table:
    return table_of(tables, f"Fresh{uuid.uuid4().hex[:10]}")


def test_a_missing_table_reads_as_empty_and_is_made_by_the_first_write(tables: Tables) -> None:
    table = fresh_table(tables)
    assert table.get("p", "r") is None
    assert list(table.query("PartitionKey eq @p", {"p": "p"})) == []
    table.purge("p")

    table.transact([Insert(row("p", "r", text="first"))])

    found = table.get("p", "r")
    assert found is not None
    assert found.text("text") == "first"


def test_two_first_writes_at_once_both_succeed(tables: Tables) -> None:
    name = f"Fresh{uuid.uuid4().hex[:10]}"
    one, other = table_of(tables, name), table_of(tables, name)
    one._create()

    other._create()
    other.transact([Insert(row("p", "r"))])

    assert one.get("p", "r") is not None


def test_a_transaction_does_everything_or_nothing(tables: Tables, integration_id: str) -> None:
    tables.links.transact([Insert(row(integration_id, "b"))])

    with pytest.raises(TransactionConflict):
        tables.links.transact([Insert(row(integration_id, "a")), Insert(row(integration_id, "b"))])

    assert tables.links.get(integration_id, "a") is None


def test_a_replace_of_an_older_version_is_refused(tables: Tables, integration_id: str) -> None:
    first = tables.links.transact([Insert(row(integration_id, "a", text="1"))])[0]
    second = tables.links.transact([Replace(row(integration_id, "a", number=2), first)])[0]

    with pytest.raises(TransactionConflict):
        tables.links.transact([Replace(row(integration_id, "a", text="3"), first)])

    found = tables.links.get(integration_id, "a")
    assert found is not None
    assert (found.etag, found.text("text"), found.number("number")) == (second, "", 2)


@pytest.mark.parametrize("change", ["replace", "delete"])
def test_changing_a_row_that_is_gone_is_a_conflict(tables: Tables, integration_id: str, change: str) -> None:
    gone = row(integration_id, "gone")
    tables.links.transact([Insert(gone)])
    etag = tables.links.transact([Upsert(gone)])[0]
    tables.links.transact([Delete(gone)])

    with pytest.raises(TransactionConflict):
        tables.links.transact([Replace(gone, etag) if change == "replace" else Delete(gone, etag)])


def test_what_no_transaction_can_hold_is_refused_before_it_is_sent(faulty_storage: FaultyStorage) -> None:
    links = faulty_storage.tables.links
    with pytest.raises(ValueError, match="1 to 100"):
        links.transact([Insert(row("p", str(number))) for number in range(101)])
    with pytest.raises(ValueError, match="one partition"):
        links.transact([Insert(row("p", "a")), Insert(row("q", "b"))])
    with pytest.raises(ValueError, match="once"):
        links.transact([Insert(row("p", "a")), Delete(row("p", "a"))])
    with pytest.raises(ValueError, match="ETag"):
        links.transact([Replace(row("p", "a"), "")])
    with pytest.raises(OperationFailed, match="1 MiB"):
        links.transact([Insert(Row("p", "a", long_text("attachments", "x" * 600_000)))])

    assert faulty_storage.requests() == []


def test_a_partition_of_many_rows_is_purged_and_its_neighbours_stay(
    tables: Tables, integration_id: str
) -> None:
    neighbour = f"{integration_id}-2"
    for start in (0, 100, 200):
        tables.log.transact([Insert(row(integration_id, f"{start + n:03}")) for n in range(100)])
    tables.log.transact([Insert(row(neighbour, "a"))])

    tables.log.purge(integration_id)

    assert list(tables.log.query("PartitionKey eq @p", {"p": integration_id})) == []
    assert tables.log.get(neighbour, "a") is not None


def test_a_row_that_is_written_again_during_a_purge_of_older_rows_stays(
    faulty_storage: FaultyStorage, tables: Tables, integration_id: str
) -> None:
    """Given a row that is written again after the purge has read it and before it removes it."""
    tables.links.transact([Insert(row(integration_id, "again")), Insert(row(integration_id, "old"))])
    old = tables.links.get(integration_id, "old")
    assert old is not None
    faulty_storage.fail(method="POST", delay_ms=1500)

    with ThreadPoolExecutor(1) as other:
        purging = other.submit(faulty_storage.tables.links.purge, integration_id, up_to=old.written_at)
        eventually(lambda: "POST" in [request["method"] for request in faulty_storage.requests()])
        tables.links.transact([Upsert(row(integration_id, "again", number=2))])
        purging.result()

    left = tables.links.query("PartitionKey eq @p", {"p": integration_id})
    assert [(found.row_key, found.number("number")) for found in left] == [("again", 2)]


def test_half_a_surrogate_pair_does_not_make_a_row_unwritable(tables: Tables, integration_id: str) -> None:
    tables.log.transact([Insert(row(integration_id, "a", text="a\ud800b"))])

    found = tables.log.get(integration_id, "a")
    assert found is not None
    assert found.text("text") == "a?b"


@pytest.mark.parametrize(
    "fault",
    [{"cut": "before"}, {"cut": "after"}, {"cut_body_after": 20}, {"status": 503}, {"status": 500}],
    ids=str,
)
def test_a_write_outlasts_a_short_fault(
    faulty_storage: FaultyStorage, integration_id: str, fault: dict[str, object]
) -> None:
    links = faulty_storage.tables.links
    links.transact([Upsert(row(integration_id, "before"))])

    faulty_storage.fail(method="POST|PUT", **fault)
    links.transact([Upsert(row(integration_id, "a", number=1))])

    found = links.get(integration_id, "a")
    assert found is not None
    assert found.number("number") == 1


@pytest.mark.parametrize("fault", [{"cut": "before"}, {"cut_body_after": 5}, {"status": 503}], ids=str)
def test_a_read_outlasts_a_short_fault(
    faulty_storage: FaultyStorage, integration_id: str, fault: dict[str, object]
) -> None:
    links = faulty_storage.tables.links
    links.transact([Upsert(row(integration_id, "a"))])

    faulty_storage.fail(method="GET", **fault)

    assert links.get(integration_id, "a") is not None


def test_a_write_whose_answers_are_all_lost_may_have_been_done(
    faulty_storage: FaultyStorage, integration_id: str
) -> None:
    links = faulty_storage.tables.links
    links.transact([Upsert(row(integration_id, "before"))])
    faulty_storage.fail(method="POST|PUT", cut="after", times=None)

    with pytest.raises(Unavailable) as failure:
        links.transact([Upsert(row(integration_id, "a"))])

    assert failure.value.outcome_unknown
    assert failure.value.system is System.STORAGE


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_that_lasts_asks_for_patience(
    faulty_storage: FaultyStorage, integration_id: str, status: int
) -> None:
    faulty_storage.fail(status=status, times=None)

    for call in (
        lambda: faulty_storage.tables.links.get(integration_id, "a"),
        lambda: faulty_storage.tables.links.transact([Upsert(row(integration_id, "a"))]),
    ):
        with pytest.raises(Unavailable, match="too busy") as failure:
            call()
        assert failure.value.retry_after


def test_storage_that_is_down_is_said_to_be_down(azurite_connection_string: str) -> None:
    address = azurite_connection_string.split("TableEndpoint=http://")[1].split("/")[0]
    down = Tables(Secret(azurite_connection_string.replace(address, f"127.0.0.1:{free_port()}")))

    for call in (
        lambda: down.links.get("p", "r"),
        lambda: down.links.transact([Insert(row("p", "r"))]),
        lambda: list(down.links.query("PartitionKey eq @p", {"p": "p"})),
    ):
        with pytest.raises(Unavailable, match="cannot be reached") as failure:
            call()
        assert failure.value.code == "storage_unavailable"
        assert failure.value.retry_after
        assert not failure.value.outcome_unknown


def test_storage_that_does_not_answer_is_given_up_after_three_attempts(
    faulty_storage: FaultyStorage, integration_id: str
) -> None:
    faulty_storage.fail(cut="before", times=None)

    for call in (
        lambda: faulty_storage.tables.links.get(integration_id, "a"),
        lambda: faulty_storage.tables.links.transact([Upsert(row(integration_id, "a"))]),
    ):
        with pytest.raises(Unavailable):
            call()

    assert [request["method"] for request in faulty_storage.requests()] == ["GET"] * 3 + ["PUT"] * 3


def test_no_proxy_of_the_environment_is_asked(
    azurite_connection_string: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert Tables(Secret(azurite_connection_string)).links.get("p", "r") is None


def test_a_wrong_account_key_names_the_setting(azurite_connection_string: str) -> None:
    wrong = Tables(Secret(azurite_connection_string.replace("AccountKey=Eby8", "AccountKey=Wro8")))

    for call in (
        lambda: wrong.links.get("p", "r"),
        lambda: wrong.links.transact([Insert(row("p", "r"))]),
        lambda: list(wrong.links.query("PartitionKey eq @p", {"p": "p"})),
    ):
        with pytest.raises(Unavailable, match=r"refused the app's credentials .*key or SAS") as failure:
            call()
        assert "TABLES_CONNECTION_STRING" in failure.value.detail
        assert "Storage Table Data Contributor" not in failure.value.detail


@pytest.mark.parametrize(
    "connection_string",
    [
        "nonsense",
        "AccountName=only",
        "AccountName=x;AccountKey",
        "TableEndpoint=;SharedAccessSignature=sig=abc",
    ],
)
def test_a_malformed_connection_string_names_the_setting_and_does_not_show(connection_string: str) -> None:
    tables = Tables(Secret(connection_string))

    with pytest.raises(SettingInvalid, match="TABLES_CONNECTION_STRING") as failure:
        tables.links.get("p", "r")

    assert connection_string not in failure.value.detail
    assert failure.value.__cause__ is failure.value.__context__ is None


def test_an_endpoint_without_tls_cannot_be_used_with_a_managed_identity() -> None:
    tables = Tables(None, "http://127.0.0.1:9")

    with pytest.raises(SettingInvalid, match="TABLES_ENDPOINT"):
        tables.links.get("p", "r")


def test_a_managed_identity_that_is_not_there_is_storage_that_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("IDENTITY_HEADER", "a header")
    tables = Tables(None, f"https://127.0.0.1:{free_port()}")

    with pytest.raises(Unavailable, match="Table Storage"):
        tables.links.get("p", "r")


def test_neither_key_nor_sas_shows_in_errors_or_logs(
    azurite_connection_string: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = azurite_connection_string.split("TableEndpoint=")[1].rstrip(";")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{silent.getsockname()[1]}/devstoreaccount1"
        sas = "sv=2019-02-02&ss=t&srt=sco&sp=rwdl&se=2099-01-01&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"
        key = "c2VjcmV0LWFjY291bnQta2V5"
        told = ""
        for address in (endpoint, down):
            for connection_string in (
                f"TableEndpoint={address};SharedAccessSignature={sas}",
                f"AccountName=devstoreaccount1;AccountKey={key};TableEndpoint={address}",
            ):
                tables = Tables(Secret(connection_string))
                for call in (
                    lambda tables=tables: tables.links.get("p", "r"),
                    lambda tables=tables: tables.links.transact([Insert(row("p", "r"))]),
                    lambda tables=tables: list(tables.links.query("PartitionKey eq @p", {"p": "p"})),
                ):
                    with pytest.raises(Unavailable) as failure:
                        call()
                    told += "".join(traceback.format_exception(failure.value)) + repr(failure.value.evidence)

    told += caplog.text
    assert "c2VjcmV0" not in told
    assert "sig=" not in told


@pytest.mark.parametrize("status", [503, 522])
def test_nobody_else_decides_how_long_a_call_waits(faulty_storage: FaultyStorage, status: int) -> None:
    faulty_storage.tables.links.transact([Insert(row("waits", str(status)))])
    faulty_storage.fail(method="GET", status=status, headers={"Retry-After": "31536000"})
    started = time.monotonic()

    assert faulty_storage.tables.links.get("waits", str(status)) is not None

    assert 4 < time.monotonic() - started < 20


@pytest.mark.parametrize("fault", [{"trickle_ms": 100}, {"trickle_body_ms": 400}], ids=str)
def test_an_answer_that_trickles_is_given_up_and_asked_for_again(
    faulty_storage: FaultyStorage, integration_id: str, fault: dict[str, object]
) -> None:
    links = faulty_storage.tables.links
    links.transact([Upsert(row(integration_id, "a"))])
    faulty_storage.fail(method="GET", **fault)
    started = time.monotonic()

    assert links.get(integration_id, "a") is not None
    assert time.monotonic() - started < 12


def test_the_first_request_after_a_pause_runs_at_its_normal_speed(
    azurite_connection_string: str, integration_id: str
) -> None:
    port = int(re.findall(r"TableEndpoint=http://[^:;]+:(\d+)", azurite_connection_string)[0])
    with IdleDroppingRelay(port, drops_after=0.3) as relay:
        by_way_of_relay = azurite_connection_string.replace(f"http://127.0.0.1:{port}", relay.url)
        tables = Tables(Secret(by_way_of_relay), most_idle_seconds=0.2)
        tables.links.transact([Upsert(row(integration_id, "a"))])
        time.sleep(0.6)
        started = time.monotonic()

        assert tables.links.get(integration_id, "a") is not None

        assert time.monotonic() - started < 1
        assert relay.flows >= 2


ENDING = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
sys.path.insert(0, {root!r})
from shared.errors import Unavailable
from shared.secret import Secret
from shared.storage.rows import Row, Upsert
from shared.storage.tables import Tables

links = Tables(Secret({connection_string!r})).links

def operation():
    # Until Python starts no more threads.
    while True:
        try:
            with ThreadPoolExecutor(1) as probe:
                probe.submit(int)
            time.sleep(0.01)
        except RuntimeError:
            break
    links.transact([Upsert(Row("ending", "a", {{}}))])
    try:
        links.transact([Upsert(Row("ending", key, {{}})) for key in "bc"])
    except Unavailable as error:
        print(error.detail, error.retry_after)

links.transact([Upsert(Row("ending", "first", {{}}))])
ThreadPoolExecutor(1).submit(operation)
"""


def test_the_end_of_the_process_is_no_defect(azurite_connection_string: str, tables: Tables) -> None:
    program = ENDING.format(root=str(Path(__file__).parents[2]), connection_string=azurite_connection_string)

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert ended.stdout.splitlines() == ["The app is being restarted. Try again in a moment. 5.0"], (
        ended.stderr
    )
    assert tables.links.get("ending", "a") is not None
    assert tables.links.get("ending", "b") is None
