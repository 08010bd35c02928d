"""POST /api/test-connection: can the app reach the account, and can it send as the integration is configured?"""

import azure.functions as func

from shared import edge
from shared.api.connection_request import named_integration, tests_stored_credentials
from shared.api.connection_test import read_request, run_connection_test
from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.operation import Operation
from shared.operation_outcome import OperationKind

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req, _find, _test, context=context, budget_seconds=lambda: _BUDGET_SECONDS, kind=_kind
    )


def _kind(call: edge.Call) -> OperationKind | None:
    """A test of unsaved values does not count for the integration's health."""
    return OperationKind.CONNECTION_TEST if tests_stored_credentials(call.json()) else None


def _find(call: edge.Call) -> edge.Subject[StoredIntegration | None]:
    integration_id = named_integration(call.json())
    if not integration_id:
        return edge.Subject(None)
    app = the_app()
    stored = app.integrations.get(integration_id)
    return edge.Subject(stored, app.log_of(stored), integration_id)


def _test(call: edge.Call, operation: Operation, stored: StoredIntegration | None) -> edge.Answer:
    app = the_app()
    request = read_request(app, call.json(), stored)
    return edge.Answer(200, run_connection_test(app, operation, request))
