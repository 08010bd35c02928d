"""Which field of a work item holds its description.

The Bug form of Agile, Scrum and CMMI shows Repro Steps and no Description, although a Bug has both fields
(https://learn.microsoft.com/azure/devops/boards/work-items/guidance/agile-process-workflow). The rule needs only the
name of the type and the configuration, so it costs no request.
"""

from __future__ import annotations

from collections.abc import Collection

SYSTEM_DESCRIPTION = "System.Description"
REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"

DESCRIPTION_FIELDS = (SYSTEM_DESCRIPTION, REPRO_STEPS)
"""The fields that a description may be in."""

FIELD_LABELS = {SYSTEM_DESCRIPTION: "Description", REPRO_STEPS: "Repro Steps"}
"""The names of the fields for people."""


def usual_description_field(work_item_type: str) -> str:
    """The field of a type that the configuration says nothing about."""
    return REPRO_STEPS if work_item_type.strip().casefold() == "bug" else SYSTEM_DESCRIPTION


def description_field_among(fields: Collection[str]) -> str:
    """The field for a type with these fields; forms show Repro Steps where a type has them."""
    return REPRO_STEPS if REPRO_STEPS in fields else SYSTEM_DESCRIPTION


def other_description_field(field: str) -> str:
    """The description field that is not this one."""
    return SYSTEM_DESCRIPTION if field == REPRO_STEPS else REPRO_STEPS
