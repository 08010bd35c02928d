"""The identity that signs in to Table Storage and Azure DevOps; in Azure, the app's managed identity."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.identity import ManagedIdentityCredential


class Identity(Protocol):
    """An identity that gets Microsoft Entra tokens. Usable from several threads."""

    remedy: str
    """The error text with its remedy if there is no token for Azure DevOps."""

    def credential(self) -> TokenCredential:
        """The credential, always the same one."""
        ...


class ManagedIdentity:
    """The user-assigned identity that AZURE_CLIENT_ID names, else the system-assigned one.

    Usable from several threads.
    """

    remedy = (
        "The app's managed identity gets no token for Azure DevOps. Switch the identity on in the function app, and "
        "add it to the organization as a user with Basic access."
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credential: ManagedIdentityCredential | None = None

    def credential(self) -> ManagedIdentityCredential:
        """The credential. The first call makes it, and imports azure-identity."""
        with self._lock:
            if self._credential is None:
                from azure.identity import ManagedIdentityCredential

                client_id = os.environ.get("AZURE_CLIENT_ID") or None
                self._credential = ManagedIdentityCredential(client_id=client_id)
            return self._credential
