"""Copying a file from Aha!: the time for it, its name in Azure DevOps, and what a failure means. No input or output."""

from __future__ import annotations

from shared.domain.file_names import legal_file_name
from shared.domain.image_formats import image_format
from shared.domain.records import Attachment
from shared.domain.web_pages import is_page_instead_of_file
from shared.errors import OperationFailed, RuleViolation, System, TimeSpent, Unavailable

_LEAST_SECONDS = 1.0

_RESERVED_SECONDS, _RESERVED_SHARE = 20.0, 0.25
"""The time of a send that is reserved for writing the work items: the smaller of the two."""

_MOST_SECONDS, _MOST_SHARE = 150.0, 0.8
"""The time that one file may take: the smaller of the two."""


def seconds_for_files(remaining: float) -> float:
    """The time for all files of a send that has `remaining` seconds left."""
    return remaining - min(_RESERVED_SECONDS, _RESERVED_SHARE * remaining)


def seconds_for_one_file(for_files: float) -> float:
    """The most time that one file may take of the time for all files."""
    return min(_MOST_SECONDS, _MOST_SHARE * for_files)


def is_too_late(left_for_files: float) -> bool:
    """Whether the time for all files is too short to begin another one."""
    return left_for_files < _LEAST_SECONDS


def no_time() -> TimeSpent:
    """The error of a file that was not copied because the time for all files ended."""
    return TimeSpent(
        System.AHA,
        "The time for this send ended before the file was copied. Send the same again: the send continues.",
        retry_after=1,
    )


def transfer_failure(error: OperationFailed, left_for_files: float, most_seconds: float) -> OperationFailed:
    """The error of a failed file: it took longer than `most_seconds`, or no time was left for files."""
    if isinstance(error, Unavailable) and is_too_late(left_for_files):
        return no_time()
    if isinstance(error, TimeSpent):
        return Unavailable(
            System.AHA,
            f"The transfer did not finish within {most_seconds:.0f} seconds. Make the file smaller, or store it "
            "elsewhere and link to it.",
        )
    return error


def uploaded_name(attachment: Attachment, head: bytes, content_type: str, length: int) -> str:
    """The name under which a file is uploaded.

    An image that only the description refers to gets the extension of its format. `head` are the first bytes of what
    the server sent, `content_type` and `length` (in bytes) are the answer's.

    Raises:
        RuleViolation: the server sent a web page, or the description shows an image and the file is not one.
    """
    if is_page_instead_of_file(attachment, head, content_type, length):
        raise RuleViolation(
            System.AHA,
            "The file's address leads to a web page instead of the file, which may be a sign-in page. Attach the file "
            "itself to the record.",
        )
    if not attachment.is_inline:
        return legal_file_name(attachment.file_name)
    extension = image_format(head)
    if extension is None:
        raise RuleViolation(
            System.AHA,
            "The description shows this file as an image, but it is not one: it may be an error page that was saved as "
            "an image. The description still points at the file in Aha!.",
        )
    return legal_file_name(
        attachment.file_name if attachment.is_listed else f"{attachment.file_name}.{extension}"
    )
