"""Read the body of POST /api/test-connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.accounts import normalise_account_name
from shared.domain.integration import AhaTarget, Authentication, AzureDevOpsTarget, Integration
from shared.domain.integration_input import UrlRules, read_aha
from shared.domain.json_input import InputErrors, JsonObject
from shared.domain.projects import is_named
from shared.secret import Secret

FindIntegration = Callable[[str], Integration]
"""Returns the integration with an id, or raises IntegrationNotFound."""


@dataclass(frozen=True)
class AhaTestRequest:
    """The Aha! account to test, and the product (id or prefix, may be empty) whose statuses are wanted.

    `integration_id` is the integration that the stored token may be from, empty if there is none.
    """

    account: AhaTarget
    product_id: str
    integration_id: str


@dataclass(frozen=True)
class ConnectionTestRequest:
    """What to test.

    `azure_devops` is None if only Aha! is tested, `aha` is None if only Azure DevOps is tested. `project` is an id or a
    name, or empty. `integration` is the stored integration whose credentials are tested, None for unsaved ones.
    `choices_only`: only list the choices; do not check the integration's mapping.
    """

    azure_devops: AzureDevOpsTarget | None
    project: str
    integration: Integration | None
    aha: AhaTestRequest | None = None
    choices_only: bool = False

    def integration_to_check(self, project: Mapping[str, Any]) -> Integration | None:
        """The integration whose mapping is checked against a project, `{"id", "name", …}`; None if none is.

        A mapping is checked only if it is complete and the project is the integration's own.
        """
        integration = self.integration
        if integration is None or self.choices_only or integration.missing():
            return None
        return integration if is_named(project, integration.azure_devops.project) else None


def named_integration(body: Any) -> str:
    """The id of the stored integration that the body names; empty if it names none, or is invalid."""
    # read_connection_request reports the errors.
    source = JsonObject(body, InputErrors())
    return source.text("integration_id", longest=64) or source.object("aha").text(
        "integration_id", longest=64
    )


def tests_stored_credentials(body: Any) -> bool:
    """Whether the test uses only stored credentials, so that it counts for the integration's health."""
    source = JsonObject(body, InputErrors())
    aha = source.object("aha")
    is_stored = not any(aha.raw(key) for key in ("integration_id", "url", "api_token"))
    return is_stored and bool(source.text("integration_id", longest=64))


def read_connection_request(
    body: Any, find_integration: FindIntegration, url_rules: UrlRules
) -> ConnectionTestRequest:
    """Read a body that has an account name and a token, or the id of a stored integration.

    If the body has the key `aha`, the Aha! account is tested too, or alone if the body has no Azure DevOps account.

    Raises:
        InvalidRequest: with every error.
        IntegrationNotFound: there is no integration with the id in the body.
    """
    errors = InputErrors()
    source = JsonObject(body, errors)
    project = source.text("project", longest=64)
    integration_id = source.text("integration_id", longest=64)
    if integration_id:
        errors.raise_if_any()
        request = _for_integration(source, project, find_integration, integration_id, url_rules)
    else:
        request = _for_unsaved(source, project, find_integration, url_rules)
    errors.raise_if_any()
    return request


def _for_integration(
    source: JsonObject,
    project: str,
    find_integration: FindIntegration,
    integration_id: str,
    url_rules: UrlRules,
) -> ConnectionTestRequest:
    integration = find_integration(integration_id)
    target = integration.azure_devops
    aha = _aha(source, integration, find_integration, url_rules)
    if not (target.account_name and target.has_credentials):
        if aha is None:
            source.error("integration_id", "has no Azure DevOps account and token yet: save them first")
        return ConnectionTestRequest(None, "", integration, aha)
    # The page lists the choices when the stored project or mapping no longer exists, so it must not be checked.
    if source.boolean("choices_only", default=False):
        return ConnectionTestRequest(target, project, integration, aha, choices_only=True)
    return ConnectionTestRequest(target, project or target.project, integration, aha)


def _for_unsaved(
    source: JsonObject, project: str, find_integration: FindIntegration, url_rules: UrlRules
) -> ConnectionTestRequest:
    aha = _aha(source, None, find_integration, url_rules)
    has_no_account = all(source.raw(key) in (None, "") for key in ("account_name", "personal_access_token"))
    if aha is not None and has_no_account:
        return ConnectionTestRequest(None, project, None, aha)
    return ConnectionTestRequest(_azure_devops(source, url_rules), project, None, aha)


def _azure_devops(source: JsonObject, url_rules: UrlRules) -> AzureDevOpsTarget:
    account = source.text("account_name", required=True, longest=300)
    name = normalise_account_name(account, url_rules.azure_devops_url) if account else ""
    if name is None:
        source.error(
            "account_name",
            "must be the name or the URL of an organization, such as https://dev.azure.com/fabrikam",
        )
    kinds = tuple(choice.value for choice in Authentication)
    authentication = Authentication(source.text("authentication", default="pat", choices=kinds))
    is_pat = authentication is Authentication.PAT
    token = source.text("personal_access_token", required=is_pat, longest=4000)
    return AzureDevOpsTarget(name or "", authentication, Secret(token) if is_pat else None)


def _aha(
    body: JsonObject, stored: Integration | None, find_integration: FindIntegration, url_rules: UrlRules
) -> AhaTestRequest | None:
    """The key `aha`; None if it is left out.

    The stored integration supplies what the object leaves out. The object may name another stored integration.
    """
    if body.raw("aha") is None:
        return None
    source = body.object("aha")
    named = source.text("integration_id", longest=64)
    stored = find_integration(named) if named else stored
    account = read_aha(source, stored, url_rules)
    url = account.url or (stored.aha.url if stored else "")
    if not url and not source.raw("url"):
        source.error("url", "is required")
    if account.api_token is None and not source.raw("api_token") and not (stored and stored.aha.api_token):
        source.error("api_token", "is required")
    product_id = source.identifier("product_id", required=False)
    # An empty product_id is kept: the page sends it to list the products when the stored one no longer exists.
    if stored is not None and source.raw("product_id") is None:
        product_id = stored.product_id
    return AhaTestRequest(
        AhaTarget(url, account.api_token), product_id, stored.integration_id if stored else ""
    )
