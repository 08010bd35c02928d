"""What the pages for people read and do: records, the Send dropdown and the extension."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from local.aha.account import now
from local.aha.call import Call, Route, json_response
from local.aha.errors import RecordNotFound, Refusal
from local.aha.events import feature_event, release_event
from local.aha.records import Feature, Integration, Product, Record, Requirement
from local.aha.representation import Json

_JAVASCRIPT = "text/javascript; charset=utf-8"


def list_products(call: Call) -> Response:
    """Every workspace with its features, by reference."""
    products = [product for product in call.account.products.values() if not product.product_line]
    return json_response({"products": [_product(call, product) for product in products]})


def _product(call: Call, product: Product) -> Json:
    features = [feature for feature in call.account.features.values() if feature.product is product]
    return {
        "name": product.name,
        "reference_prefix": product.reference_prefix,
        "features": [
            {**_row(feature), "requirements": len(feature.requirements)}
            for feature in features
            if feature.is_visible
        ],
    }


def _row(record: Record) -> Json:
    return {"reference_num": record.reference_num, "name": record.name, "status": record.status.name}


def get_record(call: Call, identifier: str) -> Response:
    """Everything on a record's page."""
    record = _visible_record(call, identifier)
    feature = _feature_of(record)
    workflow = record.workflow
    statuses = sorted(workflow.statuses, key=lambda status: status.position)
    requirements = sorted(feature.requirements, key=lambda requirement: requirement.position)
    return json_response(
        {
            "record": call.show.record(record),
            "kind": record.kind,
            "product": feature.product.name,
            "feature": _row(feature),
            "statuses": [status.name for status in statuses],
            "requirements": [_row(one) for one in requirements if one.is_visible]
            if record is feature
            else [],
            "integrations": _integrations(record),
            "send": _send_state(call, feature) if record is feature else None,
        }
    )


def _visible_record(call: Call, identifier: str) -> Record:
    record = call.account.any_record(identifier)
    if not record.is_visible:
        raise RecordNotFound
    return record


def _feature_of(record: Record) -> Feature:
    if isinstance(record, Requirement):
        return record.feature
    if isinstance(record, Feature):
        return record
    raise RecordNotFound


def _integrations(record: Record) -> list[Json]:
    """The Integrations field: for each integration its fields; one named `url` is shown as a link (unconfirmed)."""
    fields_of: dict[str, Json] = {}
    for field in record.integration_fields:
        entry = fields_of.setdefault(field.integration.id, {"name": field.integration.name, "fields": {}})
        entry["fields"][field.name] = field.value
    return list(fields_of.values())


def _send_state(call: Call, feature: Feature) -> Json | None:
    hook = call.account.send_dropdown.hook(feature.product.id)
    if hook is None:
        return None
    return {"integration": hook.integration.name, "log": call.account.send_dropdown.log(hook)}


def send(call: Call, identifier: str) -> Response:
    """A press on Send. Aha!'s servers do it after this answer."""
    feature = _feature_of(_visible_record(call, identifier))
    hook = call.account.send_dropdown.hook(feature.product.id)
    if hook is None:
        raise Refusal(409, "The workspace has no Integration webhook.")
    is_known = any(field.integration is hook.integration for field in feature.integration_fields)
    events = [
        # A release without fields of the integration is sent before its feature, each time.
        release_event(call.show, feature.release, "create_release"),
        feature_event(call.show, feature, "update_feature" if is_known else "create_feature", "current"),
    ]
    call.account.send_dropdown.press(hook, events)
    return json_response({}, 202)


def put_webhook(call: Call, identifier: str) -> Response:
    """Sets up the workspace's Integration webhook: `{"url": …}`, with `name` if it is to be told from others."""
    document = _document(call)
    url = document.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise Refusal(400, "url must be an http(s) URL")
    product = call.account.product(identifier)
    integrations = call.account.integrations
    integration = next(
        (one for one in integrations.values() if (one.service_name, one.product) == ("webhooks", product)),
        None,
    )
    if integration is None:
        integration = Integration(
            id=call.account.new_id(),
            name=str(document.get("name", "Azure DevOps")),
            service_name="webhooks",
            created_at=now(),
            product=product,
            enabled=True,
        )
        integrations[integration.id] = integration
    call.account.send_dropdown.set_up(product.id, integration, url)
    return json_response({"integration_id": call.account.shown_id(integration.id)})


def delete_webhook(call: Call, identifier: str) -> Response:
    """Removes the workspace's Integration webhooks with the fields that they keep on records."""
    product = call.account.product(identifier)
    integrations = call.account.integrations
    for one in list(integrations.values()):
        if (one.service_name, one.product) == ("webhooks", product):
            del integrations[one.id]
            for record in call.account.records():
                record.integration_fields[:] = [
                    field for field in record.integration_fields if field.integration is not one
                ]
    call.account.send_dropdown.remove(product.id)
    return Response(status=204)


def put_extension(call: Call) -> Response:
    """Sets the named settings of the extension."""
    call.account.extension.change_settings(_document(call))
    return Response(status=204)


def get_extension(call: Call) -> Response:
    """The extension as a browser sees it: its contributions, and its settings without the secret ones."""
    archive = call.account.extension.archive
    if archive is None:
        raise RecordNotFound
    contributes = archive.configuration["contributes"]
    return json_response(
        {
            "identifier": archive.identifier,
            "views": contributes.get("views", {}),
            "commands": contributes.get("commands", {}),
            "settings": call.account.extension.browser_settings(archive),
        }
    )


def get_script(call: Call, name: str) -> Response:
    """The script of a view or command."""
    script = call.account.extension.browser_script(name)
    if script is None:
        raise RecordNotFound
    return Response(script, content_type=_JAVASCRIPT)


def get_react(call: Call, name: str) -> Response:
    """React or ReactDOM."""
    path = call.account.extension.react_file(name)
    if path is None:
        raise RecordNotFound
    return Response(path.read_bytes(), content_type=_JAVASCRIPT)


def trigger(call: Call) -> Response:
    """`aha.triggerServer`: starts the server handlers of an event."""
    document = _document(call)
    call.account.extension.trigger(str(document.get("event")), document.get("args"))
    return json_response({}, 202)


def get_field(call: Call, extension: str, name: str) -> Response:
    """`aha.account.getExtensionField`."""
    return json_response({"value": call.account.extension.field(extension, name)})


def delete_field(call: Call, extension: str, name: str) -> Response:
    """`aha.account.clearExtensionField`."""
    call.account.extension.clear_field(extension, name)
    return Response(status=204)


def _document(call: Call) -> dict[str, Any]:
    document = call.request.get_json(force=True, silent=True)
    if not isinstance(document, dict):
        raise Refusal(400, "the body must be a JSON object")
    return document


CONTROL_ROUTES: list[Route] = [
    ("PUT", "/products/<identifier>/webhook", put_webhook),
    ("DELETE", "/products/<identifier>/webhook", delete_webhook),
    ("PUT", "/extension", put_extension),
]
PAGE_ROUTES: list[Route] = [
    ("GET", "/data/products", list_products),
    ("GET", "/data/records/<identifier>", get_record),
    ("POST", "/data/records/<identifier>/send", send),
    ("GET", "/extension/manifest", get_extension),
    ("GET", "/extension/scripts/<name>.js", get_script),
    ("GET", "/extension/packages/<name>", get_react),
    ("POST", "/extension/trigger", trigger),
    ("GET", "/extension/fields/<extension>/<name>", get_field),
    ("DELETE", "/extension/fields/<extension>/<name>", delete_field),
]
