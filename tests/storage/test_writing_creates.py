"""How creates are carried out: each under a claim in the table, all of it by one thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from shared.clients.azure_devops import AzureDevOps
from shared.clients.capabilities import Capabilities, Capability
from shared.clients.process_state import ProcessState
from shared.clock import Clock
from shared.concurrency import MOST_AT_ONCE
from shared.domain.images import Images
from shared.domain.markers import marker_of
from shared.domain.patches import PatchDocument
from shared.domain.records import Record
from shared.errors import FeatureBusy, System, Unavailable
from shared.sending.batch_writer import write_work_items
from shared.sending.outcome import Outcome, OutcomeKind
from shared.sending.own_claims import OwnClaims
from shared.sending.work_item_write import WorkItemWrite
from shared.storage.links import LinkStore, StoredClaim
from tests.storage.link_examples import taken_over
from tests.storage.relay import FaultyStorage
from tests.unit.examples import NOON, a_record, a_requirement, an_integration
from tests.unit.operations import Clock as ManualTime
from tests.unit.operations import an_operation
from tests.unit.scripted_server import Asked, Reply, ScriptedServer, serving
from tests.unit.sending.send_contexts import a_context

PUBLIC_URL = "https://app.example.com"
SECONDS = 10
"""How long a test waits for another thread before it fails."""


class Writer:
    """Creates work items in a scripted Azure DevOps, on a clock whose time a test lets pass."""

    def __init__(self, server: ScriptedServer, store: LinkStore, integration_id: str) -> None:
        self.time = ManualTime()
        self.threads: set[int] = set()
        self.operation, self.log = an_operation(600, self.time)
        self.clock = Clock(lambda: NOON, self._monotonic, self.time.sleep)
        azure_devops = AzureDevOps(
            base_url=server.url,
            account_name="fabrikam",
            authorization=lambda: "Basic Og==",
            operation=self.operation,
            process_state=ProcessState(allow_local=True),
            sleep=self.time.sleep,
        )
        integration = an_integration(integration_id=integration_id)
        self.claims = OwnClaims(store, integration_id, self.operation, Images(), self.clock)
        self.capabilities = Capabilities()
        self._context = a_context(
            azure_devops,
            store,
            integration,
            self.operation,
            clock=self.clock,
            capabilities=self.capabilities,
        )

    def _monotonic(self) -> float:
        self.threads.add(threading.get_ident())
        return self.time()

    def write(self, *records: Record, feature_id: int | None = None) -> dict[str, Outcome]:
        """Claim the records and create their work items; the outcomes."""
        self.claims.claim(records)
        by_id = {record.id: record for record in records}
        writes = [create(record) for record in records]
        with closing(write_work_items(writes, by_id, feature_id, self._context, self.claims)) as written:
            return {key: outcome for outcomes in written for key, outcome in outcomes.items()}


FEATURE = a_record(id="F")


def requirements(count: int) -> list[Record]:
    """The requirements R1, R2, …"""
    return [a_requirement(id=f"R{number}") for number in range(1, count + 1)]


def create(record: Record) -> WorkItemWrite:
    """The create of a record's work item, with the record's id as its title."""
    is_feature = record.id == FEATURE.id
    kind = "Feature" if is_feature else "User Story"
    document: PatchDocument = [{"op": "add", "path": "/fields/System.Title", "value": record.id}]
    return WorkItemWrite(record.id, kind, None, document, not is_feature, is_feature)


def operations(asked: Asked) -> list[dict[str, Any]]:
    """The operations of a batch."""
    found: list[dict[str, Any]] = json.loads(asked.body)
    return found


def titles(asked: Asked) -> list[str]:
    """The titles of the work items that a batch creates."""
    wanted = "/fields/System.Title"
    return [line["value"] for item in operations(asked) for line in item["body"] if line["path"] == wanted]


def parent_urls(asked: Asked) -> set[str]:
    """The parents that a batch links to."""
    lines = [line for item in operations(asked) for line in item["body"] if line["path"] == "/relations/-"]
    return {line["value"]["url"].partition("/fabrikam")[2] for line in lines}


def created(asked: Asked) -> Reply:
    """The answer to a batch that was carried out: F gets the id 100, Rn 100 + n."""
    items = [{"id": 100 + int(title[1:] or 0), "rev": 1, "fields": {}} for title in titles(asked)]
    return entries([(200, item) for item in items])


def entries(results: list[tuple[int, Any]]) -> Reply:
    """The answer to a batch."""
    value = [{"code": code, "body": json.dumps(body)} for code, body in results]
    return Reply(200, {"count": len(value), "value": value})


def test_the_requirements_of_the_first_batch_refer_to_the_features_temporary_id(
    store: LinkStore, integration_id: str
) -> None:
    with serving(created) as server:
        outcomes = Writer(server, store, integration_id).write(FEATURE, *requirements(2))

    (asked,) = server.asked
    feature, first, second = operations(asked)
    assert feature["uri"] == "/Fabrikam/_apis/wit/workitems/$Feature?api-version=7.1"
    assert first["uri"] == "/Fabrikam/_apis/wit/workitems/$User%20Story?api-version=7.1"
    assert [item["body"][0] for item in (feature, first, second)] == [
        {"op": "add", "path": "/id", "value": number} for number in (-1, -2, -3)
    ]
    assert parent_urls(asked) == {"/_apis/wit/workItems/-1"}
    assert {key: outcome.kind for key, outcome in outcomes.items()} == dict.fromkeys(
        ("F", "R1", "R2"), OutcomeKind.CREATED
    )


def test_the_requirements_of_the_next_batches_refer_to_the_features_work_item(
    store: LinkStore, integration_id: str
) -> None:
    with serving(created) as server:
        Writer(server, store, integration_id).write(FEATURE, *requirements(60))

    first, second = server.asked
    assert (len(titles(first)), len(titles(second))) == (50, 11)
    assert parent_urls(second) == {"/_apis/wit/workItems/100"}


def test_the_log_names_the_record_of_a_create_that_met_an_error_of_the_service(
    store: LinkStore, integration_id: str
) -> None:
    answer = entries([(200, {"id": 101, "rev": 1, "fields": {}}), (500, {"message": "Something broke."})])
    nothing = Reply(200, {"workItems": []})
    alone = Reply(200, {"id": 102, "rev": 1, "fields": {}})
    with serving(answer, nothing, alone) as server:
        writer = Writer(server, store, integration_id)
        writer.write(*requirements(2), feature_id=7)

    writer.operation.log.flush()
    (logged,) = writer.log.of("batch.entry-failed")
    assert logged.detail["aha_id"] == "R2"
    assert logged.detail["reference"] == requirements(2)[1].reference


def test_one_thread_holds_all_claims(store: LinkStore, integration_id: str) -> None:
    with serving(created) as server:
        writer = Writer(server, store, integration_id)
        writer.write(*requirements(120), feature_id=7)

    assert len(server.asked) == 3
    assert writer.threads == {threading.get_ident()}


FAULT = {"message": "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."}
WHOLE_FAILED = {"message": "TF401321: Whole Bulk failed."}


def first_at_fault(asked: Asked) -> Reply:
    """The answer to a batch whose first operation is at fault, so that nothing was carried out."""
    return entries([(400, FAULT), *[(400, WHOLE_FAILED) for _ in titles(asked)[1:]]])


def test_a_claim_that_grew_old_is_renewed_before_its_create_is_repeated(
    store: LinkStore, integration_id: str
) -> None:
    etags: list[str] = []

    def note_etag() -> None:
        etags.append(store.load(integration_id, ["R2"])["R2"].etag)

    def slow_fault(asked: Asked) -> Reply:
        note_etag()
        writer.time.sleep(11)
        return first_at_fault(asked)

    def repeated(asked: Asked) -> Reply:
        note_etag()
        return created(asked)

    with serving(slow_fault, repeated) as server:
        writer = Writer(server, store, integration_id)
        outcomes = writer.write(*requirements(3), feature_id=7)

    assert len(set(etags)) == 2
    assert outcomes["R2"].kind is OutcomeKind.CREATED


class SlowRenewals(OwnClaims):
    """Claims whose renewal takes Table Storage some seconds, each time so many."""

    def let_take(self, *seconds: float, time: ManualTime) -> None:
        """How long each look at the claims takes, from now on."""
        self.times = list(seconds)
        self.time = time

    def hold(self, records: Sequence[Record]) -> frozenset[str]:
        """As OwnClaims, but slower."""
        lost = super().hold(records)
        self.time.sleep(self.times.pop(0))
        return lost


def test_a_claim_that_grew_old_while_it_was_renewed_is_looked_at_again(
    store: LinkStore, integration_id: str
) -> None:
    with serving(created) as server:
        writer = Writer(server, store, integration_id)
        slow = SlowRenewals(store, integration_id, writer.operation, Images(), writer.clock)
        slow.let_take(12, 11, 1, time=writer.time)
        writer.claims = slow
        outcomes = writer.write(*requirements(2), feature_id=7)

    assert slow.times == []
    assert {outcome.kind for outcome in outcomes.values()} == {OutcomeKind.CREATED}


def test_a_send_without_time_for_a_slow_renewal_requests_nothing(
    store: LinkStore, integration_id: str
) -> None:
    with serving(created) as server:
        writer = Writer(server, store, integration_id)
        slow = SlowRenewals(store, integration_id, writer.operation, Images(), writer.clock)
        slow.let_take(*[200] * 3, time=writer.time)
        writer.claims = slow
        outcomes = writer.write(*requirements(2), feature_id=7)

    assert server.asked == []
    assert {outcome.kind for outcome in outcomes.values()} == {OutcomeKind.DEFERRED}


def test_a_claim_is_young_when_a_create_is_left_that_may_still_run(
    store: LinkStore, integration_id: str
) -> None:
    etags: list[str] = []

    def slow_gateway(_: Asked) -> Reply:
        etags.append(store.load(integration_id, ["R1"])["R1"].etag)
        writer.time.sleep(30)
        return Reply(504, b"The gateway gave up waiting.")

    nothing = Reply(200, {"workItems": []})
    with serving(slow_gateway, nothing) as server:
        writer = Writer(server, store, integration_id)
        outcomes = writer.write(*requirements(1), feature_id=7)

    assert outcomes["R1"].kind is OutcomeKind.UNKNOWN
    assert [store.load(integration_id, ["R1"])["R1"].etag] != etags


def test_a_create_whose_claim_was_taken_over_is_left_to_the_other_send(
    store: LinkStore, integration_id: str
) -> None:
    def slow_fault(asked: Asked) -> Reply:
        found = store.load(integration_id, ["R2"])["R2"]
        assert isinstance(found, StoredClaim)
        taken_over(store, integration_id, found, replace(found.claim, operation_id="op-heir"))
        writer.time.sleep(61)
        return first_at_fault(asked)

    with serving(slow_fault, created) as server:
        writer = Writer(server, store, integration_id)
        outcomes = writer.write(*requirements(4), feature_id=7)

    assert [titles(asked) for asked in server.asked] == [["R1", "R2", "R3", "R4"], ["R3", "R4"]]
    assert outcomes["R2"].kind is OutcomeKind.DEFERRED
    assert isinstance(outcomes["R2"].error, FeatureBusy)


class SlowCreates:
    """An Azure DevOps that takes `seconds` for each create alone, as many at once as the writer has threads."""

    def __init__(self, store: LinkStore, integration_id: str, seconds: float) -> None:
        self.writer: Writer
        self.titles: list[str] = []
        self.etags: dict[str, str] = {}
        self.before_first_answer: Callable[[], None] = lambda: None
        self._store = store
        self._integration_id = integration_id
        self._seconds = seconds
        self._all_threads = threading.Barrier(MOST_AT_ONCE, self._let_time_pass)

    def claim(self, record_id: str) -> StoredClaim:
        """A record's claim as it is stored."""
        found = self._store.load(self._integration_id, [record_id])[record_id]
        assert isinstance(found, StoredClaim)
        return found

    def _let_time_pass(self) -> None:
        self.before_first_answer()
        self.writer.time.sleep(self._seconds)

    def __call__(self, asked: Asked) -> Reply:
        (title,) = [line["value"] for line in json.loads(asked.body) if line["path"].endswith("Title")]
        self.titles.append(title)
        self.etags[title] = self.claim(title).etag
        if len(self.titles) <= MOST_AT_ONCE:
            self._all_threads.wait(SECONDS)
        return Reply(200, {"id": 100 + int(title[1:]), "rev": 1, "fields": {}})


LAST = f"R{MOST_AT_ONCE + 1}"
"""The one requirement that has to wait for a free thread."""


def test_a_create_that_waited_for_a_free_thread_renews_its_claim_when_it_starts(
    store: LinkStore, integration_id: str
) -> None:
    azure_devops = SlowCreates(store, integration_id, seconds=11)
    first_etags: dict[str, str] = {}
    azure_devops.before_first_answer = lambda: first_etags.update({LAST: azure_devops.claim(LAST).etag})

    with serving(azure_devops) as server:
        azure_devops.writer = Writer(server, store, integration_id)
        azure_devops.writer.capabilities.remember_refusal("fabrikam", Capability.BATCHES)
        outcomes = azure_devops.writer.write(*requirements(MOST_AT_ONCE + 1), feature_id=7)

    assert azure_devops.titles[-1] == LAST
    assert azure_devops.etags[LAST] != first_etags[LAST]
    assert {outcome.kind for outcome in outcomes.values()} == {OutcomeKind.CREATED}


def test_a_create_whose_claim_was_taken_over_while_it_waited_for_a_free_thread_is_not_requested(
    store: LinkStore, integration_id: str
) -> None:
    azure_devops = SlowCreates(store, integration_id, seconds=61)

    def take_over() -> None:
        found = azure_devops.claim(LAST)
        taken_over(store, integration_id, found, replace(found.claim, operation_id="op-heir"))

    azure_devops.before_first_answer = take_over
    with serving(azure_devops) as server:
        azure_devops.writer = Writer(server, store, integration_id)
        azure_devops.writer.capabilities.remember_refusal("fabrikam", Capability.BATCHES)
        outcomes = azure_devops.writer.write(*requirements(MOST_AT_ONCE + 1), feature_id=7)

    assert LAST not in azure_devops.titles, "The send that took the claim over creates it, too."
    assert outcomes[LAST].kind is OutcomeKind.DEFERRED


def test_a_lost_answer_is_settled_by_a_search_for_what_was_created(
    store: LinkStore, integration_id: str
) -> None:
    records = requirements(2)
    integration = an_integration(integration_id=integration_id)
    found = [
        {
            "id": 100 + number,
            "rev": 1,
            "fields": {},
            "relations": [marker_of(record, integration, PUBLIC_URL).relation()],
        }
        for number, record in enumerate(records, 1)
    ]
    query = Reply(200, {"workItems": [{"id": item["id"]} for item in found]})

    with serving(Reply(is_cut=True), query, Reply(200, {"value": found})) as server:
        outcomes = Writer(server, store, integration_id).write(*records, feature_id=7)

    assert [asked.path.rpartition("/")[2] for asked in server.asked] == ["$batch", "wiql", "workitemsbatch"]
    assert [outcomes[record.id].was_found for record in records] == [True, True]


def test_a_failure_of_table_storage_ends_the_writing_once_the_running_requests_have_ended(
    faulty_storage: FaultyStorage, unreliable: LinkStore, store: LinkStore, integration_id: str
) -> None:
    are_running, has_failed = threading.Barrier(3), threading.Event()
    ended: list[str] = []

    def answer(asked: Asked) -> Reply:
        are_running.wait(SECONDS)
        first = titles(asked)[0]
        if first == "R1":
            # The claims of this batch must be renewed before it is repeated, and the table refuses that.
            faulty_storage.fail(status=403, times=100)
            writer.time.sleep(11)
            return first_at_fault(asked)
        has_failed.wait(0.3)
        ended.append(first)
        return created(asked)

    with serving(answer) as server:
        writer = Writer(server, unreliable, integration_id)
        with pytest.raises(Unavailable) as raised:
            writer.write(*requirements(120), feature_id=7)
        ended_before_the_failure = sorted(ended)
        has_failed.set()

    assert raised.value.system is System.STORAGE
    assert ended_before_the_failure == ["R101", "R51"]
    # What these two batches created was not recorded: the claims lead the next send to it.
    claims = store.load(integration_id, ["R51", "R101", "R120"])
    assert {type(claim) for claim in claims.values()} == {StoredClaim}
    assert len(claims) == 3
