"""The file of an exported integration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.transfer import (
    Exported,
    Header,
    end_line,
    inserts_of,
    is_same,
    read_header,
    read_integration_line,
    read_rows,
    row_line,
)
from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Base, Claim, Field, Link, RecordError, WrittenBack
from shared.errors import InvalidInput, Unavailable
from shared.storage.link_rows import claim_row, link_row, pointer_row, stored_link, stored_record
from shared.storage.rows import Row
from tests.storage.link_examples import a_claim, a_link

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TIMES = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2026, 1, 1), timezones=st.just(timezone.utc))
LINKS = st.builds(
    Link,
    kind=st.sampled_from(Kind),
    aha_id=TEXTS,
    reference=TEXTS,
    parent_aha_id=TEXTS,
    work_item_id=st.integers(1, 2**31 - 1),
    work_item_url=TEXTS,
    work_item_type=TEXTS,
    agreed_revision=st.integers(0, 2**31 - 1),
    name=TEXTS,
    base=st.dictionaries(st.sampled_from(Field), st.builds(Base, TEXTS, TEXTS, TIMES)),
    attachments=st.dictionaries(
        TEXTS, st.builds(AttachedFile, TEXTS, TEXTS, st.none() | st.integers(0, 2**40)), max_size=3
    ),
    parent_work_item_id=st.none() | st.integers(1, 2**31 - 1),
    requirement_ids=st.lists(TEXTS, max_size=3).map(tuple),
    sent_as_of=TIMES,
    sent_at=TIMES,
    received_at=TIMES,
    last_error=st.none()
    | st.builds(RecordError, TIMES.filter(lambda moment: moment is not None), TEXTS, TEXTS, TEXTS),
    written_back=st.none() | st.builds(WrittenBack, TEXTS, TEXTS),
)


def through_a_file(*rows: Row) -> list[Row]:
    """The rows, written as a file and read into the integration `there`."""
    lines = [*(row_line(row) for row in rows), end_line(len(rows))]
    return list(read_rows(iter(lines), "there"))


@given(LINKS)
def test_a_link_arrives_as_it_was(link: Link) -> None:
    (row,) = through_a_file(link_row("here", link))

    assert row.partition_key == "there"
    assert stored_link(row).link == link
    _, operations = inserts_of(row, "there")
    assert [one.row.row_key for one in operations] == [
        pointer_row("there", link).row_key,
        link_row("there", link).row_key,
    ]


def test_what_a_newer_version_has_noted_in_a_link_arrives_too() -> None:
    row = link_row("here", a_link(), {"colour": "green", "big": 2**40, "flag": False})

    (arrived,) = through_a_file(row)

    assert stored_link(arrived).unknown == {"colour": "green", "big": 2**40, "flag": False}
    assert is_same(arrived, replace(row, partition_key="there"))
    assert arrived.text("write_id") not in ("", row.text("write_id"))


def test_a_claim_arrives_as_it_was() -> None:
    (row,) = through_a_file(claim_row("here", a_claim()))

    stored = stored_record(row)
    assert getattr(stored, "claim", None) == a_claim()
    assert isinstance(a_claim(), Claim)
    assert len(inserts_of(row, "there")[1]) == 1


def test_a_time_arrives_as_a_time() -> None:
    moment = datetime(2026, 3, 4, 12, tzinfo=timezone(timedelta(hours=2)))

    (row,) = through_a_file(link_row("here", a_link(), {"seen": moment}))

    assert row.properties["seen"] == moment


def test_the_first_two_lines_say_what_it_is_and_hold_no_webhook_url() -> None:
    header = Header("web", "2026-03-04T12:00:00+00:00")
    body = {"name": "Web", "webhook_url": "https://app/secret", "created_at": "x", "updated_at": "y"}

    assert read_header(header.line()) == header
    assert json.loads(Exported(body, "9f").line()) == {
        "integration": {"name": "Web"},
        "webhook_generation": "9f",
    }
    assert read_integration_line(Exported(body, "9f").line()) == Exported({"name": "Web"}, "9f")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ('{"format": "something else"}', "not a file of"),
        ('{"format": "aha-azure-devops-integration", "version": 2}', "newer version"),
    ],
)
def test_another_file_is_refused(line: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_header(line)


LINE = row_line(link_row("here", a_link()))


def changed_line(**changes: object) -> str:
    return json.dumps({**json.loads(LINE), **changes})


def properties(**changes: object) -> dict[str, object]:
    return {**json.loads(LINE)["properties"], **changes}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([LINE], "cut off"),
        ([LINE, LINE[:40]], "Line 4 of the file is no JSON object"),
        ([LINE, end_line(2)], "Rows are missing"),
        ([LINE, end_line(1), LINE], "Rows are missing"),
        ([changed_line(row="w:0000000007"), end_line(1)], "of a kind that this version does not know"),
        ([changed_line(row="z:1"), end_line(1)], "of a kind that this version does not know"),
        ([changed_line(properties=properties(kind="epic")), end_line(1)], "damaged: ValueError"),
        ([changed_line(properties=properties(base_0="{")), end_line(1)], "damaged: JSONDecodeError"),
        ([changed_line(properties=properties(base_0=None)), end_line(1)], "a value that no row has"),
        ([changed_line(properties=None), end_line(1)], "has no row"),
    ],
)
def test_a_damaged_file_is_refused(lines: list[str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        list(read_rows(iter(lines), "there"))


def test_a_row_of_a_newer_version_is_refused() -> None:
    lines: Iterator[str] = iter([changed_line(properties=properties(schema=2)), end_line(1)])

    with pytest.raises(Unavailable, match="A newer version of this app wrote row w:0000000042"):
        list(read_rows(lines, "there"))
