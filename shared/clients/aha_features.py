"""Features of Aha! with everything that a send needs.

Reference: https://www.aha.io/api/resources/features/get_a_specific_feature, …/requirements/get_a_specific_requirement
and …/requirements/list_requirements_in_a_feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.clients.aha import Aha, unusable
from shared.concurrency import Threads, in_parallel
from shared.errors import RuleViolation, System

_MOST_PER_PAGE = 200
_MOST_PAGES = 25
"""5,000 requirements, which is more than a send takes."""


class AhaFeatures(Aha):
    """An Aha! account with its features. Methods raise the same errors as those of `Aha`."""

    def feature(self, name: str) -> Mapping[str, Any]:
        """A feature by reference (in upper case) or id, with all its requirements and attachments.

        The shape is that of Aha!'s API and of its events. The first page of requirements is read beside the feature,
        and the other pages side by side: the feature's own list may be cut.
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
                System.AHA, f"The feature has {total} requirements. Split it: a send takes 5,000 at most."
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

    def _page(self, name: str, number: int) -> tuple[int, list[Mapping[str, Any]]]:
        """How many requirements the feature has, and those of one page."""
        path = f"/features/{quote(name, safe='')}/requirements?per_page={_MOST_PER_PAGE}&page={number}"
        body = self._read(path)
        pagination, rows = body.get("pagination"), body.get("requirements")
        total = pagination.get("total_records") if isinstance(pagination, Mapping) else None
        if not isinstance(rows, list):
            raise unusable()
        found = [row for row in rows if isinstance(row, Mapping)]
        return (total if isinstance(total, int) else len(found)), found
