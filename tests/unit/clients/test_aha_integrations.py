"""Aha!'s integrations and their fields, and what the process remembers of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.clients.aha_integrations import AhaIntegrations
from shared.clients.process_state import ProcessState
from shared.clients.webhook_integrations import WebhookIntegrations
from shared.domain.integration import AhaTarget
from shared.domain.integration_fields import IntegrationField
from shared.domain.kind import Kind
from shared.errors import OperationFailed, Unavailable
from shared.secret import Secret
from tests.unit.examples import API_TOKEN
from tests.unit.operations import Clock, an_operation
from tests.unit.scripted_server import Reply, serving

VALUES = {"id": "174", "url": "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/174"}


def aha_at(url: str) -> AhaIntegrations:
    """Aha! at a server, without the pauses between attempts."""
    operation, _ = an_operation()
    return AhaIntegrations(
        AhaTarget(url, Secret(API_TOKEN)),
        operation,
        process_state=ProcessState(allow_local=True),
        sleep=lambda _: None,
    )


def add(aha: AhaIntegrations) -> None:
    aha.add_fields(Kind.FEATURE, "PROD-2", "71", VALUES)


def test_the_webhooks_of_a_product_are_found_by_their_service() -> None:
    rows = [
        {"id": 70, "service_name": "vsts", "name": "Azure DevOps Services"},
        {"id": "7102368429104850043", "service_name": "webhooks", "name": "Azure DevOps"},
        {"id": 72, "service_name": "audit_webhook"},
        None,
    ]
    with serving(Reply(200, {"integrations": rows})) as server:
        assert aha_at(server.url).webhooks("prod") == ("7102368429104850043",)

    # Aha! finds a prefix in upper case only.
    assert server.asked[0].path == "/api/v1/products/PROD/integrations"


def test_several_fields_are_written_at_once() -> None:
    with serving(Reply(200, [728894778, "7102368429104850043"])) as server:
        add(aha_at(server.url))

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/features/PROD-2/integrations/71/fields")
    assert json.loads(asked.body) == {
        "integration_fields": [{"name": name, "value": value} for name, value in VALUES.items()]
    }


@pytest.mark.parametrize("body", [[], ["1"], {}, None, {"integration_field": {"id": "1"}}], ids=range(5))
def test_a_success_is_believed_if_it_shows_every_new_field(body: Any) -> None:
    with serving(Reply(200, body)) as server, pytest.raises(Unavailable):
        add(aha_at(server.url))


@pytest.mark.parametrize("reply", [Reply(500, b"x"), Reply(is_cut=True)], ids=["500", "cut"])
def test_fields_are_not_written_again_if_they_may_be_there(reply: Reply) -> None:
    with serving(reply) as server, pytest.raises(OperationFailed):
        add(aha_at(server.url))

    assert len(server.asked) == 1


def test_the_fields_of_a_record_are_read() -> None:
    field = {"id": "1", "name": "id", "value": "174", "integration_id": 71, "service_name": "webhooks"}
    with serving(Reply(200, {"requirement": {"id": "9", "integration_fields": [field]}})) as server:
        found = aha_at(server.url).fields(Kind.REQUIREMENT, "9")

    assert found == (IntegrationField("1", "id", "174", "71", "webhooks"),)


@pytest.mark.parametrize("body", [{}, {"feature": {}}, {"feature": None}, [], None], ids=range(5))
def test_a_record_that_does_not_say_its_fields_is_no_record_without_fields(body: Any) -> None:
    with serving(Reply(200, body)) as server, pytest.raises(Unavailable):
        aha_at(server.url).fields(Kind.FEATURE, "PROD-2")


@pytest.mark.parametrize(
    "reply", [Reply(204), Reply(404, {"error": "Record not found."})], ids=["204", "404"]
)
def test_a_field_that_is_not_there_is_removed(reply: Reply) -> None:
    with serving(reply) as server:
        aha_at(server.url).remove_field("728894778", Kind.FEATURE, "PROD-2")

    assert (server.asked[0].method, server.asked[0].path) == (
        "DELETE",
        "/api/v1/integration_fields/728894778",
    )


ACCOUNT = "https://fabrikam.aha.io"


@pytest.mark.parametrize(("ids", "seconds"), [(("71",), 900), ((), 60), (("71", "72"), 60)])
def test_what_a_product_has_is_remembered_for_a_while(ids: tuple[str, ...], seconds: int) -> None:
    """Somebody who reads in the log that there is no webhook, or one too many, corrects that and sends again."""
    clock = Clock()
    remembered = WebhookIntegrations(clock)
    remembered.remember(ACCOUNT, "PROD", ids)

    clock.now += seconds - 1
    assert remembered.of("https://Fabrikam.aha.io", "prod") == ids
    assert remembered.of(ACCOUNT, "MOB") is None
    clock.now += 1
    assert remembered.of(ACCOUNT, "PROD") is None


@pytest.mark.parametrize(
    "forget",
    [
        lambda remembered: remembered.forget(ACCOUNT, "PROD"),
        lambda remembered: [remembered.remember(ACCOUNT, f"P{number}", ("1",)) for number in range(1000)],
    ],
    ids=["when an integration may be gone", "to make room"],
)
def test_what_a_product_has_is_forgotten(forget: Callable[[WebhookIntegrations], Any]) -> None:
    remembered = WebhookIntegrations(Clock())
    remembered.remember(ACCOUNT, "PROD", ("71",))

    forget(remembered)

    assert remembered.of(ACCOUNT, "PROD") is None
