"""The answer to a write is believed if it shows what was written."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.effects import missing_effects
from shared.domain.links import AttachedFile
from shared.domain.send_plan import Family, RecordPlan
from shared.domain.work_item import ATTACHED_FILE, HYPERLINK, Relation, WorkItem
from tests.unit.examples import a_link, a_record, a_work_item, planned

BEFORE = a_work_item()
RENAMED = a_record(name="Find colours", description="<p>New</p>")
FILE = AttachedFile("https://dev.azure.com/fabrikam/_apis/wit/attachments/AA-1?fileName=a.png", "a.png", 5)
MARKER = Relation(HYPERLINK, "https://fabrikam.aha.io/features/PROD-2")


def update() -> RecordPlan:
    return planned(RENAMED, a_link(a_record(), BEFORE), BEFORE, Family())


def create() -> RecordPlan:
    return planned(RENAMED, None, None, Family())


def after(**changes: Any) -> WorkItem:
    return a_work_item(**{"revision": 2, "title": "Find colours", "description": "<p>New</p>", **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"description": "<div>New </div>"},
        {"description": "<p>Of an engineer, at the same moment</p>", "revision": 3},
        {"title": "Find colours!"},
    ],
    ids=["as written", "cleaned up", "changed once more", "a rule changed it"],
)
def test_an_update_that_shows_its_effect_is_believed(changes: dict[str, Any]) -> None:
    assert missing_effects(update(), {}, after(**changes)) == ()


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"title": BEFORE.title}, ("the new name",)),
        ({"description": BEFORE.description}, ("the new description",)),
        (
            {"title": BEFORE.title, "description": BEFORE.description, "revision": 1},
            ("the new name", "the new description"),
        ),
        ({"revision": 0}, ("a revision from 1 on",)),
        ({"id": 13}, ("work item 12",)),
    ],
    ids=["old title", "old description", "nothing happened", "an older revision", "another work item"],
)
def test_an_update_that_does_not_show_its_effect_is_not_believed(
    changes: dict[str, Any], missing: tuple[str, ...]
) -> None:
    assert missing_effects(update(), {}, after(**changes)) == missing


def test_an_update_that_changes_nothing_for_a_reader_may_keep_the_old_text() -> None:
    markup = a_record(description=f"<div>{a_record().description}</div>")
    plan = planned(markup, a_link(a_record(), BEFORE), BEFORE, Family())

    assert missing_effects(plan, {}, BEFORE) == ()


def test_a_create_has_to_show_the_fields() -> None:
    assert missing_effects(create(), {}, after(revision=1)) == ()
    assert missing_effects(create(), {}, after(revision=1, title="")) == ("the new name",)
    assert missing_effects(create(), {}, after(revision=1, title="", description="")) == (
        "the new name",
        "the new description",
    )


def test_an_answer_with_relations_has_to_show_the_attachments() -> None:
    attached = Relation(ATTACHED_FILE, "https://dev.azure.com/fabrikam/P/_apis/wit/attachments/aa-1")
    uploaded = {"41": FILE}

    assert missing_effects(update(), uploaded, after(relations=(MARKER, attached))) == ()
    assert missing_effects(update(), uploaded, after(relations=(MARKER,))) == ("the new attachments",)
    assert missing_effects(update(), uploaded, after()) == (), "the answer shows no relations at all"
