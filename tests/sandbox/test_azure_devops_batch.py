"""`$batch` of the sandbox Azure DevOps, in each of the ways in which the service has been seen or is documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    batch_request,
    child_of,
    create_request,
    guard,
    running_azure_devops,
    set_field,
    temporary_id,
    title,
    update_request,
)


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def family(*children: str) -> list[dict[str, Any]]:
    """A parent and its children, tied together by temporary ids."""
    requests = [create_request("Feature", temporary_id(-1), title("Parent"))]
    for number, name in enumerate(children, start=2):
        requests.append(create_request("User Story", temporary_id(-number), title(name), child_of(-1)))
    return requests


def codes(entries: list[dict[str, Any]]) -> list[int]:
    return [entry["code"] for entry in entries]


def message(entry: dict[str, Any]) -> str:
    assert entry["body"]["count"] == 1
    text: str = entry["body"]["value"]["Message"]
    return text


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_parents_and_children_are_saved_jointly(ado: AzureDevOpsCaller, method: str) -> None:
    parent, first, second = ado.batch(*family("B", "C"), method=method)

    assert codes([parent, first, second]) == [200, 200, 200]
    assert parent["body"]["rev"] == 1
    children = [one["url"].rpartition("/")[2] for one in parent["body"]["relations"]]
    assert children == [str(first["body"]["id"]), str(second["body"]["id"])]
    assert first["body"]["fields"]["System.Parent"] == parent["body"]["id"]


def test_the_answer_is_in_the_order_of_the_requests(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    entries = ado.batch(update_request(number, title("B")), create_request("Feature", title("C")))

    assert [entry["body"]["fields"]["System.Title"] for entry in entries] == ["B", "C"]


def test_a_create_can_link_to_a_work_item_that_is_there(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]

    entries = ado.batch(create_request("User Story", temporary_id(-1), title("B"), child_of(parent)))

    assert entries[0]["body"]["fields"]["System.Parent"] == parent
    assert ado.read(parent)["rev"] == 1


def test_an_update_and_a_new_child_make_one_revision_of_the_parent(ado: AzureDevOpsCaller) -> None:
    parent = ado.create()["id"]

    entries = ado.batch(
        update_request(parent, guard(1), title("B")),
        create_request("User Story", temporary_id(-1), title("C"), child_of(parent)),
    )

    assert entries[0]["body"]["rev"] == 2
    assert len(entries[0]["body"]["relations"]) == 1


def test_one_failing_request_fails_all_and_names_itself(ado: AzureDevOpsCaller) -> None:
    requests = [*family("B"), create_request("Customer Request", temporary_id(-9), title("No team"))]

    parent, child, failing = ado.batch(*requests)

    assert codes([parent, child, failing]) == [500, 500, 400]
    assert message(parent) == message(child) == "TF401321: Whole Bulk failed."
    assert message(failing).startswith("TF401320: Rule Error for field Team")
    assert ado.control("GET", "/work_items")["work_items"] == []


def test_a_stale_revision_in_a_batch_is_a_412_entry(ado: AzureDevOpsCaller) -> None:
    first, second = ado.create()["id"], ado.create()["id"]

    entries = ado.batch(
        update_request(first, guard(1), title("B")), update_request(second, guard(9), title("C"))
    )

    assert codes(entries) == [500, 412]
    assert "VS403351" in message(entries[1])
    assert ado.read(first)["rev"] == 1


def test_in_independent_mode_the_others_are_saved(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/batch", {"mode": "independent"})
    requests = [*family("B"), create_request("Customer Request", temporary_id(-9), title("No team"))]

    parent, child, failing = ado.batch(*requests)

    assert codes([parent, child, failing]) == [200, 200, 400]
    assert child["body"]["fields"]["System.Parent"] == parent["body"]["id"]


def test_in_independent_mode_a_child_of_a_failed_parent_fails_too(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/batch", {"mode": "independent"})

    entries = ado.batch(
        create_request("Feature", temporary_id(-1), set_field("System.Description", "no title")),
        create_request("User Story", temporary_id(-2), title("B"), child_of(-1)),
    )

    assert codes(entries) == [400, 404]


def test_a_whole_refusal_is_a_single_entry_for_all_requests(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/batch", {"mode": "whole_refusal_single_item"})
    requests = [*family("B"), create_request("Customer Request", temporary_id(-9), title("No team"))]

    entries = ado.batch(*requests)

    assert codes(entries) == [500]
    assert "TF401320" in message(entries[0])
    assert ado.control("GET", "/work_items")["work_items"] == []


def test_a_refused_route_is_an_http_error(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/batch", {"mode": "refused"})

    assert ado.call("PATCH", "/_apis/wit/$batch", json=family()).status_code == 404


def test_without_temporary_ids_a_link_to_one_is_refused(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/batch", {"mode": "no_temporary_ids"})

    linked = ado.batch(*family("B"))
    alone = ado.batch(create_request("Feature", temporary_id(-1), title("A")))

    assert codes(linked) == [500, 404]
    assert codes(alone) == [200]


def test_two_creates_without_temporary_ids_do_not_go_together(ado: AzureDevOpsCaller) -> None:
    entries = ado.batch(create_request("Feature", title("A")), create_request("Feature", title("B")))

    assert codes(entries) == [500, 400]


def test_a_child_listed_before_its_parent_is_refused(ado: AzureDevOpsCaller) -> None:
    assert codes(ado.batch(*reversed(family("B")))) == [404, 500]


def test_an_update_whose_uri_names_a_project_is_404(ado: AzureDevOpsCaller) -> None:
    number = ado.create()["id"]

    entries = ado.batch(batch_request(f"/Fabrikam/_apis/wit/workitems/{number}?api-version=7.1", title("B")))

    assert codes(entries) == [404]


@pytest.mark.parametrize(
    "broken",
    [
        {"method": "DELETE"},
        {"uri": "/Fabrikam/_apis/wit/workitems/$Feature"},
        {"headers": {"Content-Type": "application/json"}},
        {"body": {}},
        {"uri": "/Fabrikam/_apis/wit/wiql?api-version=7.1"},
    ],
)
def test_a_request_of_the_wrong_form_fails_by_itself(ado: AzureDevOpsCaller, broken: dict[str, Any]) -> None:
    request = create_request("Feature", title("A")) | broken

    entries = ado.batch(request)

    assert entries[0]["code"] in (400, 404, 405)
    assert ado.control("GET", "/work_items")["work_items"] == []


def test_the_route_belongs_to_the_organization_and_takes_200_requests_at_most(ado: AzureDevOpsCaller) -> None:
    many = [create_request("Feature", temporary_id(-number), title("A")) for number in range(1, 202)]

    assert ado.call("PATCH", "/Fabrikam/_apis/wit/$batch", json=family()).status_code == 404
    assert ado.call("PATCH", "/_apis/wit/$batch", json=many).status_code == 400
    assert len(ado.batch(*many[:200])) == 200


def test_rules_are_bypassed_for_the_request_that_asks_for_it_and_by_who_may(ado: AzureDevOpsCaller) -> None:
    ado.control("POST", "/tokens", {"token": "boss", "kind": "administrator"})
    bypassing = create_request("Customer Request", temporary_id(-1), title("No team"))
    bypassing["uri"] += "&bypassRules=true"
    strict = create_request("Customer Request", temporary_id(-2), title("No team"))

    def batch(token: str, *requests: dict[str, Any]) -> list[int]:
        return codes(ado.call("PATCH", "/_apis/wit/$batch", json=list(requests), token=token).json()["value"])

    assert batch("sandbox-write-token", bypassing) == [403]
    assert batch("boss", bypassing, strict) == [500, 400]
    assert batch("boss", bypassing) == [200]


def test_a_batch_with_a_token_that_may_only_read_is_401(ado: AzureDevOpsCaller) -> None:
    answer = ado.call("PATCH", "/_apis/wit/$batch", json=family(), token="sandbox-read-token")

    assert answer.status_code == 401
