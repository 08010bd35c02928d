"""Adding and removing relations within a save."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.azure_devops.answers import ServiceError, work_item_error
from local.azure_devops.drafts import Draft
from local.azure_devops.json_patch import failed_operation, invalid_document
from local.azure_devops.link_types import LINK_TYPES, LinkType, relation_name
from local.azure_devops.organization import Organization
from local.azure_devops.permissions import check_may_read
from local.azure_devops.times import FOR_EVER, timestamp
from local.azure_devops.tokens import Caller
from local.azure_devops.work_items import ARTIFACT_LINK, ATTACHED_FILE, HYPERLINK, PARENT, Relation

LINK_LIMIT = 1000
ATTACHMENT_LIMIT = 100
_WORK_ITEM_URL = re.compile(r"/_apis/wit/workitems/(-?\d+)$", re.IGNORECASE)
_ATTACHMENT_URL = re.compile(r"/_apis/wit/attachments/([0-9a-f-]{36})$", re.IGNORECASE)
_RESOURCES = {name.casefold(): name for name in (ATTACHED_FILE, HYPERLINK, ARTIFACT_LINK)}

Open = Callable[[int], Draft]
"""Gives the draft of a work item id, temporary ids included. Raises TF401232 (404)."""


class Links:
    """Relations of the drafts of one save."""

    def __init__(self, organization: Organization, open_draft: Open, caller: Caller) -> None:
        self._organization = organization
        self._open = open_draft
        self._caller = caller

    def add(self, draft: Draft, value: Any, moment: str) -> None:
        """Add the relation that a patch's `value` describes, and its other end."""
        if (
            not isinstance(value, dict)
            or not isinstance(value.get("rel"), str)
            or not isinstance(value.get("url"), str)
        ):
            raise invalid_document("A relation needs a rel and a url.")
        attributes = value.get("attributes") or {}
        if not isinstance(attributes, dict):
            raise invalid_document("The attributes of a relation must be an object.")
        kind = LINK_TYPES.get(value["rel"].casefold())
        if kind is not None:
            self._link(draft, kind, value["url"], attributes)
            return
        resource = _RESOURCES.get(value["rel"].casefold())
        if resource is None:
            # The service's own text for an unknown relation type is unconfirmed.
            raise work_item_error(
                400, f"Unknown relation type {value['rel']}.", "WorkItemLinkTypeNotFoundException"
            )
        self._attach(draft, resource, value["url"], attributes, moment)

    def remove(self, draft: Draft, index: int, path: str) -> None:
        """Remove the relation at `index`, and its other end."""
        relation = self._at(draft, index, path)
        draft.relations.remove(relation)
        if relation.target is not None:
            other = self._open(relation.target)
            opposite = LINK_TYPES[relation.rel.casefold()].opposite
            other.relations = [
                kept for kept in other.relations if (kept.rel, kept.target) != (opposite, draft.id)
            ]

    def change_attribute(self, draft: Draft, index: int, name: str, value: Any, path: str) -> None:
        """Set or clear (None) an attribute of the relation at `index`; only a comment or a lock can be changed."""
        relation = self._at(draft, index, path)
        if name not in ("comment", "isLocked"):
            raise failed_operation(f"The attribute {name} of a relation cannot be changed.")
        attributes = {key: kept for key, kept in relation.attributes.items() if key != name}
        if value is not None:
            attributes[name] = value
        draft.relations[index] = replace(relation, attributes=attributes)

    def _is_ours(self, address: urllib.parse.SplitResult) -> bool:
        """Whether the address names this organization: in the path, or in the host as the old form has it."""
        name = self._organization.name
        first = address.path.lstrip("/").partition("/")[0].casefold()
        return first == name or (address.hostname or "") == f"{name}.visualstudio.com"

    @staticmethod
    def _at(draft: Draft, index: int, path: str) -> Relation:
        if not 0 <= index < len(draft.relations):
            raise failed_operation(f"Index out of range for path {path}.")
        return draft.relations[index]

    def _link(self, draft: Draft, kind: LinkType, url: str, attributes: dict[str, Any]) -> None:
        address = urllib.parse.urlsplit(url)
        match = _WORK_ITEM_URL.search(address.path)
        if match is None or not self._is_ours(address):
            raise work_item_error(
                400, f"The relation url {url} is not that of a work item.", "InvalidRelationUrlException"
            )
        other = self._open(int(match.group(1)))
        if other.item is not None:
            check_may_read(self._caller, other.item)
        kept = {"isLocked": bool(attributes.get("isLocked", False)), "name": kind.name}
        opposite = {**kept, "name": relation_name(kind.opposite)}
        if attributes.get("comment"):
            kept["comment"] = opposite["comment"] = str(attributes["comment"])
        here = Relation(kind.reference_name, other.id, "", kept)
        there = Relation(kind.opposite, draft.id, "", opposite)
        self._check_link(draft, other, here, there)
        draft.relations.append(here)
        other.relations.append(there)

    def _check_link(self, draft: Draft, other: Draft, here: Relation, there: Relation) -> None:
        if any(relation.key == here.key for relation in draft.relations):
            raise relation_exists()
        for end, relation, opposite in ((draft, here, other), (other, there, draft)):
            if relation.rel == PARENT and any(known.rel == PARENT for known in end.relations):
                raise second_parent(opposite.shown_id, end.shown_id)
            if len([known for known in end.relations if known.rel != ATTACHED_FILE]) >= LINK_LIMIT:
                raise too_many_links()
        kind = LINK_TYPES[here.rel.casefold()]
        if draft is other or (kind.is_acyclic and self._leads_to(other, draft.id, kind.reference_name)):
            raise work_item_error(
                400,
                f"TF201035: You cannot add a {kind.name} link between work items {draft.shown_id} and "
                f"{other.shown_id} because it would create a circular relationship.",
                "WorkItemLinkCircularException",
            )

    def _leads_to(self, start: Draft, target: int, rel: str) -> bool:
        """Whether links of the type `rel` lead from `start` to the work item `target`."""
        seen: set[int] = set()
        pending = [start.id]
        while pending:
            current = pending.pop()
            if current == target:
                return True
            if current in seen:
                continue
            seen.add(current)
            pending += [
                known.target for known in self._open(current).relations if known.rel == rel and known.target
            ]
        return False

    def _attach(self, draft: Draft, rel: str, url: str, attributes: dict[str, Any], moment: str) -> None:
        kept, address = self._resource(rel, url, attributes, moment)
        relation = Relation(rel, None, address, kept)
        if any(known.key == relation.key for known in draft.relations):
            raise relation_exists()
        files = [known for known in draft.relations if known.rel == ATTACHED_FILE]
        if rel == ATTACHED_FILE and len(files) >= ATTACHMENT_LIMIT:
            # The limit is documented (object-limits); the text of its refusal is unconfirmed.
            raise work_item_error(
                400,
                f"A work item can have at most {ATTACHMENT_LIMIT} attachments.",
                "WorkItemAttachmentLimitException",
            )
        if rel != ATTACHED_FILE and len(draft.relations) - len(files) >= LINK_LIMIT:
            raise too_many_links()
        draft.relations.append(relation)

    def _resource(
        self, rel: str, url: str, attributes: dict[str, Any], moment: str
    ) -> tuple[dict[str, Any], str]:
        """The attributes to keep, and the address: an attachment's is its id, whatever form of URL it came in."""
        kept: dict[str, Any] = {
            "authorizedDate": moment,
            "id": next(self._organization.relation_ids),
            "resourceCreatedDate": moment,
            "resourceModifiedDate": moment,
            "revisedDate": FOR_EVER,
        }
        if rel == ATTACHED_FILE:
            match = _ATTACHMENT_URL.search(urllib.parse.urlsplit(url).path)
            attachment = self._organization.attachments.find(match.group(1)) if match else None
            if attachment is None or not attachment.is_complete:
                # The service's own text for a file that is not there is unconfirmed.
                raise work_item_error(
                    400, f"The attachment {url} does not exist.", "AttachmentNotFoundException"
                )
            kept["resourceCreatedDate"] = timestamp(attachment.created)
            kept["resourceSize"] = attachment.size
            kept["name"] = str(attributes.get("name") or attachment.name)
            url = attachment.id
        elif not urllib.parse.urlsplit(url).scheme:
            raise work_item_error(
                400, f"The relation url {url} is not a valid address.", "InvalidRelationUrlException"
            )
        elif rel == ARTIFACT_LINK:
            kept["name"] = str(attributes.get("name") or relation_name(rel))
        if attributes.get("comment"):
            kept["comment"] = str(attributes["comment"])
        return kept, url


def relation_exists() -> ServiceError:
    """400: the same link is there already (documented in the sample of the batch page)."""
    return work_item_error(400, "Relation already exists.", "RelationAlreadyExistsException")


def second_parent(parent_id: int, child_id: int) -> ServiceError:
    """TF201036 (400): a work item has one parent only."""
    return work_item_error(
        400,
        f"TF201036: You cannot add a Child link between work items {parent_id} and {child_id} because a work item can "
        "have only one Parent link.",
        "WorkItemLinkMultipleParentsException",
    )


def too_many_links() -> ServiceError:
    """TF237201 (400): past 1,000 links."""
    return work_item_error(
        400,
        "TF237201: Cannot add a new link because one of the work items being linked will exceed the "
        f"{LINK_LIMIT} link limit.",
        "WorkItemLinkLimitExceededException",
    )
