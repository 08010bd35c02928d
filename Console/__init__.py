"""GET /api/console: the configuration page, and the files that it loads."""

import azure.functions as func

from shared import edge
from shared.api.console import CONSOLE
from shared.operation import Operation

_BUDGET_SECONDS = 60.0


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond(req, _answer, context=context, budget_seconds=lambda: _BUDGET_SECONDS)


def _answer(call: edge.Call, operation: Operation) -> edge.Answer:
    status, headers, content = CONSOLE.answer(
        call.route.get("file", ""), call.path, call.headers.get("if-none-match")
    )
    return edge.Answer(status, content or None, headers)
