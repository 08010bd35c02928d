"""What Azure DevOps says about an error, in any of its formats.

It sends an error in three JSON shapes, as plain text, as an HTML page whose title is the message, or as an empty body
with the message in the header `X-TFS-ServiceError`, URL-encoded (microsoft/azure-devops-python-api, `_handle_error`;
gitkraken/vscode-gitlens). Two things are stable: `typeKey`, and the TF or VS code in the message
(MicrosoftDocs/vsts-rest-api-specs issues).
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from shared.clients.http import Response
from shared.domain.foreign_answers import Body, is_sign_in_page

_CODE = re.compile(r"\b((?:TF|VS)\d{5,6})\b")
_BROKEN_RULE = re.compile(r"TF401320: Rule Error for field (.+?)\. Error code: ([\w, ]+)")
_TITLE = re.compile(r"<title[^>]{0,100}>([^<]{0,1000})", re.IGNORECASE)
_LONGEST_MESSAGE = 500
_LONGEST_READ = 20_000
_LOOKED_AT_BYTES = 4096


@dataclass(frozen=True)
class ErrorBody:
    """What Azure DevOps says about an error.

    `code` is the TF or VS code, such as TF401320. `fields` are the fields whose values break a rule, each with the rule
    in parentheses. Missing values are empty. `written_by`: whether the service itself wrote the body.
    """

    message: str = ""
    code: str = ""
    type_key: str = ""
    fields: tuple[str, ...] = ()
    written_by: Body = Body.FOREIGN

    @classmethod
    def from_json(cls, body: Any, mask: Callable[[str], str] = str) -> ErrorBody:
        """Read any of the three JSON shapes. Anything else gives an empty ErrorBody.

        `mask` masks the secrets of the request, before anything is cut.
        """
        if not isinstance(body, Mapping):
            return cls()
        value = body.get("value")
        nested = value if isinstance(value, Mapping) else {}
        said = body.get("message") or body.get("Message") or nested.get("Message") or nested.get("message")
        message = _shortened(str(said or ""), mask)
        type_key = _shortened(str(body.get("typeKey") or ""), mask)
        return cls(
            message,
            _code_in(message),
            type_key,
            tuple(_shortened(field, mask) for field in _fields_of_rule_errors(body))
            or _field_in_message(message),
            Body.OWN if message or type_key else Body.FOREIGN,
        )

    @classmethod
    def from_response(cls, response: Response) -> ErrorBody:
        """Read an error response."""
        error = (
            cls.from_json(response.json(), response.mask) if response.is_json else cls._from_text(response)
        )
        said = _shortened(unquote_plus(response.headers.get("x-tfs-serviceerror", "")), response.mask)
        if said and error.written_by is not Body.OWN:
            # The header says more than a page, whose title is often “Access Denied”.
            return replace(error, message=said, code=_code_in(said) or error.code)
        return error

    @classmethod
    def from_batch_entry(cls, content: Any) -> ErrorBody:
        """Read the body of a batch entry: a JSON text, an object (in one official sample), or plain text."""
        if not isinstance(content, str):
            return cls.from_json(content)
        try:
            return cls.from_json(json.loads(content))
        except (ValueError, RecursionError):
            pass
        text = _shortened(content)
        # Text that begins like JSON or like a page is a fragment of one.
        is_whole = bool(text) and text[0] not in "{[<"
        return cls(text, _code_in(text), "", _field_in_message(text), Body.OWN if is_whole else Body.FOREIGN)

    @classmethod
    def _from_text(cls, response: Response) -> ErrorBody:
        text = response.body[:_LOOKED_AT_BYTES].decode("utf-8-sig", "replace")
        if response.headers.get("content-type", "").startswith("text/plain"):
            message = _shortened(text, response.mask)
            return cls(message, _code_in(message))
        if not _is_page(response, text):
            return cls()
        title = _TITLE.search(text)
        message = _shortened(html.unescape(title.group(1)), response.mask) if title else ""
        if is_sign_in_page(text):
            return cls(message, _code_in(message), written_by=Body.SIGN_IN_PAGE)
        return cls(message, _code_in(message))

    def has_code(self, *codes: str) -> bool:
        """Whether the TF or VS code is one of these."""
        return self.code in codes


def _is_page(response: Response, text: str) -> bool:
    return "html" in response.headers.get("content-type", "").lower() or text.lstrip()[:1] == "<"


def _shortened(text: str, mask: Callable[[str], str] = str) -> str:
    return " ".join(mask(text[:_LONGEST_READ]).split())[:_LONGEST_MESSAGE]


def _code_in(message: str) -> str:
    found = _CODE.search(message)
    return found.group(1) if found else ""


def _fields_of_rule_errors(body: Mapping[str, Any]) -> tuple[str, ...]:
    properties = body.get("customProperties")
    errors = properties.get("RuleValidationErrors") if isinstance(properties, Mapping) else None
    return tuple(
        f"{error['fieldReferenceName']} ({error.get('fieldStatusFlags', 'invalid')})"
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, Mapping) and error.get("fieldReferenceName")
    )


def _field_in_message(message: str) -> tuple[str, ...]:
    """The display name of the field in a TF401320. An entry of a batch names the field only there."""
    found = _BROKEN_RULE.search(message)
    return (f"{found.group(1)} ({found.group(2).strip()})",) if found else ()


def without_secrets(answer: Any, mask: Callable[[str], str]) -> Any:
    """The JSON answer to a batch with the secrets masked in the entries that report an error."""
    entries = answer.get("value") if isinstance(answer, Mapping) else None
    if not isinstance(entries, list):
        return answer
    return {**answer, "value": [_masked_entry(entry, mask) for entry in entries]}


def _masked_entry(entry: Any, mask: Callable[[str], str]) -> Any:
    if not isinstance(entry, Mapping) or entry.get("code") == 200:
        return entry
    content = entry.get("body")
    if isinstance(content, str):
        with contextlib.suppress(ValueError, RecursionError):
            content = json.loads(content)
    return {**entry, "body": _masked(content, mask)}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    if isinstance(value, Mapping):
        return {key: _masked(item, mask) for key, item in value.items()}
    return value
