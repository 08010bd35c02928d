"""What the clients make of the services' own answers, which a scripted server repeats byte by byte."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import pytest

from shared.clients.aha import RecordChange
from shared.clients.aha_account import AhaAccount
from shared.clients.attachment_uploads import NewFile
from shared.clients.process_state import ProcessState
from shared.clients.service_hooks import ServiceHooks
from shared.deadline import Deadline
from shared.domain.integration import AhaTarget
from shared.domain.kind import Kind
from shared.domain.subject import Subject
from shared.errors import (
    CredentialsRejected,
    Forbidden,
    NotFound,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    Unavailable,
)
from shared.secret import Secret
from shared.sending.batch_answer import OwnFault, SiblingFailed, read_answer
from tests.captures import answer
from tests.unit.examples import API_TOKEN
from tests.unit.operations import Clock, an_operation
from tests.unit.scripted_server import Reply, ScriptedServer, serving

FEATURE_URL = "https://fabrikam.aha.io/features/PROD-2"
ORGANIZATION = "https://dev.azure.com/fabrikam"
PROJECT = f"{ORGANIZATION}/6f1d2c3b-4a59-4687-9b0c-1d2e3f4a5b6c"


def captured(*names: str) -> list[Reply]:
    """The answers as replies of a server, one after another."""
    answers = [answer(name) for name in names]
    return [Reply(one.status, one.body, one.headers) for one in answers]


@contextmanager
def azure_devops(
    *names: str, account_name: str = "fabrikam", seconds: float = 600
) -> Iterator[tuple[ServiceHooks, ScriptedServer]]:
    """The client of an organization that gives these answers, without the pauses between attempts."""
    clock = Clock()
    operation, _ = an_operation(seconds, clock)
    with serving(*captured(*names)) as server:
        client = ServiceHooks(
            base_url=server.url,
            account_name=account_name,
            authorization=lambda: "Basic OlMzY3JldA==",
            operation=operation,
            process_state=ProcessState(allow_local=True),
            sleep=clock.sleep,
        )
        yield client, server


@contextmanager
def aha(*names: str, seconds: float = 600) -> Iterator[AhaAccount]:
    """The client of an Aha! account that gives these answers, without the pauses between attempts."""
    clock = Clock()
    operation, _ = an_operation(seconds, clock)
    with serving(*captured(*names)) as server:
        target = AhaTarget(server.url, Secret(API_TOKEN))
        yield AhaAccount(target, operation, process_state=ProcessState(allow_local=True), sleep=clock.sleep)


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


def test_projects_come_from_every_page() -> None:
    with azure_devops("azure_devops/projects_first_page", "azure_devops/projects_last_page") as (
        client,
        server,
    ):
        projects = client.projects()

    assert [project["name"] for project in projects] == ["Fabrikam", "Fabrikam Mobile", "Contoso Café"]
    assert [("continuationToken=2" in asked.query) for asked in server.asked] == [False, True]


def test_an_area_at_the_cut_edge_has_children_that_are_not_shown() -> None:
    with azure_devops("azure_devops/areas") as (client, _):
        root = client.area_tree("Fabrikam")

    assert (root["name"], root["hasChildren"]) == ("Fabrikam", True)
    devices, web = root["children"]
    assert (devices["name"], devices["hasChildren"]) == ("Devices", False)
    assert (web["name"], web["hasChildren"], "children" in web) == ("Web", True, False)


def test_a_type_comes_with_its_states_and_required_fields() -> None:
    with azure_devops("azure_devops/work_item_types") as (client, _):
        (feature,) = client.work_item_types("Fabrikam")
    with azure_devops("azure_devops/states") as (client, _):
        states = client.states("Fabrikam", "Feature")

    assert (feature["name"], feature["isDisabled"], feature["color"]) == ("Feature", False, "773B93")
    assert [state["name"] for state in feature["states"]] == ["New", "Active", "Closed"]
    assert feature["states"] == states
    assert [use["referenceName"] for use in feature["fieldInstances"] if use["alwaysRequired"]] == [
        "System.Title",
        "System.State",
    ]


def test_a_category_names_its_types() -> None:
    with azure_devops("azure_devops/work_item_type_categories") as (client, _):
        _, hidden = client.work_item_type_categories("Fabrikam")

    assert hidden["referenceName"] == "Microsoft.HiddenCategory"
    assert [kind["name"] for kind in hidden["workItemTypes"]] == ["Test Plan", "Test Suite"]


def test_a_work_item_is_read_with_relations_and_the_format_of_its_description() -> None:
    with azure_devops("azure_devops/work_item") as (client, _):
        item = client.work_item(1744)

    assert (item.id, item.revision, item.type, item.state) == (1744, 7, "Feature", "Active")
    assert (item.title, item.description) == ("Search by colour", "Shoppers look for **colours**.")
    assert item.description_is_markdown
    assert item.changed_at == moment(2026, 4, 17, 13, 2, 8)
    assert item.page_url == f"{PROJECT}/_workitems/edit/1744"
    assert item.parent_id is None
    (file,) = item.attached_files
    assert (file.attributes["name"], file.attributes["resourceSize"]) == ("colours.png", 2048)
    (marker,) = [relation for relation in item.relations if relation.rel == "Hyperlink"]
    assert (marker.url, marker.comment) == (FEATURE_URL, "Aha! record 7489142925063719555")


def test_a_created_work_item_is_read_without_relations() -> None:
    with azure_devops("azure_devops/work_item_created") as (client, _):
        item = client.create_work_item("Fabrikam", "Feature", [])

    assert (item.id, item.revision, item.relations) == (1744, 1, ())
    assert not item.description_is_markdown


def test_an_old_revision_is_read_as_it_was() -> None:
    with azure_devops("azure_devops/work_item_revision") as (client, _):
        item = client.revision(1744, 3)

    assert (item.id, item.revision, item.title) == (1744, 3, "Search for colours")


def test_a_null_among_many_work_items_is_left_out() -> None:
    with azure_devops("azure_devops/work_items_batch_with_null") as (client, _):
        items = client.work_items([1744, 1745, 1746])

    assert sorted(items) == [1744, 1746]
    assert items[1746].relations == ()


def test_a_query_finds_ids_in_its_order_and_says_as_of_when() -> None:
    with azure_devops("azure_devops/wiql") as (client, _):
        found = client.query("Fabrikam", "SELECT [System.Id] FROM WorkItems")

    assert found.ids == (1746, 1744)
    assert found.as_of == moment(2026, 4, 17, 13, 10, 0, 220_000)


def test_an_upload_answers_the_address_to_relate_to() -> None:
    file = NewFile("Fabrikam", "Fabrikam\\Web", "colours.png", Deadline.after(60))
    with azure_devops("azure_devops/attachment") as (client, _):
        address = client.uploads.send_whole(file, lambda: io.BytesIO(b"PNG"))

    guid = "9c0d1e2f-3a4b-4c5d-8e6f-7a8b9c0d1e2f"
    assert address == f"{ORGANIZATION}/_apis/wit/attachments/{guid}?fileName=colours.png"


def test_subscriptions_are_read_with_their_status() -> None:
    with azure_devops("azure_devops/subscriptions") as (client, _):
        (known,) = client.subscriptions()
    with azure_devops("azure_devops/subscription") as (client, _):
        made = client.subscribe("6f1d2c3b-4a59-4687-9b0c-1d2e3f4a5b6c", known.url)

    assert (known.status, made.status) == ("disabledBySystem", "enabled")
    assert known.id == made.id == "5f2d4ee2-1c2d-4d0a-8a0f-6e5c0f0a7b11"
    assert made.project_id == "6f1d2c3b-4a59-4687-9b0c-1d2e3f4a5b6c"
    assert made.url == "https://functions.fabrikam.example/api/webhooks/fabrikam-web/TOKEN"


def test_a_preview_that_is_refused_is_done_without() -> None:
    answers = ("azure_devops/preview_refused", "azure_devops/work_item_created")
    with azure_devops(*answers, account_name="fabrikam-without-previews") as (client, server):
        item = client.work_item(1744)

    assert item.id == 1744
    assert ["api-version=7.1" in asked.query for asked in server.asked] == [False, True]


def test_a_delayed_answer_holds_the_next_request_back() -> None:
    with azure_devops("azure_devops/delayed", seconds=3) as (client, server):
        client.subscriptions()
        with pytest.raises(Unavailable) as caught:
            client.subscriptions()

    assert len(server.asked) == 1
    assert caught.value.retry_after == pytest.approx(5, abs=1)


# Answers to a batch.


def entries_of(name: str, requests: int) -> Any:
    """What the entries of an answer to so many requests are taken for."""
    with azure_devops(name) as (client, _):
        body = client.submit_batch([client.update_operation(1, [])] * requests)
    return read_answer(body, [Subject(account_name="fabrikam")] * requests)


def test_a_batch_that_was_carried_out_has_a_work_item_for_each_request() -> None:
    feature, story = entries_of("azure_devops/batch_all_created", 2)

    assert (feature.id, feature.title, feature.relations[0].rel) == (
        1750,
        "Gift cards",
        "System.LinkTypes.Hierarchy-Forward",
    )
    assert (story.id, story.type) == (1751, "User Story")


def test_in_a_batch_refused_whole_one_request_has_a_fault_of_its_own() -> None:
    first, second, third = entries_of("azure_devops/batch_sibling_failed", 3)

    assert first == third == SiblingFailed()
    assert isinstance(second, OwnFault)
    assert isinstance(second.error, RuleViolation)
    assert second.names_fields
    assert "Team" in second.error.detail


def test_a_relation_that_exists_is_a_fault_that_names_no_field() -> None:
    own, sibling = entries_of("azure_devops/batch_relation_already_exists", 2)

    assert isinstance(own, OwnFault)
    assert "This relation is there already." in own.error.detail
    assert not own.names_fields
    assert sibling == SiblingFailed()


def test_an_answer_with_fewer_entries_than_requests_is_not_believed() -> None:
    assert entries_of("azure_devops/batch_fewer_answers_than_requests", 69) is None


def test_a_body_that_is_an_object_is_read_like_one_that_is_text() -> None:
    (item,) = entries_of("azure_devops/batch_entry_body_as_object", 1)

    assert (item.id, item.title) == (1752, "Wish lists")


# Refusals of Azure DevOps.

Refusal = tuple[str, type[OperationFailed], str, str | None]

REFUSALS: list[Refusal] = [
    ("azure_devops/required_field_empty_TF401320", RuleViolation, "Custom.Team", "TF401320"),
    ("azure_devops/value_not_in_list_TF401320", RuleViolation, "System.State", "TF401320"),
    ("azure_devops/revision_conflict_VS403351", RevisionConflict, "changed the work item", "VS403351"),
    ("azure_devops/work_item_not_readable_TF401232", NotFound, "may not read it", "TF401232"),
    ("azure_devops/project_unknown_TF200016", NotFound, "project does not exist", "TF200016"),
    ("azure_devops/project_not_visible_VS800075", NotFound, "cannot see it", "VS800075"),
    ("azure_devops/type_unknown_VS402323", NotFound, "work item type does not exist", "VS402323"),
    ("azure_devops/area_unknown_TF401347", RuleViolation, "area", "TF401347"),
    ("azure_devops/field_unknown_TF51535", RuleViolation, "default field", "TF51535"),
    ("azure_devops/too_many_matches_VS402337", RuleViolation, "20000", "VS402337"),
    ("azure_devops/attachment_too_large_TF237082", RuleViolation, "60 MB", "TF237082"),
    ("azure_devops/area_forbidden_TF237111", Forbidden, "Edit work items in this node", "TF237111"),
    ("azure_devops/not_licensed", Forbidden, "Basic access level", None),
    ("azure_devops/batch_refused", NotFound, "Nothing answers", None),
    ("azure_devops/token_expired", CredentialsRejected, "has expired", None),
    ("azure_devops/token_refused_empty", CredentialsRejected, "token", None),
    ("azure_devops/token_without_scope_TF400813", CredentialsRejected, "scope", "TF400813"),
    ("azure_devops/token_for_all_organizations", CredentialsRejected, "token", None),
    ("azure_devops/conditional_access_VS403463", CredentialsRejected, "conditional access", "VS403463"),
    ("azure_devops/sign_in_page", CredentialsRejected, "sign-in page", None),
    ("azure_devops/sign_in_redirect", CredentialsRejected, "sign-in page", None),
]


@pytest.mark.parametrize(("name", "kind", "words", "code"), REFUSALS, ids=[name for name, *_ in REFUSALS])
def test_a_refusal_of_azure_devops_is_understood(
    name: str, kind: type[OperationFailed], words: str, code: str | None
) -> None:
    with azure_devops(name) as (client, _), pytest.raises(OperationFailed) as caught:
        client.update_work_item(1744, [])

    assert type(caught.value) is kind
    assert words in caught.value.detail
    assert caught.value.evidence.get("azure_devops_code") == code


@pytest.mark.parametrize(
    ("name", "seconds"), [("azure_devops/throttled_TF400733", 30), ("azure_devops/service_unavailable", 10)]
)
def test_what_passes_by_itself_says_how_long_to_wait(name: str, seconds: int) -> None:
    with azure_devops(name, seconds=5) as (client, server), pytest.raises(Unavailable) as caught:
        client.update_work_item(1744, [])

    assert len(server.asked) == 1
    assert caught.value.retry_after == pytest.approx(seconds, abs=1)
    assert "try again later" in caught.value.detail


@pytest.mark.parametrize(
    "name",
    [
        "azure_devops/proxy_timeout_524",
        "azure_devops/passing_failure_TF401349",
        # A page instead of an answer: a proxy may have written it.
        "azure_devops/organization_unknown",
    ],
)
def test_a_failure_that_may_pass_is_not_a_refusal(name: str) -> None:
    with azure_devops(name) as (client, _), pytest.raises(Unavailable) as caught:
        client.update_work_item(1744, [])

    assert caught.value.outcome_unknown


def test_a_page_instead_of_the_list_of_projects_says_that_there_is_no_such_organization() -> None:
    with azure_devops("azure_devops/organization_unknown") as (client, _), pytest.raises(NotFound) as caught:
        client.projects()

    assert "no organization “fabrikam”" in caught.value.detail


# Aha!


def test_a_feature_is_read() -> None:
    with aha("aha/feature") as account:
        record = account.record(Kind.FEATURE, "7489142925063719555")

    assert (record.id, record.reference) == ("7489142925063719555", "PROD-2")
    assert (record.name, record.description) == (
        "Search by colour",
        "<p>Shoppers look for <b>colours</b>.</p>",
    )
    assert (record.status.id, record.status.name) == ("6908000000000000301", "Ready to develop")
    assert record.updated_at == moment(2026, 4, 3, 10, 0, 0, 120_000)
    assert list(record.attachments) == ["7489142925063719601"]


def test_an_empty_description_is_an_object_and_reads_as_empty() -> None:
    with aha("aha/feature_without_requirements") as account:
        record = account.update(Kind.FEATURE, "7489142925063719555", RecordChange(description=""))

    assert record.description == ""
    assert record.attachments == {}


def test_a_file_that_was_purged_has_an_address_and_no_size() -> None:
    with aha("aha/feature_with_a_purged_file") as account:
        record = account.record(Kind.FEATURE, "7489142925063719555")

    assert list(record.attachments) == ["7489142925063719602"]


def test_a_requirement_is_read() -> None:
    with aha("aha/requirement") as account:
        record = account.record(Kind.REQUIREMENT, "7489142925063719601")

    assert (record.reference, record.name, record.status.name) == ("PROD-2-1", "Palette", "In progress")


def test_an_account_shows_its_user_workspaces_and_workflows() -> None:
    with aha("aha/me", "aha/products", "aha/product", "aha/workflows") as account:
        user, products = account.user(), account.products()
        product, workflows = account.product("PROD"), account.workflows("PROD")

    assert (user["name"], user["email"]) == ("Paula Manager", "paula@fabrikam.example")
    assert [one["reference_prefix"] for one in products] == ["PROD"]
    # Requirements often follow the workflow of features, which is of type Feature.
    assert product["requirement_workflow"]["id"] == product["feature_workflow"]["id"] == workflows[0]["id"]
    assert [status["name"] for status in workflows[0]["workflow_statuses"]] == ["Shipped", "Ready to develop"]


AHA_REFUSALS: list[tuple[str, type[OperationFailed], str]] = [
    ("aha/error_401", CredentialsRejected, "The access token is not valid."),
    ("aha/error_403", Forbidden, "This user may not change the record."),
    ("aha/error_404", NotFound, "Record not found."),
    ("aha/error_422", RuleViolation, "Workflow status is not in the workflow"),
    ("aha/error_400_list", RuleViolation, "Workflow status is not known"),
]


@pytest.mark.parametrize(("name", "kind", "words"), AHA_REFUSALS, ids=[name for name, *_ in AHA_REFUSALS])
def test_a_refusal_of_aha_is_understood(name: str, kind: type[OperationFailed], words: str) -> None:
    with aha(name) as account, pytest.raises(OperationFailed) as caught:
        account.update(Kind.FEATURE, "7489142925063719555", RecordChange(status="Shipped"))

    assert type(caught.value) is kind
    assert words in caught.value.detail


@pytest.mark.parametrize("name", ["aha/error_429", "aha/error_429_underscore"])
def test_aha_says_how_long_to_wait_in_two_spellings(name: str) -> None:
    with aha(name, seconds=5) as account, pytest.raises(Unavailable) as caught:
        account.record(Kind.FEATURE, "PROD-2")

    assert caught.value.retry_after == pytest.approx(12, abs=1)


@pytest.mark.parametrize("name", ["aha/error_503", "aha/error_404_page"])
def test_an_outage_of_aha_is_not_a_refusal(name: str) -> None:
    with aha(name) as account, pytest.raises(Unavailable, match="try again later"):
        account.record(Kind.FEATURE, "PROD-2")


def test_a_page_instead_of_the_user_says_that_the_address_is_no_account() -> None:
    with aha("aha/error_404_page") as account, pytest.raises(NotFound):
        account.user()
