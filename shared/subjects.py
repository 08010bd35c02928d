"""Which integration a call is about. The call is written to the log of that integration."""

from __future__ import annotations

from shared.app import the_app
from shared.domain.integration import StoredIntegration
from shared.edge import Call, Subject


def integration_in_route(call: Call) -> Subject[StoredIntegration]:
    """The integration that the address names.

    Raises:
        IntegrationNotFound: there is no such integration.
    """
    app = the_app()
    stored = app.integrations.get(call.route.get("integration_id", ""))
    return Subject(stored, app.log_of(stored), stored.integration.integration_id)
