"""How a record reacts to writes of API callers: it may refuse them, or answer 200 and keep old values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.aha.errors import Refusal

FIELDS = ("name", "description", "workflow_status")
_STATUSES = (400, 403, 404, 422)


@dataclass(frozen=True)
class Writes:
    """`status` is None for a record that refuses nothing; else it refuses a PUT that has one of `fields`.

    `kept` are the fields that a PUT does not change although it is answered with 200. Aha! does so, for example, with
    a status that the workflow's transitions do not allow (unconfirmed).
    """

    status: int | None = None
    message: str = ""
    fields: tuple[str, ...] = FIELDS
    kept: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Writes:
        """Reads `{"refuses": {"status", "message", "fields"} | null, "keeps": [field]}`; ValueError if it is wrong."""
        refuses = document.get("refuses") or {}
        status = refuses.get("status")
        if status not in (None, *_STATUSES):
            raise ValueError(f"status must be one of {_STATUSES}")
        fields, kept = refuses.get("fields", FIELDS), document.get("keeps", [])
        if not set(fields) | set(kept) <= set(FIELDS):
            raise ValueError(f"fields and keeps must be of {FIELDS}")
        return cls(status, str(refuses.get("message", "Name is invalid")), tuple(fields), tuple(kept))

    def check(self, document: dict[str, Any]) -> None:
        """Raises Refusal if the record refuses this write."""
        if self.status is not None and set(document) & set(self.fields):
            raise Refusal(self.status, self.message)

    def taken(self, document: dict[str, Any]) -> dict[str, Any]:
        """The keys that are written."""
        return {key: value for key, value in document.items() if key not in self.kept}
