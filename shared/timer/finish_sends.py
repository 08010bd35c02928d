"""Finish what sends left unfinished, and send what changed in Aha!: read the feature from Aha! and send it.

See `shared.domain.unfinished_sends` for the rules. A run takes a note by replacing it, so only one of two parallel runs
finishes the send. A person may send at the same time, because claims and links protect each record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from shared import log_events
from shared.app import App
from shared.domain.auto_update import differs
from shared.domain.images import images_of_integration, with_inline_images
from shared.domain.integration import StoredIntegration
from shared.domain.records import Feature
from shared.domain.references import read_record_name
from shared.domain.unfinished_sends import (
    UnfinishedSend,
    is_due,
    is_tried_again,
    taken,
    what_to_send,
    with_unlinked,
)
from shared.errors import CredentialsRejected, OperationFailed
from shared.isolation import isolated, log_defect
from shared.operation import Operation
from shared.operation_line import End, code_of, write_line
from shared.operation_outcome import OperationKind
from shared.storage.links import StoredLink, UnreadableLink
from shared.storage.unfinished_sends import StoredUnfinishedSend, UnreadableNote
from shared.timer.job import Job

if TYPE_CHECKING:
    from shared.sending.result import SendResult

_MOST_FEATURES = 50
"""The most features in one run. Each takes two or more of the 300 requests a minute that an Aha! account allows."""

_LEAST_SECONDS = 10.0
_OUTAGE = 3
"""If this many features fail because of an outage, the others are left to the next run."""


def finish_sends_job(app: App, stored: StoredIntegration) -> Job | None:
    """Finish the sends whose notes are due; None if there are none, or Aha! is not configured."""
    integration = stored.integration
    if not integration.receives:
        return None
    sends_changes = integration.enabled and integration.auto_update
    due = [
        found
        for found in app.unfinished_sends.each(integration.integration_id)
        if isinstance(found, UnreadableNote) or is_due(found.note, found.age, sends_changes=sends_changes)
    ]
    if not due:
        return None
    return Job(
        stored,
        datetime.now(timezone.utc),
        lambda operation: _finish_all(app, operation, stored, due),
        OperationKind.SEND,
        runs_own_operations=True,
    )


def _finish_all(
    app: App,
    operation: Operation,
    stored: StoredIntegration,
    due: Sequence[StoredUnfinishedSend | UnreadableNote],
) -> None:
    for unreadable in due:
        if isinstance(unreadable, UnreadableNote):
            log_defect(operation, unreadable.error, f"the note {unreadable.row_key} of an unfinished send")
    readable = [note for note in due if isinstance(note, StoredUnfinishedSend)]
    outages = 0
    for note in sorted(readable, key=lambda note: note.age, reverse=True)[:_MOST_FEATURES]:
        if operation.deadline.remaining() < _LEAST_SECONDS or outages >= _OUTAGE:
            return
        failure = _attempt(app, operation, stored, note)
        if isinstance(failure, CredentialsRejected):
            # The token would be refused for the other features, too, so their notes wait without an attempt.
            return
        outages += failure is not None and failure.is_outage


def _attempt(
    app: App, job: Operation, stored: StoredIntegration, unfinished: StoredUnfinishedSend
) -> OperationFailed | None:
    """Finish one send as a separate operation, with its own id in the log. Its failure is logged."""
    operation = job.another(min(job.deadline.remaining(), app.settings.send_time_budget_seconds))
    integration_id = stored.integration.integration_id
    finish = isolated(
        partial(_finish, app, operation, integration_id),
        operation,
        lambda unfinished: unfinished.note.feature,
    )
    if unfinished.note.name.isdigit():
        operation.log.know_record(unfinished.note.feature, unfinished.note.name)
    result = finish(unfinished)
    failure = result if isinstance(result, OperationFailed) else None
    if failure is not None:
        operation.log.write_to(app.log_of(stored), OperationKind.SEND)
        _log_failure(operation, unfinished.note, failure)
    operation.log.flush()
    sent = "" if result is None or isinstance(result, OperationFailed) else result.status.value
    write_line(operation, End(integration_id, OperationKind.SEND, code=code_of(failure), result=sent))
    return failure


def _finish(
    app: App, operation: Operation, integration_id: str, unfinished: StoredUnfinishedSend
) -> SendResult | None:
    """Finish one send, and log it only if there is something to do; None if there was nothing.

    Raises:
        OperationFailed: it is not finished. If that may pass, or a person can repair it, the note stays.
    """
    # A run may take minutes. Meanwhile, the integration may be changed, disabled or deleted.
    stored = app.integrations.find(integration_id)
    if not isinstance(stored, StoredIntegration):
        return None
    note, integration = unfinished.note, stored.integration
    if not integration.enabled:
        _give_up(app, operation, stored, unfinished, "the integration is disabled")
        return None
    if note.is_given_up:
        reason = f"{note.attempts} attempts failed. Earlier entries say why"
        _give_up(app, operation, stored, unfinished, reason)
        return None
    note = _with_unlinked_before(app, stored, note)
    held = app.unfinished_sends.replace(integration.integration_id, unfinished, taken(note, operation.id))
    if held is None:
        return None
    feature = _read(app, operation, stored, held)
    if feature is None:
        return None
    to_send = _without_unlinked(app, stored, note, feature)
    if to_send is None or (note.is_change and not _is_to_update(app, stored, to_send)):
        _remove(app, stored, held)
        return None
    operation.log.write_to(app.log_of(stored), OperationKind.SEND)
    _log_start(operation, held.note, note.operation_id)
    # Most runs send nothing, and do not load what a send needs.
    from shared.sending.send import send_feature

    return send_feature(app, operation, integration, to_send, dry_run=False, unfinished=held)


def _read(
    app: App, operation: Operation, stored: StoredIntegration, held: StoredUnfinishedSend
) -> Feature | None:
    """The feature as it is in Aha! now; None if it is given up."""
    from shared.features.reading import read_from_aha

    try:
        name = read_record_name(held.note.name)
        return read_from_aha(app, operation, stored.integration, name).feature
    except OperationFailed as error:
        if is_tried_again(held.note, error):
            raise
        _give_up(app, operation, stored, held, error.detail, code=error.code)
        return None


def _with_unlinked_before(app: App, stored: StoredIntegration, note: UnfinishedSend) -> UnfinishedSend:
    """The note of a change, with the requirements that a person unlinked before. Nobody asked to send them."""
    if not note.is_change:
        return note
    own = app.links.load_each(stored.integration.integration_id, [note.name]).get(note.name)
    for aha_id in own.link.unlinked_ids if isinstance(own, StoredLink) else ():
        note = with_unlinked(note, aha_id)
    return note


def _without_unlinked(
    app: App, stored: StoredIntegration, note: UnfinishedSend, feature: Feature
) -> Feature | None:
    """The feature without what a person unlinked since its send; None if that is the feature itself."""
    if not note.unlinked:
        return feature
    linked = app.links.load_each(stored.integration.integration_id, note.unlinked)
    return what_to_send(note, feature, linked)


def _is_to_update(app: App, stored: StoredIntegration, feature: Feature) -> bool:
    """Whether the timer sends a feature that changed in Aha!: it is still linked, and differs from the last send.

    Raises the error of the feature's link if its row cannot be read.
    """
    integration = stored.integration
    found = app.links.load_each(integration.integration_id, [record.id for record in feature.records])
    own = found.get(feature.record.id)
    if isinstance(own, UnreadableLink):
        raise own.error
    links = {key: stored.link for key, stored in found.items() if isinstance(stored, StoredLink)}
    images = images_of_integration(integration, app.settings.azure_devops_url)
    return own is not None and differs(with_inline_images(feature, images.aha_host), links, images)


def _log_start(operation: Operation, note: UnfinishedSend, earlier_operation_id: str) -> None:
    if note.is_change:
        operation.log.add(
            log_events.FEATURE_CHANGED,
            f"{note.feature} changed in Aha!. The timer sends it.",
            reference=note.reference,
        )
        return
    operation.log.add(
        log_events.SEND_RESUMED,
        f"An earlier send of {note.feature} did not finish. The timer sends {note.feature} as it is in Aha! now.",
        reference=note.reference,
        earlier_operation_id=earlier_operation_id,
        attempt=note.attempts,
    )


def _remove(app: App, stored: StoredIntegration, unfinished: StoredUnfinishedSend) -> None:
    integration_id = stored.integration.integration_id
    app.unfinished_sends.note_of(integration_id, unfinished.note, unfinished.etag).remove()


def _give_up(
    app: App,
    operation: Operation,
    stored: StoredIntegration,
    unfinished: StoredUnfinishedSend,
    reason: str,
    code: str = "",
) -> None:
    """Remove a note for good. Nothing is logged about a change that nobody asked to send."""
    _remove(app, stored, unfinished)
    note = unfinished.note
    if note.is_change and not note.is_given_up:
        return
    operation.log.write_to(app.log_of(stored), OperationKind.SEND)
    operation.log.add(
        log_events.SEND_GIVEN_UP,
        f"The timer does not finish the send of {note.feature}: {reason.rstrip('.')}.",
        reference=note.reference,
        **({"code": code} if code else {}),
    )


def _log_failure(operation: Operation, note: UnfinishedSend, failure: OperationFailed) -> None:
    operation.log.add(
        log_events.SEND_RESUME_FAILED,
        f"The timer did not finish the send of {note.feature}. {failure.detail}"
        + (" It tries again later." if is_tried_again(note, failure) else ""),
        **{**failure.evidence, "code": failure.code, "reference": note.reference},
    )
