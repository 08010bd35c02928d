"""A value that must not be shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Secret:
    """A token or key. It prints as dots; `reveal()` is the one way to its text."""

    _text: str

    def reveal(self) -> str:
        """The secret itself, for the one place that sends or encrypts it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__
