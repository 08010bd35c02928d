"""The archive of an Aha! extension: the gzip of the multipart form that POST /api/v1/extensions takes.

Source: aha-cli 1.10.0, lib/utils/extension-utils.js.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The unbalanced brackets are aha-cli's own.
_SCRIPT_NAME = "extension[scripts][][name]"
_SCRIPT_TEXT = "extension[scripts[][script_text]"
_SOURCE_MAP = "extension[scripts[][source_map]"
_NAME = re.compile(rb'name="([^"]*)"')


class ArchiveError(Exception):
    """The file is not an extension's archive."""


@dataclass(frozen=True)
class Part:
    """One field of the form: its name, its header lines and its content."""

    name: str
    headers: bytes
    content: bytes

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8")


@dataclass(frozen=True)
class ExtensionArchive:
    """An extension as Aha! installs it.

    identifier, name, version: from package.json's `name`, `description` and `version`.
    configuration: package.json's `ahaExtension`.
    scripts: the text of each contribution that has code, by the contribution's name.
    source_maps: the source map of each, parsed.
    """

    identifier: str
    name: str
    version: str
    configuration: Mapping[str, Any]
    scripts: Mapping[str, str]
    source_maps: Mapping[str, Any]


def read_archive(path: Path) -> ExtensionArchive:
    """Read an archive. Raises ArchiveError."""
    parts = _read_parts(path)
    fields = {part.name: part.text for part in parts}
    scripts, source_maps = {}, {}
    for name, text, source_map in _script_groups(parts):
        scripts[name.text] = text.text
        source_maps[name.text] = json.loads(source_map.text)
    try:
        return ExtensionArchive(
            identifier=fields["extension[identifier]"],
            name=fields["extension[name]"],
            version=fields["extension[version]"],
            configuration=json.loads(fields["extension[configuration]"]),
            scripts=scripts,
            source_maps=source_maps,
        )
    except KeyError as missing:
        raise ArchiveError(f"{path} has no field {missing}.") from missing


def make_reproducible(path: Path) -> None:
    """Write the archive again, so that equal sources give equal bytes. Raises ArchiveError.

    aha-cli separates the parts by a random text and writes scripts in the order in which they were compiled.
    """
    parts = _read_parts(path)
    groups = sorted(_script_groups(parts), key=lambda group: group[0].content)
    scripts = [part for group in groups for part in group]
    ordered = [*scripts, *(part for part in parts if not part.name.startswith("extension[scripts"))]
    digest = hashlib.sha256(b"\0".join(part.content for part in ordered)).hexdigest()
    boundary = b"--------------------------" + digest[:24].encode()
    form = b"".join(
        b"--" + boundary + b"\r\n" + part.headers + b"\r\n\r\n" + part.content + b"\r\n" for part in ordered
    )
    path.write_bytes(gzip.compress(form + b"--" + boundary + b"--\r\n", mtime=0))


def _read_parts(path: Path) -> list[Part]:
    try:
        form = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as problem:
        raise ArchiveError(f"{path} cannot be read: {problem}") from problem
    separator = form.partition(b"\r\n")[0]
    pieces = form.split(b"\r\n" + separator)
    if not separator.startswith(b"--") or pieces[-1].strip() != b"--":
        raise ArchiveError(f"{path} is not a multipart form.")
    parts = []
    for piece in [pieces[0].removeprefix(separator), *pieces[1:-1]]:
        headers, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(headers)
        if name is None:
            raise ArchiveError(f"{path} has a part without a name.")
        parts.append(Part(name[1].decode("utf-8"), headers, content))
    return parts


def _script_groups(parts: Sequence[Part]) -> list[tuple[Part, Part, Part]]:
    """Name, text and source map of each script; they follow each other."""
    groups = []
    for index, part in enumerate(parts):
        if part.name == _SCRIPT_NAME:
            text, source_map = parts[index + 1 : index + 3]
            if (text.name, source_map.name) != (_SCRIPT_TEXT, _SOURCE_MAP):
                raise ArchiveError(f"The script {part.text} has no text or no source map.")
            groups.append((part, text, source_map))
    return groups
