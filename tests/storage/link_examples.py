"""Links and claims as the tests of this folder use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Base, Claim, Field, Link
from shared.storage.links import LinkStore, StoredClaim, StoredLink

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=timezone.utc)


LOST_ANSWERS = pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut_body_after": 30}], ids=str)


def a_claim(aha_id: str = "6776", operation_id: str = "operation-1") -> Claim:
    return Claim(
        kind=Kind.REQUIREMENT,
        aha_id=aha_id,
        reference=f"FEAT-1-{aha_id}",
        operation_id=operation_id,
        claimed_at=NOON,
        began_at=NOON - timedelta(seconds=7),
        intended={Field.NAME: "a1", Field.DESCRIPTION: "a2"},
        work_item_id=41,
        is_inherited=True,
    )


def later(claims: Sequence[StoredClaim]) -> list[tuple[StoredClaim, Claim]]:
    moment = NOON + timedelta(seconds=30)
    return [(stored, replace(stored.claim, claimed_at=moment)) for stored in claims]


def a_link(aha_id: str = "6776", work_item_id: int = 42) -> Link:
    return Link(
        kind=Kind.REQUIREMENT,
        aha_id=aha_id,
        reference=f"FEAT-1-{aha_id}",
        parent_aha_id="6775",
        work_item_id=work_item_id,
        work_item_url=f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{work_item_id}",
        work_item_type="User Story",
        agreed_revision=3,
        base={Field.NAME: Base("a1", "b1"), Field.DESCRIPTION: Base("a2", "b2")},
        attachments={
            "98/1": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/1", "Bîld 😀.png", 17),
            "99": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/2", "b.txt", None),
        },
        parent_work_item_id=41,
        requirement_ids=("6777", "6778"),
        sent_as_of=NOON,
        received_as_of=NOON + timedelta(minutes=5),
    )


def claimed(store: LinkStore, integration_id: str, *aha_ids: str) -> list[StoredClaim]:
    found = store.claim(integration_id, [a_claim(aha_id) for aha_id in aha_ids])
    standing = [found[aha_id].standing for aha_id in aha_ids]
    assert all(found[aha_id].is_ours for aha_id in aha_ids)
    return [claim for claim in standing if isinstance(claim, StoredClaim)]


def established(store: LinkStore, integration_id: str, *links: Link) -> list[StoredLink]:
    claims = claimed(store, integration_id, *(link.aha_id for link in links))
    stored = store.establish(integration_id, list(zip(claims, links, strict=True)))
    return [stored[link.aha_id] for link in links]


def assert_both_rows_agree(store: LinkStore, integration_id: str, *links: Link) -> None:
    for link in links:
        by_record = store.load(integration_id, [link.aha_id])[link.aha_id]
        by_work_item = store.by_work_item(integration_id, link.work_item_id)
        assert isinstance(by_record, StoredLink)
        assert by_work_item is not None
        assert by_record.link == by_work_item.link == link
        assert by_record.version == by_work_item.version
