"""The recycle bin of a project, which alone shows that a work item was deleted.

A work item that cannot be read may also be in an area or project that the token's user cannot see. Reference:
https://learn.microsoft.com/rest/api/azure/devops/wit/recyclebin (7.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from shared.clients.attachment_uploads import NO_SIGN_IN_PAGE
from shared.clients.http import HttpClient, Request
from shared.concurrency import in_parallel
from shared.errors import Forbidden, NotFound, RuleViolation

_MOST_IDS = 200


class RecycleBin:
    """Reads the recycle bins of one organization."""

    def __init__(self, http: HttpClient, account_url: str, api_version: str) -> None:
        self._http = http
        self._account_url = account_url
        self._api_version = api_version

    def deleted_of(self, project: str, ids: Sequence[int]) -> frozenset[int]:
        """The work items that are in the project's recycle bin, so they were certainly deleted.

        Usually one request. The result is empty if the token's user may not read the recycle bin, or the project does
        not exist.

        Raises:
            CredentialsRejected, Unavailable: as HttpClient.send.
        """
        if len(ids) == 1:
            return self._one(project, ids[0])
        pages = [ids[start : start + _MOST_IDS] for start in range(0, len(ids), _MOST_IDS)]
        return frozenset().union(*in_parallel(lambda page: self._page(project, page), pages))

    def _page(self, project: str, ids: Sequence[int]) -> frozenset[int]:
        try:
            body = self._get(project, "", {"ids": ",".join(map(str, ids))})
        except NotFound:
            # The answer for ids that are not in the recycle bin is not documented.
            return frozenset().union(*in_parallel(lambda number: self._one(project, number), ids))
        except (Forbidden, RuleViolation):
            return frozenset()
        entries = body.get("value") if isinstance(body, Mapping) else None
        found = (_deleted_id(entry) for entry in (entries if isinstance(entries, list) else ()))
        return frozenset(found) & frozenset(ids)

    def _one(self, project: str, work_item_id: int) -> frozenset[int]:
        try:
            body = self._get(project, f"/{work_item_id}", {})
        except (NotFound, Forbidden, RuleViolation):
            return frozenset()
        return frozenset((_deleted_id(body),)) & frozenset((work_item_id,))

    def _get(self, project: str, path: str, parameters: Mapping[str, str]) -> Any:
        query = urlencode({"api-version": self._api_version, **parameters}, safe="$,")
        url = f"{self._account_url}/{quote(project, safe='')}/_apis/wit/recyclebin{path}?{query}"
        return self._http.send(Request("GET", url, NO_SIGN_IN_PAGE)).json()


def _deleted_id(entry: Any) -> int:
    """The id of an entry; 0 for one that reports an error instead (`code` is the HTTP status of the entry)."""
    if not isinstance(entry, Mapping) or entry.get("code", 200) not in (None, 200):
        return 0
    number = entry.get("id")
    return number if isinstance(number, int) else 0
