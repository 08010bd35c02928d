"""POST /api/test-connection: can the app reach the account, and can it send as the integration is configured?"""

import azure.functions as func

from shared import edge
from shared.api.connection_test import read_request, run_connection_test
from shared.app import the_app
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _test, budget_seconds=lambda: _BUDGET_SECONDS)


def _test(call: edge.Call, operation: Operation) -> edge.Answer:
    app = the_app()
    request = read_request(app, call.json())
    if request.integration_id:
        app.keep_log(operation, request.integration_id)
    return edge.Answer(200, run_connection_test(app, operation, request))
