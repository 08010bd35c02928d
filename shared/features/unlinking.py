"""Unlink a record from its work item. The work item and the texts of both sides are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from shared import log_events
from shared.app import App
from shared.concurrency import in_parallel
from shared.domain.integration import Integration
from shared.domain.integration_fields import IntegrationField
from shared.domain.kind import Kind
from shared.domain.links import Link
from shared.domain.references import RecordName, feature_reference_in
from shared.domain.unlink_rules import (
    fields_of_family,
    id_named,
    is_requirement_of,
    link_back_fields,
    no_link_named,
    not_linked,
    with_unlinked_requirement,
)
from shared.errors import FeatureBusy, LinkChanged, NotFound, OperationFailed, Refused
from shared.isolation import log_defect
from shared.operation import Operation
from shared.storage.links import LinkStore, StoredLink, UnreadableLink

_ATTEMPTS = 3
"""How often the link of a feature is read again that a send changed at the same moment."""


def unlink_record(app: App, operation: Operation, integration: Integration, name: RecordName) -> None:
    """Remove the link of a requirement, or of a feature with its requirements, and their link backs in Aha!.

    Raises:
        NotLinked: the record has no work item.
        InvalidRequest: two linked records have this reference.
        FeatureBusy: a send changed the link at the same moment.
        Unavailable: Aha! is down. Nothing was unlinked.
        Defect: the row of the record's link is damaged.
    """
    links, integration_id = app.links, integration.integration_id
    stored = _linked(app, operation, integration, name)
    family = [stored, *_requirements(links, operation, integration_id, stored.link)]
    # First, because the process may die after the links are removed. It does not matter while they are there.
    _leave_out(app, integration_id, stored.link)
    _mark_on_feature(links, integration_id, stored.link)
    # Before the links, because the next send would adopt the work items that Aha! names.
    _take_out_of_aha(app, operation, integration, [one.link for one in family])
    try:
        links.remove(integration_id, family)
    except LinkChanged as error:
        raise FeatureBusy(f"{error.detail} Repeat the request.", retry_after=5) from None
    # Once more, because a send may have written its note in between.
    if stored.link.kind is Kind.FEATURE:
        app.unfinished_sends.forget(integration_id, _names_of_note(stored.link))
    else:
        _leave_out(app, integration_id, stored.link)
    for one in family:
        operation.log.know_record(one.link.reference_or_id, one.link.feature_id)
        operation.log.add(
            log_events.LINK_REMOVED,
            f"{one.link.reference_or_id} is no longer linked to work item {one.link.work_item_id}.",
            reference=one.link.reference_or_id,
            work_item_id=one.link.work_item_id,
        )


def _linked(app: App, operation: Operation, integration: Integration, name: RecordName) -> StoredLink:
    """The link of the record with this name. Raises NotLinked, InvalidRequest, Unavailable or Defect."""
    links, integration_id = app.links, integration.integration_id
    aha_id = id_named(name, [] if name.is_id else links.aha_ids_named(integration_id, name.text))
    if aha_id is None:
        aha_id = _id_in_aha(app, operation, integration, name)
    stored = links.load_each(integration_id, [aha_id]).get(aha_id) if aha_id else None
    if isinstance(stored, UnreadableLink):
        raise log_defect(operation, stored.error, name.text)
    if not isinstance(stored, StoredLink):
        raise not_linked(name)
    return stored


def _id_in_aha(app: App, operation: Operation, integration: Integration, name: RecordName) -> str | None:
    """The id of a record whose reference no link has: it may have changed since the last send.

    None if Aha! has no such record, or is not configured. Raises NotLinked if Aha! refuses to say it.
    """
    if name.kind is None or not integration.receives:
        return None
    try:
        return app.aha(integration.aha, operation).record(name.kind, name.text).id
    except NotFound:
        return None
    except Refused as error:
        raise no_link_named(name, error) from error


def _leave_out(app: App, integration_id: str, link: Link) -> None:
    """Keep the timer from sending what a person unlinks. It still finishes the rest of the feature."""
    app.unfinished_sends.leave_out(integration_id, _names_of_note(link), link.aha_id)


def _mark_on_feature(links: LinkStore, integration_id: str, link: Link) -> None:
    """Store in the feature's link that its requirement was unlinked, so that auto_update does not send it.

    Raises:
        FeatureBusy: the feature's link keeps changing.
    """
    if link.kind is Kind.FEATURE:
        return
    for _ in range(_ATTEMPTS):
        feature = links.load_each(integration_id, [link.parent_aha_id]).get(link.parent_aha_id)
        if not isinstance(feature, StoredLink) or link.aha_id in feature.link.unlinked_ids:
            return
        with suppress(LinkChanged):
            links.replace(integration_id, [(feature, with_unlinked_requirement(feature.link, link.aha_id))])
            return
    raise FeatureBusy(
        "A send is changing the feature of this requirement. Repeat the request.", retry_after=5
    )


def _names_of_note(link: Link) -> tuple[str, ...]:
    """Under which names a note of the feature may be: its id, and its reference."""
    if link.kind is Kind.FEATURE:
        return link.aha_id, link.reference
    feature = feature_reference_in(link.reference)
    return (link.parent_aha_id, *((feature,) if feature else ()))


def _requirements(
    links: LinkStore, operation: Operation, integration_id: str, feature: Link
) -> list[StoredLink]:
    """The links of a feature's requirements, also of those that were linked after the feature's last send.

    A damaged row is logged and left, because its record is unknown.
    """
    if feature.kind is not Kind.FEATURE:
        return []
    later = links.aha_ids_below(integration_id, feature.aha_id)
    found = links.load_each(integration_id, list(dict.fromkeys((*feature.requirement_ids, *later))))
    for aha_id, stored in found.items():
        if isinstance(stored, UnreadableLink):
            log_defect(operation, stored.error, f"the requirement {aha_id} of {feature.reference_or_id}")
    return [
        stored
        for stored in found.values()
        if isinstance(stored, StoredLink) and is_requirement_of(stored.link, feature)
    ]


def _take_out_of_aha(
    app: App, operation: Operation, integration: Integration, family: Sequence[Link]
) -> None:
    """Remove the link backs of these records. A refusal is only logged: it must not block unlinking.

    Raises:
        Unavailable: Aha! is down.
    """
    if not integration.receives:
        return
    try:
        fields = _fields(app, operation, integration, family)
    except Refused as error:
        _log_left(operation, family, error)
        return
    aha = app.aha_integrations(integration.aha, operation)

    def remove(link: Link) -> OperationFailed | None:
        field_ids = link_back_fields(link, fields.get(link.aha_id), integration.aha.integration_id)
        try:
            for field_id in field_ids:
                aha.remove_field(field_id, link.kind, link.aha_id)
        except Refused as error:
            return error
        if field_ids:
            operation.log.add(
                log_events.LINK_BACK_REMOVED,
                f"The link to work item {link.work_item_id} was removed from the integration fields of "
                f"{link.reference_or_id}.",
                reference=link.reference_or_id,
                work_item_id=link.work_item_id,
            )
        return None

    outcomes = list(zip(family, in_parallel(remove, family), strict=True))
    refused = [(link, error) for link, error in outcomes if error is not None]
    if refused:
        _log_left(operation, [link for link, _ in refused], refused[0][1])


def _fields(
    app: App, operation: Operation, integration: Integration, family: Sequence[Link]
) -> Mapping[str, Sequence[IntegrationField]]:
    """The integration fields of the records, by Aha! id. A record that Aha! does not show has none."""
    first, others = family[0], {link.aha_id: link for link in family[1:]}
    aha = app.aha_integrations(integration.aha, operation)

    def of(link: Link) -> tuple[IntegrationField, ...]:
        try:
            return aha.fields(link.kind, link.aha_id)
        except NotFound:
            return ()

    if not others:
        return {first.aha_id: of(first)}
    try:
        feature = app.aha_features(integration.aha, operation).feature(first.aha_id)
    except NotFound:
        feature = {}
    found = fields_of_family(feature)
    # Requirements that belong to another feature by now.
    elsewhere = [link for aha_id, link in others.items() if aha_id not in found]
    return found | {
        link.aha_id: fields for link, fields in zip(elsewhere, in_parallel(of, elsewhere), strict=True)
    }


def _log_left(operation: Operation, family: Sequence[Link], error: OperationFailed) -> None:
    for link in family:
        operation.log.add(
            log_events.LINK_BACK_LEFT,
            f"The integration fields of {link.reference_or_id} in Aha! may still name work item {link.work_item_id}. "
            f"If so, the next send links it again. {error.detail}",
            code=error.code,
            reference=link.reference_or_id,
            work_item_id=link.work_item_id,
        )
