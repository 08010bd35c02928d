"""Recognize image formats, to detect a sign-in page or an error page that was downloaded instead of an image."""

from __future__ import annotations

from shared.domain.html_tokens import TokenKind, tokens

LOOKED_AT_BYTES = 4096
"""How many of a file's first bytes are needed."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tif"),
    (b"MM\x00*", "tif"),
)
_BITMAP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
_HEIF_BRANDS = {b"avif": "avif", b"avis": "avif"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic"
)


def image_format(head: bytes) -> str | None:
    """The usual file extension of an image, from the file's first bytes; None if they are not those of an image."""
    for signature, extension in _SIGNATURES:
        if head.startswith(signature):
            return extension
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _HEIF_BRANDS.get(head[8:12])
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADER_SIZES:
        return "bmp"
    return "svg" if _is_svg(head) else None


def _is_svg(head: bytes) -> bool:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return _root_element(head.decode(encoding, "ignore")) in ("svg", "svg:svg")


def _root_element(text: str) -> str:
    """The name of the first element; empty if there is none, or if text comes first."""
    for token in tokens(text):
        if token.kind is TokenKind.START_TAG:
            return token.name
        if token.kind is TokenKind.TEXT and text[token.start : token.end].strip():
            break
    return ""
