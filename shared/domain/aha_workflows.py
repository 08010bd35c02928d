"""Read the products of an Aha! account and the workflow statuses of a product.

Shapes: https://www.aha.io/api/resources/products/list_products_in_the_account and …/get_a_specific_product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Product:
    """A product (workspace). `reference_prefix` is that of its records, such as PROD."""

    id: str
    reference_prefix: str
    name: str


@dataclass(frozen=True)
class ProductStatus:
    """A workflow status that records of a product can have. `complete`: work on the record is done."""

    id: str
    name: str
    color: str
    complete: bool


def read_products(products: Sequence[Mapping[str, Any]]) -> list[Product]:
    """The products, sorted by name."""
    read = [
        Product(str(item.get("id")), str(item.get("reference_prefix") or ""), str(item.get("name") or ""))
        for item in products
    ]
    return sorted(read, key=lambda product: product.name.casefold())


def workflow_statuses(
    product: Mapping[str, Any], kind: str, workflows: Sequence[Mapping[str, Any]]
) -> list[ProductStatus]:
    """The statuses of a product's workflow for a kind of record, in their order; empty if it has no such workflow.

    `kind` is `feature` or `requirement`. The workflow is found by its id and not by its type: requirements may follow a
    workflow for features, as in Aha!'s own example of a product.
    """
    reference = product.get(f"{kind}_workflow")
    workflow_id = str(reference.get("id")) if isinstance(reference, Mapping) else None
    workflow = next((item for item in workflows if str(item.get("id")) == workflow_id), {})
    statuses = [item for item in workflow.get("workflow_statuses") or () if isinstance(item, Mapping)]
    # Aha! lists statuses by id. Positions may repeat.
    return [_status(item) for item in sorted(statuses, key=_position_and_name)]


def _position_and_name(status: Mapping[str, Any]) -> tuple[float, str]:
    position = status.get("position")
    return (position if isinstance(position, int | float) else float("inf"), str(status.get("name") or ""))


def _status(status: Mapping[str, Any]) -> ProductStatus:
    return ProductStatus(
        id=str(status.get("id")),
        name=str(status.get("name") or ""),
        color=str(status.get("color") or ""),
        complete=status.get("complete") is True,
    )
