"""`python -m local.azure_devops --port N`: serves the sandbox until it is told to stop."""

from __future__ import annotations

import argparse

from local.azure_devops.application import create_app
from local.serving import serve


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m local.azure_devops", description="A sandbox Azure DevOps on loopback."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    arguments = parser.parse_args()
    serve(create_app(), arguments.host, arguments.port, "sandbox-azure-devops")


if __name__ == "__main__":
    main()
