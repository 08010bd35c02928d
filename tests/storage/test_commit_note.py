"""When a send's commits remove the note that the timer would finish it by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.unfinished_sends import UnfinishedSend
from shared.errors import OperationFailed
from shared.sending.outcome import Outcome, deferred, failed, unchanged, unknown
from shared.sending.own_claims import OwnClaims
from shared.sending.upload_results import UploadResults
from shared.storage.links import LinkStore
from shared.storage.tables import Tables
from shared.storage.unfinished_sends import SendNote, UnfinishedSendStore
from tests.storage.test_commit import (
    CHILD,
    FEATURE,
    ITEM,
    LATE,
    OUTAGE,
    OVERTAKEN,
    REFUSED,
    REQUIREMENT,
    Send,
    created,
)
from tests.unit.examples import NOON, an_attachment

PICTURE = an_attachment()


@pytest.fixture
def note(tables: Tables, integration_id: str) -> SendNote:
    """The note of the send, as it stands after the first claims."""
    note = UnfinishedSendStore(tables).note_of(
        integration_id, UnfinishedSend(FEATURE.id, "PROD-2", "op-send")
    )
    note.write()
    return note


@pytest.fixture
def noted(store: LinkStore, integration_id: str, note: SendNote) -> Send:
    """A send that creates both records."""
    send = Send(store, integration_id, note)
    send.decide_to_create(FEATURE, REQUIREMENT)
    return send


def test_the_note_goes_with_the_last_record(noted: Send, note: SendNote) -> None:
    noted.commit({FEATURE.id: created(ITEM)})
    assert note.is_stored

    noted.commit({REQUIREMENT.id: created(CHILD)})
    assert not note.is_stored


def test_the_note_goes_if_the_rest_was_refused_for_good(noted: Send, note: SendNote) -> None:
    noted.commit({REQUIREMENT.id: failed(REFUSED), FEATURE.id: created(ITEM)})

    assert not note.is_stored


@pytest.mark.parametrize(
    ("outcome", "error"),
    [(failed, OUTAGE), (unknown, OUTAGE), (deferred, LATE), (deferred, OVERTAKEN)],
    ids=["an outage", "a lost answer", "the time was over", "a change meanwhile"],
)
@pytest.mark.parametrize("is_first", [False, True], ids=["in the same commit", "before"])
def test_the_note_stays_if_something_is_left_that_may_pass(
    noted: Send,
    note: SendNote,
    outcome: Callable[[OperationFailed], Outcome],
    error: OperationFailed,
    is_first: bool,
) -> None:
    left = {REQUIREMENT.id: outcome(error)}
    if is_first:
        noted.commit(left)
    noted.commit({FEATURE.id: created(ITEM)} | ({} if is_first else left))

    assert note.is_stored


def test_the_note_stays_if_a_file_is_left_that_may_pass(noted: Send, note: SendNote) -> None:
    uploads = UploadResults(failures={PICTURE.id: OUTAGE})

    noted.commit({FEATURE.id: created(ITEM), REQUIREMENT.id: created(CHILD)}, uploads)

    assert note.is_stored


def test_the_note_stays_if_another_send_holds_one_of_the_last_records(
    store: LinkStore, integration_id: str, note: SendNote
) -> None:
    other = Send(store, integration_id)
    other.claims = OwnClaims(
        store, integration_id, replace(other.operation, id="op-other"), Images(), Clock(now=lambda: NOON)
    )
    other.claims.claim([FEATURE])
    send = Send(store, integration_id, note)
    send.decide(FEATURE, None, ITEM)
    send.decide_to_create(REQUIREMENT)

    send.commit({FEATURE.id: unchanged(ITEM), REQUIREMENT.id: created(CHILD)})

    assert FEATURE in send.progress.outstanding
    assert note.is_stored
