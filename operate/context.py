"""The context of the commands: the tables, with the operator's identity, and the whole app if tokens are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from operate.identity import OperatorIdentity
from shared.app import App
from shared.domain.integration import StoredIntegration
from shared.errors import IntegrationIncomplete, SettingInvalid
from shared.operation import Operation
from shared.secret import Secret
from shared.settings import Settings, storage_account
from shared.storage.integrations import IntegrationStore
from shared.storage.links import LinkStore
from shared.storage.tables import Tables
from shared.storage.vault import Vault

_A_DAY = 86_400.0


class CommandContext:
    """Reads the settings from the environment, each when it is needed: not every command needs the key."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    @cached_property
    def tables(self) -> Tables:
        """The tables of the app. Needs TABLES_ENDPOINT or TABLES_CONNECTION_STRING."""
        connection_string, endpoint = storage_account(self.environment)
        return Tables(connection_string, endpoint, OperatorIdentity())

    @cached_property
    def integrations(self) -> IntegrationStore:
        """The integrations, whose tokens cannot be read."""
        return IntegrationStore(self.tables, NoKeys())

    @cached_property
    def links(self) -> LinkStore:
        """The links."""
        return LinkStore(self.tables)

    @property
    def has_keys(self) -> bool:
        """Whether SECRETS_KEY is set."""
        return bool(self.environment.get("SECRETS_KEY", "").strip())

    @cached_property
    def app(self) -> App:
        """The app with the operator's identity. Needs SECRETS_KEY and PUBLIC_URL too, as the function app has them."""
        settings = Settings.from_environment(self.environment)
        identity = OperatorIdentity()
        return App.of(settings, Tables.from_settings(settings, identity), identity)


class NoKeys(Vault):
    """Replaces the keys in commands that read and write no token."""

    def __init__(self) -> None:
        """No key is needed."""

    def encrypt(self, secret: Secret) -> str:
        """Raises SettingInvalid."""
        raise _no_key()

    def decrypt(self, encrypted: str) -> Secret:
        """Raises SettingInvalid."""
        raise _no_key()


def _no_key() -> SettingInvalid:
    return SettingInvalid(
        "SECRETS_KEY is not set. Set it as the function app has it: this command needs a token."
    )


def complete_integration(app: App, integration_id: str) -> StoredIntegration:
    """An integration whose organization can be called.

    Raises:
        IntegrationNotFound: there is none with this id.
        IntegrationIncomplete: its organization or its token is missing.
    """
    stored = app.integrations.get(integration_id)
    target = stored.integration.azure_devops
    if not target.account_name or not target.has_credentials:
        raise IntegrationIncomplete(
            f"{integration_id} has no Azure DevOps organization or no token, so Azure DevOps cannot be called."
        )
    return stored


@contextmanager
def writing_log_of(app: App, stored: StoredIntegration) -> Iterator[Operation]:
    """An operation whose steps go to the integration's log."""
    operation = Operation.start(_A_DAY)
    operation.log.write_to(app.log_of(stored))
    try:
        yield operation
    finally:
        operation.log.flush()


def reading() -> Operation:
    """A read-only operation that may take hours. Its steps are not logged: a search makes thousands of requests."""
    operation = Operation.start(_A_DAY)
    operation.log.write_to(lambda entries: None)
    return operation
