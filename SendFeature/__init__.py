"""Features of an integration: send them, read their sync state, link and unlink them.

POST and GET /api/integrations/{integration_id}/features, and GET, POST, PUT and DELETE …/features/{reference}. One
function serves them all, so that a front end needs only the key of this function.
"""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.domain.integration import Integration, StoredIntegration
from shared.domain.records import Feature, is_release_event, read_feature
from shared.domain.references import read_record_name
from shared.errors import TooBusy, Unavailable
from shared.operation import Operation
from shared.operation_outcome import OperationKind
from shared.sending.aha_events import log_event
from shared.sending.result import Action, SendResult, Status
from shared.sending.send import check_usable, send_feature, store_send_note
from shared.subjects import integration_in_route

_KINDS = {
    "POST": OperationKind.SEND,
    "GET": OperationKind.STANDING,
    "PUT": OperationKind.LINK,
    "DELETE": OperationKind.LINK,
}

_MOST_READ_WHEN_BUSY = 1024 * 1024
"""Bytes. Most features are far smaller."""


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req,
        integration_in_route,
        _answer,
        context=context,
        budget_seconds=lambda: the_app().settings.send_time_budget_seconds,
        kind=lambda call: _KINDS.get(call.method),
    )


def _answer(call: edge.Call, operation: Operation, stored: StoredIntegration) -> edge.Answer:
    operation = operation.within(call.wait_seconds())
    operation.log.name_subject(reference=call.route.get("reference", "").strip().upper()[:64])
    integration = stored.integration
    if call.method == "POST":
        return _send(call, operation, integration)
    # A send does not import what the other calls need.
    from shared.features import linking, listing, searching, sync_state, unlinking

    app = the_app()
    if "reference" not in call.route and call.method == "GET":
        if search := searching.read_search(call.query):
            return edge.Answer(200, searching.find_features(app, operation, integration, search))
        query = listing.read_list_query(call.query)
        return edge.Answer(200, listing.list_features(app.links, integration.integration_id, query))
    name = read_record_name(call.route.get("reference", ""))
    if call.method == "GET":
        return edge.Answer(200, sync_state.sync_state_of(app, operation, integration, name))
    if call.method == "DELETE":
        unlinking.unlink_record(app, operation, integration, name)
        return edge.Answer(204)
    work_item_id = linking.read_link_body(call.json())
    return edge.Answer(200, linking.link_record(app, operation, integration, name, work_item_id))


def _send(call: edge.Call, operation: Operation, integration: Integration) -> edge.Answer:
    app, dry_run = the_app(), call.flag("dry_run")
    try:
        # Reading the feature from Aha! may take as long as sending it.
        with app.sends.one(len(call.body)):
            if "reference" in call.route:
                feature = _read_from_aha(call, operation, integration, dry_run)
            else:
                event = call.json()
                ignored = log_event(event, operation)
                if ignored is not None:
                    return edge.Answer(200, ignored, result=ignored["status"], reason=ignored["reason"])
                feature = read_feature(event)
            return _sent(send_feature(app, operation, integration, feature, dry_run=dry_run), dry_run)
    except TooBusy:
        if not dry_run:
            _leave_to_the_timer(call, operation, integration)
        raise


def _leave_to_the_timer(call: edge.Call, operation: Operation, integration: Integration) -> None:
    """Store a note of the send, so that the timer sends it. A large body is not read, because the app is busy."""
    if "reference" in call.route:
        store_send_note(the_app(), operation, integration, read_record_name(call.route["reference"]).text)
    elif len(call.body) <= _MOST_READ_WHEN_BUSY and not is_release_event(event := call.json()):
        record = read_feature(event).record
        store_send_note(the_app(), operation, integration, record.id, record.reference)


def _read_from_aha(call: edge.Call, operation: Operation, integration: Integration, dry_run: bool) -> Feature:
    # A send of JSON does not import what reading from Aha! needs.
    from shared.features.reading import read_from_aha

    name = read_record_name(call.route["reference"])
    call.refuse_body()
    check_usable(integration)
    try:
        return read_from_aha(the_app(), operation, integration, name).feature
    except Unavailable:
        if not dry_run:
            store_send_note(the_app(), operation, integration, name.text)
        raise


def _sent(result: SendResult, dry_run: bool) -> edge.Answer:
    body = result.to_json()
    if dry_run:
        return edge.Answer(200, body, result="dry_run")
    status, headers = 201 if result.feature.action is Action.CREATED else 200, {}
    if result.status is Status.IN_PROGRESS:
        status, headers = 202, edge.retry_after(5)
    elif result.status is Status.PARTIAL:
        status = 207
    return edge.Answer(status, body, headers, result=result.status.value)
