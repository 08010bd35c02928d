"""Rows of every kind with a key more or a key fewer: each is read with a default, or one clear error names the row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from shared.domain.auto_update import AhaProgress
from shared.domain.kind import Kind
from shared.domain.links import Claim, Field, RecordError
from shared.domain.unfinished_sends import UnfinishedSend
from shared.errors import System
from shared.log_events import Level
from shared.operation_log import LogEntry
from shared.operation_outcome import OperationKind, OperationOutcome, Problem
from shared.secret import Secret
from shared.storage import aha_progress, outcomes, unfinished_sends
from shared.storage.integration_rows import integration_row, stored_integration
from shared.storage.link_rows import (
    claim_row,
    link_row,
    pointer_row,
    pointer_without_link,
    stored_link,
    stored_record,
)
from shared.storage.log_rows import block_rows, entries_of
from shared.storage.rows import Row, UnreadableRow, Value
from tests.unit.storage.test_integration_rows import STORED, VAULT
from tests.unit.storage.test_link_rows import LINK

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)

Read = Callable[[Row], Any]


def a_log_row() -> Row:
    """The log of a send that failed for one record and went through for another."""
    problem = Problem(NOON, "aha_forbidden", "No right to write.", "PROD-2", "6775")
    outcome = OperationOutcome(
        kind=OperationKind.SEND,
        operation_id="op-1",
        ended_at=NOON,
        problems=(problem,),
        through=frozenset({"6776"}),
        feature_id="6775",
        reached=frozenset(System),
    )
    entries = [
        LogEntry(
            NOON + timedelta(seconds=second),
            Level.INFO,
            "op-1",
            "work-item.created",
            "Done.",
            {"work_item_id": 7},
        )
        for second in range(2)
    ]
    (row,) = block_rows("web", [*entries[:1], replace(entries[1], outcome=outcome, kind=OperationKind.SEND)])
    return row


def rows() -> dict[str, tuple[Row, Read]]:
    """A row of each kind, as this version writes it with everything that it may have, and how it is read."""
    error = RecordError(NOON, "azure_devops_forbidden", "No right to read.", "op-1")
    claim = Claim(Kind.FEATURE, "6775", "PROD-2", "op-1", NOON, {Field.NAME: "a1"}, 42, True)
    note = UnfinishedSend("6775", "PROD-2", "op-1", 2, timedelta(minutes=5), True)
    return {
        "link": (link_row("web", replace(LINK, last_error=error, refused_revision=4)), stored_link),
        "pointer": (pointer_row("web", LINK), stored_record),
        "pointer without its link": (pointer_row("web", LINK), pointer_without_link),
        "claim": (claim_row("web", claim), stored_record),
        "integration": (integration_row(STORED, VAULT), lambda row: stored_integration(row, VAULT)),
        "log": (a_log_row(), entries_of),
        "outcome": (a_log_row(), outcomes._outcome),
        "progress in Aha!": (
            aha_progress._row("web", AhaProgress(NOON, NOON, NOON, 42)),
            aha_progress._stored,
        ),
        "unfinished send": (unfinished_sends.note_row("web", note), unfinished_sends.stored_note),
    }


def without_each_key(value: Any) -> Iterator[tuple[str, Any]]:
    """A JSON value, each time without one key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, {name: kept for name, kept in value.items() if name != key}
            yield from ((f"{key}/{path}", {**value, key: less}) for path, less in without_each_key(inner))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            for path, less in without_each_key(inner):
                yield f"{place}/{path}", [*value[:place], less, *value[place + 1 :]]


def with_another_key(value: Any) -> Any:
    """A JSON value with a key that no version knows in each of its objects with fixed keys."""
    if isinstance(value, list):
        return [with_another_key(item) for item in value]
    return {**value, "of_a_newer_version": {"x": [1]}} if isinstance(value, dict) else value


def incomplete() -> Iterator[Any]:
    """Each row without one property, or without one key of a property that holds JSON."""
    for kind, (row, read) in rows().items():
        for name, value in sorted(row.properties.items()):
            rest = {other: kept for other, kept in row.properties.items() if other != name}
            yield pytest.param(replace(row, properties=rest), read, id=f"{kind} without {name}")
            if isinstance(value, str) and value[:1] in ("{", "["):
                for number, (_, less) in enumerate(without_each_key(json.loads(value)), start=1):
                    cut: dict[str, Value] = {**rest, name: json.dumps(less)}
                    yield pytest.param(
                        replace(row, properties=cut), read, id=f"{kind} without key {number} in {name}"
                    )


def is_read_or_named(read: Read, row: Row) -> bool:
    """Whether a row is read, or fails with an error that names it. Any other error is raised."""
    try:
        read(row)
    except UnreadableRow as error:
        return f"Row {row.row_key} of Table Storage cannot be read" in str(error)
    return True


@pytest.mark.parametrize(("row", "read"), list(incomplete()))
def test_a_row_with_a_key_fewer_is_read_or_named(row: Row, read: Read) -> None:
    assert is_read_or_named(read, row)


@pytest.mark.parametrize("kind", rows())
def test_a_row_without_anything_is_read_or_named(kind: str) -> None:
    row, read = rows()[kind]

    assert is_read_or_named(read, replace(row, properties={}))


@pytest.mark.parametrize("kind", rows())
def test_a_row_with_a_property_more_is_read_like_without(kind: str) -> None:
    row, read = rows()[kind]
    more: dict[str, Value] = {
        **row.properties,
        "of_a_newer_version": "x",
        "longer_0": "y",
        "due": NOON,
        "size": 7,
    }

    found, usual = read(replace(row, properties=more)), read(row)

    if kind in ("link", "integration"):
        assert found.unknown == {name: more[name] for name in more.keys() - row.properties.keys()}
        found = replace(found, unknown={})
    assert found == usual


def test_an_intention_of_a_newer_version_is_read_with_what_is_known_of_it() -> None:
    row = link_row("web", LINK)
    texts = json.loads(row.long_text("intentions"))
    newer = {**row.properties, "intentions_0": json.dumps(with_another_key(texts))}

    assert stored_link(replace(row, properties=newer)).link == LINK


def test_nothing_that_this_version_writes_is_kept_as_unknown() -> None:
    """Or a token or a date that somebody takes out would stay."""
    target = replace(
        STORED.integration.azure_devops, personal_access_token=Secret("p" * 60), token_expires_on=NOON.date()
    )
    aha = replace(STORED.integration.aha, api_token=Secret("a" * 60))
    whole = replace(STORED, integration=replace(STORED.integration, azure_devops=target, aha=aha))

    assert stored_integration(integration_row(whole, VAULT), VAULT).unknown == {}


def test_what_a_newer_version_stored_with_an_integration_survives_a_save() -> None:
    row = integration_row(STORED, VAULT)
    found = stored_integration(replace(row, properties={**row.properties, "owner": "Paula"}), VAULT)

    saved = integration_row(replace(found, integration=replace(found.integration, name="Renamed")), VAULT)

    assert (saved.properties["owner"], saved.properties["name"]) == ("Paula", "Renamed")


def test_an_entry_of_the_log_that_cannot_be_read_does_not_hide_the_others() -> None:
    row = a_log_row()
    entries = json.loads(row.long_text("entries"))
    damaged = dict(zip(entries, [{"level": "loud"}, next(iter(entries.values()))], strict=True))

    (kept,) = entries_of(replace(row, properties={**row.properties, "entries_0": json.dumps(damaged)}))

    assert kept.entry.message == "Done."
