"""Whatever a text or a body is made of, the time and the memory of reading it grow with its size, and no faster."""

from __future__ import annotations

import gc
import json
import re
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.clients.redaction import mask_secrets, shown_url
from shared.domain.contents import description_content
from shared.domain.html_links import find_links
from shared.domain.html_text import plain_text, text_as_html
from shared.domain.html_tokens import with_whole_markup
from shared.domain.images import Images, comparable, inline_images
from shared.domain.json_input import storable
from shared.domain.markdown import render
from shared.domain.notifications import read_notification
from shared.domain.records import read_feature
from shared.domain.titles import full_title
from shared.errors import OperationFailed
from shared.json_bounds import check_number_of_values, whole_number

SMALL, LARGE = 8_000, 32_000
"""Characters: four times as many. Quadratic work takes sixteen times as long."""
MOST_TIMES_AS_LONG = 9
TOO_SHORT_SECONDS = 0.004
"""Less is not measured well: the processor is shared, and the collector of garbage runs now and then."""
TRIES = 4
BYTES_FOR_EACH = 80
"""Of memory for a byte of JSON: an empty object, `{},`, becomes about as many for its three."""
MOST_BYTES_KEPT = 4_000

HTML = [
    *(
        "<",
        ">",
        "<a ",
        "</a ",
        "<b>",
        "</b>",
        "<img src=x>",
        "<!--",
        "-->",
        "<![",
        "<!",
        "<title>",
        "<p a=",
        "/",
    ),
    *("&", "&#", "&#x41", "&lt;", '"', "'", "=", "a", " ", "\n", "é", "😀", "http://x.example/", "\x00"),
]
MARKDOWN = [
    *(
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```\n",
        "# ",
        "> ",
        "- ",
        "- [x] ",
        "1. ",
        "|",
        "|-|\n",
        "[",
        "](",
        "![",
        ")",
    ),
    *("a", " ", "\n", "\\", "<", "<b>", "&#x", "http://", "@<", "[a]: b\n", "    "),
]
JSON = [
    *("{}", "[]", "0", "-1.5e9", '""', '"a"', "null", "true", "[[]]", '"\\u00e9"', "1" * 50, "[{}]"),
    *('{"id": 1}', '{"id": "1", "name": "x"}', '{"url": "http://x"}'),
]

READERS: dict[str, Callable[[str], object]] = {
    "plain_text": plain_text,
    "full_title": lambda text: full_title(None, text, "feature"),
    "find_links": lambda text: sum(1 for _ in find_links(text)),
    "inline_images": lambda text: inline_images(text, "fabrikam.aha.io"),
    "comparable": lambda text: comparable(text, Images()),
    "description_content": lambda text: description_content(text, Images()),
    "with_whole_markup": with_whole_markup,
    "text_as_html": text_as_html,
    "storable": storable,
    "shown_url": lambda text: shown_url(f"https://fabrikam.aha.io/{text}"),
    "mask_secrets": mask_secrets("Bearer S3cret-token-of-somebody"),
}
PARTS = {
    "requirements": '{"feature": {"id": "1", "name": "x", "requirements": [%s]}}',
    "attachments": '{"feature": {"id": "1", "name": "x", "attachments": [%s]}}',
    "fields": '{"feature": {"id": "1", "name": "x", "integration_fields": [%s]}}',
    "unknown": '{"feature": {"id": "1", "name": "x", "custom": [%s]}}',
    "resource": '{"eventType": "workitem.updated", "resource": {"workItemId": 1, "relations": [%s]}}',
    "message": '{"eventType": "workitem.updated", "resource": [%s]}',
}
"""Bodies of sends and notifications, with a place for pieces."""

few = settings(
    max_examples=6, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
)


def seconds(read: Callable[[str], object], text: str) -> float:
    """The processor time that one reading takes."""
    started = time.thread_time()
    read(text)
    return time.thread_time() - started


def grows_with_size(read: Callable[[str], object], small: str, large: str) -> bool:
    """Whether a text that is four times as long takes about four times as long, in one of some tries."""
    for _ in range(TRIES):
        allowed = MOST_TIMES_AS_LONG * max(seconds(read, small), TOO_SHORT_SECONDS)
        if seconds(read, large) < allowed:
            return True
    return False


def memory_of(read: Callable[[str], object], text: str) -> tuple[int, int]:
    """The most bytes that a reading takes, and what is still held after three more."""
    tracemalloc.start()
    try:
        read(text)
        before, peak = tracemalloc.get_traced_memory()
        for _ in range(3):
            read(text)
        gc.collect()
        return peak, tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def repeated(pieces: list[str], size: int, between: str = "") -> str:
    piece = between.join(pieces)
    return between.join([piece] * (size // len(piece + between) + 1))


def read_body(text: str) -> None:
    """As a function reads a body: the bounds, the JSON, then the feature or the notification."""
    body = text.encode()
    check_number_of_values(body)
    value: Any = json.loads(body, parse_int=whole_number)
    try:
        read_notification(value) if "eventType" in value else read_feature(value)
    except OperationFailed:
        # Refusing it is as good as reading it.
        return


@few
@given(st.lists(st.sampled_from(HTML), min_size=1, max_size=6))
def test_the_time_for_html_grows_with_its_length(pieces: list[str]) -> None:
    small, large = repeated(pieces, SMALL), repeated(pieces, LARGE)

    assert [name for name, read in READERS.items() if not grows_with_size(read, small, large)] == []


@few
@given(st.lists(st.sampled_from(MARKDOWN), min_size=1, max_size=6))
def test_the_time_for_markdown_grows_with_its_length(pieces: list[str]) -> None:
    assert grows_with_size(render, repeated(pieces, SMALL), repeated(pieces, LARGE))


@pytest.mark.parametrize("part", PARTS)
@few
@given(pieces=st.lists(st.sampled_from(JSON), min_size=1, max_size=4))
def test_the_time_and_the_memory_for_a_body_grow_with_its_size(part: str, pieces: list[str]) -> None:
    small, large = (PARTS[part] % repeated(pieces, size, ", ") for size in (SMALL, LARGE))

    assert grows_with_size(read_body, small, large)
    peak, kept = memory_of(read_body, small)
    assert peak < BYTES_FOR_EACH * len(small)
    assert kept < MOST_BYTES_KEPT


def test_work_that_grows_faster_than_the_text_is_noticed() -> None:
    looks_for_b = re.compile("a*a*b")

    assert not grows_with_size(looks_for_b.search, "a" * 250, "a" * 1_000)


def test_what_is_kept_of_a_reading_is_noticed() -> None:
    kept: list[str] = []

    assert memory_of(lambda text: kept.append(text.upper()), "a" * SMALL)[1] > MOST_BYTES_KEPT
