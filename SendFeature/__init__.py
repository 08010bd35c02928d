"""POST /api/integrations/{integration_id}/features: send a feature with its requirements to Azure DevOps."""

import azure.functions as func

from shared import edge
from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.domain.records import read_feature
from shared.operation import Operation
from shared.sending.result import Action, Status
from shared.sending.send import send_feature
from shared.subjects import integration_in_route


def main(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the HTTP request."""
    return edge.respond_about(
        req,
        integration_in_route,
        _send,
        budget_seconds=lambda: the_app().settings.send_time_budget_seconds,
    )


def _send(call: edge.Call, operation: Operation, stored: StoredIntegration) -> edge.Answer:
    dry_run = call.flag("dry_run")
    feature = read_feature(call.json())
    result = send_feature(the_app(), operation, stored.integration, feature, dry_run=dry_run)
    body = result.to_json()
    if dry_run:
        return edge.Answer(200, body)
    if result.status is Status.IN_PROGRESS:
        return edge.Answer(202, body, edge.retry_after(5))
    if result.status is Status.PARTIAL:
        return edge.Answer(207, body)
    return edge.Answer(201 if result.feature.action is Action.CREATED else 200, body)
