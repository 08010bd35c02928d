"""Table Storage fails in the midst of a send: nothing is lost and nothing doubled when the send is repeated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.faults import FaultInjection
from local.serving import start_in_thread
from shared.storage.rows import Row, Upsert
from tests.e2e.sending_payloads import feature, requirements
from tests.e2e.sending_scene import Scene, another_host
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
