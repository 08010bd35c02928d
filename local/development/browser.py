"""Find, install and start Chromium and its driver, for the browser tests and the pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.development.console import CommandFailed, run_logged, step

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_DRIVERS = ("chromedriver", "chromium.chromedriver")
_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # /dev/shm is small in containers.
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=en",
)
_APT_PACKAGES = ("chromium", "chromium-driver")
_MISSING = "Chromium and its driver (chromedriver) are not on the PATH"


def find_browser() -> tuple[str, str] | None:
    """The programs of the browser and of its driver; None if one of them is missing."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    driver = next(filter(None, map(shutil.which, _DRIVERS)), None)
    return (browser, driver) if browser and driver else None


def make_browser_ready() -> str | None:
    """Install Chromium with apt-get if it is missing. Returns None, or why there is still no browser."""
    if find_browser() is not None:
        return None
    if shutil.which("apt-get") is None:
        return f"{_MISSING}, and there is no apt-get to install them with."
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return f"{_MISSING}; as root: apt-get install {' '.join(_APT_PACKAGES)}"
    try:
        with step("Installing Chromium and its driver with apt-get"):
            _apt_get("update")
            _apt_get("install", "--yes", "--no-install-recommends", *_APT_PACKAGES)
    except CommandFailed as failure:
        return f"{_MISSING}, and apt-get did not install them. {str(failure).splitlines()[0]}"
    return None if find_browser() else f"{_MISSING}, although apt-get installed {', '.join(_APT_PACKAGES)}."


def _apt_get(*arguments: str) -> None:
    # apt-get must not ask questions.
    run_logged(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments], f"apt-{arguments[0]}")


@contextmanager
def opened_browser(*, width: int = 1280, height: int = 900) -> Iterator[Chrome]:
    """A headless Chromium with its own profile. Raises CommandFailed if it is not installed."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    found = find_browser()
    if found is None:
        raise CommandFailed(f"{_MISSING}. On Debian: apt-get install {' '.join(_APT_PACKAGES)}")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium's own sandbox needs rights that root and most containers do not have; the pages are ours.
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        own = [f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        for flag in (*_FLAGS, *(["--no-sandbox"] if is_root else []), *own):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # A proxy in the environment must not be used for loopback.
        service = Service(
            found[1], log_output=subprocess.DEVNULL, env={**os.environ, "NO_PROXY": "127.0.0.1"}
        )
        browser = webdriver.Chrome(options=options, service=service)
        try:
            yield browser
        finally:
            browser.quit()
