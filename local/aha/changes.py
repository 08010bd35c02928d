"""Apply the body of a PUT or POST to a record: completely or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.aha.account import Account
from local.aha.errors import RecordNotFound, RefusedValue
from local.aha.html_cleanup import clean_html
from local.aha.inline_images import as_stored
from local.aha.records import Feature, Record, Requirement, User, Workflow, WorkflowStatus


@dataclass(frozen=True)
class Change:
    """A field before and after, as text for people."""

    field_name: str
    before: str
    after: str


_Step = Callable[[], "list[Change]"]


def update_record(account: Account, record: Record, document: dict[str, Any]) -> list[Change]:
    """Applies the keys of an unwrapped PUT body that are known; a key left out stays as it is.

    Unknown keys are ignored. RefusedValue is raised before anything is changed. `updated_at` moves when a
    value does.
    """
    steps = [step for key, value in document.items() if (step := _step(account, record, key, value))]
    changes = [change for step in steps for change in step()]
    if changes:
        moment = record.touch()
        if any(change.field_name == "Description" for change in changes):
            record.description.updated_at = moment
        if isinstance(record, Requirement) and account.behaviour.requirements_touch_features:
            record.feature.touch()
    return changes


def _step(account: Account, record: Record, key: str, value: Any) -> _Step | None:
    """Checks one value. Returns the step that applies it, or None for a key that is ignored."""
    if key == "name":
        name = _name(record, value)
        return lambda: _set(record, "name", name, "Name")
    if key == "description":
        body = description_body(account, value)
        return lambda: _set(record.description, "body", body, "Description")
    if key == "workflow_status":
        status = find_status(account, record.workflow, value)
        return lambda: _set_status(record, status)
    if key == "assigned_to_user":
        user = _assignee(account, value)
        return lambda: _set_user(record, user)
    if key == "tags":
        tags = _tags(value)
        return lambda: _set(record, "tags", tags, "Tags")
    if key == "custom_fields":
        merged = record.custom_fields | _custom_fields(value)
        return lambda: _set(record, "custom_fields", merged, "Custom fields")
    if key in ("start_date", "due_date") and isinstance(record, Feature):
        date = _date(key, value)
        return lambda: _set(record, key, date, key.replace("_", " ").capitalize())
    if key == "feature" and isinstance(record, Requirement):
        return _move_step(account, record, value)
    return None


def _move_step(account: Account, requirement: Requirement, wanted: Any) -> _Step:
    """Moving a requirement by a PUT with its new feature is unconfirmed."""
    try:
        feature = account.feature(str(wanted))
    except RecordNotFound:
        raise RefusedValue("Feature must exist") from None

    def move() -> list[Change]:
        if requirement.feature is feature:
            return []
        before = requirement.feature.reference_num
        account.move_requirement(requirement, feature)
        return [Change("Feature", before, feature.reference_num)]

    return move


def _set(owner: Any, attribute: str, value: Any, field_name: str) -> list[Change]:
    before = getattr(owner, attribute)
    if before == value:
        return []
    setattr(owner, attribute, value)
    return [Change(field_name, str(before or ""), str(value or ""))]


def _set_status(record: Record, status: WorkflowStatus) -> list[Change]:
    before, record.status = record.status, status
    return [Change("Status", before.name, status.name)] if before != status else []


def _set_user(record: Record, user: User | None) -> list[Change]:
    before, record.assigned_to = record.assigned_to, user
    if before == user:
        return []
    return [Change("Assigned to", before.name if before else "", user.name if user else "")]


def _name(record: Record, value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedValue("Name can't be blank" if value is None else "Name must be text")
    if not value.strip() and isinstance(record, Feature):
        raise RefusedValue("Name can't be blank")
    return value


def description_body(account: Account, value: Any) -> str:
    """The text to store. On write a description is HTML as a plain string, or null for none."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedValue("Description must be text")
    return as_stored(clean_html(value) if account.behaviour.clean_html else value)


def find_status(account: Account, workflow: Workflow, wanted: Any) -> WorkflowStatus:
    """The status that one of the accepted forms names: `{"name"}`, an id or a name as text, `{"category"}`.

    The forms are those of https://www.aha.io/api and of the services in aha-app/aha-services. No public
    caller uses `{"id"}`, so it is refused, as are null and a status of another workflow.
    """
    statuses = sorted(workflow.statuses, key=lambda status: status.position)
    found: WorkflowStatus | None = None
    if isinstance(wanted, (str, int)) and not isinstance(wanted, bool):
        by_id = (status for status in statuses if account.is_id(wanted, status.id))
        by_name = (status for status in statuses if status.name == wanted)
        found = next(by_id, None) or next(by_name, None)
    elif isinstance(wanted, dict) and "name" in wanted:
        found = next((status for status in statuses if status.name == wanted["name"]), None)
    elif isinstance(wanted, dict) and "category" in wanted:
        found = next((status for status in statuses if status.category == wanted["category"]), None)
    if found is None:
        raise RefusedValue("Workflow status is not part of the record's workflow")
    return found


def _assignee(account: Account, value: Any) -> User | None:
    email = value.get("email") if isinstance(value, dict) else value
    if email is None:
        return None
    user = account.user(email)
    if user is None:
        raise RefusedValue("Assigned to user must be a user of this account")
    return user


def _tags(value: Any) -> list[str]:
    if isinstance(value, str):
        return [tag.strip() for tag in value.split(",") if tag.strip()]
    if isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return list(value)
    raise RefusedValue("Tags must be text or a list of texts")


def _custom_fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedValue("Custom fields must be an object")
    return value


def _date(name: str, value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        raise RefusedValue(f"{name} must be a date such as 2025-06-23")
    return value
