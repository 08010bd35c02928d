"""Links and claims as the tests of this folder use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Base, Claim, Field, Intention, Link, Side, WrittenBack
from shared.storage.keys import escape_key
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from shared.storage.rows import Row
from shared.storage.tables import Tables

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=timezone.utc)


LOST_ANSWERS = pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut_body_after": 30}], ids=str)


def a_claim(aha_id: str = "6776", operation_id: str = "operation-1") -> Claim:
    return Claim(
        kind=Kind.REQUIREMENT,
        aha_id=aha_id,
        reference=f"FEAT-1-{aha_id}",
        operation_id=operation_id,
        began_at=NOON - timedelta(seconds=7),
        intended={Field.NAME: "a1", Field.DESCRIPTION: "a2"},
        work_item_id=41,
        is_inherited=True,
    )


def later(claims: Sequence[StoredClaim]) -> list[tuple[StoredClaim, Claim]]:
    """The same claims, each for a create that begins half a minute later."""
    moment = NOON + timedelta(seconds=30)
    return [(stored, replace(stored.claim, began_at=moment)) for stored in claims]


def a_link(aha_id: str = "6776", work_item_id: int = 42) -> Link:
    return Link(
        kind=Kind.REQUIREMENT,
        aha_id=aha_id,
        reference=f"FEAT-1-{aha_id}",
        name="Sign in with a passkey 😀",
        parent_aha_id="6775",
        work_item_id=work_item_id,
        work_item_url=f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{work_item_id}",
        work_item_type="User Story",
        agreed_revision=3,
        base={Field.NAME: Base("a1", "b1"), Field.DESCRIPTION: Base("a2", "b2", NOON + timedelta(minutes=5))},
        intentions=(an_intention(),),
        attachments={
            "98/1": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/1", "Bîld 😀.png", 17),
            "99": AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/2", "b.txt", None),
        },
        parent_work_item_id=41,
        requirement_ids=("6777", "6778"),
        sent_as_of=NOON,
        sent_at=NOON + timedelta(minutes=6),
        received_at=NOON + timedelta(minutes=7),
        written_back=WrittenBack(
            "71", f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{work_item_id}"
        ),
    )


def an_intention() -> Intention:
    return Intention(
        field=Field.DESCRIPTION,
        side=Side.AZURE_DEVOPS,
        source="a3",
        written="w3",
        replaced="b2",
        revision=4,
        operation_id="operation-1",
        noted_at=NOON,
    )


def claimed(store: LinkStore, integration_id: str, *aha_ids: str) -> list[StoredClaim]:
    found = store.claim(integration_id, [a_claim(aha_id) for aha_id in aha_ids])
    return [found[aha_id] for aha_id in aha_ids]


def taken_over(store: LinkStore, integration_id: str, stored: StoredClaim, claim: Claim) -> StoredClaim:
    """The claim after another sender replaced it by this one."""
    return store.renew(integration_id, [(stored, claim)])[claim.aha_id]


def established(store: LinkStore, integration_id: str, *links: Link) -> list[StoredLink]:
    claims = claimed(store, integration_id, *(link.aha_id for link in links))
    stored = store.establish(integration_id, list(zip(claims, links, strict=True)))
    return [stored[link.aha_id] for link in links]


def claims_in(found: Mapping[str, object]) -> dict[str, StoredClaim]:
    """The claims among what was read, as they were written: without the age that they have now."""
    return {
        aha_id: replace(stored, age=timedelta())
        for aha_id, stored in found.items()
        if isinstance(stored, StoredClaim)
    }


def stored_row(tables: Tables, integration_id: str, row_key: str) -> Row | None:
    return tables.links.get(escape_key(integration_id), row_key)


def assert_linked(store: LinkStore, integration_id: str, *links: Link) -> None:
    """Each link is found by its record and by its work item."""
    for link in links:
        by_record = store.load(integration_id, [link.aha_id])[link.aha_id]
        by_work_item = store.by_work_item(integration_id, link.work_item_id)
        assert isinstance(by_record, StoredLink)
        assert by_record.link == link
        assert by_record == by_work_item
