"""The app's tables, and the connection to their storage account."""

from __future__ import annotations

import logging
import threading
from collections.abc import MutableMapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from shared.connections import MOST_IDLE_SECONDS, Exchange, Exchanges, kept_session
from shared.domain.retry import retry_after_seconds
from shared.errors import SettingInvalid
from shared.identity import Identity, ManagedIdentity
from shared.secret import Secret
from shared.settings import Settings
from shared.storage.table import ATTEMPTS, BACKOFF_SECONDS, Table

if TYPE_CHECKING:
    from azure.data.tables import TableClient, TableServiceClient

_CONNECT_SECONDS = 3
_READ_SECONDS = 5
_LONGEST_PAUSE_SECONDS = 5.0
_WHOLE_SECONDS = 8.0
"""How long one request may take, however slowly the answer comes. Three attempts fit between the end of a send's time
and the end of the platform's."""

_HOSTS = 2
_MOST_CONNECTIONS = 64
"""More than a busy worker needs at the same time."""


class Tables:
    """The three tables of one storage account. A process makes one instance, because it keeps the connections open.

    Making it does not contact Table Storage.
    """

    def __init__(
        self,
        connection_string: Secret | None,
        endpoint: str | None = None,
        identity: Identity | None = None,
        *,
        most_idle_seconds: float = MOST_IDLE_SECONDS,
    ) -> None:
        """Takes a connection string, or the URL of an account that the app's managed identity may use.

        `most_idle_seconds`: an older connection is not used again.
        """
        self._connection_string = connection_string
        self._endpoint = endpoint
        self._identity = identity or ManagedIdentity()
        self._most_idle_seconds = most_idle_seconds
        self._lock = threading.Lock()
        self._service: TableServiceClient | None = None
        self.integrations = Table("Integrations", self._client)
        self.links = Table("Links", self._client)
        self.log = Table("Log", self._client)

    @classmethod
    def from_settings(cls, settings: Settings, identity: Identity) -> Tables:
        """The tables of the storage account in the app settings."""
        return cls(settings.tables_connection_string, settings.tables_endpoint, identity)

    def _client(self, name: str) -> TableClient:
        with self._lock:
            if self._service is None:
                self._service = _connect(
                    self._connection_string, self._endpoint, self._identity, self._most_idle_seconds
                )
            return self._service.get_table_client(name)


def _connect(
    connection_string: Secret | None,
    endpoint: str | None,
    identity: Identity,
    most_idle_seconds: float,
) -> TableServiceClient:
    from azure.core.pipeline.transport import RequestsTransport
    from azure.data.tables import TableServiceClient

    # The Azure packages log every request at INFO. urllib3 logs every URL, with its SAS, at DEBUG.
    logging.getLogger("azure").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    session = kept_session(
        Exchanges(lambda: Exchange.within(_WHOLE_SECONDS, wait_seconds=_READ_SECONDS)),
        hosts=_HOSTS,
        connections_per_host=_MOST_CONNECTIONS,
        most_idle_seconds=most_idle_seconds,
    )

    class BoundedTransport(RequestsTransport):  # type: ignore[misc]
        def send(self, request: Any, **options: Any) -> Any:
            """Send a request. The package would wait as long as a Retry-After says, even a year."""
            response = super().send(request, **options)
            _bound_pause(response.headers)
            return response

    options: dict[str, Any] = {
        "transport": BoundedTransport(
            session=session, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
        ),
        # An error of a proxy may be temporary, too (shared.domain.foreign_answers).
        "retry_on_status_codes": list(range(500, 600)),
        "retry_total": ATTEMPTS - 1,
        "retry_backoff_factor": BACKOFF_SECONDS,
    }
    setting = "TABLES_CONNECTION_STRING (or AzureWebJobsStorage)" if connection_string else "TABLES_ENDPOINT"
    try:
        if connection_string is not None:
            return TableServiceClient.from_connection_string(connection_string.reveal(), **options)
        return TableServiceClient(endpoint or "", credential=identity.credential(), **options)
    except ValueError:
        remedy = f"The app setting {setting} is malformed: " + (
            "copy the connection string of the storage account from the Azure portal."
            if connection_string
            else "it must be https://ACCOUNT.table.core.windows.net."
        )
    raise SettingInvalid(remedy)


def _bound_pause(headers: MutableMapping[str, str]) -> None:
    """Cap the pause that an answer asks for, and keep only one of its three headers."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        headers.pop(name, None)
    asked = headers.pop("Retry-After", None)
    seconds = retry_after_seconds({"retry-after": asked or ""}, datetime.now(timezone.utc))
    if seconds is not None:
        headers["Retry-After"] = str(min(seconds, _LONGEST_PAUSE_SECONDS))
