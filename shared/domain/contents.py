"""Digests of what a reader sees of a field. They survive either system's clean-up of HTML."""

from __future__ import annotations

import re

from shared.domain.aha_record import WorkflowStatus
from shared.domain.html_text import is_blank, plain_text
from shared.domain.images import Images, comparable
from shared.domain.links import digest
from shared.domain.titles import one_line
from shared.domain.white_space import without_white_space

_IMAGE = re.compile(r"(?:aha|azure-devops)-attachment:[\w-]+")


def description_content(html: str, images: Images) -> str:
    """The digest of a description's visible text and images; markup and white space do not count."""
    if is_blank(html):
        return digest("")
    same_on_both_sides = comparable(html, images)
    words = without_white_space(plain_text(same_on_both_sides))
    # A rule or an image from elsewhere has no words, but also differs from an empty description.
    return digest(" ".join(("not blank:", words, *_IMAGE.findall(same_on_both_sides))))


def name_content(name: str) -> str:
    """The digest of a name or title; white space is folded."""
    return digest(one_line(name))


def status_content(mapped: str) -> str:
    """The digest of a workflow status, by the name or id that the status mapping has for it."""
    return digest(mapped.casefold())


def contents_of_status(status: WorkflowStatus) -> frozenset[str]:
    """The digests that `status_content` gives for the two ways to write this status."""
    return frozenset((status_content(status.id), status_content(status.name)))
