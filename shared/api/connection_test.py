"""The connection test: can the app reach the account, and can it send as the integration is configured?

The test only reads, and validates creates without saving them. The first problem is raised as an error that names its
cause and its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.api.aha_connection_test import read_aha_account
from shared.api.connection_request import ConnectionTestRequest, read_connection_request
from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.concurrency import in_parallel
from shared.domain.connection_checks import (
    Check,
    advise_on_descriptions,
    aha_check,
    check_mapping,
    creates_check,
    credentials_check,
    project_check,
)
from shared.domain.integration import AzureDevOpsTarget, Integration, StoredIntegration
from shared.domain.integration_input import UrlRules
from shared.domain.kind import Kind
from shared.domain.markers import marker_of
from shared.domain.patches import create_document
from shared.domain.project_metadata import WorkItemType, area_paths, available_types, read_states
from shared.domain.projects import project_named
from shared.domain.records import Record
from shared.operation import Operation


def read_request(app: App, body: Any, stored: StoredIntegration | None) -> ConnectionTestRequest:
    """Read the body of the request. `stored` is the integration that it names, None if it names none.

    Raises InvalidRequest, IntegrationNotFound.
    """

    def find_integration(integration_id: str) -> Integration:
        if stored is not None and stored.integration.integration_id == integration_id:
            return stored.integration
        return app.integrations.get(integration_id).integration

    return read_connection_request(
        body,
        find_integration,
        UrlRules(app.settings.azure_devops_url, app.settings.allow_local_addresses),
    )


def run_connection_test(app: App, operation: Operation, request: ConnectionTestRequest) -> dict[str, Any]:
    """Test Azure DevOps, Aha! or both at the same time, as the request says. Returns the answer's body.

    Raises:
        CredentialsRejected, Forbidden, NotFound, RuleViolation, Unavailable: the first problem that was found.
    """
    target, aha = request.azure_devops, request.aha
    tests: dict[str, Callable[[], dict[str, Any]]] = {}
    if target is not None:
        tests["azure_devops"] = _AzureDevOpsTest(app, operation, request, target).run
    if aha is not None:
        tests["aha"] = lambda: read_aha_account(app, operation, aha)
    found = in_parallel(lambda test: test(), list(tests.values()))
    answers = dict(zip(tests, found, strict=True))
    return combined_answer(answers.get("azure_devops"), answers.get("aha"))


def combined_answer(azure_devops: Mapping[str, Any] | None, aha: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer's body: what the test of Azure DevOps found, None if it was not tested, and the same for Aha!."""
    answer = dict(azure_devops or _NOT_TESTED)
    if aha is not None:
        check = aha_check(aha["user"]["name"], aha["user"]["email"], len(aha["products"]))
        answer = {**answer, "checks": [*answer["checks"], _check_as_json(check)], "aha": aha}
    return answer


_NOT_TESTED: Mapping[str, Any] = {
    "ok": True,
    "account_name": None,
    "account_url": None,
    "projects": [],
    "project": None,
    "checks": [],
}
"""The answer's body, apart from Aha!, if only Aha! was tested."""

_MOST_SUBTREES = 500
"""Areas whose children are read by a separate request: 10,000 areas are the most that a project has."""


def all_area_paths(read_tree: Callable[[str], Mapping[str, Any]]) -> list[str]:
    """Every area path, the project's own first. The children that an answer leaves out are read by further requests.

    `read_tree` returns the area at a path below the project, with the areas below it.
    """
    paths, truncated = area_paths(read_tree(""))
    # If the answer leaves out a requested node again, stop there.
    asked: set[tuple[str, ...]] = {()}
    while truncated := [node for node in truncated if node.path not in asked][: _MOST_SUBTREES - len(asked)]:
        asked |= {node.path for node in truncated}
        subtrees = in_parallel(lambda node: read_tree("/".join(node.path)), truncated)
        read = [
            area_paths(subtree, (paths[0], *node.path[:-1]))
            for subtree, node in zip(subtrees, truncated, strict=True)
        ]
        truncated = [node for _, nodes in read for node in nodes]
        known = set(paths)
        paths += [path for found, _ in read for path in found if path not in known]
    return [paths[0], *sorted(paths[1:], key=str.casefold)]


class _AzureDevOpsTest:
    def __init__(
        self, app: App, operation: Operation, request: ConnectionTestRequest, target: AzureDevOpsTarget
    ) -> None:
        self._app = app
        self._request = request
        self._azure_devops: AzureDevOps = app.azure_devops(target, operation)
        self._checks: list[Check] = []

    def run(self) -> dict[str, Any]:
        projects = sorted(
            self._azure_devops.projects(), key=lambda item: str(item.get("name", "")).casefold()
        )
        account = self._azure_devops.account_name
        self._checks.append(credentials_check(len(projects), account))
        project = self._project(projects) if self._request.project else None
        return {
            "ok": True,
            "account_name": account,
            "account_url": self._azure_devops.account_url,
            "projects": [_id_and_name(item) for item in projects],
            "project": project,
            "checks": [_check_as_json(check) for check in self._checks],
        }

    def _project(self, projects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        project = project_named(projects, self._request.project)
        project_id = str(project.get("id"))
        areas, types, categories = in_parallel(
            lambda read: read(project_id),
            (self._areas, self._azure_devops.work_item_types, self._azure_devops.work_item_type_categories),
        )
        available = self._with_states(project_id, available_types(types, categories))
        self._checks.append(project_check(str(project.get("name")), len(areas), len(available)))
        integration = self._request.integration_to_check(project)
        if integration is not None:
            self._checks.append(check_mapping(integration, areas, available))
            self._checks.append(self._validate_creates(integration, project_id))
            self._checks += advise_on_descriptions(integration, available)
        return {
            **_id_and_name(project),
            "areas": areas,
            "work_item_types": [_type_as_json(item) for item in available],
        }

    def _areas(self, project_id: str) -> list[Any]:
        return all_area_paths(lambda path: self._azure_devops.area_tree(project_id, path))

    def _with_states(self, project_id: str, types: Sequence[WorkItemType]) -> list[WorkItemType]:
        """The types. The states of a type that came without them are read with a separate request."""

        def complete(item: WorkItemType) -> WorkItemType:
            if item.states:
                return item
            return replace(item, states=read_states(self._azure_devops.states(project_id, item.name)))

        return in_parallel(complete, types)

    def _validate_creates(self, integration: Integration, project_id: str) -> Check:
        """Have Azure DevOps validate the create of a work item of both types, without saving it."""
        in_parallel(lambda kind: self._validate_create(kind, integration, project_id), tuple(Kind))
        return creates_check(integration)

    def _validate_create(self, kind: Kind, integration: Integration, project_id: str) -> None:
        document = validated_create(kind, integration, self._app.settings.public_url)
        work_item_type = integration.mapping(kind).work_item_type
        self._azure_devops.validate_work_item(project_id, work_item_type, document)


def validated_create(kind: Kind, integration: Integration, public_url: str) -> list[dict[str, Any]]:
    """The patch document of a create that is validated: as a send makes it for a record with a title alone."""
    mapping = integration.mapping(kind)
    record = Record(kind, "0", "", f"Connection test of {integration.name}", "", "", ())
    return create_document(
        title=record.title,
        description="",
        description_field=integration.description_field(mapping.work_item_type),
        area_path=integration.azure_devops.area_path,
        default_fields=mapping.default_fields,
        marker=marker_of(record, integration, public_url),
        files={},
    )


def _check_as_json(check: Check) -> dict[str, Any]:
    return {"name": check.name, "ok": True, "detail": check.detail}


def _id_and_name(project: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": project.get("id"), "name": project.get("name")}


def _type_as_json(item: WorkItemType) -> dict[str, Any]:
    return {
        "name": item.name,
        "reference_name": item.reference_name,
        "color": item.color,
        "description_field": item.description_field,
        "states": [
            {"name": state.name, "category": state.category, "color": state.color} for state in item.states
        ],
        "required_fields": [
            {"reference_name": field.reference_name, "name": field.name} for field in item.required_fields
        ],
    }
