"""Features and requirements (https://www.aha.io/api/resources/features and …/requirements)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from werkzeug.wrappers import Response

from local.aha.call import Call, Route, json_response
from local.aha.changes import Change, update_record
from local.aha.errors import Refusal, RefusedValue
from local.aha.records import Feature, Record


def get_record(call: Call, kind: str, identifier: str) -> Response:
    """GET one feature or requirement."""
    record = call.account.record(kind, identifier)
    return json_response({record.kind: call.select(call.show.record(record))})


def put_record(call: Call, kind: str, identifier: str) -> Response:
    """PUT: keys that are left out stay; the answer is the whole record."""
    record = call.account.record(kind, identifier)
    record.puts += 1
    document = call.document(record.kind)
    record.writes.check(document)
    if not call.account.behaviour.unchanged_writes:
        changes = update_record(call.account, record, record.writes.taken(document))
        call.activity.report(record, "update", changes, call.user, call.base)
    return json_response({record.kind: call.select(call.show.record(record))})


def delete_record(call: Call, kind: str, identifier: str) -> Response:
    """DELETE; a feature's requirements go with it."""
    record = call.account.record(kind, identifier)
    call.account.delete(record)
    call.activity.report(record, "destroy", [], call.user, call.base)
    return Response(status=204)


def post_feature(call: Call, identifier: str) -> Response:
    """A new feature in a release; answered with 200, as the documentation has it."""
    release = call.account.release(identifier)
    document = call.document("feature")
    if "name" not in document:
        raise RefusedValue("Name can't be blank")
    return _created(call, call.account.new_feature(release, "", call.user), document)


def post_requirement(call: Call, identifier: str) -> Response:
    """A new requirement of a feature."""
    feature = call.account.feature(identifier)
    document = call.document("requirement")
    if call.account.behaviour.requirements_touch_features:
        feature.touch()
    return _created(call, call.account.new_requirement(feature, "", call.user), document)


def _created(call: Call, record: Record, document: dict[str, Any]) -> Response:
    try:
        changes: list[Change] = update_record(call.account, record, document)
    except RefusedValue:
        call.account.delete(record)
        raise
    call.activity.report(record, "create", changes, call.user, call.base)
    return json_response({record.kind: call.select(call.show.record(record))})


def list_features(call: Call) -> Response:
    """Every feature of the account, in short."""
    return _feature_page(call, call.account.features.values())


def list_features_of_product(call: Call, identifier: str) -> Response:
    """The features of a workspace, in short."""
    product = call.account.product(identifier)
    return _feature_page(call, (item for item in call.account.features.values() if item.product is product))


def list_features_of_release(call: Call, identifier: str) -> Response:
    """The features of a release, in short."""
    release = call.account.release(identifier)
    return _feature_page(call, (item for item in call.account.features.values() if item.release is release))


def list_requirements(call: Call, identifier: str) -> Response:
    """The requirements of a feature, whole, in no particular order."""
    feature = call.account.feature(identifier)
    return call.page(
        "requirements",
        (item for item in feature.requirements if _is_wanted(call, item)),
        lambda item: call.select(call.show.requirement(item)),
    )


def _feature_page(call: Call, features: Iterable[Feature]) -> Response:
    def write(feature: Feature) -> dict[str, Any]:
        if "fields" in call.request.args:
            return call.select(call.show.feature(feature))
        return call.show.short(feature)

    return call.page("features", (item for item in features if _is_wanted(call, item)), write)


def _is_wanted(call: Call, record: Record) -> bool:
    """By `q`, `updated_since` (only what changed after it), `tag` and `assigned_to_user` of the query."""
    arguments = call.request.args
    query = arguments.get("q", "").lower()
    assignee = arguments.get("assigned_to_user")
    return (
        record.is_visible
        and (query in record.name.lower() or query == record.reference_num.lower())
        and record.updated_at > _updated_since(arguments.get("updated_since"))
        and ("tag" not in arguments or arguments["tag"] in record.tags)
        and (
            not assignee or (record.assigned_to is not None and assignee in vars(record.assigned_to).values())
        )
    )


def _updated_since(text: str | None) -> datetime:
    """The moment in `updated_since`, in ISO 8601; without a zone it is UTC. Other formats are unconfirmed."""
    if not text:
        return datetime.min.replace(tzinfo=timezone.utc)
    try:
        # Python 3.10 reads no Z.
        moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    except ValueError:
        raise Refusal(400, "updated_since must be a time in ISO 8601") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


_KIND = "/<any(features, requirements):kind>/<identifier>"

ROUTES: list[Route] = [
    ("GET", _KIND, get_record),
    ("PUT", _KIND, put_record),
    ("DELETE", _KIND, delete_record),
    ("GET", "/features", list_features),
    ("GET", "/products/<identifier>/features", list_features_of_product),
    ("GET", "/releases/<identifier>/features", list_features_of_release),
    ("POST", "/releases/<identifier>/features", post_feature),
    ("GET", "/features/<identifier>/requirements", list_requirements),
    ("POST", "/features/<identifier>/requirements", post_requirement),
]
