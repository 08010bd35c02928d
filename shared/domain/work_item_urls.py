"""Which work item a URL is about."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_WORK_ITEM_IN_URL = re.compile(r"/(?:workItems|recyclebin|_workitems/edit)/(\d{1,10})(?:/|$)", re.IGNORECASE)


def work_item_id_of(url: str) -> int | None:
    """The id in the URL of a work item, its page, one of its updates, or a deleted one, on any host and in any case."""
    try:
        match = _WORK_ITEM_IN_URL.search(urlsplit(url).path)
    except ValueError:
        return None
    return int(match.group(1)) if match else None
