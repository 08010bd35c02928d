"""Aha! records as they arrive."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.integration_fields import named_work_items
from shared.domain.kind import Kind
from shared.domain.records import Attachment, Record, read_feature
from shared.errors import InvalidRequest
from tests.unit.examples import deeply_nested, json_values

KEYS = st.sampled_from(
    ["event", "feature", "id", "reference_num", "name", "description", "body", "url", "requirements", "position",
     "attachments", "file_name", "download_url", "file_size", "content_type", "integration_fields", "service_name",
     "value", "updated_at"]
)  # fmt: skip

EVENT: dict[str, Any] = {
    "event": "create_feature",
    "feature": {
        "id": "6776487451",
        "reference_num": "PROD-2",
        "name": "Search by colour",
        "url": "https://fabrikam.aha.io/features/PROD-2",
        "position": 4,
        "workflow_status": {"id": "55", "name": "Ready", "complete": False},
        "description": {
            "id": "61",
            "body": "<p>Shoppers look for colours.</p>",
            "attachments": [
                {
                    "id": "41",
                    "download_url": "https://fabrikam.aha.io/attachments/41/token/K.download",
                    "file_name": "colours.png",
                    "file_size": 2048,
                    "content_type": "image/png",
                }
            ],
        },
        "attachments": [
            {
                "id": 42,
                "download_url": "https://fabrikam.aha.io/attachments/42/token/L",
                "file_name": "study.pdf",
            }
        ],
        "integration_fields": [],
        "requirements": [
            {"id": "72", "reference_num": "PROD-2-2", "name": "Green", "position": 2, "description": None},
            {
                "id": "71",
                "reference_num": "PROD-2-1",
                "name": "Red",
                "position": 1,
                "description": {"body": "", "attachments": []},
            },
        ],
    },
}


def a_feature(**feature: Any) -> dict[str, Any]:
    """The smallest payload, with what the test adds."""
    return {"feature": {"id": "1", **feature}}


def errors_of(body: Any) -> dict[str, str]:
    """What is wrong with a body, by pointer."""
    with pytest.raises(InvalidRequest) as caught:
        read_feature(body)
    return {error.pointer: error.detail for error in caught.value.errors}


def test_an_event_of_aha_is_read() -> None:
    feature = read_feature(EVENT)

    assert feature.record == Record(
        kind=Kind.FEATURE,
        id="6776487451",
        reference="PROD-2",
        name="Search by colour",
        description="<p>Shoppers look for colours.</p>",
        url="https://fabrikam.aha.io/features/PROD-2",
        attachments=(
            Attachment("42", "study.pdf", "https://fabrikam.aha.io/attachments/42/token/L", None, ""),
            Attachment(
                "41",
                "colours.png",
                "https://fabrikam.aha.io/attachments/41/token/K.download",
                2048,
                "image/png",
            ),
        ),
        integration_fields=(),
    )
    assert [item.reference for item in feature.requirements] == ["PROD-2-1", "PROD-2-2"]
    assert [item.description for item in feature.requirements] == ["", ""]
    assert [record.id for record in feature.records] == ["6776487451", "71", "72"]


def test_a_feature_without_its_event_is_read_the_same() -> None:
    assert read_feature({"feature": EVENT["feature"]}) == read_feature(EVENT)


def test_a_missing_value_is_none_and_an_empty_description_is_empty() -> None:
    without = read_feature(a_feature()).record
    emptied = read_feature(a_feature(name="", description={"body": None})).record

    assert (without.name, without.description) == (None, None)
    assert (emptied.name, emptied.description) == ("", "")
    assert emptied.title == "Untitled feature"


def test_a_description_may_be_plain_html() -> None:
    assert read_feature(a_feature(description="<p>x</p>")).record.description == "<p>x</p>"


def test_requirements_without_positions_keep_their_order() -> None:
    # Older events of aha-app/aha-services have no position.
    body = a_feature(requirements=[{"id": "9"}, {"id": "3"}, {"id": "5"}])

    assert [item.id for item in read_feature(body).requirements] == ["9", "3", "5"]


def test_a_record_that_appears_twice_is_taken_once() -> None:
    body = a_feature(requirements=[{"id": "7", "name": "first"}, {"id": 7, "name": "second"}])

    assert [item.name for item in read_feature(body).requirements] == ["first"]


def test_an_attachment_of_record_and_description_is_taken_once() -> None:
    # aha-app/aha-services sent only those of a requirement's description.
    picture = {"id": "41", "file_name": "a.png", "download_url": "https://fabrikam.aha.io/a"}
    other = {**picture, "id": "42"}
    body = a_feature(
        requirements=[
            {
                "id": "7",
                "attachments": [picture],
                "description": {"body": "x", "attachments": [picture, other]},
            }
        ]
    )

    (requirement,) = read_feature(body).requirements

    assert [item.id for item in requirement.attachments] == ["41", "42"]


@pytest.mark.parametrize(
    ("sent", "file_name"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.pdf", "plan.pdf"),
        ("  plan.pdf ", "plan.pdf"),
        ("", "attachment-5"),
        (None, "attachment-5"),
        ("folder/", "attachment-5"),
        ("план 字.png", "план 字.png"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
    ],
)
def test_a_file_name_is_the_last_part_of_a_path(sent: str | None, file_name: str) -> None:
    # aha-app/aha-services 1283219: the encoding of file names.
    body = a_feature(attachments=[{"id": "5", "file_name": sent, "download_url": "https://x.example/a"}])

    assert read_feature(body).record.attachments[0].file_name == file_name


@pytest.mark.parametrize(
    ("sent", "size"), [(5, 5), (0, 0), (None, None), ("5", None), (-1, None), (2.5, None)]
)
def test_a_size_that_is_not_a_number_of_bytes_is_unknown(sent: Any, size: int | None) -> None:
    # aha-app/aha-services ea979e1, ff94d01: wrong file sizes.
    body = a_feature(attachments=[{"id": "5", "file_size": sent, "download_url": "https://x.example/a"}])

    assert read_feature(body).record.attachments[0].size == size


@pytest.mark.parametrize(
    ("fields", "work_item_id"),
    [
        ([{"service_name": "tfs", "name": "id", "value": "12"}], 12),
        ([{"service_name": "vsts", "name": "id", "value": 12}], 12),
        (
            [
                {"service_name": "tfs", "name": "url", "value": "https://x"},
                {"service_name": "tfs", "name": "id", "value": " 12 "},
            ],
            12,
        ),
        ([{"service_name": "jira", "name": "id", "value": "12"}], None),
        ([{"service_name": "tfs", "name": "key", "value": "12"}], None),
        ([{"service_name": "tfs", "name": "id", "value": "0"}], None),
        ([{"service_name": "tfs", "name": "id", "value": "2147483648"}], None),
        ([{"service_name": "tfs", "name": "id", "value": "9" * 5000}], None),
        ([{"service_name": "tfs", "name": "id", "value": "١٢"}], None),
        ([{"service_name": "tfs", "name": "id", "value": True}], None),
        ([{"service_name": "tfs", "name": "id"}], None),
        ([None, "x", []], None),
        ({"service_name": "tfs"}, None),
        (None, None),
    ],
    ids=range(14),
)
def test_the_work_item_id_of_ahas_own_integration_is_read(fields: Any, work_item_id: int | None) -> None:
    # support.aha.io, article 360030992732: a second integration made the work item a second time.
    named = named_work_items(read_feature(a_feature(integration_fields=fields)).record.integration_fields)

    assert [item.id for item in named] == ([] if work_item_id is None else [work_item_id])


@pytest.mark.parametrize(
    ("sent", "url"),
    [
        ("https://fabrikam.aha.io/features/PROD-2", "https://fabrikam.aha.io/features/PROD-2"),
        ("javascript:alert(1)", ""),
        ("features/PROD-2", ""),
        ("https://", ""),
        ("http://[", ""),
        (None, ""),
    ],
)
def test_only_a_web_url_is_used_as_the_records_page(sent: Any, url: str) -> None:
    assert read_feature(a_feature(url=sent)).record.url == url


def test_all_errors_are_reported_together() -> None:
    body = {
        "event": "delete_feature",
        "feature": {
            "id": [],
            "name": 5,
            "description": {"body": 7},
            "attachments": [{"file_name": "a.png"}],
            "requirements": [{"name": "No id"}, "text"],
        },
    }

    assert set(errors_of(body)) == {
        "/event",
        "/feature/id",
        "/feature/name",
        "/feature/description/body",
        "/feature/attachments/0/id",
        "/feature/requirements/0/id",
        "/feature/requirements/1",
        "/feature/requirements/1/id",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (None, ""),
        ([], ""),
        ("feature", ""),
        ({}, "/feature"),
        ({"feature": None}, "/feature"),
        ({"event": "update_feature"}, "/feature"),
        ({"feature": []}, "/feature"),
        ({"feature": {}}, "/feature/id"),
        ({"feature": {"id": "1", "requirements": {}}}, "/feature/requirements"),
        ({"feature": {"id": "1", "requirements": [{"id": "1"}] * 5001}}, "/feature/requirements"),
        ({"feature": {"id": "1", "attachments": [{"id": "1"}] * 1001}}, "/feature/attachments"),
        ({"feature": {"id": "1\x00"}}, "/feature/id"),
    ],
)
def test_an_error_has_the_pointer_of_the_wrong_value(body: Any, pointer: str) -> None:
    assert pointer in errors_of(body)


@pytest.mark.parametrize("pasted", ["Pay\x0b by\x00 card", "Pay by card\ud83d"])
def test_control_characters_of_pasted_text_are_removed(pasted: str) -> None:
    feature = read_feature({"feature": {"id": "1", "name": pasted, "description": f"<p>{pasted}</p>"}})

    assert feature.record.name == "Pay by card"
    assert feature.record.description == "<p>Pay by card</p>"


def test_a_requirement_with_the_features_own_id_is_refused() -> None:
    # One of the two could never be sent: links and answers are kept by this id.
    assert list(errors_of(a_feature(requirements=[{"id": "2"}, {"id": 1}]))) == ["/feature/requirements/1/id"]


def read_or_refuse(body: Any) -> None:
    """Anything but InvalidRequest is a failure of the test."""
    with contextlib.suppress(InvalidRequest):
        feature = read_feature(body)
        assert all(record.id for record in feature.records)
        assert all(record.title for record in feature.records)


@given(json_values(KEYS))
@example({"feature": {"id": 10**300}})
@example({"feature": {"id": "1", "requirements": [{"id": "2", "position": 10**400}, {"id": "3"}]}})
@example({"feature": {"id": "1", "updated_at": "9999-12-31T23:59:59-23:59"}})
@example({"feature": {"id": "1", "updated_at": "0001-01-01T00:00:00+23:59"}})
def test_no_json_raises_another_error(body: Any) -> None:
    read_or_refuse(body)


A_RECORD = st.dictionaries(KEYS, json_values(KEYS, max_leaves=6), max_size=6)


@given(A_RECORD, st.lists(A_RECORD, max_size=3))
def test_no_feature_raises_another_error(feature: dict[str, Any], requirements: list[dict[str, Any]]) -> None:
    with_ids = [{**item, "id": str(number)} for number, item in enumerate(requirements)]
    read_or_refuse({"feature": {**feature, "id": "f", "requirements": with_ids}})


def test_a_deeply_nested_value_is_refused_or_ignored_like_any_other() -> None:
    nest = deeply_nested(100_000)
    keys = ("event", "name", "description", "url", "attachments", "requirements", "updated_at", "anything")
    for key in keys:
        read_or_refuse({"event": nest if key == "event" else None, "feature": {"id": "1", key: nest}})
    field = {"service_name": "tfs", "name": "id", "value": nest}

    assert (
        named_work_items(read_feature(a_feature(integration_fields=[field])).record.integration_fields) == ()
    )
