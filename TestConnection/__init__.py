"""POST /api/test-connection: can the app reach the account, and would a send succeed?"""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.connection import check_connection, named_integration, read_question
from shared.domain.integration import StoredIntegration
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(req, _find, _test, budget_seconds=lambda: _BUDGET_SECONDS)


def _find(call: edge.Call) -> edge.Subject[StoredIntegration | None]:
    integration_id = named_integration(call.json())
    if not integration_id:
        return edge.Subject(None)
    app = the_app()
    stored = app.integrations.get(integration_id)
    return edge.Subject(stored, app.log_of(stored))


def _test(call: edge.Call, operation: Operation, stored: StoredIntegration | None) -> edge.Answer:
    app = the_app()
    question = read_question(app, call.json(), stored)
    return edge.Answer(200, check_connection(app, operation, question))
