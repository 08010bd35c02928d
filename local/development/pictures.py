"""`python dev.py pictures`: takes the README's pictures of the running system, with a headless Chromium."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from local.api_client import ApiClient, ApiError
from local.development.console import ROOT, CommandFailed, print_failure, say, step
from local.sample import INTEGRATION_ID, set_up_sample
from local.service import ServiceFailed
from local.system import LocalSystem, SystemOptions

PICTURES = ROOT / "docs" / "pictures"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_STATES = {1: "Active", 2: "Closed", 3: "Active"}
"""What an engineer does to the sample feature's work items before the picture is taken."""

_DELIVERY_SECONDS = 20
_BROWSER_SECONDS = 60


def main() -> int:
    """Take the pictures. Returns the exit code."""
    argparse.ArgumentParser(
        prog="python dev.py pictures",
        description="Start the system with its sandboxes, send the sample feature, change some states, and keep a "
        f"picture of the board in {PICTURES.relative_to(ROOT)}. Needs Chromium or Chrome on the PATH.",
    ).parse_args()
    try:
        browser = _find_browser()
        with step("Starting the system"):
            system = LocalSystem(SystemOptions(usual_ports=True))
            system.start()
        try:
            with step("Sending the sample feature and changing states"):
                set_up_sample(system)
                _send_and_change(system)
            picture = PICTURES / "board.png"
            with step(f"Taking {picture.relative_to(ROOT)}"):
                _take(browser, f"{system.azure_devops.url}/", picture, width=1280, height=900)
        finally:
            system.stop()
    except (CommandFailed, ServiceFailed, ApiError) as problem:
        print_failure(CommandFailed(str(problem)))
        return 1
    except KeyboardInterrupt:
        return 130
    say("Look at it before you commit it.")
    return 0


def _find_browser() -> str:
    for name in _BROWSERS:
        if found := shutil.which(name):
            return found
    raise CommandFailed(f"Found no Chromium or Chrome on the PATH (looked for {', '.join(_BROWSERS)}).")


def _send_and_change(system: LocalSystem) -> None:
    functions = ApiClient(f"{system.functions_url}/api", {"x-functions-key": system.function_key})
    event = ApiClient(system.aha.url).get("/_control/events/PROD-1?event=create_feature")
    functions.post(f"/integrations/{INTEGRATION_ID}/features", event)
    board = ApiClient(system.azure_devops.url)
    for work_item_id, state in _STATES.items():
        board.post("/_board/edit", {"id": work_item_id, "fields": {"System.State": state}})
    deadline = time.monotonic() + _DELIVERY_SECONDS
    while len(_delivered(board)) < len(_STATES):
        if time.monotonic() > deadline:
            raise CommandFailed("The service hooks of the changed states were not delivered.")
        time.sleep(0.1)


def _delivered(board: ApiClient) -> list[Any]:
    return [one for one in board.get("/_board/state")["deliveries"] if one["status"] == 200]


def _take(browser: str, url: str, picture: Path, *, width: int, height: int) -> None:
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            browser,
            "--headless",
            # Chromium's own sandbox needs rights that root and most containers do not have; the page is ours.
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "--virtual-time-budget=4000",
            f"--screenshot={picture}",
            url,
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_BROWSER_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as problem:
            raise CommandFailed(f"{browser} did not finish within {_BROWSER_SECONDS} s.") from problem
    if done.returncode != 0 or not picture.is_file():
        raise CommandFailed(f"{browser} took no picture:\n{done.stderr[-1000:]}")


if __name__ == "__main__":
    sys.exit(main())
