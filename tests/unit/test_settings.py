"""The app settings."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingInvalid
from shared.secret import Secret
from shared.settings import DECLARATIONS, Settings

ROOT = Path(__file__).parents[2]
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
OLD_KEY = base64.urlsafe_b64encode(b"o" * 32).decode()
ENVIRONMENT = {
    "TABLES_CONNECTION_STRING": "UseDevelopmentStorage=true",
    "SECRETS_KEY": KEY,
    "PUBLIC_URL": "https://app.example.com",
}
OF_THE_PLATFORM = {"AzureWebJobsStorage", "WEBSITE_HOSTNAME"}


def with_settings(**changes: str | None) -> Settings:
    """The settings of a working app, some of them changed or left out."""
    environment = {**ENVIRONMENT, **changes}
    return Settings.from_environment(
        {name: value for name, value in environment.items() if value is not None}
    )


def refusal(**changes: str | None) -> str:
    """The detail of the error for invalid settings."""
    with pytest.raises(SettingInvalid) as caught:
        with_settings(**changes)
    return caught.value.detail


def test_the_defaults_are_those_of_the_cloud() -> None:
    assert with_settings() == Settings(
        tables_connection_string=Secret("UseDevelopmentStorage=true"),
        tables_endpoint=None,
        secrets_keys=(Secret(KEY),),
        public_url="https://app.example.com",
        azure_devops_url="https://dev.azure.com",
        send_time_budget_seconds=200.0,
        allow_local_addresses=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRETS_KEY", None),
        ("SECRETS_KEY", " , "),
        ("SECRETS_KEY", "short"),
        ("SECRETS_KEY", f"{KEY},{KEY[:-4]}"),
        ("SECRETS_KEY", "ключ"),
        ("SECRETS_KEY", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/key)"),
        ("PUBLIC_URL", None),
        ("PUBLIC_URL", "app.example.com"),
        ("PUBLIC_URL", "https://app.example.com?x=1"),
        ("PUBLIC_URL", "https://"),
        ("AZURE_DEVOPS_URL", "http://dev.azure.com"),
        ("AZURE_DEVOPS_URL", "https://me@dev.azure.com"),
        ("AZURE_DEVOPS_URL", "https://:pw@dev.azure.com"),
        ("AZURE_DEVOPS_URL", "https://["),
        ("AZURE_DEVOPS_URL", "https://dev.azure.com:port"),
        ("AZURE_DEVOPS_URL", "https://dev.azure.com:99999"),
        ("SEND_TIME_BUDGET_SECONDS", "soon"),
        ("SEND_TIME_BUDGET_SECONDS", "4.9"),
        ("SEND_TIME_BUDGET_SECONDS", "226"),
        ("SEND_TIME_BUDGET_SECONDS", "nan"),
        ("SEND_TIME_BUDGET_SECONDS", "inf"),
        ("ALLOW_LOCAL_ADDRESSES", "yes"),
        ("TABLES_CONNECTION_STRING", None),
        ("TABLES_CONNECTION_STRING", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)"),
    ],
)
def test_the_error_names_the_invalid_setting_in_one_line(name: str, value: str | None) -> None:
    detail = refusal(**{name: value})

    assert name in detail
    assert "\n" not in detail


def test_a_malformed_key_is_named_by_its_number_and_not_shown() -> None:
    detail = refusal(SECRETS_KEY=f"{KEY},S3cret-that-is-no-key")

    assert "Key 2" in detail
    assert "S3cret" not in detail


def test_a_storage_account_may_be_named_by_its_endpoint() -> None:
    endpoint = "https://account.table.core.windows.net"
    settings = with_settings(TABLES_CONNECTION_STRING=None, TABLES_ENDPOINT=f"{endpoint}/")

    assert settings.tables_endpoint == endpoint
    assert settings.tables_connection_string is None
    assert "TABLES_ENDPOINT" in refusal(TABLES_CONNECTION_STRING=None, TABLES_ENDPOINT="http://account")


def test_without_another_setting_azurewebjobsstorage_is_used() -> None:
    settings = with_settings(TABLES_CONNECTION_STRING="", AzureWebJobsStorage="AccountName=x")

    assert settings.tables_connection_string == Secret("AccountName=x")


@pytest.mark.parametrize(
    ("hostname", "url"),
    [
        ("fabrikam.azurewebsites.net", "https://fabrikam.azurewebsites.net"),
        ("localhost:7071", "http://localhost:7071"),
        ("127.0.0.1:7071", "http://127.0.0.1:7071"),
    ],
)
def test_without_public_url_webhook_urls_start_with_the_host_name(hostname: str, url: str) -> None:
    assert with_settings(PUBLIC_URL=None, WEBSITE_HOSTNAME=hostname).public_url == url


def test_keys_are_listed_newest_first() -> None:
    assert with_settings(SECRETS_KEY=f" {KEY} , {OLD_KEY}").secrets_keys == (Secret(KEY), Secret(OLD_KEY))


def test_local_addresses_are_allowed_only_by_a_setting() -> None:
    settings = with_settings(ALLOW_LOCAL_ADDRESSES="TRUE", AZURE_DEVOPS_URL="http://127.0.0.1:8081/")

    assert settings.allow_local_addresses
    assert settings.azure_devops_url == "http://127.0.0.1:8081"


@given(st.sampled_from([item.name for item in DECLARATIONS]), st.text(max_size=30))
def test_no_value_raises_another_error(name: str, value: str) -> None:
    with contextlib.suppress(SettingInvalid):
        with_settings(**{name: value})


class RecordingEnvironment(Mapping[str, str]):
    """An environment that records which variables are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def named_by_bindings() -> set[str]:
    """The settings that the functions' bindings take, as in %RECONCILE_SCHEDULE%."""
    texts = [path.read_text() for path in ROOT.glob("*/function.json")]
    return {name for text in texts for name in re.findall(r"%(\w+)%", text)}


def test_every_setting_that_is_read_is_declared_and_every_declared_one_is_read() -> None:
    asked: set[str] = set()
    for changes in ({}, {"TABLES_CONNECTION_STRING": "", "PUBLIC_URL": ""}):
        environment = RecordingEnvironment(
            {**ENVIRONMENT, **changes, "AzureWebJobsStorage": "x", "WEBSITE_HOSTNAME": "h"}
        )
        Settings.from_environment(environment)
        asked |= environment.asked

    assert asked - OF_THE_PLATFORM | named_by_bindings() == {item.name for item in DECLARATIONS}


def test_the_sample_lists_every_setting() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]

    declared = {item.name for item in DECLARATIONS}
    assert set(sample) == declared | {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}
    for item in DECLARATIONS:
        if item.default is not None:
            assert sample[item.name] == item.default
