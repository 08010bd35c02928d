"""A request for every answer that openapi.yaml describes, and what has to happen before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from local.sample import sample_integration
from local.system import LocalSystem
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

OVER_10_MIB = b'{"padding": "' + b"x" * (10 * 1024 * 1024) + b'"}'
CHANGED = {"eventType": "workitem.updated", "resource": {"workItemId": 1, "rev": 9}}


@dataclass(frozen=True)
class Scene:
    """A complete integration between both sandboxes, and who may be asked."""

    system: LocalSystem
    api: Api
    azure_devops: AzureDevOps
    aha: Aha
    integration: IntegrationUnderTest

    @property
    def path(self) -> str:
        return f"/integrations/{self.integration.id}"

    def send(self, reference: str = "PROD-1", **query: str) -> requests.Response:
        return self.api.send(self.integration.id, self.aha.event(reference), **query)

    def send_body(self, **arguments: Any) -> requests.Response:
        return self.api.post(f"{self.path}/features", **arguments)

    def notify(self, body: Any) -> requests.Response:
        return self.api.post(self.integration.webhook_url, json=body)

    def save(self, headers: dict[str, str] | None = None, **changes: Any) -> requests.Response:
        return self.api.put_integration(self.integration.id, {**self.integration.body, **changes}, headers)

    @property
    def aha_account(self) -> dict[str, str]:
        return {**self.integration.body["aha"], "product_id": "PROD"}

    def service_hook(self, integration_id: str | None = None) -> str:
        return f"/integrations/{integration_id or self.integration.id}/service-hook"

    def test_with(self, **body: Any) -> requests.Response:
        return self.api.post("/test-connection", json=body)


Ask = Callable[[Scene], requests.Response]
CASES: list[tuple[str, int, str, Ask]] = []


def case(operation_id: str, status: int, ask: Ask, name: str = "") -> None:
    CASES.append((operation_id, status, name, ask))


def _after(prepare: Callable[[Scene], object], ask: Ask) -> Ask:
    def both(scene: Scene) -> requests.Response:
        prepare(scene)
        return ask(scene)

    return both


def _showing(ask: Ask, what: Callable[[Any], object]) -> Ask:
    """The same, and the answer's body has what the case is about."""

    def look(scene: Scene) -> requests.Response:
        answer = ask(scene)
        assert what(answer.json()), answer.text
        return answer

    return look


def _incomplete(**changes: Any) -> dict[str, Any]:
    return {"name": "Incomplete", "product_id": "MOB", **changes}


def _outage_of(sandbox: str) -> Callable[[Scene], object]:
    return lambda scene: getattr(scene, sandbox).add_fault(status=503, times=None)


# Testing a connection

ACCOUNT = {"account_name": "fabrikam", "personal_access_token": "sandbox-write-token"}

case("testConnection", 200, lambda scene: scene.test_with(**ACCOUNT), "of an account")
case(
    "testConnection", 200, lambda scene: scene.test_with(**ACCOUNT, project="Fabrikam Scrum"), "of a project"
)
case(
    "testConnection", 200, lambda scene: scene.test_with(integration_id=scene.integration.id), "of a mapping"
)
case("testConnection", 400, lambda scene: scene.test_with(account_name="no name"), "with faults")
case("testConnection", 400, lambda scene: scene.api.post("/test-connection", data="{"), "without JSON")
case("testConnection", 404, lambda scene: scene.test_with(integration_id="nobody"))
case("testConnection", 413, lambda scene: scene.api.post("/test-connection", data=OVER_10_MIB))
case(
    "testConnection", 422, lambda scene: scene.test_with(**{**ACCOUNT, "personal_access_token": "x"}), "token"
)
case("testConnection", 422, lambda scene: scene.test_with(**ACCOUNT, project="Nowhere"), "project")
case(
    "testConnection",
    422,
    _after(
        lambda scene: scene.save(
            feature={"work_item_type": "Feature", "status_mapping": {"Cooking": "In progress"}}
        ),
        lambda scene: scene.test_with(integration_id=scene.integration.id),
    ),
    "mapping",
)
case("testConnection", 503, _after(_outage_of("azure_devops"), lambda scene: scene.test_with(**ACCOUNT)))

case("testConnection", 200, lambda scene: scene.test_with(aha=scene.aha_account), "of Aha! alone")
case(
    "testConnection",
    200,
    lambda scene: scene.test_with(integration_id=scene.integration.id, aha={}),
    "of both sides",
)
case(
    "testConnection",
    422,
    lambda scene: scene.test_with(aha={**scene.aha_account, "product_id": "NOPE"}),
    "product",
)
case(
    "testConnection",
    503,
    _after(_outage_of("aha"), lambda scene: scene.test_with(aha=scene.aha_account)),
    "of Aha!",
)

# Integrations

case("listIntegrations", 200, lambda scene: scene.api.get("/integrations"))
case("getIntegration", 200, lambda scene: scene.api.get(scene.path))
case("getIntegration", 404, lambda scene: scene.api.get("/integrations/nobody"))
case("putIntegration", 200, lambda scene: scene.save(name="Renamed", rotate_webhook_url=True))
case("putIntegration", 201, lambda scene: scene.api.put_integration("new", _incomplete()), "incomplete")
case(
    "putIntegration",
    201,
    lambda scene: scene.api.put_integration(
        "other", sample_integration(scene.aha.account_url) | {"product_id": "MOB"}
    ),
    "complete",
)
case("putIntegration", 400, lambda scene: scene.save(name=7, enabled="yes"))
case("putIntegration", 400, lambda scene: scene.api.put_integration("UPPER", _incomplete()), "of a bad id")
case("putIntegration", 409, lambda scene: scene.api.put_integration("new", _incomplete(product_id="PROD")))
case("putIntegration", 412, lambda scene: scene.save({"If-Match": '"another"'}))
case("putIntegration", 413, lambda scene: scene.api.put(scene.path, data=OVER_10_MIB))
case("deleteIntegration", 204, lambda scene: scene.api.delete(scene.path))
case("deleteIntegration", 404, lambda scene: scene.api.delete("/integrations/nobody"))
case("deleteIntegration", 412, lambda scene: scene.api.delete(scene.path, headers={"If-Match": '"another"'}))

# The log

READ_LOG = _showing(lambda scene: scene.api.get(f"{scene.path}/log?limit=5"), lambda body: body["next"])
case("readLog", 200, _after(Scene.send, READ_LOG))
case("readLog", 400, lambda scene: scene.api.get(f"{scene.path}/log?limit=0&level=loud"), "of a bad limit")
case("readLog", 400, lambda scene: scene.api.get(f"{scene.path}/log?before=yesterday"), "of a bad place")
case("readLog", 404, lambda scene: scene.api.get("/integrations/nobody/log"))

# Sending

case("sendFeature", 200, _after(Scene.send, Scene.send), "unchanged")
case("sendFeature", 200, lambda scene: scene.send(dry_run="true"), "dry run")


def _change_quietly(scene: Scene, field: str = "System.State", value: str = "Active") -> None:
    """Work item 1 is sent, then changed while its service hook finds nobody."""
    scene.send()
    scene.save(enabled=False)
    scene.azure_devops.update(1, {field: value})
    # The notification has come and found nobody, rather than to come once somebody is there again.
    scene.azure_devops.deliver()
    scene.save()


def _both_sides_change(scene: Scene) -> None:
    _change_quietly(scene, "System.Title", "Pay with plastic")
    scene.aha.edit("PROD-1", name="Pay by credit card")


case(
    "sendFeature",
    200,
    _after(_both_sides_change, _showing(Scene.send, lambda body: body["feature"]["conflicts"])),
    "in conflict",
)
case("sendFeature", 201, Scene.send)
case(
    "sendFeature",
    207,
    _after(lambda scene: scene.azure_devops.add_fault(path="wit/attachments", status=400), Scene.send),
)
case("sendFeature", 400, lambda scene: scene.send_body(json={"event": "delete_feature"}))
case("sendFeature", 400, lambda scene: scene.send(dry_run="maybe"), "of a bad dry_run")
case("sendFeature", 404, lambda scene: scene.api.send("nobody", scene.aha.event("PROD-1")))
case("sendFeature", 409, _after(lambda scene: scene.save(enabled=False), Scene.send), "disabled")
case(
    "sendFeature",
    409,
    _after(lambda scene: scene.save(enabled=False, requirement={}), Scene.send),
    "incomplete",
)
case("sendFeature", 413, lambda scene: scene.send_body(data=OVER_10_MIB))
case(
    "sendFeature",
    422,
    _after(
        lambda scene: scene.save(
            azure_devops={**scene.integration.body["azure_devops"], "personal_access_token": "x"}
        ),
        Scene.send,
    ),
)
case("sendFeature", 503, _after(_outage_of("azure_devops"), Scene.send))

# The service hook's subscription


def _without_subscription(scene: Scene) -> None:
    for one in scene.azure_devops.get("/_apis/hooks/subscriptions").json()["value"]:
        scene.azure_devops.delete(f"/_apis/hooks/subscriptions/{one['id']}")


def _with_token(token: str) -> Callable[[Scene], object]:
    return lambda scene: scene.save(
        azure_devops={**scene.integration.body["azure_devops"], "personal_access_token": token}
    )


SAVE_INCOMPLETE = _after(
    lambda scene: scene.api.put_integration("new", _incomplete()),
    lambda scene: scene.api.get(scene.service_hook("new")),
)
case("getServiceHook", 200, lambda scene: scene.api.get(scene.service_hook()), "that works")
case(
    "getServiceHook",
    200,
    _after(_without_subscription, lambda scene: scene.api.get(scene.service_hook())),
    "that is not there",
)
case("getServiceHook", 404, lambda scene: scene.api.get(scene.service_hook("nobody")))
case("getServiceHook", 409, SAVE_INCOMPLETE)
case("getServiceHook", 422, _after(_with_token("x"), lambda scene: scene.api.get(scene.service_hook())))
case("createServiceHook", 200, lambda scene: scene.api.post(scene.service_hook()))
case(
    "createServiceHook",
    201,
    _after(_without_subscription, lambda scene: scene.api.post(scene.service_hook())),
)
case("createServiceHook", 404, lambda scene: scene.api.post(scene.service_hook("nobody")))
case(
    "createServiceHook",
    409,
    _after(SAVE_INCOMPLETE, lambda scene: scene.api.post(scene.service_hook("new"))),
)
case(
    "createServiceHook",
    422,
    _after(
        _without_subscription,
        _after(_with_token("sandbox-read-token"), lambda scene: scene.api.post(scene.service_hook())),
    ),
)

# The configuration page


def _known(path: str) -> Ask:
    """The same file once more, by whoever has it already."""

    def ask(scene: Scene) -> requests.Response:
        tag = scene.api.get(path).headers["etag"]
        return scene.api.get(path, headers={"If-None-Match": tag})

    return ask


case("getConsole", 200, lambda scene: scene.api.get("/console"))
case("getConsole", 304, _known("/console"))
case("getConsoleFile", 200, lambda scene: scene.api.get("/console/app.js"), "script")
case("getConsoleFile", 200, lambda scene: scene.api.get("/console/base.css"), "style")
case("getConsoleFile", 200, lambda scene: scene.api.get("/console/icon.svg"), "picture")
case("getConsoleFile", 304, _known("/console/app.js"))
case("getConsoleFile", 404, lambda scene: scene.api.get("/console/no-such-file.js"))

# Receiving

case("receiveWebhook", 200, lambda scene: scene.notify(CHANGED), "not linked")
case("receiveWebhook", 200, lambda scene: scene.notify({}), "of an unknown shape")
case("receiveWebhook", 200, lambda scene: scene.notify({"eventType": "workitem.created"}), "of another event")

NOTIFY = _showing(lambda scene: scene.notify(CHANGED), lambda body: body["result"] == "updated")
case("receiveWebhook", 200, _after(_change_quietly, NOTIFY), "updated")
case("receiveWebhook", 400, lambda scene: scene.notify([]))
case(
    "receiveWebhook",
    404,
    lambda scene: scene.api.post(f"/webhooks/{scene.integration.id}/wrong", json=CHANGED),
)
case(
    "receiveWebhook",
    410,
    _after(lambda scene: scene.api.delete(scene.path), lambda scene: scene.notify(CHANGED)),
)
case("receiveWebhook", 413, lambda scene: scene.api.post(scene.integration.webhook_url, data=OVER_10_MIB))
case(
    "receiveWebhook",
    503,
    _after(
        _change_quietly,
        _after(_outage_of("aha"), lambda scene: scene.notify(CHANGED)),
    ),
)


# A plain request for each operation, to see what comes whatever the request is

PLAIN: dict[str, Ask] = {
    "testConnection": lambda scene: scene.test_with(integration_id=scene.integration.id),
    "listIntegrations": lambda scene: scene.api.get("/integrations"),
    "getIntegration": lambda scene: scene.api.get(scene.path),
    "putIntegration": lambda scene: scene.save(),
    "deleteIntegration": lambda scene: scene.api.delete(scene.path),
    "readLog": lambda scene: scene.api.get(f"{scene.path}/log"),
    "sendFeature": Scene.send,
    "getServiceHook": lambda scene: scene.api.get(scene.service_hook()),
    "createServiceHook": lambda scene: scene.api.post(scene.service_hook()),
    "receiveWebhook": lambda scene: scene.notify(CHANGED),
}
PAGE: dict[str, Ask] = {
    "getConsole": lambda scene: scene.api.get("/console"),
    "getConsoleFile": lambda scene: scene.api.get("/console/app.js"),
}
"""What a browser reads before anybody has given a key."""
