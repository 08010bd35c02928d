"""Function hosts on the sample apps beside this file, each a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from local.service import ChildGuard, Service, free_port
from tests.logs import TEST_LOGS

APPS = Path(__file__).parent / "apps"
FUNCTION_KEY, MASTER_KEY = "the-function-key", "the-master-key"
KEY_OF_FUNCTION = "the-key-of-the-function-Function"


def host_command(*arguments: str | Path) -> list[str]:
    """The command line of a host, by the engine and interpreter that the environment chooses."""
    python = os.environ.get("FUNCTION_HOST_PYTHON", sys.executable)
    engine = os.environ.get("FUNCTION_HOST_ENGINE", "worker")
    keys = [
        "--function-key",
        FUNCTION_KEY,
        "--master-key",
        MASTER_KEY,
        "--key-of",
        f"Function={KEY_OF_FUNCTION}",
    ]
    return [python, "-m", "local.host", "--engine", engine, *keys, *map(str, arguments)]


@dataclass(frozen=True)
class RunningHost:
    """A host that serves one of the sample apps."""

    service: Service

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.service.url

    def get(self, path: str, **arguments: object) -> requests.Response:
        """GET a path."""
        return self.request("GET", path, **arguments)

    def post(self, path: str, **arguments: object) -> requests.Response:
        """POST to a path."""
        return self.request("POST", path, **arguments)

    def request(self, method: str, path: str, **arguments: object) -> requests.Response:
        """Send any request."""
        return requests.request(method, f"{self.url}{path}", timeout=30, **arguments)  # type: ignore[arg-type]

    def log(self) -> str:
        """What it wrote since its start."""
        return self.service.recent_log(lines=10_000)


HostOf = Callable[..., RunningHost]


@pytest.fixture(scope="session")
def host_of() -> Iterator[HostOf]:
    """Starts a host for a sample app; the same app with the same options is started once."""
    guard = ChildGuard()
    running: dict[tuple[object, ...], RunningHost] = {}

    def start(app: str, *options: str, env: Sequence[tuple[str, str]] = ()) -> RunningHost:
        key = (app, *options, *env)
        if key not in running:
            service = Service(
                f"host-{app}-{len(running)}",
                lambda port: host_command("--port", str(port), "--root", APPS / app, *options),
                port=free_port(),
                logs=TEST_LOGS,
                guard=guard,
            )
            service.start({**os.environ, **dict(env)})
            running[key] = RunningHost(service)
        return running[key]

    yield start
    for host in running.values():
        host.service.stop()
    guard.close()
