"""Tokens at rest, and the tokens of webhook URLs: both by the keys of the app setting SECRETS_KEY, newest first."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.errors import SettingInvalid
from shared.secret import Secret

_WEBHOOK_DOMAIN = b"webhook token, version 1"
"""Keeps these HMACs apart from whatever else is ever derived from the same keys."""


class Vault:
    """Encrypts with the newest key and decrypts with any, so that a key is rotated by putting a new one in front.

    What is saved after that is encrypted with the new one.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        """At least one Fernet key: 32 random bytes as URL-safe base64."""
        if not keys:
            raise ValueError("a vault needs a key")
        self._keys = tuple(keys)

    def encrypt(self, secret: Secret) -> str:
        """The secret as a Fernet token, which is text."""
        from cryptography.fernet import Fernet

        return Fernet(self._keys[0].reveal()).encrypt(secret.reveal().encode()).decode()

    def decrypt(self, encrypted: str) -> Secret:
        """What `encrypt` was given.

        Raises:
            SettingInvalid: none of the keys opens it.
        """
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        fernets = MultiFernet([Fernet(key.reveal()) for key in self._keys])
        try:
            return Secret(fernets.decrypt(encrypted.encode()).decode())
        except InvalidToken:
            # Raised below: the original has nothing to add.
            pass
        raise SettingInvalid(
            "A stored token cannot be decrypted with the app setting SECRETS_KEY. Add the key it was encrypted with to "
            "the end of SECRETS_KEY, after a comma; if that key is lost, enter the integration's tokens again."
        )

    def sealed(self, encrypted: str) -> Secret:
        """The same, but decrypted only when it is revealed: an integration can be shown or repaired without its key."""
        return SealedSecret(encrypted, self)

    def webhook_token(self, integration_id: str, generation: str) -> str:
        """The secret part of an integration's webhook URL: 256 bits, URL-safe. Another generation, another token."""
        return _webhook_token(self._keys[0], integration_id, generation)

    def is_webhook_token(self, token: str, integration_id: str, generation: str) -> bool:
        """Whether the token was derived from any of the keys. Takes the same time whatever the token is."""
        given = token.encode("utf-8", "surrogatepass")
        matches = [
            hmac.compare_digest(given, _webhook_token(key, integration_id, generation).encode())
            for key in self._keys
        ]
        return any(matches)


@dataclass(frozen=True, repr=False, eq=False)
class SealedSecret(Secret):
    """An encrypted secret that is decrypted when it is revealed, which raises SettingInvalid without its key."""

    _vault: Vault = field()

    def reveal(self) -> str:
        """The secret itself."""
        return self._vault.decrypt(self._text).reveal()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())


def _webhook_token(key: Secret, integration_id: str, generation: str) -> str:
    # A length before each part: no two pairs give the same message.
    parts = [part.encode() for part in (integration_id, generation)]
    message = _WEBHOOK_DOMAIN + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    digest = hmac.digest(base64.urlsafe_b64decode(key.reveal()), message, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
