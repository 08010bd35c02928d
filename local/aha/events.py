"""The event that Aha! sends to a service when a person presses "Send to" or "Update".

Its payload is the record as the API writes it; older accounts send fewer keys (fixtures of
https://github.com/aha-app/aha-services). A release is sent before its first feature.
"""

from __future__ import annotations

from local.aha.records import Feature, Release
from local.aha.representation import Json, Representation

EVENTS = ("create_feature", "update_feature")
RELEASE_EVENTS = ("create_release", "update_release")
STYLES = ("current", "older")

_NOT_IN_OLDER_FEATURE = {"project", "product_id", "position", "full_tags", "comments_count", "feature_links"}
_NOT_IN_OLDER_REQUIREMENT = {
    "workflow_status",
    "position",
    "full_tags",
    "feature",
    "release_id",
    "created_by_user",
}
_OLDER_ATTACHMENT = ("id", "download_url", "content_type", "file_name", "file_size")


def feature_event(show: Representation, feature: Feature, event: str | None, style: str) -> Json:
    """The body of an event; without a name, the one Aha! would choose by the fields on the feature."""
    chosen = event or ("update_feature" if feature.integration_fields else "create_feature")
    document = show.feature(feature)
    return {"event": chosen, "feature": _older_feature(document) if style == "older" else document}


def release_event(show: Representation, release: Release, event: str) -> Json:
    """The body of an event about a release."""
    return {"event": event, "release": show.release(release)}


def _older_feature(feature: Json) -> Json:
    older = _older_record(feature, _NOT_IN_OLDER_FEATURE)
    status = feature["workflow_status"]
    older["workflow_status"] = {"id": status["id"], "name": status["name"]}
    older["release"] = {
        key: value for key, value in feature["release"].items() if key not in ("project", "product_id")
    }
    older["requirements"] = [
        _older_record(item, _NOT_IN_OLDER_REQUIREMENT) for item in feature["requirements"]
    ]
    return older


def _older_record(record: Json, left_out: set[str]) -> Json:
    older = {key: value for key, value in record.items() if key not in left_out}
    older["attachments"] = [_older_attachment(item) for item in record["attachments"]]
    description = {key: value for key, value in record["description"].items() if key != "editor_version"}
    description["attachments"] = [_older_attachment(item) for item in description["attachments"]]
    older["description"] = description
    older["integration_fields"] = [
        {key: value for key, value in item.items() if key != "integration_id"}
        for item in record["integration_fields"]
    ]
    return older


def _older_attachment(attachment: Json) -> Json:
    return {key: attachment[key] for key in _OLDER_ATTACHMENT}
