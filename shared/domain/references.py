"""How a caller names a feature or a requirement: by its reference, or by its Aha! id.

References look like PROD-12 (a feature) and PROD-12-3 (a requirement of it). Aha! finds them in upper case only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.domain.kind import Kind
from shared.errors import InputError, InvalidRequest

_NAME = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_FEATURE = re.compile(r"([A-Z0-9]+-[0-9]+)(?:-[0-9]+)?")
_REQUIREMENT = re.compile(r"[A-Z0-9-]+-[0-9]+-[0-9]+")
_LONGEST = 64


@dataclass(frozen=True)
class RecordName:
    """A reference in upper case, or an Aha! id. `kind` is None for an id, which does not show the kind."""

    text: str
    kind: Kind | None

    @property
    def is_id(self) -> bool:
        """Whether it is an Aha! id."""
        return self.kind is None


def read_record_name(text: str) -> RecordName:
    """The name of a record in an address.

    Raises:
        InvalidRequest: it is neither a reference nor an id.
    """
    name = text.strip().upper()
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise InvalidRequest(
            [InputError("/reference", "must be the reference of a feature, such as PROD-12, or its Aha! id")]
        )
    if name.isdigit():
        return RecordName(name, None)
    return RecordName(name, Kind.REQUIREMENT if _REQUIREMENT.fullmatch(name) else Kind.FEATURE)


def feature_reference_in(text: str) -> str | None:
    """The reference, in upper case, of the feature that a person's text names; None for any other text.

    The reference of a requirement begins with that of its feature.
    """
    match = _FEATURE.fullmatch(text.strip().upper())
    return match.group(1) if match and len(text) <= _LONGEST else None
