"""How the sandbox refuses."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Refusal(Exception):
    """A request that is refused with a JSON error of the shape that the account's behaviour chooses."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)


class RecordNotFound(Exception):
    """Unknown, or not visible to this user: Aha! does not tell them apart."""


class RefusedValue(Exception):
    """A value that a record cannot have. A behaviour switch decides between 400 and 422."""
