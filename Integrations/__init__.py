"""GET, PUT and DELETE /api/integrations/{integration_id}, and GET /api/integrations."""

import azure.functions as func

from shared import edge
from shared.api import integrations
from shared.app import the_app
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _answer, budget_seconds=lambda: _BUDGET_SECONDS)


def _answer(call: edge.Call, operation: Operation) -> edge.Answer:
    app = the_app()
    integration_id = call.route.get("integration_id", "")
    if call.method == "GET":
        if not integration_id:
            return edge.Answer(200, {"integrations": integrations.list_integrations(app)})
        found = integrations.get_integration(app, integration_id)
        return edge.Answer(200, found.body, {"ETag": found.etag})
    if_match = call.headers.get("if-match")
    if call.method == "DELETE":
        integrations.delete_integration(app, integration_id, if_match)
        return edge.Answer(204)
    saved, is_new = integrations.put_integration(app, operation, integration_id, call.json(), if_match)
    return edge.Answer(201 if is_new else 200, saved.body, {"ETag": saved.etag})
