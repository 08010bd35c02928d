"""What the functions are made of, put together once for the process."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from shared.clock import Clock
from shared.domain.integration import AhaTarget, AzureDevOpsTarget
from shared.operation import Operation
from shared.sending.habits import Habits
from shared.settings import Settings
from shared.storage.integrations import IntegrationStore
from shared.storage.log_store import LogStore
from shared.storage.tables import Tables
from shared.storage.vault import Vault

# A function loads the clients and stores that its use case imports; the log and the configuration do without.
if TYPE_CHECKING:
    from shared.clients.aha import Aha
    from shared.clients.aha_account import AhaAccount
    from shared.clients.azure_devops import AzureDevOps
    from shared.clients.service_hooks import ServiceHooks
    from shared.storage.links import LinkStore
    from shared.storage.watermarks import WatermarkStore

_Organization = TypeVar("_Organization", bound="AzureDevOps")
_Account = TypeVar("_Account", bound="Aha")


@dataclass(frozen=True)
class App:
    """The settings, the stores and what is remembered between invocations."""

    settings: Settings
    tables: Tables
    vault: Vault
    integrations: IntegrationStore
    log: LogStore
    habits: Habits = field(default_factory=Habits)
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def from_settings(cls, settings: Settings) -> App:
        """Build everything; nothing is contacted yet."""
        tables = Tables.from_settings(settings)
        vault = Vault(settings.secrets_keys)
        return cls(
            settings=settings,
            tables=tables,
            vault=vault,
            integrations=IntegrationStore(tables, vault),
            log=LogStore(tables),
        )

    @cached_property
    def links(self) -> LinkStore:
        """The links of records and work items."""
        from shared.storage.links import LinkStore

        return LinkStore(self.tables)

    @cached_property
    def watermarks(self) -> WatermarkStore:
        """Up to when changes in Azure DevOps have been seen to."""
        from shared.storage.watermarks import WatermarkStore

        return WatermarkStore(self.tables)

    def azure_devops(self, target: AzureDevOpsTarget, operation: Operation) -> AzureDevOps:
        """The integration's organization, for one operation."""
        from shared.clients.azure_devops import AzureDevOps

        return self._organization(AzureDevOps, target, operation)

    def service_hooks(self, target: AzureDevOpsTarget, operation: Operation) -> ServiceHooks:
        """The same with its subscriptions."""
        from shared.clients.service_hooks import ServiceHooks

        return self._organization(ServiceHooks, target, operation)

    def aha(self, target: AhaTarget, operation: Operation) -> Aha:
        """The integration's Aha! account, for one operation."""
        from shared.clients.aha import Aha

        return self._account(Aha, target, operation)

    def aha_account(self, target: AhaTarget, operation: Operation) -> AhaAccount:
        """The same with its products and workflows."""
        from shared.clients.aha_account import AhaAccount

        return self._account(AhaAccount, target, operation)

    def _organization(
        self, kind: type[_Organization], target: AzureDevOpsTarget, operation: Operation
    ) -> _Organization:
        from shared.clients.credentials import azure_devops_authorization

        return kind(
            base_url=self.settings.azure_devops_url,
            account_name=target.account_name,
            authorization=azure_devops_authorization(target),
            operation=operation,
            allow_local=self.settings.allow_local_addresses,
            sleep=self.clock.sleep,
        )

    def _account(self, kind: type[_Account], target: AhaTarget, operation: Operation) -> _Account:
        return kind(
            target, operation, allow_local=self.settings.allow_local_addresses, sleep=self.clock.sleep
        )

    def keep_log(self, operation: Operation, integration_id: str) -> None:
        """From here on, the operation's journal is written to the integration's log."""
        operation.journal.write_to(lambda entries: self.log.write(integration_id, entries))


_lock = threading.Lock()
_app: App | None = None


def the_app() -> App:
    """The process's app, made when it is first asked for.

    Raises:
        SettingInvalid: an app setting is missing or malformed; it is looked at anew the next time.
    """
    global _app
    with _lock:
        if _app is None:
            _app = App.from_settings(Settings.from_environment(os.environ))
        return _app
