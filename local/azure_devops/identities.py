"""The people and service accounts of the organization."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

_NAMESPACE = uuid.UUID("6d1f0c0e-51a7-4d3b-9d0a-6a5f5c1b7a10")


@cache
def _guid(unique_name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, unique_name))


@dataclass(frozen=True)
class Identity:
    """One member; `unique_name` is the mail address or, for a service principal, its object id."""

    display_name: str
    unique_name: str

    @property
    def id(self) -> str:
        """The identity's GUID, the same in every run."""
        return _guid(self.unique_name)

    @property
    def descriptor(self) -> str:
        """The subject descriptor, `aad.` and Base64 text."""
        return "aad." + base64.b64encode(self.id.encode()).decode().rstrip("=")

    @property
    def combined(self) -> str:
        """`Name <mail>`, as old resource versions write an identity."""
        return f"{self.display_name} <{self.unique_name}>"

    def reference(self, base: str) -> dict[str, Any]:
        """The identity as an object; `base` is the organization's URL."""
        avatar = f"{base}/_apis/GraphProfile/MemberAvatars/{self.descriptor}"
        return {
            "displayName": self.display_name,
            "url": f"{base}/_apis/Identities/{self.id}",
            "_links": {"avatar": {"href": avatar}},
            "id": self.id,
            "uniqueName": self.unique_name,
            "imageUrl": f"{base}/_apis/GraphProfile/MemberAvatars/{self.descriptor}",
            "descriptor": self.descriptor,
        }


SYNCHRONIZATION = Identity("Aha Synchronization", "synchronization@fabrikam.com")
SECOND_SYNCHRONIZATION = Identity("Second Synchronization", "synchronization2@fabrikam.com")
READER = Identity("Raisa Pokrovskaya", "raisa@fabrikam.com")
FORMER_MEMBER = Identity("Chuck Reinhart", "chuck@fabrikam.com")
GUEST = Identity("Guest Author", "guest@fabrikam.com")
MANAGED_IDENTITY = Identity("aha-integration", "7a1c3b0e-5c5d-4c4a-9b0e-2f6c8a1d9e55")
ENGINEER = Identity("Jamal Hartnett", "jamal@fabrikam.com")
SECOND_ENGINEER = Identity("Johnnie McLeod", "johnnie@fabrikam.com")

MEMBERS = (
    SYNCHRONIZATION,
    SECOND_SYNCHRONIZATION,
    READER,
    FORMER_MEMBER,
    GUEST,
    MANAGED_IDENTITY,
    ENGINEER,
    SECOND_ENGINEER,
)


def find_member(text: str) -> Identity | None:
    """The member named by display name, mail address, `Name <mail>` or id; None if there is none."""
    wanted = text.strip().casefold()
    for member in MEMBERS:
        spellings = (member.display_name, member.unique_name, member.combined, member.id)
        if wanted in (spelling.casefold() for spelling in spellings):
            return member
    return None
