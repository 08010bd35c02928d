"""GET, POST and DELETE /api/integrations/{integration_id}/service-hook: the subscription that calls the webhook URL."""

import azure.functions as func

from shared import edge
from shared.api.subscription import subscribe, subscription_status, unsubscribe
from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.operation import Operation
from shared.operation_outcome import OperationKind
from shared.subjects import integration_in_route

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req,
        integration_in_route,
        _answer,
        context=context,
        budget_seconds=lambda: _BUDGET_SECONDS,
        kind=lambda call: OperationKind.SERVICE_HOOK,
    )


def _answer(call: edge.Call, operation: Operation, stored: StoredIntegration) -> edge.Answer:
    if call.method == "GET":
        return edge.Answer(200, subscription_status(the_app(), operation, stored))
    if call.method == "DELETE":
        unsubscribe(the_app(), operation, stored)
        return edge.Answer(204)
    subscribed = subscribe(the_app(), operation, stored)
    return edge.Answer(201 if subscribed.created else 200, subscribed.to_json(operation))
