"""`python dev.py pictures`: takes the README's pictures of the running system, with a headless Chromium."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.api_client import ApiClient, ApiError
from local.development.browser import find_browser, make_browser_ready, opened_browser
from local.development.console import ROOT, CommandFailed, print_failure, say, step
from local.sample import INTEGRATION_ID, set_up_sample
from local.service import ServiceFailed
from local.system import LocalSystem, SystemOptions

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PICTURES = ROOT / "docs" / "pictures"
_STATES = {1: "Active", 2: "Closed", 3: "Active"}
"""What an engineer does to the sample feature's work items before the pictures are taken."""

_DELIVERY_SECONDS = 20
_PAGE_SECONDS = 30


@dataclass(frozen=True)
class Picture:
    """A picture of a view of the configuration page (None: of the board), taken once the page shows `words`.

    `top` are the words of the heading that the picture starts with.
    """

    name: str
    view: str | None
    words: str
    width: int = 1280
    height: int = 900
    top: str = ""


_PICTURES = (
    Picture("board.png", None, "Service hook deliveries"),
    Picture("set-up.png", f"#/i/{INTEGRATION_ID}", "can be created in", height=1000),
    Picture("states.png", f"#/i/{INTEGRATION_ID}", "can be created in", height=860, top="Features"),
    Picture("service-hook.png", f"#/i/{INTEGRATION_ID}/hook", "reports every changed work item", height=1000),
    Picture("log.png", f"#/i/{INTEGRATION_ID}/log", "Work item 1 changes PROD-1", height=900),
    Picture(
        "narrow.png", f"#/i/{INTEGRATION_ID}", "can be created in", width=360, height=760, top="Features"
    ),
)


def main() -> int:
    """Take the pictures. Returns the exit code."""
    argparse.ArgumentParser(
        prog="python dev.py pictures",
        description="Start the system with its sandboxes, send the sample feature, change some states, and keep "
        f"pictures of the configuration page and of the board in {PICTURES.relative_to(ROOT)}. Needs Chromium with its "
        "driver; as root on Debian they are installed.",
    ).parse_args()
    try:
        if find_browser() is None and (problem := make_browser_ready()) is not None:
            raise CommandFailed(problem)
        with step("Starting the system"):
            system = LocalSystem(SystemOptions(usual_ports=True))
            system.start()
        try:
            with step("Sending the sample feature and changing states"):
                set_up_sample(system)
                _send_and_change(system)
            PICTURES.mkdir(parents=True, exist_ok=True)
            with step(f"Taking {len(_PICTURES)} pictures"), opened_browser() as browser:
                for picture in _PICTURES:
                    _take(browser, system, picture)
        finally:
            system.stop()
    except (CommandFailed, ServiceFailed, ApiError) as problem:
        print_failure(CommandFailed(str(problem)))
        return 1
    except KeyboardInterrupt:
        return 130
    say("Look at them before you commit them.")
    return 0


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


def _take(browser: Chrome, system: LocalSystem, picture: Picture) -> None:
    console = f"{system.functions_url}/api/console"
    size = {"width": picture.width, "height": picture.height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"{console}/icon.svg")
    browser.execute_script("sessionStorage.setItem('function-key', arguments[0])", system.function_key)
    browser.get(f"{system.azure_devops.url}/" if picture.view is None else f"{console}{picture.view}")
    deadline = time.monotonic() + _PAGE_SECONDS
    while picture.words not in browser.execute_script("return document.body.innerText"):
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"“{picture.words}” is not shown within {_PAGE_SECONDS} s, for {picture.name}."
            )
        time.sleep(0.05)
    _scroll_to(browser, picture.top)
    if not browser.save_screenshot(str(PICTURES / picture.name)):
        raise CommandFailed(f"{picture.name} could not be written to {PICTURES}.")


def _scroll_to(browser: Chrome, heading: str) -> None:
    if heading:
        browser.execute_script(
            "const at = [...document.querySelectorAll('h2')].find((one) => one.innerText.includes(arguments[0]));"
            "scrollTo(0, at.getBoundingClientRect().top + scrollY - 40)",
            heading,
        )


if __name__ == "__main__":
    sys.exit(main())
