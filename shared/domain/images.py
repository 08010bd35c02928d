"""The images of a description: find them, and translate their URLs between Aha! and Azure DevOps.

In Aha!, the URL of an image is that of an Aha! attachment. In Azure DevOps, it is that of the uploaded copy. An image
that an engineer pasted can be read only by people who can sign in to Azure DevOps, so in Aha! it becomes a link to the
work item's page. A send turns that link back into the image. To compare the descriptions of both sides, each image is
replaced by its attachment id, because the token in an attachment's URL differs from one read to the next.
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
from shared.domain.html_links import HtmlLink, Replacement, find_links, replaced, url_replacement
from shared.domain.links import AttachedFile
from shared.domain.records import Attachment, Feature, Record

_FRAGMENT = "#attachments/"
"""Marks a link to a work item's page that stands for an image; the id of the upload follows."""


@dataclass(frozen=True)
class Images:
    """The host of the record's Aha! account, and the record's uploaded files by Aha! attachment id."""

    aha_host: str = ""
    files: Mapping[str, AttachedFile] = field(default_factory=dict)

    def with_files(self, files: Mapping[str, AttachedFile]) -> Images:
        """A copy that knows these uploads too."""
        return replace(self, files={**self.files, **files})

    def aha_id(self, url: str) -> str | None:
        """The id of the Aha! attachment that a URL of either side leads to; None for any other URL."""
        upload = azure_devops_attachment_id(url)
        if upload is None:
            return aha_attachment_id(url, self.aha_host)
        return self._aha_ids.get(upload)

    @cached_property
    def _aha_ids(self) -> dict[str | None, str]:
        return {azure_devops_attachment_id(file.url): key for key, file in self.files.items()}


def images_of_account(aha_url: str) -> Images:
    """The images of an account before any upload. `aha_url` is the integration's Aha! URL, empty if it has none."""
    return Images(host_of(aha_url))


@dataclass(frozen=True)
class DescriptionForAha:
    """A work item's description for Aha!, and the names of the images that only Azure DevOps has."""

    html: str
    left_in_azure_devops: tuple[str, ...] = ()


def with_inline_images(feature: Feature, aha_host: str) -> Feature:
    """The feature, with each image that only a description names added to the attachments of its record."""
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
        Attachment(attachment_id, f"image-{attachment_id}", url, None, "", is_inline=True, is_listed=False)
        for attachment_id, url in inline.items()
        if attachment_id not in listed
    ]
    return replace(record, attachments=tuple(attachments))


def inline_images(html: str, aha_host: str) -> dict[str, str]:
    """The URLs of a text's images that are Aha! attachments, by attachment id."""
    found: dict[str, str] = {}
    for image in _images(html):
        attachment_id = aha_attachment_id(image.url, aha_host)
        if attachment_id is not None:
            found.setdefault(attachment_id, image.url)
    return found


def for_azure_devops(html: str, images: Images, current: str = "") -> str:
    """An Aha! description for the work item: each image that was uploaded gets the URL of its upload.

    `current` is the work item's present description. A link that stands for one of its images becomes that image again.
    """
    pasted = {
        upload: current[image.start : image.end]
        for image in _images(current)
        if (upload := azure_devops_attachment_id(image.url)) is not None
    }
    replacements: list[Replacement] = []
    for link in _links(html):
        upload = _linked_upload(link)
        file = images.files.get(aha_attachment_id(link.url, images.aha_host) or "")
        if link.element == "img" and file is not None:
            replacements.append(url_replacement(html, link, file.url))
        elif upload in pasted and link.element_end is not None:
            replacements.append(Replacement(link.start, link.element_end, pasted[upload]))
    return replaced(html, replacements)


def for_aha(html: str, images: Images, sources: Mapping[str, str], page_url: str) -> DescriptionForAha:
    """A work item's description for Aha!: each upload gets the URL of its Aha! attachment.

    `sources` are the URLs of the images in Aha!, by attachment id. An image that Aha! does not have becomes a link to
    `page_url`, the work item's page.
    """
    replacements: list[Replacement] = []
    left: list[str] = []
    for image in _images(html):
        upload = azure_devops_attachment_id(image.url)
        if upload is None:
            continue
        source = sources.get(images.aha_id(image.url) or "")
        if source is not None:
            replacements.append(url_replacement(html, image, source))
            continue
        name = azure_devops_file_name(image.url) or "image"
        left.append(name)
        link = f'<a href="{escape(f"{page_url}{_FRAGMENT}{upload}")}">{escape(f"image in Azure DevOps: {name}")}</a>'
        replacements.append(Replacement(image.start, image.end, link))
    return DescriptionForAha(replaced(html, replacements), tuple(left))


def comparable(html: str, images: Images) -> str:
    """A description of either side in the form in which both are compared: images by id, all else as it is."""
    replacements: list[Replacement] = []
    for link in _links(html):
        is_image = link.element == "img"
        upload = azure_devops_attachment_id(link.url) if is_image else _linked_upload(link)
        attachment_id = images.aha_id(link.url) if is_image else None
        if attachment_id is not None:
            replacements.append(url_replacement(html, link, f"aha-attachment:{attachment_id}"))
        elif upload is not None:
            image = f'<img src="azure-devops-attachment:{escape(upload)}">'
            replacements.append(Replacement(link.start, link.element_end or link.end, image))
    return replaced(html, replacements)


def _linked_upload(link: HtmlLink) -> str | None:
    """The id of the upload for which a link stands."""
    upload = link.url.partition(_FRAGMENT)[2]
    if link.element != "a" or not upload:
        return None
    # Few descriptions have such a link, and `uuid` is slow to import.
    from uuid import UUID

    try:
        return str(UUID(upload))
    except ValueError:
        return None


def _images(html: str) -> Iterator[HtmlLink]:
    return (link for link in _links(html) if link.element == "img")


def _links(html: str) -> list[HtmlLink]:
    """The links that may lead to an attachment. Most descriptions have none, and a search is faster than the parser."""
    return find_links(html) if "attachments/" in html.casefold() else []
