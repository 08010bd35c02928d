"""requirements.txt pins what requirements.in names and all that it brings along, with hashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.development.audit import why_unreachable
from local.development.environment import LOCK
from local.development.lock_check import Needs, lock_faults
from tests.unit.clients.test_http import unused_port
from tests.unit.scripted_server import Reply, serving

HASH = f"    --hash=sha256:{'0' * 64}"
WANTED = 'apple==1.0; python_version < "4"\napple==9.0; python_version >= "4"\n'
FITTING = f"""# Made by a program.
apple==1.0 ; python_full_version < '4' \\
{HASH} \\
{HASH}
    # via -r requirements.in
apple==9.0 ; python_full_version >= '4' \\
{HASH}
core==2.5 \\
{HASH}
"""
INSTALLED = {"apple": ("1.0", ["core>=2", "pip-only; extra == 'more'"]), "core": ("2.5", [])}


def faults(tmp_path: Path, lock: str, wanted: str = WANTED, needs: Needs | None = INSTALLED.get) -> list[str]:
    """What is found in these two files, where these packages are installed."""
    files = tmp_path / "requirements.in", tmp_path / "requirements.txt"
    files[0].write_text(wanted, encoding="utf-8")
    files[1].write_text(lock, encoding="utf-8")
    return lock_faults(*files, needs)


def test_the_lock_of_this_repository_fits() -> None:
    assert lock_faults() == []


def test_the_lock_of_this_repository_can_be_installed_on_every_system() -> None:
    """A package that is built for each system has a hash for each of its files."""
    cryptography = (
        LOCK.read_text(encoding="utf-8").partition("\ncryptography==")[2].partition("\n    # via")[0]
    )

    assert cryptography.count("--hash=sha256:") > 10


def test_a_lock_that_fits_has_no_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, FITTING) == []


@pytest.mark.parametrize(
    ("lock", "fault"),
    [
        (FITTING.replace("core==2.5", "core==1.9"), "pins core 1.9, and apple needs >=2"),
        (FITTING.replace("core==2.5", "other==2.5"), "lacks core, which apple needs"),
        (FITTING + f"other==1 \\\n{HASH}\n", "has other, which nothing needs"),
        (FITTING.replace("core==2.5", "core>=2.5"), "core>=2.5 is not pinned"),
        (FITTING + "core==2.5\n", "core has no hash"),
        (FITTING.replace("apple==1.0", "apple==1.1"), "does not have apple==1.0"),
        (FITTING.replace("< '4'", "< '3'"), 'does not have apple==1.0; python_version < "4"'),
        (FITTING.replace("core==2.5", "core==2.6"), "core 2.6 of requirements.txt is not installed"),
        (f"--index-url https://packages.example/simple\n{FITTING}", "has an option or an address"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, lock: str, fault: str) -> None:
    assert fault in "\n".join(faults(tmp_path, lock))


def test_a_package_that_was_added_without_a_new_lock_is_named(tmp_path: Path) -> None:
    found = faults(tmp_path, FITTING, f"{WANTED}pear==1.0\n")

    assert "requirements.txt does not have pear==1.0 of requirements.in." in found


def test_an_extra_brings_its_own_packages(tmp_path: Path) -> None:
    found = faults(tmp_path, FITTING, WANTED.replace("apple==1.0", "apple[more]==1.0"))

    assert "requirements.txt lacks pip-only, which apple needs." in found


def test_the_audit_finds_out_whether_it_can_ask() -> None:
    with serving(Reply(404)) as server:
        assert why_unreachable(server.url) is None
    assert "refused" in (why_unreachable(f"http://127.0.0.1:{unused_port()}") or "")
