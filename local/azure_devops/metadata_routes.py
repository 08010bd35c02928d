"""Areas, iterations, work item types, fields, categories and relation types."""

from __future__ import annotations

import urllib.parse
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops.answers import ModelError, json_response, list_response, work_item_error
from local.azure_devops.exchange import Exchange
from local.azure_devops.field_definitions import FIELDS, field_named
from local.azure_devops.link_types import relation_types
from local.azure_devops.projects import Project
from local.azure_devops.routes import ORGANIZATION, PROJECT, rules
from local.azure_devops.work_item_types import FieldRule, State, WorkItemType

_EXPANSIONS = ("none", "allowedvalues", "dependentfields", "all")
_CATEGORY_NAMES = {
    "Microsoft.EpicCategory": "Epic Category",
    "Microsoft.FeatureCategory": "Feature Category",
    "Microsoft.RequirementCategory": "Requirement Category",
    "Microsoft.TaskCategory": "Task Category",
    "Microsoft.BugCategory": "Bug Category",
    "Microsoft.TestCaseCategory": "Test Case Category",
    "Microsoft.HiddenCategory": "Hidden Types Category",
}


def get_classification_node(exchange: Exchange) -> Response:
    """An area or iteration with `$depth` levels below it."""
    project = exchange.needed_project()
    trees = {"areas": project.areas, "iterations": project.iterations}
    tree = trees.get(exchange.arguments["group"].casefold())
    if tree is None:
        raise ModelError(404, "The structure group must be Areas or Iterations.")
    path = exchange.arguments.get("path", "")
    depth = exchange.whole_number("$depth", 0)
    with exchange.organization.lock:
        node = tree.find(name for name in path.split("/") if name)
        if node is None:
            raise work_item_error(
                404,
                f"VS402485: The Area/Iteration name is not recognized: {path}.",
                "ClassificationNodeNotFoundException",
            )
        return json_response(node.json(exchange.project_base, depth))


def list_root_nodes(exchange: Exchange) -> Response:
    """The roots of both trees."""
    project, depth = exchange.needed_project(), exchange.whole_number("$depth", 0)
    with exchange.organization.lock:
        roots = [tree.root.json(exchange.project_base, depth) for tree in (project.areas, project.iterations)]
    return list_response(roots)


def list_types(exchange: Exchange) -> Response:
    """Every work item type of the project, hidden and disabled ones too."""
    return list_response([_type(kind, exchange) for kind in exchange.needed_project().types])


def get_type(exchange: Exchange) -> Response:
    """One work item type."""
    return json_response(_type(_named_type(exchange), exchange))


def list_states(exchange: Exchange) -> Response:
    """The states of a work item type."""
    return list_response([_state(state) for state in _named_type(exchange).states])


def list_type_fields(exchange: Exchange) -> Response:
    """How a work item type uses its fields."""
    kind, expand = _named_type(exchange), _expansion(exchange)
    return list_response([_field_rule(rule, exchange.base, expand) for rule in kind.rules.values()])


def get_type_field(exchange: Exchange) -> Response:
    """How a work item type uses one field."""
    kind, used = _named_type(exchange), field_named(exchange.arguments["field"])
    rule = kind.rule(used)
    if rule is None:
        raise ModelError(404, f"TF51535: Cannot find field {used.reference_name}.")
    return json_response(_field_rule(rule, exchange.base, _expansion(exchange)))


def list_categories(exchange: Exchange) -> Response:
    """The categories of work item types."""
    project = exchange.needed_project()
    return list_response([_category(project, name, exchange.project_base) for name in _CATEGORY_NAMES])


def get_category(exchange: Exchange) -> Response:
    """One category."""
    wanted = exchange.arguments["category"].casefold()
    for name in _CATEGORY_NAMES:
        if name.casefold() == wanted:
            return json_response(_category(exchange.needed_project(), name, exchange.project_base))
    raise work_item_error(
        404, f"The category {wanted} does not exist.", "WorkItemTypeCategoryNotFoundException"
    )


def list_fields(exchange: Exchange) -> Response:
    """Every field of the organization."""
    return list_response([field.definition(exchange.base) for field in FIELDS.values()])


def get_field(exchange: Exchange) -> Response:
    """One field by reference name or friendly name."""
    name = exchange.arguments["field"]
    try:
        return json_response(field_named(name).definition(exchange.base))
    except Exception as refusal:
        raise work_item_error(404, str(refusal), "WorkItemTrackingFieldDefinitionNotFoundException") from None


def list_relation_types(exchange: Exchange) -> Response:
    """Every relation type."""
    return list_response(relation_types(exchange.base))


def _named_type(exchange: Exchange) -> WorkItemType:
    return exchange.needed_project().type_named(exchange.arguments["type"])


def _expansion(exchange: Exchange) -> str:
    expand = exchange.request.args.get("$expand", "none").casefold()
    if expand not in _EXPANSIONS:
        raise ModelError(400, f"The value '{expand}' is not valid for $expand.")
    return expand


def _state(state: State) -> dict[str, Any]:
    return {"name": state.name, "color": state.color, "category": state.category}


def _type(kind: WorkItemType, exchange: Exchange) -> dict[str, Any]:
    url = f"{exchange.project_base}/_apis/wit/workItemTypes/{urllib.parse.quote(kind.name)}"
    icon = f"{exchange.base}/_apis/wit/workItemIcons/{kind.icon}?color={kind.color}&v=2"
    uses = [_field_rule(rule, exchange.base, "none") for rule in kind.rules.values()]
    names = [state.name for state in kind.states]
    transitions: dict[str, Any] = {
        name: [{"to": other, "actions": None} for other in names] for name in names
    }
    transitions[""] = [{"to": names[0], "actions": None}]
    return {
        "name": kind.name,
        "referenceName": kind.reference_name,
        "description": kind.description,
        "color": kind.color,
        "icon": {"id": kind.icon, "url": icon},
        "isDisabled": kind.is_disabled,
        "xmlForm": "<FORM><Layout /></FORM>",
        "fields": uses,
        "fieldInstances": uses,
        "transitions": transitions,
        "states": [_state(state) for state in kind.states],
        "_links": {"self": {"href": url}},
        "url": url,
    }


def _field_rule(rule: FieldRule, base: str, expand: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "defaultValue": rule.default if rule.default is None else str(rule.default),
        "alwaysRequired": rule.is_required,
        **rule.field.reference(base),
    }
    if expand in ("allowedvalues", "all"):
        value["allowedValues"] = [str(allowed) for allowed in rule.allowed_values]
    if expand in ("dependentfields", "all"):
        value["dependentFields"] = []
    return value


def _category(project: Project, name: str, base: str) -> dict[str, Any]:
    members = [
        {"name": kind.name, "url": f"{base}/_apis/wit/workItemTypes/{urllib.parse.quote(kind.name)}"}
        for kind in project.types
        if kind.category == name
    ]
    return {
        "name": _CATEGORY_NAMES[name],
        "referenceName": name,
        "defaultWorkItemType": members[0],
        "workItemTypes": members,
        "url": f"{base}/_apis/wit/workItemTypeCategories/{name}",
    }


def metadata_rules() -> list[Rule]:
    """The routes of this module."""
    only = (PROJECT,)
    nodes, types = "/wit/classificationnodes", "/wit/workitemtypes"
    return [
        *rules(nodes, list_root_nodes, "GET", prefixes=only),
        *rules(f"{nodes}/<group>", get_classification_node, "GET", prefixes=only),
        *rules(f"{nodes}/<group>/<path:path>", get_classification_node, "GET", prefixes=only),
        *rules(types, list_types, "GET", prefixes=only),
        *rules(f"{types}/<type>", get_type, "GET", prefixes=only),
        *rules(f"{types}/<type>/states", list_states, "GET", prefixes=only),
        *rules(f"{types}/<type>/fields", list_type_fields, "GET", prefixes=only),
        *rules(f"{types}/<type>/fields/<field>", get_type_field, "GET", prefixes=only),
        *rules("/wit/workitemtypecategories", list_categories, "GET", prefixes=only),
        *rules("/wit/workitemtypecategories/<category>", get_category, "GET", prefixes=only),
        *rules("/wit/fields", list_fields, "GET"),
        *rules("/wit/fields/<field>", get_field, "GET"),
        *rules("/wit/workitemrelationtypes", list_relation_types, "GET", prefixes=(ORGANIZATION,)),
    ]
