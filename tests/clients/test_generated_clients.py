"""A front end's developer generates a client from openapi.yaml, as docs/api.md says, and it works."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.sample import sample_integration
from local.system import AHA_TOKEN, WRITE_TOKEN, LocalSystem
from tests.clients.workbench import PYTHON_PACKAGE, TYPES, Workbench
from tests.e2e.system import Aha, Api, AzureDevOps
from tests.openapi import Contract, Operation

CONTRACT = Contract.load()
INTEGRATION = "generated"
STRICTLY = ("--strict", "--follow-imports=silent", "--config-file=", "--cache-dir=../mypy_cache")
SEEN = {
    "projects": ["Contoso Café", "Fabrikam", "Fabrikam Scrum"],
    "types": ["Epic", "Feature", "User Story", "Task", "Bug", "Issue", "Test Case"],
    "checks": [["credentials", True], ["project", True]],
    "aha": None,
    "wrong token": [422, "azure_devops_credentials_rejected"],
    "created": [201, True, True],
    "replaced": [200, {"New": "Under consideration", "Active": "In progress"}],
    "outdated": [412, "precondition_failed"],
    "invalid": [400, "invalid_request", ["/name", "/product_id"]],
    "listed": True,
    "read": [True, "Fabrikam\\Web", True],
    "token": ["2026-01-31", ["azure_devops_token_expired"]],
    "sent": [201, "succeeded", ["created"] * 4],
    "sent again": [200, "succeeded", ["unchanged"] * 4],
    "tried": [200, "succeeded", ["created"]],
    "sent partly": [207, "partial", ["created", "failed"]],
    "why": "invalid_request",
    "in progress": [202, "in_progress", ["pending"], 5],
    "ignored": [200, "release_event"],
    "other product": [422, "other_product"],
    "stands": ["none", "New", True, None, 3],
    "linked": ["PROD-1", True],
    "found": [[["PROD-1", "Pay by card", True]], False],
    "log": ["operation.failed", "error"],
    "end of the log": None,
    "unknown": [404, "integration_not_found"],
    "wrong key": [401, None],
    "deleted": [204, None],
}
"""What calls.py and calls.ts see, step by step."""


@pytest.fixture
def api(system: LocalSystem) -> Iterator[Api]:
    """The app, for what a test has to prepare and to clear away."""
    client = Api(system.functions_url, system.function_key)
    yield client
    client.delete(f"/integrations/{INTEGRATION}")


def operation_name(operation: Operation) -> str:
    """The name of the operation's function in Python."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", operation.id)


def test_the_python_generator_leaves_nothing_out(workbench: Workbench, python_generator_said: str) -> None:
    assert "warning" not in python_generator_said.lower()
    package = workbench.folder / PYTHON_PACKAGE
    for operation in CONTRACT.operations:
        (module,) = package.glob(f"api/*/{operation_name(operation)}.py")
        text = module.read_text(encoding="utf-8")
        understood = {int(status) for status in re.findall(r"status_code == (\d+)", text)}
        assert understood == set(operation.responses), operation.id
        assert ("body:" in text) == bool(operation.request), operation.id


def test_the_typescript_generator_leaves_nothing_out(
    workbench: Workbench, typescript_generator_said: str
) -> None:
    assert not re.search("warn|⚠|✘", typescript_generator_said, re.IGNORECASE)
    types = (workbench.folder / TYPES).read_text(encoding="utf-8")
    operations = types[types.index("export interface operations {") :]
    for operation in CONTRACT.operations:
        described = re.search(
            rf"^    {operation.id}: {{\n(.*?)^    }};", operations, re.MULTILINE | re.DOTALL
        )
        assert described is not None, operation.id
        understood = {
            int(status) for status in re.findall(r"^            (\d+):", described[1], re.MULTILINE)
        }
        assert understood == set(operation.responses), operation.id
        assert ("requestBody?: never" in described[1]) == (not operation.request), operation.id


def test_programs_that_use_the_clients_pass_the_strict_checks(clients: Workbench) -> None:
    checks = [
        clients.start("tsc", "--project", "."),
        clients.start("mypy", *STRICTLY, "calls.py", "send.py"),
    ]

    for check in checks:
        found = check.communicate(timeout=60)[0]
        assert check.returncode == 0, found


@pytest.mark.parametrize("program", [("python", "calls.py"), ("node", "calls.ts")], ids=" ".join)
def test_a_front_end_does_everything_through_its_client(
    clients: Workbench,
    system: LocalSystem,
    api: Api,
    azure_devops: AzureDevOps,
    aha: Aha,
    program: tuple[str, str],
) -> None:
    # Longer than the caller waits for this one.
    azure_devops.add_fault(method="PATCH|POST", body="Slow to create", delay_ms=2500)
    given = {
        "app": system.functions_url,
        "key": system.function_key,
        "integration_id": INTEGRATION,
        "azure_devops_token": WRITE_TOKEN,
        "aha": aha.account_url,
        "aha_token": AHA_TOKEN,
        "event": aha.event("PROD-1"),
    }

    assert json.loads(clients.run(*program, given=given)) == SEEN


def test_the_examples_send_until_everything_is_there(
    clients: Workbench, system: LocalSystem, api: Api, azure_devops: AzureDevOps, aha: Aha
) -> None:
    api.put_integration(INTEGRATION, sample_integration(aha.account_url))
    # One upload of each feature takes longer than the caller waits.
    for name in ("card.png", "invoice.txt"):
        azure_devops.add_fault(method="POST", path=f"attachments.*{name}", delay_ms=3000)
    for name in ("send.py", "send.ts"):
        example = clients.folder / name
        # So that the test does not take twenty seconds.
        example.write_text(example.read_text(encoding="utf-8").replace("wait=20", "wait=2"), encoding="utf-8")
    address = (system.functions_url, system.function_key, INTEGRATION)

    running = [
        clients.start("python", "send.py", *address, "PROD-1"),
        clients.start("node", "send.ts", *address, "PROD-4"),
    ]

    # Sent in two parts: the second one finds the work items of the first and attaches the file.
    for process, actions in zip(running, (["updated", *["unchanged"] * 3], ["updated"]), strict=True):
        printed = process.communicate(timeout=60)[0]
        assert process.returncode == 0, printed
        assert re.findall(r"^PROD-\S+ (\w+) http\S+ $", printed, re.MULTILINE) == actions, printed


@pytest.mark.parametrize("program", [("python", "send.py"), ("node", "send.ts")], ids=" ".join)
def test_the_examples_say_what_is_wrong(
    clients: Workbench, system: LocalSystem, program: tuple[str, str]
) -> None:
    def said(key: str) -> tuple[Any, str]:
        process = clients.start(*program, system.functions_url, key, "nope", "PROD-1")
        printed = process.communicate(timeout=60)[0]
        return process.returncode, printed

    assert said("wrong") == (1, "401: is the function key right?\n")
    code, printed = said(system.function_key)
    assert (code, printed.split(":")[0]) == (1, "integration_not_found")
