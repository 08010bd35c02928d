"""Write links back: the id and the URL of work items, in the integration fields of their records in Aha!.

This runs in parallel with the storing of links, and no send fails because of it. The link has what is known to be there
(`written_back`), so that the next send writes what is missing.
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
from shared.errors import CredentialsRejected, NotFound, OperationFailed
from shared.isolation import isolated
from shared.operation import Operation
from shared.sending.record_state import name_of
from shared.storage.links import StoredLink

# Most sends write no link back, and must not load the client.
if TYPE_CHECKING:
    from shared.clients.aha_integrations import AhaIntegrations

_MOST_SECONDS = 10.0
"""How much longer a send may take for all of them, and how long each may take during the send."""
_MOST_AT_ONCE = 8
_MOST_NAMES = 20


@dataclass(frozen=True)
class LinkBackTask:
    """A record whose link back may be missing."""

    record: Record
    link: Link
    need: Need


@dataclass(frozen=True)
class Found:
    """What is in Aha! now; None if there is no integration for it. `is_written`: something had to be changed."""

    written_back: WrittenBack | None
    is_written: bool = False


class LinkBacks:
    """The links back of one operation. One thread calls its methods; `close` waits for their work."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._app = app
        self._operation = operation
        self._integration = integration
        self._begun: dict[str, tuple[LinkBackTask, Future[Found | OperationFailed]]] = {}
        self._stored: dict[str, StoredLink] = {}
        self._threads: Threads | None = None
        self._writer: _FieldWriter | None = None

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
            self._writer = _FieldWriter(self._app, self._operation, self._integration)
        attempt = isolated(self._writer.write, self._operation, lambda task: name_of(task.record))
        task = LinkBackTask(record, link, need)
        self._begun[record.id] = (task, self._threads.submit(attempt, task))

    def stored(self, link: StoredLink) -> None:
        """A link of this operation as it is stored now."""
        self._stored[link.link.aha_id] = link

    def close(self) -> None:
        """Wait briefly for the running writes, store in the links what is there now, and log it."""
        if self._threads is None or self._writer is None:
            return
        self._writer.finish_soon()
        self._threads.shutdown()
        self._threads = None
        outcomes = [(task, future.result()) for task, future in self._begun.values()]
        self._store(outcomes)
        self._log(outcomes)

    def _store(self, outcomes: Sequence[tuple[LinkBackTask, Found | OperationFailed]]) -> None:
        changes: list[tuple[StoredLink, Link]] = []
        for task, outcome in outcomes:
            stored = self._stored.get(task.record.id)
            # After a failure, the fields are unknown.
            now_there = outcome.written_back if isinstance(outcome, Found) else None
            if stored is not None and stored.link.written_back != now_there:
                changes.append((stored, replace(stored.link, written_back=now_there)))
        # The next send checks what is not stored.
        with suppress(OperationFailed):
            self._app.links.replace(self._integration.integration_id, changes)

    def _log(self, outcomes: Sequence[tuple[LinkBackTask, Found | OperationFailed]]) -> None:
        log = self._operation.log
        done = [(task, outcome) for task, outcome in outcomes if isinstance(outcome, Found)]
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


class _FieldWriter:
    """Writes integration fields, on several threads. It reads the integration of Aha! once."""

    def __init__(self, app: App, operation: Operation, integration: Integration) -> None:
        self._app = app
        self._operation = operation
        self._last_seconds: Operation | None = None
        self._remembered = app.process_state.webhook_integrations
        self._target = integration.aha
        self._product = (integration.aha.url, integration.product_id)
        self._lock = threading.Lock()
        self._failure: OperationFailed | None = None
        self._failure_holds = operation.deadline

    def finish_soon(self) -> None:
        """From now on, the send waits only for this."""
        self._last_seconds = self._operation.within(_MOST_SECONDS)

    def write(self, task: LinkBackTask) -> Found:
        """Correct the fields of a record."""
        integration_id = self._integration_id()
        if integration_id is None:
            return Found(None)
        try:
            return self._write(task, integration_id)
        except CredentialsRejected as error:
            self._failure = error
            raise

    def _write(self, task: LinkBackTask, integration_id: str) -> Found:
        aha = self._aha()
        kind, record_id, link = task.link.kind, task.record.id, task.link
        fields = aha.fields(kind, record_id) if task.need.fields is None else task.need.fields
        changes = field_changes(fields, integration_id, link_back_values(link))
        for field_id in changes.removed:
            aha.remove_field(field_id, kind, record_id)
        if changes.written:
            self._add(aha, task, integration_id, changes.written)
        return Found(WrittenBack(integration_id, link.work_item_url), bool(changes))

    def _aha(self) -> AhaIntegrations:
        """The account, for as long as one link back may take from now on."""
        operation = self._last_seconds or self._operation.within(_MOST_SECONDS)
        return self._app.aha_integrations(self._target, operation)

    def _add(
        self, aha: AhaIntegrations, task: LinkBackTask, integration_id: str, values: Mapping[str, str]
    ) -> None:
        try:
            aha.add_fields(task.link.kind, task.record.id, integration_id, values)
        except NotFound:
            # Either the record or the integration no longer exists.
            self._remembered.forget(*self._product)
            raise

    def _integration_id(self) -> str | None:
        """The configured one, or the product's Integration webhook; None if there is not exactly one."""
        with self._lock:
            # Every further record would fail in the same way.
            if self._failure is not None and (not self._failure.may_pass or self._failure_holds.remaining()):
                raise self._failure
            if self._target.integration_id:
                return self._target.integration_id
            ids = self._remembered.of(*self._product)
            if ids is None:
                ids = self._look()
                self._remembered.remember(*self._product, ids)
        return ids[0] if len(ids) == 1 else None

    def _look(self) -> tuple[str, ...]:
        self._failure_holds = self._operation.deadline.within(_MOST_SECONDS)
        try:
            return self._aha().webhooks(self._product[1])
        except OperationFailed as error:
            self._failure = error
            raise


def _names(tasks: Sequence[LinkBackTask]) -> str:
    names = [task.record.reference_or_id for task in tasks]
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _references(tasks: Sequence[LinkBackTask]) -> list[str]:
    return [task.record.reference_or_id for task in tasks[:_MOST_NAMES]]
