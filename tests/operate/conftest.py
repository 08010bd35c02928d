"""The operator's command against Azurite: an operator types it, and the tables are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from local.system import make_secrets_key
from operate.__main__ import main
from operate.exit_codes import ExitCode
from shared.domain.integration import StoredIntegration
from shared.secret import Secret
from shared.storage.integration_rows import PARTITION
from shared.storage.integrations import IntegrationStore
from shared.storage.links import LinkStore
from shared.storage.tables import Tables
from shared.storage.vault import Vault
from tests.unit.examples import an_integration


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: ExitCode
    output: str
    errors: str


Operator = Callable[..., Answer]


@dataclass(frozen=True)
class Installation:
    """The tables of one installation, and its keys, newest first."""

    tables: Tables
    keys: tuple[str, ...]

    @property
    def integrations(self) -> IntegrationStore:
        return IntegrationStore(self.tables, Vault([Secret(key) for key in self.keys]))

    @property
    def links(self) -> LinkStore:
        return LinkStore(self.tables)

    def with_keys(self, *keys: str) -> Installation:
        return replace(self, keys=keys)

    def save(self, integration_id: str = "web", **changes: object) -> StoredIntegration:
        integration = an_integration(integration_id=integration_id, **changes)
        return self.integrations.save(integration, None)


@pytest.fixture
def installation(azurite_connection_string: str) -> Installation:
    """Tables in which nothing is left of other tests."""
    tables = Tables(Secret(azurite_connection_string))
    tables.integrations.purge(PARTITION)
    rows = tables.links.query("PartitionKey ge @all", {"all": ""}, select=("PartitionKey", "RowKey"))
    for partition in {row.partition_key for row in rows}:
        tables.links.purge(partition)
    return Installation(tables, (make_secrets_key(),))


@pytest.fixture
def operator(
    installation: Installation, azurite_connection_string: str, capsys: pytest.CaptureFixture[str]
) -> Operator:
    """Runs a command with the installation's settings; named arguments change them, None takes one away."""

    def run(*arguments: str, **settings: str | None) -> Answer:
        environment = {
            "TABLES_CONNECTION_STRING": azurite_connection_string,
            "SECRETS_KEY": ",".join(installation.keys),
            "PUBLIC_URL": "https://app.example.com",
            **settings,
        }
        given = {name: value for name, value in environment.items() if value is not None}
        capsys.readouterr()
        code = main(arguments, given)
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return run
