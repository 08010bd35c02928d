"""The fields of the organization's processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.azure_devops.answers import work_item_error

HTML = "html"
STRING = "string"
HYPERLINK_COUNT = "System.HyperLinkCount"
"""How many hyperlinks a work item has; queries work it out."""


@dataclass(frozen=True)
class Field:
    """A field of the organization; `kind` is the REST API's `type`."""

    reference_name: str
    name: str
    kind: str = STRING
    is_read_only: bool = False
    is_identity: bool = False
    is_detail: bool = False
    """An answer has it only if it is requested by name or by `$expand=fields|all`."""

    def reference(self, base: str) -> dict[str, Any]:
        """Reference name, friendly name and URL."""
        return {
            "referenceName": self.reference_name,
            "name": self.name,
            "url": f"{base}/_apis/wit/fields/{self.reference_name}",
        }

    def definition(self, base: str) -> dict[str, Any]:
        """The body of `GET /_apis/wit/fields/{field}`."""
        return {
            "name": self.name,
            "referenceName": self.reference_name,
            "description": None,
            "type": self.kind,
            "usage": "workItem",
            "readOnly": self.is_read_only,
            "canSortBy": self.kind not in (HTML, "history"),
            "isQueryable": True,
            "supportedOperations": [{"referenceName": "SupportedOperations.Equals", "name": "="}],
            "isIdentity": self.is_identity,
            "isPicklist": False,
            "isPicklistSuggested": False,
            "isDeleted": False,
            "url": f"{base}/_apis/wit/fields/{self.reference_name}",
        }


def _computed(reference_name: str, name: str, kind: str = STRING, **marks: bool) -> Field:
    return Field(reference_name, name, kind, is_read_only=True, **marks)


_FIELDS = (
    _computed("System.Id", "ID", "integer", is_detail=True),
    _computed("System.Rev", "Rev", "integer", is_detail=True),
    _computed("System.AreaId", "Area ID", "integer", is_detail=True),
    _computed("System.NodeName", "Node Name", is_detail=True),
    _computed("System.IterationId", "Iteration ID", "integer", is_detail=True),
    _computed("System.AuthorizedDate", "Authorized Date", "dateTime", is_detail=True),
    _computed("System.RevisedDate", "Revised Date", "dateTime", is_detail=True),
    _computed("System.AuthorizedAs", "Authorized As", is_identity=True, is_detail=True),
    _computed("System.PersonId", "Person ID", "integer", is_detail=True),
    _computed("System.Watermark", "Watermark", "integer", is_detail=True),
    Field("System.AreaPath", "Area Path", "treePath"),
    Field("System.TeamProject", "Team Project"),
    Field("System.IterationPath", "Iteration Path", "treePath"),
    Field("System.WorkItemType", "Work Item Type"),
    Field("System.State", "State"),
    Field("System.Reason", "Reason"),
    Field("System.AssignedTo", "Assigned To", is_identity=True),
    _computed("System.CreatedDate", "Created Date", "dateTime"),
    _computed("System.CreatedBy", "Created By", is_identity=True),
    _computed("System.ChangedDate", "Changed Date", "dateTime"),
    _computed("System.ChangedBy", "Changed By", is_identity=True),
    _computed("System.CommentCount", "Comment Count", "integer"),
    _computed("System.Parent", "Parent", "integer"),
    _computed(HYPERLINK_COUNT, "Hyperlink Count", "integer", is_detail=True),
    Field("System.Title", "Title"),
    Field("System.Description", "Description", HTML),
    Field("System.History", "History", "history"),
    Field("System.Tags", "Tags", "plainText"),
    _computed("Microsoft.VSTS.Common.StateChangeDate", "State Change Date", "dateTime"),
    Field("Microsoft.VSTS.Common.Priority", "Priority", "integer"),
    Field("Microsoft.VSTS.Common.Severity", "Severity"),
    Field("Microsoft.VSTS.Common.ValueArea", "Value Area"),
    Field("Microsoft.VSTS.Common.AcceptanceCriteria", "Acceptance Criteria", HTML),
    Field("Microsoft.VSTS.Scheduling.StoryPoints", "Story Points", "double"),
    Field("Microsoft.VSTS.Scheduling.Effort", "Effort", "double"),
    Field("Microsoft.VSTS.Scheduling.TargetDate", "Target Date", "dateTime"),
    Field("Microsoft.VSTS.TCM.ReproSteps", "Repro Steps", HTML),
    Field("Microsoft.VSTS.TCM.SystemInfo", "System Info", HTML),
    Field("Custom.Team", "Team"),
    Field("Custom.Escalated", "Escalated", "boolean"),
)

FIELDS = {field.reference_name.casefold(): field for field in _FIELDS}
_BY_NAME = {field.name.casefold(): field for field in _FIELDS}


def find_field(name: str) -> Field | None:
    """The field with this reference name or friendly name, in any case; None if there is none."""
    return FIELDS.get(name.casefold()) or _BY_NAME.get(name.casefold())


def field_named(name: str) -> Field:
    """The field with this reference name or friendly name. Raises TF51535 (400) if there is none."""
    found = find_field(name)
    if found is None:
        raise work_item_error(
            400, f"TF51535: Cannot find field {name}.", "WorkItemTrackingFieldDefinitionNotFoundException"
        )
    return found
