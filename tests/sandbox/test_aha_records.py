"""Features, requirements, workspaces and workflows of the sandbox Aha!."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.aha_caller import AhaCaller, running_aha


@pytest.fixture
def aha() -> Iterator[AhaCaller]:
    with running_aha() as caller:
        yield caller


def status_id(aha: AhaCaller, workflow: str, name: str, product: str = "PROD") -> str:
    """The id of a status, found the way a mapping screen has to."""
    chosen = aha.api("GET", f"/products/{product}").json()["product"][workflow]["id"]
    workflows = aha.api("GET", f"/products/{product}/workflows").json()["workflows"]
    statuses = next(item["workflow_statuses"] for item in workflows if item["id"] == chosen)
    return str(next(status["id"] for status in statuses if status["name"] == name))


def test_the_sample_feature_has_everything_a_sync_meets(aha: AhaCaller) -> None:
    feature = aha.feature("PROD-1")

    assert len(feature["id"]) == 19
    assert feature["description"]["attachments"][0]["id"] in feature["description"]["body"]
    assert [item["file_name"] for item in feature["attachments"]] == ["acceptance criteria.txt", "card.png"]
    assert [item["position"] for item in feature["requirements"]] == [2, 1, 3]
    assert feature["requirements"][2]["name"] == ""
    assert feature["requirements"][0]["description"]["attachments"][0]["file_name"] == "test-cards.csv"
    assert "Ideas-portal " in feature["tags"]
    assert feature["url"] == f"{aha.url}/features/PROD-1"
    assert feature["resource"] == f"{aha.url}/api/v1/features/PROD-1"


def test_the_other_samples_are_the_awkward_ones(aha: AhaCaller) -> None:
    assert aha.feature("PROD-2")["description"]["body"] == ""
    assert aha.feature("PROD-2")["assigned_to_user"] is None
    assert len(aha.feature("PROD-3")["name"]) == 300
    same_name = aha.feature("PROD-4")["attachments"]
    assert same_name[0]["file_name"] == same_name[1]["file_name"]
    assert same_name[0]["file_size"] != same_name[1]["file_size"]
    assert {field["service_name"] for field in aha.feature("PROD-5")["integration_fields"]} == {
        "jira",
        "github_issues",
    }


def test_samples_have_the_same_ids_each_time(aha: AhaCaller) -> None:
    before = aha.control("GET", "/records")
    aha.put_feature("PROD-1", name="Changed")
    aha.api("DELETE", "/features/PROD-2")

    aha.control("DELETE", "/all")

    assert aha.control("GET", "/records") == before


def test_a_put_changes_only_what_it_names_and_answers_the_whole_record(aha: AhaCaller) -> None:
    before = aha.feature("PROD-1")

    answer = aha.put_feature("PROD-1", name="Pay by phone", unknown_key=1)

    after = answer.json()["feature"]
    assert answer.status_code == 200
    assert after["name"] == "Pay by phone"
    assert after["updated_at"] > before["updated_at"]
    assert after["description"] == before["description"]
    assert after["requirements"] == [
        {**item, "feature": {**item["feature"], "name": "Pay by phone"}} for item in before["requirements"]
    ]
    assert aha.feature("PROD-1") == after


def test_a_put_of_what_is_there_already_moves_no_time(aha: AhaCaller) -> None:
    before = aha.feature("PROD-1")

    aha.put_feature("PROD-1", name=before["name"], description=before["description"]["body"])

    assert aha.feature("PROD-1") == before
    assert aha.control("GET", "/records")["records"][0]["puts"] == 1


def test_a_description_is_written_as_text_and_read_as_an_object(aha: AhaCaller) -> None:
    answer = aha.put_feature("PROD-1", description="<p>New</p>").json()["feature"]

    assert answer["description"]["body"] == "<p>New</p>"
    assert answer["description"]["updated_at"] == answer["updated_at"]
    assert len(answer["description"]["attachments"]) == 1
    assert aha.put_feature("PROD-1", description={"body": "x"}).status_code == 422
    assert aha.put_feature("PROD-1", description="").json()["feature"]["description"]["body"] == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"name": "unwrapped"}',
        b'{"feature": "text"}',
        b'{"requirement": {"name": "x"}}',
    ],
)
def test_a_body_that_is_not_wrapped_json_is_refused(aha: AhaCaller, body: bytes) -> None:
    answer = aha.api("PUT", "/features/PROD-1", data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert aha.feature("PROD-1")["name"] == "Pay by card"


def test_json_without_its_media_type_is_not_read(aha: AhaCaller) -> None:
    answer = aha.api("PUT", "/features/PROD-1", data=b'{"feature": {"name": "x"}}')

    assert answer.status_code == 400


def test_four_forms_of_a_status_are_accepted(aha: AhaCaller) -> None:
    shipped = status_id(aha, "feature_workflow", "Shipped")
    forms: list[tuple[Any, str]] = [
        ({"name": "In progress"}, "In progress"),
        (shipped, "Shipped"),
        ("In code review", "In code review"),
        ({"category": "shipped"}, "Shipped"),
    ]

    for form, name in forms:
        answer = aha.put_feature("PROD-1", workflow_status=form)
        assert answer.json()["feature"]["workflow_status"]["name"] == name


def test_statuses_that_are_no_status_of_the_record_are_refused_and_nothing_changes(aha: AhaCaller) -> None:
    before = aha.feature("PROD-1")
    refused: list[Any] = [
        None,
        "",
        "Shipped ",
        {"name": "Designed"},
        {"id": status_id(aha, "feature_workflow", "Shipped")},
        status_id(aha, "feature_workflow", "Designed", product="MOB"),
        status_id(aha, "requirement_workflow", "Shipped"),
        {"category": "unknown"},
        True,
        [],
    ]

    for form in refused:
        answer = aha.put_feature("PROD-1", name="New", description="<p>New</p>", workflow_status=form)
        assert (form, answer.status_code) == (form, 422)

    assert aha.feature("PROD-1") == before


def test_equal_names_in_both_workflows_are_different_statuses(aha: AhaCaller) -> None:
    of_feature = status_id(aha, "feature_workflow", "In progress")
    of_requirement = status_id(aha, "requirement_workflow", "In progress")

    answer = aha.api(
        "PUT", "/requirements/PROD-1-1", json={"requirement": {"workflow_status": {"name": "In progress"}}}
    )

    assert of_feature != of_requirement
    assert answer.json()["requirement"]["workflow_status"]["id"] == of_requirement


def test_no_workflow_tells_by_its_type_that_it_is_for_requirements(aha: AhaCaller) -> None:
    workflows = aha.api("GET", "/products/PROD/workflows").json()["workflows"]
    one = aha.api("GET", f"/workflows/{workflows[0]['id']}").json()["workflow"]

    assert {workflow["statusable_type"] for workflow in workflows} == {"Feature"}
    ids = [status["id"] for status in one["workflow_statuses"]]
    positions = [status["position"] for status in one["workflow_statuses"]]
    assert ids == sorted(ids)
    assert positions != sorted(positions)


def test_a_write_can_be_answered_and_change_nothing(aha: AhaCaller) -> None:
    aha.control("PUT", "/behaviour", json={"unchanged_writes": True})

    answer = aha.put_feature("PROD-1", name="New")

    assert (answer.status_code, answer.json()["feature"]["name"]) == (200, "Pay by card")


@pytest.mark.parametrize(("status", "message"), [(422, "Name is too long"), (403, "No"), (404, "Not found")])
def test_a_record_can_refuse_its_writes_and_no_others(aha: AhaCaller, status: int, message: str) -> None:
    refuses = {"status": status, "message": message}
    aha.control("PUT", "/writes", json={"id": "PROD-1", "refuses": refuses})

    answer = aha.put_feature("PROD-1", name="New")

    assert (answer.status_code, answer.json()) == (status, {"error": message})
    assert aha.feature("PROD-1")["name"] == "Pay by card"
    assert aha.put_feature("PROD-2", name="New").status_code == 200
    aha.control("PUT", "/writes", json={"id": "PROD-1"})
    assert aha.put_feature("PROD-1", name="New").status_code == 200


def test_a_record_can_refuse_one_field(aha: AhaCaller) -> None:
    refuses = {"status": 422, "message": "Name is invalid", "fields": ["name"]}
    aha.control("PUT", "/writes", json={"id": "PROD-1", "refuses": refuses})

    assert aha.put_feature("PROD-1", name="New", description="<p>New</p>").status_code == 422
    assert aha.put_feature("PROD-1", description="<p>New</p>").status_code == 200
    assert aha.feature("PROD-1")["description"]["body"] == "<p>New</p>"


def test_a_record_can_keep_some_fields_and_answer_with_success(aha: AhaCaller) -> None:
    aha.control("PUT", "/writes", json={"id": "PROD-1", "keeps": ["workflow_status"]})

    answer = aha.put_feature("PROD-1", name="New", workflow_status={"name": "Shipped"})

    shown = answer.json()["feature"]
    assert (answer.status_code, shown["name"]) == (200, "New")
    assert shown["workflow_status"]["name"] != "Shipped"


@pytest.mark.parametrize("wrong", [{"keeps": ["tags"]}, {"refuses": {"status": 500}}])
def test_other_ways_to_take_writes_are_not_known(aha: AhaCaller, wrong: dict[str, Any]) -> None:
    assert aha.try_control("PUT", "/writes", json={"id": "PROD-1", **wrong}).status_code == 400


def test_records_are_created_and_deleted(aha: AhaCaller) -> None:
    feature = aha.api(
        "POST",
        "/releases/PROD-R-1/features",
        json={"feature": {"name": "New one", "workflow_status": "Shipped"}},
    )
    reference = feature.json()["feature"]["reference_num"]
    requirement = aha.api(
        "POST", f"/features/{reference}/requirements", json={"requirement": {"name": "Part"}}
    )

    assert (feature.status_code, requirement.status_code) == (200, 200)
    assert requirement.json()["requirement"]["reference_num"] == f"{reference}-1"
    assert requirement.json()["requirement"]["feature"]["reference_num"] == reference
    assert aha.api("DELETE", f"/features/{reference}").status_code == 204
    assert aha.api("GET", f"/requirements/{reference}-1").status_code == 404


def test_a_refused_create_leaves_nothing_behind(aha: AhaCaller) -> None:
    before = aha.control("GET", "/records")

    answer = aha.api(
        "POST", "/releases/PROD-R-1/features", json={"feature": {"name": "x", "workflow_status": None}}
    )

    assert answer.status_code == 422
    assert aha.control("GET", "/records") == before


def test_a_requirement_moves_to_another_feature(aha: AhaCaller) -> None:
    moved = aha.api("PUT", "/requirements/PROD-1-2", json={"requirement": {"feature": "PROD-2"}}).json()[
        "requirement"
    ]

    assert (moved["reference_num"], moved["feature"]["reference_num"]) == ("PROD-2-1", "PROD-2")
    assert [item["id"] for item in aha.feature("PROD-2")["requirements"]] == [moved["id"]]
    assert moved["id"] not in [item["id"] for item in aha.feature("PROD-1")["requirements"]]
    unknown = aha.api("PUT", "/requirements/PROD-2-1", json={"requirement": {"feature": "PROD-999"}})
    assert unknown.status_code == 422


def test_assignee_tags_and_custom_fields_are_written_in_their_forms(aha: AhaCaller) -> None:
    def put(**values: Any) -> dict[str, Any]:
        feature: dict[str, Any] = aha.put_feature("PROD-2", **values).json()["feature"]
        return feature

    assert put(assigned_to_user="vic@fabrikam.example")["assigned_to_user"]["name"] == "Vic Viewer"
    assert (
        put(assigned_to_user={"email": "paula@fabrikam.example"})["assigned_to_user"]["name"]
        == "Paula Manager"
    )
    assert put(assigned_to_user=None)["assigned_to_user"] is None
    assert put(tags="a, b")["tags"] == ["a", "b"]
    assert put(tags=["c"])["tags"] == ["c"]
    assert put(custom_fields={"effort": 3})["custom_fields"][0]["value"] == 3
    assert aha.put_feature("PROD-2", assigned_to_user="nobody@fabrikam.example").status_code == 422


def test_lists_are_short_paged_and_filtered(aha: AhaCaller) -> None:
    page = aha.api("GET", "/products/PROD/features?page=2&per_page=2").json()
    nothing = aha.api("GET", "/products/MOB/features").json()

    assert [item["reference_num"] for item in page["features"]] == ["PROD-3", "PROD-4"]
    assert page["pagination"] == {"total_records": 5, "total_pages": 3, "current_page": 2}
    assert "description" not in page["features"][0]
    assert nothing == {
        "features": [],
        "pagination": {"total_records": 0, "total_pages": 0, "current_page": 1},
    }


def test_a_list_of_changes_has_what_changed_after_the_moment(aha: AhaCaller) -> None:
    def changed(path: str, since: datetime) -> list[str]:
        text = since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = aha.api("GET", path, params={"updated_since": text}).json()
        return [item["reference_num"] for items in body.values() if isinstance(items, list) for item in items]

    feature = aha.put_feature("PROD-2", name="Changed").json()["feature"]
    moment = datetime.fromisoformat(feature["updated_at"].replace("Z", "+00:00"))

    assert changed("/products/PROD/features", moment - timedelta(milliseconds=1)) == ["PROD-2"]
    assert changed("/products/PROD/features", moment + timedelta(milliseconds=1)) == []
    assert changed("/products/MOB/features", moment - timedelta(days=1)) == []
    assert aha.api("GET", "/features", params={"updated_since": "yesterday"}).status_code == 400


@pytest.mark.parametrize("touches", [False, True])
def test_whether_a_changed_requirement_is_a_change_of_its_feature_can_be_chosen(
    aha: AhaCaller, touches: bool
) -> None:
    aha.control("PUT", "/behaviour", json={"requirements_touch_features": touches})
    before = aha.feature("PROD-1")["updated_at"]

    aha.api("PUT", "/requirements/PROD-1-1", json={"requirement": {"name": "Changed"}})
    aha.api("POST", "/features/PROD-1/requirements", json={"requirement": {"name": "New"}})

    since = {"updated_since": before}
    requirements = aha.api("GET", "/features/PROD-1/requirements", params=since).json()["requirements"]
    assert (aha.feature("PROD-1")["updated_at"] > before) is touches
    assert {item["name"] for item in requirements} >= {"Changed", "New"}


def test_fields_narrow_an_answer(aha: AhaCaller) -> None:
    feature = aha.api("GET", "/features/PROD-1?fields=name,workflow_status").json()["feature"]
    listed = aha.api("GET", "/features?fields=description").json()["features"]

    assert set(feature) == {"id", "name", "workflow_status"}
    assert set(listed[0]) == {"id", "description"}


def test_workspaces_are_listed_with_the_line_that_groups_them(aha: AhaCaller) -> None:
    products = aha.api("GET", "/products").json()["products"]

    assert [(item["reference_prefix"], item["product_line"]) for item in products] == [
        ("FAB", True),
        ("PROD", False),
        ("MOB", False),
    ]


def test_both_azure_devops_integrations_have_one_name(aha: AhaCaller) -> None:
    integrations = aha.api("GET", "/products/PROD/integrations").json()["integrations"]
    made = aha.api(
        "POST",
        "/products/PROD/integrations",
        json={"integration": {"service_name": "webhooks", "enabled": True}},
    ).json()["integration"]

    assert [item["service_name"] for item in integrations if item["name"] == "Azure DevOps Services"] == [
        "tfs",
        "vsts",
    ]
    assert aha.api("POST", f"/webhooks/{made['callback_token']}", token=None, json={}).status_code == 200
    assert aha.api("POST", "/webhooks/unknown", token=None, json={}).status_code == 410
    off = aha.api(
        "PUT", f"/products/PROD/integrations/{made['id']}", json={"integration": {"enabled": False}}
    ).json()["integration"]
    assert off["enabled"] is False


def test_a_person_edits_through_the_same_checks(aha: AhaCaller) -> None:
    edited = aha.control(
        "POST",
        "/edit",
        json={"id": "PROD-1-1", "name": "Card form v2", "description": "<div>x</div>", "status": "In test"},
    )["requirement"]

    assert (edited["name"], edited["description"]["body"]) == ("Card form v2", "<p>x</p>")
    assert aha.requirement("PROD-1-1")["workflow_status"]["name"] == "In test"
    record = next(
        item for item in aha.control("GET", "/records")["records"] if item["reference_num"] == "PROD-1-1"
    )
    assert (record["status"], record["puts"], record["feature"]) == ("In test", 0, "PROD-1")
    assert aha.try_control("POST", "/edit", json={"id": "PROD-1", "status": "x"}).status_code == 400


def test_the_page_of_a_record_is_served_with_a_strict_policy(aha: AhaCaller) -> None:
    for path in ("/", "/features/PROD-1", "/requirements/PROD-1-1"):
        page = aha.get(aha.url + path)
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "script-src 'self';" in page.headers["Content-Security-Policy"]
        # Views of extensions have their styles in the page of a record.
        assert ("unsafe" in page.headers["Content-Security-Policy"]) == (path != "/")
    assert aha.get(f"{aha.url}/_board/board.js").headers["Content-Type"].startswith("text/javascript")
    assert aha.get(f"{aha.url}/_board/other.js").status_code == 404
    assert aha.control("GET", "/requests") == {"requests": []}
