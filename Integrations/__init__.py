"""GET, PUT and DELETE /api/integrations/{integration_id}, and GET /api/integrations."""

import azure.functions as func

from shared import edge
from shared.api import integrations
from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.operation import Operation
from shared.operation_outcome import OperationKind
from shared.storage.integrations import DeletedIntegration

_BUDGET_SECONDS = 60.0

_Found = StoredIntegration | DeletedIntegration | None


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req,
        _find,
        _answer,
        context=context,
        budget_seconds=lambda: _BUDGET_SECONDS,
        kind=lambda call: OperationKind.CONFIGURATION,
    )


def _find(call: edge.Call) -> edge.Subject[_Found]:
    integration_id = call.route.get("integration_id", "")
    if not integration_id:
        return edge.Subject(None)
    app = the_app()
    # A PUT may create or repair the integration, and a DELETE removes it.
    find = app.integrations.find if call.method == "GET" else app.integrations.find_to_replace
    return edge.Subject(find(integration_id), app.log_if_stored(integration_id), integration_id)


def _answer(call: edge.Call, operation: Operation, found: _Found) -> edge.Answer:
    app = the_app()
    integration_id = call.route.get("integration_id", "")
    if call.method == "GET":
        if not integration_id:
            return edge.Answer(200, integrations.list_integrations(app, operation))
        shown = integrations.get_integration(app, operation, integration_id, found)
        return edge.Answer(200, shown.body, {"ETag": shown.etag})
    if_match = call.headers.get("if-match")
    if call.method == "DELETE":
        integrations.delete_integration(app, integration_id, found, if_match)
        return edge.Answer(204)
    saved, is_new = integrations.put_integration(app, operation, integration_id, found, call.json(), if_match)
    return edge.Answer(201 if is_new else 200, saved.body, {"ETag": saved.etag})
