"""What importing a function does without: an instance that starts cold pays for it before its first answer."""

from __future__ import annotations

import functools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("*/function.json"))

LOADED_WHERE_THEY_ARE_USED = (
    "azure.core",
    "azure.data",
    "azure.identity",
    "cryptography",
    "mistune",
    "requests",
    "ssl",
    "urllib3",
)
NOT_OF_THE_FUNCTION = {
    "Console": (
        "shared.domain.html_tokens",
        "shared.app",
        "shared.clients",
        "shared.domain",
        "shared.storage",
    ),
    "Health": (
        "shared.domain.html_tokens",
        "shared.api",
        "shared.clients",
        "shared.storage.links",
    ),
    "IntegrationLog": ("shared.domain.html_tokens", "shared.clients", "shared.storage.links"),
    "Integrations": (
        "shared.domain.html_tokens",
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


@dataclass(frozen=True)
class Effects:
    """What some statements do: the modules that they load, and the audit events of whom they contact."""

    loaded: list[str]
    contacts: list[str]


@functools.cache
def effects_of(statements: str) -> Effects:
    """Run some statements from the app's folder, in a fresh interpreter that has loaded what the platform loads."""
    # https://docs.python.org/3/library/audit_events.html
    program = (
        "import sys, azure.functions\n"
        "before, contacts = set(sys.modules), []\n"
        "def note(event, arguments):\n"
        "    if event.startswith(('socket.', 'subprocess.', 'urllib.')):\n"
        "        contacts.append(event)\n"
        "sys.addaudithook(note)\n"
        f"{statements}\n"
        "print(*sorted(set(sys.modules) - before))\n"
        "print(*contacts)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded, contacts = ended.stdout.splitlines()
    return Effects(loaded.split(), contacts.split())


def within(packages: tuple[str, ...], modules: list[str]) -> list[str]:
    """Those of some modules that are one of the packages or in one."""
    return [name for name in modules if any(f"{name}.".startswith(f"{package}.") for package in packages)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_nothing_that_only_some_requests_or_other_functions_need(function: str) -> None:
    loaded = effects_of(f"import {function}").loaded

    assert function in loaded
    assert within(LOADED_WHERE_THEY_ARE_USED + NOT_OF_THE_FUNCTION[function], loaded) == []


def test_making_the_app_loads_neither_the_identity_nor_the_encryption_nor_the_tables() -> None:
    settings = {
        "TABLES_ENDPOINT": "https://account.table.core.windows.net",
        "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "PUBLIC_URL": "https://functions.example.com",
    }

    loaded = effects_of(
        "from shared.app import App\n"
        "from shared.settings import Settings\n"
        f"App.from_settings(Settings.from_environment({settings!r}))"
    ).loaded

    assert "shared.storage.tables" in loaded
    assert within(LOADED_WHERE_THEY_ARE_USED, loaded) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_contacts_nobody(function: str) -> None:
    assert effects_of(f"import {function}").contacts == []


def test_a_contact_at_import_would_be_noticed() -> None:
    assert "socket.__new__" in effects_of("import socket; socket.socket().close()").contacts
