"""Whether a feature belongs to the Aha! product of an integration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import ProductTaken

_FEATURE_REFERENCE = re.compile(r"(.+)-[0-9]+")


@dataclass(frozen=True)
class Product:
    """What a record says about its product. Missing parts are empty."""

    id: str = ""
    prefix: str = ""

    def compared_with(self, product_id: str) -> str:
        """The part that is of the same kind as an integration's product."""
        return self.id if is_product_id(product_id) else self.prefix

    def is_named(self, product_id: str) -> bool:
        """Whether this id or prefix is the product's."""
        said = self.compared_with(product_id)
        return bool(said) and said.casefold() == product_id.casefold()


NO_PRODUCT = Product()


def is_product_id(product_id: str) -> bool:
    """Whether an integration names its product by the id, which has only digits, and not by the prefix."""
    return product_id.isascii() and product_id.isdigit()


def product_named(product: Mapping[str, Any]) -> Product:
    """The names in a product's own JSON."""
    return Product(id=_text(product.get("id")), prefix=_text(product.get("reference_prefix")))


def product_of(feature: Mapping[str, Any]) -> Product:
    """The product that a feature's JSON names, by id (digits) and by the prefix of its references (`PROD`).

    Aha!'s API names both; its older events may have the prefix in `reference_num` only. Values of another type count as
    left out.
    """
    project = feature.get("project")
    project = project if isinstance(project, Mapping) else {}
    match = _FEATURE_REFERENCE.fullmatch(_text(feature.get("reference_num")))
    return Product(
        id=_text(feature.get("product_id")) or _text(project.get("id")),
        prefix=_text(project.get("reference_prefix")) or (match.group(1) if match else ""),
    )


def is_of_product(product: Product, product_id: str) -> bool:
    """Whether a record may belong to the product with this id or prefix. A record that does not say may."""
    return not product.compared_with(product_id) or product.is_named(product_id)


def product_taken(product_id: str, owner_name: str, owner_id: str, *, other_name: str = "") -> ProductTaken:
    """The error for a product that another integration has. `other_name` is how that one names the product."""
    named = f", which names it {other_name}" if other_name else ""
    return ProductTaken(
        f"The product {product_id} already belongs to the integration “{owner_name}” ({owner_id}){named}. Choose "
        "another product, or give that integration another product first.",
        evidence={"product_id": product_id, "integration_id": owner_id},
    )


def _text(value: Any) -> str:
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    # A number with very many digits cannot be written as text.
    return str(value).strip() if is_text and (isinstance(value, str) or abs(value) < 10**30) else ""
