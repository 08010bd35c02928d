"""The context of a send, as far as a test gives it."""

from __future__ import annotations

from shared.clients.azure_devops import AzureDevOps
from shared.clients.capabilities import Capabilities
from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.integration import Integration
from shared.operation import Operation
from shared.sending.context import SendContext
from shared.sending.send_log import SendLog
from shared.storage.links import LinkStore
from tests.unit.examples import NOON

PUBLIC_URL = "https://app.example.com"


def a_context(
    azure_devops: AzureDevOps,
    links: LinkStore,
    integration: Integration,
    operation: Operation,
    *,
    clock: Clock | None = None,
    capabilities: Capabilities | None = None,
) -> SendContext:
    """The context of a send that began at noon, and still has noon on its clock if none is given."""
    return SendContext(
        integration=integration,
        operation=operation,
        azure_devops=azure_devops,
        links=links,
        images=Images(),
        public_url=PUBLIC_URL,
        capabilities=Capabilities() if capabilities is None else capabilities,
        clock=clock or Clock(now=lambda: NOON),
        log=SendLog(operation.log, azure_devops),
        began_at=NOON,
        started=0.0,
    )
