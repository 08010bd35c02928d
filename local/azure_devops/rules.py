"""The rules that a work item must obey to be saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.azure_devops.answers import ServiceError, work_item_error
from local.azure_devops.drafts import Draft
from local.azure_devops.field_definitions import HTML, STRING, Field, field_named
from local.azure_devops.work_item_types import FieldRule

TITLE_LENGTH = 255
LONG_TEXT_LENGTH = 1_048_576

# 524289 for "required, invalidEmpty" has been seen in error bodies; the other bits are unconfirmed.
_FLAGS = {
    "required": 0x1,
    "readOnly": 0x2,
    "hasValues": 0x4,
    "limitedToValues": 0x8,
    "allowsOldValue": 0x40,
    "invalidEmpty": 0x80000,
    "invalidTooLong": 0x100000,
    "invalidType": 0x200000,
    "invalidListValue": 0x400000,
}


@dataclass(frozen=True)
class RuleViolation:
    """A field that breaks a rule; `flags` as in `fieldStatusFlags`."""

    field: Field
    flags: tuple[str, ...]
    explanation: str = ""

    @property
    def message(self) -> str:
        """`TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.`"""
        codes = ", ".join(flag[0].upper() + flag[1:] for flag in self.flags)
        explanation = f" {self.explanation}" if self.explanation else ""
        return f"TF401320: Rule Error for field {self.field.name}. Error code: {codes}.{explanation}"

    def json(self) -> dict[str, Any]:
        """An entry of RuleValidationErrors."""
        return {
            "fieldReferenceName": self.field.reference_name,
            "fieldStatusFlags": ", ".join(self.flags),
            "errorMessage": self.message,
            "fieldStatusCode": sum(_FLAGS[flag] for flag in self.flags),
            "ruleValidationErrors": None,
        }


def rule_error(violations: list[RuleViolation]) -> ServiceError:
    """400 RuleValidationException. It is unconfirmed that all failing fields are listed at once."""
    return work_item_error(
        400,
        violations[0].message,
        "RuleValidationException",
        {"RuleValidationErrors": [violation.json() for violation in violations]},
    )


def invalid_type(used: Field, value: Any) -> RuleViolation:
    """The value cannot be read as the field's type."""
    return RuleViolation(used, ("invalidType",), f"The field '{used.name}' contains the value '{value}'.")


def read_only(used: Field) -> RuleViolation:
    """The field is the service's own."""
    return RuleViolation(used, ("readOnly",))


def violations(draft: Draft) -> list[RuleViolation]:
    """Every rule that the draft breaks, in order of the type's fields."""
    found = [_check(draft, rule) for rule in draft.type.rules.values()]
    return [violation for violation in [_check_state(draft), *found] if violation is not None]


def _check_state(draft: Draft) -> RuleViolation | None:
    name = str(draft.fields.get("System.State") or "")
    state = draft.type.state(name)
    if state is not None:
        draft.fields["System.State"] = state.name
        return None
    if not name:
        return RuleViolation(field_named("System.State"), ("required", "invalidEmpty"))
    return RuleViolation(
        field_named("System.State"), ("required", "invalidListValue"), _not_listed("State", name)
    )


def _check(draft: Draft, rule: FieldRule) -> RuleViolation | None:
    used, value = rule.field, draft.value(rule.field)
    constraint: tuple[str, ...] = ("required",) if rule.is_required else ()
    if rule.allowed_values:
        constraint += ("hasValues", "limitedToValues")
    if value is None:
        is_filled_by_service = used.is_read_only or used.reference_name in (
            "System.State",
            "System.WorkItemType",
        )
        must_be_there = rule.is_required and not is_filled_by_service
        return RuleViolation(used, (*constraint, "invalidEmpty")) if must_be_there else None
    if rule.allowed_values and value not in rule.allowed_values:
        return RuleViolation(used, (*constraint, "invalidListValue"), _not_listed(used.name, value))
    if _is_too_long(used, value):
        # The code of an over-long text is unconfirmed; all sources give 255 as the limit of the title.
        return RuleViolation(used, (*constraint, "invalidTooLong"))
    return None


def _is_too_long(used: Field, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    length = len(value.encode("utf-16-le", "surrogatepass")) // 2
    return (used.kind == STRING and length > TITLE_LENGTH) or (
        used.kind == HTML and length > LONG_TEXT_LENGTH
    )


def _not_listed(name: str, value: Any) -> str:
    return f"The field '{name}' contains the value '{value}' that is not in the list of supported values"
