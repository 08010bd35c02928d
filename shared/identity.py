"""The function app's managed identity, for Table Storage and for Azure DevOps alike."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential


@lru_cache(maxsize=1)
def managed_identity() -> ManagedIdentityCredential:
    """The user-assigned identity that AZURE_CLIENT_ID names, else the system-assigned one. Imports azure-identity."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID") or None)
