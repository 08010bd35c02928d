"""Which record is unlinked, and what belongs to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.integration_fields import IntegrationField
from shared.domain.links import WrittenBack
from shared.domain.references import read_record_name
from shared.domain.unlink_rules import (
    fields_of_family,
    id_named,
    is_requirement_of,
    link_back_fields,
    with_unlinked_requirement,
)
from shared.errors import InvalidRequest
from tests.unit.examples import a_link, a_record, a_requirement, a_work_item

FEATURE = a_link(a_record(), a_work_item(id=174))
REQUIREMENT = a_link(a_requirement(), a_work_item(id=175), parent_aha_id="6776487451")


def field(ident: str, integration: str, value: str = "174", service: str = "vendor") -> IntegrationField:
    return IntegrationField(ident, "id", value, integration, service)


@pytest.mark.parametrize(
    ("name", "found", "aha_id"),
    [
        ("6776487452", [], "6776487452"),
        ("PROD-2-1", ["6776487452"], "6776487452"),
        ("PROD-2-1", [], None),
    ],
)
def test_a_name_stands_for_the_linked_record_that_has_it(
    name: str, found: list[str], aha_id: str | None
) -> None:
    assert id_named(read_record_name(name), found) == aha_id


def test_a_reference_of_two_linked_records_stands_for_neither() -> None:
    with pytest.raises(InvalidRequest) as caught:
        id_named(read_record_name("PROD-2-1"), ["72", "71"])

    (error,) = caught.value.errors
    assert error.pointer == "/reference"
    assert "several linked records when they were last sent: 71, 72. Name one by its Aha! id" in error.detail


def test_the_requirements_of_a_feature_are_unlinked_with_it() -> None:
    assert is_requirement_of(REQUIREMENT, FEATURE)


def test_a_requirement_that_moved_to_another_feature_stays() -> None:
    assert not is_requirement_of(replace(REQUIREMENT, parent_aha_id="999"), FEATURE)


def test_nothing_is_unlinked_with_a_requirement() -> None:
    assert not is_requirement_of(replace(REQUIREMENT, parent_aha_id=REQUIREMENT.aha_id), REQUIREMENT)


def test_the_fields_of_a_feature_and_its_requirements_come_with_the_feature() -> None:
    shown: dict[str, Any] = {"id": "7", "name": "id", "value": "174", "integration_id": "71"}

    found = fields_of_family(
        {
            "id": 6776487451,
            "integration_fields": [{**shown, "service_name": "webhooks"}],
            "requirements": [{"id": "6776487452", "integration_fields": []}, {"id": "6776487453"}, "odd"],
        }
    )

    assert found == {
        "6776487451": (IntegrationField("7", "id", "174", "71", "webhooks"),),
        "6776487452": (),
        "6776487453": (),
    }


def test_a_feature_may_have_no_requirements() -> None:
    assert fields_of_family({"id": "1", "requirements": None}) == {"1": ()}


@pytest.mark.parametrize(
    ("configured", "written_back", "ids"),
    [
        ("", None, ("hook",)),
        ("71", None, ("now", "hook")),
        ("", WrittenBack("70", "https://dev.azure.com/x"), ("before", "hook")),
        ("71", WrittenBack("70", "https://dev.azure.com/x"), ("now", "before", "hook")),
        ("71", WrittenBack("", "https://dev.azure.com/x"), ("now", "hook")),
    ],
    ids=["webhook only", "configured", "written before", "both", "written under the webhook"],
)
def test_the_fields_that_this_app_writes_or_wrote_are_removed(
    configured: str, written_back: WrittenBack | None, ids: tuple[str, ...]
) -> None:
    fields = [
        field("now", "71"),
        field("before", "70"),
        field("vendor", "72"),
        field("unnamed", ""),
        field("hook", "60", service="webhooks"),
        field("other", "71", value="175"),
    ]

    link = replace(FEATURE, written_back=written_back)

    assert set(link_back_fields(link, fields, configured)) == set(ids) | (
        {"other"} if "now" in ids else set()
    )


def test_a_record_without_fields_has_none_to_remove() -> None:
    assert link_back_fields(FEATURE, None, "71") == ()
    assert link_back_fields(FEATURE, [], "71") == ()


def test_a_feature_s_link_names_each_unlinked_requirement_once() -> None:
    link = with_unlinked_requirement(
        with_unlinked_requirement(with_unlinked_requirement(FEATURE, "2"), "3"), "2"
    )

    assert link.unlinked_ids == ("3", "2")
    assert replace(link, unlinked_ids=()) == FEATURE
