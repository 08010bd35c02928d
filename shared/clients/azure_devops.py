"""The Azure DevOps client: projects, areas, work item types, work items, batches and WIQL queries.

Reference: https://learn.microsoft.com/rest/api/azure/devops (7.1); `$batch`:
https://learn.microsoft.com/rest/api/azure/devops/wit/workitembatchupdate.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from shared.clients.attachment_uploads import NO_SIGN_IN_PAGE, AttachmentUploads
from shared.clients.azure_devops_error_body import without_secrets
from shared.clients.azure_devops_errors import translate
from shared.clients.capabilities import Capability
from shared.clients.http import HttpClient, Request, Response
from shared.clients.process_state import ProcessState
from shared.clients.recycle_bin import RecycleBin
from shared.concurrency import in_parallel
from shared.domain.claims import CREATE_TAKES_AT_MOST, START_WITHIN
from shared.domain.subject import Subject, subject_of
from shared.domain.times import parse_time
from shared.domain.work_item import WorkItem, is_whole_number
from shared.errors import RuleViolation, System, Unavailable
from shared.operation import Operation

if TYPE_CHECKING:
    from shared.domain.patches import PatchDocument

API_VERSION = "7.1"
_READ_VERSION = "7.2-preview"
"""The first version in which a work item says which of its texts are in Markdown.

An organization may refuse it: a preview may be disabled twelve weeks after its release.
"""

EVERY_PROJECT = ""
"""The project of a `query` in all projects, so that a renamed or deleted project does not stop a search."""

MOST_IDS_PER_READ = 200
"""The most ids of one batch read (VS403474: the number of ids exceeds the limit of 200)."""

_JSON = {"Content-Type": "application/json"}
_JSON_PATCH = {"Content-Type": "application/json-patch+json"}
_PROJECTS_PER_PAGE = 1000
_MOST_PAGES = 50
_MOST_MATCHES = 20_000
"""The most work items that a query returns (learn: organizations/settings/work/object-limits)."""


@dataclass(frozen=True)
class QueryResult:
    """The ids that a query found, and the time of the query by the clock of Azure DevOps."""

    ids: tuple[int, ...]
    as_of: datetime | None


class AzureDevOps:
    """One organization with one set of credentials, for one operation.

    Every method raises CredentialsRejected, Forbidden, NotFound, RuleViolation, RevisionConflict or Unavailable;
    `shared.clients.azure_devops_errors` decides which.
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
        uses_identity: bool = False,
    ) -> None:
        """`uses_identity`: the app signs in with its managed identity, so a refusal is not about a token."""
        self.account_name = account_name
        self._capabilities = process_state.capabilities
        self.account_url = f"{base_url}/{quote(account_name, safe='')}"
        self.subject = Subject(
            account_name=account_name, account_url=self.account_url, uses_identity=uses_identity
        )
        self._http = HttpClient(
            System.AZURE_DEVOPS,
            operation,
            authorization=authorization,
            translate=translate,
            transport=process_state.transport,
            rate_limits=process_state.rate_limits,
            account=self.account_url,
            sleep=sleep,
        )
        self.uploads = AttachmentUploads(self._http, self.subject, API_VERSION, sleep)
        self.recycle_bin = RecycleBin(self._http, self.account_url, API_VERSION)

    @property
    def requests(self) -> int:
        """How many requests were sent so far, retries included."""
        return self._http.requests

    def work_item_api_url(self, work_item_id: int) -> str:
        """The address of a work item in a relation. A negative id is the temporary id of a create in the same batch."""
        return f"{self.account_url}/_apis/wit/workItems/{work_item_id}"

    def projects(self) -> list[dict[str, Any]]:
        """Every project that the token's user can see, `{"id", "name", …}`."""
        found: dict[str, dict[str, Any]] = {}
        token, tokens = "", {""}
        for _ in range(_MOST_PAGES):
            more = {"continuationToken": token} if token else {}
            response = self._send("GET", "/_apis/projects", {"$top": _PROJECTS_PER_PAGE, **more})
            page = _values(response.json())
            known = len(found)
            found |= {str(project.get("id")): project for project in page}
            token = response.headers.get("x-ms-continuationtoken", "")
            # Continuation tokens can lead back to the first page (MicrosoftDocs/vsts-rest-api-specs#178).
            if token in tokens or len(found) == known:
                break
            tokens.add(token)
        return list(found.values())

    def area_tree(self, project: str, path: str = "", depth: int = 14) -> Mapping[str, Any]:
        """The area at `path` (below the project, segments separated by `/`) with `depth` levels of areas below it.

        An area on the last level has `hasChildren`, but no `children`.
        """
        below = f"/{quote(path)}" if path else ""
        url = f"{_project(project)}/_apis/wit/classificationnodes/Areas{below}"
        node = _object(self._send("GET", url, {"$depth": depth}, subject=self._in(project)).json())
        if "name" not in node:
            raise _unusable()
        return node

    def work_item_types(self, project: str) -> list[dict[str, Any]]:
        """The project's work item types with their states and fields."""
        path = f"{_project(project)}/_apis/wit/workitemtypes"
        return _values(self._send("GET", path, subject=self._in(project)).json())

    def states(self, project: str, work_item_type: str) -> list[dict[str, Any]]:
        """The states of one work item type, `{"name", "color", "category"}`."""
        url = f"{_project(project)}/_apis/wit/workitemtypes/{quote(work_item_type, safe='')}/states"
        subject = replace(self._in(project), work_item_type=work_item_type)
        return _values(self._send("GET", url, subject=subject).json())

    def work_item_type_categories(self, project: str) -> list[dict[str, Any]]:
        """The categories of work item types. People do not use the types in Microsoft.HiddenCategory."""
        path = f"{_project(project)}/_apis/wit/workitemtypecategories"
        return _values(self._send("GET", path, subject=self._in(project)).json())

    def work_item(self, work_item_id: int) -> WorkItem:
        """The current work item with its relations. Raises NotFound if it was deleted, or the user cannot see it."""
        subject = replace(self.subject, work_item_id=work_item_id)
        response = self._read(
            "GET", f"/_apis/wit/workitems/{work_item_id}", {"$expand": "all"}, subject=subject
        )
        return _work_item(response.json())

    def revision(self, work_item_id: int, revision: int) -> WorkItem:
        """The work item at one of its revisions."""
        url = f"/_apis/wit/workItems/{work_item_id}/revisions/{revision}"
        subject = replace(self.subject, work_item_id=work_item_id)
        return _work_item(self._send("GET", url, {"$expand": "all"}, subject=subject).json())

    def work_items(self, ids: Sequence[int]) -> dict[int, WorkItem]:
        """The current work items with these ids, with relations.

        Those that cannot be read are left out, whether they were deleted or are not visible; see `recycle_bin`. One
        request reads 200; several requests run in parallel.
        """
        pages = [ids[start : start + MOST_IDS_PER_READ] for start in range(0, len(ids), MOST_IDS_PER_READ)]
        return {item.id: item for page in in_parallel(self._read_page, pages) for item in page}

    def _read_page(self, ids: Sequence[int]) -> list[WorkItem]:
        body = {"ids": list(ids), "$expand": "all", "errorPolicy": "omit"}
        response = self._read("POST", "/_apis/wit/workitemsbatch", {}, body)
        # With errorPolicy=omit, a work item that cannot be read is null.
        return [_work_item(item) for item in _values(response.json())]

    def _read(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Any = None,
        subject: Subject | None = None,
    ) -> Response:
        """Read work items in the preview version, or in the released one if the organization refuses previews."""
        headers = _JSON if body is not None else None
        if not self._capabilities.refuses(self.account_name, Capability.READ_PREVIEWS):
            preview = {**parameters, "api-version": _READ_VERSION}
            try:
                return self._send(method, path, preview, body=body, headers=headers, subject=subject)
            except RuleViolation as error:
                if "version" not in error.detail.lower():
                    raise
                self._capabilities.remember_refusal(self.account_name, Capability.READ_PREVIEWS)
        return self._send(method, path, parameters, body=body, headers=headers, subject=subject)

    def create_work_item(self, project: str, work_item_type: str, document: PatchDocument) -> WorkItem:
        """Create a work item.

        The client does not retry when no answer came. It raises Unavailable with `outcome_unknown`: then look for the
        work item.
        """
        path = _create_path(project, work_item_type)
        subject = subject_of(self._in(project), work_item_type, None, document)
        response = self._send(
            "POST", path, body=document, headers=_JSON_PATCH, repeatable=False, subject=subject
        )
        return _work_item(response.json())

    def validate_work_item(self, project: str, work_item_type: str, document: PatchDocument) -> None:
        """Check that a work item can be created. Azure DevOps validates the create and saves nothing."""
        path = _create_path(project, work_item_type)
        subject = subject_of(self._in(project), work_item_type, None, document)
        self._send(
            "POST", path, {"validateOnly": "true"}, body=document, headers=_JSON_PATCH, subject=subject
        )

    def update_work_item(self, work_item_id: int, document: PatchDocument) -> WorkItem:
        """Update a work item. The document must test `/rev`, so that a retry cannot apply it twice."""
        path = f"/_apis/wit/workitems/{work_item_id}"
        subject = subject_of(self.subject, "", work_item_id, document)
        response = self._send(
            "PATCH", path, {"$expand": "all"}, body=document, headers=_JSON_PATCH, subject=subject
        )
        return _work_item(response.json())

    def submit_batch(self, operations: Sequence[Mapping[str, Any]]) -> Any:
        """Send the results of `create_operation` and `update_operation` as one `$batch`. Returns the JSON body.

        The client does not retry when no answer came.
        """
        response = self._send(
            "PATCH", "/_apis/wit/$batch", body=list(operations), headers=_JSON, repeatable=False
        )
        return without_secrets(response.json(), response.mask)

    def create_operation(self, project: str, work_item_type: str, document: PatchDocument) -> dict[str, Any]:
        """A create, for `submit_batch`."""
        return _operation(_create_path(project, work_item_type), document)

    def update_operation(self, work_item_id: int, document: PatchDocument) -> dict[str, Any]:
        """An update, for `submit_batch`. Its path must not name a project: Azure DevOps would answer 404."""
        return _operation(f"/_apis/wit/workitems/{work_item_id}", document)

    def query(self, project: str, wiql: str) -> QueryResult:
        """The work items that a flat WIQL query finds, in its order. Dates in the query may have a time.

        Azure DevOps refuses more than 20,000 results: RuleViolation with `azure_devops_code` VS402337 (the number of
        work items returned exceeds the size limit) as evidence.
        """
        try:
            response = self._send(
                "POST",
                f"{_project(project)}/_apis/wit/wiql",
                {"timePrecision": "true"},
                body={"query": wiql},
                headers=_JSON,
                subject=self._in(project),
            )
        except Unavailable as error:
            if error.evidence.get("status") == 404:
                self._check_organization()
            raise
        body = _object(response.json())
        items = _list(body.get("workItems"))[:_MOST_MATCHES]
        ids = (item["id"] for item in items if isinstance(item, Mapping) and is_whole_number(item.get("id")))
        return QueryResult(tuple(ids), parse_time(body.get("asOf")))

    def _in(self, project: str) -> Subject:
        return replace(self.subject, project=project)

    def _check_organization(self) -> None:
        """Raise NotFound if there is no such organization: every organization lists projects.

        Where the organization is unknown, every address answers 404 with a page, which alone proves nothing.
        """
        self._send("GET", "/_apis/projects", {"$top": 1})

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        subject: Subject | None = None,
    ) -> Response:
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        request = Request(
            method,
            f"{self.account_url}{path}?{_query(parameters or {})}",
            {**NO_SIGN_IN_PAGE, **(headers or {})},
            None if content is None else lambda: content,
            repeatable,
            subject=subject or self.subject,
        )
        return self._http.send(request if repeatable else _while_claims_hold(request))


def _while_claims_hold(request: Request) -> Request:
    """A create or a batch, which has to end before the claims of its records expire."""
    return replace(
        request,
        start_within=START_WITHIN.total_seconds(),
        exchange_seconds=CREATE_TAKES_AT_MOST.total_seconds(),
    )


def _project(project: str) -> str:
    return f"/{quote(project, safe='')}" if project else EVERY_PROJECT


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
    """The entries of a list, without null ones."""
    return [item for item in _list(_object(body).get("value")) if isinstance(item, dict)]


def _work_item(payload: Any) -> WorkItem:
    try:
        return WorkItem.from_payload(_object(payload))
    except (ValueError, TypeError, AttributeError):
        raise _unusable() from None


def _unusable() -> Unavailable:
    """The error for an answer of unexpected shape. As an empty answer, it would mean that everything was deleted."""
    return Unavailable(
        System.AZURE_DEVOPS,
        "Azure DevOps did not give a usable answer. Nothing has to be repaired; try again later.",
        outcome_unknown=True,
    )
