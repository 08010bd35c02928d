"""The sandboxes send what the services send: the same status, headers, keys and types as each capture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.captures import answer, incoming
from tests.captures.shapes import answer_differences, differences
from tests.sandbox.aha_caller import VIEWER_TOKEN, AhaCaller, running_aha
from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    Subscriber,
    child_of,
    create_request,
    guard,
    relation,
    running_azure_devops,
    running_subscriber,
    set_field,
    subscription_of,
    temporary_id,
    title,
    update_request,
)

HOOK = "https://functions.fabrikam.example/hook"
MARKER = "https://fabrikam.aha.io/features/PROD-2"
READ = {"$expand": "all"}
PREVIEW = "7.2-preview"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


@pytest.fixture
def aha() -> Iterator[AhaCaller]:
    with running_aha(limited=True) as caller:
        yield caller


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with running_subscriber() as receiver:
        yield receiver


# Answers of Azure DevOps.


def work_item(ado: AzureDevOpsCaller) -> requests.Response:
    """A feature with a file, a child, a marker and a description in Markdown, changed once."""
    url = ado.upload(b"PNG", name="colours.png").json()["url"]
    ado.create(
        "Feature",
        title("Search for colours"),
        set_field("System.Description", "**Colours**"),
        {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"},
        relation("AttachedFile", url, comment="From Aha!", name="colours.png"),
        relation("Hyperlink", MARKER, comment="Aha! record 1"),
    )
    ado.create("User Story", title("A palette"), child_of(1))
    ado.update(1, title("Search by colour"))
    return ado.call("GET", "/_apis/wit/workitems/1", params=READ, version=PREVIEW)


def old_revision(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    return ado.call("GET", "/_apis/wit/workItems/1/revisions/1", params=READ)


def created(ado: AzureDevOpsCaller) -> requests.Response:
    return ado.try_create("Feature", [title("Search"), set_field("System.Description", "<p>Colours</p>")])


def changed_since(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    return ado.try_update(1, guard(7), title("Search"))


def unknown_preview(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    return ado.call("GET", "/_apis/wit/workitems/1", version="8.0-preview")


def some_deleted(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    ado.create("User Story", title("Gone"))
    ado.control("POST", "/delete", {"id": 3})
    body = {"ids": [1, 3, 2], "$expand": "all", "errorPolicy": "omit"}
    return ado.call("POST", "/_apis/wit/workitemsbatch", json=body, version=PREVIEW)


def by_changed_date(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    return ado.query("SELECT [System.Id] FROM WorkItems ORDER BY [System.ChangedDate]")


def too_many_matches(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    ado.control("PUT", "/limits", {"query_results": 1})
    return ado.query("SELECT [System.Id] FROM WorkItems")


def subscribed(ado: AzureDevOpsCaller, **inputs: str) -> requests.Response:
    project = ado.get("/_apis/projects")["value"][0]["id"]
    document = subscription_of(HOOK, "workitem.updated", projectId=project, **inputs)
    return ado.post("/_apis/hooks/subscriptions", document)


def subscriptions(ado: AzureDevOpsCaller) -> requests.Response:
    subscribed(ado, basicAuthUsername="hook", basicAuthPassword="secret")
    return ado.call("GET", "/_apis/hooks/subscriptions")


def batch(ado: AzureDevOpsCaller, *operations: Any, mode: str = "all_or_nothing") -> requests.Response:
    ado.control("PUT", "/batch", {"mode": mode})
    return ado.call("PATCH", "/_apis/wit/$batch", json=list(operations))


def family(ado: AzureDevOpsCaller, name: str = "Gift cards", **options: Any) -> requests.Response:
    """A feature and two requirements below it in one batch; `name` is that of the first requirement."""
    return batch(
        ado,
        create_request("Feature", temporary_id(-1), title("Gift cards")),
        create_request("User Story", temporary_id(-2), title(name), child_of(-1)),
        create_request("User Story", temporary_id(-3), title("A card"), child_of(-1)),
        **options,
    )


def relation_twice(ado: AzureDevOpsCaller) -> requests.Response:
    work_item(ado)
    return batch(
        ado, update_request(1, relation("Hyperlink", MARKER)), update_request(2, title("Another title"))
    )


def refused_at(kind: str) -> Callable[[AzureDevOpsCaller], requests.Response]:
    """What a token of one kind is answered."""

    def read(ado: AzureDevOpsCaller) -> requests.Response:
        ado.control("POST", "/tokens", {"token": "given", "kind": kind})
        return ado.try_create("Feature", [title("Search")], token="given")

    return read


def too_large(ado: AzureDevOpsCaller) -> requests.Response:
    ado.control("PUT", "/limits", {"attachment_bytes": 10, "simple_upload_bytes": 10})
    return ado.upload(b"x" * 100)


def delayed(ado: AzureDevOpsCaller) -> requests.Response:
    given = {"delay_seconds": 4.5, "retry_after": 5, "limit": 200, "remaining": 0, "reset_in_seconds": 60}
    ado.control("PUT", "/throttle", given)
    return ado.call("GET", "/_apis/hooks/subscriptions")


def unknown_organization(ado: AzureDevOpsCaller) -> requests.Response:
    url = f"{ado.url}/nobody/_apis/projects?api-version=7.1"
    return requests.get(url, auth=("", "sandbox-write-token"), timeout=30)


def metadata(path: str, **params: Any) -> Callable[[AzureDevOpsCaller], requests.Response]:
    """A read below a project."""
    return lambda ado: ado.call("GET", f"/Fabrikam/_apis/wit/{path}", params=params)


AZURE_DEVOPS: dict[str, Callable[[AzureDevOpsCaller], requests.Response]] = {
    "azure_devops/projects_first_page": lambda ado: ado.call("GET", "/_apis/projects", params={"$top": 2}),
    "azure_devops/projects_last_page": lambda ado: ado.call("GET", "/_apis/projects"),
    "azure_devops/areas": metadata("classificationnodes/Areas", **{"$depth": 1}),
    "azure_devops/work_item_types": metadata("workitemtypes"),
    "azure_devops/states": metadata("workitemtypes/Feature/states"),
    "azure_devops/work_item_type_categories": metadata("workitemtypecategories"),
    "azure_devops/work_item": work_item,
    "azure_devops/work_item_created": created,
    "azure_devops/work_item_revision": old_revision,
    "azure_devops/work_items_batch_with_null": some_deleted,
    "azure_devops/wiql": by_changed_date,
    "azure_devops/attachment": lambda ado: ado.upload(b"PNG", name="colours.png"),
    "azure_devops/subscription": lambda ado: subscribed(
        ado, messagesToSend="none", detailedMessagesToSend="none"
    ),
    "azure_devops/subscriptions": subscriptions,
    "azure_devops/batch_all_created": family,
    "azure_devops/batch_sibling_failed": lambda ado: family(ado, name=""),
    "azure_devops/batch_relation_already_exists": relation_twice,
    "azure_devops/batch_fewer_answers_than_requests": lambda ado: family(
        ado, name="", mode="whole_refusal_single_item"
    ),
    "azure_devops/batch_refused": lambda ado: family(ado, mode="refused"),
    "azure_devops/required_field_empty_TF401320": lambda ado: ado.try_create("Feature", [title("")]),
    "azure_devops/value_not_in_list_TF401320": lambda ado: ado.try_create(
        "Feature", [title("Search"), set_field("System.State", "Ready")]
    ),
    "azure_devops/revision_conflict_VS403351": changed_since,
    "azure_devops/work_item_not_readable_TF401232": lambda ado: ado.call("GET", "/_apis/wit/workitems/1744"),
    "azure_devops/project_unknown_TF200016": lambda ado: ado.call("GET", "/Nowhere/_apis/wit/workitemtypes"),
    "azure_devops/project_not_visible_VS800075": lambda ado: ado.call(
        "GET", "/6f1d2c3b-4a59-4687-9b0c-1d2e3f4a5b6c/_apis/wit/workitemtypes"
    ),
    "azure_devops/type_unknown_VS402323": lambda ado: ado.try_create("Epos", [title("Search")]),
    "azure_devops/area_unknown_TF401347": lambda ado: ado.try_create(
        "Feature", [title("Search"), set_field("System.AreaPath", "Fabrikam\\Nowhere")]
    ),
    "azure_devops/field_unknown_TF51535": lambda ado: ado.try_create(
        "Feature", [title("Search"), set_field("Custom.Taem", "Web")]
    ),
    "azure_devops/too_many_matches_VS402337": too_many_matches,
    "azure_devops/area_forbidden_TF237111": refused_at("forbidden"),
    "azure_devops/not_licensed": refused_at("unlicensed"),
    "azure_devops/preview_refused": unknown_preview,
    "azure_devops/attachment_too_large_TF237082": too_large,
    "azure_devops/token_expired": refused_at("expired"),
    "azure_devops/token_refused_empty": refused_at("revoked"),
    "azure_devops/token_without_scope_TF400813": refused_at("read"),
    "azure_devops/token_for_all_organizations": refused_at("all_organizations"),
    "azure_devops/conditional_access_VS403463": refused_at("conditional_access"),
    "azure_devops/sign_in_page": lambda ado: ado.call("GET", "/_apis/projects", token=None),
    "azure_devops/sign_in_redirect": lambda ado: ado.call(
        "GET", "/_apis/projects", token=None, headers={"X-TFS-FedAuthRedirect": ""}
    ),
    "azure_devops/organization_unknown": unknown_organization,
    "azure_devops/delayed": delayed,
}


@pytest.mark.parametrize("name", AZURE_DEVOPS)
def test_the_sandbox_answers_as_azure_devops_does(ado: AzureDevOpsCaller, name: str) -> None:
    assert answer_differences(answer(name), AZURE_DEVOPS[name](ado)) == []


# Notifications of Azure DevOps.


def updated(ado: AzureDevOpsCaller) -> None:
    ado.update(1, title("Search"), set_field("System.State", "Active"))


def commented(ado: AzureDevOpsCaller) -> None:
    ado.update(1, set_field("System.History", "Looks good"))


def cleared(ado: AzureDevOpsCaller) -> None:
    ado.update(1, {"op": "remove", "path": "/fields/System.Description"})


def related(ado: AzureDevOpsCaller) -> None:
    ado.create("User Story", title("Another palette"), child_of(1))


def deleted(ado: AzureDevOpsCaller) -> None:
    ado.control("POST", "/delete", {"id": 1})


def restored(ado: AzureDevOpsCaller) -> None:
    deleted(ado)
    ado.control("POST", "/restore", {"id": 1})


Act = Callable[[AzureDevOpsCaller], None]

NOTIFICATIONS: dict[str, tuple[str, Act, dict[str, str]]] = {
    "service_hooks/workitem_updated_1.0_all": (
        "workitem.updated",
        updated,
        {"messagesToSend": "", "detailedMessagesToSend": ""},
    ),
    "service_hooks/workitem_updated_3.1_all": (
        "workitem.updated",
        updated,
        {"resourceVersion": "3.1-preview.3"},
    ),
    "service_hooks/workitem_updated_5.1_all": (
        "workitem.updated",
        updated,
        {"resourceVersion": "5.1-preview.3"},
    ),
    "service_hooks/workitem_updated_1.0_minimal": (
        "workitem.updated",
        updated,
        {"resourceDetailsToSend": "minimal"},
    ),
    "service_hooks/workitem_updated_1.0_none": (
        "workitem.updated",
        updated,
        {"resourceDetailsToSend": "none"},
    ),
    "service_hooks/workitem_updated_relations_only": ("workitem.updated", related, {}),
    "service_hooks/workitem_updated_field_cleared": ("workitem.updated", cleared, {}),
    "service_hooks/workitem_created": ("workitem.created", related, {}),
    "service_hooks/workitem_deleted": ("workitem.deleted", deleted, {}),
    "service_hooks/workitem_restored": ("workitem.restored", restored, {}),
    "service_hooks/workitem_commented": ("workitem.commented", commented, {}),
}


@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_the_sandbox_notifies_as_azure_devops_does(
    ado: AzureDevOpsCaller, subscriber: Subscriber, name: str
) -> None:
    event_type, act, inputs = NOTIFICATIONS[name]
    work_item(ado)
    quiet = {"messagesToSend": "none", "detailedMessagesToSend": "none"}
    ado.subscribe(subscriber.url, event_type, **{**quiet, **inputs})

    act(ado)
    ado.flush()

    (body,) = subscriber.received
    assert differences(incoming(name), body) == []


def test_the_sandbox_sends_the_test_notification_of_azure_devops(
    ado: AzureDevOpsCaller, subscriber: Subscriber
) -> None:
    details = subscription_of(subscriber.url, "workitem.updated")

    ado.post("/_apis/hooks/testnotifications", {"details": details})

    (body,) = subscriber.received
    assert differences(incoming("service_hooks/test_notification"), body) == []


# Answers and events of Aha!


def put_feature(aha: AhaCaller, **behaviour: Any) -> requests.Response:
    """A PUT of a status that the workflow does not have."""
    aha.control("PUT", "/behaviour", json=behaviour)
    return aha.put_feature("PROD-1", workflow_status={"name": "Nowhere"})


def linked_feature(aha: AhaCaller) -> requests.Response:
    """A feature with a file, requirements, and a field of the Azure DevOps integration."""
    fields = {"integration_fields": [{"name": "id", "value": "1744"}]}
    assert aha.api("POST", "/features/PROD-1/integrations/vsts/fields", json=fields).ok
    aha.control("POST", "/edit", json={"id": "PROD-1-1", "status": "In progress"})
    return aha.api("GET", "/features/PROD-1")


def purged_file(aha: AhaCaller) -> requests.Response:
    aha.attach(record="PROD-2", file_name="criteria.txt", content="x", behaviour="purged")
    return aha.api("GET", "/features/PROD-2")


def busy(aha: AhaCaller, header: str) -> requests.Response:
    aha.control("PUT", "/behaviour", json={"retry_after_header": header})
    aha.control("PUT", "/rate_limit", json={"per_second": None, "per_minute": 0})
    return aha.api("GET", "/me")


AHA: dict[str, Callable[[AhaCaller], requests.Response]] = {
    "aha/feature": linked_feature,
    "aha/feature_without_requirements": lambda aha: aha.api("GET", "/features/PROD-2"),
    "aha/feature_with_a_purged_file": purged_file,
    "aha/requirement": lambda aha: aha.api("GET", "/requirements/PROD-1-1"),
    "aha/me": lambda aha: aha.api("GET", "/me"),
    "aha/products": lambda aha: aha.api("GET", "/products"),
    "aha/product": lambda aha: aha.api("GET", "/products/PROD"),
    "aha/workflows": lambda aha: aha.api("GET", "/products/PROD/workflows"),
    "aha/error_401": lambda aha: aha.api("GET", "/me", token="wrong"),
    "aha/error_403": lambda aha: aha.api(
        "PUT", "/features/PROD-1", token=VIEWER_TOKEN, json={"feature": {"name": "x"}}
    ),
    "aha/error_404": lambda aha: aha.api("GET", "/features/PROD-999"),
    "aha/error_404_page": lambda aha: aha.api("GET", "/nowhere"),
    "aha/error_422": lambda aha: put_feature(aha, refused_status=422, error_shape="errors_object"),
    "aha/error_400_list": lambda aha: put_feature(aha, refused_status=400, error_shape="errors_list"),
    "aha/error_429": lambda aha: busy(aha, "Retry-After"),
    "aha/error_429_underscore": lambda aha: busy(aha, "retry_after"),
}


@pytest.mark.parametrize("name", AHA)
def test_the_sandbox_answers_as_aha_does(aha: AhaCaller, name: str) -> None:
    assert answer_differences(answer(name), AHA[name](aha)) == []


EVENTS = {
    "aha/events/create_feature": "/events/PROD-1?event=create_feature",
    "aha/events/update_feature": "/events/PROD-1?event=update_feature",
    "aha/events/create_feature_older_style": "/events/PROD-1?event=create_feature&style=older",
    "aha/events/create_release": "/events/PROD-R-1?event=create_release",
}


@pytest.mark.parametrize("name", EVENTS)
def test_the_sandbox_sends_events_as_aha_does(aha: AhaCaller, name: str) -> None:
    linked_feature(aha)

    assert differences(incoming(name), aha.control("GET", EVENTS[name])) == []
