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
from local.azure_devops.sandbox import Sandbox
from local.azure_devops.service_hooks import ServiceHooks
from local.azure_devops.subscriptions import (
    DISABLED_BY_USER,
    ENABLED,
    MASK,
    Subscription,
    read_subscription,
    refused,
)
from local.azure_devops.times import now

_PATH = "/hooks/subscriptions"


class HookRoutes:
    """The handlers, over whichever hooks the sandbox has at the time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def _hooks(self) -> ServiceHooks:
        return self._sandbox.hooks

    def list_subscriptions(self, exchange: Exchange) -> Response:
        """The subscriptions, filtered by publisher, event type and consumer."""
        arguments = exchange.request.args
        wanted = arguments.get("eventType", "")
        is_other = (
            arguments.get("publisherId", "tfs") != "tfs"
            or arguments.get("consumerId", "webHooks") != "webHooks"
        )
        known = [] if is_other else self._hooks.subscriptions()
        return list_response([one.json(exchange.base) for one in known if wanted in ("", one.event_type)])

    def create(self, exchange: Exchange) -> Response:
        """A new subscription."""
        _check_permission(exchange)
        subscription = _read(exchange, exchange.json_object())
        self._hooks.add(subscription)
        return json_response(subscription.json(exchange.base))

    def get(self, exchange: Exchange) -> Response:
        """One subscription."""
        return json_response(self._addressed(exchange).subscription.json(exchange.base))

    def replace(self, exchange: Exchange) -> Response:
        """Replace a subscription; its event type stays. `status` enables or disables it."""
        _check_permission(exchange)
        queue, document = self._addressed(exchange), exchange.json_object()
        subscription, fresh = queue.subscription, _read(exchange, document)
        if fresh.event_type != subscription.event_type:
            raise refused("The eventType of a subscription cannot be changed.")
        status = document.get("status", subscription.status)
        if status not in (ENABLED, DISABLED_BY_USER, subscription.status):
            raise refused(f"The status '{status}' cannot be set.")
        subscription.publisher_inputs = fresh.publisher_inputs
        subscription.consumer_inputs = fresh.consumer_inputs
        subscription.resource_version = fresh.resource_version
        subscription.modified, subscription.status = now(), status
        return json_response(subscription.json(exchange.base))

    def delete(self, exchange: Exchange) -> Response:
        """End a subscription."""
        _check_permission(exchange)
        if not self._hooks.remove(exchange.arguments["id"]):
            raise _missing(exchange.arguments["id"])
        return Response(status=204)

    def list_notifications(self, exchange: Exchange) -> Response:
        """The notifications of a subscription, newest first."""
        queue = self._addressed(exchange)
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

    def get_notification(self, exchange: Exchange) -> Response:
        """One notification of a subscription."""
        queue = self._addressed(exchange)
        for known in queue.notifications:
            if known.id == exchange.arguments["number"]:
                return json_response(known.json(queue.subscription))
        raise _missing(str(exchange.arguments["number"]))

    def test(self, exchange: Exchange) -> Response:
        """Send the canned event to the subscription that the body describes or names by `subscriptionId`."""
        _check_permission(exchange)
        document = exchange.json_object()
        details = document.get("details")
        queue = self._hooks.queue(str(document.get("subscriptionId", "")))
        if queue is not None:
            subscription = queue.subscription
        elif isinstance(details, dict):
            subscription = _read(exchange, details)
        else:
            raise ModelError(400, "The body must have details or the id of a subscription.")
        notification = self._hooks.send_test(subscription, queue is not None)
        return json_response(notification.json(subscription))

    def _addressed(self, exchange: Exchange) -> DeliveryQueue:
        queue = self._hooks.queue(exchange.arguments["id"])
        if queue is None:
            raise _missing(exchange.arguments["id"])
        return queue


def _read(exchange: Exchange, document: Mapping[str, Any]) -> Subscription:
    """The subscription of a body. Raises 400, also for the mask of a secret written back."""
    inputs = document.get("consumerInputs")
    if isinstance(inputs, dict) and MASK in inputs.values():
        raise refused("A masked value cannot be written back.")
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


def hook_rules(sandbox: Sandbox) -> list[Rule]:
    """The routes of this module."""
    routes, only = HookRoutes(sandbox), (ORGANIZATION,)
    one, notifications = f"{_PATH}/<id>", f"{_PATH}/<id>/notifications"
    return [
        *rules(_PATH, routes.list_subscriptions, "GET", prefixes=only),
        *rules(_PATH, routes.create, "POST", prefixes=only),
        *rules(one, routes.get, "GET", prefixes=only),
        *rules(one, routes.replace, "PUT", prefixes=only),
        *rules(one, routes.delete, "DELETE", prefixes=only),
        *rules(notifications, routes.list_notifications, "GET", prefixes=only),
        *rules(f"{notifications}/<int:number>", routes.get_notification, "GET", prefixes=only),
        *rules("/hooks/testnotifications", routes.test, "POST", prefixes=only),
    ]
