"""The errors of the app itself: each names the thing that it is about and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.e2e.sending_payloads import Json, feature
from tests.e2e.sending_scene import Scene


def features(scene: Scene, reference: str = "", integration_id: str = "") -> str:
    """The address of an integration's features, or of one."""
    path = f"/integrations/{integration_id or scene.integration.id}/features"
    return f"{path}/{reference}" if reference else path


def no_integration(scene: Scene) -> requests.Response:
    return scene.api.get(features(scene, integration_id="nope"))


def no_valid_webhook(scene: Scene) -> requests.Response:
    return scene.api.post(scene.integration.webhook_url + "x", json={})


def disabled(scene: Scene) -> requests.Response:
    scene.configure(enabled=False)
    return scene.api.post(features(scene), json={"feature": feature()})


def incomplete(scene: Scene) -> requests.Response:
    target: Json = {**scene.integration.body["azure_devops"], "area_path": ""}
    scene.configure(enabled=False, azure_devops=target)
    return scene.api.post(features(scene), json={"feature": feature()})


def without_aha(scene: Scene) -> requests.Response:
    scene.configure(aha=None)
    return scene.api.get(features(scene, "PROD-1"))


def other_product(scene: Scene) -> requests.Response:
    scene.configure(product_id="MOB")
    return scene.api.post(features(scene, "PROD-1"))


def taken_product(scene: Scene) -> requests.Response:
    return scene.api.put_integration("second", {"name": "Second", "product_id": "PROD"})


def other_organization(scene: Scene) -> requests.Response:
    number = scene.send_reference("PROD-2").ids[0]
    scene.azure_devops.delete_work_item(number)
    scene.azure_devops.control("PUT", "/organization", {"name": "contoso"})
    target: Json = {**scene.integration.body["azure_devops"], "account_name": "contoso"}
    return scene.configure(azure_devops=target)


def outdated(scene: Scene) -> requests.Response:
    return scene.api.put_integration(
        scene.integration.id, scene.integration.body, headers={"If-Match": '"of-yesterday"'}
    )


def not_linked(scene: Scene) -> requests.Response:
    return scene.api.delete(features(scene, "PROD-1"))


def already_linked(scene: Scene) -> requests.Response:
    number = scene.send_reference("PROD-1").ids[0]
    return scene.api.put(features(scene, "PROD-2"), json={"work_item_id": number})


def too_large(scene: Scene) -> requests.Response:
    return scene.api.post(features(scene), data=b" " * (10 * 1024 * 1024 + 1))


def no_json(scene: Scene) -> requests.Response:
    return scene.api.post(features(scene), data=b'{"feature": ')


def no_feature(scene: Scene) -> requests.Response:
    return scene.api.post(features(scene), json={"feature": {"id": "PROD-5"}})


CASES: list[tuple[Callable[[Scene], requests.Response], str, str, str]] = [
    (no_integration, "integration_not_found", "'nope'", "Check the id"),
    (no_valid_webhook, "integration_not_found", "webhook URL", "Copy it again from the integration"),
    (disabled, "integration_disabled", "“Fabrikam web”", "Enable it"),
    (incomplete, "integration_incomplete", "the area path", "Fill that in"),
    (without_aha, "integration_incomplete", "Aha! address and API token", "Save them"),
    (other_product, "other_product", "PROD-1", "Send PROD-1 with the integration of its product"),
    (taken_product, "product_taken", "“Fabrikam web”", "Choose another product"),
    (other_organization, "organization_in_use", "“contoso”", "Unlink the features first"),
    (outdated, "precondition_failed", "The integration", "Read it again, then repeat"),
    (not_linked, "not_linked", "PROD-1", "Send the feature"),
    (already_linked, "already_linked", "PROD-1", "Unlink PROD-1 first"),
    (too_large, "body_too_large", "10 MiB", "Send fewer requirements"),
    (no_json, "invalid_json", "line 1", "JSON"),
    (no_feature, "invalid_request", "PROD-5", "without a body"),
]


@pytest.mark.parametrize(
    ("provoke", "code", "thing", "remedy"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_an_error_names_the_thing_and_the_remedy(
    scene: Scene, provoke: Callable[[Scene], Any], code: str, thing: str, remedy: str
) -> None:
    problem = provoke(scene).json()

    assert problem["code"] == code
    assert thing in problem["detail"]
    assert remedy in problem["detail"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_feature_of_no_integration_is_not_found(scene: Scene, method: str) -> None:
    body = {"work_item_id": 1} if method == "PUT" else None

    answer = scene.api.request(method, features(scene, "PROD-1", "nope"), json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "integration_not_found")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_what_is_no_reference_is_refused(scene: Scene, method: str) -> None:
    body = {"work_item_id": 1} if method == "PUT" else None

    answer = scene.api.request(method, features(scene, "PROD_1"), json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/reference"
