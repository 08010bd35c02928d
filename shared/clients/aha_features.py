"""Features of Aha! with everything that a send needs.

Reference: https://www.aha.io/api/resources/features/get_a_specific_feature, …/requirements/get_a_specific_requirement
and …/requirements/list_requirements_in_a_feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlencode

from shared.clients.aha import Aha, unusable
from shared.concurrency import Threads, in_parallel
from shared.domain.products import Product, product_of
from shared.errors import RuleViolation, System

_MOST_PER_PAGE = 200
_MOST_PAGES = 25
"""5,000 requirements, which is more than a send accepts."""
_MOST_PAGES_OF_CHANGES = 200
"""40,000 features."""


@dataclass(frozen=True)
class ChangedFeatures:
    """The features of a product that changed since a moment, by id, with their references.

    `as_of` is Aha!'s time of the query; None if Aha! did not say, or a page of the list may lack some.
    """

    references: Mapping[str, str]
    as_of: datetime | None


@dataclass(frozen=True)
class ShortFeature:
    """A feature as Aha! lists it."""

    id: str
    reference: str
    name: str
    product: Product


@dataclass(frozen=True)
class FoundFeatures:
    """Features that a search found. `has_more`: more features match."""

    features: Sequence[ShortFeature]
    has_more: bool = False


class AhaFeatures(Aha):
    """An Aha! account with its features. Methods raise the same errors as those of `Aha`."""

    def feature(self, name: str) -> Mapping[str, Any]:
        """A feature by reference (in upper case) or id, with all its requirements and attachments.

        The shape is that of Aha!'s API and of its events. The first page of requirements is read together with the
        feature, and the other pages in parallel, because the feature's own list may be cut.
        """
        with Threads(1, "requirements") as beside:
            reading = beside.submit(self._page, name, 1)
            feature = self._object(f"/features/{quote(name, safe='')}", "feature")
            total, first = reading.result()
        shown = feature.get("requirements")
        if isinstance(shown, list) and len(shown) >= total:
            return feature
        pages = -(-total // _MOST_PER_PAGE)
        if pages > _MOST_PAGES:
            raise RuleViolation(
                System.AHA, f"The feature has {total} requirements. Split it: a send accepts at most 5,000."
            )
        others = in_parallel(lambda number: self._page(name, number), range(2, pages + 1))
        listed = [item for page in (first, *(page for _, page in others)) for item in page]
        return {**feature, "requirements": listed}

    def feature_of_requirement(self, name: str) -> str:
        """The id of the feature that a requirement, by reference (in upper case) or id, belongs to."""
        requirement = self._object(f"/requirements/{quote(name, safe='')}", "requirement")
        feature = requirement.get("feature")
        if not isinstance(feature, Mapping) or feature.get("id") is None:
            raise unusable()
        return str(feature["id"])

    def search(self, product_id: str, text: str, limit: int) -> FoundFeatures:
        """The first features of a product that match a text; an empty text matches every feature.

        Reference: https://www.aha.io/api/resources/features/list_features_in_a_product
        """
        query = (
            {"q": text, "per_page": str(limit), "page": "1"}
            if text
            else {"per_page": str(limit), "page": "1"}
        )
        body = self._read(f"{self._product_path(product_id)}/features?{urlencode(query, quote_via=quote)}")
        total, rows = _rows(body, "features")
        found = [_short(row) for row in rows if row.get("id")]
        return FoundFeatures(found[:limit], max(total, len(found)) > limit)

    def named(self, reference: str) -> ShortFeature:
        """The feature with a reference (in upper case)."""
        return _short(self._object(f"/features/{quote(reference, safe='')}", "feature"))

    def changed_since(self, product_id: str, since: datetime) -> ChangedFeatures:
        """The features of a product that changed after a moment.

        Reference: https://www.aha.io/api/resources/features/get_features_updated_after_a_certain_time
        """
        path = f"{self._product_path(product_id)}/features?updated_since={_moment(since)}"
        references: dict[str, str] = {}
        as_of: datetime | None = None
        pages = most = 1
        number = 0
        while number < pages:
            number += 1
            body, asked_at = self._read_with_time(f"{path}&per_page={_MOST_PER_PAGE}&page={number}")
            total, rows = _rows(body, "features")
            references |= {
                str(row["id"]): str(row.get("reference_num") or "") for row in rows if row.get("id")
            }
            most = max(most, total)
            if number == 1:
                as_of, pages = asked_at, -(-total // _MOST_PER_PAGE)
            if pages > _MOST_PAGES_OF_CHANGES:
                raise RuleViolation(
                    System.AHA,
                    f"{total} features of the product changed since {_moment(since)}, too many for auto_update. "
                    "Switch it off, then send the features by hand.",
                )
        # If the list changed while it was read, one may have moved to a page that was read before, or to a new one.
        is_complete = pages <= 1 or len(references) >= most
        return ChangedFeatures(references, as_of if is_complete else None)

    def has_changed_requirements(self, feature_id: str, since: datetime) -> bool:
        """Whether a requirement of a feature changed, or is new, after a moment."""
        path = f"/features/{quote(feature_id, safe='')}/requirements?updated_since={_moment(since)}"
        total, rows = _rows(self._read(f"{path}&per_page=1&page=1"), "requirements")
        return bool(total or rows)

    def _page(self, name: str, number: int) -> tuple[int, list[Mapping[str, Any]]]:
        """How many requirements the feature has, and those of one page."""
        path = f"/features/{quote(name, safe='')}/requirements?per_page={_MOST_PER_PAGE}&page={number}"
        return _rows(self._read(path), "requirements")


def _short(row: Mapping[str, Any]) -> ShortFeature:
    return ShortFeature(
        str(row.get("id") or ""),
        str(row.get("reference_num") or ""),
        str(row.get("name") or ""),
        product_of(row),
    )


def _rows(body: Mapping[str, Any], key: str) -> tuple[int, list[Mapping[str, Any]]]:
    """How many records a list has, and those of one page."""
    pagination, rows = body.get("pagination"), body.get(key)
    total = pagination.get("total_records") if isinstance(pagination, Mapping) else None
    if not isinstance(rows, list):
        raise unusable()
    found = [row for row in rows if isinstance(row, Mapping)]
    return (total if isinstance(total, int) else len(found)), found


def _moment(since: datetime) -> str:
    """A moment in the form of Aha!'s queries: UTC in ISO 8601."""
    return since.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
