"""Features of the integration's product are sent, those of another product are not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sending_payloads import Json, feature, requirement
from tests.e2e.sending_scene import Scene

OTHERS: list[Json] = [
    {"reference_num": "MOB-1"},
    {"project": {"id": "1", "reference_prefix": "MOB"}, "reference_num": "PROD-1"},
    {"project": {"reference_prefix": "mob"}},
]


def a_feature(**product: Any) -> Json:
    """A feature that says of its product what a test gives."""
    payload = feature(requirements=[requirement()])
    del payload["project"], payload["reference_num"]
    return payload | product


@pytest.mark.parametrize("dry_run", ["false", "true"])
@pytest.mark.parametrize("product", OTHERS)
def test_a_feature_of_another_product_is_refused_before_anything_is_done(
    scene: Scene, product: Json, dry_run: str
) -> None:
    answer = scene.send(a_feature(**product), dry_run=dry_run)

    assert (answer.status, answer.body["code"]) == (422, "other_product")
    assert "the Aha! product MOB".casefold() in answer.body["detail"].casefold()
    assert "the product PROD" in answer.body["detail"]
    assert scene.requests() == []
    assert scene.link_rows() == {}
    (entry,) = scene.log(level="error")
    assert entry["message"] == answer.body["detail"]


@pytest.mark.parametrize(
    "product",
    [
        {},
        {"reference_num": "PROD-1"},
        {"reference_num": "prod-1"},
        {"project": {"reference_prefix": "Prod"}, "reference_num": "MOB-1"},
        {"product_id": "7489142925063704408"},
        {"project": None, "reference_num": "no reference"},
    ],
)
def test_a_feature_of_the_product_or_of_one_that_it_does_not_say_is_sent(scene: Scene, product: Json) -> None:
    assert scene.send(a_feature(**product)).status == 201


@pytest.mark.parametrize("style", ["current", "older"])
def test_aha_s_own_events_of_another_product_are_refused(scene: Scene, style: str) -> None:
    scene.configure(product_id="MOB")

    assert scene.post(scene.aha.event("PROD-1", style=style)).status == 422


def test_a_product_may_be_configured_by_its_id(scene: Scene) -> None:
    event = scene.aha.event("PROD-1")
    product = event["feature"]["project"]["id"]
    scene.configure(product_id=product)
    assert scene.post(event).status == 201

    scene.configure(product_id=str(int(product) + 1))
    refused = scene.post(event)

    assert (refused.status, refused.body["code"]) == (422, "other_product")
    assert product in refused.body["detail"]
