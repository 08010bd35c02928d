"""Products and workflow statuses of an Aha! account."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.aha_workflows import Product, ProductStatus, read_products, workflow_statuses

PRODUCT = {
    "id": "131414752",
    "reference_prefix": "PROD",
    "feature_workflow": {"id": "71", "type": "feature"},
    "requirement_workflow": {"id": "72", "type": "feature"},
}


def status(name: str, position: Any = 1, **more: Any) -> dict[str, Any]:
    """A status as Aha! answers it."""
    return {"id": f"id of {name}", "name": name, "position": position, "color": "#666666", **more}


WORKFLOWS = [
    {
        "id": 71,
        "workflow_statuses": [status("Shipped", 3, complete=True), status("New", 1), status("Doing", 2)],
    },
    {"id": 72, "workflow_statuses": [status("Open")]},
]


def names(product: dict[str, Any], kind: str, workflows: list[dict[str, Any]]) -> list[str]:
    return [item.name for item in workflow_statuses(product, kind, workflows)]


def test_statuses_are_listed_in_their_order() -> None:
    assert names(PRODUCT, "feature", WORKFLOWS) == ["New", "Doing", "Shipped"]


def test_the_workflow_is_found_by_id_even_if_its_type_is_another() -> None:
    assert names(PRODUCT, "requirement", WORKFLOWS) == ["Open"]


def test_statuses_with_the_same_position_are_sorted_by_name() -> None:
    workflows = [{"id": 71, "workflow_statuses": [status("B"), status("A"), status("C", None)]}]

    assert names(PRODUCT, "feature", workflows) == ["A", "B", "C"]


def test_a_status_has_id_name_colour_and_whether_it_is_complete() -> None:
    *_, shipped = workflow_statuses(PRODUCT, "feature", WORKFLOWS)

    assert shipped == ProductStatus("id of Shipped", "Shipped", "#666666", complete=True)


@pytest.mark.parametrize(
    ("product", "workflows"),
    [
        ({}, WORKFLOWS),
        ({"feature_workflow": None}, WORKFLOWS),
        ({"feature_workflow": {"id": "99"}}, WORKFLOWS),
        (PRODUCT, []),
        (PRODUCT, [{"id": "71"}]),
        (PRODUCT, [{"id": "71", "workflow_statuses": ["New", None]}]),
    ],
)
def test_without_the_workflow_there_are_no_statuses(
    product: dict[str, Any], workflows: list[dict[str, Any]]
) -> None:
    assert workflow_statuses(product, "feature", workflows) == []


def test_products_are_sorted_by_name_without_regard_to_case() -> None:
    products: list[dict[str, Any]] = [
        {"id": 2, "reference_prefix": "WEB", "name": "Web"},
        {"id": "1", "reference_prefix": "APP", "name": "app"},
        {"id": 3, "reference_prefix": None, "name": None},
    ]

    assert read_products(products) == [
        Product("3", "", ""),
        Product("1", "APP", "app"),
        Product("2", "WEB", "Web"),
    ]
