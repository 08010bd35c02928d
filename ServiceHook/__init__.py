"""GET and POST /api/integrations/{integration_id}/service-hook: the subscription that calls the webhook."""

import azure.functions as func

from shared import edge
from shared.api.subscription import subscribe, subscription_status
from shared.app import the_app
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _answer, budget_seconds=lambda: _BUDGET_SECONDS)


def _answer(call: edge.Call, operation: Operation) -> edge.Answer:
    integration_id = call.route.get("integration_id", "")
    if call.method == "GET":
        return edge.Answer(200, subscription_status(the_app(), operation, integration_id))
    done = subscribe(the_app(), operation, integration_id)
    return edge.Answer(201 if done.created else 200, done.to_json(operation))
