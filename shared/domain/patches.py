"""JSON Patch documents for work items.

https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/create and …/update (7.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.domain.files import comment_of
from shared.domain.links import AttachedFile
from shared.domain.markers import Marker
from shared.domain.work_item import AREA_PATH, ATTACHED_FILE, PARENT, TITLE

PatchDocument = list[dict[str, Any]]

EMPTY_DESCRIPTION = "<p></p>"
"""The description of a new work item whose record has none."""


def create_document(
    *,
    title: str,
    description: str,
    description_field: str,
    area_path: str,
    default_fields: Mapping[str, Any],
    marker: Marker,
    files: Mapping[str, AttachedFile],
) -> PatchDocument:
    """A new work item in one request: fields, marker and files. `with_parent` adds a parent.

    `files` are the uploaded files, by the Aha! ids of their attachments.
    """
    fields = {TITLE: title, description_field: description or EMPTY_DESCRIPTION, AREA_PATH: area_path}
    own = {name.casefold() for name in fields}
    defaults = {name: value for name, value in default_fields.items() if name.casefold() not in own}
    document: PatchDocument = [_set(name, value) for name, value in {**fields, **defaults}.items()]
    document.append(_relate(marker.relation()))
    document.extend(_relate(_file(key, item)) for key, item in files.items())
    return document


def update_document(
    *,
    revision: int,
    title: str | None,
    description: str | None,
    description_field: str,
    description_is_markdown: bool,
    old_parent_index: int | None,
    files: Mapping[str, AttachedFile],
) -> PatchDocument:
    """An update of one exact revision of a work item. None leaves a field alone; an empty description clears it.

    `old_parent_index`: the index of the parent relation that another parent replaces.
    """
    document: PatchDocument = [{"op": "test", "path": "/rev", "value": revision}]
    if title is not None:
        document.append(_set(TITLE, title))
    if description is not None:
        document.append(_set(description_field, description))
        if description_is_markdown and description:
            document.append(
                {"op": "add", "path": f"/multilineFieldsFormat/{description_field}", "value": "Html"}
            )
    if old_parent_index is not None:
        document.append({"op": "remove", "path": f"/relations/{old_parent_index}"})
    document.extend(_relate(_file(key, item)) for key, item in files.items())
    return document


def with_parent(document: PatchDocument, parent_url: str) -> PatchDocument:
    """The document with a link to its parent; a work item has at most one."""
    return [*document, _relate({"rel": PARENT, "url": parent_url})]


def with_temporary_id(document: PatchDocument, temporary_id: int) -> PatchDocument:
    """The document for a batch, in which other operations refer to the work item by a negative id."""
    return [{"op": "add", "path": "/id", "value": temporary_id}, *document]


def _set(name: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{name}", "value": value}


def _relate(relation: Mapping[str, Any]) -> dict[str, Any]:
    return {"op": "add", "path": "/relations/-", "value": dict(relation)}


def _file(attachment_id: str, item: AttachedFile) -> dict[str, Any]:
    return {
        "rel": ATTACHED_FILE,
        "url": item.url,
        "attributes": {"name": item.file_name, "comment": comment_of(attachment_id)},
    }
