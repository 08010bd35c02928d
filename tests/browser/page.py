"""The configuration page as a person sees and uses it: by labels, words on buttons, and the keyboard."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoAlertPresentException,
    NoSuchElementException,
    StaleElementReferenceException,
    UnexpectedTagNameException,
)
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from local.development.environment import AXE_SCRIPT

SECONDS = 20
_MOVING = (
    StaleElementReferenceException,
    NoSuchElementException,
    ElementClickInterceptedException,
    ElementNotInteractableException,
    UnexpectedTagNameException,  # a field that becomes a choice once there is something to choose from
)
_T = TypeVar("_T")


class Page:
    """One tab. Every look waits until it finds what it looks for, and fails when that takes too long."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        self.url = url

    def start(self, key: str | None) -> None:
        """Forget what earlier tests left, and give the function key."""
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self._prefer("light")
        self.browser.get(f"{self.url}/icon.svg")
        self._leave_without_asking()
        self.browser.execute_script("sessionStorage.clear(); localStorage.clear()")
        if key is not None:
            self.browser.execute_script("sessionStorage.setItem('function-key', arguments[0])", key)
        self._console()

    def leave(self) -> None:
        """Close the page, so that it asks the app for nothing more."""
        self.browser.get("about:blank")
        self._leave_without_asking()

    def _leave_without_asking(self) -> None:
        with suppress(NoAlertPresentException):
            self.browser.switch_to.alert.accept()

    def open(self, view: str = "#/") -> None:
        """Load the page at a view, such as `#/i/fabrikam-web/log`."""
        if self.browser.current_url.startswith(f"{self.url}#"):
            # Another fragment alone would load nothing.
            self.browser.get("about:blank")
        self.browser.get(f"{self.url}{view}")

    def visit(self, view: str) -> None:
        """Go to another view of the page that is loaded."""
        self.browser.execute_script("location.hash = arguments[0]", view)

    def complaints(self) -> list[str]:
        """What the browser wrote into its console, but for answers that are errors: those belong to tests."""
        bad = (one for one in self._console() if one["level"] in ("SEVERE", "WARNING"))
        return [
            one["message"] for one in bad if "the server responded with a status of" not in one["message"]
        ]

    def _console(self) -> list[dict[str, str]]:
        """What was written into the console since this was last asked."""
        read: Callable[[str], list[dict[str, str]]] = self.browser.get_log
        return read("browser")

    # What there is to see

    @property
    def text(self) -> str:
        """All that is shown."""
        return str(self.browser.execute_script("return document.body.innerText"))

    def sees(self, *words: str) -> None:
        """Wait until all these words are shown."""
        self._until(lambda: all(word in self.text for word in words), lambda: f"{words} in: {self.text}")

    def sees_no(self, word: str) -> None:
        """Wait until the word is not shown."""
        self._until(lambda: word not in self.text, lambda: f"{word} is gone from: {self.text}")

    def find(self, css: str) -> WebElement:
        """The first element that fits."""
        return self._when(lambda: self.browser.find_element(By.CSS_SELECTOR, css), css)

    def all(self, css: str) -> list[WebElement]:
        """Every element that fits, without waiting."""
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def heading(self, text: str) -> WebElement:
        """A heading by its words."""
        return self._by_text("h1, h2", text)

    def button(self, text: str) -> WebElement:
        """A button by its words."""
        return self._by_text("button, summary", text)

    def link(self, text: str) -> WebElement:
        """A link by its words."""
        return self._by_text("a", text)

    def field(self, label: str, step: str = "") -> WebElement:
        """A control by the beginning of its label; `step` names the form's step where several have such a label."""
        script = (
            "const root = arguments[1] ? document.querySelector(`[data-step=${arguments[1]}]`) : document;"
            "const labels = [...(root?.querySelectorAll('label') ?? [])];"
            "const found = labels.find((one) => one.textContent.trim().startsWith(arguments[0])"
            " && one.getClientRects().length);"
            "return found ? found.control : null;"
        )
        return self._when(lambda: self._element(script, label, step), f"the field {label}")

    def options(self, label: str, step: str = "") -> list[str]:
        """What a choice offers."""
        script = "return [...arguments[0].options ?? []].map((one) => one.text)"
        return self._when(
            lambda: self.browser.execute_script(script, self.field(label, step)) or None,
            f"choices of {label}",
        )

    def value(self, label: str, step: str = "") -> str:
        """What a field holds; of a choice, the words."""
        script = "return [arguments[0].selectedOptions ? arguments[0].selectedOptions[0]?.text : arguments[0].value]"
        found = self._when(
            lambda: self.browser.execute_script(script, self.field(label, step)), f"the value of {label}"
        )
        return str(found[0])

    def fault_at(self, label: str, step: str = "") -> str:
        """Wait for the fault that is shown beside a field, and linked with it for screen readers."""

        def fault() -> str:
            control = self.field(label, step)
            if control.get_attribute("aria-invalid") != "true":
                return ""
            described = (control.get_attribute("aria-describedby") or "").split()
            return " ".join(self.browser.find_element(By.ID, one).text for one in described).strip()

        return self._when(fault, f"a fault at {label}; there is: {self.text}")

    def focused(self) -> WebElement:
        """What has the focus."""
        return self.browser.switch_to.active_element

    # What a person does

    def type(self, label: str, text: str, step: str = "") -> None:
        """Type into a field, in place of what it held."""

        def act() -> bool:
            control = self.field(label, step)
            # As a person empties it: clearing by the driver tells the page nothing.
            control.send_keys(Keys.CONTROL + "a", Keys.DELETE)
            control.send_keys(text)
            return True

        self._when(act, f"typing into {label}")

    def paste(self, label: str, text: str) -> None:
        """Paste a long text into a field."""
        self.browser.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
            self.field(label),
            text,
        )

    def choose(self, label: str, option: str, step: str = "") -> None:
        """Choose by the words of an option."""

        def act() -> bool:
            Select(self.field(label, step)).select_by_visible_text(option)
            return True

        self._when(act, f"{option} at {label}")

    def press(self, text: str) -> None:
        """Press a button."""
        self._click(lambda: self.button(text), text)

    def follow(self, text: str) -> None:
        """Follow a link."""
        self._click(lambda: self.link(text), text)

    def click(self, css: str) -> None:
        """Click the first element that fits."""
        self._click(lambda: self.find(css), css)

    def unfold(self, step: str) -> None:
        """Open the types and statuses of a step that the page closed over its proposals."""
        self.click(f"[data-step={step}] .mapping:not([open]) > summary")

    def choose_area(self, name: str) -> None:
        """Search for an area and take the first one found."""
        search = self.find("input[type=search]")
        search.clear()
        search.send_keys(name)
        self._click(lambda: self.find("[role=treeitem]"), name)

    def keys(self, *keys: str) -> None:
        """Press keys, where the focus is."""
        ActionChains(self.browser).send_keys(*keys).perform()

    def hold(self, modifier: str, key: str) -> None:
        """Press a key while another is held."""
        ActionChains(self.browser).key_down(modifier).send_keys(key).key_up(modifier).perform()

    def tab_to(self, is_there: Callable[[WebElement], bool], most: int = 60) -> WebElement:
        """Press Tab until something has the focus."""
        for _ in range(most):
            with suppress(StaleElementReferenceException):
                if is_there(self.focused()):
                    return self.focused()
            self.keys(Keys.TAB)
        raise AssertionError(f"Tab did not get there; it is at {self.focused().get_attribute('outerHTML')}")

    def resize(self, width: int, height: int = 900, *, scheme: str = "light") -> None:
        """Show the page in a window of this size and in light or dark colours."""
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        self._prefer(scheme)

    def _prefer(self, scheme: str) -> None:
        """Colours, and always calm: what glides into its place keeps a test waiting and a machine busy."""
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def grave_faults(self, *rules: str) -> list[str]:
        """What axe-core finds serious or critical, with where; by these rules alone if any are given."""
        if not AXE_SCRIPT.exists():
            raise AssertionError(f"{AXE_SCRIPT} is missing: python dev.py test installs it")
        if not self.browser.execute_script("return Boolean(window.axe)"):
            self.browser.execute_script(AXE_SCRIPT.read_text(encoding="utf-8"))
        result: dict[str, Any] = self.browser.execute_async_script(
            "const [rules, done] = arguments;"
            "axe.run(document, {resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})})"
            ".then((found) => done(found), (error) => done({error: String(error)}))",
            rules,
        )
        assert "error" not in result, result["error"]
        grave = (one for one in result["violations"] if one["impact"] in ("serious", "critical"))
        return [
            f"{one['id']}: {json.dumps([node['html'][:200] for node in one['nodes'][:3]])}" for one in grave
        ]

    # Waiting

    def _by_text(self, css: str, text: str) -> WebElement:
        script = (
            "return [...document.querySelectorAll(arguments[0])].find((one) => one.getClientRects().length"
            " && one.innerText.replace(/^\\W+/, '').startsWith(arguments[1])) ?? null"
        )
        return self._when(lambda: self._element(script, css, text), f"{css} “{text}”")

    def _element(self, script: str, *arguments: Any) -> WebElement | None:
        found: WebElement | None = self.browser.execute_script(script, *arguments)
        return found

    def _click(self, find: Callable[[], WebElement], what: str) -> None:
        def act() -> bool:
            element = find()
            if element.get_attribute("aria-disabled") == "true" or not element.is_enabled():
                return False
            self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True

        self._when(act, f"pressing {what}")

    def _when(self, look: Callable[[], _T | None], what: str) -> _T:
        """What `look` answers once that is something."""
        found: list[_T] = []

        def is_there() -> bool:
            try:
                answer = look()
            except _MOVING:
                return False
            if answer:
                found.append(answer)
            return bool(answer)

        self._until(is_there, lambda: f"{what}; shown is: {self.text[:3000]}")
        return found[-1]

    def _until(self, is_so: Callable[[], bool], what: Callable[[], str]) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline, f"not within {SECONDS} s: {what()}"
            time.sleep(0.06)
