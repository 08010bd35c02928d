"""Both directions together: whatever was edited where, both sides come to say the same, and then there is silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.links import Field
from shared.domain.titles import cut, one_line
from shared.domain.work_item import description_digest
from tests.unit.domain.two_sides import TwoSides

HTMLS = st.sampled_from(
    ["", "<p></p>", "<p>Colours</p>", "<div>Colours</div>", "<p>Colours </p>", "<p>Red</p>", "<ul><li>Red</li></ul>",
     "<p><br></p>", "<hr>", "Red &amp; green"]
)  # fmt: skip
NAMES = st.sampled_from(["Search by colour", "Search", "  Search\tby  colour ", "x" * 300, "", "😀" * 200])
TITLES = st.sampled_from(["Search by colour", "Search", "Find  it", "y" * 255])
STATES = st.sampled_from(["New", "Active", "Closed", "Removed"])

Step = Callable[[TwoSides], Any]

SENDS: st.SearchStrategy[Step] = st.just(TwoSides.send)
RECEIVES: st.SearchStrategy[Step] = st.just(TwoSides.receive)
EDITS_IN_AHA: st.SearchStrategy[Step] = st.builds(
    lambda name, html: lambda sides: sides.edit_in_aha(name=name, description=html),
    st.none() | NAMES,
    st.none() | HTMLS,
)
EDITS_IN_AZURE_DEVOPS: st.SearchStrategy[Step] = st.builds(
    lambda title, html, state: (
        lambda sides: sides.edit_in_azure_devops(title=title, description=html, state=state)
    ),
    st.none() | TITLES,
    st.none() | HTMLS,
    st.none() | STATES,
)
STORIES = st.lists(SENDS | RECEIVES | EDITS_IN_AHA | EDITS_IN_AZURE_DEVOPS, max_size=10)
CLEAN_UPS = st.functions(like=lambda html: html, returns=HTMLS, pure=True)


def told(story: list[Step], **sides: Any) -> TwoSides:
    """Both sides after a story, in which the feature was sent at least once."""
    both = TwoSides(**sides)
    both.send()
    for step in story:
        step(both)
    return both


def settle(sides: TwoSides) -> None:
    """Two rounds: a title that is made of the description follows a change of that only in the second."""
    for _ in range(2):
        sides.send()
        sides.receive()


@given(STORIES, CLEAN_UPS, CLEAN_UPS)
def test_nothing_ping_pongs_however_either_side_cleans_up(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)
    settle(sides)

    assert not sides.plan_send().writes
    assert not sides.plan_receive().writes


@given(STORIES, EDITS_IN_AHA, CLEAN_UPS, CLEAN_UPS)
def test_the_notification_of_what_a_send_wrote_writes_nothing_back(
    story: list[Step],
    edit: Step,
    aha_cleans: Callable[[str], str],
    azure_devops_cleans: Callable[[str], str],
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)
    settle(sides)
    edit(sides)
    sides.send()

    assert not sides.plan_receive().writes


@given(STORIES, EDITS_IN_AZURE_DEVOPS, CLEAN_UPS, CLEAN_UPS)
def test_the_event_of_what_a_notification_wrote_writes_nothing_back(
    story: list[Step],
    edit: Step,
    aha_cleans: Callable[[str], str],
    azure_devops_cleans: Callable[[str], str],
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)
    settle(sides)
    edit(sides)
    sides.receive()

    plan = sides.plan_send()
    assert plan.value_to_write(Field.DESCRIPTION) is None
    if sides.name.strip():
        # Without a name, the title is made of the description, and follows it.
        assert not plan.writes


@given(STORIES, CLEAN_UPS, CLEAN_UPS)
def test_a_second_send_and_a_second_notification_write_nothing(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)

    sides.send()
    assert not sides.send().writes
    sides.receive()
    again = sides.receive()
    assert again is not None
    assert not again.writes


@given(STORIES)
@example([lambda sides: sides.edit_in_aha(name="x" * 300)])
def test_both_sides_come_to_say_the_same(story: list[Step]) -> None:
    sides = told(story)
    settle(sides)

    assert sides.item is not None
    assert one_line(sides.item.title) == cut(one_line(sides.payload.title))
    assert description_digest(sides.item.description) == description_digest(sides.description)
    mapped = {"Active": "In development", "Closed": "Shipped"}
    assert sides.status == mapped.get(sides.item.state, sides.status)


@given(STORIES, st.integers(1, 4))
def test_a_notification_that_comes_often_is_worth_one(story: list[Step], times: int) -> None:
    once, often = told(story), told(story)

    once.receive()
    for _ in range(times):
        often.receive()

    assert (often.name, often.description, often.status) == (once.name, once.description, once.status)


@given(
    st.lists(EDITS_IN_AZURE_DEVOPS, min_size=1, max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_which_notifications_arrive_and_when_makes_no_difference(
    edits: list[Step], arrives: list[bool]
) -> None:
    patient, eager = told([]), told([])

    for edit, arrived in zip(edits, arrives, strict=False):
        edit(patient)
        edit(eager)
        if arrived:
            eager.receive()
    patient.receive()
    eager.receive()

    assert eager.name == patient.name
    assert description_digest(eager.description) == description_digest(patient.description)


@given(STORIES, CLEAN_UPS, CLEAN_UPS)
def test_a_revision_that_is_agreed_needs_no_look(
    story: list[Step], aha_cleans: Callable[[str], str], azure_devops_cleans: Callable[[str], str]
) -> None:
    sides = told(story, aha_cleans=aha_cleans, azure_devops_cleans=azure_devops_cleans)

    assert sides.link is not None
    assert sides.item is not None
    assert sides.link.agreed_revision <= sides.item.revision
    if sides.link.agreed_revision == sides.item.revision:
        assert not sides.plan_receive().writes


@given(STORIES)
def test_a_send_never_overwrites_an_edit_of_an_engineer_in_silence(story: list[Step]) -> None:
    sides = told(story)
    plan = sides.plan_send()

    assert sides.link is not None
    assert sides.item is not None
    for name in (Field.NAME, Field.DESCRIPTION):
        was_edited = sides.item.digest_of(name) != sides.link.base[name].azure_devops
        if was_edited and plan.value_to_write(name) is not None:
            assert name in plan.conflicts


def test_what_a_notification_wrote_is_no_news_to_the_event_that_aha_then_sends() -> None:
    def wraps(html: str) -> str:
        return f"<div class='aha'>{html}</div>"

    sides = told([], aha_cleans=wraps, azure_devops_cleans=lambda html: html.replace("<p>", "<p >"))
    sides.edit_in_azure_devops(title="Find colours", description="<p>New</p>", state="Active")
    received = sides.receive()

    assert received is not None
    assert received.written_fields == {Field.NAME, Field.DESCRIPTION, Field.STATE}
    assert not sides.send().writes
    assert sides.status == "In development"


def test_an_edit_in_aha_survives_a_change_that_azure_devops_made_first() -> None:
    # adamsandbits.com, 2018: edits in Aha! vanished when Azure DevOps changed first.
    sides = told([])
    sides.edit_in_azure_devops(description="<p>By an engineer</p>")
    sides.edit_in_aha(name="By a product manager")
    sides.receive()
    sides.send()

    assert sides.item is not None
    assert (sides.name, sides.item.title) == ("By a product manager", "By a product manager")
    assert (sides.description, sides.item.description) == ("<p>By an engineer</p>",) * 2


def test_a_late_payload_does_not_undo_what_came_after() -> None:
    sides = told([])
    late = sides.payload
    sides.edit_in_aha(name="Newer")
    sides.send()

    assert not sides.send(late).writes
    assert sides.item is not None
    assert sides.item.title == "Newer"
    assert sides.name == "Newer"
