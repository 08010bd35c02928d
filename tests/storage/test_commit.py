"""What a send records of its outcomes: links first, then results and log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from shared.app import App
from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.integration import AhaTarget
from shared.domain.intentions import with_intentions
from shared.domain.links import Base, Field, Link, digest
from shared.domain.records import Feature, Record
from shared.domain.work_item import WorkItem
from shared.errors import (
    FeatureBusy,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    System,
    TimeSpent,
    Unavailable,
)
from shared.sending.commit import CommitContext, commit
from shared.sending.link_backs import LinkBacks
from shared.sending.outcome import Outcome, deferred, failed, unchanged, unknown, written
from shared.sending.own_claims import OwnClaims
from shared.sending.progress import Progress
from shared.sending.record_state import PlannedRecord, RecordState
from shared.sending.result import Action, Conflict, RecordResult
from shared.sending.upload_results import UploadResults
from shared.storage.links import LinkStore, StoredClaim, StoredLink
from shared.storage.tables import Tables
from shared.storage.unfinished_sends import SendNote
from tests.storage.link_examples import established, taken_over
from tests.unit.examples import (
    NOON,
    a_link,
    a_record,
    a_requirement,
    a_work_item,
    an_attachment,
    an_integration,
    planned,
    sent_file,
)
from tests.unit.operations import Log, an_operation
from tests.unit.sending.send_contexts import a_context

FEATURE, REQUIREMENT = a_record(), a_requirement()
ITEM = a_work_item()
CHILD = a_work_item(id=20, type="User Story")
REFUSED = RuleViolation(System.AZURE_DEVOPS, "A required field has no value.")
OUTAGE = Unavailable(System.AZURE_DEVOPS, "The connection broke.", outcome_unknown=True)
LATE = TimeSpent(System.AZURE_DEVOPS, "The time for this operation is over.", retry_after=1)
NO_NOTE = SendNote(Tables(None).links, "", None)
OVERTAKEN = RevisionConflict("The work item was changed by somebody else meanwhile.")


class Send:
    """One send of the feature and its requirement, as far as it commits."""

    def __init__(
        self,
        store: LinkStore,
        integration_id: str,
        note: SendNote = NO_NOTE,
        *,
        operation_id: str = "op-send",
    ) -> None:
        self._store, self._integration_id = store, integration_id
        operation, self._log = an_operation()
        self.operation = replace(operation, id=operation_id)
        # Nothing is written into an Aha! account that is not configured.
        integration = an_integration(integration_id=integration_id, aha=AhaTarget())
        azure_devops = AzureDevOps(
            base_url="https://dev.azure.com",
            account_name="fabrikam",
            authorization=lambda: "Basic Og==",
            operation=self.operation,
            process_state=ProcessState(allow_local=True),
        )
        clock = Clock(now=lambda: NOON)
        context = a_context(azure_devops, store, integration, self.operation, clock=clock)
        self.claims = OwnClaims(store, integration_id, self.operation, Images(), clock)
        # No app is needed without an Aha! account.
        link_backs = LinkBacks(cast(App, None), self.operation, integration)
        self._commit_context = CommitContext(context, self.claims, note, link_backs)
        self.progress = Progress.at_start(Feature(FEATURE, (REQUIREMENT,)))
        self._planned: dict[str, PlannedRecord] = {}

    def decide(self, record: Record, stored: StoredLink | None, item: WorkItem | None) -> PlannedRecord:
        """Decide for a record as a look found it."""
        state = RecordState(record, stored, stored.link if stored else None, item)
        self.progress = self.progress.after_look({record.id: state})
        plan = planned(record, state.link, item, self.progress.family_of(record.kind))
        self._planned[record.id] = PlannedRecord(state, plan)
        return self._planned[record.id]

    def decide_to_create(self, *records: Record) -> None:
        """Decide for records without a work item, and claim them."""
        for record in records:
            self.decide(record, None, None)
        self.claims.claim(list(records))

    def commit(self, outcomes: Mapping[str, Outcome], uploads: UploadResults | None = None) -> None:
        """Record outcomes."""
        uploads = uploads or UploadResults()
        self.progress = commit(self.progress, outcomes, self._planned, uploads, self._commit_context)

    def conclude(self, *claimed_elsewhere: str) -> None:
        """End the send."""
        self.claims.release_all()
        self.progress = self.progress.at_end(claimed_elsewhere)

    def result(self, record: Record = FEATURE) -> RecordResult:
        """What the answer will say of a record."""
        return self.progress.results[record.id]

    def stored(self, record: Record = FEATURE) -> StoredLink | StoredClaim | None:
        """What the table has for a record."""
        return self._store.load(self._integration_id, [record.id]).get(record.id)

    def link(self, record: Record = FEATURE) -> Link:
        """The record's link."""
        found = self.stored(record)
        assert isinstance(found, StoredLink)
        return found.link

    def logged(self, event: str) -> Log:
        """The log's entries of one event."""
        self.operation.log.flush()
        return Log(self._log.of(event))


@pytest.fixture
def send(store: LinkStore, integration_id: str) -> Send:
    """The send that commits."""
    return Send(store, integration_id)


@pytest.fixture
def linked(store: LinkStore, integration_id: str) -> StoredLink:
    """The feature's link as it was read."""
    (stored,) = established(store, integration_id, a_link(FEATURE, ITEM))
    return stored


def created(item: WorkItem) -> Outcome:
    """A work item was created."""
    return written(item, creates=True)


def renamed(revision: int = 2) -> WorkItem:
    """The feature's work item with a new title."""
    return a_work_item(revision=revision, title="Find colours")


RENAMED = a_record(name="Find colours")


# Outcomes with a work item.


def test_the_claim_of_a_created_work_item_gives_way_to_its_link(send: Send) -> None:
    send.decide_to_create(FEATURE)

    send.commit({FEATURE.id: created(ITEM)})

    assert send.link().work_item_id == 12
    assert send.link().base[Field.NAME] == Base(digest("Search by colour"), digest("Search by colour"))
    assert send.link().sent_at == NOON
    assert send.claims.of(FEATURE.id) is None
    assert (send.result().action, send.result().is_settled) == (Action.CREATED, True)
    assert len(send.logged("work-item.created")) == 1


def test_a_requirement_that_the_same_batch_created_is_linked_below_the_features_work_item(send: Send) -> None:
    send.decide_to_create(FEATURE, REQUIREMENT)

    send.commit({FEATURE.id: created(ITEM), REQUIREMENT.id: created(CHILD)})

    assert send.progress.parent.work_item_id == 12
    link = send.link(REQUIREMENT)
    assert (link.parent_aha_id, link.parent_work_item_id, link.work_item_id) == (FEATURE.id, 12, 20)
    assert send.progress.outstanding == []


def test_an_update_moves_the_base_and_takes_the_sends_own_intention_back(
    store: LinkStore, integration_id: str, send: Send, linked: StoredLink
) -> None:
    plan = send.decide(RENAMED, linked, ITEM).plan
    (own,) = plan.intentions("op-send", NOON)
    other = replace(own, operation_id="op-other", revision=5)
    noted = store.replace(integration_id, [(linked, with_intentions(linked.link, [own, other]))])
    send.decide(RENAMED, noted[FEATURE.id], ITEM)

    send.commit({FEATURE.id: written(renamed(), creates=False)})

    assert send.link().base[Field.NAME] == Base(digest("Find colours"), digest("Find colours"))
    assert send.link().intentions == (other,)
    assert (send.link().agreed_revision, send.link().sent_at) == (2, NOON)
    assert send.result().action is Action.UPDATED


def test_a_link_that_says_all_already_is_not_written_again(
    store: LinkStore, integration_id: str, send: Send
) -> None:
    as_sent = a_link(FEATURE, ITEM, name=FEATURE.name, requirement_ids=(REQUIREMENT.id,))
    (stored,) = established(store, integration_id, as_sent)
    send.decide(FEATURE, stored, ITEM)

    send.commit({FEATURE.id: unchanged(ITEM)})

    found = send.stored()
    assert isinstance(found, StoredLink)
    assert (found.etag, found.link.sent_at) == (stored.etag, None)
    assert (send.result().action, send.result().is_settled) == (Action.UNCHANGED, True)


def test_a_work_item_that_was_adopted_without_a_write_is_claimed_and_linked(send: Send) -> None:
    send.decide(FEATURE, None, ITEM)

    send.commit({FEATURE.id: unchanged(ITEM)})

    assert send.link().work_item_id == 12
    assert send.result().is_settled


def test_a_work_item_that_was_adopted_without_a_write_is_looked_at_again_if_another_send_claims_it(
    store: LinkStore, integration_id: str, send: Send
) -> None:
    other = Send(store, integration_id, operation_id="op-other")
    other.claims.claim([FEATURE])
    send.decide(FEATURE, None, ITEM)

    send.commit({FEATURE.id: unchanged(ITEM)})

    assert FEATURE in send.progress.outstanding
    found = send.stored()
    assert isinstance(found, StoredClaim)
    assert found.claim.operation_id == "op-other"


def test_a_record_whose_link_somebody_else_changed_is_looked_at_again_and_stays_updated(
    store: LinkStore, integration_id: str, send: Send, linked: StoredLink
) -> None:
    send.decide(RENAMED, linked, ITEM)
    send.decide_to_create(REQUIREMENT)
    received = replace(linked.link, received_at=NOON + timedelta(seconds=1))
    store.replace(integration_id, [(linked, received)])

    send.commit({FEATURE.id: written(renamed(), creates=False), REQUIREMENT.id: created(CHILD)})

    assert [record.id for record in send.progress.outstanding] == [FEATURE.id]
    assert send.link() == received
    assert send.link(REQUIREMENT).work_item_id == 20
    assert len(send.logged("link.changed-meanwhile")) == 1

    found = send.stored()
    assert isinstance(found, StoredLink)
    send.decide(RENAMED, found, renamed())
    send.commit({FEATURE.id: unchanged(renamed())})
    assert (send.result().action, send.result().is_settled) == (Action.UPDATED, True)


def test_a_work_item_whose_claim_was_taken_over_meanwhile_is_not_linked_by_this_send(
    store: LinkStore, integration_id: str, send: Send
) -> None:
    send.decide_to_create(FEATURE)
    claim = send.stored()
    assert isinstance(claim, StoredClaim)
    heir = replace(claim.claim, operation_id="op-heir", is_inherited=True)
    taken_over(store, integration_id, claim, heir)

    send.commit({FEATURE.id: created(ITEM)})

    found = send.stored()
    assert isinstance(found, StoredClaim)
    assert found.claim == heir
    assert FEATURE in send.progress.outstanding
    assert (send.result().action, send.result().done) == (Action.PENDING, Action.CREATED)


def test_a_conflict_is_reported_with_the_revision_that_was_overwritten(
    send: Send, linked: StoredLink
) -> None:
    send.decide(RENAMED, linked, a_work_item(revision=2, title="By an engineer"))

    send.commit({FEATURE.id: written(renamed(3), creates=False)})

    assert send.result().conflicts == (Conflict(Field.NAME, 2),)
    (entry,) = send.logged("work-item.conflict")
    assert entry.detail["overwritten_revision"] == 2


def test_uploaded_attachments_are_recorded_in_the_link(send: Send) -> None:
    record = a_record(attachments=(an_attachment(),))
    send.decide_to_create(record)

    send.commit({FEATURE.id: created(ITEM)}, UploadResults({"41": sent_file()}))

    assert send.link().attachments == {"41": sent_file()}
    assert [item.action for item in send.result().attachments] == [Action.UPLOADED]


# Outcomes without a work item.


def test_a_record_that_failed_gives_its_claim_back(send: Send) -> None:
    send.decide_to_create(FEATURE)

    send.commit({FEATURE.id: failed(REFUSED)})

    assert send.stored() is None
    assert (send.result().action, send.result().error) == (Action.FAILED, REFUSED)
    assert send.result().is_settled
    (entry,) = send.logged("work-item.failed")
    assert entry.detail["code"] == "azure_devops_rule_violation"


def test_a_record_whose_work_item_may_exist_keeps_its_claim(send: Send) -> None:
    send.decide_to_create(FEATURE, REQUIREMENT)

    send.commit({FEATURE.id: created(ITEM), REQUIREMENT.id: unknown(OUTAGE)})
    send.conclude()

    assert isinstance(send.stored(REQUIREMENT), StoredClaim)
    result = send.result(REQUIREMENT)
    assert (result.action, result.error, result.is_settled) == (Action.PENDING, OUTAGE, True)


def test_a_record_that_was_deferred_for_lack_of_time_gives_its_claim_back_and_is_pending(send: Send) -> None:
    send.decide_to_create(FEATURE)

    send.commit({FEATURE.id: deferred(LATE)})

    assert send.stored() is None
    assert (send.result().action, send.result().error) == (Action.PENDING, LATE)
    assert send.result().is_settled


@pytest.mark.parametrize("error", [OVERTAKEN, FeatureBusy("Another send took over.")])
def test_a_record_that_somebody_else_changed_is_looked_at_again(
    send: Send, linked: StoredLink, error: OperationFailed
) -> None:
    send.decide(RENAMED, linked, ITEM)

    send.commit({FEATURE.id: deferred(error)})

    assert FEATURE in send.progress.outstanding
    assert len(send.logged("work-item.changed-meanwhile")) == 1
    assert send.link() == linked.link


def test_a_failed_update_leaves_the_intention_for_the_next_look(
    store: LinkStore, integration_id: str, send: Send, linked: StoredLink
) -> None:
    # The update may have been done all the same.
    plan = send.decide(RENAMED, linked, ITEM).plan
    noted = with_intentions(linked.link, plan.intentions("op-send", NOON))
    send.decide(RENAMED, store.replace(integration_id, [(linked, noted)])[FEATURE.id], ITEM)

    send.commit({FEATURE.id: failed(OUTAGE)})

    assert send.link() == replace(noted, last_error=send.link().last_error)
    work_item = send.result().work_item
    assert work_item is not None
    assert work_item.id == 12


@pytest.mark.parametrize("outcome", [failed(REFUSED), deferred(OVERTAKEN)])
def test_an_update_that_was_refused_withdraws_its_intention(
    store: LinkStore, integration_id: str, send: Send, linked: StoredLink, outcome: Outcome
) -> None:
    plan = send.decide(RENAMED, linked, ITEM).plan
    noted = with_intentions(linked.link, plan.intentions("op-send", NOON))
    send.decide(RENAMED, store.replace(integration_id, [(linked, noted)])[FEATURE.id], ITEM)

    send.commit({FEATURE.id: replace(outcome, changed_nothing=True)})

    assert send.link().intentions == ()


def test_a_failure_is_in_the_link_until_the_record_went_through(send: Send, linked: StoredLink) -> None:
    send.decide(RENAMED, linked, ITEM)
    send.commit({FEATURE.id: failed(REFUSED)})

    error = send.link().last_error
    assert error is not None
    assert (error.code, error.detail) == ("azure_devops_rule_violation", REFUSED.detail)
    assert error.operation_id == "op-send"

    stored = send.stored()
    assert isinstance(stored, StoredLink)
    send.decide(RENAMED, stored, ITEM)
    send.commit({FEATURE.id: written(renamed(), creates=False)})

    assert send.link().last_error is None


# The end of a send.


def test_a_record_that_another_send_claims_is_answered_as_busy(send: Send) -> None:
    send.decide_to_create(FEATURE)
    send.commit({FEATURE.id: created(ITEM)})

    send.conclude(REQUIREMENT.id)

    assert isinstance(send.result(REQUIREMENT).error, FeatureBusy)
    assert send.result(REQUIREMENT).action is Action.PENDING


def test_a_send_that_stops_gives_the_claims_of_outstanding_records_back(send: Send) -> None:
    send.decide_to_create(FEATURE, REQUIREMENT)
    send.commit({FEATURE.id: created(ITEM)})

    send.conclude()

    assert send.stored(REQUIREMENT) is None
    assert isinstance(send.stored(FEATURE), StoredLink)


def test_a_busy_feature_is_answered_as_busy(send: Send) -> None:
    send.conclude(FEATURE.id)

    assert isinstance(send.result().error, FeatureBusy)


def test_a_send_without_time_for_its_feature_is_answered_as_pending(send: Send) -> None:
    send.decide_to_create(FEATURE)
    send.commit({FEATURE.id: deferred(LATE)})

    send.conclude()

    assert send.result().action is Action.PENDING


def test_a_feature_whose_update_failed_is_answered_with_its_work_item(send: Send, linked: StoredLink) -> None:
    send.decide(RENAMED, linked, ITEM)
    send.commit({FEATURE.id: failed(REFUSED)})

    send.conclude()

    assert (send.result().action, send.result().error) == (Action.FAILED, REFUSED)
