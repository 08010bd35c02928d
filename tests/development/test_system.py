"""The local system's storage, and its way with Core Tools."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from local.service import ADDRESS, ServiceFailed
from local.system import LocalSystem, SystemOptions
from tests.logs import TEST_LOGS

# Stands in for Core Tools: notes how it was started, then listens on the port it was given.
FUNC = """#!{python}
import json, os, socket, sys, time
names = ["AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "VIRTUAL_ENV", "MY_SETTING"]
with open({noted!r}, "w") as file:
    json.dump({{"arguments": sys.argv[1:], **{{name: os.environ.get(name) for name in names}}}}, file)
listener = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
time.sleep(600)
"""


def test_tables_outlive_a_stop_of_the_storage(tmp_path: Path) -> None:
    options = SystemOptions(has_sandboxes=False, storage_folder=tmp_path, logs=TEST_LOGS)
    with LocalSystem(options) as system:
        client = TableServiceClient.from_connection_string(system.tables_connection_string)
        client.create_table("Kept").create_entity({"PartitionKey": "a", "RowKey": "b", "text": "still here"})
        system.storage.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ADDRESS, system.storage.port))
        system.storage.start()
        assert client.get_table_client("Kept").get_entity("a", "b")["text"] == "still here"


def test_ports_that_were_taken_meanwhile_are_exchanged() -> None:
    system = LocalSystem(SystemOptions(has_sandboxes=False, logs=TEST_LOGS))
    wanted = system.storage.port
    with socket.create_server((ADDRESS, wanted)), system:
        assert system.storage.port != wanted
        tables = TableServiceClient.from_connection_string(system.tables_connection_string)
        assert list(tables.list_tables()) == []


def test_only_one_system_at_a_time_has_the_usual_ports() -> None:
    options = SystemOptions(usual_ports=True, has_sandboxes=False, logs=TEST_LOGS)
    first, second = LocalSystem(options), LocalSystem(options)
    assert first.storage.port != second.storage.port
    second.stop()
    first.stop()


def test_without_a_sandbox_its_address_is_an_error_that_says_so() -> None:
    system = LocalSystem(SystemOptions(has_sandboxes=False))
    try:
        with pytest.raises(ServiceFailed, match="the real service is used"):
            _ = system.azure_devops
    finally:
        system.stop()


def test_core_tools_get_every_setting_by_environment_and_storage_for_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "noted.json"
    program = tmp_path / "func"
    program.write_text(FUNC.format(python=sys.executable, noted=str(noted)), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    options = SystemOptions(has_sandboxes=False, host="func", host_env={"MY_SETTING": "mine"}, logs=TEST_LOGS)
    with LocalSystem(options) as system:
        found = json.loads(noted.read_text(encoding="utf-8"))
        parts = dict(part.split("=", 1) for part in found["AzureWebJobsStorage"].split(";") if part)
        for kind in ("Blob", "Queue", "Table"):
            port = int(parts[f"{kind}Endpoint"].split(":")[2].split("/")[0])
            socket.create_connection((ADDRESS, port)).close()
        assert found["arguments"] == ["start", "--port", str(system.function_host.port), "--no-build"]
    assert found["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert found["VIRTUAL_ENV"] == sys.prefix
    assert found["MY_SETTING"] == "mine"


def test_without_core_tools_the_start_says_where_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    system = LocalSystem(SystemOptions(has_sandboxes=False, host="func", logs=TEST_LOGS))
    with pytest.raises(ServiceFailed, match=r"`func`.*is not on the PATH"):
        system.start()
    assert [service.pid for service in system.services] == [None, None]
