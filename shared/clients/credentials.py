"""How the app signs in: a personal access token, or a Microsoft Entra token of the app's managed identity."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.domain.integration import Authentication, AzureDevOpsTarget
from shared.errors import CredentialsRejected, System
from shared.identity import Identity
from shared.secret import Secret

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

_AZURE_DEVOPS_SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""The application id of Azure DevOps (https://learn.microsoft.com/rest/api/azure/devops/tokens)."""

_RENEW_BEFORE_SECONDS = 600


class EntraTokens:
    """The managed identity's token for Azure DevOps, shared by all integrations. Usable from several threads.

    A token lives about an hour. It is kept until 10 minutes before it expires.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._lock = threading.Lock()
        self._token: AccessToken | None = None

    def authorization(self) -> str:
        """The value of the Authorization header.

        Raises:
            CredentialsRejected: the app has no managed identity, or the identity gets no token.
        """
        with self._lock:
            if self._token is None or self._token.expires_on < time.time() + _RENEW_BEFORE_SECONDS:
                self._token = self._fetch()
            return f"Bearer {self._token.token}"

    def _fetch(self) -> AccessToken:
        from azure.core.exceptions import AzureError

        try:
            token: AccessToken = self._identity.credential().get_token(_AZURE_DEVOPS_SCOPE)
        except AzureError as error:
            raise CredentialsRejected(
                System.AZURE_DEVOPS, self._identity.remedy, evidence={"error": type(error).__name__}
            ) from None
        return token


def azure_devops_authorization(target: AzureDevOpsTarget, entra_tokens: EntraTokens) -> Callable[[], str]:
    """A function that returns the Authorization header for the account of an integration."""
    if target.authentication is Authentication.ENTRA:
        return entra_tokens.authorization
    token = target.personal_access_token or Secret("")
    return lambda: basic(token)


def basic(token: Secret) -> str:
    """A personal access token as HTTP Basic. The user name stays empty."""
    return "Basic " + base64.b64encode(f":{token.reveal()}".encode()).decode()


def bearer(token: Secret) -> str:
    """An API token as HTTP Bearer."""
    return f"Bearer {token.reveal()}"
