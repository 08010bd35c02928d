"""Whether requirements.txt fits requirements.in, without a package index.

It reads the requirements of the installed packages, so it checks only for the Python that runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from local.development.environment import LOCK, WANTED

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_OPTION_OR_ADDRESS = re.compile(r"^-|://", re.MULTILINE)

Needs = Callable[[str], "tuple[str, list[str]] | None"]
"""By a package's name: the version that is installed, and the requirements that it declares. None if it is missing."""


def lock_faults(wanted: Path = WANTED, lock: Path = LOCK, needs: Needs | None = None) -> list[str]:
    """The mismatches, one line each."""
    text = lock.read_text(encoding="utf-8")
    direct = list(_requirements(wanted.read_text(encoding="utf-8")))
    pinned = list(_requirements(text))
    faults = [f"{lock.name}: {name} has no hash." for name in _without_hash(text)]
    faults += [f"{lock.name}: {one} is not pinned with ==." for one in pinned if _version(one) is None]
    if _OPTION_OR_ADDRESS.search(text):
        faults.append(
            f"{lock.name} has an option or an address. Whoever installs decides where packages come from."
        )
    written = {_in_one_form(one) for one in pinned}
    faults += [
        f"{lock.name} does not have {one} of {wanted.name}."
        for one in direct
        if _in_one_form(one) not in written
    ]
    return [*faults, *_misfits(direct, pinned, needs or _installed, lock.name)]


def _misfits(
    direct: Iterable[Requirement], pinned: Iterable[Requirement], needs: Needs, lock_name: str
) -> Iterator[str]:
    """Follow the requirements of the installed packages from the direct ones on."""
    here: Mapping[str, Requirement] = {canonicalize_name(one.name): one for one in pinned if _holds(one, "")}
    waiting = [(one, "requirements.in") for one in direct if _holds(one, "")]
    reached: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one, source = waiting.pop()
        name = canonicalize_name(one.name)
        if (key := (name, frozenset(one.extras))) in reached:
            continue
        reached.add(key)
        if (pin := here.get(name)) is None:
            yield f"{lock_name} lacks {name}, which {source} needs."
            continue
        version = _version(pin)
        if version is not None and not one.specifier.contains(version, prereleases=True):
            yield f"{lock_name} pins {name} {version}, and {source} needs {one.specifier}."
        if (found := needs(name)) is None or Version(found[0]) != version:
            yield f"{name} {version} of {lock_name} is not installed: python dev.py"
            continue
        for text in found[1]:
            needed = Requirement(text)
            if any(_holds(needed, extra) for extra in ("", *one.extras)):
                waiting.append((needed, name))
    needless = here.keys() - {name for name, _ in reached}
    yield from (f"{lock_name} has {name}, which nothing needs." for name in sorted(needless))


def _lines(text: str) -> Iterator[str]:
    """The requirements with their hashes, a line each, without comments and options."""
    for line in text.replace("\\\n", " ").splitlines():
        stated = line.partition("#")[0].strip()
        if stated and not stated.startswith("-"):
            yield stated


def _requirements(text: str) -> Iterator[Requirement]:
    for line in _lines(text):
        yield Requirement(line.partition(" --hash")[0])


def _without_hash(lock: str) -> list[str]:
    return [line.split("=")[0] for line in _lines(lock) if not _HASH.search(line)]


def _version(one: Requirement) -> Version | None:
    pins = [specifier for specifier in one.specifier if specifier.operator == "=="]
    return Version(pins[0].version) if len(pins) == 1 == len(one.specifier) else None


def _in_one_form(one: Requirement) -> tuple[str, str, str]:
    """Name, version and marker. uv writes the marker python_version in its longer form."""
    marker = str(one.marker or "").replace("python_full_version", "python_version")
    return canonicalize_name(one.name), str(one.specifier), marker


def _holds(one: Requirement, extra: str) -> bool:
    return one.marker is None or one.marker.evaluate({"extra": extra})


def _installed(name: str) -> tuple[str, list[str]] | None:
    try:
        return metadata.version(name), metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return None
