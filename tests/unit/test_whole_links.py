"""What a step does not decide about a link, a claim or a note, it carries. So a new field is not lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain import claims, receive_plan, send_plan, unfinished_sends
from shared.domain.agreed_revision import with_agreed_revision
from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.intentions import with_intentions, without_intentions_of
from shared.domain.kind import Kind
from shared.domain.links import Base, Claim, Field, Intention, Link, RecordError, Side, WrittenBack, digest
from shared.domain.present_description import agreed_about
from shared.domain.receive_plan import plan_receive
from shared.domain.send_plan import Family
from shared.domain.unfinished_sends import UnfinishedSend
from shared.storage.link_rows import StoredClaim, claim_row, link_row, stored_link, stored_record
from shared.storage.unfinished_sends import note_row, stored_note
from tests.unit.examples import (
    NOON,
    a_link,
    a_record,
    a_work_item,
    planned,
    sent_file,
)

RECORD, ITEM = a_record(), a_work_item()
INTENTION = Intention(Field.NAME, Side.AHA, "a", "b", "c", 1, "op-earlier", NOON, NOON)
LINK = replace(
    a_link(RECORD, ITEM),
    name="Search by colour",
    parent_aha_id="6776487450",
    refused_revision=1,
    intentions=(INTENTION,),
    attachments={"41": sent_file()},
    parent_work_item_id=11,
    requirement_ids=("R1",),
    unlinked_ids=("R2",),
    sent_as_of=NOON,
    sent_at=NOON + timedelta(seconds=1),
    received_at=NOON + timedelta(seconds=2),
    description_field="Microsoft.VSTS.TCM.ReproSteps",
    other_text=digest("other"),
    last_error=RecordError(NOON, "azure_devops_rule_violation", "No.", "op-earlier"),
    written_back=WrittenBack("71", "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/12"),
)
CLAIM = Claim(Kind.FEATURE, RECORD.id, "PROD-2", "op-earlier", NOON, {Field.NAME: "a"}, 12, True)
NOTE = UnfinishedSend(RECORD.id, "PROD-2", "op-earlier", 3, timedelta(minutes=9), True, ("6776487452",))


def lost(before: Any, after: Any, decided: Collection[str]) -> set[str]:
    """The fields that a step changed although it does not decide about them."""
    names = {field.name for field in fields(before)}
    assert names >= set(decided)
    return {name for name in names - set(decided) if getattr(before, name) != getattr(after, name)}


@pytest.mark.parametrize(
    "example", [LINK, CLAIM, NOTE, INTENTION, Base("a", "b", NOON)], ids=lambda one: type(one).__name__
)
def test_the_examples_of_this_file_have_a_value_of_their_own_in_every_field(example: Any) -> None:
    for field in fields(example):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        assert getattr(example, field.name) != default, field.name


def sent(link: Link) -> Link:
    plan = planned(RECORD, link, ITEM, Family("6776487450", 11, ("R1",)))
    return send_plan.link_after_send(plan, link, ITEM, {}, "op-now")


def received(link: Link) -> Link:
    record = AhaRecord(
        RECORD.id, "PROD-2", RECORD.name or "", RECORD.description or "", WorkflowStatus("1", "New")
    )
    plan = plan_receive(link, ITEM, record, {})
    return receive_plan.link_after_receive(
        plan, link, ITEM, record, operation_id="op-now", not_taken=frozenset()
    )


@pytest.mark.parametrize(
    ("step", "decided"),
    [
        (sent, {"base", "agreed_revision", "description_field", "other_text", "last_error"}),
        (
            received,
            {"base", "agreed_revision", "description_field", "other_text", "refused_revision", "last_error"},
        ),
        (lambda link: with_intentions(link, (replace(INTENTION, field=Field.STATE),)), {"intentions"}),
        (lambda link: without_intentions_of(link, "op-earlier"), {"intentions"}),
        (lambda link: agreed_about(link, ITEM), {"description_field", "other_text"}),
        (lambda link: with_agreed_revision(link, ITEM), {"agreed_revision"}),
        (lambda link: stored_link(link_row("web", link)).link, ()),
    ],
    ids=["send", "notification", "intentions", "no intentions", "description", "revision", "row"],
)
def test_a_link_keeps_what_a_step_does_not_decide(
    step: Callable[[Link], Link], decided: Collection[str]
) -> None:
    assert lost(LINK, step(LINK), decided) == set()


def claim_through_row(claim: Claim) -> Claim:
    stored = stored_record(claim_row("web", claim))
    assert isinstance(stored, StoredClaim)
    return stored.claim


@pytest.mark.parametrize(
    ("step", "decided"),
    [
        (lambda claim: claims.taken_over(claim, "op-now"), {"operation_id"}),
        (lambda claim: claims.renewed(claim, {}, NOON), {"began_at", "intended", "is_inherited"}),
        (claims.abandoned, {"operation_id"}),
        (claim_through_row, ()),
    ],
    ids=["taken over", "renewed", "abandoned", "row"],
)
def test_a_claim_keeps_what_a_step_does_not_decide(
    step: Callable[[Claim], Claim], decided: Collection[str]
) -> None:
    assert lost(CLAIM, step(CLAIM), decided) == set()


@pytest.mark.parametrize(
    ("step", "decided"),
    [
        (lambda note: unfinished_sends.taken(note, "op-now"), {"operation_id", "attempts", "wait"}),
        (unfinished_sends.after_progress, {"attempts", "wait"}),
        (lambda note: stored_note(note_row("web", note)).note, ()),
    ],
    ids=["taken", "brought forward", "row"],
)
def test_a_note_keeps_what_a_step_does_not_decide(
    step: Callable[[UnfinishedSend], UnfinishedSend], decided: Collection[str]
) -> None:
    assert lost(NOTE, step(NOTE), decided) == set()
