"""The app refuses a blank id, name or cursor, and so does openapi.yaml: a generated client can tell beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.integration_input import UrlRules, read_integration
from shared.domain.records import read_feature
from shared.errors import InvalidRequest
from shared.features.listing import read_list_query
from tests.openapi import Contract

CONTRACT = Contract.load()
SCHEMAS = CONTRACT.document["components"]["schemas"]
BLANKS = ["", " ", "\t\n"]


def saved(body: dict[str, Any]) -> None:
    """As a PUT of an integration reads it."""
    read_integration("web", body, None, UrlRules("https://dev.azure.com", allow_local=False))


def an_integration(name: str = "Web", product_id: str = "PROD", **parts: Any) -> dict[str, Any]:
    return {"name": name, "product_id": product_id, **parts}


def mapped(state: str) -> dict[str, Any]:
    return an_integration(feature={"status_mapping": {state: "Shipped"}})


def a_feature(feature_id: str, requirement_id: str = "2", file_id: str = "3") -> dict[str, Any]:
    files = [{"id": file_id, "file_name": "a.png"}]
    return {
        "feature": {
            "id": feature_id,
            "name": "Pay by card",
            "attachments": files,
            "requirements": [{"id": requirement_id, "name": "Ask the bank"}],
        }
    }


BODIES: dict[str, tuple[str, Callable[[Any], Any], Callable[[str], dict[str, Any]]]] = {
    "the name of an integration": ("IntegrationInput", saved, lambda text: an_integration(name=text)),
    "a product": ("IntegrationInput", saved, lambda text: an_integration(product_id=text)),
    "a state": ("IntegrationInput", saved, mapped),
    "the id of a feature": ("FeatureEvent", read_feature, a_feature),
    "the id of a requirement": (
        "FeatureEvent",
        read_feature,
        lambda text: a_feature("1", requirement_id=text),
    ),
    "the id of a file": ("FeatureEvent", read_feature, lambda text: a_feature("1", file_id=text)),
}
"""The schema, how the app reads the body, and the body with a text in this place."""


@pytest.mark.parametrize("place", BODIES)
def test_a_text_is_taken_by_both(place: str) -> None:
    schema, read, body = BODIES[place]

    read(body("Something"))
    assert CONTRACT.faults(body("Something"), SCHEMAS[schema]) == []


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("place", BODIES)
def test_a_blank_is_taken_by_neither(place: str, blank: str) -> None:
    schema, read, body = BODIES[place]

    with pytest.raises(InvalidRequest):
        read(body(blank))
    assert CONTRACT.faults(body(blank), SCHEMAS[schema]) != []


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_cursor_is_no_cursor(blank: str) -> None:
    with pytest.raises(InvalidRequest):
        read_list_query({"after": blank})
    for path, name in (("log", "before"), ("features", "after")):
        parameters = CONTRACT.document["paths"][f"/integrations/{{integration_id}}/{path}"]["get"][
            "parameters"
        ]
        schema = next(one["schema"] for one in parameters if one["name"] == name)
        assert CONTRACT.faults(blank, schema) != []
        assert CONTRACT.faults("OTgyMDQ1", schema) == []
