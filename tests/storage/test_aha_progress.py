"""What of an integration's changes in Aha! was looked at, in the table."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from shared.domain.auto_update import AhaProgress
from shared.errors import Unavailable
from shared.storage.aha_progress import AhaProgressStore, StoredAhaProgress
from shared.storage.keys import escape_key
from shared.storage.links import LinkStore
from shared.storage.rows import Row, Upsert
from shared.storage.tables import Tables

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
START = StoredAhaProgress(AhaProgress.from_moment(NOON))
LATER = AhaProgress(NOON + timedelta(hours=2), NOON, NOON + timedelta(hours=1), 174)


@pytest.fixture
def progress(tables: Tables) -> AhaProgressStore:
    return AhaProgressStore(tables)


def test_progress_is_kept(progress: AhaProgressStore, integration_id: str) -> None:
    assert progress.get(integration_id) is None

    written = progress.replace(integration_id, START, LATER)

    assert progress.get(integration_id) == written
    assert written is not None
    assert written.progress == LATER


def test_of_two_runs_one_records_progress(progress: AhaProgressStore, integration_id: str) -> None:
    first = progress.replace(integration_id, START, LATER)
    assert first is not None

    assert progress.replace(integration_id, START, START.progress) is None
    assert progress.replace(integration_id, first, START.progress) is not None
    assert progress.replace(integration_id, first, LATER) is None


def test_progress_goes_with_the_links(
    progress: AhaProgressStore, tables: Tables, integration_id: str
) -> None:
    progress.replace(integration_id, START, LATER)

    LinkStore(tables).purge(integration_id)

    assert progress.get(integration_id) is None


def test_a_row_of_a_newer_app_is_left_alone(
    progress: AhaProgressStore, tables: Tables, integration_id: str
) -> None:
    row = Row(escape_key(integration_id), "aha-progress", {"schema": 2})
    tables.links.transact([Upsert(row)])

    with pytest.raises(Unavailable, match="newer version"):
        progress.get(integration_id)
