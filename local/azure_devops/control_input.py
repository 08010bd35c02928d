"""Read the input of a request to the control API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Request

from local.azure_devops.organization import Organization


class Misuse(Exception):
    """The request to the control API is not valid; the text says why."""


class Given:
    """The body of a control request; an empty body is an empty object."""

    def __init__(self, request: Request) -> None:
        self._request = request
        text = request.get_data()
        try:
            self._values = json.loads(text) if text else {}
        except ValueError:
            raise Misuse("the body is not JSON") from None
        if not isinstance(self._values, dict):
            raise Misuse("the body must be a JSON object")

    def base(self, organization: Organization) -> str:
        """The organization's URL, as the request addressed it."""
        return self._request.host_url + organization.name

    def has(self, name: str) -> bool:
        """Whether the body has the key."""
        return name in self._values

    def value(self, name: str) -> Any:
        """The value of any kind; None if there is none."""
        return self._values.get(name)

    def only(self, names: Iterable[str]) -> dict[str, Any]:
        """Every value; no other keys are allowed."""
        allowed = tuple(names)
        unknown = [name for name in self._values if name not in allowed]
        if unknown:
            raise Misuse(f"{unknown[0]} is not known; known are {', '.join(allowed)}")
        return dict(self._values)

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self._values.get(name, default)
        if not isinstance(value, str) or not value:
            raise Misuse(f"{name} must be a text")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise Misuse(f"{name} must be a list of texts")
        return list(value)

    def object(self, name: str) -> dict[str, Any]:
        """An object."""
        value = self._values.get(name)
        if not isinstance(value, dict):
            raise Misuse(f"{name} must be an object")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of several texts."""
        value = self._values.get(name)
        if value not in allowed:
            raise Misuse(f"{name} must be one of {', '.join(allowed)}")
        return str(value)

    def whole_number(self, name: str, default: int | None = None) -> int:
        """A whole number above 0."""
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Misuse(f"{name} must be a whole number above 0")
        return value

    def number(self, name: str, default: float) -> float:
        """A number, 0 or above."""
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise Misuse(f"{name} must be a number, 0 or above")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise Misuse(f"{name} must be true or false")
        return value
