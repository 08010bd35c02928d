"""Writes of links whose answers are lost, and many writers of one link."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.errors import LinkChanged
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from tests.storage.link_examples import (
    LOST_ANSWERS,
    a_claim,
    a_link,
    assert_linked,
    claimed,
    claims_in,
    established,
    later,
    taken_over,
)
from tests.storage.relay import FaultyStorage


def renewing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    return {**store.renew(integration_id, later(claims_of(store, integration_id, ["1"])))}


def taking_over(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    (claim,) = claims_of(store, integration_id, ["1"])
    return {"1": taken_over(store, integration_id, claim, a_claim("1", "heir"))}


def releasing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    store.release(integration_id, claims_of(store, integration_id, ["1"]))
    return {}


def establishing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    (claim,) = claims_of(store, integration_id, ["1"])
    return {**store.establish(integration_id, [(claim, a_link("1", 1))])}


def replacing(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    found = store.by_work_item(integration_id, 2)
    assert found is not None
    return {**store.replace(integration_id, [(found, replace(found.link, agreed_revision=9))])}


def claiming_again(store: LinkStore, integration_id: str) -> dict[str, StoredLink | StoredClaim]:
    found = store.by_work_item(integration_id, 2)
    assert found is not None
    return {**store.claim_again(integration_id, [(found, a_claim("2", "operation-2"))])}


def claims_of(store: LinkStore, integration_id: str, aha_ids: Sequence[str]) -> list[StoredClaim]:
    return [found for found in store.load(integration_id, aha_ids).values() if isinstance(found, StoredClaim)]


@LOST_ANSWERS
@pytest.mark.parametrize("write", [renewing, taking_over, releasing, establishing, replacing, claiming_again])
def test_a_write_whose_answer_is_lost_is_recognised_as_done(
    faulty_storage: FaultyStorage,
    unreliable: LinkStore,
    store: LinkStore,
    integration_id: str,
    fault: dict[str, object],
    write: Callable[[LinkStore, str], dict[str, StoredLink | StoredClaim]],
) -> None:
    claimed(store, integration_id, "1")
    established(store, integration_id, a_link("2", 2))
    faulty_storage.fail(method="POST|PUT", **fault)

    written = write(unreliable, integration_id)

    assert any(request["fault"] for request in faulty_storage.requests())
    if write is releasing:
        assert store.load(integration_id, ["1"]) == {}
    found = store.load(integration_id, list(written))
    assert found | claims_in(found) == written


def test_each_change_counts_once_while_many_change_the_same_link(
    store: LinkStore, integration_id: str
) -> None:
    established(store, integration_id, a_link())
    start = threading.Barrier(6)

    def attempt(number: int) -> int:
        start.wait()
        done = 0
        for turn in range(10):
            found = (
                store.load(integration_id, ["6776"])["6776"]
                if turn % 2
                else store.by_work_item(integration_id, 42)
            )
            assert isinstance(found, StoredLink)
            try:
                store.replace(
                    integration_id,
                    [(found, replace(found.link, agreed_revision=found.link.agreed_revision + 1))],
                )
            except LinkChanged:
                continue
            done += 1
        return done

    with ThreadPoolExecutor(6) as threads:
        changes = sum(threads.map(attempt, range(6)))

    assert changes > 0
    # No reported change is lost, and none was made without being reported.
    assert_linked(store, integration_id, replace(a_link(), agreed_revision=3 + changes))
