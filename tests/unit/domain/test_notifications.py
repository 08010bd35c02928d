"""Service hook notifications, in the shapes that independent receivers have captured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.notifications import Ignored, Notification, NotificationWithoutDetails, read_notification
from tests.captures import incoming
from tests.unit.examples import deeply_nested, json_values

UPDATES = "https://dev.azure.com/fabrikam/p/_apis/wit/workItems/12/updates/5"
KEYS = st.sampled_from(
    ["eventType", "resource", "workItemId", "revision", "id", "rev", "url", "subscriptionId", "other"]
)


def updated(**resource: Any) -> dict[str, Any]:
    """A notification of *Work item updated*."""
    return {
        "subscriptionId": "5f2d4ee2-1c2d-4d0a-8a0f-6e5c0f0a7b11",
        "notificationId": 80,
        "eventType": "workitem.updated",
        "publisherId": "tfs",
        "resource": resource,
        "resourceVersion": "1.0",
    }


@pytest.mark.parametrize(
    ("capture", "notification"),
    [
        # resource.id is the number of the update, not of the work item.
        ("service_hooks/workitem_updated_1.0_all", Notification(1744, 7)),
        ("service_hooks/workitem_updated_3.1_all", Notification(1744, 7)),
        ("service_hooks/workitem_updated_5.1_all", Notification(1744, 7)),
        ("service_hooks/workitem_updated_relations_only", Notification(1744, 7)),
        ("service_hooks/workitem_updated_field_cleared", Notification(1744, 7)),
        ("service_hooks/workitem_updated_1.0_minimal", Notification(1744, None)),
        ("service_hooks/workitem_updated_1.0_none", NotificationWithoutDetails()),
    ],
)
def test_an_update_is_read_in_every_resource_version_and_detail_level(
    capture: str, notification: Notification | NotificationWithoutDetails
) -> None:
    assert read_notification(incoming(capture)) == notification


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        ("service_hooks/test_notification", "test_notification"),
        ("service_hooks/workitem_created", "other_event"),
        ("service_hooks/workitem_deleted", "other_event"),
        ("service_hooks/workitem_restored", "other_event"),
        ("service_hooks/workitem_commented", "other_event"),
    ],
)
def test_the_test_notification_and_other_events_are_ignored(capture: str, reason: str) -> None:
    ignored = read_notification(incoming(capture))

    assert isinstance(ignored, Ignored)
    assert ignored.reason == reason


@pytest.mark.parametrize(
    ("resource", "notification"),
    [
        ({"id": 5, "workItemId": 12}, Notification(12, None)),
        ({"id": 5, "revision": {"id": 12, "rev": 9}}, Notification(12, 9)),
        (
            {"id": 5, "rev": 3, "revision": {"url": UPDATES.replace("updates", "revisions")}},
            Notification(12, 3),
        ),
        ({"id": 5, "url": UPDATES}, Notification(12, None)),
        ({"url": "http://tfs.example/tfs/C/_apis/wit/workitems/12"}, Notification(12, None)),
        ({"workItemId": 12, "rev": "4"}, Notification(12, None)),
        ({"workItemId": "12", "url": UPDATES}, Notification(12, None)),
    ],
)
def test_the_work_item_is_found_with_fewer_details(resource: Any, notification: Notification) -> None:
    assert read_notification(updated(**resource)) == notification


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"id": 12},
        {"workItemId": -1},
        {"workItemId": 2**31},
        {"workItemId": True},
        {"url": "https://dev.azure.com/fabrikam/_apis/wit/workItems/"},
        {"url": "https://dev.azure.com/fabrikam/_apis/wit/workItems/0"},
        {"url": "http://[", "revision": []},
        {"url": "https://dev.azure.com/fabrikam/_apis/wit/workItems/99999999999"},
    ],
)
def test_a_notification_without_a_work_item_id_is_of_unknown_shape(resource: Any) -> None:
    ignored = read_notification(updated(**resource))

    assert isinstance(ignored, Ignored)
    assert ignored.reason == "unknown_shape"


@pytest.mark.parametrize("resource", [[], "x", 5])
def test_a_resource_that_is_not_an_object_is_of_unknown_shape(resource: Any) -> None:
    ignored = read_notification({**updated(), "resource": resource})

    assert isinstance(ignored, Ignored)
    assert ignored.reason == "unknown_shape"


def test_a_notification_without_a_resource_is_one_without_details() -> None:
    # “Resource details to send: None” leaves it out.
    without = {key: value for key, value in updated().items() if key != "resource"}

    assert read_notification({**updated(), "resource": None}) == NotificationWithoutDetails()
    assert read_notification(without) == NotificationWithoutDetails()


@pytest.mark.parametrize(
    "body",
    [
        updated(id=2, workItemId=0, rev=2, revision={"id": 5, "rev": 2}),
        updated(
            id=2,
            url="http://fabrikam-fiber-inc.visualstudio.com/DefaultCollection/_apis/wit/workItems/5/updates/2",
        ),
        updated(
            revision={
                "id": 5,
                "url": "http://fabrikam-fiber-inc.visualstudio.com/C/_apis/wit/workItems/5/revisions/2",
            }
        ),
        {**updated(), "subscriptionId": "00000000-0000-0000-0000-000000000000"},
        {"eventType": "workitem.created", "resource": {"id": 5, "workItemId": 0}},
    ],
)
def test_the_test_notification_is_recognised(body: Any) -> None:
    # aspnet/AspNetWebHooks, tfsaggregator/aggregator-cli: work item 5 of a made-up company, workItemId 0.
    ignored = read_notification(body)

    assert isinstance(ignored, Ignored)
    assert ignored.reason == "test_notification"


@pytest.mark.parametrize(
    "event_type", ["workitem.created", "workitem.deleted", "workitem.commented", "git.push", "x" * 5000]
)
def test_another_event_type_is_ignored(event_type: str) -> None:
    # getsentry/sentry answered 400 to unknown payloads, which puts the subscription on probation.
    ignored = read_notification({"eventType": event_type, "resource": {"id": 12}})

    assert isinstance(ignored, Ignored)
    assert ignored.reason == "other_event"
    assert len(ignored.message) < 200


@pytest.mark.parametrize("body", [{}, {"eventType": None}, {"eventType": 5}, {"hello": "world"}])
def test_another_body_is_of_unknown_shape(body: Any) -> None:
    ignored = read_notification(body)

    assert isinstance(ignored, Ignored)
    assert ignored.reason == "unknown_shape"


def test_a_wrapped_payload_is_not_a_notification() -> None:
    # aha-app/aha-services c1876d6, e896071: an unexpected nesting of the payload broke its webhook in production.
    ignored = read_notification({"payload": updated(workItemId=12)})

    assert isinstance(ignored, Ignored)
    assert ignored.reason == "unknown_shape"


@given(st.dictionaries(KEYS, json_values(KEYS), max_size=6))
def test_no_json_object_raises_an_error(body: dict[str, Any]) -> None:
    assert isinstance(read_notification(body), Notification | NotificationWithoutDetails | Ignored)


@given(json_values(KEYS), json_values(KEYS))
def test_no_resource_raises_an_error(resource: Any, revision: Any) -> None:
    if isinstance(resource, dict):
        resource = {**resource, "revision": revision}

    found = read_notification({**updated(), "resource": resource})

    assert not isinstance(found, Notification) or 0 < found.work_item_id < 2**31


def test_a_deeply_nested_body_is_read_like_any_other() -> None:
    nest = deeply_nested(100_000)
    body = {"eventType": nest, "resource": {"workItemId": nest, "url": nest, "revision": nest}}

    assert isinstance(read_notification(body), Ignored)


MARKER = "Sent from Aha! by integration fabrikam-web, requirement 6776487450123"


def hyperlink(comment: object, rel: str = "Hyperlink") -> dict[str, Any]:
    """A relation as Azure DevOps shows it."""
    return {"rel": rel, "url": "https://company.aha.io", "attributes": {"comment": comment}}


def test_a_marker_in_an_update_is_a_hint() -> None:
    body = updated(workItemId=12, rev=5, revision={"id": 12, "relations": [hyperlink(MARKER)]})

    assert read_notification(body) == Notification(12, 5, (MARKER,))


@pytest.mark.parametrize("event", ["workitem.created", "workitem.restored"])
def test_a_marker_in_a_new_or_restored_work_item_is_a_hint_although_the_event_is_ignored(event: str) -> None:
    body = {**updated(id=12, rev=1, relations=[hyperlink(MARKER)]), "eventType": event}

    ignored = read_notification(body)

    assert isinstance(ignored, Ignored)
    assert ignored.work_item == Notification(12, None, (MARKER,))


@pytest.mark.parametrize(
    "relations",
    [
        None,
        {},
        [None, 7, {}],
        [{"rel": "Hyperlink", "attributes": None}],
        [hyperlink(None)],
        [hyperlink(7)],
        [hyperlink(MARKER, "ArtifactLink")],
    ],
)
def test_what_is_no_hyperlink_with_a_comment_hints_at_nothing(relations: object) -> None:
    body = updated(workItemId=12, revision={"id": 12, "relations": relations})

    assert read_notification(body) == Notification(12, None)
