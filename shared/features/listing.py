"""The linked features of an integration, from the links alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.json_input import InputErrors
from shared.domain.links import Link
from shared.domain.times import time_text
from shared.features.sync_state import error_json
from shared.storage.links import LinkStore, StoredLink, UnreadableLink

logger = logging.getLogger(__name__)

_DEFAULT_LIMIT = 50
_HIGHEST_LIMIT = 500


@dataclass(frozen=True)
class ListQuery:
    """At most `limit` features, of those whose work item ids are larger than `after`."""

    limit: int = _DEFAULT_LIMIT
    after: int = 0


def read_list_query(parameters: Mapping[str, str]) -> ListQuery:
    """Check the query parameters. Raises InvalidRequest, which names every invalid one."""
    errors = InputErrors()
    limit = _number(parameters.get("limit", str(_DEFAULT_LIMIT)))
    if not 1 <= limit <= _HIGHEST_LIMIT:
        errors.add("/limit", f"must be a whole number from 1 to {_HIGHEST_LIMIT}")
    after = _number(parameters.get("after", "0"))
    if after < 0:
        errors.add("/after", "must be the `next` of an earlier page")
    errors.raise_if_any()
    return ListQuery(limit, after)


def list_features(links: LinkStore, integration_id: str, query: ListQuery) -> dict[str, Any]:
    """A page, `{"features": […], "next": text or None}`, in the order of the work item ids.

    A link whose row is damaged is left out, and named in the log of the function app.
    """
    found = links.features(integration_id, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    is_last = len(found) <= query.limit
    for work_item_id, stored in page:
        if isinstance(stored, UnreadableLink):
            logger.error("The link of work item %s is damaged", work_item_id, exc_info=stored.error)
    return {
        "features": [_feature_json(stored.link) for _, stored in page if isinstance(stored, StoredLink)],
        "next": None if is_last else str(page[-1][0]),
    }


def _feature_json(link: Link) -> dict[str, Any]:
    return {
        "id": link.aha_id,
        "reference_num": link.reference,
        "name": link.name,
        "work_item": {"id": link.work_item_id, "url": link.work_item_url, "type": link.work_item_type},
        "last_sent_at": time_text(link.sent_at),
        "last_received_at": time_text(link.received_at),
        "last_error": error_json(link.last_error),
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
