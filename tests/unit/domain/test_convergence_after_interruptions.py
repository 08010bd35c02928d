"""Sends and notifications that die, overlap or write late: no edit of a person gives way to an older text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.contents import description_content, name_content
from shared.domain.images import Images
from shared.domain.links import Field
from tests.unit.domain.interrupted_sides import InterruptedSides, Point, Running
from tests.unit.domain.two_sides import as_it_is

Step = Callable[[InterruptedSides], Any]


def wraps_in_div(html: str) -> str:
    """As Azure DevOps' editor does."""
    return html if html.startswith("<div>") else f"<div>{html}</div>"


def drops_attributes(html: str) -> str:
    """As both systems do with what they do not know."""
    return re.sub(r"<(\w+)\s[^>]*>", r"<\1>", html)


def writes_paragraphs(html: str) -> str:
    """As Aha!'s editor does."""
    return drops_attributes(html).replace("<div>", "<p>").replace("</div>", "</p>") + "\n"


CLEAN_UPS = st.sampled_from([as_it_is, wraps_in_div, drops_attributes, writes_paragraphs])


def texts_of(person: str) -> st.SearchStrategy[str]:
    """The texts of one person, who may go back to an earlier one. Nobody writes another person's text by chance."""
    return st.integers(1, 4).map(lambda number: f"{person} {number}")


def htmls_of(person: str) -> st.SearchStrategy[str]:
    """The same as descriptions."""
    return texts_of(person).map(lambda text: f"<p class='x'>{text}</p>")


EDITS_IN_AHA: st.SearchStrategy[Step] = st.builds(
    lambda name, html: lambda sides: sides.person_edits_aha(name=name, description=html),
    st.none() | texts_of("manager"),
    st.none() | htmls_of("manager"),
)
EDITS_IN_AZURE_DEVOPS: st.SearchStrategy[Step] = st.builds(
    lambda title, html, state: (
        lambda sides: sides.person_edits_azure_devops(title=title, description=html, state=state)
    ),
    st.none() | texts_of("engineer"),
    st.none() | htmls_of("engineer"),
    st.none() | st.sampled_from(["New", "Active", "Closed"]),
)


def begins_send(age: int) -> Callable[[InterruptedSides], Running]:
    """A send of the record as it was `age` changes ago."""
    return lambda sides: sides.begin_send(sides.payloads[max(0, len(sides.payloads) - 1 - age)])


BEGINNINGS = st.integers(0, 2).map(begins_send) | st.just(InterruptedSides.begin_receive)
POINTS = st.sampled_from(Point)
COMPLETE: st.SearchStrategy[Step] = st.builds(lambda begin: lambda sides: sides.run(begin(sides)), BEGINNINGS)
DYING: st.SearchStrategy[Step] = st.builds(
    lambda begin, point: lambda sides: sides.die(begin(sides), point), BEGINNINGS, POINTS
)
PAUSED: st.SearchStrategy[Step] = st.builds(
    lambda begin, point: lambda sides: sides.pause(begin(sides), point), BEGINNINGS, POINTS
)
LATE: st.SearchStrategy[Step] = st.builds(lambda begin: lambda sides: sides.delay(begin(sides)), BEGINNINGS)
GOES_ON: st.SearchStrategy[Step] = st.builds(
    lambda number: lambda sides: sides.resume(number), st.integers(0, 3)
)
LANDS: st.SearchStrategy[Step] = st.builds(lambda number: lambda sides: sides.land(number), st.integers(0, 3))
TIME: st.SearchStrategy[Step] = st.builds(
    lambda minutes: lambda sides: sides.pass_time(timedelta(minutes=minutes)), st.sampled_from([1, 4, 11])
)
OPERATIONS = COMPLETE | DYING | PAUSED | LATE | GOES_ON | LANDS | TIME


def told(story: list[Step], **sides: Any) -> InterruptedSides:
    """Both sides after a story, at rest."""
    both = InterruptedSides(**sides)
    for step in story:
        step(both)
    both.come_to_rest()
    return both


def contents(sides: InterruptedSides, name: Field) -> tuple[str, str]:
    """What a reader sees of a field in Aha! and in Azure DevOps."""
    assert sides.item is not None
    if name is Field.NAME:
        return name_content(sides.name), name_content(sides.item.title)
    return (
        description_content(sides.description, Images()),
        description_content(sides.item.description, Images()),
    )


INITIAL = {
    Field.NAME: name_content("Search by colour"),
    Field.DESCRIPTION: description_content("<p>Colours</p>", Images()),
}


@given(st.lists(OPERATIONS | EDITS_IN_AHA | EDITS_IN_AZURE_DEVOPS, max_size=12), CLEAN_UPS, CLEAN_UPS)
@settings(max_examples=400)
def test_both_sides_come_to_say_what_one_of_the_persons_wrote_last(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)

    for name, initial in INITIAL.items():
        in_aha, in_azure_devops = contents(sides, name)
        assert in_aha == in_azure_devops
        # A conflict says that one text gave way. Nobody can see that a late write overwrites a newer text in Aha!.
        if name not in sides.overwritten_unseen and name not in sides.conflicts:
            last = {text for (_, field), text in sides.last_edits.items() if field is name}
            assert in_aha in (last or {initial})


@given(st.lists(OPERATIONS | EDITS_IN_AHA, max_size=12), CLEAN_UPS, CLEAN_UPS)
@settings(max_examples=200)
def test_a_product_manager_who_edits_alone_is_followed_without_a_conflict(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)

    for name, initial in INITIAL.items():
        assert contents(sides, name) == (sides.last_edits.get(("aha", name), initial),) * 2
    assert sides.conflicts == []


@given(st.lists(OPERATIONS | EDITS_IN_AZURE_DEVOPS, max_size=12), CLEAN_UPS, CLEAN_UPS)
@settings(max_examples=200)
def test_an_engineer_who_edits_alone_is_followed_without_a_conflict(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)

    for name, initial in INITIAL.items():
        assert contents(sides, name) == (sides.last_edits.get(("azure_devops", name), initial),) * 2
    assert sides.conflicts == []
    assert sides.item is not None
    mapped = {"New": sides.status, "Active": "In development", "Closed": "Shipped"}
    assert sides.status == mapped[sides.item.state]


@given(st.lists(OPERATIONS | EDITS_IN_AHA | EDITS_IN_AZURE_DEVOPS, max_size=12), CLEAN_UPS, CLEAN_UPS)
@settings(max_examples=200)
def test_once_at_rest_nothing_is_written_any_more(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)

    assert not sides.plan_send().writes
    assert not sides.plan_receive().writes
    assert sides.link is not None
    assert sides.link.intentions == ()


@given(st.lists(OPERATIONS | EDITS_IN_AHA | EDITS_IN_AZURE_DEVOPS, max_size=12), CLEAN_UPS, CLEAN_UPS)
@settings(max_examples=200)
def test_a_notification_of_an_agreed_revision_needs_no_look(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = InterruptedSides(aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)
    for step in story:
        step(sides)
    sides.end_operations()

    assert sides.link is not None
    assert sides.item is not None
    if sides.link.agreed_revision == sides.item.revision and not sides.link.intentions:
        assert not sides.plan_receive().writes


def test_a_revision_that_a_late_write_undid_in_aha_is_not_agreed() -> None:
    sides = InterruptedSides()
    sides.person_edits_azure_devops(title="engineer 1")
    sides.delay(sides.begin_receive())
    sides.person_edits_azure_devops(title="engineer 2")
    sides.run(sides.begin_receive())
    sides.land(0)

    sides.run(sides.begin_send())

    assert (sides.name, max(sides.revisions)) == ("engineer 1", 3)
    assert sides.link is not None
    assert sides.link.agreed_revision < 3


def test_a_late_write_of_a_notification_does_not_undo_what_the_engineer_wrote_since() -> None:
    sides = InterruptedSides()
    sides.person_edits_azure_devops(title="engineer 1")
    sides.delay(sides.begin_receive())
    sides.run(sides.begin_receive())
    sides.person_edits_azure_devops(title="engineer 2")
    sides.run(sides.begin_receive())

    sides.come_to_rest()

    assert sides.item is not None
    assert (sides.name, sides.item.title) == ("engineer 2", "engineer 2")


def test_a_late_write_of_one_of_two_equal_notifications_does_not_undo_it_either() -> None:
    sides = InterruptedSides()
    sides.person_edits_azure_devops(title="engineer 1")
    sides.delay(sides.begin_receive())
    sides.pause(sides.begin_receive(), Point.WRITTEN)
    sides.run(sides.begin_receive())
    sides.person_edits_azure_devops(title="engineer 2")

    sides.come_to_rest()

    assert sides.item is not None
    assert (sides.name, sides.item.title) == ("engineer 2", "engineer 2")


def test_an_outdated_payload_does_not_settle_a_late_write() -> None:
    sides = InterruptedSides()
    sides.person_edits_azure_devops(title="engineer 1")
    sides.pause(sides.begin_receive(), Point.NOTED)
    sides.run(sides.begin_receive())
    outdated = sides.payload
    sides.person_edits_azure_devops(title="engineer 2")
    sides.run(sides.begin_receive())
    sides.run(sides.begin_send(outdated))
    sides.run(sides.begin_receive())

    sides.come_to_rest()

    assert sides.item is not None
    assert (sides.name, sides.item.title) == ("engineer 2", "engineer 2")


def test_a_slow_send_of_an_old_payload_does_not_win_over_both_persons() -> None:
    sides = InterruptedSides()
    sides.person_edits_aha(name="manager 1")
    sides.person_edits_azure_devops(title="engineer 1")
    sides.pause(sides.begin_send(), Point.LOOKED)
    sides.person_edits_aha(name="manager 2")
    sides.delay(sides.begin_receive())

    sides.come_to_rest()

    assert sides.item is not None
    assert (sides.name, sides.item.title) == ("engineer 1", "engineer 1")


def test_a_late_payload_does_not_undo_what_a_notification_wrote_over_a_newer_one() -> None:
    sides = InterruptedSides()
    sides.person_edits_aha(name="manager 1")
    late = sides.payload
    sides.person_edits_aha(name="manager 2")
    sides.person_edits_azure_devops(title="engineer 1")
    sides.run(sides.begin_receive())

    sides.run(sides.begin_send(late))

    assert sides.item is not None
    assert (sides.name, sides.item.title) == ("engineer 1", "engineer 1")


@pytest.mark.parametrize("azure_devops_cleans", [as_it_is, wraps_in_div, drops_attributes, writes_paragraphs])
def test_the_notification_of_an_update_whose_send_died_writes_nothing_back(
    azure_devops_cleans: Callable[[str], str],
) -> None:
    sides = InterruptedSides(azure_devops_cleans=azure_devops_cleans)
    sides.person_edits_aha(description="<p class='x'>manager 1</p>")
    sides.die(sides.begin_send(), Point.WRITTEN)

    sides.run(sides.begin_receive())

    assert sides.description == "<p class='x'>manager 1</p>"
    assert len(sides.payloads) == 2, "nothing but the person wrote into Aha!"


def test_the_notification_of_an_update_that_is_not_recorded_yet_writes_nothing_back() -> None:
    sides = InterruptedSides(azure_devops_cleans=wraps_in_div)
    sides.person_edits_aha(description="<p>manager 1</p>")
    sides.pause(sides.begin_send(), Point.WRITTEN)

    sides.run(sides.begin_receive())
    sides.resume(0)

    assert len(sides.payloads) == 2
    assert sides.conflicts == []


def test_the_event_of_a_write_whose_notification_died_writes_nothing_back() -> None:
    sides = InterruptedSides(aha_cleans=writes_paragraphs)
    sides.person_edits_azure_devops(title="engineer 1", description="<div>engineer 1</div>", state="Active")
    sides.die(sides.begin_receive(), Point.WRITTEN)

    sides.run(sides.begin_send())

    assert max(sides.revisions) == 2
    assert sides.conflicts == []
