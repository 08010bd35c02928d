"""The parts that the functions use, built once per process."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from shared.admission import (
    LONGEST_WAIT_SECONDS,
    MOST_NOTIFICATIONS,
    MOST_SENDS,
    MOST_WAITING_NOTIFICATIONS,
    Admission,
)
from shared.clock import Clock
from shared.domain.integration import AhaTarget, AzureDevOpsTarget, StoredIntegration
from shared.identity import Identity, ManagedIdentity
from shared.operation import Operation
from shared.operation_log import LogEntry, LogSink
from shared.settings import Settings
from shared.storage.integrations import IntegrationStore
from shared.storage.log_store import LogStore
from shared.storage.tables import Tables
from shared.storage.vault import Vault

# The log and the integrations API do not use the clients and the links, and must not import them.
if TYPE_CHECKING:
    from shared.clients.aha import Aha
    from shared.clients.aha_account import AhaAccount
    from shared.clients.aha_features import AhaFeatures
    from shared.clients.aha_integrations import AhaIntegrations
    from shared.clients.azure_devops import AzureDevOps
    from shared.clients.capabilities import Capabilities
    from shared.clients.process_state import ProcessState
    from shared.clients.service_hooks import ServiceHooks
    from shared.storage.aha_progress import AhaProgressStore
    from shared.storage.links import LinkStore
    from shared.storage.outcomes import OutcomeStore
    from shared.storage.probe import StorageProbe
    from shared.storage.unfinished_sends import UnfinishedSendStore
    from shared.storage.watermarks import WatermarkStore

_AzureDevOpsClient = TypeVar("_AzureDevOpsClient", bound="AzureDevOps")
_AhaClient = TypeVar("_AhaClient", bound="Aha")


@dataclass(frozen=True)
class App:
    """The settings, the stores, and everything that the process keeps between operations."""

    settings: Settings
    tables: Tables
    vault: Vault
    integrations: IntegrationStore
    log: LogStore
    identity: Identity = field(default_factory=ManagedIdentity)
    clock: Clock = field(default_factory=Clock)
    sends: Admission = field(default_factory=lambda: Admission("sends", MOST_SENDS))
    notifications: Admission = field(
        default_factory=lambda: Admission(
            "notifications",
            MOST_NOTIFICATIONS,
            most_waiting=MOST_WAITING_NOTIFICATIONS,
            longest_wait=LONGEST_WAIT_SECONDS,
        )
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> App:
        """Build the app. No other system is contacted yet."""
        identity = ManagedIdentity()
        return cls.of(settings, Tables.from_settings(settings, identity), identity)

    @classmethod
    def of(cls, settings: Settings, tables: Tables, identity: Identity) -> App:
        """Build it for an identity other than the function app's."""
        vault = Vault(settings.secrets_keys)
        return cls(
            settings=settings,
            tables=tables,
            vault=vault,
            integrations=IntegrationStore(tables, vault),
            log=LogStore(tables),
            identity=identity,
        )

    @cached_property
    def links(self) -> LinkStore:
        """The links of records and work items."""
        from shared.storage.links import LinkStore

        return LinkStore(self.tables)

    @cached_property
    def unfinished_sends(self) -> UnfinishedSendStore:
        """The notes of sends that did not finish yet."""
        from shared.storage.unfinished_sends import UnfinishedSendStore

        return UnfinishedSendStore(self.tables)

    @cached_property
    def outcomes(self) -> OutcomeStore:
        """The outcomes of the operations in the log."""
        from shared.storage.outcomes import OutcomeStore

        return OutcomeStore(self.tables)

    @cached_property
    def storage_probe(self) -> StorageProbe:
        """Whether Table Storage answers."""
        from shared.storage.probe import StorageProbe

        return StorageProbe(self.tables, self.clock)

    @cached_property
    def watermarks(self) -> WatermarkStore:
        """For each integration, the time up to which Reconcile has looked at changes in Azure DevOps."""
        from shared.storage.watermarks import WatermarkStore

        return WatermarkStore(self.tables)

    @cached_property
    def aha_progress(self) -> AhaProgressStore:
        """For each integration, how far its changes in Aha! were processed."""
        from shared.storage.aha_progress import AhaProgressStore

        return AhaProgressStore(self.tables)

    @property
    def process_state(self) -> ProcessState:
        """What the clients keep between operations, made at the first call."""
        # Two operations that start at the same time must get the same one.
        with self._lock:
            return self._process_state

    @cached_property
    def _process_state(self) -> ProcessState:
        from shared.clients.process_state import ProcessState

        return ProcessState(allow_local=self.settings.allow_local_addresses, identity=self.identity)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that organizations refused recently."""
        return self.process_state.capabilities

    def azure_devops(self, target: AzureDevOpsTarget, operation: Operation) -> AzureDevOps:
        """The integration's organization, for one operation."""
        from shared.clients.azure_devops import AzureDevOps

        return self._azure_devops_client(AzureDevOps, target, operation)

    def service_hooks(self, target: AzureDevOpsTarget, operation: Operation) -> ServiceHooks:
        """The integration's organization with its service hook subscriptions, for one operation."""
        from shared.clients.service_hooks import ServiceHooks

        return self._azure_devops_client(ServiceHooks, target, operation)

    def aha(self, target: AhaTarget, operation: Operation) -> Aha:
        """The integration's Aha! account, for one operation."""
        from shared.clients.aha import Aha

        return self._aha_client(Aha, target, operation)

    def aha_account(self, target: AhaTarget, operation: Operation) -> AhaAccount:
        """The integration's Aha! account with its products and workflows, for one operation."""
        from shared.clients.aha_account import AhaAccount

        return self._aha_client(AhaAccount, target, operation)

    def aha_features(self, target: AhaTarget, operation: Operation) -> AhaFeatures:
        """The integration's Aha! account with its features, for one operation."""
        from shared.clients.aha_features import AhaFeatures

        return self._aha_client(AhaFeatures, target, operation)

    def aha_integrations(self, target: AhaTarget, operation: Operation) -> AhaIntegrations:
        """The integration's Aha! account with its integrations, for one operation."""
        from shared.clients.aha_integrations import AhaIntegrations

        return self._aha_client(AhaIntegrations, target, operation)

    def _azure_devops_client(
        self, kind: type[_AzureDevOpsClient], target: AzureDevOpsTarget, operation: Operation
    ) -> _AzureDevOpsClient:
        from shared.clients.credentials import azure_devops_authorization

        return kind(
            base_url=self.settings.azure_devops_url,
            account_name=target.account_name,
            authorization=azure_devops_authorization(target, self.process_state.entra_tokens),
            operation=operation,
            process_state=self.process_state,
            sleep=self.clock.sleep,
            uses_identity=target.uses_identity,
        )

    def _aha_client(self, kind: type[_AhaClient], target: AhaTarget, operation: Operation) -> _AhaClient:
        return kind(target, operation, process_state=self.process_state, sleep=self.clock.sleep)

    def log_of(self, stored: StoredIntegration) -> LogSink:
        """Writes entries to the log of an integration."""
        return lambda entries: self.log.write(stored.integration.integration_id, entries)

    def log_if_stored(self, integration_id: str) -> LogSink:
        """Writes entries to the log of an integration that the operation may create or delete.

        Entries are dropped if the integration does not exist when they come, because nobody would ever delete its log.
        """

        def write(entries: Sequence[LogEntry]) -> None:
            if isinstance(self.integrations.find_to_replace(integration_id), StoredIntegration):
                self.log.write(integration_id, entries)

        return write


_lock = threading.Lock()
_app: App | None = None


def the_app() -> App:
    """The app of the process, built at the first call. It is the only global state.

    Raises:
        SettingInvalid: an app setting is missing or malformed. The next call reads the settings again.
    """
    global _app
    with _lock:
        if _app is None:
            _app = App.from_settings(Settings.from_environment(os.environ))
        return _app
