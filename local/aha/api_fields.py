"""Integration fields: what an integration keeps on a record (https://www.aha.io/api/resources/integration_fields)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Response

from local.aha.account import now
from local.aha.call import Call, Route, json_response
from local.aha.errors import RecordNotFound, Refusal, RefusedValue
from local.aha.records import Integration, IntegrationField, Record


def post_fields(call: Call, kind: str, identifier: str, integration_id: str) -> Response:
    """One field is answered with the field, several with a bare list of their ids."""
    record = call.account.record(kind, identifier)
    integration = call.account.integration(integration_id)
    if integration.product not in (None, record.product):
        # It is unconfirmed that integrations of other workspaces are not visible.
        raise RecordNotFound
    document = call.body()
    if "integration_fields" in document:
        several = document["integration_fields"]
        if not isinstance(several, list) or not several:
            raise Refusal(400, "param is missing or the value is empty: integration_fields")
        texts = [_name_and_value(item) for item in several]
        stored = [_store(call, record, integration, *text) for text in texts]
        return json_response([call.account.shown_id(field.id) for field in stored])
    field = _store(call, record, integration, *_name_and_value(call.document("integration_field")))
    return json_response({"integration_field": _field_of(call, record, field)})


def _name_and_value(item: Any) -> tuple[str, str]:
    name = item.get("name") if isinstance(item, dict) else None
    value = item.get("value") if isinstance(item, dict) else None
    if not isinstance(name, str) or not name or isinstance(value, (dict, list)) or value in (None, ""):
        raise RefusedValue("Name and value can't be blank")
    return name, str(value)


def _store(call: Call, record: Record, integration: Integration, name: str, value: str) -> IntegrationField:
    """It is unconfirmed whether an existing name is replaced, so a behaviour switch decides."""
    _touch(call, record)
    if call.account.behaviour.replace_integration_fields:
        for field in record.integration_fields:
            if field.integration is integration and field.name == name:
                field.value = value
                return field
    field = IntegrationField(
        id=call.account.new_id(), name=name, value=value, integration=integration, created_at=now()
    )
    record.integration_fields.append(field)
    return field


def _touch(call: Call, record: Record) -> None:
    if call.account.behaviour.integration_fields_touch:
        record.touch()


def _field_of(call: Call, record: Record, field: IntegrationField) -> dict[str, Any]:
    return {**call.show.integration_field(field), "integratable": call.show.address(record)}


def get_field(call: Call, kind: str, identifier: str, integration_id: str, name: str) -> Response:
    """One field of a record by its name."""
    record = call.account.record(kind, identifier)
    integration = call.account.integration(integration_id)
    for field in record.integration_fields:
        if field.integration is integration and field.name == name:
            return json_response({"integration_field": _field_of(call, record, field)})
    raise RecordNotFound


def search_integration(call: Call, integration_id: str, name: str, value: str) -> Response:
    """Records of every kind by a field of one integration."""
    integration = call.account.integration(integration_id)
    return _found(
        call,
        (
            (record, field)
            for record, field in call.account.integration_fields()
            if field.integration is integration and (field.name, field.value) == (name, value)
        ),
    )


def search_kind(call: Call, kind: str, name: str, value: str) -> Response:
    """Records of one kind by a field of any integration."""
    return _found(
        call,
        (
            (record, field)
            for record, field in call.account.integration_fields()
            if f"{record.kind}s" == kind and (field.name, field.value) == (name, value)
        ),
    )


def _found(call: Call, matches: Iterable[tuple[Record, IntegrationField]]) -> Response:
    """Each element has one key that names its kind; in it, the integration comes first."""
    found = list(matches)
    if not found and call.account.behaviour.fields_not_found == "404":
        raise RecordNotFound

    def write(match: tuple[Record, IntegrationField]) -> dict[str, Any]:
        record, field = match
        integration = {
            "integration_id": call.account.shown_id(field.integration.id),
            "service_name": field.integration.service_name,
        }
        return {record.kind: {**integration, **call.show.record(record)}}

    return call.page("records", found, write)


def delete_field(call: Call, identifier: str) -> Response:
    """Takes one field off its record."""
    for record, field in call.account.integration_fields():
        if call.account.is_id(identifier, field.id):
            record.integration_fields.remove(field)
            _touch(call, record)
            return Response(status=204)
    raise RecordNotFound


_KIND = "/<any(features, requirements):kind>"
_OF_RECORD = _KIND + "/<identifier>/integrations/<integration_id>/fields"

ROUTES: list[Route] = [
    ("POST", _OF_RECORD, post_fields),
    ("GET", _OF_RECORD + "/<name>", get_field),
    ("GET", "/integrations/<integration_id>/fields/<name>/value/<path:value>", search_integration),
    ("GET", _KIND + "/fields/<name>/value/<path:value>", search_kind),
    ("DELETE", "/integration_fields/<identifier>", delete_field),
]
