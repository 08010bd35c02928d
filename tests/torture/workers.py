"""Who does the work in a sequence: the app's use cases called here, on a wire that can break at any request."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from local.system import PRODUCT_ID
from shared.app import App
from shared.clock import Clock
from shared.domain.claims import CLAIM_HOLDS
from shared.domain.integration import (
    AhaTarget,
    AzureDevOpsTarget,
    Integration,
    LinkBack,
    RecordMapping,
    StoredIntegration,
)
from shared.domain.notifications import Notification, read_notification
from shared.domain.records import read_feature
from shared.domain.unfinished_sends import LONGEST_WAIT
from shared.errors import OperationFailed
from shared.operation import Operation
from shared.receiving.backfill import backfill
from shared.receiving.receive import Delivery, receive
from shared.secret import Secret
from shared.sending.send import send_feature
from shared.settings import Settings
from shared.storage.integrations import DeletedIntegration, IntegrationStore
from shared.storage.log_store import LogStore
from shared.storage.tables import Tables
from shared.storage.vault import Vault
from shared.timer.find_changes import find_changes_job
from shared.timer.finish_sends import finish_sends_job
from tests.torture.stage import AHA_TOKEN, ORGANIZATION, PROJECT, WRITE_TOKEN, LocalStage
from tests.torture.wire import ON_THE_WIRE, Break

FEATURE_STATUSES = {
    "New": "Under consideration",
    "Active": "In progress",
    "Resolved": "Ready to ship",
    "Closed": "Shipped",
}
REQUIREMENT_STATUSES = {"New": "Under consideration", "Active": "In progress", "Closed": "Shipped"}
SUCCEEDED = "succeeded"
"""The outcome of work that was done; any other is in words."""

LONG_ENOUGH = max(CLAIM_HOLDS, LONGEST_WAIT) + timedelta(seconds=1)
_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
_SECONDS = 200.0
_WITH_AUTO_UPDATE = frozenset("01234567")
"""The last digit of the ids of integrations with auto_update: half of the hexadecimal digits."""
_LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)
_CLOCK_ERRORS = (timedelta(), timedelta(seconds=90))
"""How far the clocks of the workers are ahead, in turn."""


class Workers(Protocol):
    """What a sequence asks of the app. Each call answers SUCCEEDED, or in words what went wrong."""

    faults: Counter[str]

    @property
    def breaks(self) -> Sequence[Break]:
        """What can happen to a request of these workers."""

    @property
    def handles_meanwhile(self) -> bool:
        """Whether another worker can work while one waits for an answer."""

    def begin(self, integration_id: str) -> None:
        """A new sequence, with an integration of its own."""

    def send(self, payload: Any, kind: Break | None, at: int) -> str:
        """Send a feature, while request number `at` breaks."""

    def send_twice(self, payload: Any) -> str:
        """Two workers send the same feature at once."""

    def send_meanwhile(self, payload: Any, edit: Callable[[], None], at: int) -> str:
        """Send a feature, and have somebody do something before request number `at`, or while an answer is late."""

    def deliver(self, body: Any, kind: Break | None, at: int) -> str:
        """A notification arrives."""

    def deliver_two(self, first: Any, second: Any) -> str:
        """Two notifications arrive at once."""

    def reconcile(self, kind: Break | None, at: int) -> str:
        """The timer ticks."""

    def use_token(self, token: str) -> None:
        """The integration's token is replaced."""

    def wait_out_claims(self) -> None:
        """So much time passes that a dead sender's claim is abandoned, and an unfinished send is due."""


class LocalWorkers:
    """The use cases themselves. A death cuts the wire for good; the next worker starts without a memory."""

    breaks = ON_THE_WIRE
    handles_meanwhile = False

    def __init__(self, stage: LocalStage) -> None:
        self.faults: Counter[str] = Counter()
        self._stage = stage
        self._storage_is_ahead = timedelta()
        self._clock_errors = itertools.cycle(_CLOCK_ERRORS)
        self._app = self._new_worker()
        self._integration = an_integration(stage, "none")

    def begin(self, integration_id: str) -> None:
        """As Workers."""
        self._storage_is_ahead = timedelta()
        self._clock_errors = itertools.cycle(_CLOCK_ERRORS)
        self._app = self._new_worker()
        self._integration = replace(
            an_integration(self._stage, integration_id), auto_update=integration_id[-1] in _WITH_AUTO_UPDATE
        )

    def send(self, payload: Any, kind: Break | None, at: int) -> str:
        """As Workers."""
        return self._work(lambda: self._send(self._app, payload), kind, at)

    def send_twice(self, payload: Any) -> str:
        """As Workers."""
        workers = (self._app, self._new_worker())
        return self._work(lambda: _at_once(lambda worker: self._send(worker, payload), workers))

    def send_meanwhile(self, payload: Any, edit: Callable[[], None], at: int) -> str:
        """As Workers."""
        return self._work(lambda: self._send(self._app, payload), None, at, edit)

    def deliver(self, body: Any, kind: Break | None, at: int) -> str:
        """As Workers."""
        return self._work(lambda: self._receive(self._app, body), kind, at)

    def deliver_two(self, first: Any, second: Any) -> str:
        """As Workers."""
        return self._work(
            lambda: _at_once(lambda body: self._receive(self._new_worker(), body), (first, second))
        )

    def reconcile(self, kind: Break | None, at: int) -> str:
        """As Workers."""

        def work() -> str:
            for kind in (find_changes_job, finish_sends_job):
                job = kind(self._app, self._stored)
                if job is not None:
                    job.run(Operation.start(_SECONDS))
            since = datetime.now(timezone.utc) - timedelta(hours=1)
            done = backfill(self._app, Operation.start(_SECONDS), self._integration, since, since)
            errors = [failure.error for failure in done.failures]
            errors += [done.stopped_by] if done.stopped_by else []
            return "; ".join(error.detail for error in errors) or SUCCEEDED

        return self._work(work, kind, at)

    def use_token(self, token: str) -> None:
        """As Workers."""
        target = replace(self._integration.azure_devops, personal_access_token=Secret(token))
        self._integration = replace(self._integration, azure_devops=target)

    def wait_out_claims(self) -> None:
        """As Workers."""
        self._storage_is_ahead += LONG_ENOUGH

    @property
    def _stored(self) -> StoredIntegration:
        return StoredIntegration(self._integration, _LONG_AGO, _LONG_AGO, "", "")

    def _send(self, app: App, payload: Any) -> str:
        feature = read_feature(payload)
        result = send_feature(app, Operation.start(_SECONDS), self._integration, feature, dry_run=False)
        return result.status.value

    def _receive(self, app: App, body: Any) -> str:
        notification, stored = read_notification(body), None
        if isinstance(notification, Notification):
            stored = app.links.by_work_item(self._integration.integration_id, notification.work_item_id)
        receive(app, Operation.start(_SECONDS), Delivery(self._stored, notification, stored))
        return SUCCEEDED

    def _work(
        self,
        work: Callable[[], str],
        kind: Break | None = None,
        at: int = -1,
        meanwhile: Callable[[], None] | None = None,
    ) -> str:
        wire = self._stage.wire
        is_armed = kind is not None or meanwhile is not None
        wire.arm(kind, at if is_armed else -1, meanwhile)
        try:
            return work()
        except OperationFailed as error:
            return f"{error.code}: {error.detail}"
        finally:
            if wire.broke:
                self.faults[kind.value if kind else "edit in between"] += 1
                if kind is not None and kind.is_death:
                    self._app = self._new_worker()
                    self.wait_out_claims()
            wire.heal()

    def _new_worker(self) -> App:
        """A process that has just started: it remembers nothing, and its clock may be wrong."""
        clock_error = next(self._clock_errors)
        settings = Settings.from_environment(
            {
                "TABLES_CONNECTION_STRING": "UseDevelopmentStorage=true",
                "SECRETS_KEY": _KEY,
                "PUBLIC_URL": "https://functions.example.com",
                "AZURE_DEVOPS_URL": self._stage.azure_devops_url,
                "ALLOW_LOCAL_ADDRESSES": "true",
            }
        )
        tables, vault = (
            self._stage.tables_on_the_wire(lambda: self._storage_is_ahead),
            Vault(settings.secrets_keys),
        )
        return App(
            settings=settings,
            tables=tables,
            vault=vault,
            integrations=_OneIntegration(tables, vault, lambda: self._stored),
            log=LogStore(tables),
            clock=Clock(
                now=lambda: datetime.now(timezone.utc) + clock_error,
                sleep=lambda seconds: time.sleep(min(seconds, 0.005)),
            ),
        )


class _OneIntegration(IntegrationStore):
    """The integration of a sequence, which is in no table: its token changes without a PUT."""

    def __init__(self, tables: Tables, vault: Vault, stored: Callable[[], StoredIntegration]) -> None:
        super().__init__(tables, vault)
        self._stored = stored

    def find(self, integration_id: str) -> StoredIntegration | DeletedIntegration | None:
        """The integration as it is now."""
        return self._stored()


def _at_once(call: Callable[[Any], str], arguments: Sequence[Any]) -> str:
    with ThreadPoolExecutor(len(arguments)) as threads:
        outcomes = [future.result() for future in [threads.submit(call, item) for item in arguments]]
    return next((outcome for outcome in outcomes if outcome != SUCCEEDED), SUCCEEDED)


def an_integration(stage: LocalStage, integration_id: str) -> Integration:
    """An integration between both sandboxes."""
    return Integration(
        integration_id=integration_id,
        name="Torture",
        product_id=PRODUCT_ID,
        enabled=True,
        azure_devops=AzureDevOpsTarget(
            account_name=ORGANIZATION,
            personal_access_token=Secret(WRITE_TOKEN),
            project=PROJECT,
            area_path="Fabrikam\\Web",
        ),
        aha=AhaTarget(stage.aha_url, Secret(AHA_TOKEN), LinkBack.ALL),
        feature=RecordMapping("Feature", FEATURE_STATUSES),
        requirement=RecordMapping("User Story", REQUIREMENT_STATUSES),
    )
