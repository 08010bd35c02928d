"""The control API of the sandbox Azure DevOps, and starting it as a process."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.system import WRITE_TOKEN
from tests.sandbox.azure_devops_caller import AzureDevOpsCaller, running_azure_devops, title


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tokens", {"token": "x", "kind": "royal"}),
        ("POST", "/tokens", {"kind": "write"}),
        ("DELETE", "/tokens/unknown", None),
        ("POST", "/projects", {"name": "Fabrikam"}),
        ("POST", "/projects", {"count": 0}),
        ("POST", "/areas", {"project": "Fabrikam"}),
        ("POST", "/areas", {"project": "Fabrikam", "paths": [1]}),
        ("POST", "/edit", {"fields": {}}),
        ("POST", "/edit", {"id": 1, "fields": []}),
        ("PUT", "/batch", {"mode": "sometimes"}),
        ("PUT", "/limits", {"attachment_bytes": -1}),
        ("PUT", "/throttle", {"retry_after": "soon"}),
        ("PUT", "/throttle", {"retry": 1}),
        ("PUT", "/service_hooks", {"paused": 1}),
        ("PUT", "/service_hooks", {"time_scale": -1}),
        ("PUT", "/identity", {"expire_issued": "yes"}),
        ("POST", "/clock", {}),
        ("POST", "/clock", {"seconds": -5}),
        ("POST", "/service_hooks/redeliver", {}),
        ("POST", "/tokens", [1]),
    ],
)
def test_misuse_is_400_and_says_what_is_wrong(
    ado: AzureDevOpsCaller, method: str, path: str, body: Any
) -> None:
    ado.create()

    answer = ado.try_control(method, path, body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_what_the_service_refuses_keeps_its_status(ado: AzureDevOpsCaller) -> None:
    assert ado.try_control("POST", "/edit", {"id": 99, "fields": {"System.Title": "B"}}).status_code == 404
    assert ado.try_control("POST", "/delete", {"id": 99}).status_code == 404
    assert ado.try_control("POST", "/areas", {"project": "Nowhere", "paths": ["a"]}).status_code == 404
    assert ado.try_control("GET", "/nothing").status_code == 404


def test_work_items_are_listed_with_relations_and_formats(ado: AzureDevOpsCaller) -> None:
    ado.create("Feature", title("A"))

    listed = ado.control("GET", "/work_items")["work_items"]

    assert listed[0]["fields"]["System.Id"] == 1
    assert (listed[0]["deleted"], listed[0]["updates"]) == (False, 1)


def test_faults_and_latency_are_there_too(ado: AzureDevOpsCaller) -> None:
    ado.control(
        "POST", "/faults", {"path": "/_apis/projects", "status": 503, "headers": {"Retry-After": "1"}}
    )

    assert [ado.call("GET", "/_apis/projects").status_code for _ in range(2)] == [503, 200]


def test_it_starts_as_a_process_and_prints_its_address() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "local.azure_devops", "--port", "0"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
            assert match is not None
            assert requests.get(f"{match.group(1)}/_control/health", timeout=30).json() == {"ok": True}
        finally:
            process.terminate()
    assert process.returncode == 0


def test_an_organization_that_was_renamed_is_found_by_its_new_name_only(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/organization", {"name": "Contoso"})

    path = "/_apis/projects?api-version=7.1"
    statuses = [
        requests.get(f"{ado.url}/{name}{path}", auth=("", WRITE_TOKEN), timeout=10).status_code
        for name in ("contoso", "fabrikam")
    ]
    assert statuses == [200, 404]
