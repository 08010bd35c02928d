"""The values that every step of a send uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.clients.capabilities import Capabilities
from shared.clock import Clock
from shared.domain.images import Images, images_of_integration
from shared.domain.integration import Integration
from shared.operation import Operation
from shared.sending.result import RecordResult, SendResult
from shared.sending.send_log import SendLog
from shared.storage.links import LinkStore


@dataclass(frozen=True)
class SendContext:
    """The integration and the operation of a send, and the clients and stores that it uses.

    `azure_devops` counts the requests of this send. `images` are those of the integration's Aha! account. The send
    began at `began_at`, and at `started` of the monotonic clock.
    """

    integration: Integration
    operation: Operation
    azure_devops: AzureDevOps
    links: LinkStore
    images: Images
    public_url: str
    capabilities: Capabilities
    clock: Clock
    log: SendLog
    began_at: datetime
    started: float

    @property
    def integration_id(self) -> str:
        """The integration's id."""
        return self.integration.integration_id

    @classmethod
    def of(cls, app: App, operation: Operation, integration: Integration) -> SendContext:
        """The context of a new send."""
        azure_devops = app.azure_devops(integration.azure_devops, operation)
        return cls(
            integration=integration,
            operation=operation,
            azure_devops=azure_devops,
            links=app.links,
            images=images_of_integration(integration, app.settings.azure_devops_url),
            public_url=app.settings.public_url,
            capabilities=app.capabilities,
            clock=app.clock,
            log=SendLog(operation.log, azure_devops),
            began_at=app.clock.now(),
            started=app.clock.monotonic(),
        )

    def answer(self, results: Mapping[str, RecordResult]) -> SendResult:
        """The result of the send. `results` are those of its records, in the order of the payload."""
        feature, *requirements = results.values()
        return SendResult(
            feature=feature,
            requirements=tuple(requirements),
            operation_id=self.operation.id,
            duration_ms=round((self.clock.monotonic() - self.started) * 1000),
            azure_devops_requests=self.azure_devops.requests,
        )
