"""The content of attached files. Large content is generated while it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

BLOCK_BYTES = 64 * 1024
_INDEX_BYTES = 8


class FileContent(Protocol):
    """Bytes that can be read from any position, piece by piece."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`."""
        ...


class StoredContent:
    """Content held in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def size(self) -> int:
        return len(self.content)

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        for position in range(start, stop, BLOCK_BYTES):
            yield self.content[position : min(position + BLOCK_BYTES, stop)]


class GeneratedContent:
    """Content of any size that is never held whole.

    Each block of 64 KiB begins with its index as 8 bytes, big-endian, so that a swapped or repeated chunk is detected;
    the rest of each block is the same noise.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._noise = b"".join(
            hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(BLOCK_BYTES // 32)
        )[_INDEX_BYTES:]

    @property
    def size(self) -> int:
        return self._size

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        position = start
        while position < stop:
            index, offset = divmod(position, BLOCK_BYTES)
            block = index.to_bytes(_INDEX_BYTES, "big") + self._noise
            piece = block[offset : offset + stop - position]
            position += len(piece)
            yield piece
