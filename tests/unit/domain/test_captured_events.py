"""Features as Aha!'s events bring them."""

from __future__ import annotations

from datetime import datetime, timezone

from shared.domain.integration_fields import named_work_items
from shared.domain.records import read_feature
from tests.captures import answer, incoming


def test_a_new_feature_is_read_with_its_requirements() -> None:
    feature = read_feature(incoming("aha/events/create_feature"))

    record = feature.record
    assert (record.id, record.reference) == ("7489142925063719555", "PROD-2")
    assert record.name == "Search by colour"
    assert record.description == "<p>Shoppers look for <b>colours</b>.</p>"
    assert record.url == "https://fabrikam.aha.io/features/PROD-2"
    assert record.updated_at == datetime(2026, 4, 3, 10, 0, 0, 120_000, timezone.utc)
    assert named_work_items(record.integration_fields) == ()
    assert [(item.reference, item.name) for item in feature.requirements] == [("PROD-2-1", "Palette")]


def test_a_changed_feature_names_the_work_item_that_another_integration_made() -> None:
    feature = read_feature(incoming("aha/events/update_feature"))

    assert [item.id for item in named_work_items(feature.record.integration_fields)] == [1744]
    (file,) = feature.record.attachments
    assert (file.file_name, file.size, file.content_type) == ("palette.png", 2048, "image/png")
    assert feature.requirements == ()
    assert feature.lists_requirements


def test_an_event_of_older_style_is_read_without_what_it_lacks() -> None:
    feature = read_feature(incoming("aha/events/create_feature_older_style"))

    # These fields have no integration_id, and requirements no position.
    assert [item.id for item in named_work_items(feature.record.integration_fields)] == [1744]
    assert feature.record.attachments[0].size == 2048
    assert [item.reference for item in feature.requirements] == ["PROD-2-1"]


def test_requirements_come_by_position_and_one_without_a_name_is_named_by_its_description() -> None:
    feature = read_feature(answer("aha/feature").json())

    assert [item.reference for item in feature.requirements] == ["PROD-2-1", "PROD-2-2"]
    assert [item.title for item in feature.requirements] == ["Palette", "Swatches to choose from."]


def test_a_feature_without_requirements_lists_none() -> None:
    feature = read_feature(answer("aha/feature_without_requirements").json())

    assert feature.requirements == ()
    assert feature.record.description == ""


def test_the_size_of_a_purged_file_is_unknown() -> None:
    feature = read_feature(answer("aha/feature_with_a_purged_file").json())

    assert [file.size for file in feature.record.attachments] == [None]
