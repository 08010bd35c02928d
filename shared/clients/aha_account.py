"""An Aha! account as the configuration looks at it: whose token it is, its products and their workflows.

Reference: https://www.aha.io/api/resources/products/list_products_in_the_account and …/get_a_specific_product.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.clients.aha import Aha
from shared.clients.http import Request
from shared.errors import System, Unavailable

_MOST_PER_PAGE = 200


class AhaAccount(Aha):
    """The same account and the same errors as `Aha`, with what a person chooses from."""

    def user(self) -> Mapping[str, Any]:
        """Whose token it is, `{"name", "email", …}`."""
        return self._object("/me", "user")

    def products(self) -> list[Mapping[str, Any]]:
        """Every workspace, `{"id", "reference_prefix", "name", …}`; the lines that only group them are left out."""
        found: list[Mapping[str, Any]] = []
        page, last = 1, 1
        while page <= last:
            answer = self._read(f"/products?page={page}&per_page={_MOST_PER_PAGE}")
            rows = _list(answer.get("products"))
            found += [row for row in rows if not row.get("product_line")]
            pages = answer.get("pagination")
            total = pages.get("total_pages") if isinstance(pages, Mapping) else None
            last = total if isinstance(total, int) and rows else page
            page += 1
        return found

    def product(self, product_id: str) -> Mapping[str, Any]:
        """One workspace by id or prefix, with its `feature_workflow` and `requirement_workflow`."""
        return self._object(f"/products/{quote(product_id, safe='')}", "product")

    def workflows(self, product_id: str) -> list[Mapping[str, Any]]:
        """The workflows of a workspace, each with its `workflow_statuses`."""
        return _list(self._read(f"/products/{quote(product_id, safe='')}/workflows").get("workflows"))

    def _object(self, path: str, key: str) -> Mapping[str, Any]:
        found = self._read(path).get(key)
        if not isinstance(found, Mapping):
            raise _unusable()
        return found

    def _read(self, path: str) -> Mapping[str, Any]:
        body = self._http.send(Request("GET", f"{self._base_url}{path}")).json()
        if not isinstance(body, Mapping):
            raise _unusable()
        return body


def _list(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise _unusable()
    return [item for item in value if isinstance(item, Mapping)]


def _unusable() -> Unavailable:
    return Unavailable(
        System.AHA, "Aha! did not give a usable answer. Nothing has to be repaired; try again later."
    )
