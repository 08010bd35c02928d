"""The hyperlink that every created work item carries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.integration import AhaTarget
from shared.domain.kind import Kind
from shared.domain.markers import MarkedRecord, marked_record, marker_of, reference_in
from shared.domain.records import Record
from shared.domain.work_item import Relation
from tests.unit.examples import a_record, a_requirement, an_integration

PUBLIC_URL = "https://app.example.com"


def test_a_marker_links_to_the_record_and_names_the_integration() -> None:
    marker = marker_of(a_record(), an_integration(), PUBLIC_URL)

    assert marker.relation() == {
        "rel": "Hyperlink",
        "url": "https://fabrikam.aha.io/features/PROD-2",
        "attributes": {"comment": "Sent from Aha! by integration fabrikam-web, feature 6776487451"},
    }


@pytest.mark.parametrize(
    ("record", "aha_url", "url"),
    [
        (a_record(url=""), "https://fabrikam.aha.io", "https://fabrikam.aha.io/features/PROD-2"),
        (a_requirement(url=""), "https://fabrikam.aha.io", "https://fabrikam.aha.io/requirements/PROD-2-1"),
        (
            a_record(url="", reference=""),
            "https://fabrikam.aha.io",
            "https://fabrikam.aha.io/features/6776487451",
        ),
        (a_record(url="", reference="A/B#1"), "https://a.example", "https://a.example/features/A%2FB%231"),
        (a_record(url=""), "", "https://app.example.com/api/console#PROD-2"),
    ],
)
def test_a_record_without_a_url_gets_one(record, aha_url, url) -> None:  # type: ignore[no-untyped-def]
    integration = an_integration(aha=AhaTarget(aha_url))

    assert marker_of(record, integration, PUBLIC_URL).url == url


def test_a_marker_is_recognized_even_if_azure_devops_changed_its_url() -> None:
    marker = marker_of(a_record(), an_integration(), PUBLIC_URL)
    as_kept = Relation(
        "Hyperlink", "https://FABRIKAM.aha.io/features/PROD-2/", {"comment": marker.comment, "id": 7}
    )

    assert marker.is_among([Relation("AttachedFile", "https://x"), as_kept])


@pytest.mark.parametrize(
    "other",
    [
        marker_of(a_record(id="67764874510"), an_integration(), PUBLIC_URL),
        marker_of(a_requirement(id="6776487451"), an_integration(), PUBLIC_URL),
        marker_of(a_record(), an_integration(integration_id="fabrikam-web-2"), PUBLIC_URL),
    ],
)
def test_another_record_kind_or_integration_has_another_marker(other) -> None:  # type: ignore[no-untyped-def]
    # aha-app/aha-services 5c86d0b: a link was looked up across integrations.
    marker = marker_of(a_record(), an_integration(), PUBLIC_URL)
    relation = Relation("Hyperlink", marker.url, {"comment": other.comment})

    assert not marker.is_among([relation])


def test_a_hyperlink_of_an_engineer_is_not_a_marker() -> None:
    marker = marker_of(a_record(), an_integration(), PUBLIC_URL)

    assert not marker.is_among([Relation("Hyperlink", marker.url), Relation("ArtifactLink", marker.url, {})])


def test_a_marker_stays_the_same_when_the_record_is_renamed() -> None:
    before = marker_of(a_record(), an_integration(), PUBLIC_URL)
    after = marker_of(
        replace(a_record(), name="Other", reference="NEW-9", url=""), an_integration(), "https://b"
    )

    assert before.comment == after.comment


@pytest.mark.parametrize("record", [a_record(), a_requirement(id="6776487451")])
def test_a_marker_is_read_as_the_record_that_it_names(record: Record) -> None:
    marker = marker_of(record, an_integration(), PUBLIC_URL)

    read = marked_record("Hyperlink", marker.comment)

    assert read == MarkedRecord(an_integration().integration_id, record.kind, record.id)
    assert marked_record("ArtifactLink", marker.comment) is None


@pytest.mark.parametrize(
    "comment", [None, 7, "", "See also", "Sent from Aha! by integration web, feature 1 and more"]
)
def test_another_comment_is_no_marker(comment: object) -> None:
    assert marked_record("Hyperlink", comment) is None


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        ("https://fabrikam.aha.io/features/PROD-2", "PROD-2"),
        ("https://fabrikam.aha.io/requirements/PROD-2-1", "PROD-2-1"),
        ("https://app.example.com/api/console#PROD-2", "PROD-2"),
        ("https://fabrikam.aha.io/features/PROD%2D2", "PROD-2"),
        ("https://fabrikam.aha.io/features/6776487451", ""),
        ("https://fabrikam.aha.io/", ""),
        ("https://[", ""),
        ("javascript:alert(1)", ""),
        ("https://fabrikam.aha.io/features/" + "A-" * 40 + "1", ""),
    ],
)
def test_the_reference_that_a_markers_address_shows(url: str, reference: str) -> None:
    assert reference_in(url) == reference


@given(
    st.sampled_from(["PROD-2", "A1-10-3", "X-1"]),
    st.sampled_from(["", "https://fabrikam.aha.io"]),
    st.sampled_from(list(Kind)),
)
def test_a_reference_survives_its_way_through_a_marker(reference: str, aha_url: str, kind: Kind) -> None:
    integration = an_integration(aha=AhaTarget(aha_url))

    marker = marker_of(
        a_record(kind=kind, reference=reference, url=""), integration, "https://app.example.com"
    )

    assert reference_in(marker.url) == reference
