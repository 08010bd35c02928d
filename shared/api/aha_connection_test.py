"""The connection test of an Aha! account: is the token valid, and which products and statuses can be chosen?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from shared.api.connection_request import AhaTestRequest
from shared.app import App
from shared.clients.aha_account import AhaAccount
from shared.concurrency import in_parallel
from shared.domain.aha_workflows import read_products, workflow_statuses
from shared.errors import NotFound, System
from shared.operation import Operation


def read_aha_account(app: App, operation: Operation, request: AhaTestRequest) -> dict[str, Any]:
    """Read the token's user, the products, and the statuses of the request's product; the value of `aha` in the answer.

    Raises:
        CredentialsRejected, Forbidden, NotFound, Unavailable: of `System.AHA`.
    """
    account = app.aha_account(request.account, operation)
    url = request.account.url
    reads: list[Callable[[], Any]] = [lambda: _user(account, url), account.products]
    if request.product_id:
        reads.append(lambda: _statuses(account, request.product_id))
    user, products, *statuses = in_parallel(lambda read: read(), reads)
    feature_statuses, requirement_statuses = statuses[0] if statuses else ([], [])
    return {
        "ok": True,
        "url": url,
        "user": {"name": str(user.get("name") or ""), "email": str(user.get("email") or "")},
        "products": [asdict(product) for product in read_products(products)],
        "feature_statuses": feature_statuses,
        "requirement_statuses": requirement_statuses,
    }


def _user(account: AhaAccount, url: str) -> Mapping[str, Any]:
    try:
        return account.user()
    except NotFound as error:
        raise NotFound(
            System.AHA,
            f"{url} is not an Aha! account, or its API is not available. Enter the URL that the browser shows when you "
            "are signed in to Aha!, such as https://company.aha.io.",
            evidence=error.evidence,
        ) from error


def _statuses(account: AhaAccount, product_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The statuses of features and those of requirements, as JSON."""
    reads: tuple[Callable[[str], Any], ...] = (account.product, account.workflows)
    if "/" in product_id:
        # No id and no prefix: Aha! would answer with a page.
        raise _no_product(product_id)
    try:
        product, workflows = in_parallel(lambda read: read(product_id), reads)
    except NotFound as error:
        raise _no_product(product_id, error.evidence) from error
    return (
        [asdict(status) for status in workflow_statuses(product, "feature", workflows)],
        [asdict(status) for status in workflow_statuses(product, "requirement", workflows)],
    )


def _no_product(product_id: str, evidence: Mapping[str, Any] | None = None) -> NotFound:
    return NotFound(
        System.AHA,
        f"The product “{product_id}” does not exist in Aha!, or the token's user cannot see it. Choose one of the "
        "products that the connection test lists, or ask an Aha! administrator to add the user to the workspace.",
        evidence=evidence,
    )
