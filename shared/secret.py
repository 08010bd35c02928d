"""A value that must never be printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Secret:
    """A token or key. It prints as dots. Only `reveal()` returns its text."""

    _text: str

    def reveal(self) -> str:
        """The text of the secret, for the code that sends or encrypts it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__
