"""Whether what a sandbox sends has the shape of a capture."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import requests

from tests.captures import CapturedAnswer

_TEXT_KINDS = (
    ("a time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")),
    ("a GUID", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)),
    ("a URL", re.compile(r"https?://\S+")),
    ("digits", re.compile(r"\d+")),
)
"""Kinds of text that a program reads as more than text."""


def differences(captured: Any, given: Any, at: str = "") -> list[str]:
    """Where `given` lacks a key of `captured` or holds another type there, each with its place.

    Further keys are no difference. Each entry of a captured list has to be matched by some entry of the given one.
    Text that is JSON itself, as the bodies in the answer to a batch, is compared as JSON.
    """
    captured, given = _unpacked(captured), _unpacked(given)
    if _kind(captured) != _kind(given):
        return [f"{at or '/'}: {_kind(captured)} is expected, not {_kind(given)}"]
    found: list[str] = []
    if isinstance(captured, Mapping):
        for key, value in captured.items():
            if key not in given:
                found.append(f"{at}/{key}: is missing")
            else:
                found += differences(value, given[key], f"{at}/{key}")
    elif isinstance(captured, list):
        for index, entry in enumerate(captured):
            missing = [f"{at}/{index}: is missing"]
            tried = [differences(entry, other, f"{at}/{index}") for other in given]
            closest: list[str] = min(tried or [missing], key=len)
            found += closest
    return found


def answer_differences(captured: CapturedAnswer, given: requests.Response) -> list[str]:
    """The differences of an answer: status, headers, media type, and the body where that is JSON."""
    found = []
    if given.status_code != captured.status:
        found.append(f"status: {captured.status} is expected, not {given.status_code}")
    found += [f"header {name}: is missing" for name in captured.headers if name not in given.headers]
    expected, media_type = (
        dict(headers).get("Content-Type", "").partition(";")[0]
        for headers in (captured.headers, given.headers)
    )
    if captured.body and media_type != expected:
        found.append(f"media type: {expected} is expected, not {media_type}")
    if bool(captured.body) != bool(given.content):
        found.append("body: one is empty")
    elif expected == media_type == "application/json":
        found += differences(captured.json(), given.json())
    return found


def _unpacked(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return next((kind for kind, pattern in _TEXT_KINDS if pattern.fullmatch(value)), "text")
    return "an object" if isinstance(value, Mapping) else "a list"
