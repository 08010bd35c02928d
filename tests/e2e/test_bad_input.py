"""Requests that are not what a function expects: each is refused whole, in a shape that a program can read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.system import LocalSystem
from tests.documented_answers import CONTRACT
from tests.e2e.configuration_bodies import MINIMAL, faults_of, problem_of
from tests.e2e.system import Api, IntegrationUnderTest
from tests.openapi import Operation

MEBIBYTE = 1024 * 1024
DEEP = 100_000

NOT_JSON = {
    "empty": b"",
    "spaces": b"  \n",
    "text": b"name=Fabrikam",
    "cut off": b'{"name": "Fabrikam',
    "two values": b"{} {}",
    "single quotes": b"{'name': 'Fabrikam'}",
    "trailing comma": b'{"name": "Fabrikam",}',
    "not a number": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "control character": b'{"name": "a\x01b"}',
    "another encoding": '{"name": "Größe"}'.encode("latin-1"),
    "UTF-16": '{"name": "Fabrikam"}'.encode("utf-16"),
    "half a character": b'{"name": "\xf0\x9f\x98"}',
    "too deep": b"[" * DEEP,
    "deep and whole": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "null bytes": b"\x00\x00\x00\x00",
}


Sender = Callable[[Any], requests.Response]
Senders = dict[str, Sender]


@pytest.fixture
def senders(api: Api, integration: IntegrationUnderTest) -> Senders:
    """Each operation that takes a body, as a function of the bytes that are sent to it."""
    addresses: dict[str, tuple[str, str]] = {
        "putIntegration": ("PUT", f"/integrations/{integration.id}"),
        "testConnection": ("POST", "/test-connection"),
        "sendFeature": ("POST", f"/integrations/{integration.id}/features"),
        "linkFeature": ("PUT", f"/integrations/{integration.id}/features/PROD-1"),
        "receiveWebhook": ("POST", integration.webhook_url),
    }

    def sender(method: str, address: str) -> Sender:
        headers = {"content-type": "application/json"}
        return lambda data: api.request(method, address, data=data, headers=headers)

    return {name: sender(*where) for name, where in addresses.items()}


def test_every_operation_that_takes_a_body_is_tried_here(senders: Senders) -> None:
    assert set(senders) == {one.id for one in CONTRACT.operations if one.request}


@pytest.mark.contract
def test_a_body_that_is_not_json_is_refused(
    senders: Senders, api: Api, integration: IntegrationUnderTest
) -> None:
    saved = api.get(f"/integrations/{integration.id}").json()

    for (name, send), (kind, data) in itertools.product(senders.items(), NOT_JSON.items()):
        problem = problem_of(send(data), 400, "invalid_json")
        assert "JSON" in problem["detail"], (name, kind)

    assert api.get(f"/integrations/{integration.id}").json() == saved


def test_the_place_where_json_is_broken_is_told_and_the_body_is_not(senders: Senders) -> None:
    for name, send in senders.items():
        problem = problem_of(send(b'{"name": "a",\n "token": secret-1}'), 400, "invalid_json")

        assert "line 2, column 11" in problem["detail"], name
        assert "secret-1" not in str(problem), name


@pytest.mark.contract
def test_a_body_in_chunks_is_asked_for_in_one_piece(senders: Senders) -> None:
    for name, send in senders.items():
        problem = problem_of(send(iter([b'{"name"', b': "x"}'])), 400, "invalid_json")

        assert "Content-Length" in problem["detail"], name


def test_json_that_is_no_object_is_refused(senders: Senders) -> None:
    for name, send in senders.items():
        for data in (b"[]", b"null", b"3", b'"text"', b"true", b'[{"name": "x"}]'):
            assert faults_of(send(data))[""] == "must be an object", (name, data)


@pytest.mark.contract
def test_a_body_over_ten_mebibytes_is_too_large(senders: Senders) -> None:
    data = b'{"name": "' + b"x" * (11 * MEBIBYTE) + b'"}'

    for name, send in senders.items():
        assert "10 MiB" in problem_of(send(data), 413, "body_too_large")["detail"], name


@pytest.mark.contract
def test_a_body_of_just_ten_mebibytes_is_read(senders: Senders) -> None:
    data = b'{"unknown": "' + b"x" * (10 * MEBIBYTE - 15) + b'"}'
    assert len(data) == 10 * MEBIBYTE

    for name, send in senders.items():
        # The notification is of an unknown shape, the other bodies lack what is required.
        assert send(data).status_code == (200 if name == "receiveWebhook" else 400), name


@pytest.mark.contract
def test_a_byte_order_mark_and_any_content_type_do_no_harm(api: Api, integration_id: str) -> None:
    data = b"\xef\xbb\xbf" + b'{"name": "Fabrikam", "product_id": "P"}'

    for content_type in ("application/json", "text/plain", "application/octet-stream", "nonsense"):
        answer = api.put(f"/integrations/{integration_id}", data=data, headers={"content-type": content_type})
        assert answer.status_code in (200, 201), content_type
    api.delete(f"/integrations/{integration_id}")


def test_unknown_keys_are_ignored(api: Api, integration_id: str) -> None:
    body = {**MINIMAL, "colour": "red", "webhook_url": "https://example.com", "created_at": 7}

    answer = api.put_integration(integration_id, body)

    assert answer.status_code == 201
    assert "colour" not in answer.json()
    assert "example.com" not in answer.text


def test_values_nested_deeply_where_text_is_expected_are_refused(api: Api, integration_id: str) -> None:
    nested: Any = "x"
    for _ in range(200):
        nested = [nested]

    answer = api.put_integration(integration_id, {"name": nested, "product_id": {"id": nested}})

    assert set(faults_of(answer)) == {"/name", "/product_id"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/integrations"),
        ("POST", "/integrations/x"),
        ("PATCH", "/integrations/x"),
        ("GET", "/test-connection"),
        ("PUT", "/test-connection"),
        ("POST", "/integrations/x/log"),
        ("DELETE", "/integrations/x/log"),
        ("PATCH", "/integrations/x/features"),
        ("GET", "/webhooks/x/y"),
        ("PUT", "/webhooks/x/y"),
        ("POST", "/webhooks/x"),
        ("GET", "/nothing"),
    ],
)
def test_a_wrong_method_or_path_is_not_found(api: Api, method: str, path: str) -> None:
    """The platform's own answer: it has no body, and no function was called."""
    answer = api.request(method, path)

    assert answer.status_code == 404
    assert answer.content == b""


@pytest.mark.contract
@pytest.mark.parametrize("operation", CONTRACT.operations, ids=lambda operation: operation.id)
@pytest.mark.parametrize("key", [None, "wrong"])
def test_without_the_function_key_nothing_opens_but_the_webhook_and_the_page(
    system: LocalSystem, operation: Operation, key: str | None
) -> None:
    caller = Api(system.functions_url, key)

    answer = caller.request(operation.method, re.sub(r"\{\w+\}", "x", operation.path))

    assert (answer.status_code == 401) == operation.needs_key


@pytest.mark.contract
def test_the_function_key_may_also_come_in_the_address(system: LocalSystem) -> None:
    caller = Api(system.functions_url)

    assert caller.get("/integrations", params={"code": system.function_key}).status_code == 200


def test_a_put_without_an_id_says_so(api: Api) -> None:
    assert set(faults_of(api.put("/integrations", json=MINIMAL))) == {"/integration_id"}


def test_a_delete_without_an_id_finds_nothing(api: Api) -> None:
    problem_of(api.delete("/integrations"), 404, "integration_not_found")


class TestNotifications:
    """A body that is a JSON object is never refused: refusing would put the subscription on probation."""

    def test_of_another_kind_or_shape_are_ignored(self, api: Api, integration: IntegrationUnderTest) -> None:
        bodies: list[dict[str, Any]] = [
            {},
            {"eventType": None},
            {"eventType": 7, "resource": []},
            {"eventType": "workitem.updated", "resource": {}},
            {"eventType": "workitem.updated", "resource": "text"},
            {"eventType": "workitem.updated", "resource": {"workItemId": "seven"}},
            {"eventType": "workitem.updated", "resource": {"workItemId": -1, "revision": []}},
            {"eventType": "workitem.updated", "resource": {"workItemId": 2**80}},
            {"eventType": "workitem.updated", "resource": {"revision": {"url": "https://[broken"}}},
            {"eventType": "workitem.created", "resource": {"id": 1}},
            {"eventType": "git.push", "resource": {"pushId": 1}},
            {"eventType": "workitem.updated", "resource": {"workItemId": 999_999, "rev": 2}},
        ]
        for body in bodies:
            answer = api.post(integration.webhook_url, body)

            assert answer.status_code == 200, answer.text
            assert answer.json()["result"] == "ignored", body
            assert answer.json()["reason"] in ("unknown_shape", "other_event", "work_item_not_linked")
            assert answer.json()["operation_id"] == answer.headers["x-operation-id"]

    def test_with_a_wrong_token_are_not_found_whatever_they_hold(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        problem_of(api.post(f"{integration.webhook_url}x", data="{"), 404, "integration_not_found")
