"""One write of one work item: the request that carries out a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Field
from shared.domain.markers import marker_of
from shared.domain.patches import PatchDocument, create_document, update_document, with_parent
from shared.domain.send_plan import RecordPlan


@dataclass(frozen=True)
class WorkItemWrite:
    """A work item to create (`work_item_id` is None) or to update.

    `goes_below_feature` adds the parent link, whose target may be created by the same batch.
    """

    record_id: str
    work_item_type: str
    work_item_id: int | None
    document: PatchDocument
    goes_below_feature: bool = False
    is_feature: bool = False

    @property
    def creates(self) -> bool:
        """Whether a work item is created."""
        return self.work_item_id is None

    def document_below(self, parent_url: str | None) -> PatchDocument:
        """The document, with the parent link if the work item goes below the feature.

        Raises:
            ValueError: the feature has no work item. Without it, a move would remove the work item from its old
                parent and add no new one.
        """
        if not self.goes_below_feature:
            return self.document
        if parent_url is None:
            raise ValueError("a work item goes below the feature, which has no work item")
        return with_parent(self.document, parent_url)


def write_of(
    plan: RecordPlan, integration: Integration, public_url: str, files: Mapping[str, AttachedFile]
) -> WorkItemWrite | None:
    """The write for a plan; None if nothing is left to write.

    `files` are the attachments that were uploaded, by their Aha! ids.
    """
    record, item = plan.record, plan.work_item
    mapping = integration.mapping(record.kind)
    is_feature = record.kind is Kind.FEATURE
    if item is None:
        document = create_document(
            title=plan.value_to_write(Field.NAME) or "",
            description=plan.description_to_write(files) or "",
            description_field=plan.description_field,
            area_path=integration.azure_devops.area_path,
            default_fields=mapping.default_fields,
            marker=marker_of(record, integration, public_url),
            files=files,
        )
        return WorkItemWrite(record.id, mapping.work_item_type, None, document, not is_feature, is_feature)
    document = update_document(
        revision=item.revision,
        title=plan.value_to_write(Field.NAME),
        description=plan.description_to_write(files),
        description_field=item.shown_field,
        description_is_markdown=item.shown_field_may_be_markdown,
        old_parent_index=item.parent_index if plan.moves_to_parent else None,
        files=files,
    )
    only_tests_the_revision = len(document) == 1
    if only_tests_the_revision and not plan.moves_to_parent:
        return None
    return WorkItemWrite(record.id, item.type, item.id, document, plan.moves_to_parent, is_feature)
