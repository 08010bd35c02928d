"""Records of which the payload has a part only: too little to make a work item of.

A part is enough for a record that has its work item: what is missing is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.records import Feature
from shared.errors import InputError, InvalidInput, InvalidRequest, OperationFailed
from shared.sending.commit import Decided


def refuse_part_of_feature(feature: Feature, integration_id: str, decided: Mapping[str, Decided]) -> None:
    """Raises InvalidRequest if a work item would be created of a feature that has no name and no description."""
    if not _is_refused(decided.get(feature.record.id)):
        return
    name = feature.record.reference or feature.record.id
    detail = (
        f"is missing, and so is the description. {name} has no work item yet, and a new one needs one of them. Send "
        f"the whole event of Aha!, or POST to /api/integrations/{integration_id}/features/{name} without a body: the "
        "app then reads the feature from Aha!"
    )
    raise InvalidRequest([InputError("/feature/name", detail)])


def refused_parts(decided: Mapping[str, Decided]) -> dict[str, OperationFailed]:
    """The errors of the records of which no work item can be created, by Aha! id."""
    return {
        key: InvalidInput(
            f"{item.plan.record.reference or key} has no work item yet, and the payload has neither its name nor its "
            "description. Send it with at least one of them."
        )
        for key, item in decided.items()
        if _is_refused(item)
    }


def _is_refused(item: Decided | None) -> bool:
    return item is not None and item.plan.creates and item.plan.record.says_nothing
