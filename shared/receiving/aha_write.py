"""Write a plan into Aha!, and find out which fields Aha! accepted.

Aha! refuses a PUT as a whole and does not say which field it refused. So refused fields are written again one at a
time: a refused status does not hold back name and description.
"""

from __future__ import annotations

from shared.clients.aha import Aha, RecordChange
from shared.domain.aha_record import AhaRecord
from shared.domain.links import Field, Link
from shared.domain.receive_plan import ReceivePlan, kept_fields
from shared.domain.written_to_aha import WrittenToAha, in_order, refused_fields
from shared.errors import Forbidden, NotFound, Refused, RuleViolation


def write_to_aha(aha: Aha, link: Link, before: AhaRecord, plan: ReceivePlan) -> WrittenToAha:
    """Write every field of a plan that Aha! accepts. `before` is the record as it was read.

    Raises:
        CredentialsRejected, Unavailable: Aha! gave no decision on the fields; try again.
    """
    after, refused = before, dict[Field, Refused]()
    try:
        after = aha.update(link.kind, link.aha_id, _change(plan, plan.written_fields))
    except (RuleViolation, Forbidden, NotFound) as error:
        refused = dict.fromkeys(refused_fields(error, plan.written_fields), error)
        if not refused:
            after, refused = _write_one_by_one(aha, link, before, plan)
    kept = kept_fields(plan, link, before, after) - frozenset(refused)
    return WrittenToAha(after, refused, kept)


def _write_one_by_one(
    aha: Aha, link: Link, before: AhaRecord, plan: ReceivePlan
) -> tuple[AhaRecord, dict[Field, Refused]]:
    after, refused = before, dict[Field, Refused]()
    for name in in_order(plan.written_fields):
        try:
            after = aha.update(link.kind, link.aha_id, _change(plan, frozenset((name,))))
        except (RuleViolation, Forbidden, NotFound) as error:
            refused[name] = error
    return after, refused


def _change(plan: ReceivePlan, names: frozenset[Field]) -> RecordChange:
    values = {name: value for name, value in plan.values.items() if name in names}
    return RecordChange(values.get(Field.NAME), values.get(Field.DESCRIPTION), values.get(Field.STATE))
