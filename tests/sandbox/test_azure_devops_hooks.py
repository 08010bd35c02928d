"""Service hook subscriptions and the notifications that they bring, in the sandbox Azure DevOps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    Subscriber,
    child_of,
    running_azure_devops,
    running_subscriber,
    set_field,
    subscription_of,
    title,
)

SUBSCRIPTIONS = "/_apis/hooks/subscriptions"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with running_subscriber() as running:
        yield running


def received(ado: AzureDevOpsCaller, subscriber: Subscriber) -> list[dict[str, Any]]:
    ado.flush()
    return subscriber.received


def test_a_subscription_is_listed_read_and_deleted(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    made = ado.subscribe(subscriber.url)

    assert made["status"] == "enabled"
    assert made["publisherInputs"]["tfsSubscriptionId"]
    assert ado.get(SUBSCRIPTIONS)["value"] == [made]
    assert ado.get(SUBSCRIPTIONS, params={"eventType": "workitem.created"})["count"] == 0
    assert ado.subscription(made) == made
    assert ado.call("DELETE", f"{SUBSCRIPTIONS}/{made['id']}").status_code == 204
    assert ado.call("GET", f"{SUBSCRIPTIONS}/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"publisherId": "git"},
        {"eventType": "workitem.moved"},
        {"resourceVersion": "9.9"},
        {"consumerId": "slack"},
        {"consumerActionId": "send"},
        {"consumerInputs": {}},
        {"consumerInputs": {"url": "ftp://example.com"}},
        {"consumerInputs": {"url": "http://example.com", "unknown": "x"}},
        {"consumerInputs": {"url": "http://example.com", "messagesToSend": "some"}},
        {"consumerInputs": {"url": "http://example.com", "basicAuthPassword": "x"}},
        {"eventType": "workitem.created", "publisherInputs": {"changedFields": "System.State"}},
        {"publisherInputs": {"projectId": "Nowhere"}},
    ],
)
def test_a_subscription_that_is_not_valid_is_refused(ado: AzureDevOpsCaller, change: dict[str, Any]) -> None:
    answer = ado.post(SUBSCRIPTIONS, subscription_of("http://example.com", "workitem.updated") | change)

    assert answer.status_code in (400, 404)
    assert answer.json()["message"]
    assert ado.get(SUBSCRIPTIONS)["count"] == 0


def test_secrets_come_back_masked_and_the_mask_cannot_be_written(ado: AzureDevOpsCaller) -> None:
    made = ado.subscribe("https://example.com/hook", basicAuthUsername="u", basicAuthPassword="secret")

    written = ado.call("PUT", f"{SUBSCRIPTIONS}/{made['id']}", json=made)

    assert made["consumerInputs"]["basicAuthPassword"] == "********"
    assert written.status_code == 400


def test_a_subscription_can_be_switched_off_and_on(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    number, made = ado.create()["id"], ado.subscribe(subscriber.url)

    off = ado.call("PUT", f"{SUBSCRIPTIONS}/{made['id']}", json=made | {"status": "disabledByUser"})
    ado.update(number, title("unseen"))
    on = ado.call("PUT", f"{SUBSCRIPTIONS}/{made['id']}", json=off.json() | {"status": "enabled"})
    ado.update(number, title("seen"))

    assert [off.json()["status"], on.json()["status"]] == ["disabledByUser", "enabled"]
    seen = [event["resource"]["revision"]["fields"]["System.Title"] for event in received(ado, subscriber)]
    assert seen == ["seen"]


@pytest.mark.parametrize("token", ["sandbox-read-token", "sandbox-forbidden-token"])
def test_subscribing_needs_the_permission(ado: AzureDevOpsCaller, token: str) -> None:
    answer = ado.post(SUBSCRIPTIONS, subscription_of("http://example.com", "workitem.updated"), token=token)

    assert answer.status_code == 403


def test_the_envelope_names_the_event_the_subscription_and_the_project(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    project = ado.get("/_apis/projects/Fabrikam")["id"]
    made = ado.subscribe(subscriber.url, "workitem.created", httpHeaders="X-Key: abc\nX-Other:def")

    ado.create()
    event = received(ado, subscriber)[0]

    assert event["subscriptionId"] == made["id"]
    assert event["notificationId"] == 1
    assert (event["eventType"], event["publisherId"]) == ("workitem.created", "tfs")
    assert event["resourceVersion"] == "1.0"
    assert event["resourceContainers"]["project"] == {"id": project, "baseUrl": f"{ado.url}/fabrikam/"}
    assert len(event["createdDate"]) == len("2025-12-04T15:24:47.4493006Z")
    assert event["message"]["text"].startswith("Feature #1 (A work item) created by Aha Synchronization")
    assert subscriber.headers[0]["Content-Type"] == "application/json; charset=utf-8"
    assert (subscriber.headers[0]["X-Key"], subscriber.headers[0]["X-Other"]) == ("abc", "def")


def test_a_created_event_carries_the_work_item(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    ado.subscribe(subscriber.url, "workitem.created")

    number = ado.create()["id"]
    resource = received(ado, subscriber)[0]["resource"]

    assert (resource["id"], resource["rev"]) == (number, 1)
    assert resource["fields"]["System.Title"] == "A work item"
    assert resource["url"].endswith(f"/_apis/wit/workItems/{number}")


def test_an_updated_event_carries_the_update_and_the_revision(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    first, second = ado.create()["id"], ado.create()["id"]
    ado.subscribe(subscriber.url)

    ado.update(second, set_field("System.State", "Active"), set_field("System.AssignedTo", "Jamal Hartnett"))
    resource = received(ado, subscriber)[0]["resource"]

    assert first != second
    assert (resource["id"], resource["workItemId"], resource["rev"]) == (2, second, 2)
    assert resource["fields"]["System.State"] == {"oldValue": "New", "newValue": "Active"}
    assert resource["fields"]["System.AssignedTo"] == {"newValue": "Jamal Hartnett <jamal@fabrikam.com>"}
    assert resource["revision"]["fields"]["System.State"] == "Active"
    assert resource["revision"]["id"] == second
    assert resource["url"].endswith(f"/workItems/{second}/updates/2")
    assert "relations" not in resource


def test_a_cleared_field_has_only_its_old_value(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Description", "Text"))["id"]
    ado.subscribe(subscriber.url)

    ado.update(number, {"op": "remove", "path": "/fields/System.Description"})
    delta = received(ado, subscriber)[0]["resource"]["fields"]["System.Description"]

    assert delta == {"oldValue": "<div>Text</div>"}


def test_a_link_made_from_the_other_end_is_an_event_with_the_same_revision(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    parent = ado.create()["id"]
    ado.subscribe(subscriber.url)

    ado.create("User Story", title("B"), child_of(parent))
    resource = received(ado, subscriber)[0]["resource"]

    assert (resource["id"], resource["workItemId"], resource["rev"]) == (2, parent, 1)
    assert "fields" not in resource
    assert resource["relations"]["added"][0]["rel"] == "System.LinkTypes.Hierarchy-Forward"
    assert resource["revision"]["relations"][0]["url"].endswith("/workItems/2")


def test_deleting_restoring_and_commenting_are_events_of_their_own(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    number = ado.create()["id"]
    for kind in ("deleted", "restored", "commented"):
        ado.subscribe(subscriber.url, f"workitem.{kind}")

    ado.update(number, set_field("System.History", "Looks good"))
    ado.flush()
    ado.control("POST", "/delete", {"id": number})
    ado.flush()
    ado.control("POST", "/restore", {"id": number})
    commented, deleted, restored = received(ado, subscriber)

    assert commented["eventType"] == "workitem.commented"
    assert commented["resource"]["id"] == number
    assert commented["resource"]["fields"]["System.History"] == "Looks good"
    assert commented["resource"]["commentVersionRef"]["version"] == 1
    assert deleted["resource"]["url"].endswith(f"/recyclebin/{number}")
    assert deleted["resource"]["_links"]["self"]["href"].endswith(f"/recyclebin/{number}")
    assert "html" not in deleted["resource"]["_links"]
    assert (restored["resource"]["id"], restored["resource"]["rev"]) == (number, 4)


@pytest.mark.parametrize(
    ("inputs", "is_received"),
    [
        ({}, True),
        ({"areaPath": "Fabrikam\\Web"}, True),
        ({"areaPath": "Fabrikam\\Devices"}, False),
        ({"areaPath": "Fabrikam\\We"}, False),
        ({"workItemType": "Feature"}, True),
        ({"workItemType": "Bug"}, False),
        ({"changedFields": "System.State"}, True),
        ({"changedFields": "System.Title"}, False),
        ({"projectId": "Fabrikam"}, True),
        ({"projectId": "Fabrikam Scrum"}, False),
    ],
)
def test_events_are_filtered_by_the_publishers_inputs(
    ado: AzureDevOpsCaller, subscriber: Subscriber, inputs: dict[str, str], is_received: bool
) -> None:
    ado.subscribe(subscriber.url, **inputs)
    number = ado.create("Feature", title("A"), set_field("System.AreaPath", "Fabrikam\\Web\\Checkout"))["id"]

    ado.update(number, set_field("System.State", "Active"))

    assert bool(received(ado, subscriber)) is is_received


def test_identities_have_the_form_of_the_resource_version(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    for version in ("1.0", "3.1-preview.3", "5.1-preview.3"):
        ado.subscribe(subscriber.url, resourceVersion=version)
    parent = ado.create()["id"]
    number = ado.create("User Story", title("B"))["id"]
    ado.update(number, child_of(parent), title("C"))

    events = {
        event["resourceVersion"]: event["resource"]
        for event in received(ado, subscriber)
        if event["resource"]["workItemId"] == number
    }
    by = {version: resource["revision"]["fields"]["System.ChangedBy"] for version, resource in events.items()}
    combined = "Aha Synchronization <synchronization@fabrikam.com>"

    assert by["1.0"] == combined
    assert by["3.1-preview.3"]["displayName"] == by["3.1-preview.3"]["uniqueName"] == combined
    assert by["5.1-preview.3"]["uniqueName"] == "synchronization@fabrikam.com"
    assert "descriptor" in events["1.0"]["revisedBy"]
    assert "descriptor" not in events["3.1-preview.3"]["revisedBy"]
    assert "relations" in events["1.0"]["revision"]
    assert "relations" not in events["5.1-preview.3"]["revision"]


def test_subscriptions_that_match_one_event_share_its_id_and_count_for_themselves(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    number = ado.create()["id"]
    ado.subscribe(subscriber.url)
    ado.update(number, title("B"))
    ado.flush()
    later = ado.subscribe(subscriber.url)
    ado.update(number, title("C"))

    events = received(ado, subscriber)[1:]

    assert len({event["id"] for event in events}) == 1
    assert {event["notificationId"] for event in events} == {1, 2}
    assert [event["notificationId"] for event in events if event["subscriptionId"] == later["id"]] == [1]


@pytest.mark.parametrize(("details", "keys"), [("minimal", {"id", "url"}), ("none", None)])
def test_less_detail_leaves_the_resource_out_or_small(
    ado: AzureDevOpsCaller, subscriber: Subscriber, details: str, keys: set[str] | None
) -> None:
    number = ado.create()["id"]
    ado.subscribe(
        subscriber.url, resourceDetailsToSend=details, messagesToSend="none", detailedMessagesToSend="text"
    )

    ado.update(number, title("B"))
    event = received(ado, subscriber)[0]

    assert (set(event["resource"]) if event["resource"] else None) == keys
    assert event["message"] is None
    assert set(event["detailedMessage"]) == {"text"}


def test_markdown_fields_are_announced_in_lower_case(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    ado.subscribe(subscriber.url, "workitem.created")

    markdown = {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"}
    ado.create("Feature", title("A"), set_field("System.Description", "# Text"), markdown)

    resource = received(ado, subscriber)[0]["resource"]
    assert resource["multilineFieldsFormat"] == {"System.Description": "markdown"}


def test_an_update_that_changes_nothing_is_no_event(ado: AzureDevOpsCaller, subscriber: Subscriber) -> None:
    number = ado.create()["id"]
    ado.subscribe(subscriber.url)

    ado.update(number, title("A work item"))

    assert received(ado, subscriber) == []


@pytest.mark.parametrize("kind", ["created", "updated", "deleted", "restored", "commented"])
def test_the_test_notification_is_the_canned_fabrikam_event(
    ado: AzureDevOpsCaller, subscriber: Subscriber, kind: str
) -> None:
    details = subscription_of(subscriber.url, f"workitem.{kind}")

    answer = ado.post("/_apis/hooks/testnotifications", {"details": details})
    event = subscriber.received[0]

    assert answer.json()["result"] == "succeeded"
    assert event["eventType"] == f"workitem.{kind}"
    assert event["subscriptionId"] == "00000000-0000-0000-0000-000000000000"
    assert "fabrikam-fiber-inc.visualstudio.com" in event["resource"]["url"]
    if kind == "updated":
        assert event["id"] == "27646e0e-b520-4d2b-9411-bba7524947cd"
        assert (event["resource"]["id"], event["resource"]["workItemId"]) == (2, 0)
        assert event["resource"]["revision"]["id"] == 5


def test_a_failed_test_notification_leaves_the_subscription_alone(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    made = ado.subscribe(subscriber.url)
    subscriber.statuses = [500]

    answer = ado.post("/_apis/hooks/testnotifications", {"subscriptionId": made["id"]})

    assert answer.json()["result"] == "failed"
    assert ado.subscription(made)["status"] == "enabled"
