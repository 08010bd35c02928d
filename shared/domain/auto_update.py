"""Auto-update: the timer sends linked features that changed in Aha!.

Aha! lists the features of a product that changed since a moment. It is not documented whether the change of a
requirement counts as one of its feature. So the requirements of linked features are asked for, too: those of some
features in each run, in the order of their work items, round after round. All times are Aha!'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.field_decisions import intended_digests
from shared.domain.images import Images
from shared.domain.kind import Kind
from shared.domain.links import Link
from shared.domain.records import Feature, Record

OVERLAP = timedelta(minutes=10)
"""How far before what was looked at the next look begins: Aha! may hold back an edit for five minutes."""


@dataclass(frozen=True)
class AhaProgress:
    """What was looked at.

    `features_until`: every change of a feature up to this moment. `requirements_since`: the round under way looks for
    requirements that changed since then, because the round before began at that moment. `round_began`: when the round
    under way began. `work_item_id`: that of the last feature whose requirements were looked at; 0 between two rounds.
    """

    features_until: datetime
    requirements_since: datetime
    round_began: datetime
    work_item_id: int = 0

    @classmethod
    def from_moment(cls, moment: datetime) -> AhaProgress:
        """Nothing was looked at yet, and what changed before the moment is of no interest."""
        return cls(moment, moment, moment)


def after_features(progress: AhaProgress, as_of: datetime | None) -> AhaProgress:
    """Every feature was listed that had changed by `as_of`; None if Aha! did not say what time it was."""
    if as_of is None:
        return progress
    is_between_rounds = progress.work_item_id == 0
    return replace(
        progress, features_until=as_of, round_began=as_of if is_between_rounds else progress.round_began
    )


def after_requirements(progress: AhaProgress, work_item_id: int, *, is_last: bool) -> AhaProgress:
    """The requirements of features were looked at, up to that of a work item. `is_last`: there are no more features."""
    if not is_last:
        return replace(progress, work_item_id=max(work_item_id, progress.work_item_id))
    return replace(progress, requirements_since=progress.round_began, work_item_id=0)


def differs(feature: Feature, links: Mapping[str, Link], images: Images) -> bool:
    """Whether Aha! shows something else than what was agreed. What a notification wrote into Aha! is agreed."""
    if any(_differs(record, links.get(record.id), feature, images) for record in feature.records):
        return True
    link = links.get(feature.record.id)
    listed = {record.id for record in feature.requirements}
    return link is not None and feature.lists_requirements and set(link.requirement_ids) != listed


def _differs(record: Record, link: Link | None, feature: Feature, images: Images) -> bool:
    if link is None or link.intentions:
        return True
    if record.kind is Kind.REQUIREMENT and link.parent_aha_id != feature.record.id:
        return True
    is_text_new = any(
        name not in link.base or link.base[name].aha != text
        for name, text in intended_digests(record, images).items()
    )
    return is_text_new or any(item.id not in link.attachments for item in record.attachments)
