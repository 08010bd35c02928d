"""GET /api/integrations/{integration_id}/log: the log of an integration, newest entry first."""

import azure.functions as func

from shared import edge
from shared.api.log import read_log, read_query
from shared.app import the_app
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _read, budget_seconds=lambda: _BUDGET_SECONDS)


def _read(call: edge.Call, operation: Operation) -> edge.Answer:
    return edge.Answer(200, read_log(the_app(), call.route.get("integration_id", ""), read_query(call.query)))
