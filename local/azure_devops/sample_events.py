"""The canned notifications of the *Test* button and of `testnotifications`.

As captured by aspnet/AspNetWebHooks and tfsaggregator/aggregator-cli: item 5 of a Fabrikam organization that nobody
has, whatever the subscription says.
"""

from __future__ import annotations

from typing import Any

from local.azure_devops.changes import COMMENTED, CREATED, DELETED, RESTORED, UPDATED
from local.azure_devops.times import now

_BASE = "http://fabrikam-fiber-inc.visualstudio.com/DefaultCollection"
_ITEM = f"{_BASE}/_apis/wit/workItems/5"
_PAGE = f"{_BASE}/web/wi.aspx?pcguid=74e918bf-3376-436d-bd20-8e8c1287f465&id=5"
_EVENT_IDS = {
    CREATED: "d2d46fb1-dba5-403c-9373-427583f19e8c",
    UPDATED: "27646e0e-b520-4d2b-9411-bba7524947cd",
    COMMENTED: "fb2617ed-60df-4518-81fa-749faa6c5cd6",
    DELETED: "72da0ade-0709-40ee-beb7-104287bf7e84",
    RESTORED: "1ca023d6-6cff-49dd-b3d1-302b69311810",
}
_JAMAL = "Jamal Hartnett <fabrikamfiber4@hotmail.com>"


def sample_event(event_type: str, subscription_id: str, resource_version: str) -> dict[str, Any]:
    """The canned notification of `event_type`."""
    text = f"Bug #5 (Some great new idea!) {event_type.partition('.')[2]} by Jamal Hartnett.\r\n({_PAGE})"
    message = {"text": text, "html": f'<a href="{_PAGE}">Bug #5</a>', "markdown": f"[Bug #5]({_PAGE})"}
    containers = {
        "collection": {"id": "c12d0eb8-e382-443b-9f9c-c52cba5014c2"},
        "account": {"id": "f844ec47-a9db-4511-8281-8b63f4eaf94e"},
        "project": {"id": "be9b3917-87e6-42a4-a549-2bc06a7a878f"},
    }
    return {
        "subscriptionId": subscription_id,
        "notificationId": 1,
        "id": _EVENT_IDS[event_type],
        "eventType": event_type,
        "publisherId": "tfs",
        "message": message,
        "detailedMessage": message,
        "resource": _update() if event_type == UPDATED else _work_item(event_type),
        "resourceVersion": resource_version,
        "resourceContainers": containers,
        "createdDate": now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "1Z",
    }


def _fields() -> dict[str, Any]:
    return {
        "System.AreaPath": "FabrikamCloud",
        "System.TeamProject": "FabrikamCloud",
        "System.IterationPath": "FabrikamCloud\\Release 1\\Sprint 1",
        "System.WorkItemType": "Bug",
        "System.State": "New",
        "System.Reason": "New defect reported",
        "System.CreatedDate": "2014-07-15T16:48:44.663Z",
        "System.CreatedBy": _JAMAL,
        "System.ChangedDate": "2014-07-15T16:48:44.663Z",
        "System.ChangedBy": _JAMAL,
        "System.Title": "Some great new idea!",
        "Microsoft.VSTS.Common.Severity": "3 - Medium",
    }


def _links() -> dict[str, Any]:
    return {
        "self": {"href": _ITEM},
        "workItemUpdates": {"href": f"{_ITEM}/updates"},
        "workItemRevisions": {"href": f"{_ITEM}/revisions"},
        "html": {"href": _PAGE},
    }


def _work_item(event_type: str) -> dict[str, Any]:
    url = f"{_BASE}/_apis/wit/recyclebin/5" if event_type == DELETED else _ITEM
    extra = {"System.History": "This is a great new idea"} if event_type == COMMENTED else {}
    return {"id": 5, "rev": 1, "fields": _fields() | extra, "_links": _links(), "url": url}


def _update() -> dict[str, Any]:
    return {
        "id": 2,
        "workItemId": 0,
        "rev": 2,
        "revisedBy": None,
        "revisedDate": "0001-01-01T00:00:00",
        "fields": {
            "System.Rev": {"oldValue": "1", "newValue": "2"},
            "System.AuthorizedDate": {
                "oldValue": "2014-07-15T16:48:44.663Z",
                "newValue": "2014-07-15T17:42:44.663Z",
            },
            "System.State": {"oldValue": "New", "newValue": "Approved"},
            "Microsoft.VSTS.Common.Severity": {"oldValue": "3 - Medium", "newValue": "2 - High"},
        },
        "_links": {"self": {"href": f"{_ITEM}/updates/2"}, "parent": {"href": _ITEM}},
        "url": f"{_ITEM}/updates/2",
        "revision": {"id": 5, "rev": 2, "fields": _fields(), "url": f"{_ITEM}/revisions/2"},
    }
