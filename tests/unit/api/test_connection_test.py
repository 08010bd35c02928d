"""What the connection test reads, validates and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.api.connection_test import all_area_paths, combined_answer, validated_create
from shared.domain.integration import RecordMapping
from shared.domain.kind import Kind
from tests.unit.examples import an_integration

CREDENTIALS = {"name": "credentials", "ok": True, "detail": "The token is accepted."}
AZURE_DEVOPS = {
    "ok": True,
    "account_name": "fabrikam",
    "account_url": "https://dev.azure.com/fabrikam",
    "projects": [{"id": "1", "name": "Fabrikam"}],
    "project": None,
    "checks": [CREDENTIALS],
}
AHA = {"ok": True, "user": {"name": "Ana Lima", "email": "ana@fabrikam.com"}, "products": [{"id": "7"}]}
AHA_CHECK = {
    "name": "aha",
    "ok": True,
    "detail": "Aha! accepts the token of Ana Lima, who can see 1 products.",
}


def test_azure_devops_alone_is_answered_without_aha() -> None:
    assert combined_answer(AZURE_DEVOPS, None) == AZURE_DEVOPS


def test_the_check_of_aha_comes_last() -> None:
    answer = combined_answer(AZURE_DEVOPS, AHA)

    assert answer == {**AZURE_DEVOPS, "checks": [CREDENTIALS, AHA_CHECK], "aha": AHA}
    assert AZURE_DEVOPS["checks"] == [CREDENTIALS], "what was found is not changed"


def test_aha_alone_is_answered_with_nothing_of_azure_devops() -> None:
    assert combined_answer(None, AHA) == {
        "ok": True,
        "account_name": None,
        "account_url": None,
        "projects": [],
        "project": None,
        "checks": [AHA_CHECK],
        "aha": AHA,
    }
    assert combined_answer(None, None)["checks"] == [], "an answer keeps nothing of the one before"


@pytest.mark.parametrize(
    ("kind", "record", "default"),
    [(Kind.FEATURE, "feature", "Platform"), (Kind.REQUIREMENT, "requirement", "Shop")],
)
def test_the_validated_create_is_the_one_of_a_send(kind: Kind, record: str, default: str) -> None:
    integration = an_integration(
        feature=RecordMapping("Feature", {}, {"Custom.Team": "Platform"}),
        requirement=RecordMapping("User Story", {}, {"Custom.Team": "Shop"}),
    )

    document = validated_create(kind, integration, "https://connector.fabrikam.com")

    assert {step["path"]: step["value"] for step in document if step["path"].startswith("/fields/")} == {
        "/fields/System.Title": "Connection test of Fabrikam web",
        "/fields/System.Description": "<p></p>",
        "/fields/System.AreaPath": "Fabrikam\\Web",
        "/fields/Custom.Team": default,
    }
    (marker,) = (step["value"] for step in document if step["path"] == "/relations/-")
    assert marker["rel"] == "Hyperlink"
    assert marker["attributes"] == {
        "comment": f"Sent from Aha! by integration fabrikam-web, {record} 0",
    }


class Tree:
    """Areas that are answered two levels deep, as Azure DevOps cuts a deep tree."""

    def __init__(self, below: Mapping[str, Any]) -> None:
        self._below = below
        self.asked: list[str] = []

    def __call__(self, path: str) -> Mapping[str, Any]:
        self.asked.append(path)
        found, name = self._below, "Fabrikam"
        for name in path.split("/") if path else ():
            found = found[name]
        return self._node(name, found, 2)

    def _node(self, name: str, below: Mapping[str, Any], depth: int) -> dict[str, Any]:
        node: dict[str, Any] = {"name": name, "hasChildren": bool(below)}
        if below and depth:
            node["children"] = [self._node(child, below[child], depth - 1) for child in below]
        return node


def test_the_areas_of_a_shallow_project_cost_one_request() -> None:
    tree = Tree({"web": {"Cart": {}}, "Shop": {}})

    assert all_area_paths(tree) == ["Fabrikam", "Fabrikam\\Shop", "Fabrikam\\web", "Fabrikam\\web\\Cart"]
    assert tree.asked == [""]


def test_areas_that_an_answer_leaves_out_are_read_below_their_parents() -> None:
    tree = Tree({"Web": {"Cart": {"Pay": {"Card": {"Chip": {}}}}, "Find": {"Index": {}}}})

    assert all_area_paths(tree) == [
        "Fabrikam",
        "Fabrikam\\Web",
        "Fabrikam\\Web\\Cart",
        "Fabrikam\\Web\\Cart\\Pay",
        "Fabrikam\\Web\\Cart\\Pay\\Card",
        "Fabrikam\\Web\\Cart\\Pay\\Card\\Chip",
        "Fabrikam\\Web\\Find",
        "Fabrikam\\Web\\Find\\Index",
    ]
    assert sorted(tree.asked) == ["", "Web/Cart", "Web/Cart/Pay/Card", "Web/Find"]
