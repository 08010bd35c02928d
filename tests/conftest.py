"""What holds for every test, and the programs that the tests of several folders use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from local.emulator import azurite_command, connection_string
from local.service import ChildGuard, Service, free_port
from local.system import LocalSystem
from tests.documented_answers import SeenAnswers
from tests.e2e.system import Aha, AzureDevOps, ensure_running, started_system
from tests.secrets_search import KEPT, SecretsSearch

_TESTS = Path(__file__).parent
_LONGEST_FIRST = ("torture", "browser", "e2e", "clients", "development", "storage", "sandbox", "host")
"""Folders of tests by how long one of their files takes; those of the others take seconds."""
_LONG_FILES = ("test_storage_down.py", "test_timer_finishes_sends.py")
"""These begin before the other files of their folder. In the contract set, one of their tests takes ten seconds."""

# An example may take long on a busy machine. CI tries the same examples each time: a failure is about the change.
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Have each run judged by the answers of the app that it saw, and by the secrets that it left behind."""
    config.pluginmanager.register(SeenAnswers(config, end_to_end_tests=_TESTS / "e2e"))
    config.pluginmanager.register(SecretsSearch(config, KEPT))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process is left with much when the others have finished."""
    items.sort(key=lambda item: _place_in_the_order(item.path))


def _place_in_the_order(path: Path) -> tuple[int, bool]:
    folder = path.relative_to(_TESTS).parts[0]
    place = _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)
    return place, path.name not in _LONG_FILES


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Where processes share the tests, those of a file go to one process, which makes their fixtures once.

    The marker xdist_group cannot say so: pytest-xdist 3.8.0 writes it to an attribute that pytest 9.2 does not read.
    """

    def _split_scope(self, nodeid: str) -> str:
        # The portions of the torture are one file, and as long as all others together.
        return nodeid if "torture" in nodeid else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Share the tests by their files, in the order in which they were collected."""
    config.option.loadscopereorder = False
    return _ByFile(config, log)


@pytest.fixture(scope="session")
def azurite_connection_string(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Azurite's table service listens; it keeps everything in memory."""
    guard = ChildGuard()
    azurite = Service(
        "azurite",
        lambda port: azurite_command({"table": port}, None),
        port=free_port(),
        logs=tmp_path_factory.mktemp("azurite"),
        guard=guard,
        ready_line=None,
    )
    try:
        azurite.start()
        yield connection_string({"table": azurite.port})
    finally:
        azurite.stop()
        guard.close()


@pytest.fixture(scope="session")
def _running_system() -> Iterator[LocalSystem]:
    with started_system() as system:
        yield system


@pytest.fixture
def system(_running_system: LocalSystem) -> LocalSystem:
    """The running system, with every part up: a test may stop or restart parts, the next one finds them running."""
    ensure_running(_running_system)
    return _running_system


@pytest.fixture
def azure_devops(system: LocalSystem) -> AzureDevOps:
    """The sandbox Azure DevOps as it is at its start."""
    client = AzureDevOps(system.azure_devops.url)
    client.reset()
    return client


@pytest.fixture
def aha(system: LocalSystem) -> Aha:
    """The sandbox Aha! as it is at its start, but without limits.

    The function host remembers the limits of an account and would slow down all tests after it.
    """
    client = Aha(system.aha.url)
    client.reset()
    client.limit_requests(per_second=None, per_minute=None)
    return client
