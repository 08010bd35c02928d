"""GET /api/health: whether the settings and Table Storage are in order, for a monitor."""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.operation import Operation
from shared.version import VERSION

_BUDGET_SECONDS = 30.0


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(
        req,
        _answer,
        context=context,
        budget_seconds=lambda: _BUDGET_SECONDS,
        # One status for every error, because a monitor reacts to each in the same way.
        status_of=lambda _: 503,
    )


def _answer(call: edge.Call, operation: Operation) -> edge.Answer:
    the_app().storage_probe.check()
    return edge.Answer(200, {"status": "ok", "version": VERSION})
