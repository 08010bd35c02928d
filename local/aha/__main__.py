"""`python -m local.aha --port 9300`: serves the sandbox until it is told to stop."""

from __future__ import annotations

import argparse

from local.aha.application import create_app
from local.serving import serve


def main() -> None:
    """Reads the arguments and serves."""
    parser = argparse.ArgumentParser(prog="python -m local.aha", description="A sandbox Aha! on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    arguments = parser.parse_args()
    serve(create_app(), arguments.host, arguments.port, "sandbox-aha")


if __name__ == "__main__":
    main()
