"""The product of a feature, and that of an integration."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from shared.domain.products import Product, is_of_product, product_named, product_of
from tests.unit.examples import json_values


@pytest.mark.parametrize(
    ("feature", "product"),
    [
        ({"product_id": "69", "project": {"id": "70", "reference_prefix": "PROD"}}, Product("69", "PROD")),
        ({"product_id": 69}, Product("69")),
        ({"project": {"id": 70}}, Product("70")),
        ({"project": {"reference_prefix": "MOB"}, "reference_num": "PROD-1"}, Product("", "MOB")),
        ({"reference_num": "PROD-12"}, Product("", "PROD")),
        ({"reference_num": "A-B-12"}, Product("", "A-B")),
        ({"reference_num": "PROD"}, Product()),
        ({"reference_num": "PROD-x"}, Product()),
        ({"product_id": True, "project": [], "reference_num": 7}, Product()),
        ({"product_id": " ", "project": {"id": None, "reference_prefix": ""}}, Product()),
        ({"product_id": 10**5000}, Product()),
    ],
)
def test_a_feature_says_its_product(feature: dict[str, Any], product: Product) -> None:
    assert product_of(feature) == product


@pytest.mark.parametrize(
    ("product", "product_id", "expected"),
    [
        (Product("69", "PROD"), "PROD", True),
        (Product("69", "prod"), "Prod", True),
        (Product("69", "MOB"), "PROD", False),
        (Product("69", "MOB"), "69", True),
        (Product("70", "69"), "69", False),
        (Product("70"), "PROD", True),
        (Product("", "MOB"), "69", True),
        (Product("", "PRO"), "PROD", False),
        (Product(), "PROD", True),
    ],
)
def test_only_the_same_kind_is_compared(product: Product, product_id: str, expected: bool) -> None:
    assert is_of_product(product, product_id) is expected


@pytest.mark.parametrize(
    ("product_id", "expected"), [("69", True), ("prod", True), ("70", False), ("MOB", False), ("", False)]
)
def test_a_product_has_two_names(product_id: str, expected: bool) -> None:
    product = product_named({"id": "69", "reference_prefix": "PROD", "name": "Fabrikam web"})

    assert product.is_named(product_id) is expected
    assert not Product().is_named(product_id)


@given(json_values())
def test_no_json_raises_an_error(value: Any) -> None:
    product_of({"product_id": value, "project": value, "reference_num": value})
