"""Programs of the local system: started, waited for, and stopped for certain."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.service import ADDRESS, READY_LINE, ChildGuard, PortTaken, Service, ServiceFailed, free_port

# Listens, says so, and has a child that would outlive it.
LISTENER = """
import socket, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("child", child.pid, flush=True)
print(f"listening on http://127.0.0.1:{sys.argv[1]}", flush=True)
time.sleep(600)
"""
# Starts that listener as a service and waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from local.service import ChildGuard, Service
source, port, logs = sys.argv[1:]
command = lambda port: [sys.executable, "-c", source, str(port)]
service = Service("listener", command, port=int(port), logs=Path(logs), guard=ChildGuard())
service.start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def guard() -> Iterator[ChildGuard]:
    guard = ChildGuard()
    yield guard
    guard.close()


def listener(
    guard: ChildGuard, logs: Path, *, source: str = LISTENER, ready_line: str | None = READY_LINE
) -> Service:
    return Service(
        "listener",
        lambda port: [sys.executable, "-c", source, str(port)],
        port=free_port(),
        logs=logs,
        guard=guard,
        ready_line=ready_line,
    )


def child_of(log: Path) -> int:
    return int(log.read_text().split("child ")[1].split()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that has ended stays listed until somebody asks for its result.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


@pytest.mark.parametrize("ready_line", [READY_LINE, None])
def test_a_started_service_accepts_connections_and_a_stopped_one_does_not(
    guard: ChildGuard, tmp_path: Path, ready_line: str | None
) -> None:
    service = listener(guard, tmp_path, ready_line=ready_line)
    service.start()
    socket.create_connection((ADDRESS, service.port)).close()
    service.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, service.port))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_stopping_a_service_ends_the_processes_that_it_started(guard: ChildGuard, tmp_path: Path) -> None:
    service = listener(guard, tmp_path)
    service.start()
    child = child_of(service.log)
    assert is_alive(child)
    service.stop()
    wait_until_gone(child)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_a_parent_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    port = free_port()
    arguments = [LISTENER, str(port), str(tmp_path)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "started\n"
    child = child_of(tmp_path / "listener.log")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until_gone(child)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, port))


def test_a_service_that_ends_at_its_start_is_reported_with_its_log(guard: ChildGuard, tmp_path: Path) -> None:
    service = listener(guard, tmp_path, source="raise SystemExit('no room for me')")
    with pytest.raises(ServiceFailed, match="no room for me"):
        service.start()


def test_a_port_that_somebody_else_listens_on_is_told_apart_from_other_failures(
    guard: ChildGuard, tmp_path: Path
) -> None:
    service = listener(guard, tmp_path)
    with socket.create_server((ADDRESS, service.port)), pytest.raises(PortTaken, match="another program"):
        service.start()
    service.start()
    service.stop()


def test_a_service_starts_again_on_its_port(guard: ChildGuard, tmp_path: Path) -> None:
    service = listener(guard, tmp_path)
    pids = []
    for _ in range(2):
        service.start()
        pids.append(service.pid)
        service.kill()
        pids.append(service.pid)
    assert pids[1] is None
    assert pids[2] not in (None, pids[0])


def test_a_usual_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        usual = taken.getsockname()[1]
        assert free_port(usual) != usual
    assert free_port(usual) == usual
