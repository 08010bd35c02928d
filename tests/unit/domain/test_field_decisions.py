"""Which texts of a payload are outdated, so that a send must not carry them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.contents import name_content
from shared.domain.field_decisions import is_older_payload, is_outdated_text
from shared.domain.intentions import PENDING
from shared.domain.links import Base, Field, Intention, Link, Side, digest
from shared.domain.records import Record
from shared.domain.send_plan import Family
from tests.unit.examples import NOON, a_link, a_record, a_work_item, planned

A_SECOND = timedelta(seconds=1)
BEFORE, AFTER = NOON - A_SECOND, NOON + A_SECOND

RECORD = a_record(updated_at=BEFORE)
LINK = a_link(RECORD, a_work_item())
RECEIVED = replace(LINK, base={**LINK.base, Field.NAME: Base(digest("Find"), digest("Find"), NOON)})
"""A notification wrote the name “Find” into Aha! at noon."""

NOTED = Intention(
    field=Field.NAME,
    side=Side.AHA,
    source=digest("Find"),
    written=name_content("Find"),
    replaced=digest("Search by colour"),
    revision=2,
    operation_id="op-notification",
    noted_at=NOON,
    replaced_as_of=NOON,
)
REPLACING = replace(
    LINK, intentions=(NOTED,), base={**LINK.base, Field.NAME: Base(digest("Idea"), digest("Idea"))}
)
"""A notification is about to overwrite the name “Search by colour”, which was never sent."""


def outdated(record: Record, link: Link | None) -> bool:
    """Whether the name of a payload is outdated at noon."""
    return is_outdated_text(record, link, Field.NAME, NOON)


def test_no_text_is_outdated_as_long_as_nothing_was_sent() -> None:
    assert not outdated(RECORD, None)
    assert not outdated(RECORD, LINK)


@pytest.mark.parametrize(
    ("updated_at", "sent_as_of", "is_old"),
    [
        (BEFORE, NOON, True),
        (NOON, NOON, False),
        (AFTER, NOON, False),
        (None, NOON, False),
        (BEFORE, None, False),
    ],
)
def test_a_payload_that_is_older_than_the_newest_one_sent_is_outdated_as_a_whole(
    updated_at: datetime | None, sent_as_of: datetime | None, is_old: bool
) -> None:
    record, link = replace(RECORD, updated_at=updated_at), replace(LINK, sent_as_of=sent_as_of)

    assert is_older_payload(record, link) is is_old
    assert outdated(record, link) is is_old


@pytest.mark.parametrize(
    ("name", "updated_at", "is_old"),
    [
        ("Search by colour", BEFORE, True),
        ("By a manager", BEFORE, True),
        ("By a manager", NOON, False),
        ("By a manager", AFTER, False),
        ("By a manager", None, False),
        ("Find", BEFORE, False),
    ],
)
def test_a_text_from_before_a_notification_wrote_the_field_is_outdated(
    name: str, updated_at: datetime | None, is_old: bool
) -> None:
    assert outdated(replace(RECORD, name=name, updated_at=updated_at), RECEIVED) is is_old


def test_a_send_of_an_outdated_text_does_not_undo_what_an_engineer_wrote() -> None:
    item = a_work_item(revision=2, title="Find")

    plan = planned(RECORD, RECEIVED, item, Family())

    assert plan.value_to_write(Field.NAME) is None
    assert plan.has_outdated_text


def test_a_text_that_a_notification_is_about_to_overwrite_is_outdated() -> None:
    assert outdated(replace(RECORD, updated_at=NOON), REPLACING)
    assert outdated(replace(RECORD, updated_at=AFTER), REPLACING)


def test_an_older_text_than_the_one_that_is_about_to_be_overwritten_is_outdated_too() -> None:
    # A product manager wrote “Idea 2”, then “Search by colour”. The payload of “Idea 2” comes late.
    assert outdated(replace(RECORD, name="Idea 2", updated_at=BEFORE), REPLACING)
    assert not outdated(replace(RECORD, name="Idea 2", updated_at=AFTER), REPLACING)


def test_a_text_that_a_notification_never_came_to_overwrite_is_not_outdated_for_ever() -> None:
    assert not is_outdated_text(RECORD, REPLACING, Field.NAME, NOON + PENDING)


def test_the_last_synced_text_is_not_outdated_by_what_is_about_to_replace_it() -> None:
    # It changes nothing: the three-way merge leaves the engineer's text alone.
    assert not outdated(RECORD, replace(LINK, intentions=(NOTED,)))


def test_only_the_field_that_was_overwritten_is_outdated() -> None:
    assert not is_outdated_text(RECORD, RECEIVED, Field.DESCRIPTION, NOON)
    assert not is_outdated_text(RECORD, REPLACING, Field.DESCRIPTION, NOON)
