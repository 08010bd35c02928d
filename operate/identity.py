"""Who runs the command: the user, or the service principal, of `az login`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity import AzureCliCredential

_SECONDS = 30


class OperatorIdentity:
    """The identity that `az account show` names, and no other identity of this machine. Usable from several threads."""

    remedy = (
        "The integration signs in to Azure DevOps with Microsoft Entra, and this command signs in as you: run "
        "`az login`. You must be a user of the organization."
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credential: AzureCliCredential | None = None

    def credential(self) -> AzureCliCredential:
        """The credential of the Azure CLI."""
        with self._lock:
            if self._credential is None:
                from azure.identity import AzureCliCredential

                self._credential = AzureCliCredential(process_timeout=_SECONDS)
            return self._credential
