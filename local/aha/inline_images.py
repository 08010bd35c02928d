"""Images inside a description that are attachments of this account.

Their URLs are stored without a host and shown with the host that the caller used. Their token differs from that of
`download_url`, as happens in Aha!.
"""

from __future__ import annotations

import re

from local.aha.records import Attachment

_SHOWN_SOURCE = re.compile(r"""(src=["'])https?://[^/"']+(/attachments/\d+/token/)""")
_STORED_SOURCE = re.compile(r"""(src=["'])(/attachments/\d+/token/)""")


def as_stored(body: str) -> str:
    """The text without the host of any attachment of the account."""
    return _SHOWN_SOURCE.sub(r"\1\2", body)


def as_shown(body: str, base_url: str) -> str:
    """The text with the host that the caller used."""
    return _STORED_SOURCE.sub(rf"\1{base_url}\2", body)


def image_markup(attachment: Attachment) -> str:
    """The element as the editor stores it; its height is a fraction."""
    return (
        '<img width="500" height="84.77970627503338" data-original-width="1498" data-original-height="254" '
        f'src="/attachments/{attachment.id}/token/{attachment.inline_token}.download?size=original">'
    )
