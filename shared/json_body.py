"""A request's body as JSON."""

from __future__ import annotations

import json
from typing import Any

from shared.errors import BodyTooLarge, InvalidJson
from shared.json_bounds import check_number_of_values, whole_number

LARGEST_BODY = 10 * 1024 * 1024


def read_json(body: bytes, transfer_encoding: str) -> Any:
    """The body as JSON.

    Raises:
        BodyTooLarge: it is over 10 MiB, or it has more values than a feature can have.
        InvalidJson: it is empty, not valid JSON, or not in UTF-8.
    """
    if len(body) > LARGEST_BODY:
        raise BodyTooLarge("The body is over 10 MiB. Send fewer requirements at a time.")
    if not body and "chunked" in transfer_encoding.lower():
        # The Functions host passes on only a body that comes with a Content-Length.
        raise InvalidJson("The body did not arrive. Send it with a Content-Length, not in chunks.")
    try:
        check_number_of_values(body)
        text = body.decode("utf-8-sig")
        return json.loads(text, parse_constant=_refuse_constant, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"The body is not valid JSON in UTF-8: {_position(error)}.") from None


def _refuse_constant(name: str) -> None:
    """Python's parser accepts NaN and Infinity, which are not JSON."""
    raise ValueError(f"{name} is not JSON")


def _position(error: Exception) -> str:
    """Where the JSON is broken. The body is not quoted: it may contain a token."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return "it cannot be read"
