"""The whole system on one machine: Azurite, both sandboxes and the function app, each in its own process.

with LocalSystem() as system:
    requests.get(f"{system.functions_url}/api/integrations", headers={"x-functions-key": system.function_key})
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.emulator import TABLE_READY_LINE, USUAL_PORTS, azurite_command, connection_string
from local.service import READY_LINE, ROOT, ChildGuard, PortTaken, Service, ServiceFailed, free_port

DEV_FOLDER = ROOT / ".dev"
LOGS = DEV_FOLDER / "logs"
FUNCTION_KEY = "local-function-key"
MASTER_KEY = "local-master-key"
SEND_KEY = "local-send-key"
"""A key of the function SendFeature alone, for Aha!'s webhook and the extension."""
ACCOUNT = "fabrikam"
"""The organization of the sandbox Azure DevOps, and the tokens and product of both sandboxes."""
PROJECT = "Fabrikam"
WRITE_TOKEN = "sandbox-write-token"
READ_TOKEN = "sandbox-read-token"
AHA_TOKEN = "sandbox-aha-token"
PRODUCT_ID = "PROD"

_AZURE_DEVOPS_PORT, _AHA_PORT, _FUNCTIONS_PORT = 8081, 8082, 7071
Command = Callable[[int], Sequence[str | Path]]


@dataclass(frozen=True)
class SystemOptions:
    """The options of a LocalSystem.

    usual_ports: use the ports of the documentation, and others only if those are taken; else any free ports.
    has_sandboxes: if false, the functions call the real Azure DevOps and Aha!.
    storage_folder: where the tables are kept; None keeps them in memory, for as long as storage runs.
    host: "local" is local/host.py, "func" is Azure Functions Core Tools.
    engine, python: who calls the functions (see local/host.py), and the interpreter that runs the local host; from
        FUNCTION_HOST_ENGINE and FUNCTION_HOST_PYTHON where those are set, as `dev.py test` does for its second run.
    secrets_key: None makes a new one.
    host_env: settings of the function app on top of the system's own; None as a value takes one away.
    reads_settings_file: whether the user's local.settings.json counts for what is not set otherwise.
    """

    usual_ports: bool = False
    has_sandboxes: bool = True
    storage_folder: Path | None = None
    host: str = "local"
    engine: str = field(default_factory=lambda: os.environ.get("FUNCTION_HOST_ENGINE", "worker"))
    python: Path = field(default_factory=lambda: Path(os.environ.get("FUNCTION_HOST_PYTHON", sys.executable)))
    secrets_key: str | None = field(default=None, repr=False)
    host_env: Mapping[str, str | None] = field(default_factory=dict)
    reads_settings_file: bool = False
    logs: Path = LOGS


class UsualPorts:
    """A lock for the usual ports. One system of this folder holds it at a time; others use free ports."""

    def __init__(self) -> None:
        DEV_FOLDER.mkdir(exist_ok=True)
        self._lock = (DEV_FOLDER / "usual-ports.lock").open("a")
        self.are_ours = True
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.are_ours = False

    def give_back(self) -> None:
        """Release the lock. May be called twice."""
        self._lock.close()


class LocalSystem:
    """Starts everything, gives the addresses, and stops everything. A context manager.

    `storage`, `azure_devops`, `aha` and `function_host` are services with `url`, `start()`, `stop()` and `kill()`;
    the sandboxes' are None where the real ones are used.
    """

    def __init__(self, options: SystemOptions | None = None) -> None:
        self.options = options or SystemOptions()
        self.host_changes: dict[str, str | None] = {}
        self.function_key = FUNCTION_KEY
        self.master_key = MASTER_KEY
        self.send_key = SEND_KEY
        self.secrets_key = self.options.secrets_key or make_secrets_key()
        self._guard = ChildGuard()
        self._usual_ports = UsualPorts() if self.options.usual_ports else None
        # Core Tools needs blobs and queues for the leases of timers and for keys.
        kinds = ["blob", "queue"] if self.options.host == "func" else []
        self._extra_ports = {kind: self._port(USUAL_PORTS[kind]) for kind in kinds}
        # Azurite writes its tables to disk when it is interrupted, and not for SIGTERM.
        self.storage = self._service(
            "storage",
            self._storage_command,
            USUAL_PORTS["table"],
            ready_line=None if kinds else TABLE_READY_LINE,
            stop_signal=signal.SIGINT,
        )
        self._azure_devops: Service | None = None
        self._aha: Service | None = None
        if self.options.has_sandboxes:
            self._azure_devops = self._service(
                "azure-devops", _sandbox("local.azure_devops"), _AZURE_DEVOPS_PORT
            )
            self._aha = self._service("aha", _sandbox("local.aha"), _AHA_PORT)
        is_func = self.options.host == "func"
        self.function_host = self._service(
            "functions",
            self._func_command if is_func else self._host_command,
            _FUNCTIONS_PORT,
            ready_line=None if is_func else READY_LINE,
        )

    @property
    def azure_devops(self) -> Service:
        """The sandbox Azure DevOps. Raises ServiceFailed where the real one is used."""
        return _present(self._azure_devops)

    @property
    def aha(self) -> Service:
        """The sandbox Aha!. Raises ServiceFailed where the real one is used."""
        return _present(self._aha)

    @property
    def services(self) -> tuple[Service, ...]:
        """All of them, in the order in which they are needed."""
        sandboxes = (self._azure_devops, self._aha)
        return (self.storage, *(s for s in sandboxes if s is not None), self.function_host)

    @property
    def functions_url(self) -> str:
        """Where the function app listens, without `/api`."""
        return self.function_host.url

    @property
    def tables_connection_string(self) -> str:
        """The connection string of Azurite's table service."""
        return connection_string({"table": self.storage.port})

    def start(self) -> None:
        """Start everything at once and wait until all of it accepts connections. Raises ServiceFailed.

        If another program took a port in the meantime, another port is chosen and everything is started again.
        """
        try:
            try:
                self._start_all()
            except PortTaken:
                for service in self.services:
                    service.stop()
                    service.port = free_port()
                self._extra_ports = {kind: free_port() for kind in self._extra_ports}
                self._start_all()
        except BaseException:
            self.stop()
            raise

    def _start_all(self) -> None:
        for service in self.services:
            service.launch(self.host_environment() if service is self.function_host else os.environ)
        for service in self.services:
            service.wait_until_ready()

    def stop(self) -> None:
        """Stop everything; returns when no process is left. May be called twice."""
        for service in reversed(self.services):
            service.stop()
        self._guard.close()
        if self._usual_ports is not None:
            self._usual_ports.give_back()

    def restart_host(self, env: Mapping[str, str | None] | None = None) -> None:
        """Stop the function app and start it again on its port, with these settings on top of its usual ones.

        `host_changes` is what they were, until the next restart.
        """
        self.function_host.stop()
        self.host_changes = dict(env or {})
        self.function_host.start(self.host_environment(self.host_changes))

    @contextmanager
    def another_host(
        self,
        number: int = 2,
        *,
        clock_ahead: float = 0.0,
        app_folder: Path = ROOT,
        env: Mapping[str, str | None] | None = None,
    ) -> Iterator[Service]:
        """A further process of the function app on the same storage.

        Its clock may be some seconds ahead, its code may stand in another folder, and `env` changes its settings.
        """

        def command(port: int) -> Sequence[str | Path]:
            options = ("--root", app_folder, "--clock-ahead", str(clock_ahead))
            return [*self._host_command(port), *options]

        host = self._service(f"functions-{number}", command, _FUNCTIONS_PORT)
        try:
            host.start(self.host_environment(env))
            yield host
        finally:
            host.stop()

    def host_environment(self, env: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """The environment of the function app: this process's, the system's settings, host_env, then `env`."""
        settings: dict[str, str | None] = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureWebJobsStorage": connection_string({"table": self.storage.port, **self._extra_ports}),
            "TABLES_CONNECTION_STRING": self.tables_connection_string,
            # Empty and not left out, so that a settings file does not set one.
            "TABLES_ENDPOINT": "",
            "SECRETS_KEY": self.secrets_key,
            "PUBLIC_URL": self.functions_url,
            **self._sandbox_settings(),
            **self._timer_settings(),
            **self._core_tools_settings(),
            **self.options.host_env,
            **(env or {}),
        }
        changed = {**os.environ, **settings}
        return {name: value for name, value in changed.items() if value is not None}

    def _sandbox_settings(self) -> dict[str, str | None]:
        if self._azure_devops is None:
            return {"ALLOW_LOCAL_ADDRESSES": "false", "AZURE_DEVOPS_URL": None}
        return {
            "AZURE_DEVOPS_URL": self._azure_devops.url,
            "ALLOW_LOCAL_ADDRESSES": "true",
            # The token endpoint of a managed identity, as in App Service. Here, the sandbox issues the tokens.
            "IDENTITY_ENDPOINT": f"{self._azure_devops.url}/_identity/token",
            "IDENTITY_HEADER": "sandbox-identity",
        }

    def _timer_settings(self) -> dict[str, str | None]:
        # Without a schedule there is no Reconcile. The local host starts timers by its admin API alone.
        return {} if self.options.host == "func" else {"RECONCILE_SCHEDULE": "0 */5 * * * *"}

    def _core_tools_settings(self) -> dict[str, str | None]:
        if self.options.host != "func":
            return {}
        # Core Tools runs the Python of the active virtual environment, so it is activated here.
        programs = str(Path(sys.executable).parent)
        return {"VIRTUAL_ENV": sys.prefix, "PATH": os.pathsep.join([programs, os.environ.get("PATH", "")])}

    def _port(self, usual: int) -> int:
        return free_port(usual if self._usual_ports is not None and self._usual_ports.are_ours else None)

    def _service(
        self,
        name: str,
        command: Command,
        usual_port: int,
        *,
        ready_line: str | None = READY_LINE,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Service:
        return Service(
            name,
            command,
            port=self._port(usual_port),
            logs=self.options.logs,
            guard=self._guard,
            ready_line=ready_line,
            stop_signal=stop_signal,
        )

    def _storage_command(self, port: int) -> Sequence[str | Path]:
        return azurite_command({"table": port, **self._extra_ports}, self.options.storage_folder)

    def _host_command(self, port: int) -> Sequence[str | Path]:
        settings = [] if self.options.reads_settings_file else ["--settings", ""]
        keys = ["--function-key", self.function_key, "--master-key", self.master_key]
        keys += ["--key-of", f"SendFeature={self.send_key}"]
        return [
            self.options.python,
            *("-m", "local.host", "--port", str(port), "--engine", self.options.engine),
            *settings,
            *keys,
        ]

    def _func_command(self, port: int) -> Sequence[str | Path]:
        program = shutil.which("func")
        if program is None:
            raise ServiceFailed(
                "Azure Functions Core Tools (`func`) is not on the PATH. Leave out --host func, or install it: "
                "https://learn.microsoft.com/azure/azure-functions/functions-run-local"
            )
        return [program, "start", "--port", str(port), "--no-build"]

    def __enter__(self) -> LocalSystem:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _sandbox(module: str) -> Command:
    return lambda port: [sys.executable, "-m", module, "--port", str(port)]


def _present(service: Service | None) -> Service:
    if service is None:
        raise ServiceFailed("no sandbox runs: the real service is used")
    return service


def make_secrets_key() -> str:
    """A new Fernet key: 32 random bytes in URL-safe Base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()
