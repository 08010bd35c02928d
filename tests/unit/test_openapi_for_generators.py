"""openapi.yaml is written so that generators of clients lose nothing of it; tests/clients runs two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.openapi import Contract

CONTRACT = Contract.load()
SCHEMAS: Mapping[str, Mapping[str, Any]] = CONTRACT.document["components"]["schemas"]
SOMETIMES_LEFT_OUT = {
    ("Integration", "health"): "only there in answers of GET",
    ("IntegrationList", "unreadable"): "only there when the row of an integration cannot be read",
    ("ConnectionTestResult", "aha"): "only there when Aha! was asked for",
    ("AhaSettings", "integration_id"): "only there when one was chosen",
    ("AzureDevOpsSettings", "token_expires_on"): "only there when it was given",
    ("RecordMapping", "description_field"): "only there when one was chosen",
    ("Problem", "errors"): "only there with invalid_request",
}
"""Keys that an answer does not always have, with the reason."""


def nodes(node: Any) -> Iterator[Mapping[str, Any]]:
    """A node and all nodes below it."""
    if isinstance(node, Mapping):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from nodes(inner)


def names_below(node: Any) -> Iterator[str]:
    """The names of all schemas that a node leads to."""
    for one in nodes(node):
        if "$ref" in one:
            name = one["$ref"].rsplit("/", 1)[1]
            yield name
            yield from names_below(SCHEMAS[name])


def bodies() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema of a JSON body, with the operation's id."""
    for operation in CONTRACT.operations:
        for content in (operation.request, *(one.get("content", {}) for one in operation.responses.values())):
            for media_type, media in content.items():
                if media_type.endswith("json"):
                    yield operation.id, media["schema"]


def test_every_body_has_a_named_schema() -> None:
    for operation_id, schema in bodies():
        alternatives = schema.get("oneOf", [schema])
        assert all("$ref" in one for one in alternatives), operation_id


def test_what_narrows_a_named_schema_stands_beside_its_reference() -> None:
    # Generators pass over what is beside a $ref. They fail on the same in an allOf.
    for operation_id, schema in bodies():
        assert "allOf" not in schema, operation_id


def test_objects_inside_others_have_a_name() -> None:
    for name, schema in SCHEMAS.items():
        places = [part for part in (schema, *schema.get("allOf", ())) if "properties" in part]
        for value in (value for place in places for value in place["properties"].values()):
            for inner in nodes(value):
                assert inner.get("type") != "object", f"{name}: {value}"


def test_no_schema_has_a_default() -> None:
    # A generator for TypeScript takes a key with a default for one that is always there, in a request too.
    assert [name for name, schema in SCHEMAS.items() if any("default" in one for one in nodes(schema))] == []


def test_an_answer_has_no_other_keys_and_all_of_its_own() -> None:
    answers = [
        content["schema"]
        for operation in CONTRACT.operations
        for response in operation.responses.values()
        for content in response.get("content", {}).values()
    ]
    for name in set(names_below(answers)):
        schema = SCHEMAS[name]
        if "properties" in schema:
            optional = {key for owner, key in SOMETIMES_LEFT_OUT if owner == name}
            assert schema["additionalProperties"] is False, name
            assert set(schema["properties"]) - set(schema["required"]) == optional, name


def test_operation_ids_are_names_of_functions() -> None:
    ids = [one.id for one in CONTRACT.operations]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z]+([A-Z][a-z]+)+", one) for one in ids)


def test_an_answer_of_the_platform_has_no_body() -> None:
    for operation in CONTRACT.operations:
        assert (401 in operation.responses) == operation.needs_key, operation.id
        if operation.needs_key:
            assert operation.responses[401].keys() == {"description"}, operation.id
