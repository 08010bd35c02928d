"""From a plan to the request that carries it out."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.links import AttachedFile, Field
from shared.domain.markers import marker_of
from shared.domain.patches import create_document, update_document
from shared.domain.records import Record
from shared.domain.send_plan import RecordPlan
from shared.sending.batches import Write


def write_of(
    plan: RecordPlan, integration: Integration, public_url: str, files: Mapping[str, AttachedFile]
) -> Write | None:
    """The write for a plan, with the files that could be uploaded, by the Aha! ids of their attachments.

    None where nothing is left to write.
    """
    record, item = plan.record, plan.work_item
    mapping = integration.mapping(record.kind)
    is_feature = record.kind is Kind.FEATURE
    if item is None:
        document = create_document(
            title=plan.value_to_write(Field.NAME) or "",
            description=plan.description_to_write(files) or "",
            area_path=integration.azure_devops.area_path,
            default_fields=mapping.default_fields,
            marker=marker_of(record, integration, public_url),
            files=files,
        )
        return Write(record.id, mapping.work_item_type, None, document, not is_feature, is_feature)
    document = update_document(
        revision=item.revision,
        title=plan.value_to_write(Field.NAME),
        description=plan.description_to_write(files),
        description_is_markdown=item.description_is_markdown,
        old_parent_index=item.parent_index if plan.moves_to_parent else None,
        files=files,
    )
    only_tests_the_revision = len(document) == 1
    if only_tests_the_revision and not plan.moves_to_parent:
        return None
    return Write(record.id, item.type, item.id, document, plan.moves_to_parent, is_feature)


def is_of_mapped_type(work_item_type: str, record: Record, integration: Integration) -> bool:
    """Whether a work item is of the type that the record's kind is sent as."""
    return work_item_type.casefold() == integration.mapping(record.kind).work_item_type.casefold()
