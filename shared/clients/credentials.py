"""How the app signs in: a personal access token, or a Microsoft Entra token of the app's managed identity."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.domain.integration import Authentication, AzureDevOpsTarget
from shared.errors import CredentialsRejected, System
from shared.identity import managed_identity
from shared.secret import Secret

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

_AZURE_DEVOPS_SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps' own application id (https://learn.microsoft.com/rest/api/azure/devops/tokens)."""

_RENEW_BEFORE_SECONDS = 600


def azure_devops_authorization(target: AzureDevOpsTarget) -> Callable[[], str]:
    """What gives the Authorization header for an integration's account."""
    if target.authentication is Authentication.ENTRA:
        return _entra.authorization
    token = target.personal_access_token or Secret("")
    return lambda: basic(token)


def basic(token: Secret) -> str:
    """A personal access token as HTTP Basic: the user part stays empty."""
    return "Basic " + base64.b64encode(f":{token.reveal()}".encode()).decode()


def bearer(token: Secret) -> str:
    """An API token as HTTP Bearer."""
    return f"Bearer {token.reveal()}"


class _EntraTokens:
    """The managed identity's token for Azure DevOps, kept until shortly before it ends (it lives about an hour)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._token: AccessToken | None = None

    def authorization(self) -> str:
        with self._lock:
            if self._token is None or self._token.expires_on < time.time() + _RENEW_BEFORE_SECONDS:
                self._token = self._fetch()
            return f"Bearer {self._token.token}"

    def _fetch(self) -> AccessToken:
        from azure.core.exceptions import AzureError

        try:
            token: AccessToken = managed_identity().get_token(_AZURE_DEVOPS_SCOPE)
        except AzureError as error:
            raise CredentialsRejected(
                System.AZURE_DEVOPS,
                "The app's managed identity gives no token for Azure DevOps. Switch the identity on in the function "
                "app, and add it to the organization as a user with Basic access.",
                evidence={"error": type(error).__name__},
            ) from None
        return token


_entra = _EntraTokens()
