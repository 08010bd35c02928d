"""A link that a person makes by hand, where something stands against it: other links, claims, and failures halfway."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from local.faults import FaultInjection
from local.sample import sample_integration
from local.serving import start_in_thread
from shared.storage.rows import Row, Upsert
from tests.e2e.configuration_bodies import problem_of
from tests.e2e.sending_scene import TITLE, Scene, another_host
from tests.e2e.system import IntegrationUnderTest
from tests.e2e.test_feature_standing import link, make_work_item, unlink
from tests.e2e.test_link_back import fields
from tests.storage.relay import FaultyStorage, Relay

CREATES = r"/wit/(\$batch|workitems/\$)"


@pytest.fixture
def storage(scene: Scene) -> Iterator[FaultyStorage]:
    """The scene's Table Storage by way of a relay that can refuse, and whose clock can go on."""
    relay = Relay(scene.system.tables_connection_string)
    server = start_in_thread(FaultInjection(relay))
    try:
        storage = FaultyStorage(server.url, relay)
        storage.tables.links.transact([Upsert(Row("another integration", "a row"))])
        yield storage
    finally:
        server.stop()


@contextmanager
def relayed(scene: Scene, storage: FaultyStorage) -> Iterator[Scene]:
    """Asked by way of a function host that has its tables behind the relay."""
    with another_host(scene.system, TABLES_CONNECTION_STRING=storage.connection_string) as (_, api):
        yield scene.at(api)


def interrupt_a_send(scene: Scene, reference: str, *, after_the_create: bool) -> list[int]:
    """A send whose answer is lost, or that never reaches Azure DevOps; the work items that it made."""
    scene.azure_devops.add_fault(path="/wit/wiql", status=503, times=None)
    cut = "after" if after_the_create else "before"
    scene.azure_devops.add_fault(path=CREATES, cut=cut, times=None)
    assert scene.send(scene.aha.event(reference)["feature"]).status not in (200, 201)
    scene.azure_devops.clear_faults()
    return sorted(scene.items())


class TestAClaim:
    def test_is_given_back_when_the_link_cannot_be_stored(self, scene: Scene, storage: FaultyStorage) -> None:
        number = make_work_item(scene, "User Story")
        with relayed(scene, storage) as there:
            # The claim is stored, and three attempts to store the link are refused.
            storage.fail(method="POST", path=r"\$batch", skip=1, times=3, status=503)
            problem_of(link(there, "PROD-1-2", number), 503, "storage_unavailable")

            assert scene.claims() == []
            assert link(there, "PROD-1-2", number).status_code == 200

    def test_that_cannot_be_given_back_holds_the_record_for_a_minute_only(
        self, scene: Scene, storage: FaultyStorage
    ) -> None:
        number = make_work_item(scene, "User Story")
        with relayed(scene, storage) as there:
            storage.fail(method="POST", path=r"\$batch", skip=1, times=None, status=503)
            problem_of(link(there, "PROD-1-2", number), 503, "storage_unavailable")
            storage.heal()
            problem_of(link(there, "PROD-1-2", number), 409, "feature_busy")
            storage.relay.since_writes = timedelta(seconds=61)

            answer = link(there, "PROD-1-2", number)

        assert answer.status_code == 200
        assert scene.claims() == []
        assert list(scene.link_rows()) == [number]

    def test_of_a_send_that_created_nothing_is_taken_over(self, scene: Scene) -> None:
        assert interrupt_a_send(scene, "PROD-2", after_the_create=False) == []
        scene.give_claims_up()
        number = make_work_item(scene)

        assert link(scene, "PROD-2", number).status_code == 200

        assert scene.send_reference("PROD-2").ids == [number]
        assert set(scene.items()) == {number}

    def test_of_a_send_that_created_a_work_item_is_kept_and_the_answer_names_it(self, scene: Scene) -> None:
        (created,) = interrupt_a_send(scene, "PROD-2", after_the_create=True)
        scene.give_claims_up()
        number = make_work_item(scene)

        problem = problem_of(link(scene, "PROD-2", number), 409, "already_linked")

        assert f"work item {created} for PROD-2" in problem["detail"]
        assert scene.send_reference("PROD-2").ids == [created]

    def test_of_a_send_that_created_this_very_work_item_gives_way_to_its_link(self, scene: Scene) -> None:
        (created,) = interrupt_a_send(scene, "PROD-2", after_the_create=True)
        scene.give_claims_up()

        assert link(scene, "PROD-2", created).status_code == 200

        assert scene.send_reference("PROD-2").ids == [created]
        assert set(scene.items()) == {created}

    @pytest.mark.parametrize("times", [3, None], ids=["is given back", "cannot be given back"])
    def test_of_a_send_leads_to_its_work_item_also_when_the_link_cannot_be_stored(
        self, scene: Scene, storage: FaultyStorage, times: int | None
    ) -> None:
        (created,) = interrupt_a_send(scene, "PROD-2", after_the_create=True)
        scene.give_claims_up()
        with relayed(scene, storage) as there:
            storage.fail(method="POST", path=r"\$batch", times=times, status=503)
            problem_of(link(there, "PROD-2", created), 503, "storage_unavailable")
        scene.give_claims_up()

        assert scene.send_reference("PROD-2").ids == [created]
        assert set(scene.items()) == {created}


def test_the_loser_of_two_records_gets_no_link_back_in_aha(scene: Scene) -> None:
    """Given an Azure DevOps so slow that both requests have found the work item without a link."""
    number = make_work_item(scene)
    scene.azure_devops.set_latency(1500)

    with ThreadPoolExecutor(2) as people:
        answers = dict(
            people.map(lambda name: (name, link(scene, name, number).status_code), ("PROD-2", "PROD-4"))
        )

    assert sorted(answers.values()) == [200, 409]
    for name, status in answers.items():
        assert bool(fields(scene, name)) is (status == 200)


class TestAWorkItemOfAnotherIntegration:
    @pytest.fixture
    def mobile(self, scene: Scene) -> Scene:
        """Another product with an integration to the same organization."""
        body = {**sample_integration(scene.aha.account_url), "product_id": "MOB", "name": "Mobile"}
        made = scene.api.put_integration("mobile", body)
        assert made.ok, made.text
        integration = IntegrationUnderTest("mobile", body, made.json()["webhook_url"])
        return Scene(scene.system, scene.api, scene.azure_devops, scene.aha, integration)

    @pytest.fixture
    def mobile_feature(self, scene: Scene) -> str:
        made: Any = scene.aha.post("/releases/MOB-R-1/features", {"feature": {"name": "Scan a receipt"}})
        return str(made.json()["feature"]["reference_num"])

    def test_is_refused_by_the_name_of_its_record(
        self, scene: Scene, mobile: Scene, mobile_feature: str
    ) -> None:
        (number,) = scene.send_reference("PROD-2").ids
        title = scene.value(number, TITLE)

        problem = problem_of(link(mobile, mobile_feature, number), 409, "already_linked")

        wanted = f"Work item {number} belongs to PROD-2 of the integration “Fabrikam web” ({scene.integration.id})."
        assert problem["detail"] == f"{wanted} Unlink PROD-2 there first."
        assert mobile.link_rows() == {}
        assert mobile.claims() == []
        mobile.send_reference(mobile_feature)
        assert scene.value(number, TITLE) == title

    def test_is_free_when_it_was_unlinked_there(
        self, scene: Scene, mobile: Scene, mobile_feature: str
    ) -> None:
        (number,) = scene.send_reference("PROD-2").ids
        assert unlink(scene, "PROD-2").status_code == 204

        assert link(mobile, mobile_feature, number).status_code == 200

    def test_is_another_one_in_another_organization(
        self, scene: Scene, mobile: Scene, mobile_feature: str
    ) -> None:
        """Given an integration to another organization with a link to the work item of this number."""
        scene.azure_devops.control("PUT", "/organization", {"name": "contoso"})
        target = {**mobile.integration.body["azure_devops"], "account_name": "contoso"}
        assert mobile.configure(azure_devops=target).ok
        (number,) = mobile.send_reference(mobile_feature).ids
        scene.azure_devops.control("PUT", "/organization", {"name": "fabrikam"})

        assert link(scene, "PROD-2", number).status_code == 200
