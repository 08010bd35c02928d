"""Setting up: once, again after a change, and again after an interruption."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.development.console import CommandFailed, run_logged
from local.development.environment import VirtualEnvironment

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> VirtualEnvironment:
    """One whose making was broken off, and that was then completed. Nothing has to be fetched for it."""
    folder = tmp_path_factory.mktemp("environment")
    requirements = folder / "requirements.txt"
    requirements.write_text("# nothing\n", encoding="utf-8")
    environment = VirtualEnvironment(folder / "venv", Path(sys.executable), VERSION, (requirements,))
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    (environment.folder / "left-over").touch()
    environment.make_ready()
    return environment


def test_one_that_was_broken_off_is_made_anew(environment: VirtualEnvironment) -> None:
    assert (environment.folder / "complete.json").exists()
    assert not (environment.folder / "left-over").exists()


def test_a_complete_environment_works_and_is_left_alone(
    environment: VirtualEnvironment, capfd: pytest.CaptureFixture[str]
) -> None:
    assert subprocess.run([environment.python, "-c", ""], check=False).returncode == 0
    environment.make_ready()
    assert capfd.readouterr().out == ""


def test_changed_requirements_are_installed_into_what_is_there(
    environment: VirtualEnvironment, capfd: pytest.CaptureFixture[str]
) -> None:
    environment.requirements[0].write_text("# nothing, but in other words\n", encoding="utf-8")
    environment.make_ready()
    shown = capfd.readouterr().out
    assert "Installing requirements.txt into venv" in shown
    assert "Making" not in shown


def test_one_of_another_python_is_made_anew(environment: VirtualEnvironment) -> None:
    left_over = environment.folder / "left-over"
    left_over.touch()
    (environment.folder / "complete.json").write_text('{"python": "2.7"}', encoding="utf-8")
    environment.make_ready()
    assert not left_over.exists()


def test_a_failed_installation_says_what_pip_said_and_what_helps(
    environment: VirtualEnvironment, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_text("not a requirement at all ===\n", encoding="utf-8")
    with pytest.raises(CommandFailed, match=r"(?s)Invalid requirement.*start again"):
        replace(environment, requirements=(broken,)).make_ready()
    assert not (environment.folder / "complete.json").exists()


def test_a_program_that_fails_is_reported_with_its_last_lines() -> None:
    command = [sys.executable, "-c", "print('the last words'); raise SystemExit(3)"]
    with pytest.raises(CommandFailed, match=r"(?s)exit code 3.*the last words.*Try this"):
        run_logged(command, "test-of-run-logged", remedy="Try this")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["test", "--help"],
        ["lint", "--help"],
        ["lock", "--help"],
        ["audit", "--help"],
    ],
)
def test_help_is_given_without_anything_installed(arguments: list[str]) -> None:
    # -S: no site-packages, so only the standard library is there.
    command = [sys.executable, "-S", "dev.py", *arguments]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "dev.py" in shown.stdout


def test_an_unknown_command_is_named_together_with_the_known_ones() -> None:
    command = [sys.executable, "dev.py", "fly"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "no command 'fly'" in shown.stderr
    assert "lint" in shown.stderr
