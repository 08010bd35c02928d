"""What a search asks for, and the order of what it finds."""

from __future__ import annotations

import pytest

from shared.clients.aha_features import FoundFeatures, ShortFeature
from shared.domain.products import Product
from shared.errors import InvalidRequest
from shared.features.searching import Search, named_first, read_search

PRODUCT = Product("131414752", "PROD")
ONE, TWO, THREE = (
    ShortFeature(str(number), f"PROD-{number}", f"Feature {number}", PRODUCT) for number in (1, 2, 3)
)


@pytest.mark.parametrize(
    ("parameters", "search"),
    [
        ({"limit": "3"}, None),
        ({"search": "colour"}, Search("colour", 50)),
        ({"search": " colour ", "limit": "1"}, Search("colour", 1)),
        ({"search": "*", "limit": "50"}, Search("", 50)),
        ({"search": "x" * 200}, Search("x" * 200, 50)),
    ],
)
def test_a_search_is_a_text_and_a_limit(parameters: dict[str, str], search: Search | None) -> None:
    assert read_search(parameters) == search


@pytest.mark.parametrize(
    ("parameters", "pointers"),
    [
        ({"search": ""}, ["/search"]),
        ({"search": "  "}, ["/search"]),
        ({"search": "x" * 201}, ["/search"]),
        ({"search": "x", "limit": "0"}, ["/limit"]),
        ({"search": "x", "limit": "51"}, ["/limit"]),
        ({"search": "x", "limit": "-1"}, ["/limit"]),
        ({"search": "x", "limit": "0050"}, ["/limit"]),
        ({"search": "x", "limit": "٣"}, ["/limit"]),
        ({"search": "x", "limit": ""}, ["/limit"]),
        ({"search": "x", "after": "12"}, ["/after"]),
        ({"search": "", "limit": "x", "after": "12"}, ["/search", "/limit", "/after"]),
    ],
)
def test_every_invalid_parameter_is_named(parameters: dict[str, str], pointers: list[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_search(parameters)

    assert [error.pointer for error in caught.value.errors] == pointers


@pytest.mark.parametrize(
    ("named", "by_text", "limit", "found"),
    [
        ((), FoundFeatures((ONE, TWO), False), 3, FoundFeatures((ONE, TWO), False)),
        ((THREE,), FoundFeatures((ONE, TWO), False), 3, FoundFeatures((THREE, ONE, TWO), False)),
        ((TWO,), FoundFeatures((ONE, TWO), False), 3, FoundFeatures((TWO, ONE), False)),
        ((THREE,), FoundFeatures((ONE, TWO), False), 2, FoundFeatures((THREE, ONE), True)),
        ((TWO,), FoundFeatures((ONE, TWO), True), 2, FoundFeatures((TWO, ONE), True)),
        ((), FoundFeatures((ONE, TWO), True), 2, FoundFeatures((ONE, TWO), True)),
    ],
    ids=["no reference", "named", "named and found", "one too many", "more in Aha!", "more by text"],
)
def test_the_feature_that_is_named_comes_first(
    named: tuple[ShortFeature, ...], by_text: FoundFeatures, limit: int, found: FoundFeatures
) -> None:
    assert named_first(named, by_text, limit) == found
