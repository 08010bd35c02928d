"""Who runs the command: the user of `az login`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from operate.identity import OperatorIdentity
from shared.clients.credentials import EntraTokens
from shared.errors import CredentialsRejected


@pytest.fixture
def azure_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `az` that nobody has written yet, alone on the PATH beside the shell's own programs."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    return tmp_path / "az"


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for az is a shell script")
def test_the_token_is_that_of_the_azure_cli(azure_cli: Path) -> None:
    token = {
        "accessToken": "token-of-az",
        "expiresOn": "2099-01-01 00:00:00.000000",
        "expires_on": 4070908800,
    }
    azure_cli.write_text(f"#!/bin/sh\necho '{json.dumps(token)}'\n", encoding="utf-8")
    azure_cli.chmod(0o755)

    assert EntraTokens(OperatorIdentity()).authorization() == "Bearer token-of-az"


def test_without_a_sign_in_the_error_names_it(azure_cli: Path) -> None:
    with pytest.raises(CredentialsRejected, match="run `az login`"):
        EntraTokens(OperatorIdentity()).authorization()
