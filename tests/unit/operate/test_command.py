"""How the command speaks and ends, whatever it does."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from operate import __main__ as command
from operate.exit_codes import ExitCode
from operate.terminal import Terminal, counted
from shared.errors import (
    CredentialsRejected,
    InputError,
    InvalidRequest,
    PreconditionFailed,
    SettingInvalid,
    System,
    Unavailable,
    no_integration,
)


def ending(monkeypatch: pytest.MonkeyPatch, problem: BaseException) -> ExitCode:
    def fail(*_: Any) -> ExitCode:
        raise problem

    monkeypatch.setattr("operate.check.run", fail)
    return command.main(["check"], {})


@pytest.mark.parametrize(
    ("problem", "code", "words"),
    [
        (SettingInvalid("SECRETS_KEY is missing."), ExitCode.WRONG_CALL, "environment variable"),
        (no_integration("web"), ExitCode.WRONG_CALL, "web"),
        (InvalidRequest([InputError("/name", "must be set")]), ExitCode.WRONG_CALL, "  /name: must be set"),
        (CredentialsRejected(System.AZURE_DEVOPS, "No."), ExitCode.WRONG_CALL, "No."),
        (Unavailable(System.STORAGE, "It is down."), ExitCode.FAILED, "run `az login`"),
        (Unavailable(System.AZURE_DEVOPS, "It is down."), ExitCode.FAILED, "It is down."),
        (PreconditionFailed("It was changed."), ExitCode.FAILED, "It was changed."),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "Run the same command again"),
    ],
)
def test_a_failure_is_words_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    problem: BaseException,
    code: ExitCode,
    words: str,
) -> None:
    assert ending(monkeypatch, problem) == code
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_a_defect_shows_where_it_is_and_not_what_a_library_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = ending(monkeypatch, ValueError("https://account/?sig=secret"))

    printed = capsys.readouterr().err
    assert code == ExitCode.FAILED
    assert "ValueError: a defect of this command" in printed
    assert "in fail" in printed
    assert "secret" not in printed


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["check", "--dance"], ["export"], ["rotate-key", "web"]]
)
def test_a_wrong_call_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments, {})

    assert ended.value.code == ExitCode.WRONG_CALL
    assert "usage: python -m operate" in capsys.readouterr().err


def test_progress_is_printed_every_five_seconds() -> None:
    moments, errors = iter([0.0, 1.0, 6.0, 6.0, 7.0, 12.0, 12.0]), io.StringIO()
    terminal = Terminal(io.StringIO(), errors, lambda: next(moments))

    for number in range(4):
        terminal.progress(f"{number} rows")

    assert errors.getvalue() == "… 1 rows\n… 3 rows\n"


def test_a_number_and_its_noun() -> None:
    assert [counted(number, "link") for number in (0, 1, 12_000)] == ["0 links", "1 link", "12,000 links"]


def test_a_reader_of_the_report_may_have_seen_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)

    assert ending(monkeypatch, BrokenPipeError()) == ExitCode.FAILED
    assert capsys.readouterr().err == ""
