"""Whether a linked work item shows that an organization is the one that the links lead to."""

from __future__ import annotations

import pytest

from shared.domain.kind import Kind
from shared.domain.links import KnownWorkItem
from shared.domain.organization_change import is_back_in, is_same_organization, work_items_to_look_at
from shared.domain.organization_urls import Organization
from shared.domain.work_item import HYPERLINK, Relation, WorkItem


def known(number: int, kind: Kind = Kind.FEATURE, aha_id: str = "71", url: str = "") -> KnownWorkItem:
    return KnownWorkItem(number, kind, aha_id, url)


def item(number: int, *comments: str) -> WorkItem:
    relations = tuple(
        Relation(HYPERLINK, "https://company.aha.io/features/PROD-1", {"comment": text}) for text in comments
    )
    return WorkItem(number, 1, "Feature", "Title", "", "New", "", relations)


OURS = "Sent from Aha! by integration web, feature 71"


@pytest.mark.parametrize(
    ("comments", "is_same"),
    [
        ((OURS,), True),
        (("Anybody's", OURS), True),
        ((), False),
        (("Sent from Aha! by integration web, feature 72",), False),
        (("Sent from Aha! by integration web, requirement 71",), False),
        (("Sent from Aha! by integration other, feature 71",), False),
    ],
)
def test_the_marker_of_the_link_s_own_record_decides(comments: tuple[str, ...], is_same: bool) -> None:
    assert is_same_organization("web", [known(12)], {12: item(12, *comments)}) is is_same


def test_one_of_many_is_enough_and_one_that_is_not_there_says_nothing() -> None:
    assert is_same_organization("web", [known(11), known(12)], {12: item(12, OURS)})
    assert not is_same_organization("web", [known(11)], {})
    assert not is_same_organization("web", [], {12: item(12, OURS)})


def test_twenty_from_the_oldest_to_the_newest_are_looked_at() -> None:
    looked_at = [one.work_item_id for one in work_items_to_look_at([known(n) for n in range(1000, 0, -1)])]

    assert len(looked_at) == 20
    assert looked_at == sorted(set(looked_at))
    assert (looked_at[0], looked_at[-1]) == (1, 1000)


@pytest.mark.parametrize("count", [0, 1, 19, 20])
def test_few_are_all_looked_at(count: int) -> None:
    assert len(work_items_to_look_at([known(n) for n in range(count)])) == count


@pytest.mark.parametrize(
    ("name", "urls", "is_back"),
    [
        ("fabrikam", ("https://dev.azure.com/fabrikam/p/_workitems/edit/1",), True),
        ("Fabrikam", ("https://fabrikam.visualstudio.com/p/_workitems/edit/1",), True),
        ("contoso", ("https://dev.azure.com/fabrikam/p/_workitems/edit/1",), False),
        ("fabrikam", ("https://dev.azure.com/fabrikam/p/_workitems/edit/1", ""), False),
    ],
)
def test_the_pages_tell_whether_an_organization_is_back(
    name: str, urls: tuple[str, ...], is_back: bool
) -> None:
    assert is_back_in(Organization(name), [known(1, url=url) for url in urls]) is is_back
