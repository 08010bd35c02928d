"""What of Aha! was looked at, and whether a changed feature differs from what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.auto_update import AhaProgress, after_features, after_requirements, differs
from shared.domain.images import Images
from shared.domain.intentions import with_intentions
from shared.domain.links import Base, Field, Link
from shared.domain.records import Feature, Record
from shared.domain.send_plan import Family
from tests.unit.examples import (
    NOON,
    a_link,
    a_record,
    a_requirement,
    a_work_item,
    an_attachment,
    planned,
    sent_file,
)

HOUR = timedelta(hours=1)
START = AhaProgress.from_moment(NOON)

FEATURE, REQUIREMENT = a_record(), a_requirement()
LINK = a_link(FEATURE, a_work_item(), requirement_ids=(REQUIREMENT.id,))
CHILD = a_link(REQUIREMENT, a_work_item(id=13), parent_aha_id=FEATURE.id)


def is_sent(
    feature: Record = FEATURE, *requirements: Record, links: tuple[Link, ...] = (LINK, CHILD)
) -> bool:
    """Whether the feature differs from what its links say."""
    shown = Feature(feature, requirements or (REQUIREMENT,))
    return differs(shown, {link.aha_id: link for link in links}, Images())


def test_features_are_looked_at_from_when_they_were_last_listed() -> None:
    progress = after_features(START, NOON + HOUR)

    assert progress.features_until == NOON + HOUR


def test_without_the_time_of_aha_the_same_period_is_looked_at_again() -> None:
    assert after_features(START, None) == START


def test_a_clock_of_aha_that_was_set_back_leaves_nothing_out() -> None:
    ahead = after_features(START, NOON + 24 * HOUR)

    assert after_features(ahead, NOON + HOUR).features_until == NOON + HOUR


def test_a_round_looks_for_what_changed_since_the_round_before_began() -> None:
    """Given a round over many features that takes two runs."""
    first = after_requirements(after_features(START, NOON + HOUR), 40, is_last=False)
    second = after_requirements(after_features(first, NOON + 2 * HOUR), 0, is_last=True)
    third = after_features(second, NOON + 3 * HOUR)

    assert (first.work_item_id, first.requirements_since) == (40, NOON)
    assert (second.work_item_id, second.requirements_since) == (0, NOON + HOUR)
    assert (third.requirements_since, third.round_began) == (NOON + HOUR, NOON + 3 * HOUR)


def test_what_was_agreed_is_not_sent() -> None:
    assert not is_sent()


def test_what_azure_devops_shows_otherwise_is_no_change_of_aha() -> None:
    """Given a title that was cut, and a description that Azure DevOps cleaned up."""
    base = {name: replace(known, azure_devops="another digest") for name, known in LINK.base.items()}

    assert not is_sent(links=(replace(LINK, base=base), CHILD))


@pytest.mark.parametrize(
    "feature",
    [
        replace(FEATURE, name="Named anew"),
        replace(FEATURE, description="<p>Anew.</p>"),
        replace(FEATURE, description=""),
        replace(FEATURE, attachments=(an_attachment(),)),
    ],
    ids=["name", "description", "cleared description", "file"],
)
def test_what_aha_shows_anew_is_sent(feature: Record) -> None:
    assert is_sent(feature)


def test_a_changed_requirement_is_sent() -> None:
    assert is_sent(FEATURE, replace(REQUIREMENT, name="Named anew"))


def test_a_new_requirement_is_sent() -> None:
    assert is_sent(FEATURE, REQUIREMENT, a_requirement(id="new"))


def test_a_requirement_that_came_from_another_feature_is_sent() -> None:
    assert is_sent(links=(LINK, replace(CHILD, parent_aha_id="another")))


def test_a_requirement_that_went_is_noted_by_a_send() -> None:
    assert differs(Feature(FEATURE, ()), {FEATURE.id: LINK}, Images())


def test_a_file_that_was_sent_is_not_sent_again() -> None:
    file = an_attachment()

    assert not is_sent(
        replace(FEATURE, attachments=(file,)),
        links=(replace(LINK, attachments={file.id: sent_file()}), CHILD),
    )


def test_an_unfinished_write_is_settled_by_a_send() -> None:
    send = planned(replace(FEATURE, name="Named anew"), LINK, a_work_item(), Family())
    noted = with_intentions(LINK, send.intentions("op", NOON))

    assert is_sent(links=(noted, CHILD))


def test_what_was_never_agreed_is_sent() -> None:
    never = {**LINK.base, Field.NAME: Base("", "something")}

    assert is_sent(links=(replace(LINK, base=never), CHILD))
