"""The board page of the sandbox Azure DevOps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.azure_devops_caller import (
    AzureDevOpsCaller,
    child_of,
    relation,
    running_azure_devops,
    running_subscriber,
    set_field,
    title,
)

PAGE = Path(__file__).parents[2] / "local" / "azure_devops" / "board_page"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def board(ado: AzureDevOpsCaller, path: str = "/") -> requests.Response:
    return requests.get(ado.url + path, timeout=30)


def cards(ado: AzureDevOpsCaller) -> dict[int, dict[str, Any]]:
    return {card["id"]: card for card in board(ado, "/_board/state").json()["work_items"]}


def edit(ado: AzureDevOpsCaller, body: Any, **headers: str) -> requests.Response:
    return requests.post(f"{ado.url}/_board/edit", json=body, headers=headers, timeout=30)


def test_the_page_and_the_page_of_a_work_item_are_the_same_html(ado: AzureDevOpsCaller) -> None:
    item = ado.create()

    page, of_item = board(ado), requests.get(item["_links"]["html"]["href"], timeout=30)

    assert page.status_code == of_item.status_code == 200
    assert page.text == of_item.text
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


def test_nothing_of_the_page_comes_from_another_host_or_runs_inline(ado: AzureDevOpsCaller) -> None:
    page = board(ado)

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=", page.text)
    for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert board(ado, path).status_code == 200
    assert not [line for file in PAGE.iterdir() for line in file.read_text().splitlines() if "//cdn" in line]


def test_a_card_shows_parent_children_files_and_links(ado: AzureDevOpsCaller) -> None:
    file = relation("AttachedFile", ado.upload(b"hello").json()["url"])
    page = relation("Hyperlink", "https://company.aha.io/features/PROD-1")
    parent = ado.create("Feature", title("A"), set_field("System.Description", "Text"), file, page)["id"]
    child = ado.create("User Story", title("B"), child_of(parent))["id"]

    shown = cards(ado)

    assert shown[parent]["children"] == [child]
    assert shown[child]["parent"] == parent
    assert (shown[parent]["type"], shown[parent]["color"], shown[parent]["rev"]) == ("Feature", "773B93", 1)
    assert shown[parent]["has_description"] is True
    assert shown[parent]["links"] == ["https://company.aha.io/features/PROD-1"]
    assert [state["name"] for state in shown[child]["states"]][:2] == ["New", "Active"]
    assert (shown[parent]["attachments"][0]["name"], shown[parent]["attachments"][0]["size"]) == (
        "notes.txt",
        5,
    )
    assert board(ado, shown[parent]["attachments"][0]["href"]).content == b"hello"


def test_a_description_is_shown_where_nothing_can_run(ado: AzureDevOpsCaller) -> None:
    number = ado.create("Feature", title("A"), set_field("System.Description", "Hello <b>you</b>"))["id"]

    answer = board(ado, f"/_board/descriptions/{number}")

    assert "<div>Hello <b>you</b></div>" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_picture_in_a_description_is_shown_without_a_token(ado: AzureDevOpsCaller) -> None:
    uploaded = ado.upload(b"picture", name="a.png").json()
    text = f'<div><img src="{uploaded["url"]}"></div>'
    number = ado.create("Feature", title("A"), set_field("System.Description", text))["id"]

    answer = board(ado, f"/_board/descriptions/{number}")

    assert f'<img src="/_board/attachments/{uploaded["id"]}">' in answer.text
    assert board(ado, f"/_board/attachments/{uploaded['id']}").content == b"picture"


def test_a_persons_change_makes_a_revision_and_fires_the_hooks(ado: AzureDevOpsCaller) -> None:
    with running_subscriber() as subscriber:
        number = ado.create()["id"]
        ado.subscribe(subscriber.url)

        answer = edit(ado, {"id": number, "fields": {"System.State": "Active"}})
        ado.flush()

        assert (answer.status_code, answer.json()["state"], answer.json()["rev"]) == (200, "Active", 2)
        event = subscriber.received[0]["resource"]
        assert event["revisedBy"]["displayName"] == "Jamal Hartnett"
        state = board(ado, "/_board/state").json()
        assert state["deliveries"][0]["status"] == 200
        assert state["subscriptions"] == [{"event_type": "workitem.updated", "status": "enabled"}]


def test_a_change_that_breaks_a_rule_says_why(ado: AzureDevOpsCaller) -> None:
    answer = edit(ado, {"id": ado.create()["id"], "fields": {"System.Title": ""}})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("TF401320")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"id": 1, "fields": {"System.Title": "B"}}, {"Origin": "https://example.com"}, 403),
        ({"id": 1, "fields": {"System.Title": "B"}}, {"Content-Type": "text/plain"}, 403),
        ({"id": 1, "fields": {"System.AreaPath": "Fabrikam"}}, {}, 400),
        ({"id": "1", "fields": {}}, {}, 400),
        ([], {}, 400),
    ],
)
def test_only_the_page_itself_changes_titles_and_states(
    ado: AzureDevOpsCaller, body: Any, headers: dict[str, str], status: int
) -> None:
    ado.create()

    assert edit(ado, body, **headers).status_code == status
    assert cards(ado)[1]["rev"] == 1


@pytest.mark.parametrize(
    "path", ["/_board/nothing", "/_board/../seed.py", "/_board/attachments/x", "/_board/descriptions/99"]
)
def test_what_the_board_does_not_have_is_404(ado: AzureDevOpsCaller, path: str) -> None:
    assert board(ado, path).status_code == 404


def test_requests_of_the_page_are_not_listed(ado: AzureDevOpsCaller) -> None:
    board(ado)
    board(ado, "/fabrikam/Fabrikam/_workitems/edit/1")
    board(ado, "/_board/state")

    assert ado.control("GET", "/requests")["requests"] == []
