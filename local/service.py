"""One program of the local system: starts on a port, waits until it is ready, and stops with all its children."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "127.0.0.1"
READY_LINE = f"listening on http://{ADDRESS}:{{port}}"

_START_SECONDS = 60
_STOP_SECONDS = 5


class ServiceFailed(Exception):
    """A program ended, or was not ready in time. The text has the end of its log."""


class PortTaken(ServiceFailed):
    """A program ended because another process listens on its port."""


class ChildGuard:
    """Makes sure that no service outlives this process, however this process ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.child_guard"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def guard(self, pid: int) -> None:
        """Kill the process group `pid` when this process has ended."""
        self._write(f"guard {pid}")

    def release(self, pid: int) -> None:
        """Stop guarding a process that has ended, because its number may be reused."""
        self._write(f"release {pid}")

    def close(self) -> None:
        """End the guard, which ends the processes that it still guards."""
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.close()
        self._process.wait()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101
        print(line, file=self._process.stdin, flush=True)


class Service:
    """A program that listens on a port of the loopback address and writes to a log file.

    `command` makes its command line from the port. `ready_line` is the line that it prints once it accepts
    connections, with `{port}` in it; None is for a program without one, whose port is tried instead.
    `stop_signal` ends it cleanly. A restart keeps the port.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], Sequence[str | Path]],
        *,
        port: int,
        logs: Path,
        guard: ChildGuard,
        ready_line: str | None = READY_LINE,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.port = port
        self.log = logs / f"{name}.log"
        self._command = command
        self._guard = guard
        self._ready_line = ready_line
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{ADDRESS}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The number of its process while that runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def launch(self, environment: Mapping[str, str] = os.environ) -> None:
        """Start the program without waiting for it; its output is added to the log."""
        if self.pid is not None:
            raise ServiceFailed(f"{self.name} runs already")
        if self._accepts_connections():
            raise PortTaken(f"{self.name} cannot start: another program listens on port {self.port}")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(part) for part in self._command(self.port)],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Its own process group, so that Ctrl-C does not reach it and its children are stopped with it.
                start_new_session=True,
            )
        self._guard.guard(self._process.pid)

    def wait_until_ready(self, seconds: float = _START_SECONDS) -> None:
        """Wait for a launched program to accept connections. Raises ServiceFailed."""
        deadline = time.monotonic() + seconds
        while not self._is_ready():
            if self.pid is None:
                raise self._ended_at_start()
            if time.monotonic() > deadline:
                self.stop()
                raise ServiceFailed(
                    f"{self.name} was not ready within {seconds:.0f} s. Its log, {self.log}:\n{self.recent_log()}"
                )
            time.sleep(0.02)

    def start(self, environment: Mapping[str, str] = os.environ) -> None:
        """Start the program and wait until it accepts connections. Raises ServiceFailed."""
        self.launch(environment)
        self.wait_until_ready()

    def stop(self) -> None:
        """End the program and every process it started; returns when they have ended. May be called twice."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._signal(self._stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the program at once, like a crash of the machine. May be called twice."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        self._process.wait()
        self._guard.release(self._process.pid)
        self._process = None

    def recent_log(self, lines: int = 25) -> str:
        """The last lines that it wrote since it was launched."""
        return "\n".join(self._read_log().splitlines()[-lines:])

    def _ended_at_start(self) -> ServiceFailed:
        self.stop()
        text = f"{self.name} ended at its start. Its log, {self.log}:\n{self.recent_log()}"
        return PortTaken(text) if self._accepts_connections() else ServiceFailed(text)

    def _is_ready(self) -> bool:
        if self.pid is None:
            return False
        if self._ready_line is not None:
            return f"{self._ready_line.format(port=self.port)}\n" in self._read_log()
        return self._accepts_connections()

    def _accepts_connections(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((ADDRESS, self.port), timeout=1):
            return True
        return False

    def _read_log(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None  # noqa: S101
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)


def free_port(preferred: int | None = None) -> int:
    """A port that nobody listens on: the preferred one if it is free, else any."""
    for wanted in (preferred, 0):
        if wanted is None:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((ADDRESS, wanted))
            port: int = probe.getsockname()[1]
            return port
    raise ServiceFailed("no free port on the loopback address")
