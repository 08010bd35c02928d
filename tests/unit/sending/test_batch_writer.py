"""How the batch protocol is carried out: requests on threads, everything else on the caller's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from shared.clients.azure_devops import AzureDevOps
from shared.clients.capabilities import Capabilities, Capability
from shared.clients.process_state import ProcessState
from shared.clients.rate_limits import RateLimits
from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.patches import PatchDocument
from shared.domain.records import Record
from shared.errors import Defect, RevisionConflict, RuleViolation, TimeSpent
from shared.secret import Secret
from shared.sending.batch_writer import write_work_items
from shared.sending.outcome import Outcome, OutcomeKind
from shared.sending.own_claims import OwnClaims
from shared.sending.work_item_write import WorkItemWrite
from shared.storage.links import LinkStore
from shared.storage.tables import Tables
from tests.unit.examples import a_requirement, an_integration
from tests.unit.operations import Clock as ManualTime
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Asked, Reply, ScriptedServer, serving
from tests.unit.sending.send_contexts import a_context

UPDATED, FAILED, DEFERRED = OutcomeKind.UPDATED, OutcomeKind.FAILED, OutcomeKind.DEFERRED
SECONDS = 10
"""How long a test waits for another thread before it fails."""

NO_STORAGE = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=Zm9v;TableEndpoint=http://127.0.0.1:9/a;"
"""Nothing listens there: what is tested here needs no table."""


class Writer:
    """Writes updates to a scripted Azure DevOps."""

    def __init__(self, server: ScriptedServer, *, seconds: float = 60) -> None:
        self.capabilities = Capabilities()
        self.time = ManualTime()
        clock = Clock(monotonic=self.time, sleep=self.time.sleep)
        operation, self.log = an_operation(seconds, self.time)
        process_state = ProcessState(allow_local=True)
        process_state.rate_limits = RateLimits(self.time)
        azure_devops = AzureDevOps(
            base_url=server.url,
            account_name="fabrikam",
            authorization=lambda: "Basic Og==",
            operation=operation,
            process_state=process_state,
            sleep=self.time.sleep,
        )
        links = LinkStore(Tables(Secret(NO_STORAGE)))
        self._context = a_context(
            azure_devops, links, an_integration(), operation, clock=clock, capabilities=self.capabilities
        )
        self._claims = OwnClaims(links, "fabrikam-web", operation, Images(), clock)

    def writing(self, count: int) -> Any:
        """The outcomes of updates of the work items 1, 2, … as they come; closing them ends the writing."""
        return self.writing_these([update(number) for number in range(1, count + 1)])

    def writing_these(self, writes: Sequence[WorkItemWrite]) -> Any:
        """The outcomes of these writes as they come."""
        records: dict[str, Record] = {write.record_id: a_requirement(id=write.record_id) for write in writes}
        return closing(write_work_items(writes, records, 7, self._context, self._claims))

    def write(self, count: int) -> dict[str, Outcome]:
        """The outcomes of updates of the work items 1, 2, …, once all are known."""
        with self.writing(count) as written:
            return {key: outcome for outcomes in written for key, outcome in outcomes.items()}


def update(number: int) -> WorkItemWrite:
    """A new title for a work item at its first revision."""
    document: PatchDocument = [
        {"op": "test", "path": "/rev", "value": 1},
        {"op": "add", "path": "/fields/System.Title", "value": "New"},
    ]
    return WorkItemWrite(f"U{number}", "User Story", number, document)


def operations(asked: Asked) -> list[dict[str, Any]]:
    """The operations of a batch."""
    found: list[dict[str, Any]] = json.loads(asked.body)
    return found


def numbers(asked: Asked) -> list[int]:
    """The work items that a batch updates."""
    return [int(item["uri"].partition("?")[0].rpartition("/")[2]) for item in operations(asked)]


def item(number: int) -> dict[str, Any]:
    """A work item after its update."""
    return {"id": number, "rev": 2, "fields": {"System.Title": "New"}}


def entries(results: Sequence[tuple[int, Any]]) -> Reply:
    """The answer to a batch."""
    value = [{"code": code, "body": json.dumps(body)} for code, body in results]
    return Reply(200, {"count": len(value), "value": value})


def carried_out(asked: Asked) -> Reply:
    """The answer to a batch or a single update that was carried out."""
    if asked.path.endswith("$batch"):
        return entries([(200, item(number)) for number in numbers(asked)])
    return Reply(200, item(int(asked.path.rpartition("/")[2])))


FAULT = {"message": "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."}
WHOLE_FAILED = {"message": "TF401321: Whole Bulk failed."}


def second_at_fault(asked: Asked) -> Reply:
    """The answer to a batch of which work item 2 is at fault and nothing was carried out."""
    return entries([(400, FAULT if number == 2 else WHOLE_FAILED) for number in numbers(asked)])


def test_a_batch_holds_the_documents_of_its_writes() -> None:
    with serving(carried_out) as server:
        outcomes = Writer(server).write(2)

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/fabrikam/_apis/wit/$batch")
    assert operations(asked)[0] == {
        "method": "PATCH",
        "uri": "/_apis/wit/workitems/1?api-version=7.1",
        "headers": {"Content-Type": "application/json-patch+json"},
        "body": update(1).document,
    }
    assert {key: outcome.kind for key, outcome in outcomes.items()} == {"U1": UPDATED, "U2": UPDATED}


def test_a_single_update_needs_no_batch() -> None:
    with serving(carried_out) as server:
        outcomes = Writer(server).write(1)

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/fabrikam/_apis/wit/workitems/1")
    assert json.loads(asked.body) == update(1).document
    assert outcomes["U1"].kind is UPDATED


def test_batches_run_side_by_side() -> None:
    all_three = threading.Barrier(3)

    def answer(asked: Asked) -> Reply:
        # None of the three is answered before all three have arrived.
        all_three.wait(SECONDS)
        return carried_out(asked)

    with serving(answer) as server:
        outcomes = Writer(server).write(120)

    assert sorted(len(numbers(asked)) for asked in server.asked) == [20, 50, 50]
    assert len(outcomes) == 120
    assert {outcome.kind for outcome in outcomes.values()} == {UPDATED}


def test_single_requests_run_side_by_side() -> None:
    all_three = threading.Barrier(3)

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("$batch"):
            return Reply(404, {"message": "No HTTP resource was found that matches the request URI."})
        all_three.wait(SECONDS)
        return carried_out(asked)

    with serving(answer) as server:
        outcomes = Writer(server).write(3)

    assert {outcome.kind for outcome in outcomes.values()} == {UPDATED}


def test_outcomes_are_yielded_as_soon_as_they_are_known() -> None:
    first_is_committed = threading.Event()

    def answer(asked: Asked) -> Reply:
        if numbers(asked)[0] != 1:
            first_is_committed.wait(SECONDS)
        return carried_out(asked)

    reports = []
    with serving(answer) as server, Writer(server).writing(120) as written:
        for outcomes in written:
            reports.append(set(outcomes))
            first_is_committed.set()

    assert reports[0] == {f"U{number}" for number in range(1, 51)}


def test_the_next_request_is_under_way_while_the_caller_commits() -> None:
    is_under_way, is_committed = threading.Event(), threading.Event()

    def repeated(asked: Asked) -> Reply:
        is_under_way.set()
        assert is_committed.wait(SECONDS)
        return carried_out(asked)

    with serving(second_at_fault, repeated) as server, Writer(server).writing(3) as written:
        first = next(written)
        came_before_the_commit = is_under_way.wait(SECONDS)
        is_committed.set()
        rest = {key: outcome.kind for outcomes in written for key, outcome in outcomes.items()}

    assert came_before_the_commit
    assert {key: outcome.kind for key, outcome in first.items()} == {"U2": FAILED}
    assert isinstance(first["U2"].error, RuleViolation)
    assert rest == {"U1": UPDATED, "U3": UPDATED}


def test_a_caller_that_stops_waits_for_the_running_request_and_gets_no_further_one() -> None:
    is_under_way, has_stopped = threading.Event(), threading.Event()
    ended: list[list[int]] = []

    def repeated(asked: Asked) -> Reply:
        is_under_way.set()
        has_stopped.wait(0.05)
        ended.append(numbers(asked))
        return entries([(400, WHOLE_FAILED) for _ in numbers(asked)])

    with serving(second_at_fault, repeated) as server:
        with Writer(server).writing(4) as written:
            next(written)
            assert is_under_way.wait(SECONDS)
        ended_before_the_caller_went_on = list(ended)
        has_stopped.set()

    assert ended_before_the_caller_went_on == [[1, 3, 4]]
    assert len(server.asked) == 2


def test_a_refusal_is_the_outcome_of_its_write() -> None:
    conflict = {"message": "VS403351: Test Operation for path /rev failed."}
    with serving(Reply(412, conflict)) as server:
        outcomes = Writer(server).write(1)

    assert outcomes["U1"].kind is DEFERRED
    assert isinstance(outcomes["U1"].error, RevisionConflict)


def test_an_organization_that_refuses_batches_is_remembered() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(404, {"message": "no"}) if asked.path.endswith("$batch") else carried_out(asked)

    with serving(answer) as server:
        writer = Writer(server)
        writer.write(2)
        writer.write(2)

    assert [asked.path.rpartition("/")[2] for asked in server.asked].count("$batch") == 1
    assert writer.capabilities.refuses("fabrikam", Capability.BATCHES)


def test_a_write_of_which_no_document_can_be_made_stops_itself_alone() -> None:
    no_document: Any = None
    broken = WorkItemWrite("U2", "User Story", 2, no_document, goes_below_feature=True)
    with serving(carried_out) as server:
        writer = Writer(server)
        with writer.writing_these([update(1), broken, update(3)]) as written:
            outcomes = {key: outcome for some in written for key, outcome in some.items()}

    assert [numbers(asked) for asked in server.asked] == [[1, 3]]
    assert {key: outcome.kind for key, outcome in outcomes.items()} == {
        "U1": UPDATED,
        "U2": FAILED,
        "U3": UPDATED,
    }
    assert isinstance(outcomes["U2"].error, Defect)


def throttled_once() -> list[Reply | Callable[[Asked], Reply]]:
    """Azure DevOps asks to wait for longer than the client does by itself, and then carries out what it is asked."""
    return [Reply(429, {"message": "slow down"}, {"Retry-After": "20"}), carried_out]


def test_a_throttled_batch_is_sent_again_after_the_wait_that_azure_devops_asks_for() -> None:
    with serving(*throttled_once()) as server:
        writer = Writer(server)
        outcomes = writer.write(2)

    assert writer.time.slept == [20]
    assert len(server.asked) == 2
    assert {outcome.kind for outcome in outcomes.values()} == {UPDATED}


def test_a_wait_for_which_there_is_no_time_ends_the_write() -> None:
    with serving(*throttled_once()) as server:
        writer = Writer(server, seconds=15)
        outcomes = writer.write(2)

    assert writer.time.slept == []
    assert len(server.asked) == 1
    assert {outcome.kind for outcome in outcomes.values()} == {FAILED}


def test_a_send_whose_time_is_over_makes_no_request() -> None:
    with serving(carried_out) as server:
        outcomes = Writer(server, seconds=0).write(2)

    assert server.asked == []
    assert {outcome.kind for outcome in outcomes.values()} == {DEFERRED}
    assert isinstance(outcomes["U1"].error, TimeSpent)


def test_nothing_to_write_makes_no_request() -> None:
    with serving(carried_out) as server:
        assert Writer(server).write(0) == {}

    assert server.asked == []
