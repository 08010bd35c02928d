"""Table Storage fails in the midst of a send: nothing is lost and nothing doubled when the send is repeated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

from local.faults import FaultInjection
from local.serving import start_in_thread
from shared.domain.kind import Kind
from shared.domain.links import Claim
from shared.storage.links import LinkStore
from shared.storage.rows import Row, Upsert
from tests.e2e.sending_payloads import feature, linked_to, requirement, requirements
from tests.e2e.sending_scene import Scene, another_host
from tests.e2e.system import eventually
from tests.storage.relay import FaultyStorage, Relay


@pytest.fixture
def storage(scene: Scene) -> Iterator[FaultyStorage]:
    """The scene's Table Storage by way of a relay that can delay and refuse."""
    relay = Relay(scene.system.tables_connection_string)
    server = start_in_thread(FaultInjection(relay))
    try:
        storage = FaultyStorage(server.url, relay)
        # The table is there, so that no test counts the attempt that finds it missing.
        storage.tables.links.transact([Upsert(Row("another integration", "a row"))])
        storage.clear_requests()
        yield storage
    finally:
        server.stop()


@pytest.fixture
def relayed(scene: Scene, storage: FaultyStorage) -> Iterator[Scene]:
    """Sent by a function host that has its tables behind the relay."""
    with another_host(scene.system, TABLES_CONNECTION_STRING=storage.connection_string) as (_, api):
        yield scene.at(api)


def test_links_of_a_first_batch_that_cannot_be_stored_are_found_by_the_next_send(
    scene: Scene, relayed: Scene, storage: FaultyStorage
) -> None:
    """Given 60 requirements, so that a second batch is under way while the links of the first are refused."""
    payload = feature(requirements=requirements(60))
    # The first transaction holds the claims.
    storage.fail(method="POST", path=r"\$batch", skip=1, times=None, status=503)

    failed = relayed.send(payload)

    assert failed.status == 503
    assert failed.body["code"] == "storage_unavailable"
    assert len(scene.items()) == 61
    storage.heal()
    scene.give_claims_up()
    again = scene.send(payload)
    assert again.status in (200, 201)
    scene.assert_one_each(payload)


def test_the_links_of_a_first_batch_are_stored_while_the_next_one_is_under_way(
    relayed: Scene, storage: FaultyStorage
) -> None:
    """Given a Table Storage that takes its time over the links of the first batch."""
    payload = feature(requirements=requirements(60))
    storage.fail(method="POST", path=r"\$batch", skip=1, delay_ms=1500)

    sent = relayed.send(payload)

    assert sent.status == 201
    first_links = next(request for request in storage.requests() if request["fault"])
    batches = [request for request in relayed.writes() if "$batch" in request["path"]]
    assert len(batches) == 2
    assert batches[1]["ended_at"] < first_links["ended_at"]
    relayed.assert_one_each(payload)


def test_while_another_send_holds_the_feature_only_its_claim_is_read_and_nothing_is_said_again(
    relayed: Scene, storage: FaultyStorage
) -> None:
    """Given five requirements for which Aha! names work items that cannot be read, and five seconds of waiting."""
    named = [requirement(integration_fields=linked_to(str(number))) for number in range(900_001, 900_006)]
    payload = feature(requirements=named)
    links, integration_id = LinkStore(storage.tables), relayed.integration.id
    claim = Claim(
        Kind.FEATURE, payload["id"], payload["reference_num"], "another send", datetime.now(timezone.utc)
    )
    held = links.claim(integration_id, [claim])
    storage.clear_requests()

    with ThreadPoolExecutor(1) as other:
        sending = other.submit(relayed.send, payload)
        eventually(lambda: any("Links(" in request["path"] for request in storage.requests()))
        time.sleep(5)
        rows_read = [request for request in storage.requests() if "Links(" in request["path"]]
        links.release(integration_id, list(held.values()))
        sent = sending.result()

    # Each of the six records and five named work items once, then the feature's claim up to nine times.
    assert len(rows_read) <= 6 + 5 + 9
    assert (sent.status, set(sent.actions)) == (201, {"created"})
    assert len(relayed.log("work-item.not-adopted")) == 5
