"""Detect a web page, such as a sign-in page, that a server sent instead of a file."""

from __future__ import annotations

import re

from shared.domain.records import Attachment

_EXTENSIONS = (".htm", ".html", ".hta", ".mht", ".mhtml", ".shtml", ".xht", ".xhtml")
_TYPES = ("text/html", "application/xhtml+xml")
_BEFORE_THE_PAGE = re.compile(rb"(?:\xef\xbb\xbf|\s+|<\?xml[^>]{0,200}\?>|<!--.{0,2000}?-->)+", re.DOTALL)
_BEGINS_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|title|body)\b", re.IGNORECASE)


def is_page_instead_of_file(attachment: Attachment, head: bytes, content_type: str, length: int) -> bool:
    """Whether a server sent a web page where the record has another file.

    `head` are the first bytes of what it sent, `content_type` and `length` (in bytes) are the answer's. A text file may
    begin like a page: it is the record's file if it has the length that the record names.
    """
    if _announces_page(attachment) or length in (attachment.size, attachment.original_size):
        return False
    # A PDF or an image that a server calls HTML has bytes that no page has.
    is_called_page = content_type.partition(";")[0].strip().lower() in _TYPES and b"\0" not in head
    return _begins_page(head) or (is_called_page and not head.startswith(b"%PDF"))


def _announces_page(attachment: Attachment) -> bool:
    announced = attachment.content_type.partition(";")[0].strip().lower()
    return announced in _TYPES or attachment.file_name.lower().endswith(_EXTENSIONS)


def _begins_page(head: bytes) -> bool:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    before = _BEFORE_THE_PAGE.match(head)
    return _BEGINS_PAGE.match(head, before.end() if before else 0) is not None
