"""The images of a description: find them, and translate their URLs between Aha! and Azure DevOps.

In Aha!, the URL of an image is that of an Aha! attachment. In Azure DevOps, it is that of the uploaded copy. An image
that an engineer pasted can be read only by people who can sign in to Azure DevOps, so in Aha! it becomes a link to the
work item's page. It is recognised by its address, which is the organization's, whatever the path. A send turns that
link back into the image. To compare the descriptions of both sides, each image is replaced by its attachment id,
because the token in an attachment's URL differs from one read to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape

from shared.domain.attachment_urls import (
    aha_attachment_id,
    azure_devops_attachment_id,
    azure_devops_file_name,
    host_of,
    organization_file_key,
)
from shared.domain.html_links import HtmlLink, Replacement, find_links, replaced, url_replacement
from shared.domain.integration import Integration
from shared.domain.links import AttachedFile
from shared.domain.organization_urls import Organization
from shared.domain.records import MOST_ATTACHMENTS, Attachment, Feature, Record

_FRAGMENT = "#attachments/"
"""Marks a link to a work item's page that stands for an image; the key of the image follows."""
_SPACE = re.compile(r"\s*")
_END_OF_LINK = re.compile(r"</a[\s>]", re.IGNORECASE)
_KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


@dataclass(frozen=True)
class Images:
    """The host of the record's Aha! account, its uploaded files by Aha! attachment id, and the organization."""

    aha_host: str = ""
    files: Mapping[str, AttachedFile] = field(default_factory=dict)
    organization: Organization = field(default_factory=Organization)

    def with_files(self, files: Mapping[str, AttachedFile]) -> Images:
        """A copy that knows these uploads too."""
        return replace(self, files={**self.files, **files})

    @property
    def of_aha(self) -> Images:
        """The part that a comparison of two Aha! descriptions needs: everything but the uploads."""
        return Images(self.aha_host, organization=self.organization)

    def key_in_azure_devops(self, url: str) -> str | None:
        """What identifies an upload, or another image at an address of the organization; None for any other URL."""
        upload = azure_devops_attachment_id(url)
        return upload if upload in self._aha_ids else organization_file_key(url, self.organization)

    def aha_id(self, url: str) -> str | None:
        """The id of the Aha! attachment that a URL of either side leads to; None for any other URL."""
        upload = azure_devops_attachment_id(url)
        if upload is None:
            return aha_attachment_id(url, self.aha_host)
        return self._aha_ids.get(upload)

    @cached_property
    def _aha_ids(self) -> dict[str | None, str]:
        return {azure_devops_attachment_id(file.url): key for key, file in self.files.items()}


def images_of_integration(integration: Integration, azure_devops_url: str) -> Images:
    """The images of an integration before any upload. `azure_devops_url` is the setting AZURE_DEVOPS_URL."""
    organization = Organization(integration.azure_devops.account_name, azure_devops_url)
    return Images(host_of(integration.aha.url), organization=organization)


@dataclass(frozen=True)
class DescriptionForAha:
    """A work item's description for Aha!, and the names of the images that only Azure DevOps has."""

    html: str
    left_in_azure_devops: tuple[str, ...] = ()


def with_inline_images(feature: Feature, aha_host: str) -> Feature:
    """The feature, in which each image that only a description names is an attachment of its record."""
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
    """The URLs of a text's images that are Aha! attachments, by attachment id; at most 1,000."""
    found: dict[str, str] = {}
    for image in _images(html):
        attachment_id = aha_attachment_id(image.url, aha_host)
        if attachment_id is not None:
            found.setdefault(attachment_id, image.url)
        if len(found) == MOST_ATTACHMENTS:
            break
    return found


def for_azure_devops(html: str, images: Images, current: str = "") -> str:
    """An Aha! description for the work item: each image that was uploaded gets the URL of its upload.

    `current` is the work item's present description. A link that stands for one of its images becomes that image again.
    """
    links = _links(html)
    wanted = {key for link in links if (key := _linked_key(link)) is not None}
    pasted = {}
    if wanted:
        for image, (start, end) in _images_with_their_links(current):
            pasted[images.key_in_azure_devops(image.url)] = current[start:end]
    replacements: list[Replacement] = []
    for link in links:
        key = _linked_key(link)
        file = images.files.get(aha_attachment_id(link.url, images.aha_host) or "")
        if link.element == "img" and file is not None:
            replacements.append(url_replacement(html, link, file.url))
        elif key in pasted and link.element_end is not None:
            replacements.append(Replacement(link.start, link.element_end, pasted[key]))
    return replaced(html, replacements)


def for_aha(html: str, images: Images, sources: Mapping[str, str], page_url: str) -> DescriptionForAha:
    """A work item's description for Aha!: each upload gets the URL of its Aha! attachment.

    `sources` are the URLs of the images in Aha!, by attachment id. An image that Aha! does not have becomes a link to
    `page_url`, the work item's page; that link takes the place of one around the image.
    """
    replacements: list[Replacement] = []
    left: list[str] = []
    for image, (start, end) in _images_with_their_links(html):
        source = sources.get(images.aha_id(image.url) or "")
        if source is not None:
            replacements.append(url_replacement(html, image, source))
            continue
        key = images.key_in_azure_devops(image.url)
        if key is None:
            continue
        name = azure_devops_file_name(image.url) or "image"
        left.append(name)
        link = f'<a href="{escape(f"{page_url}{_FRAGMENT}{key}")}">{escape(f"image in Azure DevOps: {name}")}</a>'
        replacements.append(Replacement(start, end, link))
    return DescriptionForAha(replaced(html, replacements), tuple(left))


def comparable(html: str, images: Images) -> str:
    """A description of either side in the form for comparison: images by id, everything else unchanged."""
    replacements: list[Replacement] = []
    links = _links(html)
    for link in links:
        key = _linked_key(link)
        if key is not None:
            replacements.append(_placeholder(key, link.start, link.element_end or link.end))
    for image, (start, end) in _with_their_links(html, links):
        attachment_id = images.aha_id(image.url)
        key = images.key_in_azure_devops(image.url)
        if attachment_id is not None:
            replacements.append(url_replacement(html, image, f"aha-attachment:{attachment_id}"))
        elif key is not None:
            replacements.append(_placeholder(key, start, end))
    return replaced(html, replacements)


def _placeholder(key: str, start: int, end: int) -> Replacement:
    return Replacement(start, end, f'<img src="azure-devops-attachment:{key}">')


def _linked_key(link: HtmlLink) -> str | None:
    """The key of the image for which a link stands."""
    key = link.url.partition(_FRAGMENT)[2].casefold()
    return key if link.element == "a" and _KEY.fullmatch(key) else None


def _images(html: str) -> Iterator[HtmlLink]:
    return (link for link in _links(html) if link.element == "img")


def _images_with_their_links(html: str) -> Iterator[tuple[HtmlLink, tuple[int, int]]]:
    return _with_their_links(html, _links(html))


def _with_their_links(html: str, links: Iterable[HtmlLink]) -> Iterator[tuple[HtmlLink, tuple[int, int]]]:
    """The images, each with start and end of its element, or of the link that contains only the image."""
    around = {_past_space(html, link.end): link for link in links if link.element == "a"}
    for image in links:
        if image.element != "img":
            continue
        link = around.get(image.start)
        end_tag = _past_space(html, image.end)
        if link is not None and link.element_end is not None and _END_OF_LINK.match(html, end_tag):
            yield image, (link.start, link.element_end)
        else:
            yield image, (image.start, image.end)


def _past_space(html: str, position: int) -> int:
    found = _SPACE.match(html, position)
    return found.end() if found else position


def _links(html: str) -> list[HtmlLink]:
    """The links that may lead to an image. Most descriptions have none, and a search is faster than the parser."""
    folded = html.casefold()
    return list(find_links(html)) if "<img" in folded or _FRAGMENT in folded else []
