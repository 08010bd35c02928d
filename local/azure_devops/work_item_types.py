"""Work item types with their states, fields and categories, per process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from local.azure_devops.field_definitions import Field, field_named

HIDDEN_CATEGORY = "Microsoft.HiddenCategory"


@dataclass(frozen=True)
class State:
    """A workflow state; `category` is one of Proposed, InProgress, Resolved, Completed, Removed."""

    name: str
    color: str
    category: str


@dataclass(frozen=True)
class FieldRule:
    """How a type uses a field."""

    field: Field
    is_required: bool = False
    default: str | int | None = None
    allowed_values: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class WorkItemType:
    """A work item type of a process."""

    name: str
    color: str
    icon: str
    category: str
    states: tuple[State, ...]
    rules: dict[str, FieldRule] = field(default_factory=dict)
    description: str = ""
    is_disabled: bool = False
    is_custom: bool = False

    @property
    def reference_name(self) -> str:
        """`Microsoft.VSTS.WorkItemTypes.UserStory`, or under the process' own name for a custom type."""
        prefix = "FabrikamAgile" if self.is_custom else "Microsoft.VSTS.WorkItemTypes"
        return f"{prefix}.{self.name.replace(' ', '')}"

    def state(self, name: str) -> State | None:
        """The state with this name, in any case."""
        return next((state for state in self.states if state.name.casefold() == name.casefold()), None)

    def rule(self, used: Field) -> FieldRule | None:
        """How the type uses the field; None if it has not the field."""
        return self.rules.get(used.reference_name)


_SYSTEM_RULES = (
    ("System.Id", False),
    ("System.Rev", False),
    ("System.AreaId", True),
    ("System.NodeName", False),
    ("System.IterationId", True),
    ("System.AuthorizedDate", False),
    ("System.RevisedDate", False),
    ("System.AuthorizedAs", False),
    ("System.PersonId", False),
    ("System.Watermark", False),
    ("System.AreaPath", False),
    ("System.TeamProject", False),
    ("System.IterationPath", False),
    ("System.WorkItemType", True),
    ("System.State", True),
    ("System.Reason", False),
    ("System.AssignedTo", False),
    ("System.CreatedDate", False),
    ("System.CreatedBy", False),
    ("System.ChangedDate", False),
    ("System.ChangedBy", False),
    ("System.CommentCount", False),
    ("System.Parent", False),
    ("System.Title", True),
    ("System.Description", False),
    ("System.History", False),
    ("System.Tags", False),
    ("Microsoft.VSTS.Common.StateChangeDate", False),
)
_PRIORITY = FieldRule(field_named("Microsoft.VSTS.Common.Priority"), default=2, allowed_values=(1, 2, 3, 4))
_SEVERITY = FieldRule(
    field_named("Microsoft.VSTS.Common.Severity"),
    default="3 - Medium",
    allowed_values=("1 - Critical", "2 - High", "3 - Medium", "4 - Low"),
)
_VALUE_AREA = FieldRule(
    field_named("Microsoft.VSTS.Common.ValueArea"),
    is_required=True,
    default="Business",
    allowed_values=("Architectural", "Business"),
)
_TEAM = FieldRule(field_named("Custom.Team"), is_required=True, allowed_values=("Web", "Mobile"))

_PROPOSED, _ACTIVE, _RESOLVED, _COMPLETED, _REMOVED = "b2b2b2", "007acc", "ff9d00", "339933", "ffffff"


def _states(*names_and_categories: tuple[str, str]) -> tuple[State, ...]:
    colors = {
        "Proposed": _PROPOSED,
        "InProgress": _ACTIVE,
        "Resolved": _RESOLVED,
        "Completed": _COMPLETED,
        "Removed": _REMOVED,
    }
    return tuple(State(name, colors[category], category) for name, category in names_and_categories)


_NEW, _CLOSED, _REMOVED_STATE = ("New", "Proposed"), ("Closed", "Completed"), ("Removed", "Removed")
_AGILE = _states(_NEW, ("Active", "InProgress"), ("Resolved", "Resolved"), _CLOSED, _REMOVED_STATE)
_AGILE_TASK = _states(_NEW, ("Active", "InProgress"), _CLOSED, _REMOVED_STATE)
_AGILE_BUG = _states(_NEW, ("Active", "InProgress"), ("Resolved", "Resolved"), _CLOSED)
_SCRUM = _states(_NEW, ("In Progress", "InProgress"), ("Done", "Completed"), _REMOVED_STATE)
_SCRUM_ITEM = _states(
    _NEW, ("Approved", "Proposed"), ("Committed", "InProgress"), ("Done", "Completed"), _REMOVED_STATE
)
_SCRUM_TASK = _states(
    ("To Do", "Proposed"), ("In Progress", "InProgress"), ("Done", "Completed"), _REMOVED_STATE
)
_HIDDEN = _states(("Requested", "Proposed"), _CLOSED)
_REQUEST = _states(
    ("Received", "Proposed"), ("Accepted", "InProgress"), ("Shipped", "Completed"), ("Declined", "Removed")
)


def _rules(*extra: FieldRule | str) -> dict[str, FieldRule]:
    rules = {name: FieldRule(field_named(name), required) for name, required in _SYSTEM_RULES}
    for rule in extra:
        used = FieldRule(field_named(rule)) if isinstance(rule, str) else rule
        rules[used.field.reference_name] = used
    return rules


_POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"
_EFFORT = "Microsoft.VSTS.Scheduling.Effort"
_CRITERIA = "Microsoft.VSTS.Common.AcceptanceCriteria"
_TARGET = "Microsoft.VSTS.Scheduling.TargetDate"
_STEPS = ("Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.TCM.SystemInfo")

_EPIC = WorkItemType(
    "Epic",
    "E06C00",
    "icon_crown",
    "Microsoft.EpicCategory",
    _AGILE,
    _rules(_PRIORITY, _VALUE_AREA, _EFFORT, _TARGET),
)
_FEATURE = WorkItemType(
    "Feature",
    "773B93",
    "icon_trophy",
    "Microsoft.FeatureCategory",
    _AGILE,
    _rules(_PRIORITY, _VALUE_AREA, _EFFORT, _TARGET),
    description="Tracks a feature that will be released with the product",
)
_TASK = WorkItemType(
    "Task", "F2CB1D", "icon_clipboard", "Microsoft.TaskCategory", _AGILE_TASK, _rules(_PRIORITY)
)
_BUG = WorkItemType(
    "Bug",
    "CC293D",
    "icon_insect",
    "Microsoft.BugCategory",
    _AGILE_BUG,
    _rules(_PRIORITY, _SEVERITY, _VALUE_AREA, *_STEPS),
)
_HIDDEN_TYPES = tuple(
    WorkItemType(name, "FF00FF", "icon_code_review", HIDDEN_CATEGORY, _HIDDEN, _rules())
    for name in (
        "Code Review Request",
        "Code Review Response",
        "Feedback Request",
        "Feedback Response",
        "Shared Steps",
        "Shared Parameter",
        "Test Plan",
        "Test Suite",
    )
)
_TEST_CASE = WorkItemType(
    "Test Case", "004B50", "icon_test_case", "Microsoft.TestCaseCategory", _AGILE_TASK, _rules(_PRIORITY)
)

AGILE: tuple[WorkItemType, ...] = (
    _EPIC,
    _FEATURE,
    WorkItemType(
        "User Story",
        "009CCC",
        "icon_book",
        "Microsoft.RequirementCategory",
        _AGILE,
        _rules(_PRIORITY, _VALUE_AREA, _POINTS, _CRITERIA),
        description="Tracks an activity the user will be able to perform with the product",
    ),
    _TASK,
    _BUG,
    WorkItemType("Issue", "B4009E", "icon_traffic_cone", "", _AGILE_TASK, _rules(_PRIORITY)),
    WorkItemType(
        "Customer Request",
        "339947",
        "icon_headphone",
        "",
        _REQUEST,
        _rules(_PRIORITY, _TEAM, "Custom.Escalated"),
        is_custom=True,
    ),
    WorkItemType(
        "Risk", "FBBC3D", "icon_traffic_cone", "", _AGILE_TASK, _rules(), is_disabled=True, is_custom=True
    ),
    _TEST_CASE,
    *_HIDDEN_TYPES,
)
SCRUM: tuple[WorkItemType, ...] = (
    replace(_EPIC, states=_SCRUM),
    replace(_FEATURE, states=_SCRUM),
    WorkItemType(
        "Product Backlog Item",
        "009CCC",
        "icon_list",
        "Microsoft.RequirementCategory",
        _SCRUM_ITEM,
        _rules(_PRIORITY, _VALUE_AREA, _EFFORT, _CRITERIA),
    ),
    replace(_TASK, states=_SCRUM_TASK),
    replace(_BUG, states=_SCRUM_ITEM),
    WorkItemType(
        "Impediment",
        "B4009E",
        "icon_traffic_cone",
        "",
        _states(("Open", "Proposed"), _CLOSED),
        _rules(_PRIORITY),
    ),
    _TEST_CASE,
    *_HIDDEN_TYPES,
)
PROCESSES = {"Agile": AGILE, "Scrum": SCRUM}
PROCESS_IDS = {
    "Agile": "adcc42ab-9882-485e-a3ed-7678f01f66bc",
    "Scrum": "6b724908-ef14-45cf-84f8-768b5384da45",
}
