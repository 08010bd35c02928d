"""Checks each answer of our HTTP API against openapi.yaml, and at the end whether tests have seen each one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.openapi import Contract

CONTRACT = Contract.load()

NOT_PROVOKED: dict[tuple[str, int], str] = {
    ("unlinkFeature", 409): "It takes a send that changes the link between two requests to Table Storage.",
}
"""Documented answers that no end-to-end test brings about, by operation id and status, with the reason."""

_seen: set[tuple[str, int]] = set()
"""Operation id and status of each answer that this process checked."""


def check_answer(answer: requests.Response) -> None:
    """Fail unless openapi.yaml describes this answer. What is not below /api, such as /admin, is none of ours."""
    if not str(urlsplit(answer.request.url or "").path).startswith("/api/"):
        return
    operation = CONTRACT.check(answer)
    if operation is not None:
        _seen.add((operation.id, answer.status_code))


def unseen_answers(seen: Collection[tuple[str, int]]) -> list[str]:
    """The documented answers that are neither among these nor in NOT_PROVOKED."""
    documented = {(one.id, status) for one in CONTRACT.operations for status in one.responses}
    return [f"{name} {status}" for name, status in sorted(documented - set(seen) - NOT_PROVOKED.keys())]


def unseen_operations(seen: Collection[tuple[str, int]]) -> list[str]:
    """The documented operations that none of these answers is of."""
    return sorted({one.id for one in CONTRACT.operations} - {name for name, _ in seen})


class SeenAnswers:
    """A plugin of pytest: a run of all end-to-end tests fails if a documented answer was not seen in it.

    In a run of the contract set, each operation has to be seen once. A run of fewer tests is not judged.
    """

    def __init__(self, config: pytest.Config, end_to_end_tests: Path) -> None:
        self._config = config
        self._end_to_end_tests = end_to_end_tests
        self._seen: set[tuple[str, int]] = set()
        self._scope = ""
        self._unseen: list[str] = []
        self._left_out: set[Path] = set()

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Note the files of the tests that were collected and are not run."""
        self._left_out |= {item.path for item in items}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Find out whether all end-to-end tests are run, or the whole contract set."""
        collected = {item.path for item in session.items} | self._left_out
        names_single_tests = any("::" in argument for argument in self._config.args)
        if names_single_tests or not collected.issuperset(self._end_to_end_tests.glob("test_*.py")):
            return
        option = self._config.option
        if option.collectonly:
            return
        if not self._left_out:
            self._scope = "every documented answer"
        elif option.markexpr == "contract" and not option.keyword:
            self._scope = "every operation"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what one of the processes that share the tests has seen."""
        output = getattr(node, "workeroutput", {})
        self._seen |= {(name, status) for name, status in output.get("seen_answers", ())}
        self._scope = output.get("scope_of_answers", "")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a run that passed but for the answers that were not seen."""
        self._seen |= _seen
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output |= {"seen_answers": sorted(self._seen), "scope_of_answers": self._scope}
            return
        if exitstatus != pytest.ExitCode.OK or not self._scope:
            return
        is_whole = self._scope == "every documented answer"
        self._unseen = unseen_answers(self._seen) if is_whole else unseen_operations(self._seen)
        if self._unseen:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what was not seen."""
        if self._unseen:
            terminalreporter.section("openapi.yaml", red=True)
            terminalreporter.line(
                f"These tests should have seen {self._scope}. Not seen: {', '.join(self._unseen)}."
            )
