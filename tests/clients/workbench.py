"""Generates both clients as docs/api.md says, in a folder below .dev, and runs what uses them there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.development.environment import CLIENTS_FOLDER, VirtualEnvironment
from tests.openapi import ROOT

HERE = Path(__file__).parent
DOCUMENT = (ROOT / "docs/api.md").read_text(encoding="utf-8")
PYTHON_PACKAGE = "aha_azure_devops"
TYPES = "aha-azure-devops.d.ts"
_SOURCES = ("calls.py", "calls.ts", "tsconfig.json")
_SECONDS = 60


def blocks(language: str) -> list[str]:
    """The blocks of docs/api.md in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def commands(beginning: str) -> list[str]:
    """The shell commands of docs/api.md that begin so."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(beginning)]


@dataclass(frozen=True)
class Workbench:
    """A folder with openapi.yaml, the clients made of it, and programs that use them."""

    environment: VirtualEnvironment
    folder: Path

    def prepare(self) -> None:
        """Copy what the generators and the programs need; send.py and send.ts are the examples of docs/api.md."""
        shutil.copyfile(ROOT / "openapi.yaml", self.folder / "openapi.yaml")
        for name in _SOURCES:
            shutil.copyfile(HERE / name, self.folder / name)
        for language, name in (("python", "send.py"), ("ts", "send.ts")):
            (example,) = blocks(language)
            (self.folder / name).write_text(example, encoding="utf-8")

    def generate(self, beginning: str) -> str:
        """Run the generator that docs/api.md calls by a command that begins so; answers what it printed."""
        (command,) = commands(beginning)
        return self.run(*shlex.split(command.removeprefix("npx ")))

    def run(self, program: str, *arguments: str, given: Any = None) -> str:
        """Run a program of the development environment here; answers what it printed. Fails if the program does."""
        done = subprocess.run(
            [*self._program(program), *arguments],
            cwd=self.folder,
            env=self._variables(),
            input=json.dumps(given),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}\n{done.stdout}"
        return done.stdout

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a program here, for one that may fail, or for several at once."""
        return subprocess.Popen(
            [*self._program(program), *arguments],
            cwd=self.folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def _program(self, name: str) -> list[str]:
        modules = CLIENTS_FOLDER / "node_modules"
        programs: dict[str, list[str | Path]] = {
            "python": [sys.executable],
            "openapi-python-client": [sys.executable, "-m", "openapi_python_client"],
            "mypy": [sys.executable, "-m", "mypy"],
            "node": [self.environment.node],
            "openapi-typescript": [self.environment.node, modules / "openapi-typescript" / "bin" / "cli.js"],
            "tsc": [self.environment.node, modules / "typescript" / "bin" / "tsc"],
        }
        return [str(part) for part in programs[name]]

    def _variables(self) -> dict[str, str]:
        # openapi-python-client looks for ruff on the PATH. A proxy in the environment must not be used for loopback.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", "PYTHONUTF8": "1"}
