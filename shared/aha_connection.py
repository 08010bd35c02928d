"""Testing a connection, the Aha! side: is the token good, and which products and statuses are there to choose from?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.app import App
from shared.clients.aha_account import AhaAccount
from shared.domain.integration import AhaTarget, Integration
from shared.domain.integration_input import Addresses, read_aha
from shared.domain.json_input import JsonObject
from shared.errors import NotFound, System
from shared.operation import Operation
from shared.side_by_side import side_by_side


@dataclass(frozen=True)
class AhaQuestion:
    """Which account is looked at, and which product's statuses are wanted (id or prefix, may be empty).

    `integration_id` is whose stored token may be used, empty where it is nobody's.
    """

    target: AhaTarget
    product_id: str
    integration_id: str


def read_aha_question(app: App, body: JsonObject, stored: Integration | None) -> AhaQuestion | None:
    """What the key `aha` of a test asks for; None where it is not there.

    What it leaves out is that of the stored integration, which it may name itself. Notes faults at the body. Raises
    IntegrationNotFound.
    """
    if body.raw("aha") is None:
        return None
    source = body.object("aha")
    settings = app.settings
    named = source.text("integration_id", longest=64)
    if named and (stored is None or stored.integration_id != named):
        stored = app.integrations.get(named).integration
    addresses = Addresses(settings.azure_devops_url, settings.allow_local_addresses)
    target = read_aha(source, stored, addresses)
    url = target.url or (stored.aha.url if stored else "")
    if not url and not source.raw("url"):
        source.fault("url", "is required")
    if target.api_token is None and not source.raw("api_token") and not (stored and stored.aha.api_token):
        source.fault("api_token", "is required")
    product_id = source.identifier("product_id", required=False)
    # An empty one is wanted where the stored one is gone from Aha!: then the products are there to choose from.
    if stored is not None and source.raw("product_id") is None:
        product_id = stored.product_id
    return AhaQuestion(AhaTarget(url, target.api_token), product_id, stored.integration_id if stored else "")


def look_at_aha(app: App, operation: Operation, question: AhaQuestion) -> dict[str, Any]:
    """Ask Aha! for the user, the products and, with a product, the statuses of its two workflows.

    Raises:
        CredentialsRejected, Forbidden, NotFound, Unavailable: of `System.AHA`.
    """
    account = app.aha_account(question.target, operation)
    reads: list[Callable[[], Any]] = [lambda: _user(account, question.target.url), account.products]
    if question.product_id:
        reads.append(lambda: _statuses(account, question.product_id))
    user, products, *statuses = side_by_side(lambda read: read(), reads)
    of_features, of_requirements = statuses[0] if statuses else ([], [])
    return {
        "ok": True,
        "url": question.target.url,
        "user": {"name": str(user.get("name") or ""), "email": str(user.get("email") or "")},
        "products": sorted(map(_product, products), key=lambda item: str(item["name"]).casefold()),
        "feature_statuses": of_features,
        "requirement_statuses": of_requirements,
    }


def _user(account: AhaAccount, url: str) -> Mapping[str, Any]:
    try:
        return account.user()
    except NotFound as error:
        raise NotFound(
            System.AHA,
            f"{url} is not an Aha! account, or may not be called. Give the address that you see when you are signed in "
            "to Aha!, as https://company.aha.io.",
            evidence=error.evidence,
        ) from error


def _statuses(account: AhaAccount, product_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The statuses of features and of requirements.

    By the workflow's id, never by its type: a workspace's requirements may follow a workflow made for features, as
    those in Aha!'s own example of a product do.
    """
    reads: tuple[Callable[[str], Any], ...] = (account.product, account.workflows)
    try:
        found: list[Any] = side_by_side(lambda read: read(product_id), reads)
    except NotFound as error:
        raise NotFound(
            System.AHA,
            f"The product “{product_id}” does not exist in Aha!, or the token's user cannot see it. Choose one of the "
            "products that the test lists, or have the user added to its workspace.",
            evidence=error.evidence,
        ) from error
    product, workflows = found
    return (
        _of_workflow(product.get("feature_workflow"), workflows),
        _of_workflow(product.get("requirement_workflow"), workflows),
    )


def _of_workflow(wanted: Any, workflows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    workflow_id = str(wanted.get("id")) if isinstance(wanted, Mapping) else None
    found = next((one for one in workflows if str(one.get("id")) == workflow_id), {})
    statuses = [one for one in found.get("workflow_statuses") or () if isinstance(one, Mapping)]
    # Aha! lists them by id, and positions may repeat.
    return [_status(one) for one in sorted(statuses, key=_place)]


def _place(status: Mapping[str, Any]) -> tuple[float, str]:
    position = status.get("position")
    return (position if isinstance(position, int | float) else float("inf"), str(status.get("name") or ""))


def _status(status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(status.get("id")),
        "name": str(status.get("name") or ""),
        "color": str(status.get("color") or ""),
        "complete": status.get("complete") is True,
    }


def _product(product: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(product.get("id")),
        "reference_prefix": str(product.get("reference_prefix") or ""),
        "name": str(product.get("name") or ""),
    }
