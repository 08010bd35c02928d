"""How the app signs in."""

from __future__ import annotations

import base64

from shared.clients.credentials import azure_devops_authorization, basic, bearer
from shared.domain.integration import Authentication, AzureDevOpsTarget
from shared.secret import Secret
from tests.unit.examples import PAT


def test_a_personal_access_token_is_the_password_of_nobody() -> None:
    header = basic(Secret(PAT))

    assert header.startswith("Basic ")
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f":{PAT}"


def test_an_integrations_token_is_read_when_it_is_needed() -> None:
    target = AzureDevOpsTarget("fabrikam", Authentication.PAT, Secret(PAT))

    assert azure_devops_authorization(target)() == basic(Secret(PAT))


def test_an_account_without_a_token_sends_an_empty_one() -> None:
    assert azure_devops_authorization(AzureDevOpsTarget("fabrikam"))() == "Basic Og=="


def test_tokens_of_all_lengths_and_letters_make_one_line() -> None:
    for token in ("x" * 52, "y" * 84, "é" * 300):
        assert "\n" not in basic(Secret(token))


def test_an_api_token_is_a_bearer_token() -> None:
    assert bearer(Secret("key")) == "Bearer key"


def test_with_a_managed_identity_the_integrations_token_is_not_used() -> None:
    target = AzureDevOpsTarget("fabrikam", Authentication.ENTRA, Secret(PAT))

    # All integrations share the one identity of the app, and its token.
    assert azure_devops_authorization(target) == azure_devops_authorization(
        AzureDevOpsTarget("other", Authentication.ENTRA)
    )
