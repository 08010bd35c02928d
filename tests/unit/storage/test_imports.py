"""Importing the storage modules is cheap: a function app that starts cold pays for what it imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY_PACKAGES = ("azure.data", "azure.core", "azure.identity", "cryptography", "requests")


@pytest.mark.parametrize("module", ["integrations", "links", "log_store", "tables", "vault"])
def test_importing_a_storage_module_loads_no_heavy_package(module: str) -> None:
    program = (
        f"import sys, shared.storage.{module}; print([p for p in {HEAVY_PACKAGES!r} if p in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_deriving_a_webhook_token_needs_the_standard_library_alone() -> None:
    program = (
        "import base64, sys\n"
        "from shared.secret import Secret\n"
        "from shared.storage.vault import Vault\n"
        "vault = Vault([Secret(base64.urlsafe_b64encode(bytes(32)).decode())])\n"
        "assert vault.is_webhook_token(vault.webhook_token('web', '1'), 'web', '1')\n"
        "print('cryptography' in sys.modules)"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"
