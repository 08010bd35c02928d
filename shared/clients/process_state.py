"""What the clients keep between operations."""

from __future__ import annotations

from shared.clients.capabilities import Capabilities
from shared.clients.credentials import EntraTokens
from shared.clients.rate_limits import RateLimits
from shared.clients.transport import Transport
from shared.clients.webhook_integrations import WebhookIntegrations
from shared.identity import Identity, ManagedIdentity


class ProcessState:
    """The HTTP connections, the rate limits, the organizations' refusals, products' webhooks, and the Entra token.

    `App` owns the one of the process; a test makes its own. Every part is usable from several threads. `allow_local`
    allows http:// and private addresses.
    """

    def __init__(self, *, allow_local: bool, identity: Identity | None = None) -> None:
        self.transport = Transport(allow_local=allow_local)
        self.rate_limits = RateLimits()
        self.capabilities = Capabilities()
        self.webhook_integrations = WebhookIntegrations()
        self.entra_tokens = EntraTokens(identity or ManagedIdentity())
