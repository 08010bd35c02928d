"""`python dev.py run`, and the lines that it prints, pasted into a shell one after the other."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.system import eventually

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunCommand:
    """A running `dev.py run` and what it has printed up to its last line."""

    process: subprocess.Popen[str]
    printed: list[str]

    @property
    def curl_lines(self) -> list[str]:
        """The lines to paste."""
        return [line for line in self.printed if line.startswith("curl ")]

    def stop(self) -> int:
        """Ctrl-C; answers the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


@pytest.fixture
def run_command() -> Iterator[RunCommand]:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.development.run"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    printed: list[str] = []
    for line in process.stdout:
        printed.append(line.rstrip("\n"))
        if line.startswith("Ctrl-C"):
            break
    yield RunCommand(process, printed)
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


def paste(line: str) -> Any:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_lines_take_a_feature_there_and_a_state_back(run_command: RunCommand) -> None:
    test, send, change, read_feature, read_log, _ = run_command.curl_lines

    assert paste(test)["ok"] is True

    sent = paste(send)
    assert sent["status"] == "succeeded"
    assert sent["feature"]["action"] == "created"
    assert sent["feature"]["work_item"]["id"] == 1

    assert paste(change)["fields"]["System.State"] == "Active"
    eventually(lambda: paste(read_feature)["feature"]["workflow_status"]["name"] == "In progress")

    # The webhook's own operation is written down a moment after Aha! has the change.
    eventually(lambda: len({entry["operation_id"] for entry in paste(read_log)["entries"]}) >= 2)
    assert sent["operation_id"] in {entry["operation_id"] for entry in paste(read_log)["entries"]}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_last_line_starts_the_timer(run_command: RunCommand) -> None:
    *_, reconcile = run_command.curl_lines

    answer = subprocess.run(reconcile, shell=True, capture_output=True, text=True, check=True)  # noqa: S602

    assert " 202 " in answer.stdout.splitlines()[0]


def test_ctrl_c_stops_everything_and_is_no_failure(run_command: RunCommand) -> None:
    assert run_command.printed[-1] == "Ctrl-C stops everything."
    assert run_command.stop() == 0
    address = next(line.split()[-1] for line in run_command.printed if "/api/console" in line)
    host, port = address.removeprefix("http://").split("/")[0].split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
