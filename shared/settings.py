"""The app settings. Tests check the table in docs/settings.md and the sample file against `DECLARATIONS`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.errors import SettingInvalid
from shared.secret import Secret


@dataclass(frozen=True)
class Declaration:
    """An app setting, as the operator's documentation describes it."""

    name: str
    default: str | None
    meaning: str


DECLARATIONS = (
    Declaration(
        "TABLES_CONNECTION_STRING",
        None,
        "Table Storage by connection string; without it, AzureWebJobsStorage",
    ),
    Declaration(
        "TABLES_ENDPOINT", None, "Table Storage by managed identity: https://ACCOUNT.table.core.windows.net"
    ),
    Declaration("SECRETS_KEY", None, "required: Fernet key(s), comma-separated, newest first"),
    Declaration("PUBLIC_URL", None, "what webhook URLs start with; without it, https://$WEBSITE_HOSTNAME"),
    Declaration("AZURE_DEVOPS_URL", "https://dev.azure.com", "where Azure DevOps answers"),
    Declaration("SEND_TIME_BUDGET_SECONDS", "200", "how long one send may take, in seconds"),
    Declaration(
        "RECONCILE_SCHEDULE",
        None,
        "when Reconcile runs, as 0 */5 * * * *; off when empty",
    ),
    Declaration("ALLOW_LOCAL_ADDRESSES", "false", "true only locally: allows http:// and private addresses"),
)


@dataclass(frozen=True)
class Settings:
    """The settings, checked. Exactly one of `tables_connection_string` and `tables_endpoint` is set."""

    tables_connection_string: Secret | None
    tables_endpoint: str | None
    secrets_keys: tuple[Secret, ...]
    public_url: str
    azure_devops_url: str
    send_time_budget_seconds: float
    allow_local_addresses: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read and check every setting.

        Raises:
            SettingInvalid: a setting is missing or malformed.
        """
        values = _Values(environment)
        allow_local = values.boolean("ALLOW_LOCAL_ADDRESSES")
        connection_string, endpoint = _tables(values, allow_local)
        return cls(
            tables_connection_string=connection_string,
            tables_endpoint=endpoint,
            secrets_keys=_secrets_keys(values),
            public_url=_public_url(values),
            azure_devops_url=values.url("AZURE_DEVOPS_URL", https_only=not allow_local),
            send_time_budget_seconds=values.seconds("SEND_TIME_BUDGET_SECONDS", least=5, most=225),
            allow_local_addresses=allow_local,
        )


def storage_account(environment: Mapping[str, str]) -> tuple[Secret | None, str | None]:
    """The connection string or the endpoint of the tables, where no other setting is needed.

    Raises:
        SettingInvalid: neither is set, or it is malformed.
    """
    values = _Values(environment)
    return _tables(values, values.boolean("ALLOW_LOCAL_ADDRESSES"))


class _Values:
    """The environment with the defaults of `DECLARATIONS`. Reading a malformed value raises SettingInvalid."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._defaults = {declaration.name: declaration.default for declaration in DECLARATIONS}

    def text(self, name: str) -> str | None:
        value = self._environment.get(name, "").strip() or self._defaults.get(name)
        if value and value.startswith("@Microsoft.KeyVault("):
            # If App Service cannot resolve a reference, the value is the reference itself.
            raise SettingInvalid(
                f"The app setting {name} is a Key Vault reference that App Service could not resolve. Check that the "
                "secret exists and that the app's identity may read it."
            )
        return value

    def boolean(self, name: str) -> bool:
        value = (self.text(name) or "").lower()
        if value not in ("true", "false"):
            raise SettingInvalid(f"The app setting {name} must be true or false.")
        return value == "true"

    def seconds(self, name: str, *, least: float, most: float) -> float:
        try:
            value = float(self.text(name) or "")
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise SettingInvalid(
                f"The app setting {name} must be a number of seconds from {least:g} to {most:g}."
            )
        return value

    def url(self, name: str, *, https_only: bool) -> str:
        value = (self.text(name) or "").rstrip("/")
        try:
            parts = urlsplit(value)
            _ = parts.port  # raises ValueError if it is not a port
            well_formed = bool(parts.hostname) and not ("@" in parts.netloc or parts.query or parts.fragment)
        except ValueError:
            well_formed = False
        if not well_formed or parts.scheme not in (("https",) if https_only else ("https", "http")):
            scheme = "https://" if https_only else "http:// or https://"
            raise SettingInvalid(f"The app setting {name} must be a URL that starts with {scheme}.")
        return value


def _tables(values: _Values, allow_local: bool) -> tuple[Secret | None, str | None]:
    connection_string = values.text("TABLES_CONNECTION_STRING")
    if connection_string:
        return Secret(connection_string), None
    if values.text("TABLES_ENDPOINT"):
        return None, values.url("TABLES_ENDPOINT", https_only=not allow_local)
    connection_string = values.text("AzureWebJobsStorage")
    if connection_string:
        return Secret(connection_string), None
    raise SettingInvalid(
        "No Table Storage is configured. Set the app setting TABLES_CONNECTION_STRING or TABLES_ENDPOINT, "
        "or set AzureWebJobsStorage to a connection string."
    )


def _secrets_keys(values: _Values) -> tuple[Secret, ...]:
    keys = [key.strip() for key in (values.text("SECRETS_KEY") or "").split(",") if key.strip()]
    if not keys:
        raise SettingInvalid(
            "The app setting SECRETS_KEY is missing. It must contain a Fernet key: 32 random bytes as URL-safe base64."
        )
    for number, key in enumerate(keys, 1):
        try:
            length = len(base64.b64decode(key.encode(), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            length = 0
        if length != 32:
            raise SettingInvalid(
                f"Key {number} of the app setting SECRETS_KEY is not a Fernet key (32 random bytes as URL-safe base64)."
            )
    return tuple(Secret(key) for key in keys)


def _public_url(values: _Values) -> str:
    if values.text("PUBLIC_URL"):
        return values.url("PUBLIC_URL", https_only=False)
    hostname = values.text("WEBSITE_HOSTNAME")
    if not hostname:
        raise SettingInvalid(
            "The app setting PUBLIC_URL is missing, and WEBSITE_HOSTNAME is not set. Webhook URLs start with it."
        )
    # Core Tools sets WEBSITE_HOSTNAME to localhost:PORT, which has no TLS.
    scheme = "http" if hostname.split(":")[0] in ("localhost", "127.0.0.1") else "https"
    return f"{scheme}://{hostname}"
