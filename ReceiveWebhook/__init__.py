"""POST /api/webhooks/{integration_id}/{token}: what the service hook “Work item updated” calls.

Azure DevOps reacts to the status: after a 503 it delivers the notification again, after a 410 it disables the
subscription, and after any other failure it puts the subscription on probation and drops notifications meanwhile
(https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot).
"""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.domain.json_input import Faults
from shared.errors import IntegrationNotFound, InvalidInput, OperationFailed
from shared.operation import Operation
from shared.receiving.receive import WebhookGone, authenticate, receive

_BUDGET_SECONDS = 25.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req, _authenticate, _receive, budget_seconds=lambda: _BUDGET_SECONDS, status_of=_status_of
    )


def _authenticate(call: edge.Call) -> edge.Subject[StoredIntegration]:
    app = the_app()
    stored = authenticate(app, call.route.get("integration_id", ""), call.route.get("token", ""))
    return edge.Subject(stored, app.log_of(stored))


def _receive(call: edge.Call, operation: Operation, stored: StoredIntegration) -> edge.Answer:
    body = call.json()
    faults = Faults()
    if not isinstance(body, dict):
        faults.note("", "must be an object")
    faults.raise_if_any()
    received = receive(the_app(), operation, stored.integration, body)
    return edge.Answer(
        200, {"result": received.result, "reason": received.reason, "operation_id": operation.id}
    )


def _status_of(error: OperationFailed) -> int:
    if isinstance(error, WebhookGone):
        return 410
    if isinstance(error, IntegrationNotFound | InvalidInput):
        return edge.status_for(error)
    # For any other failure, a later delivery helps and a probation does harm.
    return 503
