"""How a record stands, as the answer shows it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from shared.domain.difference import Difference
from shared.domain.kind import Kind
from shared.domain.links import RecordError
from shared.domain.records import Feature
from shared.domain.send_plan import Family
from shared.features.reading import FeatureInAha
from shared.features.sync_state import RecordSyncState, error_json
from tests.unit.examples import NOON, a_link, a_record, a_requirement, a_work_item

OLD_PAGE = "https://dev.azure.com/fabrikam/web/_workitems/edit/12"
LINK = a_link(
    a_record(),
    a_work_item(revision=4, page_url=OLD_PAGE),
    sent_at=NOON,
    received_at=datetime(2026, 3, 5, 8, 30, tzinfo=timezone.utc),
    last_error=RecordError(NOON, "aha_forbidden", "May not write.", "op-7"),
)


def test_a_record_that_was_never_sent_has_neither_work_item_nor_times() -> None:
    assert RecordSyncState(a_record(), Difference.NOT_SENT).to_json() == {
        "id": "6776487451",
        "reference_num": "PROD-2",
        "name": "Search by colour",
        "work_item": None,
        "difference": "not_sent",
        "last_sent_at": None,
        "last_received_at": None,
        "last_error": None,
    }


def test_a_work_item_is_shown_as_it_is_now() -> None:
    now = a_work_item(revision=6, type="Epic", state="Active", page_url="https://dev.azure.com/fabrikam/12")

    shown = RecordSyncState(a_record(), Difference.AZURE_DEVOPS, LINK, now).to_json()

    assert shown["work_item"] == {
        "id": 12,
        "url": "https://dev.azure.com/fabrikam/12",
        "type": "Epic",
        "state": "Active",
        "rev": 6,
    }
    assert (shown["last_sent_at"], shown["last_received_at"]) == (
        "2026-03-04T12:00:00.000Z",
        "2026-03-05T08:30:00.000Z",
    )
    assert shown["last_error"] == {
        "time": "2026-03-04T12:00:00.000Z",
        "code": "aha_forbidden",
        "detail": "May not write.",
        "operation_id": "op-7",
    }


def test_a_work_item_that_cannot_be_read_is_shown_as_the_link_knows_it() -> None:
    shown = RecordSyncState(a_record(), Difference.GONE, LINK).to_json()

    assert shown["difference"] == "gone"
    assert shown["work_item"] == {
        "id": 12,
        "url": OLD_PAGE,
        "type": "Feature",
        "state": None,
        "rev": 4,
    }


def test_the_page_of_the_link_stands_in_for_one_that_the_work_item_lacks() -> None:
    shown = RecordSyncState(a_record(), Difference.NONE, LINK, a_work_item(page_url="")).to_json()

    assert shown["work_item"]["url"] == OLD_PAGE


def test_a_record_without_an_error_shows_none() -> None:
    assert error_json(None) is None


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (Kind.FEATURE, Family(requirement_ids=("6776487452", "6776487453"))),
        (Kind.REQUIREMENT, Family("6776487451", 12)),
    ],
)
def test_a_requirement_belongs_below_its_feature_and_a_feature_above_its_requirements(
    kind: Kind, family: Family
) -> None:
    feature = Feature(a_record(), (a_requirement(), a_requirement(id="6776487453")))

    assert FeatureInAha(feature, {}).family_of(kind, 12) == family
