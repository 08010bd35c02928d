"""The result of a write into Aha!, and the fields that a refusal is about. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from shared.domain.aha_record import AhaRecord
from shared.domain.links import Field
from shared.errors import Refused, RuleViolation


@dataclass(frozen=True)
class WrittenToAha:
    """The result of a write: the record afterwards, the errors of refused fields, and the fields that Aha! kept as they
    were although it answered with success.
    """

    record: AhaRecord
    refused: Mapping[Field, Refused] = field(default_factory=dict)
    kept: frozenset[Field] = frozenset()

    @property
    def not_taken(self) -> frozenset[Field]:
        """The fields that did not get their new values."""
        return self.kept | frozenset(self.refused)

    def has_changed(self, fields: Set[Field]) -> bool:
        """Whether one of the fields that were written got its new value."""
        return bool(fields - self.not_taken)


def refused_fields(error: Refused, written: Set[Field]) -> frozenset[Field]:
    """The fields that Aha! certainly refused, among those written together; empty if the error does not say.

    A rule refuses one value, but the error does not name the field. A missing right refuses the whole record.
    """
    if isinstance(error, RuleViolation) and len(written) > 1:
        return frozenset()
    return frozenset(written)


def in_order(fields: Set[Field]) -> list[Field]:
    """The fields in the order in which they are written one by one."""
    return sorted(fields, key=lambda name: name.value)
