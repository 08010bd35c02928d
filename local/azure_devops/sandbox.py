"""The parts of the sandbox that are created and reset together."""

from __future__ import annotations

from local.azure_devops.seed import fabrikam
from local.azure_devops.service_hooks import ServiceHooks


class Sandbox:
    """One organization with its service hooks."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.organization = fabrikam()
        self.hooks = ServiceHooks(self.organization)
        self.organization.listeners.append(self.hooks.publish)

    def reset(self) -> None:
        """Reset to the seed: stops every delivery and deletes everything."""
        self.hooks.stop()
        self._start()
