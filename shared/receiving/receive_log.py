"""The log lines about the effect of a work item's change on its record."""

from __future__ import annotations

from typing import Any

from shared import log_events
from shared.domain.kind import Kind
from shared.domain.links import Field, Link
from shared.domain.receive_plan import ReceivePlan
from shared.domain.work_item import WorkItem
from shared.domain.written_to_aha import WrittenToAha
from shared.errors import Refused, RuleViolation
from shared.operation_log import OperationLog


class ReceiveLog:
    """Writes the log lines about work items of one integration. `aha_url` is the address of its Aha! account."""

    def __init__(self, log: OperationLog, aha_url: str) -> None:
        self._log = log
        self._aha_url = aha_url

    def decision(self, link: Link, work_item: WorkItem, plan: ReceivePlan) -> None:
        """Log what is about to be written, what it overwrites, and what is left out."""
        name = link.reference_or_id
        where = _where(link, work_item)
        if plan.writes:
            self._log.add(
                log_events.RECORD_CHANGES,
                f"Work item {link.work_item_id} changes {name} in Aha!: {_names(plan.written_fields)}.",
                state=work_item.state,
                status=plan.status,
                **where,
            )
        for field in plan.conflicts:
            self._log.add(
                log_events.RECORD_CONFLICT,
                f"Both sides changed the {field.value} of {name}; Azure DevOps' text was kept. The record's history "
                "in Aha! has the overwritten text.",
                field=field.value,
                kept="azure_devops",
                **where,
            )
        if plan.left_images:
            self._log.add(
                log_events.RECORD_IMAGES_LEFT,
                f"{len(plan.left_images)} images of {name} exist in Azure DevOps only. Its description in Aha! links "
                f"to work item {link.work_item_id} instead, for people who can sign in there. Attach them to the "
                "record in Aha! if everybody should see them.",
                images=list(plan.left_images),
                **where,
            )
        if plan.shows_source:
            self._log.add(
                log_events.RECORD_MARKDOWN_LEFT,
                f"The description of {name} is Markdown that could not be rendered, so Aha! shows its source. Shorten "
                f"the description of work item {link.work_item_id}, or convert it to HTML.",
                characters=len(work_item.description),
                **where,
            )
        if plan.unmapped_state:
            self._log.add(
                log_events.STATE_NOT_MAPPED,
                f"The state “{plan.unmapped_state}” is not mapped to a status, so the status does not change. To "
                "change it, map the state in the integration.",
                state=plan.unmapped_state,
                **where,
            )

    def not_taken(self, link: Link, work_item: WorkItem, plan: ReceivePlan, written: WrittenToAha) -> None:
        """The fields that Aha! refused or kept."""
        where = _where(link, work_item)
        for error, fields in _by_error(written).items():
            if fields == {Field.STATE} and isinstance(error, RuleViolation):
                self._log.add(
                    log_events.AHA_STATUS_REFUSED,
                    f"Aha! refused the status “{plan.status}” for {link.reference}. Check the integration's status "
                    f"mapping: the status must belong to the record's workflow. {error.detail}",
                    code=error.code,
                    status=plan.status,
                    **where,
                )
            else:
                self.refused(link, work_item, error, fields)
        if written.kept:
            self._log.add(
                log_events.AHA_KEPT,
                f"Aha! accepted the {_names(written.kept)} of {self._record(link)} from {_item(link)}, and kept the "
                "old value. The next change of the work item tries it again.",
                fields=[field.value for field in sorted(written.kept)],
                **where,
            )

    def refused(
        self, link: Link, work_item: WorkItem, error: Refused, fields: frozenset[Field] = frozenset()
    ) -> None:
        """Log a record that this token may not read or write in Aha!, or whose fields Aha! refuses."""
        what = f"the {_names(fields)} of {self._record(link)}" if fields else self._record(link)
        self._log.add(
            log_events.AHA_REFUSED,
            f"Aha! refused {what}, changed by {_item(link)}. {error.detail} The next change of the work item tries it "
            "again.",
            code=error.code,
            fields=[field.value for field in sorted(fields)],
            **{**error.evidence, **_where(link, work_item)},
        )

    def _record(self, link: Link) -> str:
        """The record, with the URL of its page."""
        kind = "features" if link.kind is Kind.FEATURE else "requirements"
        return f"{link.reference_or_id} ({self._aha_url}/{kind}/{link.reference_or_id})"


def _item(link: Link) -> str:
    return f"work item {link.work_item_id} ({link.work_item_url})"


def _where(link: Link, work_item: WorkItem) -> dict[str, Any]:
    return {
        "work_item_id": link.work_item_id,
        "reference": link.reference_or_id,
        "revision": work_item.revision,
    }


def _names(fields: frozenset[Field]) -> str:
    return ", ".join(sorted(field.value for field in fields))


def _by_error(written: WrittenToAha) -> dict[Refused, frozenset[Field]]:
    """The refused fields by their errors; fields that were refused together share one."""
    errors = dict.fromkeys(written.refused.values())
    return {
        error: frozenset(name for name, own in written.refused.items() if own is error) for error in errors
    }
