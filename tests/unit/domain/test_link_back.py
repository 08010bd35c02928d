"""What is written into a record's integration fields in Aha!."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.integration import LinkBack
from shared.domain.integration_fields import IntegrationField
from shared.domain.kind import Kind
from shared.domain.link_back import FieldChanges, Need, field_changes, is_chosen, link_back_values, need_of
from shared.domain.links import Link, WrittenBack
from tests.unit.examples import a_link, a_record, a_work_item

URL = "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/174"
VALUES = {"id": "174", "url": URL}
LINK = a_link(a_record(), a_work_item(id=174, page_url=URL))
NOTED = replace(LINK, written_back=WrittenBack("71", URL))


def field(name: str, value: str, ident: str = "1", integration: str = "71") -> IntegrationField:
    return IntegrationField(ident, name, value, integration, "webhooks")


THERE = (field("id", "174", "1"), field("url", URL, "2"))


@pytest.mark.parametrize(
    ("choice", "kinds"),
    [
        (LinkBack.FEATURE, {Kind.FEATURE}),
        (LinkBack.ALL, {Kind.FEATURE, Kind.REQUIREMENT}),
        (LinkBack.NONE, set()),
    ],
)
def test_the_configuration_chooses_the_records(choice: LinkBack, kinds: set[Kind]) -> None:
    assert {kind for kind in Kind if is_chosen(choice, kind)} == kinds


def test_the_fields_are_the_work_items_id_and_its_page() -> None:
    assert link_back_values(LINK) == VALUES
    assert link_back_values(replace(LINK, work_item_url="")) == {}


class TestChanges:
    def test_a_record_without_fields_gets_both(self) -> None:
        assert field_changes((), "71", VALUES) == FieldChanges((), VALUES)

    def test_nothing_is_written_that_is_there(self) -> None:
        assert not field_changes(THERE, "71", VALUES)

    def test_a_field_with_another_value_is_removed_before_the_right_one_is_written(self) -> None:
        fields = (field("id", "9", "1"), field("url", URL, "2"))

        assert field_changes(fields, "71", VALUES) == FieldChanges(("1",), {"id": "174"})

    def test_a_second_field_of_the_same_name_is_removed(self) -> None:
        fields = (*THERE, field("id", "9", "3"), field("url", URL, "4"))

        assert field_changes(fields, "71", VALUES) == FieldChanges(("3", "4"), {})

    def test_other_names_and_other_integrations_are_left_alone(self) -> None:
        fields = (field("key", "x", "1"), field("id", "9", "2", "72"), field("url", "x", "3", "72"))

        assert field_changes(fields, "71", VALUES) == FieldChanges((), VALUES)

    def test_older_events_do_not_name_the_integration(self) -> None:
        fields = tuple(replace(one, integration_id="") for one in THERE)

        assert not field_changes(fields, "71", VALUES)


class TestNeed:
    @pytest.mark.parametrize("shown", [None, THERE])
    def test_nothing_is_done_for_a_link_back_that_is_there(
        self, shown: tuple[IntegrationField, ...] | None
    ) -> None:
        assert need_of(NOTED, shown, "", is_new=False) is None
        assert need_of(NOTED, shown, "71", is_new=False) is None

    @pytest.mark.parametrize("shown", [(), (field("id", "9"),), (*THERE, field("id", "9", "3"))])
    def test_aha_is_asked_if_the_payload_contradicts_the_note(
        self, shown: tuple[IntegrationField, ...]
    ) -> None:
        """The payload may be older than the fields, or somebody removed them since."""
        assert need_of(NOTED, shown, "", is_new=False) == Need(None)

    def test_a_new_record_has_the_fields_that_the_payload_shows(self) -> None:
        assert need_of(LINK, (), "", is_new=True) == Need(())
        assert need_of(LINK, THERE, "", is_new=True) == Need(THERE)

    def test_a_new_record_of_which_no_fields_are_shown_has_none(self) -> None:
        assert need_of(LINK, None, "", is_new=True) == Need(())

    def test_a_linked_record_of_which_no_fields_are_shown_is_looked_at(self) -> None:
        """An earlier attempt may have written them although it failed."""
        assert need_of(LINK, None, "", is_new=False) == Need(None)

    @pytest.mark.parametrize(
        ("link", "configured"),
        [
            (NOTED, "72"),
            (replace(NOTED, work_item_url=f"{URL}5"), ""),
            (replace(NOTED, written_back=None), "71"),
        ],
        ids=["another integration", "another page", "not noted"],
    )
    def test_a_note_about_something_else_does_not_count(self, link: Link, configured: str) -> None:
        assert need_of(link, (), configured, is_new=False) == Need(())

    def test_a_work_item_whose_page_is_not_known_gets_none(self) -> None:
        assert need_of(replace(LINK, work_item_url=""), (), "", is_new=True) is None
