"""Small pictures for the sample records."""

from __future__ import annotations

import struct
import zlib

Colour = tuple[int, int, int]


def striped_png(width: int, height: int, colours: list[Colour]) -> bytes:
    """A PNG of horizontal stripes, one per colour."""
    rows = b"".join(b"\x00" + bytes(colours[row * len(colours) // height]) * width for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
