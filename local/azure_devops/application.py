"""Making the sandbox."""

from __future__ import annotations

from local.azure_devops.app import AzureDevOps
from local.azure_devops.sandbox import Sandbox
from local.faults import FaultInjection


def create_app() -> FaultInjection:
    """A fresh organization `fabrikam` as a WSGI application, wrapped in fault injection."""
    return FaultInjection(AzureDevOps(Sandbox()))
