"""A project's areas and work item types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.project_metadata import RequiredField, State, TruncatedNode, area_paths, available_types


def node(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    """An area node, as Azure DevOps answers it."""
    path = f"\\Fabrikam\\Area\\{name}"
    return {
        "name": name,
        "path": path,
        "hasChildren": bool(children),
        **({"children": list(children)} if children else {}),
    }


TREES = st.recursive(
    st.builds(node, st.text(st.characters(exclude_characters="\\/"), min_size=1, max_size=5)),
    lambda inner: st.builds(
        lambda name, children: node(name, *children), st.text("abc", min_size=1), st.lists(inner, max_size=4)
    ),
    max_leaves=20,
)


def size(tree: dict[str, Any]) -> int:
    return 1 + sum(size(child) for child in tree.get("children", ()))


def test_the_whole_tree_is_listed_as_area_paths_sorted_by_name() -> None:
    tree = node("Fabrikam", node("web", node("Shop"), node("blog")), node("App"))

    assert area_paths(tree) == (
        ["Fabrikam", "Fabrikam\\App", "Fabrikam\\web", "Fabrikam\\web\\blog", "Fabrikam\\web\\Shop"],
        [],
    )


def test_a_node_whose_children_were_left_out_is_reported() -> None:
    below = {"name": "Shop", "hasChildren": True}
    tree = node("Fabrikam", node("Web", below))

    assert area_paths(tree) == (
        ["Fabrikam", "Fabrikam\\Web", "Fabrikam\\Web\\Shop"],
        [TruncatedNode(("Web", "Shop"))],
    )


def test_the_paths_of_a_subtree_start_with_the_names_above_it() -> None:
    assert area_paths(node("Shop", node("Cart")), ("Fabrikam", "Web")) == (
        ["Fabrikam\\Web\\Shop", "Fabrikam\\Web\\Shop\\Cart"],
        [],
    )


@given(TREES)
def test_every_area_is_listed_once_below_its_parent(tree: dict[str, Any]) -> None:
    paths, truncated = area_paths(tree)

    assert len(paths) == size(tree)
    assert all(path.startswith(paths[0]) for path in paths)
    assert truncated == []


def test_disabled_and_hidden_types_are_left_out() -> None:
    types: list[dict[str, Any]] = [
        {"name": "User Story", "referenceName": "Microsoft.VSTS.WorkItemTypes.UserStory", "color": "0098C7"},
        {"name": "Code Review Request", "referenceName": "X"},
        {"name": "Issue", "referenceName": "Y", "isDisabled": True},
        {"name": "Feature", "referenceName": "Z", "color": None},
    ]
    categories: list[dict[str, Any]] = [
        {"referenceName": "Microsoft.HiddenCategory", "workItemTypes": [{"name": "Code Review Request"}]},
        {"referenceName": "Microsoft.RequirementCategory", "workItemTypes": [{"name": "User Story"}]},
        {"referenceName": "Microsoft.HiddenCategory", "workItemTypes": None},
    ]

    available = available_types(types, categories)

    assert [(item.name, item.color) for item in available] == [("User Story", "0098C7"), ("Feature", "")]


def test_states_have_categories_and_colours() -> None:
    states = [{"name": "New", "color": "b2b2b2", "category": "Proposed"}, {"name": "Closed"}]

    (bug,) = available_types([{"name": "Bug", "states": states}], [])

    assert bug.states == (State("New", "Proposed", "b2b2b2"), State("Closed", "", ""))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["System.Description", "Microsoft.VSTS.TCM.ReproSteps"], "Microsoft.VSTS.TCM.ReproSteps"),
        (["Microsoft.VSTS.TCM.ReproSteps"], "Microsoft.VSTS.TCM.ReproSteps"),
        (["System.Description", "Microsoft.VSTS.TCM.Steps"], "System.Description"),
        ([], "System.Description"),
    ],
)
@pytest.mark.parametrize("key", ["fields", "fieldInstances"])
def test_a_type_that_has_repro_steps_shows_descriptions_there(
    names: list[str], expected: str, key: str
) -> None:
    fields = [{"referenceName": name} for name in names]

    (kind,) = available_types([{"name": "Defect", key: fields}], [])

    assert kind.description_field == expected


def test_the_field_for_descriptions_is_filled_by_a_send_and_another_text_is_not() -> None:
    names = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps")
    fields = [{"referenceName": name, "name": name, "alwaysRequired": True} for name in names]

    bug, story = available_types([{"name": "Bug", "fields": fields}, {"name": "S", "fields": fields[:1]}], [])

    assert [field.reference_name for field in bug.required_fields] == ["System.Description"]
    assert story.required_fields == ()


def test_required_fields_are_those_that_neither_azure_devops_nor_a_send_fills_in() -> None:
    fields = [
        {"referenceName": "System.Title", "name": "Title", "alwaysRequired": True},
        {"referenceName": "System.State", "name": "State", "alwaysRequired": True},
        {"referenceName": "System.IterationId", "name": "Iteration", "alwaysRequired": True},
        {"referenceName": "Custom.Team", "name": "Team", "alwaysRequired": True, "defaultValue": None},
        {"referenceName": "Custom.Level", "name": "Level", "alwaysRequired": True, "defaultValue": "1"},
        {"referenceName": "Custom.Note", "name": "Note", "alwaysRequired": False},
    ]

    for key in ("fields", "fieldInstances"):
        (bug,) = available_types([{"name": "Bug", key: fields}], [])

        assert bug.required_fields == (RequiredField("Custom.Team", "Team"),)
