"""Write links back: the id and the URL of work items, in the integration fields of their records in Aha!.

It happens beside the storing of links, and no send fails because of it. The link notes what is known to be there
(`written_back`), so that the next send writes what this one could not.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared import log_events
from shared.app import App
from shared.concurrency import Threads
from shared.domain.integration import Integration
from shared.domain.link_back import Need, field_changes, is_chosen, link_back_values, need_of
from shared.domain.links import Link, WrittenBack
from shared.domain.records import Record
from shared.errors import NotFound, OperationFailed
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.record_state import name_of
from shared.storage.links import StoredLink

# Most sends write no link back, and must not load the client.
if TYPE_CHECKING:
    from shared.clients.aha_integrations import AhaIntegrations

_MOST_SECONDS = 10.0
"""How long a send may take longer for it."""
_MOST_AT_ONCE = 8
_MOST_NAMES = 20


@dataclass(frozen=True)
class _Task:
    """A record whose link back may not be there."""

    record: Record
    link: Link
    need: Need


@dataclass(frozen=True)
class _Done:
    """What is there now. `is_written`: something had to be changed in Aha!. None: there is no integration for it."""

    written_back: WrittenBack | None
    is_written: bool = False


class LinkBacks:
    """The links back of one operation. One thread calls its methods; `close` ends what they began."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._app = app
        self._operation = operation
        self._integration = integration
        self._begun: dict[str, tuple[_Task, Future[_Done | OperationFailed]]] = {}
        self._stored: dict[str, StoredLink] = {}
        self._threads: Threads | None = None
        self._writer: _Writer | None = None

    def begin(self, record: Record, link: Link, *, is_new: bool) -> None:
        """Write the link back of a record, unless it is there. `is_new`: the record had no link before."""
        aha = self._integration.aha
        if not self._integration.receives or not is_chosen(aha.link_back, link.kind):
            return
        need = need_of(link, record.integration_fields, aha.integration_id, is_new=is_new)
        known = self._begun.get(record.id)
        if need is None or (known and link_back_values(known[0].link) == link_back_values(link)):
            return
        if self._threads is None or self._writer is None:
            self._threads = Threads(_MOST_AT_ONCE, "link-back")
            self._writer = _Writer(self._app, self._operation.within(_MOST_SECONDS), self._integration)
        attempt = isolated(self._writer.write, self._operation, lambda task: name_of(task.record))
        task = _Task(record, link, need)
        self._begun[record.id] = (task, self._threads.submit(attempt, task))

    def stored(self, link: StoredLink) -> None:
        """A link of this operation as it is stored now."""
        self._stored[link.link.aha_id] = link

    def close(self) -> None:
        """Wait for what was begun, note in the links what is there now, and log it."""
        if self._threads is None:
            return
        self._threads.shutdown()
        self._threads = None
        outcomes = [(task, future.result()) for task, future in self._begun.values()]
        self._note(outcomes)
        self._log(outcomes)

    def _note(self, outcomes: Sequence[tuple[_Task, _Done | OperationFailed]]) -> None:
        changes: list[tuple[StoredLink, Link]] = []
        for task, outcome in outcomes:
            stored = self._stored.get(task.record.id)
            # After a failure nobody knows what is there.
            now_there = outcome.written_back if isinstance(outcome, _Done) else None
            if stored is not None and stored.link.written_back != now_there:
                changes.append((stored, replace(stored.link, written_back=now_there)))
        # Without the note, the next send looks again.
        with suppress(OperationFailed):
            self._app.links.replace(self._integration.integration_id, changes)

    def _log(self, outcomes: Sequence[tuple[_Task, _Done | OperationFailed]]) -> None:
        log = self._operation.log
        done = [(task, outcome) for task, outcome in outcomes if isinstance(outcome, _Done)]
        if written := [task for task, outcome in done if outcome.is_written]:
            log.add(
                log_events.LINK_BACK_WRITTEN,
                f"The work items' ids and URLs were written into the integration fields of {_names(written)} in Aha!.",
                references=_references(written),
            )
        if without := [task for task, outcome in done if outcome.written_back is None]:
            product = self._integration.product_id
            log.add(
                log_events.LINK_BACK_NO_INTEGRATION,
                f"Nothing was written into the integration fields of {_names(without)} in Aha!: the product {product} "
                "does not have exactly one Integration webhook. Add one in Aha!, save the id of the integration to "
                "use as aha.integration_id, or set aha.link_back to none.",
                references=_references(without),
            )
        if failed := [(task, error) for task, error in outcomes if isinstance(error, OperationFailed)]:
            tasks = [task for task, _ in failed]
            error = failed[0][1]
            log.add(
                log_events.LINK_BACK_FAILED,
                f"The link to the work item may be missing in the integration fields of {_names(tasks)} in Aha!. The "
                f"next send writes it. {error.detail}",
                code=error.code,
                references=_references(tasks),
            )


class _Writer:
    """Writes on several threads. It asks once for the integration of Aha!."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._remembered = app.process_state.webhook_integrations
        self._aha: AhaIntegrations = app.aha_integrations(integration.aha, operation)
        self._place = (integration.aha.url, integration.product_id)
        self._configured_id = integration.aha.integration_id
        self._lock = threading.Lock()
        self._failure: OperationFailed | None = None

    def write(self, task: _Task) -> _Done:
        """Make the fields of a record right."""
        integration_id = self._configured_id or self._webhook()
        if integration_id is None:
            return _Done(None)
        kind, record_id, link = task.link.kind, task.record.id, task.link
        fields = self._aha.fields(kind, record_id) if task.need.fields is None else task.need.fields
        changes = field_changes(fields, integration_id, link_back_values(link))
        for field_id in changes.removed:
            self._aha.remove_field(field_id, kind, record_id)
        if changes.written:
            self._add(task, integration_id, changes.written)
        return _Done(WrittenBack(integration_id, link.work_item_url), bool(changes))

    def _add(self, task: _Task, integration_id: str, values: Mapping[str, str]) -> None:
        try:
            self._aha.add_fields(task.link.kind, task.record.id, integration_id, values)
        except NotFound:
            # Either the record is not there, or the integration is not any more.
            self._remembered.forget(*self._place)
            raise

    def _webhook(self) -> str | None:
        """The product's Integration webhook; None if there is not exactly one."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            ids = self._remembered.of(*self._place)
            if ids is None:
                try:
                    ids = self._aha.webhooks(self._place[1])
                except OperationFailed as error:
                    self._failure = error
                    raise
                self._remembered.note(*self._place, ids)
        return ids[0] if len(ids) == 1 else None


def _names(tasks: Sequence[_Task]) -> str:
    names = [task.record.reference or task.record.id for task in tasks]
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _references(tasks: Sequence[_Task]) -> list[str]:
    return [task.record.reference or task.record.id for task in tasks[:_MOST_NAMES]]
