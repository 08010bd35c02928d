"""Who may call the sandbox Aha!, how often, and how it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from local.aha.rate_limit import RateLimit
from tests.sandbox.aha_caller import VIEWER_TOKEN, AhaCaller, running_aha


@pytest.fixture
def aha() -> Iterator[AhaCaller]:
    with running_aha() as caller:
        yield caller


def test_a_known_token_is_told_whose_it_is(aha: AhaCaller) -> None:
    answer = aha.api("GET", "/me")

    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["user"]["email"] == "paula@fabrikam.example"
    assert {role["product_name"] for role in answer.json()["user"]["product_roles"]} == {
        "Fabrikam web",
        "Fabrikam mobile",
    }


@pytest.mark.parametrize("token", [None, "", "another-token"])
def test_any_other_token_is_refused(aha: AhaCaller, token: str | None) -> None:
    answer = aha.api("GET", "/features/PROD-1", token=token)

    assert answer.status_code == 401
    assert "error" in answer.json()


def test_basic_authentication_is_refused(aha: AhaCaller) -> None:
    answer = aha.api("GET", "/me", token=None, auth=("paula", "sandbox-aha-token"))

    assert answer.status_code == 401


def test_a_viewer_reads_and_does_not_write(aha: AhaCaller) -> None:
    read = aha.api("GET", "/features/PROD-1", token=VIEWER_TOKEN)
    written = aha.api("PUT", "/features/PROD-1", token=VIEWER_TOKEN, json={"feature": {"name": "x"}})

    assert (read.status_code, written.status_code) == (200, 403)
    assert aha.feature("PROD-1")["name"] == "Pay by card"


def test_a_record_is_found_by_id_and_by_upper_case_reference_only(aha: AhaCaller) -> None:
    identifier = aha.feature("PROD-1")["id"]

    assert aha.feature(identifier)["reference_num"] == "PROD-1"
    lower = aha.api("GET", "/features/prod-1")
    assert (lower.status_code, lower.json()) == (404, {"error": "Record not found."})


def test_a_hidden_record_looks_like_an_unknown_one(aha: AhaCaller) -> None:
    aha.control("POST", "/edit", json={"id": "PROD-1", "hidden": True})

    for path in ("/features/PROD-1", "/requirements/PROD-1-1", "/features/PROD-999"):
        answer = aha.api("GET", path)
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found."})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/epics/PROD-E-1"), ("PATCH", "/features/PROD-1"), ("GET", "/x")]
)
def test_an_unknown_route_is_an_html_page(aha: AhaCaller, method: str, path: str) -> None:
    answer = aha.api(method, path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("error", {"error": "Name can't be blank"}),
        ("errors_object", {"errors": {"message": "Name can't be blank"}}),
        ("errors_list", {"errors": [{"message": "Name can't be blank"}]}),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_value_has_the_status_and_shape_that_was_chosen(
    aha: AhaCaller, shape: str, body: object, status: int
) -> None:
    aha.control("PUT", "/behaviour", json={"refused_status": status, "error_shape": shape})

    answer = aha.put_feature("PROD-1", name=" ")

    assert (answer.status_code, answer.json()) == (status, body)


def test_a_user_agent_is_demanded_only_on_request(aha: AhaCaller) -> None:
    without = {"User-Agent": ""}
    assert aha.api("GET", "/me", headers=without).status_code == 200

    aha.control("PUT", "/behaviour", json={"demand_user_agent": True})

    assert aha.api("GET", "/me", headers=without).status_code == 403
    assert aha.api("GET", "/me", headers={"User-Agent": "test/1"}).status_code == 200


@pytest.mark.parametrize(
    "behaviour",
    [
        {"unchanged_writes": True, "refused_status": 500},
        {"clean_html": "no"},
        {"error_shape": "none"},
        {"unknown": True},
        [],
    ],
)
def test_a_switch_that_is_none_is_refused_and_nothing_is_set(aha: AhaCaller, behaviour: object) -> None:
    before = aha.control("GET", "/behaviour")

    assert aha.try_control("PUT", "/behaviour", json=behaviour).status_code == 400
    assert aha.control("GET", "/behaviour") == before


def test_every_answer_tells_what_is_left_of_the_minute() -> None:
    with running_aha(limited=True) as aha:
        first, second = aha.api("GET", "/me"), aha.api("GET", "/nothing")

    assert first.headers["X-Ratelimit-Limit"] == second.headers["X-Ratelimit-Limit"] == "300"
    assert int(first.headers["X-Ratelimit-Reset"]) <= time.time() + 61
    assert int(first.headers["X-Ratelimit-Remaining"]) > int(second.headers["X-Ratelimit-Remaining"]) or (
        first.headers["X-Ratelimit-Reset"] != second.headers["X-Ratelimit-Reset"]
    )


@pytest.mark.parametrize("wait_header", ["Retry-After", "retry_after", None])
def test_past_the_limit_a_call_is_refused_with_the_hint_that_was_chosen(
    aha: AhaCaller, wait_header: str | None
) -> None:
    aha.control("PUT", "/behaviour", json={"retry_after_header": wait_header})
    aha.control("PUT", "/rate_limit", json={"per_second": None, "per_minute": 0})

    refused = aha.api("GET", "/me")

    assert refused.status_code == 429
    assert refused.headers["X-Ratelimit-Remaining"] == "0"
    hints = {
        name: value
        for name, value in refused.headers.items()
        if name.lower() in ("retry-after", "retry_after")
    }
    assert list(hints) == ([wait_header] if wait_header else [])
    assert all(1 <= int(value) <= 60 for value in hints.values())


def test_downloads_and_controls_are_not_limited(aha: AhaCaller) -> None:
    url = aha.feature("PROD-1")["attachments"][0]["download_url"]
    aha.control("PUT", "/rate_limit", json={"per_second": 0, "per_minute": 0})

    assert aha.get(url).status_code == 200
    assert aha.control("GET", "/records")["records"]


def test_twenty_requests_a_second_and_three_hundred_a_minute_pass() -> None:
    moment = 1_000_020.0
    limit = RateLimit(clock=lambda: moment)

    in_first_second = [limit.take() for _ in range(21)]
    assert [decision.allowed for decision in in_first_second] == [True] * 20 + [False]
    assert in_first_second[20].headers["X-Ratelimit-Limit"] == "20"
    assert in_first_second[20].wait_seconds == 1

    allowed = 20
    for _ in range(20):
        moment += 1
        allowed += sum(limit.take().allowed for _ in range(20))
    # The refused one counts as well.
    assert allowed == 299
    assert limit.take().wait_seconds == 40

    moment += 40
    assert limit.take().allowed
