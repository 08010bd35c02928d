"""`python dev.py pictures`: takes the README's pictures of the running system, with a headless Chromium."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from local.api_client import ApiClient, ApiError
from local.development.browser import find_browser, make_browser_ready, opened_browser
from local.development.console import ROOT, CommandFailed, print_failure, say, step
from local.development.environment import (
    development_environment,
    make_extension_ready,
    only_one_installer,
)
from local.extension.build import BuildFolder
from local.sample import INTEGRATION_ID, set_up_sample
from local.service import ServiceFailed
from local.system import LocalSystem, SystemOptions

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PICTURES = ROOT / "docs" / "pictures"
_STATES = {1: "Active", 2: "Closed", 3: "Active"}
"""The engineer's edits of the sample feature's work items before the pictures are taken."""

_SECONDS = 30


class Site(Enum):
    """The site that a picture shows."""

    CONSOLE = "the configuration page"
    BOARD = "the sandbox Azure DevOps"
    AHA = "the sandbox Aha!"


@dataclass(frozen=True)
class Picture:
    """A picture of a page, taken once the page shows `words`.

    `view` is the end of the page's address. `act` does what a person does there first, once the page shows `before`.
    `top` are the words of the heading that the picture starts with.
    """

    name: str
    site: Site
    view: str
    words: str
    width: int = 1280
    height: int = 900
    top: str = ""
    before: str = ""
    act: Callable[[Chrome, LocalSystem], None] | None = None


def _open_send_dropdown(browser: Chrome, system: LocalSystem) -> None:
    browser.execute_script("document.getElementById('send').open = true")


def _let_aha_send(browser: Chrome, system: LocalSystem) -> None:
    key = browser.find_element("css selector", "input[type=password]")
    key.send_keys(system.send_key, "\t")
    browser.execute_script("document.activeElement.setSelectionRange(0, 0); document.activeElement.blur()")
    ApiClient(system.aha.url).post("/_board/data/records/PROD-2/send", {})


def _check(browser: Chrome, system: LocalSystem) -> None:
    check = "[...document.querySelectorAll('button')].find((one) => one.innerText === 'Check')"
    browser.execute_script(f"{check}.click()")


def _open_the_send(browser: Chrome, system: LocalSystem) -> None:
    """Open the line of the first send, which made the work items."""
    made = "[...document.querySelectorAll('summary')].findLast((one) => /[0-9] created/.test(one.innerText))"
    browser.execute_script(f"{made}.click()")


_SET_UP = f"#/i/{INTEGRATION_ID}"
_PICTURES = (
    Picture(
        "feature.png",
        Site.AHA,
        "/features/PROD-1",
        "Send to Azure DevOps",
        height=780,
        before="Everything is up to date",
        act=_open_send_dropdown,
    ),
    Picture("board.png", Site.BOARD, "/", "Service hook deliveries"),
    # Before the pages that call Azure DevOps and Aha!, because the log would show those calls, too.
    Picture(
        "log.png",
        Site.CONSOLE,
        f"{_SET_UP}/log",
        "Work item 1 was created for PROD-1.",
        height=1000,
        before="Work item 1 changes PROD-1",
        act=_open_the_send,
    ),
    Picture("set-up.png", Site.CONSOLE, _SET_UP, "can be created in", height=1000),
    Picture("states.png", Site.CONSOLE, _SET_UP, "can be created in", height=860, top="Features"),
    Picture(
        "service-hook.png", Site.CONSOLE, f"{_SET_UP}/hook", "reports every changed work item", height=1000
    ),
    Picture(
        "features.png",
        Site.CONSOLE,
        f"{_SET_UP}/features/PROD-1",
        "A send would change nothing",
        height=940,
        before="State Active",
        act=_check,
    ),
    Picture(
        "let-aha-send.png",
        Site.CONSOLE,
        f"{_SET_UP}/aha",
        "was created for PROD-2.",
        height=1240,
        top="Create a key",
        before="The last event arrived",
        act=_let_aha_send,
    ),
    Picture("narrow.png", Site.CONSOLE, _SET_UP, "can be created in", width=360, height=760, top="Features"),
)


def main() -> int:
    """Take the pictures. Returns the exit code."""
    argparse.ArgumentParser(
        prog="python dev.py pictures",
        description="Start the system with its sandboxes, send the sample feature, change some states, and keep "
        f"pictures of the pages of both sandboxes and of the app in {PICTURES.relative_to(ROOT)}. Needs Chromium with "
        "its driver; as root on Debian they are installed.",
    ).parse_args()
    try:
        if find_browser() is None and (problem := make_browser_ready()) is not None:
            raise CommandFailed(problem)
        with step("Building the Aha! extension"), only_one_installer():
            make_extension_ready(development_environment())
            BuildFolder(development_environment()).build()
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
    say("Check them before you commit them.")
    return 0


def _send_and_change(system: LocalSystem) -> None:
    board = ApiClient(system.azure_devops.url)
    ApiClient(system.aha.url).post("/_board/data/records/PROD-1/send", {})
    _until(lambda: len(board.get("/_board/state")["work_items"]) > max(_STATES), "The feature was not sent.")
    for work_item_id, state in _STATES.items():
        board.post("/_board/edit", {"id": work_item_id, "fields": {"System.State": state}})
    _until(
        lambda: len(_delivered(board)) >= len(_STATES),
        "The service hooks of the changed states were not delivered.",
    )


def _until(is_so: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise CommandFailed(problem)
        time.sleep(0.1)


def _delivered(board: ApiClient) -> list[Any]:
    return [one for one in board.get("/_board/state")["deliveries"] if one["status"] == 200]


def _take(browser: Chrome, system: LocalSystem, picture: Picture) -> None:
    console = f"{system.functions_url}/api/console"
    size = {"width": picture.width, "height": picture.height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"{console}/icon.svg")
    browser.execute_script("sessionStorage.setItem('function-key', arguments[0])", system.function_key)
    bases = {Site.CONSOLE: console, Site.BOARD: system.azure_devops.url, Site.AHA: system.aha.url}
    browser.get(f"{bases[picture.site]}{picture.view}")
    if picture.act is not None:
        _wait_for(picture.before, browser, picture.name)
        picture.act(browser, system)
    _wait_for(picture.words, browser, picture.name)
    _scroll_to(browser, picture.top)
    if not browser.save_screenshot(str(PICTURES / picture.name)):
        raise CommandFailed(f"{picture.name} could not be written to {PICTURES}.")


def _wait_for(words: str, browser: Chrome, name: str) -> None:
    _until(
        lambda: words in browser.execute_script("return document.body.innerText"),
        f"“{words}” is not shown within {_SECONDS} s, for {name}.",
    )


def _scroll_to(browser: Chrome, heading: str) -> None:
    if heading:
        browser.execute_script(
            "const at = [...document.querySelectorAll('h2')].find((one) => one.innerText.includes(arguments[0]));"
            "scrollTo(0, at.getBoundingClientRect().top + scrollY - 40)",
            heading,
        )


if __name__ == "__main__":
    sys.exit(main())
