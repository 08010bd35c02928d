"""Features of the product in Aha!, found by a part of their name or by their reference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import Scene


def answer_of(scene: Scene, **query: Any) -> Any:
    scene.aha.clear_requests()
    scene.azure_devops.clear_requests()
    return scene.api.get(f"/integrations/{scene.integration.id}/features", params=query)


def found(scene: Scene, search: str, **query: Any) -> Json:
    answer = answer_of(scene, search=search, **query)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def references(scene: Scene, search: str) -> list[str]:
    return [one["reference_num"] for one in found(scene, search)["features"]]


@pytest.mark.contract
def test_by_a_part_of_the_name_with_whether_it_is_linked(scene: Scene) -> None:
    scene.send_reference("PROD-1")

    body = found(scene, "CARD")

    card, *others = body["features"]
    assert card == {
        "id": scene.aha.feature("PROD-1")["id"],
        "reference_num": "PROD-1",
        "name": "Pay by card",
        "linked": True,
    }
    assert [(one["name"], one["linked"]) for one in others] == [
        ("Refund to the same card", False),
        ("Gift cards", False),
    ]
    assert body["has_more"] is False
    assert scene.requests() == []


@pytest.mark.parametrize("search", ["PROD-1", " prod-1 ", "PROD-1-3"])
def test_by_the_reference_of_the_feature_or_of_a_requirement(scene: Scene, search: str) -> None:
    assert references(scene, search) == ["PROD-1"]


def test_a_reference_is_read_beside_the_search(scene: Scene) -> None:
    scene.aha.set_latency(300)

    references(scene, "prod-1")

    reads = [one for one in scene.aha.requests() if one["path"].startswith("/api/v1/")]
    assert {one["path"] for one in reads} == {"/api/v1/features/PROD-1", "/api/v1/products/PROD/features"}
    assert abs(reads[0]["started_at"] - reads[1]["started_at"]) < 0.2


@pytest.mark.parametrize("search", ["PROD-999", "MOB-1", "no feature is called so", "100 % & more?#"])
def test_what_the_product_does_not_have_is_not_found(scene: Scene, search: str) -> None:
    made = scene.aha.post("/releases/MOB-R-1/features", {"feature": {"name": "Of another product"}})
    assert made.json()["feature"]["reference_num"] == "MOB-1"

    assert found(scene, search) == {"features": [], "has_more": False}


def test_every_feature_one_page_of_them(scene: Scene) -> None:
    body = found(scene, "*", limit=2)

    assert [one["reference_num"] for one in body["features"]] == ["PROD-1", "PROD-2"]
    assert body["has_more"] is True


def test_an_unlinked_feature_is_found_as_one_that_is_not_linked(scene: Scene) -> None:
    scene.send_reference("PROD-2")
    scene.api.delete(f"/integrations/{scene.integration.id}/features/PROD-2")

    assert [one["linked"] for one in found(scene, "PROD-2")["features"]] == [False]


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"search": " "}, ["/search"]),
        ({"search": "x" * 201}, ["/search"]),
        ({"search": "card", "limit": "51"}, ["/limit"]),
        ({"search": "card", "limit": "0", "after": "1"}, ["/limit", "/after"]),
    ],
)
def test_other_parameters_are_refused(scene: Scene, query: dict[str, str], pointers: list[str]) -> None:
    answer = answer_of(scene, **query)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert [one["pointer"] for one in answer.json()["errors"]] == pointers


def test_without_aha_there_is_nothing_to_search_in(scene: Scene) -> None:
    assert scene.configure(aha=None).status_code == 200

    answer = answer_of(scene, search="card")

    assert (answer.status_code, answer.json()["code"]) == (409, "integration_incomplete")


def test_a_product_that_aha_does_not_show_is_named(scene: Scene) -> None:
    assert scene.configure(product_id="NOPE").status_code == 200

    answer = answer_of(scene, search="card")

    assert (answer.status_code, answer.json()["code"]) == (422, "aha_not_found")
    assert "Aha! shows no product NOPE." in answer.json()["detail"]


def test_an_outage_of_aha_is_one_of_this_call(scene: Scene) -> None:
    scene.aha.add_fault(path="/products/PROD/features", status=500, times=None)

    answer = answer_of(scene, search="card")

    assert (answer.status_code, answer.json()["code"]) == (503, "aha_unavailable")
    assert "Retry-After" in answer.headers
