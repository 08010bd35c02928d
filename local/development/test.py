"""`python dev.py test`: every test, then the contract set again on the platform's library."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.development.browser import make_browser_ready
from local.development.console import ROOT, CommandFailed, print_failure, say
from local.development.environment import (
    VirtualEnvironment,
    development_environment,
    make_axe_ready,
    make_clients_ready,
    only_one_installer,
    version_of,
)

_LEAST_VERSION = (3, 13)
_NAMES = ("python3.13", "python3.14", "python3", "python")
_CONTRACT_SET = ("-m", "contract", "tests/host", "tests/e2e")
"""The tests of what may differ between the two engines; pyproject.toml says what the marker means."""
_BROWSER_TESTS = "tests/browser"
_CLIENT_TESTS = "tests/clients"
_NO_TESTS_COLLECTED = 5
_SIDE_BY_SIDE = ("-n", "4")
"""Four processes, each with its own system; tests/conftest.py decides which tests stay together."""
_SLOWEST = "--durations=10"
"""At the end of a run, pytest names the tests that took the most time."""
_COMPILED_TESTS = ROOT / "tests" / "__pycache__"


def main() -> int:
    """Run the tests; 0 when all passed."""
    engine, pytest_arguments = _read_arguments()
    try:
        codes = []
        if engine != "platform":
            with _compiled_tests(pytest_arguments):
                if _are_run(_BROWSER_TESTS, pytest_arguments):
                    _make_ready_for_browser_tests()
                if _are_run(_CLIENT_TESTS, pytest_arguments):
                    with only_one_installer():
                        make_clients_ready(development_environment())
            say("Tests")
            codes.append(_pytest(pytest_arguments or [*_SIDE_BY_SIDE, "tests"], {}))
        if engine in ("platform", "both"):
            codes.append(
                _test_on_platform(
                    pytest_arguments or [*_SIDE_BY_SIDE, *_CONTRACT_SET], required=engine != "both"
                )
            )
    except CommandFailed as failure:
        print_failure(failure)
        return 1
    except KeyboardInterrupt:
        return 130
    return next((code for code in codes if code != 0), 0)


def _read_arguments() -> tuple[str, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python dev.py test",
        usage="python dev.py test [--engine {worker,platform,both}] [PYTEST ARGUMENT ...]",
        description="Run every test. If Python 3.13 or newer is found (on the PATH or among pyenv's), then run the "
        "contract set again on the platform's library azure-functions-runtime-v1, which loads and calls every "
        "function. The contract set is the tests marked `contract`: each function, and all that may differ between "
        "the two engines. With arguments for pytest, only the first run is made, unless --engine asks for another; "
        "the run on the platform's library then runs the tests that the arguments name.",
        epilog="Examples: dev.py test tests/unit; dev.py test -k mapping -x; dev.py test --engine platform; "
        "dev.py test --engine platform tests/host tests/e2e",
    )
    parser.add_argument("--engine", choices=["worker", "platform", "both"], help="which runs to make")
    options, pytest_arguments = parser.parse_known_args()
    return options.engine or ("worker" if pytest_arguments else "both"), pytest_arguments


@contextmanager
def _compiled_tests(pytest_arguments: list[str]) -> Iterator[None]:
    """Compile the tests of a fresh clone while the block installs packages.

    Each process that shares the tests reads all of them, and would compile all of them.
    """
    if pytest_arguments or _COMPILED_TESTS.exists():
        yield
        return
    command = [sys.executable, "-m", "pytest", "--collect-only", "tests"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        yield


def _pytest(arguments: list[str], environment: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", _SLOWEST, *arguments]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode
    if code == _NO_TESTS_COLLECTED:
        say("No test was found.")
    return code


def _are_run(folder: str, pytest_arguments: list[str]) -> bool:
    return not pytest_arguments or any(one.startswith(folder) for one in pytest_arguments)


def _make_ready_for_browser_tests() -> None:
    """Install what the browser tests need. If that is not possible, print why; the browser tests are then skipped."""
    with only_one_installer():
        problem = make_browser_ready()
        if problem is None:
            make_axe_ready(development_environment())
    if problem is not None:
        say(f"The browser tests are skipped: {problem}")


def _test_on_platform(arguments: list[str], *, required: bool) -> int:
    python = _find_python()
    if python is None:
        reason = (
            "The run on the platform's own library is skipped: no Python 3.13 or newer was found "
            "on the PATH or among pyenv's versions."
        )
        if required:
            raise CommandFailed(reason)
        say(reason)
        return 0
    environment = VirtualEnvironment(
        folder=ROOT / ".venv-platform",
        base_python=python,
        version=version_of(python),
        requirements=(ROOT / "requirements.txt", ROOT / "requirements-platform.txt"),
    )
    with only_one_installer(environment.folder.name):
        environment.make_ready()
    say(f"\nThe contract set on the platform's own library and Python {environment.version}")
    settings = {"FUNCTION_HOST_ENGINE": "platform", "FUNCTION_HOST_PYTHON": str(environment.python)}
    return _pytest(arguments, settings)


def _find_python() -> Path | None:
    """The first interpreter that is new enough. Each one is started, because a name may be a shim without Python."""
    for candidate in _candidates():
        try:
            version = version_of(candidate)
        except CommandFailed:
            continue
        if tuple(int(part) for part in version.split(".")) >= _LEAST_VERSION:
            return candidate
    return None


def _candidates() -> Iterator[Path]:
    yield Path(getattr(sys, "_base_executable", sys.executable))
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/3.*/bin/python"))


if __name__ == "__main__":
    sys.exit(main())
