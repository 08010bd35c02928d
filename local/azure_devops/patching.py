"""Applying a patch document to a draft."""

from __future__ import annotations

from typing import Any

from local.azure_devops.answers import work_item_error
from local.azure_devops.drafts import Draft
from local.azure_devops.field_definitions import HTML, Field, field_named
from local.azure_devops.field_values import InvalidType, field_value, joined_tags
from local.azure_devops.json_patch import Operation, failed_operation, failed_test, invalid_document
from local.azure_devops.links import Links
from local.azure_devops.organization import Organization
from local.azure_devops.rules import RuleViolation, invalid_type, read_only
from local.azure_devops.work_item_types import WorkItemType

_FORMATS = {"markdown": "Markdown", "html": "Html"}
_NOT_ASSIGNABLE = ("System.TeamProject", "System.WorkItemType")


class Patching:
    """Applies the operations of one document, in order."""

    def __init__(self, organization: Organization, links: Links, moment: str, bypasses_rules: bool) -> None:
        self._organization = organization
        self._links = links
        self._moment = moment
        self._bypasses_rules = bypasses_rules
        self.violations: list[RuleViolation] = []

    def apply(self, draft: Draft, operations: list[Operation]) -> None:
        """Apply every operation to `draft`. Raises the service's refusal for the first one that is not possible.

        A `test` of the revision and the formats are applied first, wherever they are in the document.
        """
        before = dict(draft.fields)
        formats = [operation for operation in operations if operation.segments[0] == "multilineFieldsFormat"]
        for operation in operations:
            if operation.op == "test":
                self._test(draft, operation)
        for operation in formats:
            self._set_format(draft, operation)
        for operation in operations:
            if operation.op != "test" and operation not in formats:
                self._apply(draft, operation)
        self._check_formats(draft, before, formats)

    def _apply(self, draft: Draft, operation: Operation) -> None:
        root, *rest = operation.segments
        if root == "fields" and len(rest) == 1:
            self._apply_field(draft, operation, rest[0])
        elif root == "relations" and rest:
            self._apply_relation(draft, operation, rest)
        elif root == "id" and not rest:
            if not draft.is_new:
                raise failed_operation("The path /id can be set only for a new work item.")
        else:
            raise failed_operation(f"The path {operation.path} is not valid for a work item.")

    def _test(self, draft: Draft, operation: Operation) -> None:
        root, *rest = operation.segments
        if root == "rev" and not rest:
            tested = operation.value
            if isinstance(tested, bool) or not str(tested).lstrip("-").isdecimal():
                raise invalid_document(f"The value '{tested}' is not a revision number.")
            actual: Any = draft.rev
            holds = int(tested) == actual
        elif root == "fields" and len(rest) == 1:
            actual, tested = draft.value(field_named(rest[0])), operation.value
            holds = actual == tested
        else:
            raise failed_operation(f"The path {operation.path} does not support a test.")
        if not holds:
            raise failed_test(operation.path, actual, tested)

    def _apply_field(self, draft: Draft, operation: Operation, name: str) -> None:
        used = field_named(name)
        if used.reference_name == "System.Parent":
            return  # Silently ignored: a parent is set by a relation.
        if draft.type.rule(used) is None:
            # What the service says of a field that exists but not in this type is unconfirmed.
            raise work_item_error(
                400, f"TF51535: Cannot find field {name}.", "WorkItemTrackingFieldDefinitionNotFoundException"
            )
        if operation.op in ("replace", "remove") and draft.value(used) is None:
            raise failed_operation(
                f"Attempted to replace a value that does not exist at path {operation.path}."
            )
        if used.is_read_only and not self._bypasses_rules:
            self.violations.append(read_only(used))
            return
        value = None if operation.op == "remove" else operation.value
        if used.reference_name in _NOT_ASSIGNABLE:
            self._change_kind(draft, used, value)
        elif used.kind == "history":
            draft.comment = str(value) if value else draft.comment
        else:
            self._set(draft, used, value, adds=operation.op == "add")
        draft.written.add(used.reference_name)

    def _set(self, draft: Draft, used: Field, value: Any, adds: bool) -> None:
        text_format = draft.formats.get(used.reference_name, "Html")
        try:
            kept = field_value(used, value, text_format)
        except InvalidType:
            self.violations.append(invalid_type(used, value))
            return
        if used.reference_name == "System.Tags" and adds and kept and draft.value(used):
            # Reports on `add` conflict; this is the later one: it adds and never deletes (vsteam#187).
            kept = joined_tags(f"{draft.value(used)}; {kept}")
        if used.kind == "treePath" and kept is not None:
            tree = (
                draft.project.areas if used.reference_name == "System.AreaPath" else draft.project.iterations
            )
            kept = tree.at_work_item_path(kept, draft.shown_id, used.reference_name).work_item_path
        if used.kind == "treePath" and kept is None:
            kept = draft.project.areas.root.work_item_path
        if kept is None:
            draft.fields.pop(used.reference_name, None)
        else:
            draft.fields[used.reference_name] = kept

    def _change_kind(self, draft: Draft, used: Field, value: Any) -> None:
        if used.reference_name == "System.TeamProject":
            project = self._organization.project(str(value))
            if project is not draft.project:
                draft.project = project
                draft.type = enabled(project.type_named(draft.type.name))
                draft.fields["System.AreaPath"] = project.areas.root.work_item_path
                draft.fields["System.IterationPath"] = project.iterations.root.work_item_path
            return
        draft.type = enabled(draft.project.type_named(str(value)))
        draft.fields["System.WorkItemType"] = draft.type.name

    def _apply_relation(self, draft: Draft, operation: Operation, rest: list[str]) -> None:
        position, *attribute = rest
        if position == "-":
            if operation.op != "add" or attribute:
                raise failed_operation(f"The path {operation.path} supports add only.")
            self._links.add(draft, operation.value, self._moment)
            return
        if not position.isdecimal():
            raise failed_operation(f"Index out of range for path {operation.path}.")
        if not attribute and operation.op == "remove":
            self._links.remove(draft, int(position), operation.path)
        elif len(attribute) == 2 and attribute[0] == "attributes":
            value = None if operation.op == "remove" else operation.value
            self._links.change_attribute(draft, int(position), attribute[1], value, operation.path)
        else:
            raise failed_operation(f"The path {operation.path} does not support {operation.op}.")

    def _set_format(self, draft: Draft, operation: Operation) -> None:
        if (operation.op != "add" and operation.op != "replace") or len(operation.segments) != 2:
            raise failed_operation(f"The path {operation.path} does not support {operation.op}.")
        used = field_named(operation.segments[1])
        chosen = _FORMATS.get(str(operation.value).casefold())
        if used.kind != HTML or chosen is None:
            raise failed_operation(
                f"The format '{operation.value}' is not valid for field {used.reference_name}."
            )
        draft.formats[used.reference_name] = chosen

    @staticmethod
    def _check_formats(draft: Draft, before: dict[str, Any], formats: list[Operation]) -> None:
        """A format that changes needs a text that changes in the same document, else it stays or is refused.

        https://github.com/microsoft/azure-devops-mcp/issues/775; the text of the refusal is unconfirmed.
        """
        earlier = draft.item.current.formats if draft.item else {}
        for operation in formats:
            name = field_named(operation.segments[1]).reference_name
            changes = earlier.get(name, "Html") != draft.formats[name]
            if changes and before.get(name) is not None and name not in draft.written:
                raise failed_operation(f"The multiline format of field {name} was changed without a value.")
            if before.get(name) is not None and before.get(name) == draft.fields.get(name):
                draft.formats[name] = earlier.get(name, "Html")


def enabled(kind: WorkItemType) -> WorkItemType:
    """The type itself. Raises 400 if it is disabled; the text is unconfirmed."""
    if kind.is_disabled:
        raise work_item_error(
            400,
            f"Work item type {kind.name} is disabled and cannot be used.",
            "WorkItemTypeDisabledException",
        )
    return kind
