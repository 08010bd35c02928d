"""Azurite's command line and connection string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from local.development.environment import AZURITE_FOLDER, development_environment
from local.service import ADDRESS

TABLE_READY_LINE = f"Azurite Table service successfully started on {ADDRESS}:{{port}}"
USUAL_PORTS = {"blob": 10000, "queue": 10001, "table": 10002}

# Azurite's account and key are public and the same everywhere.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def azurite_command(ports: Mapping[str, int], folder: Path | None) -> Sequence[str | Path]:
    """The command for the services that `ports` names: `table` alone, or all of blob, queue and table.

    `folder` is where everything is kept; None keeps it in memory.
    """
    source = AZURITE_FOLDER / "node_modules" / "azurite" / "dist" / "src"
    script = source / ("table/main.js" if set(ports) == {"table"} else "azurite.js")
    command: list[str | Path] = [development_environment().node, script, "--silent", "--disableTelemetry"]
    for kind, port in ports.items():
        command += [f"--{kind}Host", ADDRESS, f"--{kind}Port", str(port)]
    return [*command, *(["--inMemoryPersistence"] if folder is None else ["--location", folder])]


def connection_string(ports: Mapping[str, int]) -> str:
    """The connection string of the services that `ports` names."""
    endpoints = [f"{kind.title()}Endpoint=http://{ADDRESS}:{port}/{_ACCOUNT}" for kind, port in ports.items()]
    parts = ["DefaultEndpointsProtocol=http", f"AccountName={_ACCOUNT}", f"AccountKey={_KEY}", *endpoints]
    return ";".join(parts) + ";"
