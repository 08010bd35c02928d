"""Convert the JSON value of a patch to the value that a field stores."""

from __future__ import annotations

from typing import Any

from local.azure_devops.answers import work_item_error
from local.azure_devops.field_definitions import HTML, Field
from local.azure_devops.html_cleanup import clean_html
from local.azure_devops.identities import Identity, find_member
from local.azure_devops.json_patch import invalid_document
from local.azure_devops.times import read_timestamp


class InvalidType(Exception):
    """The value is not of the field's type; a rule error names it."""


def field_value(used: Field, value: Any, text_format: str) -> Any:
    """The stored value for `value`, None for no value. Raises InvalidType, or 400 for what no field accepts."""
    if value is None or value == "":
        return None
    if used.is_identity:
        return _identity(used, value)
    if isinstance(value, (dict, list)):
        raise invalid_document(f"The value of field {used.reference_name} must be a simple value.")
    if used.kind == HTML:
        text = _text(value)
        return (clean_html(text) if text_format == "Html" else text) or None
    if used.reference_name == "System.Tags":
        return joined_tags(_text(value))
    try:
        return _CONVERSIONS.get(used.kind, _text)(value)
    except (TypeError, ValueError):
        raise InvalidType from None


def joined_tags(text: str) -> str | None:
    """A tag list as the service keeps it: each once, sorted, joined by `; `; None without a tag."""
    tags = {tag.strip().casefold(): tag.strip() for tag in text.replace(",", ";").split(";") if tag.strip()}
    return "; ".join(sorted(tags.values(), key=str.casefold)) or None


def _text(value: Any) -> str:
    return str(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    spellings = {"true": True, "1": True, "false": False, "0": False}
    text = str(value).casefold()
    if text not in spellings:
        raise ValueError(text)
    return spellings[text]


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _double(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    return float(value)


_CONVERSIONS: dict[str, Any] = {
    "boolean": _boolean,
    "integer": _integer,
    "double": _double,
    "dateTime": lambda value: read_timestamp(str(value)),
}


def _identity(used: Field, value: Any) -> Identity:
    named = ("id", "uniqueName", "displayName")
    spellings = [value.get(key) for key in named] if isinstance(value, dict) else [value]
    for spelling in spellings:
        found = find_member(str(spelling)) if spelling else None
        if found is not None:
            return found
    raise work_item_error(
        400,
        f"The identity value '{spellings[-1]}' for field '{used.name}' is an unknown identity.",
        "InvalidIdentityException",
    )
