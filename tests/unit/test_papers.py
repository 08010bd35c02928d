"""The papers, openapi.yaml and the sample settings say what the code says."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from operate.exit_codes import ExitCode
from operate.faults import Fault
from shared import log_events
from shared.domain import token_end
from shared.error_remedies import REMEDIES
from shared.errors import LinkChanged, OperationFailed, Refused, RevisionConflict, System, Unavailable
from shared.log_events import LogEvent
from shared.settings import DECLARATIONS
from shared.statuses import STATUSES
from shared.version import VERSION
from tests.openapi import ROOT, Contract

CONTRACT = Contract.load()
API_PAPER = (ROOT / "docs/api.md").read_text(encoding="utf-8")
PAPERS = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "extension/README.md")
)
LARGEST_PICTURE = 300_000


MOST_LINES_OF_THE_README = 250


def section(paper: str, heading: str) -> str:
    """A section of a paper, up to the next heading of the same or a higher level."""
    text = "\n" + (ROOT / paper).read_text(encoding="utf-8")
    level = heading.split(" ")[0]
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    following = re.search(rf"^#{{1,{len(level)}}} ", text[start:], re.MULTILINE)
    return text[start : start + following.start()] if following else text[start:]


def rows(paper: str, heading: str) -> list[list[str]]:
    """The rows of a section's first table, without its head; code marks are taken away."""
    table = re.search(r"^\| .*?(?=\n\n|\Z)", section(paper, heading), re.MULTILINE | re.DOTALL)
    assert table is not None
    cells = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table[0].splitlines()
    ]
    return cells[2:]


def first_column(paper: str, heading: str) -> set[str]:
    return {row[0] for row in rows(paper, heading)}


def syntax_trees(folder: str) -> Iterator[ast.AST]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def calls(folder: str) -> Iterator[ast.Call]:
    for tree in syntax_trees(folder):
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def text_of(node: ast.expr) -> str:
    """A text as it stands in the code, `{}` for what is only known when the program runs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return "{}"


def error_codes() -> dict[str, type[OperationFailed]]:
    """Every code that an answer can have. Storage refuses nothing: whatever it says, it is unavailable."""

    def below(kind: type[OperationFailed]) -> Iterator[type[OperationFailed]]:
        yield kind
        for inner in kind.__subclasses__():
            yield from below(inner)

    never_leave = (RevisionConflict, LinkChanged)
    codes: dict[str, type[OperationFailed]] = {}
    for kind in below(OperationFailed):
        if issubclass(kind, Refused):
            if kind is not Refused:
                codes |= {
                    f"{system.value}_{kind.reason}": kind for system in (System.AZURE_DEVOPS, System.AHA)
                }
        elif issubclass(kind, Unavailable):
            codes |= {f"{system.value}_unavailable": kind for system in System}
        elif kind not in never_leave:
            codes.setdefault(kind.code, kind)
    return codes


def test_openapi_yaml_is_a_valid_document() -> None:
    validate(CONTRACT.document)


def test_openapi_yaml_has_the_version_of_the_app() -> None:
    assert CONTRACT.document["info"]["version"] == VERSION


def _examples() -> list[Any]:
    return [pytest.param(value, schema, id=name) for name, value, schema in CONTRACT.examples()]


@pytest.mark.parametrize(("value", "schema"), _examples())
def test_every_example_in_openapi_yaml_is_as_its_schema_says(value: Any, schema: Mapping[str, Any]) -> None:
    assert CONTRACT.faults(value, schema) == []


def test_openapi_yaml_has_the_routes_and_methods_of_the_functions_and_no_others() -> None:
    served: set[tuple[str, str]] = set()
    with_optional_end: set[tuple[str, str]] = set()
    for path in ROOT.glob("*/function.json"):
        for binding in json.loads(path.read_text(encoding="utf-8"))["bindings"]:
            if binding["type"] != "httpTrigger":
                continue
            whole = re.sub(r"\{(\w+)\?\}$", r"{\1}", f"/{binding['route']}")
            served |= {(method.upper(), whole) for method in binding["methods"]}
            if binding["route"].endswith("?}"):
                shorter = whole.rsplit("/", 1)[0]
                with_optional_end |= {(method.upper(), shorter) for method in binding["methods"]}
    described = {(one.method, one.path) for one in CONTRACT.operations}

    assert served <= described
    assert described <= served | with_optional_end


def test_openapi_yaml_asks_for_a_key_where_the_function_does() -> None:
    levels = {}
    for path in ROOT.glob("*/function.json"):
        for binding in json.loads(path.read_text(encoding="utf-8"))["bindings"]:
            if binding["type"] == "httpTrigger":
                whole = f"/{binding['route']}".replace("?}", "}")
                levels[whole] = binding["authLevel"]
                if binding["route"].endswith("?}"):
                    levels[whole.rsplit("/", 1)[0]] = binding["authLevel"]
    for operation in CONTRACT.operations:
        assert operation.needs_key == (levels[operation.path] == "function"), operation.id


def test_openapi_yaml_has_every_error_code() -> None:
    schemas = CONTRACT.document["components"]["schemas"]

    assert set(schemas["ErrorCode"]["enum"]) == set(error_codes())
    assert schemas["TokenCode"]["enum"] == [token_end.EXPIRING, token_end.EXPIRED]


def test_docs_troubleshooting_md_explains_every_error_code() -> None:
    assert first_column("docs/troubleshooting.md", "## Error codes") == set(error_codes())


def test_docs_troubleshooting_md_says_what_the_log_says_to_do_about_each_error_code() -> None:
    said: dict[str, list[str]] = {}
    for code, _, _, remedy in rows("docs/troubleshooting.md", "## Error codes"):
        said.setdefault(code, []).append(remedy)

    assert set(REMEDIES) == set(error_codes())
    assert [code for code, remedy in REMEDIES.items() if remedy not in said[code]] == []


def test_docs_troubleshooting_md_gives_each_error_code_its_status() -> None:
    kinds = error_codes()
    only_of_webhooks = {
        code for code, kind in kinds.items() if code.startswith("aha_") and issubclass(kind, Refused)
    }
    listed = {
        (code, int(status))
        for code, status, *_ in rows("docs/troubleshooting.md", "## Error codes")
        if code not in only_of_webhooks
    }
    webhook_gone = {("integration_not_found", 410)}

    assert listed - webhook_gone == {
        (code, next(status for base, status in STATUSES if issubclass(kind, base)))
        for code, kind in kinds.items()
        if code not in only_of_webhooks
    }


def test_docs_troubleshooting_md_begins_the_error_of_a_file_as_the_app_does() -> None:
    texts = [
        text_of(node)
        for tree in syntax_trees("shared")
        for node in ast.walk(tree)
        if isinstance(node, (ast.Constant, ast.JoinedStr))
    ]
    fixed_beginnings = [text.partition("{}")[0] for text in texts if " " in text.partition("{}")[0]]

    for beginning in (row[0].strip("*") for row in rows("docs/troubleshooting.md", "# Troubleshooting")):
        assert any(
            fixed.startswith(beginning) or beginning.startswith(fixed) for fixed in fixed_beginnings
        ), beginning


def test_docs_log_events_md_lists_them_as_the_registry_has_them() -> None:
    events = [event for event in vars(log_events).values() if isinstance(event, LogEvent)]

    assert rows("docs/log-events.md", "# Log events") == [
        [event.name, event.level.value, event.meaning, event.remedy] for event in events
    ]


def test_docs_operate_md_lists_the_faults_and_the_exit_codes_of_the_operators_command() -> None:
    assert rows("docs/operate.md", "## Check and repair") == [
        [fault.title, fault.remedy.value.strip("`"), fault.what_to_do] for fault in Fault
    ]
    assert first_column("docs/operate.md", "## Before you begin") == {str(code.value) for code in ExitCode}


def test_docs_troubleshooting_md_and_openapi_yaml_have_every_reason_of_the_webhook() -> None:
    described = set(CONTRACT.document["components"]["schemas"]["ReceivedReason"]["enum"])
    texts = {
        node.value
        for folder in ("shared/receiving", "shared/domain")
        for tree in syntax_trees(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    given = {
        text_of(argument)
        for folder in ("shared/receiving", "shared/domain")
        for call in calls(folder)
        for argument in call.args
        if ast.unparse(call.func).rsplit(".", 1)[-1] in ("_ignored", "Ignored", "Received", "_unchanged")
        and isinstance(argument, ast.Constant)
    }
    words = {word for word in given if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)}

    assert first_column("docs/troubleshooting.md", "## Reasons of ignored notifications") == described
    assert words <= described
    assert described <= texts


def test_docs_settings_md_lists_every_setting_with_its_default() -> None:
    listed = {name: default for name, default, *_ in rows("docs/settings.md", "# Settings")}

    assert set(listed) == {one.name for one in DECLARATIONS}
    for declaration in DECLARATIONS:
        if declaration.default is not None:
            assert listed[declaration.name] == declaration.default


def test_the_sample_settings_have_every_setting() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]

    assert {one.name for one in DECLARATIONS} <= set(sample)
    for declaration in DECLARATIONS:
        if declaration.default is not None:
            assert sample[declaration.name] == declaration.default


def headings_of(document: str) -> set[str]:
    """What links to the headings of a document end with."""
    return {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in document.splitlines()
        if re.match(r"#+ ", line)
    }


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_what_a_paper_links_to_exists(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / paper).read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, heading = target.partition("#")
        path = (ROOT / paper.parent / name) if name else ROOT / paper
        assert path.is_file(), target
        assert not heading or heading in headings_of(path.read_text(encoding="utf-8")), target


def test_docs_api_md_lists_every_call() -> None:
    listed = re.findall(r"^\| (`[A-Z].*?) \|", API_PAPER, re.MULTILINE)
    calls = {
        (method, line.rstrip("`").split("/api")[1])
        for line in listed
        for method in re.findall("[A-Z]{3,}", line.split("/api")[0])
    }

    assert calls == {(one.method, one.path) for one in CONTRACT.operations if one.id != "getConsoleFile"}


def test_docs_api_md_installs_what_the_tests_use() -> None:
    of_python = re.findall(r"^pip install (\S+)$", API_PAPER, re.MULTILINE)
    of_node = re.findall(r"(?<= )([a-z][a-z-]+)@([\d.]+)", API_PAPER)
    package = json.loads((ROOT / "local/clients/package.json").read_text(encoding="utf-8"))

    assert of_python
    assert set(of_python) <= set(
        re.split(r"[;\s]+", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8"))
    )
    assert {*dict(of_node), "@types/node"} == package["dependencies"].keys()
    assert dict(of_node).items() <= package["dependencies"].items()


def test_the_readme_is_read_in_five_minutes() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= MOST_LINES_OF_THE_README


def test_the_readme_leads_to_every_paper() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [str(paper) for paper in PAPERS if paper.parts[0] == "docs" and f"({paper})" not in readme] == []


def test_pictures_are_small() -> None:
    pictures = list(Path(ROOT / "docs/pictures").glob("*.png"))

    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name


def test_the_changelog_has_a_place_for_what_is_not_released_yet() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert changelog.startswith("# Changelog\n")
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)
