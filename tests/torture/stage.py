"""What all sequences of a run share: sandboxes and Azurite behind the wire, and a collector of notifications."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Protocol

from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from local.aha import create_app as create_aha
from local.azure_devops import create_app as create_azure_devops
from local.serving import RunningServer, start_in_thread
from shared.secret import Secret
from shared.storage.tables import Tables
from tests.torture.wire import OnTheWire, TableOnTheWire, Wire

WRITE_TOKEN = "sandbox-write-token"
SECOND_USERS_TOKEN = "torture-second-user"
AHA_TOKEN = "sandbox-aha-token"
ORGANIZATION = "fabrikam"
PROJECT = "Fabrikam"


class Collector:
    """Takes service-hook notifications in, and keeps them until somebody delivers them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: list[dict[str, Any]] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        body = json.loads(Request(environ).get_data())
        with self._lock:
            self._bodies.append(body)
        return Response(status=200)(environ, start_response)

    def take(self) -> list[dict[str, Any]]:
        """What has come in since the last call."""
        with self._lock:
            taken, self._bodies = self._bodies, []
            return taken


class Stage(Protocol):
    """Both sandboxes and the tables, as a sequence sees them."""

    azure_devops_url: str
    aha_url: str
    collector_url: str
    plain_tables: Tables
    collector: Collector

    def reset(self) -> None:
        """Both sandboxes as they were at the start, nothing broken, nothing collected."""

    def by_hand(self, base: str, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """A request to a sandbox that nothing breaks; answers its JSON, None where there is none."""

    def control(self, base: str, method: str, path: str, body: Any = None) -> Any:
        """A request to a sandbox's control API."""


class LocalStage:
    """Servers in this process, which run as long as it does."""

    def __init__(self, connection_string: str) -> None:
        self.wire = Wire()
        self.collector = Collector()
        self._servers: list[RunningServer] = []
        azure_devops, aha = create_azure_devops(), create_aha()
        self.azure_devops_url = self._serve(OnTheWire(azure_devops, self.wire))
        self.aha_url = self._serve(OnTheWire(aha, self.wire))
        # What the tests themselves ask and do needs no connection.
        self._by_hand = {self.azure_devops_url: Client(azure_devops), self.aha_url: Client(aha)}
        self.collector_url = self._serve(self.collector)
        self.plain_tables = Tables(Secret(connection_string))

    def _serve(self, app: Any) -> str:
        server = start_in_thread(app)
        self._servers.append(server)
        return server.url

    def tables_on_the_wire(self, ahead: Callable[[], timedelta]) -> Any:
        """The app's tables, where the links are reached by the wire; the log must not change what is counted.

        `ahead`: how far Table Storage's clock has moved on, for whoever asks for the age of a row.
        """
        plain = self.plain_tables
        return SimpleNamespace(
            integrations=plain.integrations,
            links=TableOnTheWire(plain.links, self.wire, ahead),
            log=plain.log,
        )

    def control(self, base: str, method: str, path: str, body: Any = None) -> Any:
        """A request to a sandbox's control API."""
        return self.by_hand(base, method, f"/_control{path}", body)

    def by_hand(self, base: str, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """A request to a sandbox that does not go by the wire; answers its JSON, None where there is none."""
        headers = {"Authorization": token} if token else {}
        answer = self._by_hand[base].open(path, base, method=method, json=body, headers=headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.status} {answer.text}"
        return answer.json if answer.data else None

    def reset(self) -> None:
        """Both sandboxes as they were at the start, nothing broken, nothing collected."""
        self.wire.heal()
        for base in (self.azure_devops_url, self.aha_url):
            self.control(base, "DELETE", "/all")
            self.control(base, "DELETE", "/requests")
        self.control(self.aha_url, "PUT", "/rate_limit", {"per_second": None, "per_minute": None})
        self.collector.take()

    def close(self) -> None:
        """Stop the servers, and what the sandboxes have going."""
        self.reset()
        for server in self._servers:
            server.stop()
