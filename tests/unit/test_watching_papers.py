"""What watches the app rests on what the app writes: alerts, queries, host.json and docs/watch.md."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from shared import log_events
from shared.admission import MOST_NOTIFICATIONS, MOST_SENDS, MOST_WAITING_NOTIFICATIONS
from shared.log_events import LogEvent
from shared.operation_line import SCHEMA, OperationLine, Outcome
from shared.operation_outcome import OperationKind
from tests.openapi import ROOT
from tests.unit.test_papers import error_codes

INFRA = ROOT / "infra"
ALERTS = (INFRA / "alerts.bicep").read_text(encoding="utf-8")
MAIN = (INFRA / "main.bicep").read_text(encoding="utf-8")
WORKBOOK = (INFRA / "workbook.bicep").read_text(encoding="utf-8")
WATCH = (ROOT / "docs/watch.md").read_text(encoding="utf-8")
HOST = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
QUERIES = {path.name: path.read_text(encoding="utf-8") for path in sorted((INFRA / "queries").glob("*.kql"))}
FUNCTIONS = {path.parent.name for path in ROOT.glob("*/function.json")}
FIELDS = {field.name for field in dataclasses.fields(OperationLine)}
EVENTS = {event.name for event in vars(log_events).values() if isinstance(event, LogEvent)}

QUESTIONS = ["outcomes.kql", "sends.kql", "notifications.kql", "problems.kql", "limits.kql"]


def texts() -> dict[str, str]:
    """Everything that reads the line."""
    return {**QUERIES, "alerts.bicep": ALERTS.replace("\\'", "'")}


@pytest.mark.parametrize("name", [*QUESTIONS, "alerts.bicep"])
def test_a_query_reads_fields_events_and_codes_that_are_written(name: str) -> None:
    text = texts()[name]
    read = set(re.findall(r"\bLine\.(\w+)", text))

    assert read
    assert read <= FIELDS
    assert set(re.findall(r'Line\.events\["([^"]+)"\]', text)) <= EVENTS
    assert set(re.findall(r'Line\.codes\["([^"]+)"\]', text)) <= set(error_codes())


@pytest.mark.parametrize("name", [*QUESTIONS, "alerts.bicep"])
def test_a_query_compares_with_words_that_are_written(name: str) -> None:
    text = texts()[name]
    words = {
        "outcome": {outcome.value for outcome in Outcome},
        "kind": {kind.value for kind in OperationKind},
        "function": FUNCTIONS,
    }
    for field, known in words.items():
        named = rf"(?:Line\.{field}|{field.capitalize()})"
        compared = re.findall(rf'{named} == "([^"]+)"', text)
        for several in re.findall(rf"{named} in \(([^)]+)\)", text):
            compared += re.findall(r'"([^"]+)"', several)
        assert set(compared) <= known, field


def test_a_query_finds_the_line_by_its_beginning() -> None:
    beginning = f'startswith \'{{"schema":"{SCHEMA}"\''

    for name, text in texts().items():
        assert beginning in text, name
        assert text.count("AppTraces") == text.count(beginning), name


def test_the_workbook_asks_the_five_questions_of_the_documentation() -> None:
    titles = re.findall(r"title: '(.+)'\n    query: loadTextContent\('queries/(.+)'\)", WORKBOOK)
    asked = re.findall(r"^\| (.+\?) \| \[`(.+)`\]\(\.\./infra/queries/(.+)\) \|", WATCH, re.MULTILINE)

    assert [name for _, name in titles] == QUESTIONS == [*sorted(QUERIES, key=QUESTIONS.index)]
    assert [(title, name) for title, name, _ in asked] == titles
    assert all(name == path for _, name, path in asked)
    assert "module workbook 'workbook.bicep'" in MAIN


def test_the_documentation_has_each_field_of_the_line() -> None:
    section = WATCH.partition("## The line of an operation")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)

    assert rows == ["schema", *(field.name for field in dataclasses.fields(OperationLine))]
    for outcome in Outcome:
        assert f"`{outcome.value}`" in section
    example = json.loads(section.partition("```json\n")[2].partition("```")[0])
    assert list(example) == rows


def rules() -> list[tuple[str, str, str]]:
    """Name, body and threshold of each alert."""
    return re.findall(r"    name: '([a-z-]+)'\n(.*?)    moreThan: (\d+)\n", ALERTS, re.DOTALL)


def test_the_documentation_has_each_alert_with_what_it_looks_for() -> None:
    rows = dict(re.findall(r"^\| \*([a-z-]+)\* \| (.+) \|$", WATCH, re.MULTILINE))

    assert len(rules()) == 12
    assert list(rows) == [name for name, _, _ in rules()]
    for name, body, _ in rules():
        for sought in re.findall(r'\["([^"]+)"\]', body):
            assert f"`{sought}`" in rows[name], name


def test_the_alerts_find_the_line_of_what_they_are_about() -> None:
    """KQL is not run here, but each field that a rule needs can be told from the rule alone."""
    found = {name: set(re.findall(r"Line\.(\w+)", body)) for name, body, _ in rules()}

    assert found["failures"] == {"outcome", "status"}
    assert found["overloaded"] == {"outcome"}
    assert found["token-refused"] == {"codes"}
    assert found["hook-url"] == {"function", "status"}
    assert found["not-run"] == set()


def test_the_platform_keeps_every_line_and_nothing_of_a_url() -> None:
    insights = HOST["logging"]["applicationInsights"]
    levels = HOST["logging"]["logLevel"]

    # Without this, the request telemetry has the path of each call, and the webhook's token is in it.
    assert insights["httpAutoCollectionOptions"] == {"enableHttpTriggerExtendedInfoCollection": False}
    assert set(insights["samplingSettings"]["excludedTypes"].split(";")) == {"Request", "Exception", "Trace"}
    users = {name for name in levels if name.endswith(".User")}
    assert users == {f"Function.{name}.User" for name in FUNCTIONS}
    assert {levels[name] for name in users} == {"Information"}
    assert levels["default"] == levels["Function"] == "Warning"
    # The host logs the path of each request at the level Information.
    assert set(levels) - users == {"default", "Function", "Host.Results", "Host.Aggregator"}


def test_the_host_never_answers_429() -> None:
    http = HOST["extensions"]["http"]

    assert http["maxOutstandingRequests"] == http["maxConcurrentRequests"] == -1
    assert http["dynamicThrottlesEnabled"] is False


def test_the_limits_leave_threads_for_people_and_let_the_platform_start_more_instances() -> None:
    given = {
        name: int(value)
        for name, value in re.findall(
            r"^param (threadsPerInstance|requestsPerInstance) int = (\d+)$", MAIN, re.MULTILINE
        )
    }

    notifications = MOST_NOTIFICATIONS + MOST_WAITING_NOTIFICATIONS
    assert given["threadsPerInstance"] * 3 / 4 >= MOST_SENDS + notifications
    assert given["requestsPerInstance"] < notifications


def test_nothing_that_watches_is_left_without_a_reader() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    deploy = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")

    assert "docs/watch.md" in readme
    assert "](watch.md" in deploy
    assert {Path(name).name for name in re.findall(r"queries/([\w.]+)", WATCH)} == set(QUERIES)
