"""POST /api/test-connection: can the account be reached, and could a send do what it should?"""

import azure.functions as func

from shared import edge
from shared.api.connection_test import check_connection, read_question
from shared.app import the_app
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _test, budget_seconds=lambda: _BUDGET_SECONDS)


def _test(call: edge.Call, operation: Operation) -> edge.Answer:
    app = the_app()
    question = read_question(app, call.json())
    if question.integration_id:
        app.keep_log(operation, question.integration_id)
    return edge.Answer(200, check_connection(app, operation, question))
