"""Who the app is, for Table Storage and for Azure DevOps: in Azure its managed identity."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.identity import ManagedIdentityCredential


class Identity(Protocol):
    """Somebody who gets tokens of Microsoft Entra. Usable from several threads."""

    remedy: str
    """What to say, and what to do, if there is no token for Azure DevOps."""

    def credential(self) -> TokenCredential:
        """The credential, always the same one."""
        ...


class ManagedIdentity:
    """The user-assigned identity that AZURE_CLIENT_ID names, else the system-assigned one.

    Usable from several threads.
    """

    remedy = (
        "The app's managed identity gives no token for Azure DevOps. Switch the identity on in the function app, and "
        "add it to the organization as a user with Basic access."
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credential: ManagedIdentityCredential | None = None

    def credential(self) -> ManagedIdentityCredential:
        """The credential, made at the first call; only then is azure-identity imported."""
        with self._lock:
            if self._credential is None:
                from azure.identity import ManagedIdentityCredential

                client_id = os.environ.get("AZURE_CLIENT_ID") or None
                self._credential = ManagedIdentityCredential(client_id=client_id)
            return self._credential
