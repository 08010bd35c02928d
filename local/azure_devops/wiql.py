"""Running WIQL queries against the organization's work items."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from local.azure_devops.field_definitions import HTML, HYPERLINK_COUNT, Field
from local.azure_devops.field_values import InvalidType, field_value
from local.azure_devops.identities import Identity, find_member
from local.azure_devops.times import read_timestamp
from local.azure_devops.wiql_syntax import Comparison, Condition, Literal, Query, query_error
from local.azure_devops.work_items import HYPERLINK, WorkItem

_MACRO = re.compile(r"@([a-z]+)\s*(?:([+-])\s*(\d+))?", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}

Test = Callable[[WorkItem], bool]


@dataclass(frozen=True)
class Surroundings:
    """What the macros of a query stand for, and whether dates have a time."""

    caller: Identity
    project: str | None
    has_time_precision: bool
    now: datetime


def compile_condition(condition: Condition | None, around: Surroundings) -> Test:
    """A test of work items. Raises 400 for a condition that cannot be evaluated."""
    if condition is None:
        return lambda _: True
    if isinstance(condition, Comparison):
        return _Compiled(condition, around).test()
    tests = [compile_condition(part, around) for part in condition.parts]
    if condition.operator == "not":
        return lambda item: not tests[0](item)
    decide = all if condition.operator == "and" else any
    return lambda item: decide(test(item) for test in tests)


def sorted_items(items: list[WorkItem], query: Query) -> list[WorkItem]:
    """The items in the query's order, by id where it names none."""
    result = sorted(items, key=lambda item: item.id)
    for used, descends in reversed(query.order):
        result.sort(key=lambda item, by=used: _sort_key(_value(item, by)), reverse=descends)  # type: ignore[misc]
    return result


class _Compiled:
    def __init__(self, comparison: Comparison, around: Surroundings) -> None:
        self._comparison = comparison
        self._field = comparison.field
        self._around = around

    def test(self) -> Test:
        """The comparison as a test of a work item."""
        comparison, used = self._comparison, self._field
        if comparison.operator == "is empty":
            return lambda item: _value(item, used) is None
        if comparison.operator == "is not empty":
            return lambda item: _value(item, used) is not None
        if comparison.other is not None:
            other, compare = comparison.other, _COMPARE[comparison.operator]
            return lambda item: _holds(compare, _folded(_value(item, used)), _folded(_value(item, other)))
        if comparison.operator in ("contains", "contains words"):
            return self._contains()
        if comparison.operator == "under":
            return self._under()
        if used.kind == HTML:
            raise query_error(
                f"The operator {comparison.operator} cannot be used with field {used.reference_name}."
            )
        wanted = [self._wanted(literal) for literal in comparison.values]
        if comparison.operator == "in":
            return lambda item: any(_holds(operator.eq, self._of(item), value) for value in wanted)
        compare = _COMPARE[comparison.operator]
        return lambda item: _holds(compare, self._of(item), wanted[0])

    def _contains(self) -> Test:
        if self._field.kind not in ("string", "plainText", HTML, "history") or self._field.is_identity:
            raise query_error(
                f"The operator Contains cannot be used with field {self._field.reference_name}."
            )
        wanted = self._comparison.values[0].text.casefold()
        return lambda item: wanted in str(_value(item, self._field) or "").casefold()

    def _under(self) -> Test:
        if self._field.kind != "treePath" and self._field.reference_name != "System.TeamProject":
            raise query_error(f"The operator Under cannot be used with field {self._field.reference_name}.")
        root = str(self._wanted(self._comparison.values[0]))

        def is_under(item: WorkItem) -> bool:
            path = str(_value(item, self._field)).casefold()
            return path == root or path.startswith(root + "\\")

        return is_under

    def _of(self, item: WorkItem) -> Any:
        value = _value(item, self._field)
        if isinstance(value, datetime) and not self._around.has_time_precision:
            return value.date()
        return _folded(value)

    def _wanted(self, literal: Literal) -> Any:
        used = self._field
        if literal.kind == "macro":
            return self._macro(literal.text)
        if not literal.text:
            return None
        if used.kind == "dateTime":
            return self._moment(literal.text)
        if used.is_identity:
            found = find_member(literal.text)
            return found.id if found else literal.text.casefold()
        try:
            return _folded(field_value(used, literal.text, "Markdown"))
        except InvalidType:
            raise query_error(
                f"The value is not of the type of field {used.reference_name}.", literal.text
            ) from None

    def _macro(self, text: str) -> Any:
        match = _MACRO.fullmatch(text)
        name = match.group(1).casefold() if match else ""
        if match and name == "today" and self._field.kind == "dateTime":
            days = int(match.group(3) or 0) * (-1 if match.group(2) == "-" else 1)
            today = self._around.now.date() + timedelta(days=days)
            return self._precise(datetime(today.year, today.month, today.day, tzinfo=timezone.utc))
        if name == "me" and self._field.is_identity:
            return self._around.caller.id
        if name == "project":
            if self._around.project is None:
                # That the macro needs a project in the URL is unconfirmed.
                raise query_error("The macro @project needs a project in the URL of the query.", text)
            return self._around.project.casefold()
        raise query_error("TF51006: The macro cannot be used here.", text)

    def _moment(self, text: str) -> datetime | date:
        try:
            if "/" in text:
                moment = datetime.strptime(text.strip(), "%m/%d/%Y").replace(tzinfo=timezone.utc)
            else:
                moment = read_timestamp(text)
        except ValueError:
            raise query_error(
                f"The value is not of the type of field {self._field.reference_name}.", text
            ) from None
        has_time = (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0)
        if has_time and not self._around.has_time_precision:
            raise query_error(
                "You cannot supply a time with the date when running a query using date precision.",
                f"[{self._field.reference_name}] {self._comparison.operator} '{text}'",
            )
        return self._precise(moment)

    def _precise(self, moment: datetime) -> datetime | date:
        return moment if self._around.has_time_precision else moment.date()


def _value(item: WorkItem, used: Field) -> Any:
    if used.reference_name == HYPERLINK_COUNT:
        return sum(relation.rel == HYPERLINK for relation in item.current.relations)
    return item.current.fields.get(used.reference_name)


def _folded(value: Any) -> Any:
    if isinstance(value, Identity):
        return value.id
    return value.casefold() if isinstance(value, str) else value


def _holds(compare: Callable[[Any, Any], Any], value: Any, wanted: Any) -> bool:
    """An empty field equals only the empty value, and is neither greater nor less than any value."""
    if value is None or wanted is None:
        return bool(compare(value, wanted)) if compare in (operator.eq, operator.ne) else False
    return bool(compare(value, wanted))


def _sort_key(value: Any) -> tuple[bool, Any]:
    shown = value.display_name.casefold() if isinstance(value, Identity) else _folded(value)
    return value is not None, shown if value is not None else 0
