"""Send a feature, or say what a send would do.

The timer finishes what a send leaves unfinished, if the integration can read from Aha!: see
`shared.domain.unfinished_sends`.
"""

from __future__ import annotations

from shared import log_events
from shared.app import App
from shared.domain.integration import Integration
from shared.domain.products import is_of_product
from shared.domain.records import Feature
from shared.domain.unfinished_sends import UnfinishedSend, is_left, replaces_earlier
from shared.errors import (
    IntegrationDisabled,
    IntegrationIncomplete,
    OperationFailed,
    OtherProduct,
    Unavailable,
)
from shared.operation import Operation
from shared.sending.dry_run import dry_run_send
from shared.sending.feature_send import FeatureSend
from shared.sending.result import SendResult
from shared.storage.unfinished_sends import SendNote, StoredUnfinishedSend


def check_usable(integration: Integration) -> None:
    """Raises IntegrationIncomplete or IntegrationDisabled if the integration cannot send."""
    missing = integration.missing()
    if missing:
        words = ", ".join(words for _, words in missing)
        raise IntegrationIncomplete(
            f"The integration “{integration.name}” cannot send yet. Missing: {words}. Fill that in, and save it."
        )
    if not integration.enabled:
        raise IntegrationDisabled(f"The integration “{integration.name}” is disabled. Enable it to send.")


def check_product(integration: Integration, feature: Feature) -> None:
    """Raises OtherProduct if the feature belongs to another product than the integration."""
    if is_of_product(feature.product, integration.product_id):
        return
    name = feature.record.reference_or_id
    product = feature.product.compared_with(integration.product_id)
    raise OtherProduct(
        f"{name} belongs to the Aha! product {product}, and this integration ({integration.integration_id}) sends the "
        f"product {integration.product_id}. Nothing was done. Send {name} with the integration of its product, or "
        "correct the product_id of this one.",
        evidence={"reference": feature.record.reference, "product": product},
    )


def send_feature(
    app: App,
    operation: Operation,
    integration: Integration,
    feature: Feature,
    *,
    dry_run: bool,
    unfinished: StoredUnfinishedSend | None = None,
) -> SendResult:
    """Send a feature and its requirements to Azure DevOps, or (`dry_run`) say what a send would do.

    `unfinished`: the note of the send that this one finishes.

    Raises:
        IntegrationIncomplete, IntegrationDisabled: the integration cannot send.
        OtherProduct: the feature belongs to another product.
        InvalidRequest: the feature has no work item, and the payload has neither its name nor its description.
        FeatureBusy: another send of the feature is running and did not finish in time.
        Refused, Unavailable: nothing could be done for the feature itself.
    """
    check_usable(integration)
    check_product(integration, feature)
    name = feature.record.reference_or_id
    operation.log.name_subject(reference=name)
    for record in feature.records:
        operation.log.know_record(record.reference_or_id, feature.record.id)
    if feature.lists_requirements:
        operation.log.know_whole_feature()
    note = _note(app, operation, integration, feature, unfinished)
    by_timer = note.is_of_timer
    try:
        if dry_run:
            return dry_run_send(app, operation, integration, feature)
        result = FeatureSend(app, operation, integration, feature, note).run()
    except OperationFailed as error:
        error.evidence.setdefault("reference", name)
        if not dry_run:
            is_finished = not is_left(error, by_timer=by_timer)
            _conclude(note, operation, name, is_finished=is_finished, has_effect=False)
        raise
    is_finished = result.is_finished(by_timer=by_timer)
    _conclude(note, operation, name, is_finished=is_finished, has_effect=result.has_effect)
    if result.failure is not None:
        result.failure.evidence.setdefault("reference", name)
        raise result.failure
    return result


def store_send_note(
    app: App, operation: Operation, integration: Integration, name: str, reference: str = ""
) -> None:
    """Store a note of a send that could not start. `name`: its id or reference."""
    if integration.receives and integration.enabled:
        unfinished = UnfinishedSend(name, reference or name, operation.id)
        note = app.unfinished_sends.note_of(integration.integration_id, unfinished)
        _conclude(note, operation, unfinished.feature, is_finished=False, has_effect=False)


def _note(
    app: App,
    operation: Operation,
    integration: Integration,
    feature: Feature,
    unfinished: StoredUnfinishedSend | None,
) -> SendNote:
    """The note of this send. There is none if the timer cannot read the feature from Aha!."""
    store, integration_id = app.unfinished_sends, integration.integration_id
    if unfinished is not None:
        return store.note_of(integration_id, unfinished.note, unfinished.etag)
    if not integration.receives:
        return store.note_of(integration_id, None)
    record = feature.record
    note = UnfinishedSend(record.id, record.reference, operation.id)
    return store.note_of(integration_id, note, replaces_earlier=replaces_earlier(feature))


def _conclude(
    note: SendNote, operation: Operation, reference: str, *, is_finished: bool, has_effect: bool
) -> None:
    """Store a note if something is left to do; otherwise, remove it."""
    try:
        if is_finished:
            note.remove()
            return
        if not note.is_stored:
            note.write()
        elif has_effect:
            note.record_progress()
    except Unavailable as error:
        # The answer to the caller is more important. A note that stays costs only one more read of the feature.
        operation.log.add(log_events.SEND_NOT_NOTED, error.detail, code=error.code, **error.evidence)
        return
    if note.is_stored:
        operation.log.add(
            log_events.SEND_UNFINISHED,
            f"The send of {reference} did not finish. The timer finishes it, unless somebody sends it first.",
            reference=reference,
        )
