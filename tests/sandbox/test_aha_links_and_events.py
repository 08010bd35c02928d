"""Integration fields, events and activity webhooks of the sandbox Aha!."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from local.serving import start_in_thread
from tests.sandbox.aha_caller import AhaCaller, running_aha


@pytest.fixture
def aha() -> Iterator[AhaCaller]:
    with running_aha() as caller:
        yield caller


def integration_id(aha: AhaCaller, service_name: str = "vsts") -> Any:
    integrations = aha.api("GET", "/products/PROD/integrations").json()["integrations"]
    return next(item["id"] for item in integrations if item["service_name"] == service_name)


def test_one_field_is_answered_with_itself_and_several_with_their_ids(aha: AhaCaller) -> None:
    path = f"/features/PROD-1/integrations/{integration_id(aha)}/fields"

    one = aha.api("POST", path, json={"integration_field": {"name": "id", "value": 174}}).json()[
        "integration_field"
    ]
    several = aha.api(
        "POST",
        path,
        json={"integration_fields": [{"name": "id", "value": "175"}, {"name": "url", "value": "https://x"}]},
    ).json()

    assert (one["name"], one["value"], one["service_name"]) == ("id", "174", "vsts")
    assert one["integratable"]["resource"] == f"{aha.url}/api/v1/features/PROD-1"
    fields = aha.feature("PROD-1")["integration_fields"]
    assert several == [field["id"] for field in fields]
    assert {field["name"]: field["value"] for field in fields} == {"id": "175", "url": "https://x"}
    assert aha.api("GET", f"{path}/url").json()["integration_field"]["value"] == "https://x"
    assert aha.api("DELETE", f"/integration_fields/{several[0]}").status_code == 204
    assert aha.api("GET", f"{path}/id").status_code == 404


def test_a_second_value_can_stand_beside_the_first(aha: AhaCaller) -> None:
    aha.control("PUT", "/behaviour", json={"replace_integration_fields": False})
    path = f"/features/PROD-1/integrations/{integration_id(aha)}/fields"

    for value in ("1", "2"):
        aha.api("POST", path, json={"integration_field": {"name": "id", "value": value}})

    assert [field["value"] for field in aha.feature("PROD-1")["integration_fields"]] == ["1", "2"]


def test_records_of_every_kind_are_found_by_a_field(aha: AhaCaller) -> None:
    integration = integration_id(aha)
    for path in ("/features/PROD-1", "/requirements/PROD-1-1"):
        field = {"name": "id", "value": "1/7"}
        aha.api("POST", f"{path}/integrations/{integration}/fields", json={"integration_field": field})

    found = aha.api("GET", f"/integrations/{integration}/fields/id/value/1%2F7").json()["records"]
    of_kind = aha.api("GET", "/requirements/fields/id/value/1%2F7").json()["records"]

    assert [list(item) for item in found] == [["feature"], ["requirement"]]
    assert list(found[0]["feature"])[:2] == ["integration_id", "service_name"]
    assert [item["requirement"]["reference_num"] for item in of_kind] == ["PROD-1-1"]


def test_nothing_found_is_empty_or_404(aha: AhaCaller) -> None:
    path = f"/integrations/{integration_id(aha)}/fields/id/value/9"
    assert aha.api("GET", path).json()["records"] == []

    aha.control("PUT", "/behaviour", json={"fields_not_found": "404"})

    assert aha.api("GET", path).status_code == 404


def test_other_ids_are_long_texts_or_small_numbers(aha: AhaCaller) -> None:
    as_text = aha.feature("PROD-5")["integration_fields"][0]["integration_id"]
    aha.control("PUT", "/behaviour", json={"small_integration_ids": True})
    feature = aha.feature("PROD-5")
    as_number = feature["integration_fields"][0]["integration_id"]

    assert isinstance(as_text, str)
    assert isinstance(as_number, int)
    assert isinstance(feature["id"], str)
    for form in (as_text, as_number, "jira"):
        path = f"/features/PROD-5/integrations/{form}/fields/key"
        assert aha.api("GET", path).json()["integration_field"]["value"] == "SHOP-17"


def test_an_event_is_the_record_as_the_api_has_it(aha: AhaCaller) -> None:
    event = aha.control("GET", "/events/PROD-1")

    assert event == {"event": "create_feature", "feature": aha.feature("PROD-1")}
    assert aha.control("GET", "/events/PROD-5")["event"] == "update_feature"
    assert aha.control("GET", "/events/PROD-1?event=update_feature")["event"] == "update_feature"
    assert aha.try_control("GET", "/events/PROD-1?event=other").status_code == 400
    assert aha.try_control("GET", "/events/PROD-1-1").status_code == 404


def test_a_release_has_an_event_of_its_own(aha: AhaCaller) -> None:
    event = aha.control("GET", "/events/PROD-R-1?event=create_release")

    assert event == {"event": "create_release", "release": aha.feature("PROD-1")["release"]}
    assert aha.try_control("GET", "/events/PROD-1?event=create_release").status_code == 404


def test_an_older_event_lacks_what_older_accounts_do_not_send(aha: AhaCaller) -> None:
    feature = aha.control("GET", "/events/PROD-1?style=older")["feature"]

    assert set(feature["workflow_status"]) == {"id", "name"}
    assert not {"project", "product_id", "position"} & set(feature)
    assert not {"workflow_status", "position"} & set(feature["requirements"][0])
    assert set(feature["attachments"][0]) == {"id", "download_url", "content_type", "file_name", "file_size"}
    fields = aha.control("GET", "/events/PROD-5?style=older")["feature"]["integration_fields"]
    assert "integration_id" not in fields[0]


class Receiver:
    """What a subscriber was sent, in order."""

    def __init__(self) -> None:
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.received.put(Request(environ).get_json())
        return Response(status=204)(environ, start_response)

    def next_audit(self) -> dict[str, Any]:
        """The next event's content."""
        event = self.received.get(timeout=10)
        assert event["event"] == "audit"
        audit: dict[str, Any] = event["audit"]
        return audit


def test_changes_are_reported_as_text_for_people_and_a_description_as_a_note(aha: AhaCaller) -> None:
    receiver = Receiver()
    feature = aha.feature("PROD-2")
    with start_in_thread(receiver) as subscriber:
        aha.control("POST", "/activity_webhooks", json={"url": subscriber.url})
        aha.put_feature("PROD-2", name="New & better", description="<p>x</p>", workflow_status="Shipped")
        about_feature, about_note = receiver.next_audit(), receiver.next_audit()

    assert (about_feature["auditable_type"], about_feature["auditable_id"]) == ("feature", feature["id"])
    assert about_feature["changes"] == [
        {"field_name": "Name", "value": "Refund to the same card &rarr; New &amp; better"},
        {"field_name": "Status", "value": "Under consideration &rarr; Shipped"},
    ]
    assert (about_note["auditable_type"], about_note["auditable_id"]) == (
        "note",
        feature["description"]["id"],
    )
    assert (about_note["associated_type"], about_note["associated_id"]) == ("feature", feature["id"])
    assert about_note["changes"][0]["value"] == '<span class="inserted">&lt;p&gt;x&lt;/p&gt;</span>'


def test_an_older_event_about_a_note_names_its_feature_by_url_only(aha: AhaCaller) -> None:
    receiver = Receiver()
    with start_in_thread(receiver) as subscriber:
        aha.control("POST", "/activity_webhooks", json={"url": subscriber.url, "with_associated": False})
        aha.put_feature("PROD-2", description="<p>x</p>")
        about_note = receiver.next_audit()

    assert "associated_id" not in about_note
    assert about_note["auditable_url"] == f"{aha.url}/features/PROD-2"


def test_nothing_is_reported_when_nothing_changed(aha: AhaCaller) -> None:
    receiver = Receiver()
    with start_in_thread(receiver) as subscriber:
        aha.control("POST", "/activity_webhooks", json={"url": subscriber.url})
        aha.put_feature("PROD-2", name="Refund to the same card")
        aha.api("DELETE", "/features/PROD-2")
        only = receiver.next_audit()

    assert only["audit_action"] == "destroy"
