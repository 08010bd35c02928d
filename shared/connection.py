"""Testing a connection: can the account be reached, and could a send do what the integration is set up for?

Read only, but for creates that save nothing. What fails is raised as the error that names its cause and its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.aha_connection import AhaQuestion, look_at_aha, read_aha_question
from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.domain.accounts import normalise_account_name
from shared.domain.integration import Authentication, AzureDevOpsTarget, Integration, StoredIntegration
from shared.domain.json_input import Faults, JsonObject
from shared.domain.kind import Kind
from shared.domain.markers import marker_of
from shared.domain.patches import create_document
from shared.domain.project_shape import WorkItemType, area_paths, offered_types, read_states
from shared.domain.projects import is_named, project_named
from shared.domain.records import Record
from shared.errors import NotFound, RuleViolation, System
from shared.operation import Operation
from shared.secret import Secret
from shared.side_by_side import side_by_side

_LONGEST_ID = 64


@dataclass(frozen=True)
class Question:
    """What is tested: an account with credentials, a project (id or name, may be empty), and whose mapping.

    `target` is None where Aha! alone is asked, `aha` where it is not.
    """

    target: AzureDevOpsTarget | None
    project: str
    integration: Integration | None
    aha: AhaQuestion | None = None
    checks_mapping: bool = True

    @property
    def integration_id(self) -> str:
        """Whose log tells of the test; empty where it is about nothing that is stored."""
        if self.integration is not None:
            return self.integration.integration_id
        return self.aha.integration_id if self.aha is not None else ""


@dataclass(frozen=True)
class Check:
    """One thing that was found in order."""

    name: str
    detail: str

    def to_json(self) -> dict[str, Any]:
        """The shape in the answer."""
        return {"name": self.name, "ok": True, "detail": self.detail}


def named_integration(body: Any) -> str:
    """The id of the integration that a test is about; empty where the body names none, or is malformed."""
    # read_question reports what is malformed.
    source = JsonObject(body, Faults())
    aha = source.object("aha")
    return source.text("integration_id", longest=_LONGEST_ID) or aha.text(
        "integration_id", longest=_LONGEST_ID
    )


def read_question(app: App, body: Any, stored: StoredIntegration | None) -> Question:
    """The body of a test: an account name with a token, or the id of an integration; either with a project.

    `stored` is the integration of `named_integration`. With `aha` the Aha! account is looked at, too, or it alone
    where nothing is said of Azure DevOps.

    Raises:
        InvalidRequest: naming every fault.
    """
    faults = Faults()
    source = JsonObject(body, faults)
    project = source.text("project", longest=64)
    if source.text("integration_id", longest=_LONGEST_ID) and stored is not None:
        faults.raise_if_any()
        question = _of_integration(app, source, project, stored.integration)
    else:
        aha = read_aha_question(app, source, stored.integration if stored else None)
        is_left_out = all(source.raw(key) in (None, "") for key in ("account_name", "personal_access_token"))
        target = None if aha is not None and is_left_out else _target(app, source)
        question = Question(target, project, None, aha)
    faults.raise_if_any()
    return question


def _of_integration(app: App, source: JsonObject, project: str, integration: Integration) -> Question:
    target = integration.azure_devops
    aha = read_aha_question(app, source, integration)
    if target.account_name and target.has_credentials:
        # What there is to choose from is wanted just when the integration's own project or mapping fits no more.
        if source.boolean("choices_only", default=False):
            return Question(target, project, integration, aha, checks_mapping=False)
        return Question(target, project or target.project, integration, aha)
    if aha is None:
        source.fault("integration_id", "has no Azure DevOps account and token yet: save them first")
    return Question(None, "", integration, aha)


def _target(app: App, source: JsonObject) -> AzureDevOpsTarget:
    account = source.text("account_name", required=True, longest=300)
    name = normalise_account_name(account, app.settings.azure_devops_url) if account else ""
    if name is None:
        source.fault(
            "account_name", "must be an organization's name or its address, as https://dev.azure.com/fabrikam"
        )
    kinds = tuple(choice.value for choice in Authentication)
    authentication = Authentication(source.text("authentication", default="pat", choices=kinds))
    is_pat = authentication is Authentication.PAT
    token = source.text("personal_access_token", required=is_pat, longest=4000)
    return AzureDevOpsTarget(name or "", authentication, Secret(token) if is_pat else None)


def check_connection(app: App, operation: Operation, question: Question) -> dict[str, Any]:
    """Ask Azure DevOps and, where the question is about it, Aha! beside it; say what there is to choose from.

    Raises:
        CredentialsRejected, Forbidden, NotFound, RuleViolation, Unavailable: the first thing that is not in order.
    """
    target, aha = question.target, question.aha
    looks: list[Callable[[], dict[str, Any]]] = []
    if target is not None:
        looks.append(_ConnectionTest(app, operation, question, target).run)
    if aha is not None:
        looks.append(lambda: look_at_aha(app, operation, aha))
    found = side_by_side(lambda look: look(), looks)
    result = found[0] if target is not None else _nothing_asked()
    if aha is not None:
        shown = found[-1]
        result["checks"].append(Check("aha", _sight(shown)).to_json())
        result["aha"] = shown
    return result


def _nothing_asked() -> dict[str, Any]:
    """What an answer says of Azure DevOps when Aha! alone was asked."""
    return {
        "ok": True,
        "account_name": None,
        "account_url": None,
        "projects": [],
        "project": None,
        "checks": [],
    }


def _sight(aha: Mapping[str, Any]) -> str:
    who = aha["user"]["name"] or aha["user"]["email"]
    return f"Aha! accepts the token of {who}, who sees {len(aha['products'])} products."


class _ConnectionTest:
    def __init__(self, app: App, operation: Operation, question: Question, target: AzureDevOpsTarget) -> None:
        self._app = app
        self._question = question
        self._azure_devops: AzureDevOps = app.azure_devops(target, operation)
        self._checks: list[Check] = []

    def run(self) -> dict[str, Any]:
        projects = sorted(
            self._azure_devops.projects(), key=lambda item: str(item.get("name", "")).casefold()
        )
        account = self._azure_devops.account_name
        self._passed("credentials", f"The token is accepted and sees {len(projects)} projects of {account}.")
        project = self._project(projects) if self._question.project else None
        return {
            "ok": True,
            "account_name": account,
            "account_url": self._azure_devops.account_url,
            "projects": [_id_and_name(item) for item in projects],
            "project": project,
            "checks": [check.to_json() for check in self._checks],
        }

    def _passed(self, name: str, detail: str) -> None:
        self._checks.append(Check(name, detail))

    def _project(self, projects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        found = project_named(projects, self._question.project)
        project_id = str(found.get("id"))
        tree, types, categories = side_by_side(
            lambda read: read(project_id), (self._areas, self._types, self._categories)
        )
        offered = self._with_states(project_id, offered_types(types, categories))
        name = str(found.get("name"))
        self._passed(
            "project", f"{name} has {len(tree)} areas and {len(offered)} work item types to choose from."
        )
        integration = self._question.integration if self._question.checks_mapping else None
        if integration is not None and is_named(found, integration.azure_devops.project):
            self._check_mapping(integration, project_id, tree, offered)
        return {**_id_and_name(found), "areas": tree, "work_item_types": [_shown(item) for item in offered]}

    def _areas(self, project_id: str) -> list[Any]:
        """Every area path; below where the answer stops, it is asked for again."""
        paths, cuts = area_paths(self._azure_devops.area_tree(project_id))
        while cuts:
            below = side_by_side(
                lambda cut: self._azure_devops.area_tree(project_id, "/".join(cut.path)), cuts
            )
            further = [
                area_paths(node, (paths[0], *cut.path[:-1])) for node, cut in zip(below, cuts, strict=True)
            ]
            cuts = [cut for _, more in further for cut in more]
            known = set(paths)
            paths += [path for found, _ in further for path in found if path not in known]
        return [paths[0], *sorted(paths[1:], key=str.casefold)]

    def _types(self, project_id: str) -> list[Any]:
        return self._azure_devops.work_item_types(project_id)

    def _categories(self, project_id: str) -> list[Any]:
        return self._azure_devops.work_item_type_categories(project_id)

    def _with_states(self, project_id: str, types: Sequence[WorkItemType]) -> list[WorkItemType]:
        """The types, with the states of those that came without asked for one by one."""

        def complete(item: WorkItemType) -> WorkItemType:
            if item.states:
                return item
            return replace(item, states=read_states(self._azure_devops.states(project_id, item.name)))

        return side_by_side(complete, types)

    def _check_mapping(
        self, integration: Integration, project_id: str, areas: Sequence[str], types: Sequence[WorkItemType]
    ) -> None:
        if integration.missing():
            return
        known = {item.name: item for item in types}
        for kind in Kind:
            _check_type(kind, integration, known)
        area = integration.azure_devops.area_path
        if area.casefold() not in {path.casefold() for path in areas}:
            raise NotFound(
                System.AZURE_DEVOPS,
                f"The area “{area}” does not exist in the project, or the token's user may not see it. Choose another.",
            )
        self._passed("status_mapping", "Every state in the mapping is a state of its work item type.")
        checks: list[Callable[[], None]] = [self._create_of(kind, integration, project_id) for kind in Kind]
        side_by_side(lambda check: check(), checks)
        self._passed(
            "create_work_item",
            f"{integration.feature.work_item_type} and {integration.requirement.work_item_type} can be created in "
            f"{area}.",
        )

    def _create_of(self, kind: Kind, integration: Integration, project_id: str) -> Callable[[], None]:
        mapping = integration.mapping(kind)
        record = Record(kind, "0", "", f"Connection test of {integration.name}", "", "", ())
        document = create_document(
            title=record.title,
            description="",
            area_path=integration.azure_devops.area_path,
            default_fields=mapping.default_fields,
            marker=marker_of(record, integration, self._app.settings.public_url),
            files={},
        )
        return lambda: self._azure_devops.validate_work_item(project_id, mapping.work_item_type, document)


def _check_type(kind: Kind, integration: Integration, known: Mapping[str, WorkItemType]) -> None:
    mapping = integration.mapping(kind)
    item = known.get(mapping.work_item_type)
    if item is None:
        raise NotFound(
            System.AZURE_DEVOPS,
            f"The work item type “{mapping.work_item_type}” chosen for {kind.value}s does not exist in the project, "
            f"or it is disabled. Choose one of: {', '.join(known)}.",
        )
    states = [state.name for state in item.states]
    unknown = [state for state in mapping.status_mapping if state not in states]
    if unknown:
        raise RuleViolation(
            System.AZURE_DEVOPS,
            f"The mapping of {kind.value}s has states that {item.name} does not have: {', '.join(unknown)}. Its states "
            f"are: {', '.join(states)}.",
        )


def _id_and_name(project: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": project.get("id"), "name": project.get("name")}


def _shown(item: WorkItemType) -> dict[str, Any]:
    return {
        "name": item.name,
        "reference_name": item.reference_name,
        "color": item.color,
        "states": [
            {"name": state.name, "category": state.category, "color": state.color} for state in item.states
        ],
        "required_fields": [
            {"reference_name": field.reference_name, "name": field.name} for field in item.required_fields
        ],
    }
