"""Encrypted tokens and webhook tokens, also when keys are rotated."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingInvalid
from shared.secret import Secret
from shared.storage.vault import Vault


def fernet_key(byte: int) -> Secret:
    return Secret(base64.urlsafe_b64encode(bytes([byte]) * 32).decode())


OLD, NEW = fernet_key(1), fernet_key(2)


def test_an_encrypted_token_is_unreadable_and_can_be_decrypted() -> None:
    encrypted = Vault([NEW]).encrypt(Secret("a token"))

    assert "token" not in encrypted
    assert Vault([NEW]).decrypt(encrypted) == Secret("a token")


def test_an_older_key_in_the_list_still_decrypts() -> None:
    encrypted = Vault([OLD]).encrypt(Secret("a token"))

    assert Vault([NEW, OLD]).decrypt(encrypted) == Secret("a token")


def test_encrypting_uses_the_newest_key() -> None:
    encrypted = Vault([NEW, OLD]).encrypt(Secret("a token"))

    assert Vault([NEW]).decrypt(encrypted) == Secret("a token")
    with pytest.raises(SettingInvalid):
        Vault([OLD]).decrypt(encrypted)


@pytest.mark.parametrize("damaged", ["", "not a fernet token", "Zm9v", "gAAAAA=="])
def test_if_no_key_decrypts_a_token_the_error_names_setting_and_remedy(damaged: str) -> None:
    with pytest.raises(SettingInvalid, match="SECRETS_KEY") as failure:
        Vault([NEW]).decrypt(damaged)

    assert "enter the integration's tokens again" in failure.value.detail


def test_an_encrypted_secret_needs_its_key_only_when_it_is_revealed() -> None:
    encrypted = Vault([OLD]).encrypt(Secret("a token"))

    assert Vault([OLD]).decrypt_when_revealed(encrypted) == Secret("a token")
    assert Secret("a token") == Vault([OLD]).decrypt_when_revealed(encrypted)
    assert Vault([OLD]).decrypt_when_revealed(encrypted) != Secret("another")
    assert "token" not in repr(Vault([OLD]).decrypt_when_revealed(encrypted))
    without_its_key = Vault([NEW]).decrypt_when_revealed(encrypted)
    with pytest.raises(SettingInvalid, match="SECRETS_KEY"):
        without_its_key.reveal()


def test_a_webhook_token_is_url_safe_and_long() -> None:
    token = Vault([NEW]).webhook_token("web", "1")

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)


def test_a_webhook_token_derived_from_any_listed_key_is_valid() -> None:
    pasted = Vault([OLD]).webhook_token("web", "1")

    assert Vault([OLD]).is_webhook_token(pasted, "web", "1")
    assert Vault([NEW, OLD]).is_webhook_token(pasted, "web", "1")
    assert not Vault([NEW]).is_webhook_token(pasted, "web", "1")


@given(st.text(), st.text(), st.text(), st.text())
def test_no_other_integration_or_generation_has_the_same_token(a: str, b: str, c: str, d: str) -> None:
    ids = [text.encode("utf-8", "ignore").decode() for text in (a, b, c, d)]
    token = Vault([NEW]).webhook_token(ids[0], ids[1])

    assert Vault([NEW]).is_webhook_token(token, ids[2], ids[3]) == (ids[:2] == ids[2:])


@pytest.mark.parametrize("token", ["", "é", "\ud800", "a" * 43])
def test_any_other_text_is_not_a_webhook_token(token: str) -> None:
    assert not Vault([NEW]).is_webhook_token(token, "web", "1")


def test_the_number_of_the_key_that_a_text_was_encrypted_with() -> None:
    encrypted = Vault([OLD]).encrypt(Secret("a token"))

    assert Vault([OLD]).key_of(encrypted) == 1
    assert Vault([NEW, OLD]).key_of(encrypted) == 2
    assert Vault([NEW]).key_of(encrypted) is None
    assert Vault([NEW]).key_of("no ciphertext") is None


def test_the_number_of_the_key_that_a_webhook_token_was_derived_from() -> None:
    token = Vault([OLD]).webhook_token("web", "9f")

    assert Vault([NEW, OLD]).key_of_webhook_token(token, "web", "9f") == 2
    assert Vault([NEW]).key_of_webhook_token(token, "web", "9f") is None
    assert Vault([NEW, OLD]).key_of_webhook_token(token, "shop", "9f") is None
