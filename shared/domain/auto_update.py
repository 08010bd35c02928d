"""Auto-update: the timer sends linked features that changed in Aha!.

Aha! lists the features of a product that changed since a moment. It is not documented whether the change of a
requirement counts as one of its feature. So the timer also asks for the requirements of linked features: of some
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
"""How far the next query reaches back before the last one: Aha! may hold back an edit for five minutes."""


@dataclass(frozen=True)
class AhaProgress:
    """What was processed.

    `features_until`: all changes of features up to this moment. `requirements_since`: the current round asks for
    requirements that changed since this moment, when the previous round began. `round_began`: when the current round
    began. `work_item_id`: the work item of the last feature whose requirements were processed; 0 between two rounds.
    """

    features_until: datetime
    requirements_since: datetime
    round_began: datetime
    work_item_id: int = 0

    @classmethod
    def from_moment(cls, moment: datetime) -> AhaProgress:
        """The progress at the start. Changes before the moment do not count."""
        return cls(moment, moment, moment)


def after_features(progress: AhaProgress, as_of: datetime | None) -> AhaProgress:
    """The progress once all features that changed by `as_of` were listed; unchanged if Aha! gave no time (None)."""
    if as_of is None:
        return progress
    is_between_rounds = progress.work_item_id == 0
    return replace(
        progress, features_until=as_of, round_began=as_of if is_between_rounds else progress.round_began
    )


def after_requirements(progress: AhaProgress, work_item_id: int, *, is_last: bool) -> AhaProgress:
    """The progress once requirements were processed, up to a feature's work item. `is_last`: no more features."""
    if not is_last:
        return replace(progress, work_item_id=max(work_item_id, progress.work_item_id))
    return replace(progress, requirements_since=progress.round_began, work_item_id=0)


def differs(feature: Feature, links: Mapping[str, Link], images: Images) -> bool:
    """Whether Aha! differs from the agreed state. What a notification wrote into Aha! is agreed."""
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
