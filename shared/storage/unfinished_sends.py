"""The notes of unfinished sends: one row for each feature, among its integration's links.

A send writes its note in the transaction of its first claims or intentions, and removes it in the transaction of its
last links, so the note costs no request of its own. See `shared.domain.unfinished_sends` for the rules.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.domain.unfinished_sends import UnfinishedSend, after_progress, begun, with_unlinked
from shared.storage.keys import UNFINISHED_SEND_KEYS, escape_key, unfinished_send_key
from shared.storage.record_writes import RecordWrite, Written, write_records
from shared.storage.rows import Delete, Insert, Replace, Row, Upsert, check_schema, with_row_in_errors
from shared.storage.table import Table
from shared.storage.tables import Tables

SCHEMA = 1
"""The shape of the row. Raise it when an older version of this app would misread it."""

_MOST_AT_ONCE = 5000
_ATTEMPTS = 3
"""How often a note is read again that a send or the timer changed at the same moment."""


@dataclass(frozen=True)
class StoredUnfinishedSend:
    """A note as it was read or written. `age` is the time since it was written, by Table Storage's clock."""

    note: UnfinishedSend
    etag: str
    age: timedelta = timedelta()


@dataclass(frozen=True)
class UnreadableNote:
    """A note that a newer version of this app wrote, or that is damaged."""

    row_key: str
    error: Exception


class SendNote:
    """The note of one running send. Only the thread that commits uses it.

    If `note` is None, the timer does not finish the send, and the methods write no note.
    """

    def __init__(
        self,
        table: Table,
        integration_id: str,
        note: UnfinishedSend | None,
        etag: str = "",
        *,
        replaces_earlier: bool = True,
    ) -> None:
        """`etag`: that of the row, if the timer has taken it.

        `replaces_earlier`: the send does what an earlier note was about. Otherwise, an earlier note stays.
        """
        self._table = table
        self._integration_id = integration_id
        self._note = None if note is None else begun(note)
        self._etag = etag
        self._replaces_earlier = replaces_earlier
        self._says_begun = bool(etag) and note is not None and not note.is_change

    @property
    def is_stored(self) -> bool:
        """Whether this send's note is stored."""
        return bool(self._etag)

    @property
    def is_to_write(self) -> bool:
        """Whether the note has to be written before this send's first effect. A change's note is not about a send."""
        return self._note is not None and not self._says_begun

    @property
    def is_of_timer(self) -> bool:
        """Whether the timer runs the send."""
        return self._note is not None and self._note.attempts > 0

    def writing(self) -> Insert | Upsert | None:
        """The operation that writes the note; None if it is written, or if there is none."""
        if self._note is None or not self.is_to_write:
            return None
        return self._operation(self._note)

    def removal(self) -> Delete | None:
        """The operation that removes the note, unless another send has written it since; None if it is not written."""
        if self._note is None or not self._etag:
            return None
        return Delete(note_row(self._integration_id, self._note), self._etag)

    def carried_out(self, etag: str | None) -> None:
        """Take over the result of `writing` or `removal`: the row's ETag, empty if removed, None if not done."""
        if etag is not None:
            self._etag = etag
            self._says_begun = bool(etag)

    def write(self) -> None:
        """Write the note alone."""
        if self._note is None:
            return
        write = self._operation(self._note)
        key = write.row.row_key
        written = write_records(self._table, [RecordWrite(key, (write,))])[key]
        self.carried_out(written.etags[0] if isinstance(written, Written) else None)

    def record_progress(self) -> None:
        """Store that the timer's attempt made progress, although it did not finish."""
        if self._note is not None and self.is_of_timer:
            self._note = after_progress(self._note)
            self.write()

    def remove(self) -> None:
        """Remove the note alone, unless another send has written it since."""
        removal = self.removal()
        if removal is not None:
            write_records(self._table, [RecordWrite(removal.row.row_key, (removal,))])
            self.carried_out("")

    def _operation(self, note: UnfinishedSend) -> Insert | Upsert:
        row = note_row(self._integration_id, note)
        return Upsert(row) if self._replaces_earlier else Insert(row)


class UnfinishedSendStore:
    """Every method raises Unavailable(System.STORAGE) if Table Storage is down, busy or refuses the app."""

    def __init__(self, tables: Tables) -> None:
        self._table = tables.links

    def note_of(
        self,
        integration_id: str,
        note: UnfinishedSend | None,
        etag: str = "",
        *,
        replaces_earlier: bool = True,
    ) -> SendNote:
        """The note of a new send."""
        return SendNote(self._table, integration_id, note, etag, replaces_earlier=replaces_earlier)

    def each(self, integration_id: str) -> list[StoredUnfinishedSend | UnreadableNote]:
        """The notes of an integration, at most 5,000. An unreadable note does not hide the others."""
        first, end = UNFINISHED_SEND_KEYS
        rows = self._table.query(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end",
            {"partition": escape_key(integration_id), "first": first, "end": end},
        )
        return [_readable(row) for row in itertools.islice(rows, _MOST_AT_ONCE)]

    def add(self, integration_id: str, notes: Sequence[UnfinishedSend]) -> None:
        """Write notes of features that have none. An existing note leads to a send of the feature, too."""
        rows = {note.name: note_row(integration_id, note) for note in notes}
        write_records(self._table, [RecordWrite(name, (Insert(row),)) for name, row in rows.items()])

    def forget(self, integration_id: str, names: Iterable[str]) -> None:
        """Remove the notes of a feature, whoever wrote them. `names`: its Aha! id and its reference."""
        rows = [
            row
            for name in names
            if (row := self._table.get(escape_key(integration_id), unfinished_send_key(name))) is not None
        ]
        write_records(self._table, [RecordWrite(row.row_key, (Delete(row, row.etag),)) for row in rows])

    def leave_out(self, integration_id: str, names: Iterable[str], aha_id: str) -> None:
        """Store that a person unlinks a record. `names`: the Aha! id and the reference of its feature."""
        for name in names:
            for _ in range(_ATTEMPTS):
                row = self._table.get(escape_key(integration_id), unfinished_send_key(name))
                stored = None if row is None else _readable(row)
                if not isinstance(stored, StoredUnfinishedSend):
                    break
                if self.replace(integration_id, stored, with_unlinked(stored.note, aha_id)) is not None:
                    break

    def replace(
        self, integration_id: str, stored: StoredUnfinishedSend, note: UnfinishedSend
    ) -> StoredUnfinishedSend | None:
        """Replace a note as it was read; None if somebody else has written or removed it since."""
        row = note_row(integration_id, note)
        outcome = write_records(self._table, [RecordWrite(row.row_key, (Replace(row, stored.etag),))])
        written = outcome[row.row_key]
        return StoredUnfinishedSend(note, written.etags[0]) if isinstance(written, Written) else None


def note_row(integration_id: str, note: UnfinishedSend) -> Row:
    """The row of a note, with a new write id."""
    return Row(
        escape_key(integration_id),
        unfinished_send_key(note.name),
        {
            "schema": SCHEMA,
            "write_id": secrets.token_hex(16),
            "name": note.name,
            "reference": note.reference,
            "operation_id": note.operation_id,
            "attempts": note.attempts,
            "wait_seconds": round(note.wait.total_seconds()),
            "is_change": note.is_change,
            **({"unlinked": json.dumps(note.unlinked)} if note.unlinked else {}),
        },
    )


def _readable(row: Row) -> StoredUnfinishedSend | UnreadableNote:
    try:
        return stored_note(row)
    except Exception as error:
        return UnreadableNote(row.row_key, error)


@with_row_in_errors
def stored_note(row: Row) -> StoredUnfinishedSend:
    """The note that a row holds.

    Raises:
        Unavailable: a newer version of this app wrote the row.
    """
    check_schema(row, SCHEMA)
    note = UnfinishedSend(
        name=row.text("name"),
        reference=row.text("reference"),
        operation_id=row.text("operation_id"),
        attempts=row.number("attempts"),
        wait=timedelta(seconds=row.number("wait_seconds")),
        is_change=row.flag("is_change"),
        # Rows of older versions have no such property.
        unlinked=tuple(json.loads(row.text("unlinked") or "[]")),
    )
    return StoredUnfinishedSend(note, row.etag, row.age)
