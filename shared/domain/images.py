"""The images of a description: which they are, where each side finds them, and that they are the same on both sides.

In Aha! an image leads to an attachment there, in Azure DevOps to the copy that was uploaded. An image that an engineer
pasted is readable by whoever can sign in to Azure DevOps, and so becomes, in Aha!, a link to the work item's page; a
send makes an image of that link again. What both sides agree on is a neutral form, in which an image is its
attachment's id, wherever it leads and whatever token its address has at the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape

from shared.domain.attachment_urls import (
    aha_attachment_id,
    azure_devops_attachment_id,
    azure_devops_file_name,
    host_of,
)
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment, Feature, Record
from shared.domain.tags import Change, Tag, address_change, changed, tags_with_addresses

_FRAGMENT = "#attachments/"
"""What follows the address of a work item's page in a link that stands for an image: then comes the upload's id."""


@dataclass(frozen=True)
class Images:
    """What is known about the images of one record: the host of its Aha! account, and its uploads by Aha! id."""

    aha_host: str = ""
    files: Mapping[str, AttachedFile] = field(default_factory=dict)

    def with_files(self, files: Mapping[str, AttachedFile]) -> Images:
        """The same, with further uploads known."""
        return replace(self, files={**self.files, **files})

    def aha_id(self, address: str) -> str | None:
        """The Aha! attachment that an address leads to, on either side."""
        upload = azure_devops_attachment_id(address)
        if upload is None:
            return aha_attachment_id(address, self.aha_host)
        return self._aha_ids.get(upload)

    @cached_property
    def _aha_ids(self) -> dict[str | None, str]:
        return {azure_devops_attachment_id(file.url): key for key, file in self.files.items()}


def images_of_account(aha_url: str) -> Images:
    """What is known before anything was uploaded; `aha_url` is the integration's Aha! address, if it has one."""
    return Images(host_of(aha_url))


@dataclass(frozen=True)
class DescriptionForAha:
    """A work item's description as Aha! gets it, and the names of the images that stay in Azure DevOps."""

    html: str
    left_in_azure_devops: tuple[str, ...] = ()


def with_inline_images(feature: Feature, aha_host: str) -> Feature:
    """The feature, its records' attachments completed by the images that only their descriptions name."""
    return replace(
        feature,
        record=_with_inline_images(feature.record, aha_host),
        requirements=tuple(_with_inline_images(item, aha_host) for item in feature.requirements),
    )


def _with_inline_images(record: Record, aha_host: str) -> Record:
    inline = inline_images(record.description or "", aha_host)
    if not inline:
        return record
    listed = {item.id for item in record.attachments}
    attachments = [
        replace(item, is_inline=True, download_url=item.download_url or inline[item.id])
        if item.id in inline
        else item
        for item in record.attachments
    ]
    attachments += [
        Attachment(
            attachment_id, f"image-{attachment_id}", address, None, "", is_inline=True, is_listed=False
        )
        for attachment_id, address in inline.items()
        if attachment_id not in listed
    ]
    return replace(record, attachments=tuple(attachments))


def inline_images(html: str, aha_host: str) -> dict[str, str]:
    """The addresses of a text's images that are Aha! attachments, by attachment id."""
    found: dict[str, str] = {}
    for tag in _images(html):
        attachment_id = aha_attachment_id(tag.address, aha_host)
        if attachment_id is not None:
            found.setdefault(attachment_id, tag.address)
    return found


def for_azure_devops(html: str, images: Images, shown: str = "") -> str:
    """A description of Aha!'s as the work item gets it: images lead to their uploads, as far as there are any.

    A link that stands for an image which the work item's present description, `shown`, has becomes that image again.
    """
    pasted = {azure_devops_attachment_id(tag.address): shown[tag.start : tag.end] for tag in _images(shown)}
    changes: list[Change] = []
    for tag in _tags(html):
        upload = _linked_upload(tag)
        file = images.files.get(aha_attachment_id(tag.address, images.aha_host) or "")
        if tag.name == "img" and file is not None:
            changes.append(address_change(html, tag, file.url))
        elif upload in pasted and tag.element_end is not None:
            changes.append(Change(tag.start, tag.element_end, pasted[upload]))
    return changed(html, changes)


def for_aha(html: str, images: Images, sources: Mapping[str, str], page_url: str) -> DescriptionForAha:
    """A work item's description as Aha! gets it: uploads lead to where Aha! has them.

    `sources` are addresses of the images in Aha!, by attachment id. An image that Aha! does not have becomes a link to
    the work item's page.
    """
    changes: list[Change] = []
    left: list[str] = []
    for tag in _images(html):
        upload = azure_devops_attachment_id(tag.address)
        if upload is None:
            continue
        source = sources.get(images.aha_id(tag.address) or "")
        if source is not None:
            changes.append(address_change(html, tag, source))
            continue
        name = azure_devops_file_name(tag.address) or "image"
        left.append(name)
        link = f'<a href="{escape(f"{page_url}{_FRAGMENT}{upload}")}">{escape(f"image in Azure DevOps: {name}")}</a>'
        changes.append(Change(tag.start, tag.end, link))
    return DescriptionForAha(changed(html, changes), tuple(left))


def neutral(html: str, images: Images) -> str:
    """A description of either side in the form in which both are compared; one without such images is as it was."""
    changes: list[Change] = []
    for tag in _tags(html):
        upload = azure_devops_attachment_id(tag.address) if tag.name == "img" else _linked_upload(tag)
        attachment_id = images.aha_id(tag.address) if tag.name == "img" else None
        if attachment_id is not None:
            changes.append(address_change(html, tag, f"aha-attachment:{attachment_id}"))
        elif upload is not None:
            whole = f'<img src="azure-devops-attachment:{escape(upload)}">'
            changes.append(Change(tag.start, tag.element_end or tag.end, whole))
    return changed(html, changes)


def _linked_upload(tag: Tag) -> str | None:
    """The upload for which a link stands."""
    upload = tag.address.partition(_FRAGMENT)[2]
    if tag.name != "a" or not upload:
        return None
    # Few descriptions have such a link, and the module is slow to load.
    from uuid import UUID

    try:
        return str(UUID(upload))
    except ValueError:
        return None


def _images(html: str) -> Iterator[Tag]:
    return (tag for tag in _tags(html) if tag.name == "img")


def _tags(html: str) -> list[Tag]:
    """The tags that may matter; most descriptions have none, and need not be parsed to see that."""
    return tags_with_addresses(html) if "attachments/" in html.casefold() else []
