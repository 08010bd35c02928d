"""POST /api/webhooks/{integration_id}/{token}: what the service hook “Work item updated” calls.

The statuses are chosen by what Azure DevOps does next: 503 is delivered again, 410 switches the subscription off, any
other failure puts it on probation, during which events are lost
(https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot).
"""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.domain.json_input import InputErrors
from shared.errors import IntegrationNotFound, InvalidInput, OperationFailed
from shared.operation import Operation
from shared.receiving.receive import WebhookGone, authenticate, receive

_BUDGET_SECONDS = 25.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _receive, budget_seconds=lambda: _BUDGET_SECONDS, status_of=_status_of)


def _receive(call: edge.Call, operation: Operation) -> edge.Answer:
    app = the_app()
    integration_id = call.route.get("integration_id", "")
    integration = authenticate(app, integration_id, call.route.get("token", "")).integration
    app.keep_log(operation, integration_id)
    body = call.json()
    errors = InputErrors()
    if not isinstance(body, dict):
        errors.add("", "must be an object")
    errors.raise_if_any()
    received = receive(app, operation, integration, body)
    return edge.Answer(
        200, {"result": received.result, "reason": received.reason, "operation_id": operation.id}
    )


def _status_of(error: OperationFailed) -> int:
    if isinstance(error, WebhookGone):
        return 410
    if isinstance(error, IntegrationNotFound | InvalidInput):
        return edge.status_for(error)
    # Whatever else it is, delivering the notification again later is right, and a probation is not.
    return 503
