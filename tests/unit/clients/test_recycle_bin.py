"""Which work items the recycle bin proves to be deleted. What it does not prove is not deleted."""

from __future__ import annotations

from typing import Any

import pytest

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.errors import CredentialsRejected
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Reply, ScriptedServer, serving

JSON = {"Content-Type": "application/json"}
MISSING = Reply(
    404,
    {"message": "TF401232: Work item 5 does not exist, or you do not have permissions to read it."},
)


def client(server: ScriptedServer) -> AzureDevOps:
    """Azure DevOps as the server answers for it."""
    operation, _ = an_operation()
    return AzureDevOps(
        base_url=server.url,
        account_name="fabrikam",
        authorization=lambda: "Basic Og==",
        operation=operation,
        process_state=ProcessState(allow_local=True),
    )


def deleted(server: ScriptedServer, *ids: int) -> set[int]:
    """Those of the ids that are deleted for certain."""
    return set(client(server).recycle_bin.deleted_of("Fabrikam Web", ids))


def listed(*entries: Any) -> Reply:
    """The answer to a read of several."""
    return Reply(200, {"count": len(entries), "value": list(entries)})


def test_one_is_read_by_its_id() -> None:
    with serving(Reply(200, {"id": 5, "code": 200, "project": "Fabrikam Web"})) as server:
        assert deleted(server, 5) == {5}

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("GET", "/fabrikam/Fabrikam Web/_apis/wit/recyclebin/5")


def test_several_are_read_by_one_request() -> None:
    with serving(listed({"id": 5}, {"id": 7, "code": 200})) as server:
        assert deleted(server, 5, 6, 7) == {5, 7}

    (asked,) = server.asked
    assert "ids=5,6,7" in asked.query


def test_an_entry_that_reports_an_error_proves_nothing() -> None:
    with serving(
        listed({"id": 5, "code": 404, "message": "TF401232"}, None, {"id": "7"}, {"id": 8})
    ) as server:
        assert deleted(server, 5, 7, 8) == {8}


def test_what_was_not_asked_for_is_left_out() -> None:
    # An organization may answer the whole recycle bin.
    with serving(listed({"id": 5}, {"id": 99})) as server:
        assert deleted(server, 5, 6) == {5}


def test_if_one_missing_work_item_fails_the_whole_request_each_is_asked_for() -> None:
    def answer(asked: Any) -> Reply:
        return Reply(200, {"id": 6}) if asked.path.endswith("/6") else MISSING

    with serving(answer) as server:
        assert deleted(server, 5, 6) == {6}

    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_recycle_bin_that_refuses_proves_nothing(status: int) -> None:
    with serving(lambda _: Reply(status, {"message": "No."})) as server:
        assert deleted(server, 5) == set()
        assert deleted(server, 5, 6) == set()


@pytest.mark.parametrize("body", [[], {}, {"value": {}}, "text"])
def test_an_answer_of_another_shape_proves_nothing(body: Any) -> None:
    with serving(lambda _: Reply(200, body)) as server:
        assert deleted(server, 5) == set()
        assert deleted(server, 5, 6) == set()


def test_a_refused_token_is_an_error() -> None:
    with serving(Reply(401, "")) as server, pytest.raises(CredentialsRejected):
        deleted(server, 5)


def test_many_are_read_two_hundred_at_a_time() -> None:
    with serving(lambda _: listed()) as server:
        assert deleted(server, *range(1, 251)) == set()

    assert len(server.asked) == 2
