"""The service hooks API: subscriptions, notifications and the test notification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from local.azure_devops.answers import ModelError, ServiceError, json_response, list_response
from local.azure_devops.delivery import DeliveryQueue
from local.azure_devops.exchange import Exchange
from local.azure_devops.routes import ORGANIZATION, rules
from local.azure_devops.subscriptions import (
    DISABLED_BY_USER,
    ENABLED,
    MASK,
    Subscription,
    invalid_subscription,
    read_subscription,
)
from local.azure_devops.times import now

_PATH = "/hooks/subscriptions"


def list_subscriptions(exchange: Exchange) -> Response:
    """The subscriptions, filtered by publisher, event type and consumer."""
    arguments = exchange.request.args
    wanted = arguments.get("eventType", "")
    is_other = (
        arguments.get("publisherId", "tfs") != "tfs" or arguments.get("consumerId", "webHooks") != "webHooks"
    )
    known = [] if is_other else exchange.hooks.subscriptions()
    return list_response([one.json(exchange.base) for one in known if wanted in ("", one.event_type)])


def create(exchange: Exchange) -> Response:
    """A new subscription."""
    _check_permission(exchange)
    subscription = _read(exchange, exchange.json_object())
    exchange.hooks.add(subscription)
    return json_response(subscription.json(exchange.base))


def get(exchange: Exchange) -> Response:
    """One subscription."""
    return json_response(_addressed(exchange).subscription.json(exchange.base))


def replace(exchange: Exchange) -> Response:
    """Replace a subscription; its event type stays. `status` enables or disables it."""
    _check_permission(exchange)
    queue, document = _addressed(exchange), exchange.json_object()
    subscription, fresh = queue.subscription, _read(exchange, document)
    if fresh.event_type != subscription.event_type:
        raise invalid_subscription("The eventType of a subscription cannot be changed.")
    status = document.get("status", subscription.status)
    if status not in (ENABLED, DISABLED_BY_USER, subscription.status):
        raise invalid_subscription(f"The status '{status}' cannot be set.")
    subscription.publisher_inputs = fresh.publisher_inputs
    subscription.consumer_inputs = fresh.consumer_inputs
    subscription.resource_version = fresh.resource_version
    subscription.modified = now()
    queue.set_status(status)
    return json_response(subscription.json(exchange.base))


def delete(exchange: Exchange) -> Response:
    """End a subscription."""
    _check_permission(exchange)
    if not exchange.hooks.remove(exchange.arguments["id"]):
        raise _missing(exchange.arguments["id"])
    return Response(status=204)


def list_notifications(exchange: Exchange) -> Response:
    """The notifications of a subscription, newest first."""
    queue = _addressed(exchange)
    arguments = exchange.request.args
    status, result = arguments.get("status", ""), arguments.get("result", "")
    newest = exchange.whole_number("maxResults", 100)
    found = [
        known.json(queue.subscription)
        for known in reversed(queue.notifications)
        if status.casefold() in ("", known.status.casefold())
        and result.casefold() in ("", known.result.casefold())
    ]
    return list_response(found[:newest])


def get_notification(exchange: Exchange) -> Response:
    """One notification of a subscription."""
    queue = _addressed(exchange)
    for known in queue.notifications:
        if known.id == exchange.arguments["number"]:
            return json_response(known.json(queue.subscription))
    raise _missing(str(exchange.arguments["number"]))


def send_test(exchange: Exchange) -> Response:
    """Send the canned event to the subscription that the body describes or names by `subscriptionId`."""
    _check_permission(exchange)
    document = exchange.json_object()
    details = document.get("details")
    queue = exchange.hooks.queue(str(document.get("subscriptionId", "")))
    if queue is not None:
        subscription = queue.subscription
    elif isinstance(details, dict):
        subscription = _read(exchange, details)
    else:
        raise ModelError(400, "The body must have details or the id of a subscription.")
    notification = exchange.hooks.send_test(subscription, queue is not None)
    return json_response(notification.json(subscription))


def _addressed(exchange: Exchange) -> DeliveryQueue:
    queue = exchange.hooks.queue(exchange.arguments["id"])
    if queue is None:
        raise _missing(exchange.arguments["id"])
    return queue


def _read(exchange: Exchange, document: Mapping[str, Any]) -> Subscription:
    """The subscription of a body. Raises 400, also for the mask of a secret written back."""
    inputs = document.get("consumerInputs")
    if isinstance(inputs, dict) and MASK in inputs.values():
        raise invalid_subscription("A masked value cannot be written back.")
    given = document.get("publisherInputs")
    publisher = (
        {key: value for key, value in (given or {}).items() if key != "tfsSubscriptionId"}
        if (given is None or isinstance(given, dict))
        else given
    )
    caller, organization = exchange.caller.identity, exchange.organization
    subscription = read_subscription({**document, "publisherInputs": publisher}, caller, organization.id)
    project = subscription.publisher_inputs.get("projectId")
    if project:
        with organization.lock:
            subscription.publisher_inputs["projectId"] = organization.project(project).id
    return subscription


def _check_permission(exchange: Exchange) -> None:
    if not exchange.caller.edits_subscriptions:
        raise ServiceError(
            403,
            f"TF50309: The following account does not have sufficient permissions to complete the operation: "
            f"{exchange.caller.identity.display_name}. The following permissions are needed to perform this "
            "operation: Edit Subscriptions.",
            "AccessCheckException",
        )


def _missing(subscription_id: str) -> ServiceError:
    return ServiceError(
        404,
        f"Subscription '{subscription_id}' does not exist or you do not have permission to view it.",
        "SubscriptionNotFoundException",
    )


def hook_rules() -> list[Rule]:
    """The routes of this module."""
    only = (ORGANIZATION,)
    one, notifications = f"{_PATH}/<id>", f"{_PATH}/<id>/notifications"
    return [
        *rules(_PATH, list_subscriptions, "GET", prefixes=only),
        *rules(_PATH, create, "POST", prefixes=only),
        *rules(one, get, "GET", prefixes=only),
        *rules(one, replace, "PUT", prefixes=only),
        *rules(one, delete, "DELETE", prefixes=only),
        *rules(notifications, list_notifications, "GET", prefixes=only),
        *rules(f"{notifications}/<int:number>", get_notification, "GET", prefixes=only),
        *rules("/hooks/testnotifications", send_test, "POST", prefixes=only),
    ]
