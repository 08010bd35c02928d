"""Work items as Azure DevOps returns them.

Shapes: https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/get-work-item (7.1); `multilineFieldsFormat`
exists from 7.2-preview on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeGuard

from shared.domain.description_field import (
    SYSTEM_DESCRIPTION,
    other_description_field,
    usual_description_field,
)
from shared.domain.html_text import is_blank
from shared.domain.images import Images, comparable
from shared.domain.links import Field, digest
from shared.domain.markdown import Rendered, render
from shared.domain.times import parse_time
from shared.domain.work_item_urls import work_item_id_of

TITLE = "System.Title"
STATE = "System.State"
AREA_PATH = "System.AreaPath"
TEAM_PROJECT = "System.TeamProject"
CHANGED_DATE = "System.ChangedDate"
WORK_ITEM_TYPE = "System.WorkItemType"

PARENT = "System.LinkTypes.Hierarchy-Reverse"
ATTACHED_FILE = "AttachedFile"
HYPERLINK = "Hyperlink"

NO_IMAGES = Images()


def is_whole_number(value: Any) -> TypeGuard[int]:
    """Whether a value is a number that an id or a revision can have: 32 bits, as in the specification."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31


@dataclass(frozen=True)
class Relation:
    """A relation of a work item."""

    rel: str
    url: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def comment(self) -> str:
        """The relation's comment; empty if it has none."""
        return str(self.attributes.get("comment") or "")


@dataclass(frozen=True)
class WorkItem:
    """One revision of a work item. A field that Azure DevOps leaves out is empty.

    `description_field` is the field that `description` was read from, `shown_field` the one that the form shows and
    that is written; they differ only while the text waits to be moved (see `shared.domain.present_description`).
    `other_description` is the text of the field that was not read. `lost_description` is the digest of a description
    that a change of type removed.
    """

    id: int
    revision: int
    type: str
    title: str
    description: str
    state: str
    page_url: str
    relations: tuple[Relation, ...] = ()
    description_is_markdown: bool = False
    changed_at: datetime | None = None
    description_field: str = SYSTEM_DESCRIPTION
    shown_field: str = SYSTEM_DESCRIPTION
    other_description: str = ""
    other_is_markdown: bool = False
    lost_description: str = ""
    project: str = ""

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> WorkItem:
        """Read the REST shape. The description is that of the field that is usual for the type.

        Raises:
            ValueError: there is no id or no revision in it.
        """
        fields = payload.get("fields") or {}
        work_item_id, revision = payload.get("id"), payload.get("rev")
        if not is_whole_number(work_item_id) or not is_whole_number(revision):
            raise ValueError("a work item without id or rev")
        formats = payload.get("multilineFieldsFormat") or {}
        work_item_type = str(fields.get(WORK_ITEM_TYPE) or "")
        shown = usual_description_field(work_item_type)
        other = other_description_field(shown)
        return cls(
            id=work_item_id,
            revision=revision,
            type=work_item_type,
            title=str(fields.get(TITLE) or ""),
            description=str(fields.get(shown) or ""),
            state=str(fields.get(STATE) or ""),
            page_url=_page_url(payload),
            relations=tuple(
                Relation(str(item.get("rel")), str(item.get("url")), item.get("attributes") or {})
                for item in payload.get("relations") or ()
            ),
            description_is_markdown=_is_markdown(formats, shown),
            changed_at=parse_time(fields.get(CHANGED_DATE)),
            description_field=shown,
            shown_field=shown,
            other_description=str(fields.get(other) or ""),
            other_is_markdown=_is_markdown(formats, other),
            project=str(fields.get(TEAM_PROJECT) or ""),
        )

    @property
    def description_is_hidden(self) -> bool:
        """Whether the description is in a field that the form does not show."""
        return self.description_field != self.shown_field

    @property
    def shown_text(self) -> str:
        """The text of the field that is written."""
        return self.other_description if self.description_is_hidden else self.description

    @property
    def shown_field_is_markdown(self) -> bool:
        """Whether the work item keeps the field that is written in Markdown."""
        return self.other_is_markdown if self.description_is_hidden else self.description_is_markdown

    @property
    def shown_field_may_be_markdown(self) -> bool:
        """Whether a new description must say that it is HTML. An empty field does not show the format that it keeps."""
        return self.shown_field_is_markdown or not self.shown_text

    @property
    def parent_index(self) -> int | None:
        """The index of the parent among the relations."""
        return next((index for index, item in enumerate(self.relations) if item.rel == PARENT), None)

    @property
    def parent_id(self) -> int | None:
        """The parent work item."""
        return None if self.parent_index is None else work_item_id_of(self.relations[self.parent_index].url)

    @property
    def attached_files(self) -> tuple[Relation, ...]:
        """The relations to attachments."""
        return tuple(item for item in self.relations if item.rel == ATTACHED_FILE)

    @cached_property
    def description_as_shown(self) -> Rendered:
        """The description as HTML, as a reader sees it."""
        return render(self.description) if self.description_is_markdown else Rendered(self.description)

    @property
    def description_html(self) -> str:
        """The description as HTML; Markdown is rendered."""
        return self.description_as_shown.html

    def shows(self, description_digest_in_aha: str, images: Images = NO_IMAGES) -> bool:
        """Whether a reader sees the description that has this digest in Aha!."""
        shown = self.lost_description or description_digest(self.description_html, images)
        return shown == description_digest_in_aha

    def digest_of(self, name: Field, images: Images = NO_IMAGES) -> str:
        """The digest of one field of this revision; `images` are those of its record.

        The digest is that of the stored text, so that it is the same whether the answer names formats or not.
        """
        if name is Field.DESCRIPTION and self.lost_description:
            return self.lost_description
        if name is Field.DESCRIPTION:
            return description_digest(self.description, images)
        return digest(self.title if name is Field.NAME else self.state)


def description_digest(html: str, images: Images = NO_IMAGES) -> str:
    """The digest of a description. All ways to write an empty one (`<p></p>`, `<br>`) have the same digest."""
    return digest("" if is_blank(html) else comparable(html, images))


def _is_markdown(formats: Mapping[str, Any], name: str) -> bool:
    return str(formats.get(name, "")).lower() == "markdown"


def _page_url(payload: Mapping[str, Any]) -> str:
    links = payload.get("_links") or {}
    html = links.get("html") or {}
    return str(html.get("href") or payload.get("url") or "")
