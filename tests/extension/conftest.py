"""The built extension."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.development.environment import development_environment, make_extension_ready, only_one_installer
from local.extension.archive import ExtensionArchive, read_archive
from local.extension.build import BuildFolder


@pytest.fixture(scope="session")
def build_folder() -> BuildFolder:
    """Where the extension is checked and built; its packages are installed."""
    environment = development_environment()
    with only_one_installer():
        make_extension_ready(environment)
    return BuildFolder(environment)


@pytest.fixture(scope="session")
def archive_path(build_folder: BuildFolder) -> Path:
    """The archive as `dev.py extension` builds it."""
    with only_one_installer():
        return build_folder.build()


@pytest.fixture(scope="session")
def archive(archive_path: Path) -> ExtensionArchive:
    """What Aha! would install."""
    return read_archive(archive_path)
