"""How the app signs in."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from itertools import count

import pytest

from shared.clients.credentials import EntraTokens, azure_devops_authorization, basic, bearer
from shared.domain.integration import Authentication, AzureDevOpsTarget
from shared.errors import CredentialsRejected
from shared.identity import ManagedIdentity
from shared.secret import Secret
from tests.unit.clients.test_http import unused_port
from tests.unit.examples import PAT
from tests.unit.scripted_server import Asked, Reply, ScriptedServer, serving

NO_ENTRA_TOKENS = EntraTokens(ManagedIdentity())
"""For a target that signs in with a personal access token."""


def test_a_personal_access_token_is_the_password_of_nobody() -> None:
    header = basic(Secret(PAT))

    assert header.startswith("Basic ")
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f":{PAT}"


def test_an_integrations_token_is_read_when_it_is_needed() -> None:
    target = AzureDevOpsTarget("fabrikam", Authentication.PAT, Secret(PAT))

    assert azure_devops_authorization(target, NO_ENTRA_TOKENS)() == basic(Secret(PAT))


def test_an_account_without_a_token_sends_an_empty_one() -> None:
    target = AzureDevOpsTarget("fabrikam")

    assert azure_devops_authorization(target, NO_ENTRA_TOKENS)() == "Basic Og=="


def test_tokens_of_all_lengths_and_letters_make_one_line() -> None:
    for token in ("x" * 52, "y" * 84, "é" * 300):
        assert "\n" not in basic(Secret(token))


def test_an_api_token_is_a_bearer_token() -> None:
    assert bearer(Secret("key")) == "Bearer key"


@pytest.fixture
def identity_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Where App Service gives an app the tokens of its managed identity; each token is another one."""
    issued = count(1)

    def token(asked: Asked) -> Reply:
        lifetime = int(asked.headers.get("x-lifetime", "3600"))
        return Reply(200, token_of(next(issued), lifetime))

    with serving(token) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "a header")
        yield server


def token_of(number: int, seconds: int) -> dict[str, str]:
    """A token as App Service hands it out."""
    return {
        "access_token": f"token-{number}",
        "expires_on": str(int(time.time()) + seconds),
        "resource": "499b84ac-1321-427f-aa17-267ca6975798",
        "token_type": "Bearer",
    }


def test_all_integrations_share_the_token_of_the_managed_identity(identity_endpoint: ScriptedServer) -> None:
    tokens = EntraTokens(ManagedIdentity())
    one = AzureDevOpsTarget("fabrikam", Authentication.ENTRA, Secret(PAT))
    other = AzureDevOpsTarget("contoso", Authentication.ENTRA)

    headers = [azure_devops_authorization(target, tokens)() for target in (one, other, one)]

    assert headers == ["Bearer token-1"] * 3
    assert len(identity_endpoint.asked) == 1


def test_another_process_asks_for_a_token_of_its_own(identity_endpoint: ScriptedServer) -> None:
    first, second = EntraTokens(ManagedIdentity()), EntraTokens(ManagedIdentity())

    assert (first.authorization(), second.authorization()) == ("Bearer token-1", "Bearer token-2")


def test_a_managed_identity_that_is_not_there_is_a_refused_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{unused_port()}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "a header")

    with pytest.raises(CredentialsRejected, match="managed identity gets no token"):
        EntraTokens(ManagedIdentity()).authorization()
