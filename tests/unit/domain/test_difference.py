"""What a send and a notification would carry, told without doing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.difference import Difference, difference_of, without_work_item
from shared.domain.images import Images
from shared.domain.links import Base, Field, Link
from shared.domain.send_plan import Family
from shared.domain.work_item import WorkItem
from tests.unit.examples import NOON, a_link, a_record, a_work_item, an_attachment

ITEM = a_work_item()
LINK = a_link(a_record(), ITEM)
MAPPING = {"New": "Ready", "Active": "In development"}


def difference(link: Link = LINK, item: WorkItem = ITEM, **changes: Any) -> Difference:
    """With these changes made in Aha!."""
    record = a_record(**changes)
    shown = AhaRecord(
        record.id,
        record.reference,
        record.name or "",
        record.description or "",
        WorkflowStatus("55", "Ready"),
    )
    return difference_of(record, shown, link, item, Family(), MAPPING, Images(), NOON)


def edited(**fields: str) -> WorkItem:
    """The work item after an engineer's edit."""
    return a_work_item(revision=2, **fields)


def test_nothing_changed() -> None:
    assert difference() is Difference.NONE


@pytest.mark.parametrize(
    "change", [{"name": "Renamed"}, {"description": ""}, {"attachments": (an_attachment(),)}], ids=str
)
def test_aha_changed(change: dict[str, Any]) -> None:
    assert difference(**change) is Difference.AHA


@pytest.mark.parametrize(
    "fields", [{"title": "T"}, {"description": "<p>D</p>"}, {"state": "Active"}], ids=str
)
def test_azure_devops_changed(fields: dict[str, str]) -> None:
    assert difference(item=edited(**fields)) is Difference.AZURE_DEVOPS


def test_a_state_without_a_status_is_no_difference() -> None:
    assert difference(item=edited(state="Resolved")) is Difference.NONE


@pytest.mark.parametrize("fields", [{"title": "T"}, {"state": "Active"}], ids=str)
def test_both_changed(fields: dict[str, str]) -> None:
    assert difference(item=edited(**fields), name="Renamed") is Difference.BOTH


def test_both_changed_to_the_same() -> None:
    assert difference(item=edited(title="Renamed"), name="Renamed") is Difference.NONE


def test_texts_that_were_never_in_sync() -> None:
    by_hand = replace(LINK, base={name: Base("", ITEM.digest_of(name)) for name in Field})

    assert difference(by_hand) is Difference.NONE
    assert difference(by_hand, name="Another name") is Difference.BOTH


@pytest.mark.parametrize(
    ("link", "deleted", "difference"),
    [
        (None, (), Difference.NOT_SENT),
        (LINK, (12,), Difference.GONE),
        (LINK, (), Difference.UNREADABLE),
        (LINK, (13,), Difference.UNREADABLE),
    ],
    ids=["never sent", "in the recycle bin", "out of sight", "another one is in the recycle bin"],
)
def test_only_the_recycle_bin_tells_a_deleted_work_item_from_one_that_is_out_of_sight(
    link: Link | None, deleted: tuple[int, ...], difference: Difference
) -> None:
    assert without_work_item(link, deleted) is difference


def test_the_words_of_the_answer_stay() -> None:
    assert [one.value for one in Difference] == [
        "none",
        "aha",
        "azure_devops",
        "both",
        "not_sent",
        "gone",
        "unreadable",
    ]
