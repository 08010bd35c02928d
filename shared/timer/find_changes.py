"""Auto-update, first step: find the linked features that changed in Aha!, and store a note for each.

The second step, `shared.timer.finish_sends`, sends the noted features that differ. So progress never passes a change
that was not processed: this run or a later one sends a noted feature.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.app import App
from shared.clients.aha_features import AhaFeatures
from shared.domain.auto_update import OVERLAP, AhaProgress, after_features, after_requirements
from shared.domain.claims import replaces_link
from shared.domain.integration import StoredIntegration
from shared.domain.links import Link
from shared.domain.unfinished_sends import of_change
from shared.errors import CredentialsRejected, OperationFailed, Refused
from shared.operation import Operation
from shared.storage.aha_progress import StoredAhaProgress
from shared.storage.links import Loaded, StoredClaim, StoredLink, UnreadableLink
from shared.timer.job import Job

logger = logging.getLogger(__name__)

_LEAST_SECONDS = 5.0
_MOST_FEATURES = 40
"""The most features whose requirements one run asks for. An account has 300 requests a minute, for everybody."""

_FIRST_QUERY = timedelta(hours=1)
"""How far the first query reaches back before the last save of the integration."""


def find_changes_job(app: App, stored: StoredIntegration) -> Job | None:
    """The job that looks for changes in Aha!; None for an integration without auto_update."""
    integration = stored.integration
    if not (integration.auto_update and integration.enabled and integration.receives):
        return None
    found = app.aha_progress.get(integration.integration_id)
    if found is None:
        found = StoredAhaProgress(AhaProgress.from_moment(stored.updated_at - _FIRST_QUERY))
    progress = found
    return Job(
        stored,
        progress.progress.features_until,
        lambda operation: _find_changes(app, operation, stored, progress),
    )


def _find_changes(
    app: App, operation: Operation, stored: StoredIntegration, found: StoredAhaProgress
) -> None:
    """Process features, then requirements.

    Requests are logged only if something fails, because they would fill the log.
    """
    quiet = operation.another(operation.deadline.remaining())
    try:
        begun = _begun(app, stored, found)
        if begun is None:
            return
        aha = app.aha_features(stored.integration.aha, quiet)
        changed, after = _find_changed_features(app, quiet, stored, aha, begun)
        if after is not None:
            _find_changed_requirements(app, quiet, stored, aha, after, changed)
    except OperationFailed:
        quiet.log.write_to(app.log_of(stored))
        quiet.log.flush()
        raise
    finally:
        operation.log.count_in(quiet.log)


def _begun(app: App, stored: StoredIntegration, found: StoredAhaProgress) -> StoredAhaProgress | None:
    """The progress, stored before Aha! is asked for the first time; None if another run did so.

    Until Aha! answers, the integration may be saved again, and that must not move the start.
    """
    if found.etag:
        return found
    return app.aha_progress.replace(stored.integration.integration_id, found, found.progress)


def _find_changed_features(
    app: App, operation: Operation, stored: StoredIntegration, aha: AhaFeatures, found: StoredAhaProgress
) -> tuple[Mapping[str, str], StoredAhaProgress | None]:
    """Store notes for changed linked features. Returns all changed features, and the progress (None: another run's)."""
    integration = stored.integration
    integration_id = integration.integration_id
    changed = aha.changed_since(integration.product_id, found.progress.features_until - OVERLAP)
    links = app.links.load_each(integration_id, list(changed.references))
    linked = [aha_id for aha_id, loaded in links.items() if _was_sent(loaded)]
    app.unfinished_sends.add(
        integration_id, [of_change(aha_id, changed.references[aha_id], operation.id) for aha_id in linked]
    )
    progress = after_features(found.progress, changed.as_of)
    return changed.references, app.aha_progress.replace(integration_id, found, progress)


def _was_sent(loaded: Loaded) -> bool:
    return not isinstance(loaded, StoredClaim) or replaces_link(loaded.claim)


def _find_changed_requirements(
    app: App,
    operation: Operation,
    stored: StoredIntegration,
    aha: AhaFeatures,
    found: StoredAhaProgress,
    changed: Mapping[str, str],
) -> None:
    """Continue the round over the linked features. A feature that Aha! does not show does not stop it."""
    integration_id, progress = stored.integration.integration_id, found.progress
    since = progress.requirements_since - OVERLAP
    features = app.links.features(integration_id, after=progress.work_item_id, limit=_MOST_FEATURES)
    failure: OperationFailed | None = None
    processed = 0
    for work_item_id, linked in features:
        if operation.deadline.remaining() < _LEAST_SECONDS:
            break
        try:
            if isinstance(linked, UnreadableLink):
                logger.error("The link of work item %s is damaged", work_item_id, exc_info=linked.error)
            if (name := _feature_that_needs_note(aha, linked, since, changed)) is not None:
                app.unfinished_sends.add(integration_id, [of_change(*name, operation.id)])
        except OperationFailed as error:
            failure = error
            break
        processed += 1
        progress = after_requirements(progress, work_item_id, is_last=False)
    if processed == len(features) < _MOST_FEATURES:
        progress = after_requirements(progress, 0, is_last=True)
    if progress != found.progress:
        app.aha_progress.replace(integration_id, found, progress)
    if failure is not None:
        raise failure


def _feature_that_needs_note(
    aha: AhaFeatures, linked: StoredLink | UnreadableLink, since: datetime, changed: Mapping[str, str]
) -> tuple[str, str] | None:
    """Id and reference of a feature with changed requirements; None if it has a note already, or if none changed."""
    if isinstance(linked, UnreadableLink):
        # The round continues, so the note waits until the link is repaired.
        needs_note = bool(linked.aha_id) and linked.aha_id not in changed
        return (linked.aha_id, linked.reference) if needs_note else None
    link = linked.link
    needs_note = link.aha_id not in changed and _has_changed_requirements(aha, link, since)
    return (link.aha_id, link.reference) if needs_note else None


def _has_changed_requirements(aha: AhaFeatures, feature: Link, since: datetime) -> bool:
    try:
        return aha.has_changed_requirements(feature.aha_id, since)
    except CredentialsRejected:
        raise
    except Refused:
        # Aha! does not show this feature; the round continues.
        return False
