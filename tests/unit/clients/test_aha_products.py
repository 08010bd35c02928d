"""A product by the prefix that a person wrote: Aha! finds it in upper case only, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from shared.clients.aha_account import AhaAccount
from shared.clients.aha_features import AhaFeatures
from shared.clients.aha_integrations import AhaIntegrations
from shared.clients.process_state import ProcessState
from shared.domain.integration import AhaTarget
from shared.errors import OperationFailed
from shared.secret import Secret
from tests.unit.examples import API_TOKEN, NOON
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, serving


class Everything(AhaAccount, AhaFeatures, AhaIntegrations):
    """All that is asked of Aha!."""


def at(url: str) -> Everything:
    operation, _ = an_operation()
    return Everything(
        AhaTarget(url, Secret(API_TOKEN)), operation, process_state=ProcessState(allow_local=True)
    )


CALLS: dict[str, Callable[[Everything, str], object]] = {
    "": lambda aha, product: aha.product(product),
    "/workflows": lambda aha, product: aha.workflows(product),
    "/integrations": lambda aha, product: aha.webhooks(product),
    "/features": lambda aha, product: aha.changed_since(product, NOON),
    "/features ": lambda aha, product: aha.search(product, "colour", 1),
}


@pytest.mark.parametrize(("product", "segment"), [("prod", "PROD"), ("PROD", "PROD"), ("6746", "6746")])
@pytest.mark.parametrize("below", CALLS)
def test_a_prefix_is_asked_for_in_upper_case(below: str, product: str, segment: str) -> None:
    with serving(Reply(404, {"error": "not found"})) as server, suppress(OperationFailed):
        CALLS[below](at(server.url), product)

    assert [asked.path for asked in server.asked] == [f"/api/v1/products/{segment}{below.strip()}"]
