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
from shared.receiving.receive import WebhookGone, open_delivery, receive

_BUDGET_SECONDS = 25.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _receive, budget_seconds=lambda: _BUDGET_SECONDS, status_of=_status_of)


def _receive(call: edge.Call, operation: Operation) -> edge.Answer:
    app = the_app()
    integration_id = call.route.get("integration_id", "")
    body, invalid = _body(call)
    # The token is checked before the body is judged: whoever lacks it learns nothing else.
    delivery = open_delivery(app, integration_id, call.route.get("token", ""), body)
    app.keep_log(operation, integration_id)
    if invalid is not None:
        raise invalid
    errors = InputErrors()
    if not isinstance(body, dict):
        errors.add("", "must be an object")
    errors.raise_if_any()
    received = receive(app, operation, delivery)
    return edge.Answer(
        200, {"result": received.result, "reason": received.reason, "operation_id": operation.id}
    )


def _body(call: edge.Call) -> tuple[object, InvalidInput | None]:
    try:
        return call.json(), None
    except InvalidInput as error:
        return None, error


def _status_of(error: OperationFailed) -> int:
    if isinstance(error, WebhookGone):
        return 410
    if isinstance(error, IntegrationNotFound | InvalidInput):
        return edge.status_for(error)
    # Azure DevOps delivers again after 503; any other status would put the subscription on probation.
    return 503
