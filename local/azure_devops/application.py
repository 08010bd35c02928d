"""Making the sandbox."""

from __future__ import annotations

from werkzeug.test import Client

from local.azure_devops.app import AzureDevOps
from local.azure_devops.board import WORK_ITEM_PAGE
from local.azure_devops.sandbox import Sandbox
from local.faults import PAGE_PATHS, FaultInjection


def create_app() -> FaultInjection:
    """A fresh organization `fabrikam` as a WSGI application, wrapped in fault injection.

    A reset to the seed also clears the faults, the latency and the list of requests.
    """
    sandbox = Sandbox()
    app = FaultInjection(AzureDevOps(sandbox), page_paths=f"{PAGE_PATHS}|{WORK_ITEM_PAGE}")
    sandbox.on_reset.append(lambda: _forget(app))
    return app


def _forget(app: FaultInjection) -> None:
    control = Client(app)
    control.delete("/_control/faults")
    control.delete("/_control/requests")
    control.put("/_control/latency", json={"ms": 0})
