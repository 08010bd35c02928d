"""Read a feature with its requirements, descriptions and attachments from the body of a send.

The shapes are those of Aha!'s API and of its integration events (https://www.aha.io/api/resources/features and the
`create_feature` and `update_feature` events of aha-app/aha-services). Older events lack many keys. Unknown keys depend
on the account's settings and are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from shared.domain.integration_fields import IntegrationField, read_integration_fields
from shared.domain.json_input import InputErrors, JsonObject
from shared.domain.kind import Kind
from shared.domain.products import NO_PRODUCT, Product, product_of
from shared.domain.times import parse_time
from shared.domain.titles import full_title

MOST_REQUIREMENTS = 5000
MOST_ATTACHMENTS = 1000
_LONGEST_DESCRIPTION = 4_000_000
_LONGEST_NAME = 100_000
_CLOCKS_DIFFER = timedelta(hours=1)
FEATURE_EVENTS = ("create_feature", "update_feature")
_RELEASE_EVENTS = ("create_release", "update_release")


@dataclass(frozen=True)
class Attachment:
    """A file of a record or of its description. Sizes are in bytes, None if Aha! does not know them.

    `size` may be the size of a smaller picture that Aha! made; `original_size` is then the size of the file.
    `is_inline`: the description shows it as an image. `is_listed` is false if only the description names it.
    """

    id: str
    file_name: str
    download_url: str
    size: int | None
    content_type: str
    is_inline: bool = False
    is_listed: bool = True
    original_size: int | None = None


@dataclass(frozen=True)
class Record:
    """A feature or requirement.

    `name` and `description` (HTML) are None if the payload does not contain them, which means "leave alone".
    An empty description means "clear". `integration_fields` and `updated_at`, the time of the record's
    last change in Aha!, are None if the payload does not contain them.
    """

    kind: Kind
    id: str
    reference: str
    name: str | None
    description: str | None
    url: str
    attachments: tuple[Attachment, ...]
    integration_fields: tuple[IntegrationField, ...] | None = None
    updated_at: datetime | None = None

    @property
    def reference_or_id(self) -> str:
        """What messages call the record."""
        return self.reference or self.id

    @property
    def title(self) -> str:
        """The title for the work item, not yet cut to the longest title."""
        return full_title(self.name, self.description, self.kind.value)

    @property
    def says_nothing(self) -> bool:
        """Whether the payload has neither a name nor a description, so that no work item can be created."""
        return self.name is None and self.description is None


@dataclass(frozen=True)
class Feature:
    """A feature and its requirements, in their order in Aha!, each once.

    `lists_requirements` is false if the payload has no key `requirements`. `product` is what the feature says about its
    product.
    """

    record: Record
    requirements: tuple[Record, ...]
    lists_requirements: bool = True
    product: Product = NO_PRODUCT

    @property
    def records(self) -> tuple[Record, ...]:
        """The feature first, then its requirements."""
        return (self.record, *self.requirements)


def is_release_event(body: Any) -> bool:
    """Whether the body is an event about a release. Aha! sends it before the event of the release's first feature."""
    return isinstance(body, Mapping) and body.get("event") in _RELEASE_EVENTS


def read_feature(body: Any) -> Feature:
    """The feature of an event `{"event": …, "feature": {…}}`, or of the same without `event`.

    Raises:
        InvalidRequest: with every error and its JSON pointer.
    """
    errors = InputErrors()
    root = JsonObject(body, errors)
    if "event" in root:
        root.text("event", choices=FEATURE_EVENTS)
    if root.raw("feature") is None:
        root.error("feature", "is required")
        errors.raise_if_any()
    source = root.object("feature")
    record = _record(source, Kind.FEATURE)
    requirements = _requirements(source, record.id)
    errors.raise_if_any()
    return Feature(record, requirements, "requirements" in source, product_of(dict(source.items())))


def _requirements(feature: JsonObject, feature_id: str) -> tuple[Record, ...]:
    placed: dict[str, tuple[int, Record]] = {}
    for order, source in enumerate(feature.objects("requirements", most=MOST_REQUIREMENTS)):
        record = _record(source, Kind.REQUIREMENT)
        if record.id and record.id == feature_id:
            source.error("id", "must not be the feature's own id")
        position = source.whole_number("position")
        # Aha! does not list requirements by position, and older events have no position.
        placed.setdefault(record.id, (order if position is None else position, record))
    return tuple(record for _, record in sorted(placed.values(), key=lambda place: place[0]))


def _record(source: JsonObject, kind: Kind) -> Record:
    description = _description(source)
    return Record(
        kind=kind,
        id=source.identifier("id"),
        reference=source.prose("reference_num", longest=255),
        name=source.prose("name", longest=_LONGEST_NAME) if "name" in source else None,
        description=description,
        url=_web_address(source.prose("url", longest=2000)),
        attachments=_attachments(source),
        integration_fields=read_integration_fields(source.raw("integration_fields")),
        # A future time would make every later payload look outdated.
        updated_at=parse_time(source.raw("updated_at"), ahead=_CLOCKS_DIFFER),
    )


def _description(source: JsonObject) -> str | None:
    """The description: Aha! sends an object with a `body`, other callers may send the HTML itself."""
    if "description" not in source:
        return None
    value = source.raw("description")
    if value is None:
        return ""
    if isinstance(value, str):
        return source.prose("description", longest=_LONGEST_DESCRIPTION)
    return source.object("description").prose("body", longest=_LONGEST_DESCRIPTION)


def _attachments(source: JsonObject) -> tuple[Attachment, ...]:
    holders = [source]
    if isinstance(source.raw("description"), dict):
        holders.append(source.object("description"))
    found: dict[str, Attachment] = {}
    for holder in holders:
        for item in holder.objects("attachments", most=MOST_ATTACHMENTS):
            attachment = Attachment(
                id=item.identifier("id"),
                file_name=item.prose("file_name", longest=_LONGEST_NAME),
                download_url=item.prose("download_url", longest=4096),
                size=item.whole_number("file_size"),
                content_type=item.prose("content_type", longest=255),
                original_size=item.whole_number("original_file_size"),
            )
            found.setdefault(attachment.id, _named(attachment))
    return tuple(found.values())


def _named(attachment: Attachment) -> Attachment:
    """The attachment with a file name that has no folders and is not empty."""
    name = attachment.file_name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    return replace(attachment, file_name=name[-255:] or f"attachment-{attachment.id}")


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.hostname else ""
