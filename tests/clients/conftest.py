"""The generated clients."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.development.environment import (
    CLIENTS_FOLDER,
    development_environment,
    make_clients_ready,
    only_one_installer,
)
from tests.clients.workbench import Workbench


@pytest.fixture(scope="session")
def workbench() -> Iterator[Workbench]:
    """A folder with openapi.yaml and the programs that use the clients; the generators are installed."""
    environment = development_environment()
    with only_one_installer():
        make_clients_ready(environment)
    # Below the folder of the packages, because Node looks for packages in the folders above a program.
    with tempfile.TemporaryDirectory(dir=CLIENTS_FOLDER) as folder:
        made = Workbench(environment, Path(folder))
        made.prepare()
        yield made


@pytest.fixture(scope="session")
def python_generator_said(workbench: Workbench) -> str:
    """What openapi-python-client printed; the client is there."""
    if sys.hexversion < 0x030B0000:
        pytest.skip("clients of openapi-python-client need Python 3.11")
    return workbench.generate("openapi-python-client generate")


@pytest.fixture(scope="session")
def typescript_generator_said(workbench: Workbench) -> str:
    """What openapi-typescript printed; the types are there."""
    return workbench.generate("npx openapi-typescript")


@pytest.fixture
def clients(workbench: Workbench, python_generator_said: str, typescript_generator_said: str) -> Workbench:
    """The folder with both clients."""
    assert python_generator_said
    assert typescript_generator_said
    return workbench
