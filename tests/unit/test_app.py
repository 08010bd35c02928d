"""The state of the process is in the app, so that a test makes a fresh one without a fresh process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.app import App
from shared.clients.capabilities import Capability
from shared.domain.integration import AhaTarget, AzureDevOpsTarget
from shared.errors import Unavailable
from shared.secret import Secret
from shared.settings import Settings
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, serving

NO_PREVIEWS = Reply(400, {"message": "The requested REST API version of 7.2-preview is out of range."})
WORK_ITEM = Reply(200, {"id": 12, "rev": 1, "fields": {}})


def an_app(azure_devops_url: str = "https://dev.azure.com") -> App:
    """An app that may call local addresses."""
    return App.from_settings(
        Settings.from_environment(
            {
                "TABLES_CONNECTION_STRING": "UseDevelopmentStorage=true",
                "SECRETS_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "PUBLIC_URL": "https://functions.example.com",
                "AZURE_DEVOPS_URL": azure_devops_url,
                "ALLOW_LOCAL_ADDRESSES": "true",
            }
        )
    )


def read_work_item(app: App) -> None:
    """Read a work item of fabrikam, as an operation of its own."""
    operation, _ = an_operation()
    app.azure_devops(AzureDevOpsTarget("fabrikam", personal_access_token=Secret("x")), operation).work_item(
        12
    )


def test_an_organization_that_refuses_previews_is_asked_once_by_all_operations() -> None:
    with serving(NO_PREVIEWS, WORK_ITEM) as server:
        app = an_app(server.url)
        read_work_item(app)
        read_work_item(app)

    versions = [asked.query.rsplit("api-version=", 1)[1].split("&")[0] for asked in server.asked]
    assert versions == ["7.2-preview", "7.1", "7.1"]
    assert app.capabilities.refuses("fabrikam", Capability.READ_PREVIEWS)


def test_another_app_knows_nothing_of_it() -> None:
    with serving(NO_PREVIEWS, WORK_ITEM) as server:
        read_work_item(an_app(server.url))
        other = an_app(server.url)

        assert not other.capabilities.refuses("fabrikam", Capability.READ_PREVIEWS)


def test_a_wait_that_an_account_asks_for_holds_for_all_operations_of_this_app_alone() -> None:
    with serving(Reply(429, b"", {"Retry-After": "3600"})) as server:
        app, other = an_app(), an_app()
        target = AhaTarget(server.url, Secret("x"))
        for asking in (app, app, other):
            with pytest.raises(Unavailable):
                asking.aha_account(target, an_operation()[0]).user()

    assert len(server.asked) == 2


def test_operations_that_start_at_the_same_time_get_the_same_state() -> None:
    app = an_app()
    with ThreadPoolExecutor(8) as threads:
        states = list(threads.map(lambda _: app.process_state, range(100)))

    assert len({id(state) for state in states}) == 1
