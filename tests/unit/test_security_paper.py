"""docs/security.md names for each answer a test, and the test is there."""

from __future__ import annotations

import re

import pytest

from tests.openapi import ROOT, Contract
from tests.unit.test_papers import rows

PAPER = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"tests/[\w/]+\.py", PAPER)))
TABLES = (
    "## Entry points",
    "## Who may do what",
    "## Addresses",
    "## Texts, bodies and files",
    "## Time and load",
    "## Secrets",
)


@pytest.mark.parametrize("path", NAMED)
def test_each_file_that_it_names_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("heading", TABLES)
def test_each_row_of_a_table_names_its_test(heading: str) -> None:
    for row in rows("docs/security.md", heading):
        assert re.search(r"tests/[\w/]+\.py", row[-1]), row[0]
        assert all(row), row[0]


def test_it_has_every_entry_point_of_the_api() -> None:
    points = " ".join(row[0] for row in rows("docs/security.md", "## Entry points"))

    for path in Contract.load().document["paths"]:
        first = path.strip("/").split("/")[0]
        assert f"/api/{first}" in points, path


def test_the_readme_leads_to_it() -> None:
    assert "(docs/security.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
