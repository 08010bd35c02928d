"""The user, workspaces, releases, workflows and integrations (https://www.aha.io/api/resources)."""

from __future__ import annotations

import secrets
from typing import Any

from werkzeug.wrappers import Response

from local.aha.account import now
from local.aha.call import Call, Route, json_response
from local.aha.errors import RecordNotFound, RefusedValue
from local.aha.records import Integration, Product, Workflow, time_text


def get_me(call: Call) -> Response:
    """The user of the token."""
    return json_response({"user": call.show.me(call.user)})


def list_products(call: Call) -> Response:
    """Workspaces and the product lines that group them."""
    since = call.request.args.get("updated_since", "")
    products = (item for item in call.account.products.values() if time_text(item.created_at) >= since)
    return call.page("products", products, call.show.product_short)


def get_product(call: Call, identifier: str) -> Response:
    """One workspace, with its workflows."""
    return json_response({"product": call.select(call.show.product(call.account.product(identifier)))})


def list_workflows(call: Call, identifier: str) -> Response:
    """The workflows of a workspace, each once, without pagination."""
    product = call.account.product(identifier)
    workflows: dict[str, Workflow] = {
        workflow.id: workflow
        for workflow in (product.feature_workflow, product.requirement_workflow)
        if workflow
    }
    return json_response({"workflows": [call.show.workflow(workflow) for workflow in workflows.values()]})


def get_workflow(call: Call, identifier: str) -> Response:
    """One workflow with its statuses."""
    return json_response({"workflow": call.show.workflow(call.account.workflow(identifier))})


def list_releases(call: Call, identifier: str) -> Response:
    """The releases of a workspace."""
    product = call.account.product(identifier)
    releases = (item for item in call.account.releases.values() if item.product is product)
    return call.page("releases", releases, call.show.release)


def get_release(call: Call, identifier: str) -> Response:
    """One release."""
    return json_response({"release": call.select(call.show.release(call.account.release(identifier)))})


def list_integrations(call: Call, identifier: str | None = None) -> Response:
    """The integrations of a workspace, or those of the account itself."""
    product = call.account.product(identifier) if identifier is not None else None
    integrations = (item for item in call.account.integrations.values() if item.product is product)
    return call.page("integrations", integrations, lambda item: _integration_short(call, item))


def post_integration(call: Call, identifier: str) -> Response:
    """A new integration of a workspace."""
    product = call.account.product(identifier)
    document = call.document("integration")
    service_name = document.get("service_name")
    if not isinstance(service_name, str) or not service_name:
        raise RefusedValue("Service name can't be blank")
    integration = Integration(
        id=call.account.new_id(),
        name=str(document.get("name") or service_name.replace("_", " ").capitalize()),
        service_name=service_name,
        created_at=now(),
        product=product,
        enabled=document.get("enabled") is True,
        callback_token=secrets.token_hex(32),
    )
    call.account.integrations[integration.id] = integration
    return json_response({"integration": _integration(call, product, integration)})


def put_integration(call: Call, identifier: str, integration_id: str) -> Response:
    """Switches an integration on or off."""
    product = call.account.product(identifier)
    integration = call.account.integration(integration_id)
    if integration.product is not product:
        raise RecordNotFound
    document = call.document("integration")
    if isinstance(document.get("enabled"), bool):
        integration.enabled = document["enabled"]
    return json_response({"integration": _integration(call, product, integration)})


def call_webhook(call: Call, callback_token: str) -> Response:
    """An integration's callback URL. Its token is the only key; a wrong token is answered with 410."""
    known = any(item.callback_token == callback_token for item in call.account.integrations.values())
    if not known:
        return Response(status=410)
    return Response("OK", content_type="text/plain; charset=utf-8")


def _integration_short(call: Call, integration: Integration) -> dict[str, Any]:
    return {
        "id": call.account.shown_id(integration.id),
        "name": integration.name,
        "service_name": integration.service_name,
        "created_at": time_text(integration.created_at),
    }


def _integration(call: Call, product: Product, integration: Integration) -> dict[str, Any]:
    path = f"products/{product.reference_prefix}/integrations/{integration.id}"
    return {
        **_integration_short(call, integration),
        "template_id": None,
        "enabled": integration.enabled,
        "callback_token": integration.callback_token,
        "updated_at": time_text(integration.created_at),
        "last_error_at": None,
        "last_webhook_request_at": None,
        "url": f"{call.base}/{path}",
        "resource": f"{call.base}/api/v1/{path}",
        "owner": {
            "type": "product",
            "id": product.id,
            "url": f"{call.base}/products/{product.reference_prefix}",
            "resource": f"{call.base}/api/v1/products/{product.reference_prefix}",
        },
    }


ROUTES: list[Route] = [
    ("GET", "/me", get_me),
    ("GET", "/products", list_products),
    ("GET", "/products/<identifier>", get_product),
    ("GET", "/products/<identifier>/workflows", list_workflows),
    ("GET", "/products/<identifier>/releases", list_releases),
    ("GET", "/products/<identifier>/integrations", list_integrations),
    ("POST", "/products/<identifier>/integrations", post_integration),
    ("PUT", "/products/<identifier>/integrations/<integration_id>", put_integration),
    ("GET", "/integrations", list_integrations),
    ("GET", "/workflows/<identifier>", get_workflow),
    ("GET", "/releases/<identifier>", get_release),
]

OPEN_ROUTES: list[Route] = [
    ("GET", "/webhooks/<callback_token>", call_webhook),
    ("POST", "/webhooks/<callback_token>", call_webhook),
]
"""Routes that need no token."""
