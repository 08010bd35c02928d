"""Integrations that several people want to change: who gets a product, and whose change counts."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.system import AHA_TOKEN
from tests.e2e.configuration_bodies import MINIMAL, problem_of, settings_of
from tests.e2e.system import Aha, Api


class TestProducts:
    @pytest.mark.contract
    def test_a_product_belongs_to_one_integration(self, api: Api, integration_id: str) -> None:
        api.put_integration(integration_id, {**MINIMAL, "name": "The first"})

        problem = problem_of(api.put_integration(f"{integration_id}-b", MINIMAL), 409, "product_taken")

        assert "The first" in problem["detail"]
        assert integration_id in problem["detail"]
        problem_of(api.get(f"/integrations/{integration_id}-b"), 404, "integration_not_found")

    def test_a_small_number_is_the_same_product_as_its_digits(self, api: Api, integration_id: str) -> None:
        created = api.put_integration(integration_id, {**MINIMAL, "product_id": 6746})

        assert created.json()["product_id"] == "6746"
        second = api.put_integration(f"{integration_id}-b", {**MINIMAL, "product_id": "6746"})
        problem_of(second, 409, "product_taken")

    def test_an_integration_cannot_move_to_a_product_that_is_taken(
        self, api: Api, integration_id: str
    ) -> None:
        api.put_integration(integration_id, MINIMAL)
        api.put_integration(f"{integration_id}-b", {**MINIMAL, "product_id": "OTHER"})

        problem_of(api.put_integration(f"{integration_id}-b", MINIMAL), 409, "product_taken")

        assert api.get(f"/integrations/{integration_id}-b").json()["product_id"] == "OTHER"

    def test_a_product_is_free_when_its_integration_takes_another_or_is_deleted(
        self, api: Api, integration_id: str
    ) -> None:
        api.put_integration(integration_id, MINIMAL)
        api.put_integration(integration_id, {**MINIMAL, "product_id": "OTHER"})

        assert api.put_integration(f"{integration_id}-b", MINIMAL).status_code == 201
        api.delete(f"/integrations/{integration_id}-b")
        assert api.put_integration(f"{integration_id}-c", MINIMAL).status_code == 201

    @pytest.mark.parametrize("asked", ["both", "the first", "the second"])
    def test_a_product_is_the_same_by_its_id_and_by_its_prefix(
        self, api: Api, aha: Aha, integration_id: str, asked: str
    ) -> None:
        product = aha.get("/products/PROD").json()["product"]
        account = {"aha": {"url": aha.account_url, "api_token": AHA_TOKEN}}
        first = {**MINIMAL, "product_id": product["id"], **(account if asked != "the second" else {})}
        second = {**MINIMAL, "name": "Second", **(account if asked != "the first" else {})}
        api.put_integration(integration_id, first)

        problem = problem_of(api.put_integration(f"{integration_id}-b", second), 409, "product_taken")

        assert f"({integration_id}), which names it {product['id']}." in problem["detail"]
        # Another product is free, and the first one is as soon as it is given up.
        other = {**second, "product_id": "MOB"}
        assert api.put_integration(f"{integration_id}-b", other).status_code == 201
        problem_of(api.put_integration(f"{integration_id}-b", second), 409, "product_taken")
        api.delete(f"/integrations/{integration_id}")
        assert api.put_integration(f"{integration_id}-b", second).status_code == 200

    def test_aha_that_does_not_answer_holds_up_no_save(self, api: Api, aha: Aha, integration_id: str) -> None:
        account = {"aha": {"url": aha.account_url, "api_token": "nobody-knows-this-one"}}
        api.put_integration(integration_id, {**MINIMAL, "product_id": "6746"})

        assert api.put_integration(f"{integration_id}-b", {**MINIMAL, **account}).status_code == 201

    def test_of_many_who_want_a_product_at_once_one_gets_it(self, api: Api, integration_id: str) -> None:
        ids = [f"{integration_id}-{number}" for number in range(12)]

        with ThreadPoolExecutor(len(ids)) as threads:
            answers = list(threads.map(lambda one: api.put_integration(one, MINIMAL), ids))

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
        assert len(api.get("/integrations").json()["integrations"]) == 1


class TestIfMatch:
    @pytest.mark.contract
    def test_lets_the_version_that_was_read_be_replaced_once(self, api: Api, integration_id: str) -> None:
        etag = api.put_integration(integration_id, MINIMAL).headers["etag"]

        assert api.put_integration(integration_id, MINIMAL, {"If-Match": etag}).status_code == 200

        stale = api.put_integration(integration_id, {**MINIMAL, "name": "Lost"}, {"If-Match": etag})
        problem_of(stale, 412, "precondition_failed")
        assert api.get(f"/integrations/{integration_id}").json()["name"] == MINIMAL["name"]

    def test_may_name_several_versions(self, api: Api, integration_id: str) -> None:
        etag = api.put_integration(integration_id, MINIMAL).headers["etag"]

        answer = api.put_integration(integration_id, MINIMAL, {"If-Match": f'"other", {etag}'})

        assert answer.status_code == 200

    def test_with_a_star_means_that_there_is_one(self, api: Api, integration_id: str) -> None:
        missing = api.put_integration(integration_id, MINIMAL, {"If-Match": "*"})
        problem_of(missing, 412, "precondition_failed")

        api.put_integration(integration_id, MINIMAL)
        assert api.put_integration(integration_id, MINIMAL, {"If-Match": "*"}).status_code == 200

    def test_never_fits_what_is_not_there(self, api: Api, integration_id: str) -> None:
        answer = api.put_integration(integration_id, MINIMAL, {"If-Match": f'"{uuid.uuid4().hex}"'})

        problem_of(answer, 412, "precondition_failed")

    @pytest.mark.contract
    def test_guards_a_delete(self, api: Api, integration_id: str) -> None:
        path = f"/integrations/{integration_id}"
        old = api.put_integration(integration_id, MINIMAL).headers["etag"]
        new = api.put_integration(integration_id, MINIMAL).headers["etag"]

        problem_of(api.delete(path, headers={"If-Match": old}), 412, "precondition_failed")
        assert api.get(path).status_code == 200
        assert api.delete(path, headers={"If-Match": new}).status_code == 204

    def test_lets_one_of_twenty_win_who_change_the_same_version(self, api: Api, integration_id: str) -> None:
        etag = api.put_integration(integration_id, MINIMAL).headers["etag"]
        names = [f"Name {number}" for number in range(20)]

        with ThreadPoolExecutor(len(names)) as threads:
            answers = list(
                threads.map(
                    lambda name: api.put_integration(
                        integration_id, {**MINIMAL, "name": name}, {"If-Match": etag}
                    ),
                    names,
                )
            )

        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1
        for answer in answers:
            if answer is not won[0]:
                problem_of(answer, 412, "precondition_failed")
        assert settings_of(api.get(f"/integrations/{integration_id}")) == won[0].json()

    def test_is_not_needed_but_two_never_create_the_same_integration(
        self, api: Api, integration_id: str
    ) -> None:
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda _: api.put_integration(integration_id, MINIMAL), range(20)))

        statuses = [answer.status_code for answer in answers]
        assert statuses.count(201) == 1
        assert set(statuses) <= {200, 201, 412}
