"""Runs an Azure Functions app of the Python v1 model on loopback: `python -m local.host --help`."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import socket
import sys
import time
from pathlib import Path

from local.function_host.application import BODY_LIMIT, FunctionHost, HostOptions
from local.function_host.definitions import ConfigurationError, FunctionApp, read_app, read_settings
from local.function_host.invocation import Engine
from local.function_host.keys import Keys
from local.serving import serve

_ADDRESS = "127.0.0.1"
# What the host sets where the app does not (DefaultWorkerProcessFactory.cs).
_DEFAULT_THREADS = "1000"


def main() -> int:
    """Serve the app until it is told to stop. Returns the exit code."""
    options = _read_arguments()
    log = logging.StreamHandler(sys.stderr)
    logging.basicConfig(
        handlers=[log],
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(invocation)s %(name)s: %(message)s",
    )
    log.addFilter(_NoInvocation())
    # In Azure, host.json decides what is kept; here a developer sees the app's every step.
    logging.getLogger("shared").setLevel(logging.DEBUG)
    try:
        _apply_settings(options)
        app = read_app(options.root)
        port = _free_port(options.port)
    except ConfigurationError as problem:
        print(f"The function host cannot start: {problem}", file=sys.stderr)
        return 2
    for fault in app.faults:
        print(f"Left out: {fault}", file=sys.stderr)
    os.environ.setdefault("WEBSITE_HOSTNAME", f"localhost:{port}")
    if options.clock_ahead:
        _set_clock(options.clock_ahead)
    _enter(options.root)
    engine = _make_engine(options)
    log.addFilter(_OfInvocation(engine))
    host = FunctionHost(app, engine, _host_options(options))
    _list_functions(app, port)
    serve(host, _ADDRESS, port, "Kestrel")
    logging.shutdown()
    sys.stdout.flush()
    # A normal exit would wait for running calls. The platform does not wait for ever, either.
    os._exit(0)


class _NoInvocation(logging.Filter):
    """Marks the log lines of the host itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.invocation = "-"
        return True


class _OfInvocation(logging.Filter):
    """Shows for each log line which invocation the platform would show it with, `-` for a line that it would drop."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def filter(self, record: logging.LogRecord) -> bool:
        record.invocation = self._engine.current_invocation_id() or "-"
        return True


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.host",
        description="Runs an Azure Functions app of the Python v1 model on loopback.",
    )
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one (default: 7071)")
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the folder of host.json (default: this one)"
    )
    parser.add_argument(
        "--settings",
        default=None,
        metavar="FILE",
        help="whose Values become environment variables unless they are set already "
        "(default: local.settings.json in the root if there is one; an empty name reads none)",
    )
    parser.add_argument("--function-key", default="local-function-key", help="opens functions of that level")
    parser.add_argument(
        "--key-of",
        action="append",
        default=[],
        metavar="FUNCTION=KEY",
        help="a key that opens one function alone; may be given several times",
    )
    parser.add_argument("--master-key", default="local-master-key", help="opens all functions and /admin")
    parser.add_argument(
        "--engine",
        choices=["worker", "platform"],
        default="worker",
        help="who loads and calls the functions: this host as the Python worker does, or the platform's own "
        "library azure-functions-runtime-v1 (Python 3.13 and newer)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=None,
        help="for `def` functions (default: the setting PYTHON_THREADPOOL_THREAD_COUNT, else 1000)",
    )
    parser.add_argument(
        "--clock-ahead",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="seconds by which this host's clock is wrong, for tests (default: 0)",
    )
    options = parser.parse_args()
    options.root = options.root.resolve()
    return options


def _apply_settings(options: argparse.Namespace) -> None:
    if options.settings == "":
        return
    path = options.root / (options.settings or "local.settings.json")
    for name, value in read_settings(path, is_required=options.settings is not None).items():
        os.environ.setdefault(name, value)


def _free_port(wanted: int) -> int:
    """The port to listen on. It is chosen before the functions load, because they may read it from WEBSITE_HOSTNAME."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, wanted))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise ConfigurationError(
                    f"port {wanted} is taken by another program; choose one with --port, 0 takes a free one"
                ) from problem
            raise ConfigurationError(f"port {wanted} cannot be opened: {problem}") from problem
        port: int = probe.getsockname()[1]
        return port


def _set_clock(seconds_ahead: float) -> None:
    """Set the app's clock wrong. Processes, connections and files keep the machine's clock."""
    right = time.time
    time.time = lambda: right() + seconds_ahead


def _enter(root: Path) -> None:
    """Give the app the place in sys.path that Core Tools and Flex Consumption give it: the last."""
    here = Path(__file__).resolve().parents[1]
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() not in (here, root)]
    sys.path.append(str(root))
    os.chdir(root)


def _make_engine(options: argparse.Namespace) -> Engine:
    threads = options.threads or int(os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", _DEFAULT_THREADS))
    if options.engine == "worker":
        from local.function_host.worker_engine import WorkerEngine

        return WorkerEngine(options.root, threads)
    try:
        from local.function_host.platform_engine import PlatformEngine
    except ModuleNotFoundError as problem:
        sys.exit(
            "The engine `platform` needs Python 3.13 or newer with requirements-platform.txt installed; "
            f"this is Python {sys.version.split()[0]}, and {problem.name} is missing."
        )
    return PlatformEngine(options.root, threads)


def _host_options(options: argparse.Namespace) -> HostOptions:
    return HostOptions(
        keys=Keys(
            function=options.function_key,
            master=options.master_key,
            of_functions=dict(one.split("=", 1) for one in options.key_of),
        ),
        body_limit=int(os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", BODY_LIMIT)),
    )


def _list_functions(app: FunctionApp, port: int) -> None:
    for function in app.functions:
        if function.route is not None:
            methods = ",".join(sorted(function.methods)) or "any method"
            where = f"[{methods}] http://localhost:{port}/{function.route.template}"
        else:
            where = f"{function.trigger.type}, started by POST /admin/functions/{function.name}"
        print(f"{function.name}: {'disabled' if function.is_disabled else where}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
