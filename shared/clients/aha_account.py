"""The choices when a person configures an integration: an Aha! account's user, products and workflows.

Aha! also calls a product a workspace. Reference:
https://www.aha.io/api/resources/products/list_products_in_the_account and …/get_a_specific_product.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.clients.aha import Aha, unusable

_MOST_PER_PAGE = 200
_MOST_PAGES = 50


class AhaAccount(Aha):
    """An Aha! account with its user, products and workflows. Methods raise the same errors as those of `Aha`."""

    def user(self) -> Mapping[str, Any]:
        """The user of the token, `{"name", "email", …}`."""
        return self._object("/me", "user")

    def products(self) -> list[Mapping[str, Any]]:
        """Every product, `{"id", "reference_prefix", "name", …}`, without the product lines that group products."""
        found: dict[str, Mapping[str, Any]] = {}
        for page in range(1, _MOST_PAGES + 1):
            body = self._read(f"/products?page={page}&per_page={_MOST_PER_PAGE}")
            known = len(found)
            found |= {str(row.get("id")): row for row in _list(body.get("products"))}
            pagination = body.get("pagination")
            total = pagination.get("total_pages") if isinstance(pagination, Mapping) else None
            # A page without new rows ends the list, whatever total_pages says.
            if not isinstance(total, int) or page >= total or len(found) == known:
                break
        return [row for row in found.values() if not row.get("product_line")]

    def product(self, product_id: str) -> Mapping[str, Any]:
        """One product by id or prefix, with its `feature_workflow` and `requirement_workflow`."""
        return self._object(self._product_path(product_id), "product")

    def workflows(self, product_id: str) -> list[Mapping[str, Any]]:
        """The workflows of a product, each with its `workflow_statuses`."""
        return _list(self._read(f"{self._product_path(product_id)}/workflows").get("workflows"))


def _list(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise unusable()
    return [item for item in value if isinstance(item, Mapping)]
