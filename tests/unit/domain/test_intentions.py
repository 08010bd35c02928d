"""How the app recognises its own writes after it died, or before it could record them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.aha_record import WorkflowStatus
from shared.domain.contents import contents_of_status, description_content, name_content, status_content
from shared.domain.images import Images
from shared.domain.intentions import (
    PENDING,
    AhaText,
    AhaTexts,
    Seen,
    Settled,
    fields_intended_for_aha,
    intended_revisions,
    is_being_replaced,
    settle,
    with_intentions,
    without_intentions_of,
)
from shared.domain.links import AttachedFile, Base, Field, Intention, Link, Side, digest
from shared.domain.work_item import WorkItem, description_digest
from tests.unit.examples import NOON, a_link, a_record, a_work_item

OLD = "<p>Shoppers look for colours.</p>"
NEW = "<p>New</p>"
LINK = a_link(a_record(), a_work_item(revision=7))
LATER = NOON + PENDING


def to_azure_devops(name: Field = Field.DESCRIPTION, text: str = NEW, **changes: Any) -> Intention:
    """A send's note that it is about to make revision 8, in which the field has this text."""
    is_name = name is Field.NAME
    note = Intention(
        field=name,
        side=Side.AZURE_DEVOPS,
        source=digest(text) if is_name else description_digest(text),
        written=name_content(text) if is_name else description_content(text, Images()),
        replaced=digest("Search by colour") if is_name else description_digest(OLD),
        revision=8,
        operation_id="op-send",
        noted_at=NOON,
    )
    return replace(note, **changes)


def to_aha(text: str = "Find colours", **changes: Any) -> Intention:
    """A notification's note that it is about to write this name, which revision 8 has, into Aha!."""
    note = Intention(
        field=Field.NAME,
        side=Side.AHA,
        source=digest(text),
        written=name_content(text),
        replaced=digest("Search by colour"),
        revision=8,
        operation_id="op-notification",
        noted_at=NOON,
    )
    return replace(note, **changes)


def in_aha(name: str = "Search by colour", description: str = OLD) -> dict[Field, AhaText]:
    """What Aha! says."""
    return {
        Field.NAME: AhaText(digest(name), frozenset((name_content(name),))),
        Field.DESCRIPTION: AhaText(
            description_digest(description), frozenset((description_content(description, Images()),))
        ),
    }


def settled(
    *intentions: Intention,
    item: WorkItem | None = None,
    earlier: Mapping[int, WorkItem] | None = None,
    aha: Mapping[Field, AhaText] | None = None,
    link: Link = LINK,
    is_current: bool = True,
    updated_at: datetime | None = None,
    operation_id: str = "op-looking",
    now: datetime = NOON,
    images: Images | None = None,
) -> Settled:
    """What another operation makes of these intentions: by default right away, with Aha! asked just now."""
    says = AhaTexts(in_aha() if aha is None else aha, updated_at, is_current)
    seen = Seen(item or a_work_item(revision=7), earlier or {}, says, images or Images(), operation_id, now)
    return settle(replace(link, intentions=intentions), seen)


def made(description: str = NEW, **changes: Any) -> WorkItem:
    """Revision 8 of the work item."""
    return a_work_item(**{"revision": 8, "description": description, **changes})


# A send's update of the work item.


def test_an_update_that_was_done_becomes_the_base() -> None:
    outcome = settled(to_azure_devops(), item=made())

    assert outcome.link.base[Field.DESCRIPTION] == Base(description_digest(NEW), description_digest(NEW))
    assert outcome.link.base[Field.NAME] == LINK.base[Field.NAME]
    assert outcome.link.intentions == ()
    assert outcome.recognised == {Field.DESCRIPTION}


@pytest.mark.parametrize(
    "cleaned_up",
    ["<div>New</div>", "<div><p>New</p></div>", "<p style='x'>New</p>\n", "New", "<p>New&nbsp;</p>"],
)
def test_an_update_is_recognised_although_azure_devops_cleaned_up_its_html(cleaned_up: str) -> None:
    outcome = settled(to_azure_devops(), item=made(cleaned_up))

    assert outcome.link.base[Field.DESCRIPTION] == Base(
        description_digest(NEW), description_digest(cleaned_up)
    )


def test_an_update_with_an_image_is_recognised_by_the_upload_on_the_work_item() -> None:
    upload = "https://dev.azure.com/fabrikam/_apis/wit/attachments/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    html = '<p>New</p><img src="https://fabrikam.aha.io/attachments/41/token/ab12.download">'
    account = Images("fabrikam.aha.io")
    intention = to_azure_devops(written=description_content(html, account))
    with_upload = account.with_files({"41": AttachedFile(upload, "colours.png", 2048)})

    outcome = settled(
        intention, item=made(f'<div>New</div><img src="{upload}?fileName=colours.png">'), images=with_upload
    )

    assert outcome.recognised == {Field.DESCRIPTION}


def test_an_update_that_was_done_before_an_engineers_change_becomes_the_base_and_the_change_stays_one() -> (
    None
):
    edited = a_work_item(revision=9, description="<p>By an engineer</p>")

    outcome = settled(to_azure_devops(), item=edited, earlier={8: made("<div>New</div>")})

    assert outcome.link.base[Field.DESCRIPTION] == Base(
        description_digest(NEW), description_digest("<div>New</div>")
    )
    assert outcome.link.base[Field.DESCRIPTION].azure_devops != edited.digest_of(Field.DESCRIPTION)


def test_an_update_that_an_engineer_undid_by_restoring_the_old_text_is_still_the_base() -> None:
    # A → B by the send → A by the engineer: the engineer's A is a change that goes to Aha!.
    undone = a_work_item(revision=9, description=OLD)

    outcome = settled(to_azure_devops(), item=undone, earlier={8: made()})

    assert outcome.link.base[Field.DESCRIPTION].azure_devops == description_digest(NEW)
    assert outcome.link.intentions == ()


@pytest.mark.parametrize(
    "by_an_engineer",
    [
        made("<p>By an engineer</p>"),
        made(OLD, title="By an engineer"),
        made(OLD, state="Active"),
    ],
    ids=["the same field", "another field", "the state"],
)
def test_an_update_whose_revision_an_engineer_made_was_not_done(by_an_engineer: WorkItem) -> None:
    outcome = settled(to_azure_devops(), item=by_an_engineer)

    assert outcome.link == LINK
    assert outcome.recognised == frozenset()


def test_an_engineers_revision_that_left_the_field_alone_is_not_taken_for_an_update_of_its_markup() -> None:
    # The new text shows the same words as the old one, so only the digest tells that the field did not change.
    bold = "<p><b>Shoppers</b> look for colours.</p>"

    assert settled(to_azure_devops(text=bold), item=made(OLD, state="Active")).link == LINK


def test_an_update_that_is_not_done_yet_may_still_happen() -> None:
    outcome = settled(to_azure_devops(), now=LATER - timedelta(seconds=1))

    assert outcome.link.intentions == (to_azure_devops(),)
    assert outcome.link.base == LINK.base


def test_an_update_that_did_not_happen_within_ten_minutes_is_forgotten() -> None:
    assert settled(to_azure_devops(), now=LATER).link == LINK


def test_an_update_that_was_done_is_recognised_however_late_somebody_looks() -> None:
    outcome = settled(to_azure_devops(), item=made(), now=NOON + timedelta(days=30))

    assert outcome.recognised == {Field.DESCRIPTION}


def test_each_field_of_an_update_is_settled_by_its_own_text() -> None:
    name = to_azure_devops(Field.NAME, "Find colours")

    outcome = settled(name, to_azure_devops(), item=made(title="Find colours"))

    assert outcome.recognised == {Field.NAME, Field.DESCRIPTION}
    assert outcome.link.base[Field.NAME] == Base(digest("Find colours"), digest("Find colours"))


def test_a_cut_title_is_recognised_and_the_base_has_the_whole_name_of_aha() -> None:
    name = to_azure_devops(Field.NAME, "x" * 300, written=name_content("x" * 254 + "…"))

    outcome = settled(name, item=made(OLD, title="x" * 254 + "…"))

    assert outcome.link.base[Field.NAME] == Base(digest("x" * 300), digest("x" * 254 + "…"))


def test_of_two_sends_that_intended_the_same_revision_the_one_that_made_it_is_recognised() -> None:
    loser = to_azure_devops(text="<p>Older payload</p>", operation_id="op-1")
    winner = to_azure_devops(operation_id="op-2")

    outcome = settled(loser, winner, item=made())

    assert outcome.link.base[Field.DESCRIPTION].aha == description_digest(NEW)
    assert outcome.link.intentions == ()


def test_several_updates_are_settled_in_the_order_of_their_revisions() -> None:
    second = to_azure_devops(
        text="<p>Newer</p>",
        revision=9,
        replaced=description_digest(NEW),
        noted_at=NOON + timedelta(minutes=1),
    )
    item = a_work_item(revision=9, description="<p>Newer</p>")

    outcome = settled(second, to_azure_devops(), item=item, earlier={8: made()})

    assert outcome.link.base[Field.DESCRIPTION].aha == description_digest("<p>Newer</p>")
    assert outcome.link.intentions == ()


def test_only_the_revisions_that_sends_intended_are_read() -> None:
    link = replace(
        LINK,
        intentions=(
            to_azure_devops(revision=5),
            to_azure_devops(Field.NAME, "Find colours", revision=5),
            to_azure_devops(revision=8),
            to_azure_devops(revision=10),
            to_aha(revision=6),
        ),
    )

    assert intended_revisions(link, a_work_item(revision=8)) == {5}
    assert intended_revisions(link, a_work_item(revision=11)) == {5, 8, 10}


def test_only_the_fields_that_notifications_intended_are_looked_at_in_aha() -> None:
    link = replace(LINK, intentions=(to_azure_devops(Field.DESCRIPTION), to_aha()))

    assert fields_intended_for_aha(link) == {Field.NAME}
    assert fields_intended_for_aha(LINK) == frozenset()


# A notification's write into Aha!.

WRITTEN = in_aha(name="Find colours")


def test_a_write_into_aha_that_was_done_becomes_the_base() -> None:
    outcome = settled(to_aha(), aha=WRITTEN, updated_at=NOON)

    assert outcome.link.base[Field.NAME] == Base(digest("Find colours"), digest("Find colours"), NOON)
    assert outcome.link.intentions == ()
    assert outcome.recognised == {Field.NAME}


def test_a_description_that_aha_cleaned_up_is_recognised() -> None:
    intention = to_aha(
        field=Field.DESCRIPTION,
        source=description_digest("<div>New</div>"),
        written=description_content("<div>New</div>", Images()),
        replaced=description_digest(OLD),
    )

    outcome = settled(intention, aha=in_aha(description="<p>New</p>"))

    assert outcome.link.base[Field.DESCRIPTION] == Base(
        description_digest("<p>New</p>"), description_digest("<div>New</div>")
    )


@pytest.mark.parametrize("mapped", ["In development", "in development", "56"])
def test_a_status_is_recognised_whether_it_was_written_by_name_or_by_id(mapped: str) -> None:
    status = WorkflowStatus("56", "In development")
    intention = to_aha(
        field=Field.STATE, source=digest("Active"), written=status_content(mapped), replaced=digest("55")
    )

    outcome = settled(intention, aha={Field.STATE: AhaText(digest("56"), contents_of_status(status))})

    assert outcome.link.base[Field.STATE] == Base(digest("56"), digest("Active"))


def test_a_write_into_aha_that_is_not_done_yet_may_still_happen() -> None:
    outcome = settled(to_aha(), now=LATER - timedelta(seconds=1))

    assert outcome.link.intentions == (to_aha(),)
    assert outcome.link.base == LINK.base


def test_a_write_into_aha_that_did_not_happen_within_ten_minutes_is_forgotten() -> None:
    assert settled(to_aha(), now=LATER).link == LINK


def test_a_payload_cannot_show_that_a_write_into_aha_did_not_happen() -> None:
    # The payload may have been made before the write.
    outcome = settled(to_aha(), is_current=False, now=NOON + timedelta(days=1))

    assert outcome.link.intentions == (to_aha(),)


def test_a_payload_that_shows_a_write_into_aha_settles_it() -> None:
    outcome = settled(to_aha(), aha=WRITTEN, is_current=False, updated_at=NOON)

    assert outcome.recognised == {Field.NAME}
    assert outcome.link.base[Field.NAME].received_as_of == NOON


def test_a_payload_without_a_time_leaves_the_known_one() -> None:
    link = replace(LINK, base={**LINK.base, Field.NAME: Base("a", "b", NOON)})

    outcome = settled(to_aha(), aha=WRITTEN, link=link, is_current=False)

    assert outcome.link.base[Field.NAME].received_as_of == NOON


def test_a_payload_without_the_field_settles_nothing() -> None:
    assert settled(to_aha(), aha={}, is_current=False).link.intentions == (to_aha(),)


def test_a_persons_later_text_is_not_taken_for_the_write() -> None:
    outcome = settled(to_aha(), aha=in_aha(name="By a manager"))

    assert outcome.link.base == LINK.base
    assert outcome.recognised == frozenset()


def test_the_text_that_was_to_be_replaced_is_not_taken_for_the_write() -> None:
    # The new description shows the same words as the old one.
    intention = to_aha(
        field=Field.DESCRIPTION,
        source=description_digest("<p><b>Shoppers</b> look for colours.</p>"),
        written=description_content(OLD, Images()),
        replaced=description_digest(OLD),
    )

    assert settled(intention, aha=in_aha(description=OLD)).recognised == frozenset()


def test_the_operations_own_write_into_aha_is_over() -> None:
    # It looks again because the link changed; meanwhile a person wrote over its text.
    outcome = settled(to_aha(), aha=in_aha(name="By a manager"), operation_id="op-notification")

    assert outcome.link == LINK


def test_an_engineer_who_goes_back_to_the_old_title_is_followed_although_a_notification_died() -> None:
    # A → B → A: Aha! has B by the notification of B. The base must be B, so that the second A counts as a change.
    item = a_work_item(revision=9, title="Search by colour")

    outcome = settled(to_aha(), item=item, aha=WRITTEN)

    base = outcome.link.base[Field.NAME]
    assert base.aha == digest("Find colours")
    assert base.azure_devops != item.digest_of(Field.NAME)


def test_of_two_notifications_the_one_whose_text_aha_shows_is_recognised_and_the_other_may_still_write() -> (
    None
):
    slow = to_aha(operation_id="op-1")
    fast = to_aha("Find by colour", revision=9, operation_id="op-2")

    outcome = settled(slow, fast, aha=in_aha(name="Find by colour"))

    assert outcome.link.base[Field.NAME].azure_devops == digest("Find by colour")
    assert outcome.link.intentions == (slow,)


def test_of_two_notifications_with_the_same_text_the_one_that_was_not_recorded_may_still_write() -> None:
    # The other one wrote the text and recorded it. If the slow one writes it once more later, it is no person's change.
    link = replace(LINK, base={**LINK.base, Field.NAME: Base(digest("Find colours"), digest("Find colours"))})

    outcome = settled(to_aha(operation_id="op-slow"), aha=WRITTEN, link=link)

    assert outcome.link.base == link.base
    assert [item.operation_id for item in outcome.link.intentions] == ["op-slow"]


def test_of_two_notifications_with_the_same_text_either_may_still_write() -> None:
    notes = (to_aha(operation_id="op-1"), to_aha(operation_id="op-2"))

    outcome = settled(*notes, aha=WRITTEN)

    assert outcome.link.base[Field.NAME].aha == digest("Find colours")
    assert outcome.link.intentions == notes
    assert settled(*notes, aha=WRITTEN, now=LATER).link.intentions == ()


@pytest.mark.parametrize(
    ("updated_at", "is_settled"),
    [(NOON - timedelta(seconds=1), False), (NOON, True), (NOON + timedelta(seconds=1), True), (None, True)],
)
@pytest.mark.parametrize(
    "link",
    [
        replace(LINK, sent_as_of=NOON),
        replace(LINK, base={**LINK.base, Field.NAME: Base(digest("Find"), digest("Find"), NOON)}),
    ],
    ids=["a newer payload was sent", "a notification wrote the field"],
)
def test_an_outdated_payload_settles_nothing(
    link: Link, updated_at: datetime | None, is_settled: bool
) -> None:
    # It shows what Aha! said before the base was recorded.
    outcome = settled(to_aha(), aha=WRITTEN, link=link, is_current=False, updated_at=updated_at)

    assert (outcome.recognised == {Field.NAME}) is is_settled
    assert (outcome.link.intentions == ()) is is_settled


def test_of_two_notifications_the_slow_one_that_wrote_last_is_recognised_so_that_its_text_is_written_over() -> (
    None
):
    slow = to_aha(operation_id="op-1")
    fast = to_aha("Find by colour", revision=9, operation_id="op-2")
    item = a_work_item(revision=9, title="Find by colour")

    outcome = settled(slow, fast, item=item, aha=WRITTEN)

    base = outcome.link.base[Field.NAME]
    assert base.aha == digest("Find colours")
    assert base.azure_devops != item.digest_of(Field.NAME)


def test_a_notification_that_carries_the_revision_of_a_send_is_settled_after_it() -> None:
    # The send made revision 8; Azure DevOps' clean-up of it was carried to Aha!.
    name = to_azure_devops(Field.NAME, "Find  colours")
    carried = to_aha(replaced=digest("Find  colours"))
    item = made(OLD, title="Find colours")

    outcome = settled(carried, name, item=item, aha=WRITTEN)

    assert outcome.link.base[Field.NAME] == Base(digest("Find colours"), digest("Find colours"))
    assert outcome.link.intentions == ()


def test_a_link_without_a_base_gets_one() -> None:
    outcome = settled(to_aha(), aha=WRITTEN, link=replace(LINK, base={}))

    assert outcome.link.base == {Field.NAME: Base(digest("Find colours"), digest("Find colours"))}


def test_a_link_without_intentions_is_not_changed() -> None:
    assert settled(item=made(), aha=WRITTEN) == Settled(LINK)


# Notes.


A_SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("intention", "is_replaced"),
    [
        (to_aha(), True),
        (to_aha(noted_at=NOON - PENDING + A_SECOND), True),
        (to_aha(noted_at=NOON - PENDING), False),
        (to_aha(replaced=digest("Something else")), False),
        (to_aha(field=Field.DESCRIPTION), False),
        (to_azure_devops(Field.NAME, "Find colours"), False),
    ],
)
def test_a_text_of_aha_is_being_replaced_while_a_notification_may_write_over_it(
    intention: Intention, is_replaced: bool
) -> None:
    link = with_intentions(LINK, [intention])

    assert is_being_replaced(link, Field.NAME, digest("Search by colour"), NOON, NOON) is is_replaced


@pytest.mark.parametrize(
    ("updated_at", "is_replaced"),
    [(NOON - A_SECOND, True), (NOON, False), (NOON + A_SECOND, False), (None, False)],
)
def test_a_text_that_is_older_than_the_one_to_be_replaced_is_being_replaced_too(
    updated_at: datetime | None, is_replaced: bool
) -> None:
    link = with_intentions(LINK, [to_aha(replaced_as_of=NOON)])

    assert is_being_replaced(link, Field.NAME, digest("Older"), updated_at, NOON) is is_replaced


def test_no_text_is_older_than_one_whose_time_is_not_known() -> None:
    link = with_intentions(LINK, [to_aha()])

    assert not is_being_replaced(link, Field.NAME, digest("Older"), NOON, NOON)


def test_a_link_keeps_its_newest_twenty_four_intentions() -> None:
    notes = [to_aha(revision=number) for number in range(30)]

    link = with_intentions(with_intentions(LINK, notes[:20]), notes[20:])

    assert link.intentions == tuple(notes[6:])


def test_an_operation_that_recorded_its_writes_takes_back_its_own_intentions_only() -> None:
    own = [to_azure_devops(), to_azure_devops(Field.NAME, "Find colours")]
    link = with_intentions(LINK, [own[0], to_aha(), own[1]])

    assert without_intentions_of(link, "op-send").intentions == (to_aha(),)
