"""Finish what sends left unfinished: read the feature from Aha! and send it.

See `shared.domain.unfinished_sends` for the rules. A note is taken by replacing it, so of two runs at the same time one
finishes the send. A person's send meanwhile is no danger: claims and links protect each record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial

from shared import log_events
from shared.app import App
from shared.domain.integration import StoredIntegration
from shared.domain.references import read_record_name
from shared.domain.unfinished_sends import UnfinishedSend, is_due, may_pass, taken
from shared.errors import CredentialsRejected, Forbidden, OperationFailed, Unavailable
from shared.isolation import isolated, note_defect
from shared.operation import Operation
from shared.storage.unfinished_sends import StoredUnfinishedSend, UnreadableNote
from shared.timer.job import Job

_MOST_FEATURES = 100
"""In one run. Each costs two requests of the 300 a minute that everybody at an Aha! account shares."""

_LEAST_SECONDS = 10.0
_OUTAGE = 3
"""When so many features failed by an outage, the others are left to the next run."""


def finish_sends_job(app: App, stored: StoredIntegration) -> Job | None:
    """Finish the sends whose notes are due; None if there are none, or Aha! is not configured."""
    integration = stored.integration
    if not integration.receives:
        return None
    notes = app.unfinished_sends.each(integration.integration_id)
    due = [note for note in notes if isinstance(note, UnreadableNote) or is_due(note.note, note.age)]
    if not due:
        return None
    return Job(stored, datetime.now(timezone.utc), lambda operation: _finish_all(app, operation, stored, due))


def _finish_all(
    app: App,
    operation: Operation,
    stored: StoredIntegration,
    due: Sequence[StoredUnfinishedSend | UnreadableNote],
) -> None:
    for unreadable in due:
        if isinstance(unreadable, UnreadableNote):
            note_defect(operation, unreadable.error, f"the note {unreadable.row_key} of an unfinished send")
    readable = [note for note in due if isinstance(note, StoredUnfinishedSend)]
    outages = 0
    for note in sorted(readable, key=lambda note: note.age, reverse=True)[:_MOST_FEATURES]:
        if operation.deadline.remaining() < _LEAST_SECONDS or outages >= _OUTAGE:
            return
        failure = _attempt(app, operation, stored, note)
        outages += isinstance(failure, Unavailable)


def _attempt(
    app: App, job: Operation, stored: StoredIntegration, unfinished: StoredUnfinishedSend
) -> OperationFailed | None:
    """Finish one send as an operation of its own, by whose id the log shows it. Its failure is logged."""
    seconds = min(job.deadline.remaining(), app.settings.send_time_budget_seconds)
    operation = Operation.start(seconds)
    operation.log.write_to(app.log_of(stored))
    finish = isolated(
        partial(_finish, app, operation, stored), operation, lambda unfinished: unfinished.note.feature
    )
    failure = finish(unfinished)
    if failure is not None:
        _log_failure(operation, unfinished.note, failure)
    operation.log.flush()
    return failure


def _finish(
    app: App, operation: Operation, stored: StoredIntegration, unfinished: StoredUnfinishedSend
) -> None:
    """Finish one send.

    Raises:
        OperationFailed: it is not finished. If that may pass, or a person can repair it, the note stays.
    """
    # Most runs send nothing, and do not load what a send needs.
    from shared.features.reading import read_from_aha
    from shared.sending.send import send_feature

    integration = stored.integration
    if not integration.enabled:
        _give_up(app, operation, stored, unfinished, "the integration is disabled")
        return
    if unfinished.note.is_given_up:
        reason = f"{unfinished.note.attempts} attempts failed. The entries before say why"
        _give_up(app, operation, stored, unfinished, reason)
        return
    held = app.unfinished_sends.replace(
        integration.integration_id, unfinished, taken(unfinished.note, operation.id)
    )
    if held is None:
        return
    operation.log.add(
        log_events.SEND_RESUMED,
        f"An earlier send of {held.note.feature} did not finish. The timer sends {held.note.feature} as it is in Aha! "
        "now.",
        reference=held.note.reference,
        earlier_operation_id=unfinished.note.operation_id,
        attempt=held.note.attempts,
    )
    try:
        feature = read_from_aha(app, operation, integration, read_record_name(held.note.name)).feature
    except OperationFailed as error:
        if may_pass(error) or isinstance(error, CredentialsRejected | Forbidden):
            raise
        _give_up(app, operation, stored, held, error.detail, code=error.code)
        return
    send_feature(app, operation, integration, feature, dry_run=False, unfinished=held)


def _give_up(
    app: App,
    operation: Operation,
    stored: StoredIntegration,
    unfinished: StoredUnfinishedSend,
    reason: str,
    code: str = "",
) -> None:
    note = unfinished.note
    app.unfinished_sends.note_of(stored.integration.integration_id, note, unfinished.etag).remove()
    operation.log.add(
        log_events.SEND_GIVEN_UP,
        f"The timer does not finish the send of {note.feature}: {reason.rstrip('.')}.",
        reference=note.reference,
        **({"code": code} if code else {}),
    )


def _log_failure(operation: Operation, note: UnfinishedSend, failure: OperationFailed) -> None:
    comes_back = may_pass(failure) or isinstance(failure, CredentialsRejected | Forbidden)
    operation.log.add(
        log_events.SEND_RESUME_FAILED,
        f"The timer did not finish the send of {note.feature}. {failure.detail}"
        + (" It tries again later." if comes_back else ""),
        **{**failure.evidence, "code": failure.code, "reference": note.reference},
    )
