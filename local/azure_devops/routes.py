"""How the REST API's addresses are declared."""

from __future__ import annotations

from werkzeug.routing import Rule

from local.azure_devops.exchange import Endpoint, Handler
from local.azure_devops.tokens import WORK_READ

ORGANIZATION = "/<organization>/_apis"
PROJECT = "/<organization>/<project>/_apis"
TEAM = "/<organization>/<project>/<team>/_apis"


def rules(
    path: str,
    handler: Handler,
    *methods: str,
    scope: str = WORK_READ,
    prefixes: tuple[str, ...] = (ORGANIZATION, PROJECT),
    is_preview_only: bool = False,
) -> list[Rule]:
    """One rule per prefix; `path` begins with the area, all lower case."""
    endpoint = Endpoint(handler, scope, is_preview_only)
    return [Rule(prefix + path, methods=list(methods), endpoint=endpoint) for prefix in prefixes]
