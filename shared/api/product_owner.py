"""Whether another integration has a product under its other name.

Aha! knows a product by its id and by the prefix of its references. Storage finds an owner by the name that a person
gave, so another integration may have the product under its other name. Only Aha! knows which two names belong together.
It is asked only if another integration names its product in the other way.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.integration import AhaTarget, Integration, StoredIntegration
from shared.domain.products import NO_PRODUCT, Product, is_product_id, product_named, product_taken
from shared.errors import OperationFailed
from shared.operation import Operation

_MOST_SECONDS = 10.0


def check_product_is_free(
    app: App, operation: Operation, integration: Integration, stored: Integration | None
) -> None:
    """Refuse a product that another integration has under its other name.

    If Aha! cannot be asked, the integration is saved: it may be saved before Aha! is configured, too.

    Raises:
        ProductTaken: another integration has the product.
    """
    if not integration.product_id or not is_changed(integration, stored):
        return
    rivals = [
        one.integration
        for one in app.integrations.each()
        if isinstance(one, StoredIntegration) and may_be_rivals(one.integration, integration)
    ]
    # Another account may have the same prefix for another product.
    accounts = [integration.aha] if integration.receives else accounts_of(rivals)
    if not rivals or not accounts:
        return
    in_time = operation.within(_MOST_SECONDS)
    for product in in_parallel(lambda account: _product(app, in_time, account, integration), accounts):
        owner = next((one for one in rivals if product.is_named(one.product_id)), None)
        if owner is not None:
            raise product_taken(
                integration.product_id, owner.name, owner.integration_id, other_name=owner.product_id
            )


def is_changed(integration: Integration, stored: Integration | None) -> bool:
    """Whether a save changes the product, or the Aha! account that knows its names. `stored` is None if it is new."""
    if stored is None or integration.product_id != stored.product_id:
        return True
    try:
        return (integration.aha.url, integration.aha.api_token) != (stored.aha.url, stored.aha.api_token)
    except OperationFailed:
        # No key decrypts the stored token: this save repairs it.
        return True


def may_be_rivals(one: Integration, other: Integration) -> bool:
    """Whether two integrations name their products in different ways, so that both may mean the same one."""
    return (
        one.integration_id != other.integration_id
        and bool(one.product_id)
        and is_product_id(one.product_id) != is_product_id(other.product_id)
    )


def accounts_of(integrations: Iterable[Integration]) -> list[AhaTarget]:
    """The Aha! accounts of these integrations, each once."""
    return list({one.aha.url.casefold(): one.aha for one in integrations if one.receives}.values())


def _product(app: App, operation: Operation, account: AhaTarget, integration: Integration) -> Product:
    """Both names of the product in an account; empty if the account does not say."""
    try:
        return product_named(app.aha_account(account, operation).product(integration.product_id))
    except OperationFailed:
        return NO_PRODUCT
