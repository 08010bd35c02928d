"""Notifications that are not ours, not understood, or about nothing: answered so that the subscription stays well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene

UNTOUCHED = 4711


def notification(work_item_id: Any = UNTOUCHED, **keys: Any) -> Json:
    """A notification in the shape of resource version 1.0."""
    resource = {"id": 3, "workItemId": work_item_id, "rev": 2, "revision": {"id": work_item_id, "rev": 2}}
    body: Json = {
        "subscriptionId": "3c8f0d4e-2a31-4b14-9b3e-6f6f0c1d2e3f",
        "notificationId": 1,
        "eventType": "workitem.updated",
        "publisherId": "tfs",
        "resource": resource,
        "resourceVersion": "1.0",
    }
    return body | keys


def reason(scene: Scene, body: Any) -> str:
    """Why a notification is ignored; nobody was asked anything about it."""
    answer = scene.notify(body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] == "ignored"
    assert answer.json()["operation_id"] == answer.headers["x-operation-id"]
    return str(answer.json()["reason"])


def send_one(scene: Scene) -> int:
    sent = scene.send(scene.aha.event("PROD-2")["feature"])
    scene.azure_devops.clear_requests()
    scene.aha.clear_requests()
    return int(sent.ids[0])


def test_the_test_notification_of_azure_devops_is_ignored(scene: Scene) -> None:
    (subscription,) = scene.azure_devops.get("/_apis/hooks/subscriptions").json()["value"]

    body = {"subscriptionId": subscription["id"]}
    answer = scene.azure_devops.post("/_apis/hooks/testnotifications", json=body)

    assert answer.json()["result"] == "succeeded"
    (ignored,) = scene.log("notification.ignored")
    assert ignored["detail"]["reason"] == "test_notification"


def test_events_of_another_type_are_ignored(scene: Scene) -> None:
    for event in ("workitem.created", "workitem.deleted", "git.push", "build.complete", "x" * 500):
        assert reason(scene, notification(eventType=event)) == "other_event"


def test_a_shape_that_is_not_understood_is_ignored(scene: Scene) -> None:
    strange: list[Any] = [
        [],
        "text",
        {},
        {"workItemId": "12"},
        {"workItemId": -5, "revision": "x"},
        {"workItemId": 10**12},
        {"workItemId": True, "url": "not a url ["},
    ]
    for resource in strange:
        assert reason(scene, notification(resource=resource)) == "unknown_shape", resource
    for body in ({}, {"eventType": 3}, {"zen": "Keep it logically awesome.", "hook_id": 1}):
        assert reason(scene, body) == "unknown_shape", body


def test_a_work_item_that_was_not_sent_from_aha_is_ignored(scene: Scene) -> None:
    assert reason(scene, notification()) == "work_item_not_linked"
    assert scene.requests() == []


def test_a_disabled_integration_ignores_what_comes(scene: Scene) -> None:
    number = send_one(scene)
    scene.configure(enabled=False)

    assert reason(scene, notification(number)) == "integration_disabled"
    assert scene.requests() == []


def test_an_integration_without_aha_only_sends(scene: Scene) -> None:
    number = send_one(scene)
    scene.configure(aha=None)
    scene.configure(aha={"url": ""})

    assert reason(scene, notification(number)) == "aha_not_configured"
    assert scene.requests() == []


def test_a_record_that_is_gone_from_aha_is_ignored_and_the_log_names_it(scene: Scene) -> None:
    number = send_one(scene)
    scene.aha.control("POST", "/edit", {"id": "PROD-2", "hidden": True})

    scene.edit(number, title="Named anew")
    (answer,) = scene.deliver()

    assert (answer["result"], answer["reason"]) == ("ignored", "aha_record_gone")
    assert scene.log("notification.ignored")[0]["detail"]["reference"] == "PROD-2"


def test_a_work_item_that_was_deleted_meanwhile_is_ignored(scene: Scene) -> None:
    number = send_one(scene)
    scene.edit(number, title="Named anew")
    scene.azure_devops.control("POST", "/delete", {"id": number})

    (answer,) = scene.deliver()

    assert (answer["result"], answer["reason"]) == ("ignored", "work_item_gone")
    assert scene.aha.feature("PROD-2")["name"] == "Refund to the same card"


def test_a_body_that_is_no_json_object_is_refused(scene: Scene) -> None:
    for data in (b"", b"{", b"[]", b"null", b'"text"', b"17", b"\xff"):
        answer = scene.api.post(scene.integration.webhook_url, data=data)

        assert answer.status_code == 400, data


def test_a_wrong_token_is_turned_away_whether_or_not_there_is_the_integration(scene: Scene) -> None:
    base, _, right = scene.integration.webhook_url.rpartition("/")
    nowhere = base.replace(scene.integration.id, "nowhere")

    for url in [
        f"{base}/{wrong}" for wrong in ("wrong", "", "../integrations", "x" * 300, "ä%00", right[:-1])
    ]:
        assert scene.notify(notification(), url).status_code == 404, url
    assert scene.notify(notification(), f"{nowhere}/{right}").status_code == 404


def test_the_webhook_of_a_deleted_integration_is_gone_for_good(scene: Scene) -> None:
    scene.api.delete(f"/integrations/{scene.integration.id}")

    assert scene.notify(notification()).status_code == 410
    base = scene.integration.webhook_url.rpartition("/")[0]
    assert scene.notify(notification(), f"{base}/wrong").status_code == 404


def test_a_url_that_was_rotated_is_turned_away_and_the_new_one_works(scene: Scene) -> None:
    new_url = scene.configure(rotate_webhook_url=True).json()["webhook_url"]

    assert scene.notify(notification()).status_code == 404
    assert scene.notify(notification(), new_url).status_code == 200


@pytest.fixture
def bystander() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody should call: its URL, and the requests that it gets."""
    called: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_error(500)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", called
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_url_in_a_notification_is_ever_called(scene: Scene, bystander: tuple[str, list[str]]) -> None:
    url, called = bystander
    number = send_one(scene)
    scene.edit(number, title="Named anew")
    address = {"href": f"{url}/steal"}
    resource = {
        "workItemId": number,
        "rev": 2,
        "url": f"{url}/fabrikam/_apis/wit/workItems/{number}/updates/2",
        "_links": {"self": address, "parent": address, "workItemUpdates": address, "html": address},
        "revision": {"id": number, "url": f"{url}/_apis/wit/workItems/{number}", "_links": {"self": address}},
    }
    containers = {name: {"id": "1", "baseUrl": f"{url}/"} for name in ("collection", "account", "project")}

    answer = scene.notify(notification(number, resource=resource, resourceContainers=containers))

    assert answer.json()["result"] == "updated"
    assert scene.aha.feature("PROD-2")["name"] == "Named anew"
    assert called == []


def test_nothing_that_a_notification_says_is_believed_but_the_work_items_id(scene: Scene) -> None:
    number = send_one(scene)
    forged = {
        "workItemId": number,
        "rev": 900,
        "fields": {"System.Title": {"oldValue": "a", "newValue": "Forged"}},
        "revision": {
            "id": number,
            "rev": 900,
            "fields": {"System.Title": "Forged", "System.State": "Closed"},
        },
    }

    answer = scene.notify(notification(number, resource=forged))

    assert answer.json()["result"] == "unchanged"
    assert scene.aha.feature("PROD-2")["name"] == "Refund to the same card"
