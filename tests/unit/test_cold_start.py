"""What importing a function does without: an instance that starts cold pays for it before its first answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("*/function.json"))

LOADED_WHERE_THEY_ARE_USED = (
    "azure.core",
    "azure.data",
    "azure.identity",
    "cryptography",
    "requests",
    "ssl",
    "urllib3",
)
NOT_OF_THE_FUNCTION = {
    "Console": ("html.parser", "shared.app", "shared.clients", "shared.domain", "shared.storage"),
    "IntegrationLog": ("html.parser", "shared.clients", "shared.storage.links"),
    "Integrations": (
        "html.parser",
        "shared.api.connection_test",
        "shared.api.subscription",
        "shared.clients",
        "shared.storage.links",
    ),
    "ReceiveWebhook": ("shared.clients.downloads", "shared.clients.service_hooks", "shared.sending.send"),
    "Reconcile": ("shared.clients.downloads", "shared.clients.service_hooks", "shared.sending.send"),
    "SendFeature": (
        "shared.clients.aha",
        "shared.clients.downloads",
        "shared.clients.service_hooks",
        "shared.receiving",
    ),
    "ServiceHook": (
        "shared.api.connection_test",
        "shared.clients.aha",
        "shared.receiving",
        "shared.sending.send",
    ),
    "TestConnection": (
        "shared.api.subscription",
        "shared.clients.service_hooks",
        "shared.receiving",
        "shared.sending.send",
    ),
}
"""What a function has no use for, or few requests of it: packages and modules, with all that is below them."""


def modules_loaded_by(statements: str) -> list[str]:
    """What a fresh interpreter loads for some statements, apart from what the platform has loaded before them."""
    program = (
        "import sys, azure.functions\n"
        "before = set(sys.modules)\n"
        f"{statements}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    return output_of(program).split()


def output_of(program: str) -> str:
    """What a program prints that is run from the app's folder."""
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def within(packages: tuple[str, ...], modules: list[str]) -> list[str]:
    """Those of some modules that are one of the packages or in one."""
    return [name for name in modules if any(f"{name}.".startswith(f"{package}.") for package in packages)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_nothing_that_only_some_requests_or_other_functions_need(function: str) -> None:
    loaded = modules_loaded_by(f"import {function}")

    assert function in loaded
    assert within(LOADED_WHERE_THEY_ARE_USED + NOT_OF_THE_FUNCTION[function], loaded) == []


def test_making_the_app_loads_neither_the_identity_nor_the_encryption_nor_the_tables() -> None:
    settings = {
        "TABLES_ENDPOINT": "https://account.table.core.windows.net",
        "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "PUBLIC_URL": "https://functions.example.com",
    }

    loaded = modules_loaded_by(
        "from shared.app import App\n"
        "from shared.settings import Settings\n"
        f"App.from_settings(Settings.from_environment({settings!r}))"
    )

    assert "shared.storage.tables" in loaded
    assert within(LOADED_WHERE_THEY_ARE_USED, loaded) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_contacts_nobody(function: str) -> None:
    # https://docs.python.org/3/library/audit_events.html
    program = (
        "import sys, azure.functions\n"
        "contacts = []\n"
        "def note(event, arguments):\n"
        "    if event.startswith(('socket.', 'subprocess.', 'urllib.')):\n"
        "        contacts.append(event)\n"
        "sys.addaudithook(note)\n"
        f"import {function}\n"
        "print(contacts)"
    )

    assert output_of(program).strip() == "[]"
