"""The registry of log events, and how the rest of `shared`, and the operator's command, use it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import log_events
from shared.log_events import Level, LogEvent

SHARED = Path(__file__).parents[2] / "shared"
OPERATE = SHARED.parent / "operate"
REGISTRY = SHARED / "log_events.py"
EVENTS = {name: event for name, event in vars(log_events).items() if isinstance(event, LogEvent)}


def users_of_the_registry() -> Iterator[tuple[Path, ast.AST]]:
    """Every syntax node of `shared` and `operate` but the registry's own."""
    for path in sorted([*SHARED.rglob("*.py"), *OPERATE.rglob("*.py")]):
        if path != REGISTRY:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
                yield path, node


@pytest.mark.parametrize("constant", EVENTS)
def test_a_constant_is_called_as_its_event(constant: str) -> None:
    event = EVENTS[constant]

    assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*", event.name)
    assert constant.removesuffix("_FAILED") == re.sub("[.-]", "_", event.name).upper().removesuffix("_FAILED")


def test_events_that_share_a_name_differ_in_level() -> None:
    times = Counter((event.name, event.level) for event in EVENTS.values())

    assert set(times.values()) == {1}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_is_explained_in_sentences_that_fit_into_a_table(event: LogEvent) -> None:
    for text in (event.meaning, event.remedy):
        assert not text or text.endswith(".")
        assert "|" not in text
        assert "\n" not in text
    assert event.meaning


@pytest.mark.parametrize("event", [event for event in EVENTS.values() if event.level is Level.ERROR])
def test_an_error_says_what_to_do(event: LogEvent) -> None:
    assert event.remedy


def test_every_event_is_used() -> None:
    used = {
        name
        for _, node in users_of_the_registry()
        for name in (getattr(node, "id", None), getattr(node, "attr", None))
        if name in EVENTS
    }

    assert used == set(EVENTS)


def test_an_event_is_made_in_the_registry_alone() -> None:
    made_elsewhere = [
        f"{path.name}:{node.lineno}"
        for path, node in users_of_the_registry()
        if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] == "LogEvent"
    ]

    assert made_elsewhere == []


def test_nobody_logs_an_event_by_a_text() -> None:
    by_text = [
        f"{path.name}:{node.lineno}"
        for path, node in users_of_the_registry()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add"
        and re.search(r"(\blog|_log)$", ast.unparse(node.func.value))
        and not isinstance(node.args[0], ast.Name | ast.Attribute | ast.Subscript | ast.IfExp)
    ]

    assert by_text == []


def test_the_remedy_of_an_entry_is_that_of_its_event_and_level() -> None:
    assert log_events.remedy_of("azure-devops.request", Level.WARNING) == "Read the entry that follows."
    assert log_events.remedy_of("azure-devops.request", Level.INFO) == ""
    assert log_events.remedy_of("no-such.event", Level.ERROR) == ""


@pytest.mark.parametrize(
    ("event", "code", "remedy"),
    [
        (
            "operation.failed",
            "azure_devops_forbidden",
            "Ask an administrator for the right that the message names.",
        ),
        ("operation.failed", "of_a_newer_version", "Follow the remedy in *Error codes*."),
        ("operation.failed", "", "Follow the remedy in *Error codes*."),
        (
            "work-item.failed",
            "azure_devops_rule_violation",
            "Correct the field that the message names, in the integration or in Aha!. Then send the feature again.",
        ),
        ("attachment.failed", "aha_not_found", "Correct what the message names, then send again."),
    ],
)
def test_the_remedy_of_an_error_is_that_of_its_code(event: str, code: str, remedy: str) -> None:
    assert log_events.remedy_of(event, Level.ERROR, code) == remedy
