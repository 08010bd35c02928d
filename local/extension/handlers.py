"""Run the server handlers of a built extension, each call in its own JavaScript engine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.extension.archive import ExtensionArchive

_ENGINE = Path(__file__).with_name("bare_engine.mjs")
_LONGEST_SECONDS = 30
"""Aha! does not document how long a handler may run; the extension's calls end well before this."""


class HandlerFailed(Exception):
    """A server handler threw, or ran too long."""


@dataclass(frozen=True)
class WrittenField:
    """An account extension field that a handler set."""

    extension: str
    name: str
    value: Any


def run_handlers(
    node: Path,
    archive: ExtensionArchive,
    event: str,
    args: object,
    settings: Mapping[str, object],
) -> tuple[WrittenField, ...]:
    """Run what handles this event and return what it wrote, in order. Raises HandlerFailed.

    `settings` are all settings of the extension, the secret ones too.
    """
    written: list[WrittenField] = []
    for name, contribution in archive.configuration["contributes"].get("events", {}).items():
        if event in contribution["handles"]:
            request = {
                "script": archive.scripts[name],
                "event": event,
                "args": args,
                "settings": dict(settings),
            }
            written += (WrittenField(**field) for field in _run(node, request)["fields"])
    return tuple(written)


def _run(node: Path, request: Mapping[str, object]) -> Any:
    try:
        process = subprocess.run(
            [node, _ENGINE],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            # A proxy in the environment must not be used for loopback.
            env={**os.environ, "NO_PROXY": "127.0.0.1,localhost", "NODE_USE_ENV_PROXY": "0"},
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise HandlerFailed(f"The handler ran for more than {_LONGEST_SECONDS} seconds.") from problem
    if process.returncode != 0:
        raise HandlerFailed(process.stderr[-2000:])
    result = json.loads(process.stdout)
    if result["error"]:
        raise HandlerFailed(result["error"])
    return result
