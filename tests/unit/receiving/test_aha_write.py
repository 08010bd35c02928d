"""What Aha! refuses together is written one field at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.clients.aha import Aha
from shared.clients.process_state import ProcessState
from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.integration import AhaTarget
from shared.domain.links import Field
from shared.domain.receive_plan import ReceivePlan
from shared.domain.written_to_aha import WrittenToAha
from shared.errors import CredentialsRejected
from shared.receiving.aha_write import write_to_aha
from shared.secret import Secret
from tests.unit.examples import a_link, a_record, a_work_item
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Asked, Reply, serving

LINK = a_link(a_record(), a_work_item())
BEFORE = AhaRecord("6776487451", "PROD-2", "Search", "<p>Colours</p>", WorkflowStatus("55", "Ready"))
REFUSAL = {"errors": {"message": "is not a status of the workflow"}}


class AhaServer:
    """Aha! with PROD-2. It refuses a PUT with one of the fields `refused`, and keeps `kept` as they are."""

    def __init__(
        self, *, refused: tuple[str, ...] = (), kept: tuple[str, ...] = (), status: int = 422
    ) -> None:
        self._refused, self._kept, self._status = refused, kept, status
        self._record: dict[str, Any] = {
            "id": "6776487451",
            "reference_num": "PROD-2",
            "name": "Search",
            "description": {"body": "<p>Colours</p>"},
            "workflow_status": {"id": "55", "name": "Ready"},
        }
        self.puts: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Reply:
        change = json.loads(asked.body)["feature"]
        self.puts.append(change)
        if any(name in change for name in self._refused):
            return Reply(self._status, REFUSAL)
        for name, value in change.items():
            if name not in self._kept:
                self._record[name] = {"body": value} if name == "description" else value
        if "workflow_status" in change and "workflow_status" not in self._kept:
            self._record["workflow_status"] = {"id": "56", **change["workflow_status"]}
        return Reply(200, {"feature": self._record})


def plan(
    name: str | None = "Find", description: str | None = "<p>All colours</p>", status: str | None = "Shipped"
) -> ReceivePlan:
    return ReceivePlan(name, description, status, {}, None)


def written(server: AhaServer, change: ReceivePlan) -> WrittenToAha:
    """What became of a write."""
    operation, _ = an_operation()
    with serving(server) as running:
        target = AhaTarget(running.url, Secret("token"))
        aha = Aha(target, operation, process_state=ProcessState(allow_local=True), sleep=lambda _: None)
        return write_to_aha(aha, LINK, BEFORE, change)


def test_all_fields_are_written_by_one_request() -> None:
    aha = AhaServer()

    found = written(aha, plan())

    assert aha.puts == [
        {
            "name": "Find",
            "description": "<p>All colours</p>",
            "workflow_status": {"name": "Shipped"},
        }
    ]
    assert found.not_taken == frozenset()
    assert (found.record.name, found.record.status.name) == ("Find", "Shipped")


def test_a_refused_status_holds_back_neither_name_nor_description() -> None:
    aha = AhaServer(refused=("workflow_status",))

    found = written(aha, plan())

    assert aha.puts[1:] == [
        {"description": "<p>All colours</p>"},
        {"name": "Find"},
        {"workflow_status": {"name": "Shipped"}},
    ]
    assert set(found.refused) == {Field.STATE}
    assert (found.record.name, found.record.description) == ("Find", "<p>All colours</p>")


def test_a_single_refused_field_is_not_written_again() -> None:
    aha = AhaServer(refused=("workflow_status",))

    found = written(aha, plan(name=None, description=None))

    assert len(aha.puts) == 1
    assert set(found.refused) == {Field.STATE}
    assert found.record == BEFORE


def test_a_user_who_may_not_write_is_asked_once() -> None:
    aha = AhaServer(refused=("name",), status=403)

    found = written(aha, plan())

    assert len(aha.puts) == 1
    assert set(found.refused) == set(Field)
    assert len(set(found.refused.values())) == 1


def test_a_value_that_aha_keeps_in_spite_of_its_answer_is_noticed() -> None:
    found = written(AhaServer(kept=("name",)), plan())

    assert found.kept == {Field.NAME}
    assert not found.refused


def test_a_refused_field_does_not_count_as_kept_too() -> None:
    found = written(AhaServer(refused=("name",)), plan(description=None))

    assert not found.kept
    assert set(found.refused) == {Field.NAME}


def test_a_rejected_token_says_nothing_about_the_fields() -> None:
    with pytest.raises(CredentialsRejected):
        written(AhaServer(refused=("name",), status=401), plan())
