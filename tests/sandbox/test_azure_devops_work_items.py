"""Creating and changing work items in the sandbox Azure DevOps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.azure_devops_caller import (
    JSON_PATCH,
    AzureDevOpsCaller,
    guard,
    running_azure_devops,
    set_field,
    title,
)


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def violations(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert body["typeKey"] == "RuleValidationException"
    found: list[dict[str, Any]] = body["customProperties"]["RuleValidationErrors"]
    assert body["message"] == found[0]["errorMessage"]
    return {entry["fieldReferenceName"]: entry for entry in found}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_create_answers_200_with_the_work_item(ado: AzureDevOpsCaller, method: str) -> None:
    answer = ado.call(
        method,
        "/Fabrikam/_apis/wit/workItems/$User Story",
        data=json.dumps([title("Pay by card")]),
        headers={"Content-Type": JSON_PATCH},
    )
    item = answer.json()

    assert answer.status_code == 200
    assert item["rev"] == 1
    assert item["fields"]["System.State"] == "New"
    assert item["fields"]["System.Reason"] == "New"
    assert item["fields"]["System.AreaPath"] == "Fabrikam"
    assert item["fields"]["System.CreatedBy"]["uniqueName"] == "synchronization@fabrikam.com"
    assert "System.Id" not in item["fields"]
    assert "System.Description" not in item["fields"]
    assert "relations" not in item


def test_urls_in_an_answer_name_the_project_by_its_id(ado: AzureDevOpsCaller) -> None:
    item = ado.create()
    project = ado.get("/_apis/projects/Fabrikam")["id"]

    assert item["url"] == f"{ado.url}/fabrikam/{project}/_apis/wit/workItems/{item['id']}"
    assert item["_links"]["html"]["href"] == f"{ado.url}/fabrikam/{project}/_workitems/edit/{item['id']}"


def test_all_fields_are_shown_on_request(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    everything = ado.read(number, **{"$expand": "all"})["fields"]
    chosen = ado.get(f"/_apis/wit/workitems/{number}", params={"fields": "System.Id,System.Title"})["fields"]

    assert {"System.Id", "System.Rev", "System.Watermark", "System.NodeName"} <= set(everything)
    assert chosen == {"System.Id": number, "System.Title": "A work item"}


def test_fields_and_expand_exclude_each_other(ado: AzureDevOpsCaller) -> None:
    params = {"fields": "System.Title", "$expand": "relations"}

    answer = ado.call("GET", f"/_apis/wit/workitems/{ado.create()['id']}", params=params)

    assert answer.status_code == 400
    assert answer.json()["message"] == "The expand parameter can not be used with the fields parameter."


def test_a_body_of_another_media_type_is_refused(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_create("Feature", [title("A")], headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["typeKey"] == "VssRequestContentTypeNotSupportedException"


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        [1],
        [{"op": "move", "path": "/fields/System.Title", "value": "A"}],
        [{"op": "add", "path": "fields/System.Title", "value": "A"}],
        [{"op": "add", "path": "/fields/System.Title"}],
        [{"op": "add", "path": "/nothing", "value": 1}],
        [{"op": "add", "path": "/fields/", "value": 1}],
    ],
)
def test_what_is_no_patch_document_is_refused(ado: AzureDevOpsCaller, document: Any) -> None:
    assert ado.try_create("Feature", document).status_code == 400
    assert ado.control("GET", "/work_items")["work_items"] == []


def test_a_title_is_required(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_create("Feature", [set_field("System.Description", "Text")])
    found = violations(answer.json())

    assert answer.status_code == 400
    assert (
        answer.json()["message"]
        == "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty."
    )
    assert found["System.Title"]["fieldStatusFlags"] == "required, invalidEmpty"
    assert found["System.Title"]["fieldStatusCode"] == 524289


def test_every_field_that_breaks_a_rule_is_named(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_create("Customer Request", [set_field("Microsoft.VSTS.Common.Priority", 9)])

    found = violations(answer.json())

    assert set(found) == {"System.Title", "Custom.Team", "Microsoft.VSTS.Common.Priority"}
    assert "InvalidListValue" in found["Microsoft.VSTS.Common.Priority"]["errorMessage"]


def test_a_required_field_without_default_must_have_one_of_its_values(ado: AzureDevOpsCaller) -> None:
    wrong = ado.try_create("Customer Request", [title("A"), set_field("Custom.Team", "Space")])
    right = ado.try_create("Customer Request", [title("A"), set_field("Custom.Team", "Web")])

    assert "'Space' that is not in the list of supported values" in wrong.json()["message"]
    assert right.status_code == 200


@pytest.mark.parametrize(("text", "status"), [("x" * 255, 200), ("x" * 256, 400), ("😀" * 128, 400)])
def test_a_title_has_at_most_255_utf16_units(ado: AzureDevOpsCaller, text: str, status: int) -> None:
    answer = ado.try_create("Feature", [title(text)])

    assert answer.status_code == status
    if status == 400:
        assert "InvalidTooLong" in violations(answer.json())["System.Title"]["errorMessage"]


def test_a_long_text_has_at_most_a_mebi_of_characters(ado: AzureDevOpsCaller) -> None:
    fits = f"<div>{'x' * (1_048_576 - 11)}</div>"

    assert ado.try_create("Feature", [title("A"), set_field("System.Description", fits)]).status_code == 200
    assert (
        ado.try_create("Feature", [title("A"), set_field("System.Description", fits + fits)]).status_code
        == 400
    )


def test_an_unknown_field_is_refused(ado: AzureDevOpsCaller) -> None:
    written = ado.try_create("Feature", [title("A"), set_field("Custom.Nothing", 1)])
    number = ado.create()["id"]
    read = ado.call("GET", f"/_apis/wit/workitems/{number}", params={"fields": "Custom.Nothing"})

    assert [written.status_code, read.status_code] == [400, 400]
    assert written.json()["message"] == read.json()["message"] == "TF51535: Cannot find field Custom.Nothing."


@pytest.mark.parametrize("kind", ["User Story", "Feature", "Task"])
def test_a_field_that_the_type_does_not_have_is_refused(ado: AzureDevOpsCaller, kind: str) -> None:
    steps = set_field("Microsoft.VSTS.TCM.ReproSteps", "Click twice")
    number = ado.create(kind, title("A"))["id"]

    created = ado.try_create(kind, [title("A"), steps])
    updated = ado.try_update(number, steps)

    assert [created.status_code, updated.status_code] == [400, 400]
    assert (
        created.json()["message"]
        == updated.json()["message"]
        == ("TF51535: Cannot find field Microsoft.VSTS.TCM.ReproSteps.")
    )
    assert "fields" in ado.create("Bug", title("A"), steps)


def test_a_read_only_field_is_refused(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_create("Feature", [title("A"), set_field("System.CreatedDate", "2020-01-01")])

    assert answer.status_code == 400
    assert violations(answer.json())["System.CreatedDate"]["fieldStatusFlags"] == "readOnly"


def test_an_unknown_area_is_refused(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    created = ado.try_create("Feature", [title("A"), set_field("System.AreaPath", "Fabrikam\\Nowhere")])
    updated = ado.try_update(number, set_field("System.AreaPath", "Elsewhere"))

    assert [created.status_code, updated.status_code] == [400, 400]
    assert created.json()["message"].startswith("TF401347: Invalid tree name given for work item -1, field")
    assert f"for work item {number}, field 'System.AreaPath'" in updated.json()["message"]


def test_an_area_keeps_the_spelling_of_the_tree(ado: AzureDevOpsCaller) -> None:
    item = ado.create("Feature", title("A"), set_field("System.AreaPath", "fabrikam\\web\\CHECKOUT"))

    assert item["fields"]["System.AreaPath"] == "Fabrikam\\Web\\Checkout"


def test_unknown_and_disabled_types_are_refused(ado: AzureDevOpsCaller) -> None:
    unknown, disabled = ado.try_create("Saga", [title("A")]), ado.try_create("Risk", [title("A")])

    assert (unknown.status_code, unknown.json()["typeKey"]) == (404, "WorkItemTypeNotFoundException")
    assert disabled.status_code == 400
    assert "disabled" in disabled.json()["message"]


def test_an_update_with_an_old_revision_is_412_and_names_the_current_one(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]
    ado.update(number, title("B"))

    answer = ado.try_update(number, guard(1), title("C"))

    assert answer.status_code == 412
    assert answer.json()["typeKey"] == "TestPatchOperationFailedException"
    assert answer.json()["message"] == (
        "VS403351: Test Operation for path /rev failed, value 2 was not equal to test value 1."
    )
    assert ado.read(number)["fields"]["System.Title"] == "B"


def test_a_revision_test_counts_wherever_it_stands(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    assert ado.try_update(number, title("C"), guard(7)).status_code == 412
    assert ado.read(number)["fields"]["System.Title"] == "A work item"


def test_an_update_that_changes_nothing_makes_no_revision(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Description", "<div>Text</div>"))["id"]

    item = ado.update(number, guard(1), title("A"), set_field("System.Description", "Text"))

    assert item["rev"] == 1
    assert ado.get(f"/_apis/wit/workitems/{number}/updates")["count"] == 1


@pytest.mark.parametrize("operation", ["replace", "remove"])
def test_what_has_no_value_can_be_neither_replaced_nor_removed(
    ado: AzureDevOpsCaller, operation: str
) -> None:
    number = ado.create()["id"]
    patch = {"op": operation, "path": "/fields/System.Description", "value": "Text"}

    answer = ado.try_update(number, patch)

    assert answer.status_code == 400
    assert "does not exist at path /fields/System.Description" in answer.json()["message"]


@pytest.mark.parametrize(
    "clearing",
    [
        {"op": "remove", "path": "/fields/System.Description"},
        {"op": "add", "path": "/fields/System.Description", "value": ""},
        {"op": "replace", "path": "/fields/System.Description", "value": None},
    ],
)
def test_a_cleared_field_is_absent(ado: AzureDevOpsCaller, clearing: dict[str, Any]) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Description", "Text"))["id"]

    assert "System.Description" not in ado.update(number, clearing)["fields"]


def test_any_state_of_the_type_can_follow_and_no_other(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    closed = ado.update(number, set_field("System.State", "closed"))
    refused = ado.try_update(number, set_field("System.State", "Done"))

    assert closed["fields"]["System.State"] == "Closed"
    assert closed["fields"]["System.Reason"] == "Moved to state Closed"
    found = violations(refused.json())["System.State"]
    assert found["fieldStatusFlags"] == "required, invalidListValue"


def test_half_a_surrogate_pair_is_no_character(ado: AzureDevOpsCaller) -> None:
    item = ado.create("Feature", title("half \ud83d pair"))

    assert item["fields"]["System.Title"] == "half ? pair"


def test_html_is_cleaned_up_on_save(ado: AzureDevOpsCaller) -> None:
    item = ado.create(
        "Feature", title("A"), set_field("System.Description", "Hello <B>you</B><script>1</script>")
    )

    assert item["fields"]["System.Description"] == "<div>Hello <b>you</b></div>"


def test_markdown_is_stored_as_it_is_and_its_format_shown_in_preview_only(ado: AzureDevOpsCaller) -> None:
    item = ado.create(
        "Feature",
        title("A"),
        set_field("System.Description", "# Hello *you*"),
        {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"},
    )
    path = f"/_apis/wit/workitems/{item['id']}"

    assert item["fields"]["System.Description"] == "# Hello *you*"
    assert "multilineFieldsFormat" not in ado.get(path)
    preview = ado.get(path, version="7.2-preview.3")
    assert preview["multilineFieldsFormat"] == {"System.Description": "markdown"}


def test_a_format_changes_only_together_with_its_text(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Description", "Text"))["id"]
    as_markdown = {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"}

    alone = ado.try_update(number, as_markdown)
    together = ado.update(
        number, set_field("System.Description", "*Text*"), as_markdown, version="7.2-preview"
    )

    assert alone.status_code == 400
    assert together["multilineFieldsFormat"] == {"System.Description": "markdown"}
    assert together["fields"]["System.Description"] == "*Text*"


@pytest.mark.parametrize(("first", "second"), [("Markdown", "Html"), ("Html", "Markdown")])
def test_a_format_stays_if_the_text_is_the_same(ado: AzureDevOpsCaller, first: str, second: str) -> None:
    # microsoft/azure-devops-mcp#775
    def written_as(chosen: str) -> list[dict[str, Any]]:
        in_format = {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": chosen}
        return [set_field("System.Description", "<div>a</div>"), in_format]

    number = ado.create("Feature", title("A"), *written_as(first))["id"]

    again = ado.update(number, *written_as(second), version="7.2-preview")

    assert again["multilineFieldsFormat"] == {"System.Description": first.lower()}


def test_an_emptied_text_keeps_its_format(ado: AzureDevOpsCaller) -> None:
    as_markdown = {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"}
    number = ado.create("Feature", title("A"), set_field("System.Description", "# A"), as_markdown)["id"]
    emptied = ado.update(number, set_field("System.Description", ""), version="7.2-preview")

    filled = ado.update(number, set_field("System.Description", "# B"), version="7.2-preview")

    assert "multilineFieldsFormat" not in emptied
    assert filled["multilineFieldsFormat"] == {"System.Description": "markdown"}


@pytest.mark.parametrize(("path", "value"), [("System.Title", "Markdown"), ("System.Description", "Word")])
def test_only_long_texts_have_a_format(ado: AzureDevOpsCaller, path: str, value: str) -> None:
    operation = {"op": "add", "path": f"/multilineFieldsFormat/{path}", "value": value}

    assert ado.try_create("Feature", [title("A"), operation]).status_code == 400


def test_a_validate_only_create_checks_the_rules_and_saves_nothing(ado: AzureDevOpsCaller) -> None:
    params = {"validateOnly": "true"}

    valid = ado.try_create("Feature", [title("A")], params=params)
    invalid = ado.try_create("Customer Request", [title("A")], params=params)

    assert (valid.status_code, valid.json()["fields"]["System.Title"]) == (200, "A")
    assert invalid.status_code == 400
    assert ado.control("GET", "/work_items")["work_items"] == []


def test_a_validate_only_update_answers_the_work_item_unchanged(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    item = ado.update(number, title("B"), params={"validateOnly": "true"})

    assert (item["rev"], item["fields"]["System.Title"]) == (1, "A work item")


@pytest.mark.parametrize("option", ["bypassRules", "suppressNotifications"])
def test_bypassing_rules_needs_a_permission_of_its_own(ado: AzureDevOpsCaller, option: str) -> None:
    ado.control("POST", "/tokens", {"token": "boss", "kind": "administrator"})
    patch, params = [title("A")], {option: "true"}

    assert ado.try_create("Customer Request", patch, params=params).status_code == 403
    bypassed = ado.try_create("Customer Request", patch, params=params, token="boss")
    assert bypassed.status_code == (200 if option == "bypassRules" else 400)


def test_people_are_named_in_several_ways_and_strangers_refused(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    for spelling in ("Jamal Hartnett", "jamal@fabrikam.com", "Jamal Hartnett <jamal@fabrikam.com>"):
        ado.update(number, set_field("System.AssignedTo", ""))
        item = ado.update(number, set_field("System.AssignedTo", spelling))
        assert item["fields"]["System.AssignedTo"]["displayName"] == "Jamal Hartnett"
    assert ado.try_update(number, set_field("System.AssignedTo", "Nobody")).status_code == 400


def test_an_added_tag_joins_the_others_and_a_replaced_list_is_the_list(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Tags", "web; shop"))["id"]

    added = ado.update(number, set_field("System.Tags", "Cart"))
    replaced = ado.update(number, {"op": "replace", "path": "/fields/System.Tags", "value": "cart"})

    assert added["fields"]["System.Tags"] == "Cart; shop; web"
    assert replaced["fields"]["System.Tags"] == "cart"
