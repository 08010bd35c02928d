"""What a caller prefers."""

from __future__ import annotations

import pytest

from shared.prefer import wait_seconds


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=20", 20),
        ("Wait = 20", 20),
        ('wait="20"', 20),
        ("respond-async, wait=7", 7),
        ("wait=7, wait=9", 7),
        ("wait=7; foo=bar", 7),
        ("", None),
        ("respond-async", None),
        ("wait", None),
        ("wait=", None),
        ("wait=0", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=soon", None),
        ("wait=99999999999999999999", None),
        ("await=5", None),
    ],
)
def test_only_a_wait_of_whole_seconds_from_one_counts(prefer: str, seconds: int | None) -> None:
    assert wait_seconds(prefer) == seconds
