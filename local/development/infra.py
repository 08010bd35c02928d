"""The check of infra/*.bicep: Checkov parses the files and applies its rules for Azure, without network.

A rule that does not apply is skipped in the file, next to the resource, with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.development.console import DEV_FOLDER, ROOT
from local.development.environment import VirtualEnvironment, development_environment, only_one_installer

INFRA_FOLDER = ROOT / "infra"


def infra_environment() -> VirtualEnvironment:
    """The environment that Checkov has to itself."""
    return replace(
        development_environment(),
        folder=DEV_FOLDER / "infra",
        requirements=(ROOT / "requirements-infra.txt",),
    )


def check_infra(folder: Path = INFRA_FOLDER) -> list[str]:
    """What Checkov finds in the Bicep files of a folder. Installs Checkov first if need be; raises CommandFailed."""
    environment = infra_environment()
    with only_one_installer(environment.folder.name):
        environment.make_ready()
    program = environment.python.parent / "checkov"
    command = [environment.python, program, "--directory", folder, "--framework", "bicep", "--skip-download"]
    done = subprocess.run(
        [*map(str, command), "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LOG_LEVEL": "ERROR"},
    )
    try:
        return faults(json.loads(done.stdout))
    except ValueError:
        return [f"Checkov did not report anything:\n{done.stdout}{done.stderr}"]


def faults(report: Any) -> list[str]:
    """Checkov's report as a line for each fault. Checkov itself counts a file that it cannot read as passed."""
    if "results" not in report:
        return ["Checkov found no Bicep file."]
    unread = [f"{path}: Checkov cannot read it." for path in report["results"]["parsing_errors"]]
    return unread + [
        f"{one['file_path'].lstrip('/')}:{one['file_line_range'][0]}: {one['check_id']} {one['check_name']} "
        f"({one['resource']})"
        for one in report["results"]["failed_checks"]
    ]
