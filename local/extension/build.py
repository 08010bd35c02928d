"""Check, test and build the Aha! extension, below .dev/extension, by the Node of the development environment."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.development.console import DEV_FOLDER, ROOT, CommandFailed, run_logged
from local.development.environment import VirtualEnvironment
from local.extension.archive import make_reproducible, read_archive

SOURCES = ROOT / "extension"
EXTENSION_FOLDER = DEV_FOLDER / "extension"
_COPIED_FILES = ("package.json", "tsconfig.base.json")
_COPIED_FOLDERS = ("src", "tests")
_PROJECTS = ("src", "src/server", "tests")
"""The part in the browser, the part on Aha!'s servers and the tests have different global names."""


@dataclass(frozen=True)
class BuildFolder:
    """The folder for the installed packages and the copied sources."""

    environment: VirtualEnvironment
    folder: Path = EXTENSION_FOLDER

    @property
    def archive(self) -> Path:
        """Where the built archive is."""
        package = read_package()
        return self.folder / f"{package['name']}-v{package['version']}.gz"

    def copy_sources(self) -> None:
        """Make the copies equal to the sources."""
        for name in _COPIED_FOLDERS:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(SOURCES / name, self.folder / name)
        for name in _COPIED_FILES:
            shutil.copyfile(SOURCES / name, self.folder / name)

    def type_check(self) -> bool:
        """Run TypeScript's compiler; it prints what it finds. True if it finds nothing."""
        self.copy_sources()
        compiler = self.folder / "node_modules" / "typescript" / "bin" / "tsc"
        codes = [self._run(compiler, "--project", project) for project in _PROJECTS]
        return not any(codes)

    def run_unit_tests(self) -> bool:
        """Run the tests of the pure functions with Node's own test runner. True if all pass."""
        self.copy_sources()
        tests = sorted((self.folder / "tests").glob("*.test.ts"))
        return self._run("--test", "--test-reporter=dot", *tests) == 0

    def build(self) -> Path:
        """Build the archive if the sources changed since it was built. Raises CommandFailed."""
        stamp = self.folder / "built.json"
        wanted = {"sources": _digest_of_sources()}
        if _read_json(stamp) == wanted and self.archive.exists():
            return self.archive
        stamp.unlink(missing_ok=True)
        self.copy_sources()
        program = self.folder / "node_modules" / "aha-cli" / "bin" / "run"
        # aha-cli ends with 0 where a script does not compile, and leaves an earlier archive as it is.
        self.archive.unlink(missing_ok=True)
        command: list[str | Path] = [self.environment.node, program, "extension:build", "--noCache"]
        run_logged(command, "extension-build", folder=self.folder)
        if not self.archive.exists():
            raise CommandFailed(
                f"aha-cli built no archive. See {DEV_FOLDER / 'logs' / 'extension-build.log'}"
            )
        make_reproducible(self.archive)
        read_archive(self.archive)
        stamp.write_text(json.dumps(wanted), encoding="utf-8")
        return self.archive

    def _run(self, *arguments: str | Path) -> int:
        command = [str(part) for part in (self.environment.node, *arguments)]
        environment = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(command, cwd=self.folder, env=environment, check=False).returncode


def read_package() -> Any:
    """The extension's package.json."""
    return json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    yield from (SOURCES / name for name in (*_COPIED_FILES, "package-lock.json"))
    yield from sorted(path for path in (SOURCES / "src").rglob("*") if path.is_file())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
