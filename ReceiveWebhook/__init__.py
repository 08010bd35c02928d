"""POST /api/webhooks/{integration_id}/{token}: what the service hook “Work item updated” calls.

Azure DevOps reacts to the status: after a 503 it delivers the notification again, after a 410 it disables the
subscription, and after any other failure it puts the subscription on probation and drops notifications meanwhile
(https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot).
"""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.domain.json_input import InputErrors
from shared.errors import IntegrationNotFound, InvalidInput, OperationFailed
from shared.operation import Operation
from shared.operation_outcome import OperationKind
from shared.receiving.receive import Delivery, WebhookGone, open_delivery, receive
from shared.statuses import status_for

_BUDGET_SECONDS = 25.0


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req,
        _find,
        _receive,
        context=context,
        # Checked before the body and the token, because a rejection must cost next to nothing.
        admit=lambda call: the_app().notifications.one(len(call.body)),
        budget_seconds=lambda: _BUDGET_SECONDS,
        kind=lambda call: OperationKind.NOTIFICATION,
        status_of=_status_of,
    )


def _find(call: edge.Call) -> edge.Subject[Delivery]:
    app = the_app()
    try:
        body = call.json()
    except InvalidInput:
        # Only a caller with the right token is told what is wrong with the body, by _receive.
        body = None
    route = call.route
    delivery = open_delivery(app, route.get("integration_id", ""), route.get("token", ""), body)
    integration_id = delivery.integration.integration.integration_id
    return edge.Subject(delivery, app.log_of(delivery.integration), integration_id)


def _receive(call: edge.Call, operation: Operation, delivery: Delivery) -> edge.Answer:
    errors = InputErrors()
    if not isinstance(call.json(), dict):
        errors.add("", "must be an object")
    errors.raise_if_any()
    received = receive(the_app(), operation, delivery)
    return edge.Answer(
        200,
        {"result": received.result, "reason": received.reason, "operation_id": operation.id},
        result=received.result,
        reason=received.reason or "",
    )


def _status_of(error: OperationFailed) -> int:
    if isinstance(error, WebhookGone):
        return 410
    if isinstance(error, IntegrationNotFound | InvalidInput):
        return status_for(error)
    # Azure DevOps delivers again after 503; any other status would put the subscription on probation.
    return 503
