"""Write the tables of a run into a document, between markers, with a description of the machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable

MACHINE = "machine"


def begin_marker(name: str) -> str:
    """The line before a table."""
    return f"<!-- table {name} -->"


def end_marker(name: str) -> str:
    """The line after a table."""
    return f"<!-- end of {name} -->"


def missing_places(document: str, names: Iterable[str]) -> list[str]:
    """The names that have no markers in the document."""
    return [name for name in names if _place(name).search(document) is None]


def with_content(document: str, name: str, content: str) -> str:
    """The document with this content between a name's markers. Raises ValueError if it has no such markers."""
    text = f"{begin_marker(name)}\n{content.strip()}\n{end_marker(name)}"
    changed, count = _place(name).subn(lambda _: text, document, count=1)
    if not count:
        raise ValueError(f"the document has no place for {name}")
    return changed


def _place(name: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(begin_marker(name))}.*?{re.escape(end_marker(name))}", re.DOTALL)


def machine(latency_ms: int, storage_latency_ms: int) -> str:
    """A description of this machine and this run, without the machine's name."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {gibibytes:.0f} GiB of memory, {_system()}, Python "
        f"{platform.python_version()}. Azure DevOps and Aha! {latency_ms} ms away; Table Storage {storage_latency_ms} "
        "ms away where it is counted."
    )


def _system() -> str:
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release().split('-')[0]}"
    except (OSError, KeyError):
        return platform.system()
