"""GET /api/integrations/{integration_id}/log: the log of an integration, newest entry first."""

import azure.functions as func

from shared import edge
from shared.api.log import read_log, read_query
from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.operation import Operation
from shared.subjects import integration_in_route

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req, integration_in_route, _read, context=context, budget_seconds=lambda: _BUDGET_SECONDS
    )


def _read(call: edge.Call, operation: Operation, stored: StoredIntegration) -> edge.Answer:
    query = read_query(call.query)
    return edge.Answer(200, read_log(the_app(), stored.integration.integration_id, query))
