"""`python dev.py extension`: check, test and build the Aha! extension in the folder extension."""

from __future__ import annotations

import argparse
import sys

from local.development.console import CommandFailed, print_failure, say
from local.development.environment import development_environment
from local.extension.build import BuildFolder


def main() -> int:
    """Do all of it and print where the archive is; 0 when everything is well."""
    argparse.ArgumentParser(prog="python dev.py extension", description=__doc__).parse_args()
    build_folder = BuildFolder(development_environment())
    say("TypeScript's strict check")
    if not build_folder.type_check():
        return 1
    say("The tests of the pure functions")
    if not build_folder.run_unit_tests():
        return 1
    try:
        archive = build_folder.build()
    except CommandFailed as failure:
        print_failure(failure)
        return 1
    say(f"Built {archive} ({archive.stat().st_size:,} bytes). extension/README.md says how to install it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
