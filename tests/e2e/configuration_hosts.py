"""Further function apps over the same storage and sandboxes, for tests that need settings or a process of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from local.service import ChildGuard, Service, free_port
from local.system import LocalSystem
from tests.e2e.system import Api


class FurtherHost:
    """A function app beside the system's own, on a port that it keeps over restarts."""

    def __init__(self, system: LocalSystem, guard: ChildGuard) -> None:
        self._system = system
        self._service = Service(
            "further-functions", self._command, port=free_port(), logs=system.options.logs, guard=guard
        )
        self.api = Api(self._service.url, system.function_key)

    @property
    def url(self) -> str:
        """Where it listens, without `/api`."""
        return self._service.url

    def start(self, **settings: str | None) -> Api:
        """Start it, or start it anew, with these settings on top of the system's; None takes one away."""
        self._service.stop()
        self._service.start(self._system.host_environment({"PUBLIC_URL": self.url, **settings}))
        return self.api

    def stop(self) -> None:
        """End it."""
        self._service.stop()

    def _command(self, port: int) -> list[str]:
        options = self._system.options
        host = [str(options.python), "-m", "local.host", "--port", str(port), "--engine", options.engine]
        return [*host, "--settings", "", "--function-key", self._system.function_key]


@contextmanager
def further_host(system: LocalSystem) -> Iterator[FurtherHost]:
    """A further host that is not started yet; it is stopped at the end."""
    guard = ChildGuard()
    host = FurtherHost(system, guard)
    try:
        yield host
    finally:
        host.stop()
        guard.close()
