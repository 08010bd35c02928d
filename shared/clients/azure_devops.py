"""Azure DevOps Services as this product uses it: projects, areas, types, work items, batches, WIQL.

Reference: https://learn.microsoft.com/rest/api/azure/devops (7.1); `$batch`:
https://learn.microsoft.com/rest/api/azure/devops/wit/workitembatchupdate.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from shared.clients.attachment_uploads import NO_SIGN_IN_PAGE, AttachmentUploads
from shared.clients.azure_devops_errors import translate
from shared.clients.capabilities import Capability
from shared.clients.http import Answer, HttpClient, Request
from shared.clients.process_state import ProcessState
from shared.domain.times import parse_time
from shared.domain.work_item import WorkItem
from shared.errors import RuleViolation, System, Unavailable
from shared.operation import Operation
from shared.side_by_side import side_by_side

if TYPE_CHECKING:
    from shared.domain.patches import PatchDocument

API_VERSION = "7.1"
_READ_VERSION = "7.2-preview"
"""Only from here on does a work item say which of its texts are kept in Markdown."""

MOST_IDS_PER_READ = 200
"""More are refused with VS403474."""

_JSON = {"Content-Type": "application/json"}
_JSON_PATCH = {"Content-Type": "application/json-patch+json"}
_PROJECTS_PER_PAGE = 1000

_PATIENCE_WITH_CREATES = 10.0
"""Seconds for which a create may be put off: it has to end while the claim that it is made under holds."""


@dataclass(frozen=True)
class QueryResult:
    """The ids that a query found, and the moment, by Azure DevOps' clock, that it is true of."""

    ids: tuple[int, ...]
    as_of: datetime | None


class AzureDevOps:
    """One organization, as seen with one set of credentials, during one operation.

    Every method raises CredentialsRejected, Forbidden, NotFound, RuleViolation, RevisionConflict or Unavailable as
    `shared.clients.azure_devops_errors` tells them apart.
    """

    def __init__(
        self,
        *,
        base_url: str,
        account_name: str,
        authorization: Callable[[], str],
        operation: Operation,
        process_state: ProcessState,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account_name = account_name
        self._capabilities = process_state.capabilities
        self.account_url = f"{base_url}/{quote(account_name, safe='')}"
        self._http = HttpClient(
            System.AZURE_DEVOPS,
            operation,
            authorization=authorization,
            translate=translate(account_name),
            transport=process_state.transport,
            rate_limits=process_state.rate_limits,
            account=self.account_url,
            sleep=sleep,
        )
        self.uploads = AttachmentUploads(self._http, self.account_url, API_VERSION, sleep)

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._http.requests

    def work_item_api_url(self, work_item_id: int) -> str:
        """The address by which a relation names a work item; negative ids are those of the same batch."""
        return f"{self.account_url}/_apis/wit/workItems/{work_item_id}"

    def projects(self) -> list[dict[str, Any]]:
        """Every project that the credentials can see, `{"id", "name", …}`."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            more = {"continuationToken": token} if token else {}
            answer = self._send("GET", "/_apis/projects", {"$top": _PROJECTS_PER_PAGE, **more})
            found += _values(answer.json())
            token = answer.headers.get("x-ms-continuationtoken", "")
            if not token:
                return found

    def area_tree(self, project: str, path: str = "", depth: int = 14) -> Mapping[str, Any]:
        """The area node at `path` (below the project, segments separated by `/`) with `depth` levels below it.

        A node at the cut edge has `hasChildren` and no `children`.
        """
        below = f"/{quote(path)}" if path else ""
        url = f"{_project(project)}/_apis/wit/classificationnodes/Areas{below}"
        node = _object(self._send("GET", url, {"$depth": depth}).json())
        if "name" not in node:
            raise _unusable()
        return node

    def work_item_types(self, project: str) -> list[dict[str, Any]]:
        """The project's types with their states and fields."""
        return _values(self._send("GET", f"{_project(project)}/_apis/wit/workitemtypes").json())

    def states(self, project: str, work_item_type: str) -> list[dict[str, Any]]:
        """The states of one type, `{"name", "color", "category"}`."""
        url = f"{_project(project)}/_apis/wit/workitemtypes/{quote(work_item_type, safe='')}/states"
        return _values(self._send("GET", url).json())

    def work_item_type_categories(self, project: str) -> list[dict[str, Any]]:
        """The categories of types; those of Microsoft.HiddenCategory are not meant for people."""
        return _values(self._send("GET", f"{_project(project)}/_apis/wit/workitemtypecategories").json())

    def work_item(self, work_item_id: int) -> WorkItem:
        """The work item as it is now, with its relations. Raises NotFound when it is deleted or out of sight."""
        answer = self._read("GET", f"/_apis/wit/workitems/{work_item_id}", {"$expand": "all"})
        return _work_item(answer.json())

    def revision(self, work_item_id: int, revision: int) -> WorkItem:
        """The work item as one of its revisions had it."""
        url = f"/_apis/wit/workItems/{work_item_id}/revisions/{revision}"
        return _work_item(self._send("GET", url, {"$expand": "all"}).json())

    def work_items(self, ids: Sequence[int]) -> dict[int, WorkItem]:
        """The work items of these ids as they are now, with relations; those that are gone are left out.

        200 a request, the requests side by side.
        """
        pages = [ids[start : start + MOST_IDS_PER_READ] for start in range(0, len(ids), MOST_IDS_PER_READ)]
        return {item.id: item for page in side_by_side(self._read_page, pages) for item in page}

    def _read_page(self, ids: Sequence[int]) -> list[WorkItem]:
        body = {"ids": list(ids), "$expand": "all", "errorPolicy": "omit"}
        answer = self._read("POST", "/_apis/wit/workitemsbatch", {}, body)
        # With errorPolicy=omit, what cannot be read comes back as null.
        return [_work_item(item) for item in _values(answer.json())]

    def _read(self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None) -> Answer:
        """Read work items in the preview that tells Markdown from HTML; without, where previews are refused."""
        headers = _JSON if body is not None else None
        if not self._capabilities.refuses(self.account_name, Capability.READ_PREVIEWS):
            preview = {**parameters, "api-version": _READ_VERSION}
            try:
                return self._send(method, path, preview, body=body, headers=headers)
            except RuleViolation as error:
                if "version" not in error.detail.lower():
                    raise
                self._capabilities.note_refusal(self.account_name, Capability.READ_PREVIEWS)
        return self._send(method, path, parameters, body=body, headers=headers)

    def create_work_item(self, project: str, work_item_type: str, document: PatchDocument) -> WorkItem:
        """Create a work item.

        Not repeated when the answer got lost: Unavailable with `outcome_unknown` tells the caller to look for it.
        """
        url = _create_path(project, work_item_type)
        answer = self._send("POST", url, body=document, headers=_JSON_PATCH, repeatable=False)
        return _work_item(answer.json())

    def validate_work_item(self, project: str, work_item_type: str, document: PatchDocument) -> None:
        """Check whether a work item could be created, by a create that saves nothing."""
        url = _create_path(project, work_item_type)
        self._send("POST", url, {"validateOnly": "true"}, body=document, headers=_JSON_PATCH)

    def update_work_item(self, work_item_id: int, document: PatchDocument) -> WorkItem:
        """Change a work item. The document must test `/rev`, which makes it safe to repeat."""
        url = f"/_apis/wit/workitems/{work_item_id}"
        answer = self._send("PATCH", url, {"$expand": "all"}, body=document, headers=_JSON_PATCH)
        return _work_item(answer.json())

    def submit_batch(self, operations: Sequence[Mapping[str, Any]]) -> Answer:
        """Send operations as one `$batch` and return what came; not repeated when the answer got lost.

        Operations are made by `create_operation` and `update_operation`.
        """
        return self._send(
            "PATCH", "/_apis/wit/$batch", body=list(operations), headers=_JSON, repeatable=False
        )

    def create_operation(self, project: str, work_item_type: str, document: PatchDocument) -> dict[str, Any]:
        """A create as part of a batch."""
        return _operation(_create_path(project, work_item_type), document)

    def update_operation(self, work_item_id: int, document: PatchDocument) -> dict[str, Any]:
        """An update as part of a batch; below a project it would not be found."""
        return _operation(f"/_apis/wit/workitems/{work_item_id}", document)

    def query(self, project: str, wiql: str) -> QueryResult:
        """What a flat WIQL query finds, in its order; literals of dates may have a time.

        Over 20,000 matches are refused: RuleViolation, with `azure_devops_code` VS402337 as evidence.
        """
        answer = self._send(
            "POST",
            f"{_project(project)}/_apis/wit/wiql",
            {"timePrecision": "true"},
            body={"query": wiql},
            headers=_JSON,
        )
        body = _object(answer.json())
        items = _list(body.get("workItems"))
        ids = (item["id"] for item in items if isinstance(item, Mapping) and isinstance(item.get("id"), int))
        return QueryResult(tuple(ids), parse_time(body.get("asOf")))

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Answer:
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self._http.send(
            Request(
                method,
                f"{self.account_url}{path}?{_query(parameters or {})}",
                {**NO_SIGN_IN_PAGE, **(headers or {})},
                None if content is None else lambda: content,
                repeatable,
                patience=math.inf if repeatable else _PATIENCE_WITH_CREATES,
            )
        )


def _project(project: str) -> str:
    return f"/{quote(project, safe='')}"


def _create_path(project: str, work_item_type: str) -> str:
    return f"{_project(project)}/_apis/wit/workitems/${quote(work_item_type, safe='')}"


def _query(parameters: Mapping[str, Any]) -> str:
    return urlencode({"api-version": API_VERSION, **parameters}, safe="$", quote_via=quote)


def _operation(path: str, document: PatchDocument) -> dict[str, Any]:
    return {
        "method": "PATCH",
        "uri": f"{path}?api-version={API_VERSION}",
        "headers": dict(_JSON_PATCH),
        "body": document,
    }


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _unusable()
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _unusable()
    return value


def _values(body: Any) -> list[dict[str, Any]]:
    """The entries of a list answer; null entries are left out."""
    return [item for item in _list(_object(body).get("value")) if isinstance(item, dict)]


def _work_item(payload: Any) -> WorkItem:
    try:
        return WorkItem.from_payload(_object(payload))
    except (ValueError, TypeError, AttributeError):
        raise _unusable() from None


def _unusable() -> Unavailable:
    """For an answer of another shape: taken as an empty one, it would say that everything asked for is gone."""
    return Unavailable(
        System.AZURE_DEVOPS,
        "Azure DevOps did not give a usable answer. Nothing has to be repaired; try again later.",
        outcome_unknown=True,
    )
