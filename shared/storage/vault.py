"""Encrypt the stored tokens, and derive the tokens of webhook URLs, with the keys of the app setting SECRETS_KEY."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.errors import SettingInvalid
from shared.secret import Secret

_WEBHOOK_DOMAIN = b"webhook token, version 1"
"""The prefix of every signed message, so that no other use of the same keys yields the same HMAC."""


class Vault:
    """Encrypts with the first key, which is the newest, and decrypts with any of them.

    To rotate the key, an operator puts a new one in front. Tokens that are saved after that use the new key; the others
    are re-encrypted by `python -m operate rotate-key`.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        """At least one Fernet key: 32 random bytes as URL-safe base64."""
        if not keys:
            raise ValueError("a vault needs a key")
        self._keys = tuple(keys)

    def encrypt(self, secret: Secret) -> str:
        """The secret as a Fernet token (text)."""
        from cryptography.fernet import Fernet

        return Fernet(self._keys[0].reveal()).encrypt(secret.reveal().encode()).decode()

    def decrypt(self, encrypted: str) -> Secret:
        """The secret that `encrypt` was given.

        Raises:
            SettingInvalid: none of the keys decrypts it.
        """
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        fernets = MultiFernet([Fernet(key.reveal()) for key in self._keys])
        try:
            return Secret(fernets.decrypt(encrypted.encode()).decode())
        except InvalidToken:
            # Raised below, without the original as its cause.
            pass
        raise SettingInvalid(
            "A stored token cannot be decrypted with the app setting SECRETS_KEY. Add the key it was encrypted with to "
            "the end of SECRETS_KEY, after a comma. If that key is lost, enter the integration's tokens again."
        )

    def decrypt_when_revealed(self, encrypted: str) -> Secret:
        """A secret that is decrypted by `reveal`, so that an integration can be shown and repaired without its key."""
        return EncryptedSecret(encrypted, self)

    def webhook_token(self, integration_id: str, generation: str) -> str:
        """The token in an integration's webhook URL: 256 bits, URL-safe. A new generation has another token."""
        return _webhook_token(self._keys[0], integration_id, generation)

    def is_webhook_token(self, token: str, integration_id: str, generation: str) -> bool:
        """Whether the token was derived from one of the keys. The time does not depend on the token."""
        return self.key_of_webhook_token(token, integration_id, generation) is not None

    def key_of_webhook_token(self, token: str, integration_id: str, generation: str) -> int | None:
        """The number of the key that the token was derived from, 1 for the newest; None for any other token."""
        given = token.encode("utf-8", "surrogatepass")
        matches = [
            hmac.compare_digest(given, _webhook_token(key, integration_id, generation).encode())
            for key in self._keys
        ]
        return matches.index(True) + 1 if any(matches) else None

    def key_of(self, encrypted: str) -> int | None:
        """The number of the key that decrypts a text of `encrypt`, 1 for the newest; None if none does."""
        from cryptography.fernet import Fernet, InvalidToken

        for number, key in enumerate(self._keys, 1):
            try:
                Fernet(key.reveal()).decrypt(encrypted.encode())
            except InvalidToken:
                continue
            return number
        return None


@dataclass(frozen=True, repr=False, eq=False)
class EncryptedSecret(Secret):
    """A secret that `reveal` decrypts. Without its key, `reveal` raises SettingInvalid."""

    _vault: Vault = field()

    def reveal(self) -> str:
        """The decrypted text. Raises SettingInvalid."""
        return self._vault.decrypt(self._text).reveal()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())


def _webhook_token(key: Secret, integration_id: str, generation: str) -> str:
    # The length before each part keeps different pairs from giving the same message.
    parts = [part.encode() for part in (integration_id, generation)]
    message = _WEBHOOK_DOMAIN + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    digest = hmac.digest(base64.urlsafe_b64decode(key.reveal()), message, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
