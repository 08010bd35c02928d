"""Build the name of an uploaded file from its name in Aha!."""

from __future__ import annotations

import re

_LONGEST = 255
"""UTF-16 units of a file name in Windows and in most other file systems."""
_REFUSED = re.compile(
    '[\x00-\x1f\x7f"*/:<>?\\\\|\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]'
)
"""Refused by Azure DevOps or by Windows, and marks of direction, which make one file type look like another."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)


def legal_file_name(name: str) -> str:
    """The name with every refused character replaced by `_`, at most 255 UTF-16 units. Its extension is kept.

    Names that Windows reserves, and names of dots alone, get a `_` in front
    (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
    """
    legal = _REFUSED.sub("_", name).strip().rstrip(". ")
    if not legal or _RESERVED.match(legal):
        legal = f"_{legal}"
    stem, dot, extension = legal.rpartition(".")
    if not dot or _units(extension) > _LONGEST // 4:
        stem, extension = legal, ""
    end = dot + extension if extension else ""
    return _cut(stem, _LONGEST - _units(end)).rstrip(". ") + end


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, units: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")
