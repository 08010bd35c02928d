"""Making the sandbox."""

from __future__ import annotations

from local.azure_devops.app import AzureDevOps
from local.azure_devops.board import WORK_ITEM_PAGE
from local.azure_devops.sandbox import Sandbox
from local.faults import PAGE_PATHS, FaultInjection


def create_app() -> FaultInjection:
    """A fresh organization `fabrikam` as a WSGI application, wrapped in fault injection."""
    return FaultInjection(AzureDevOps(Sandbox()), page_paths=f"{PAGE_PATHS}|{WORK_ITEM_PAGE}")
