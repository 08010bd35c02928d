"""Answers and notifications as the services send them: one small file for each kind, with other ids and words.

`*.http` is an answer: the status line, the headers, an empty line, the body. `*.json` is the body of a call that comes
in: a service-hook notification or an event of Aha!. Tests of the clients read these files, and tests of the sandboxes
compare their own answers with them, so that both see the shapes of the real services.

A file holds the keys that matter here; the service sends more. Shapes: the OpenAPI files of
MicrosoftDocs/vsts-rest-api-specs (7.1), payloads in aspnet/AspNetWebHooks, tfsaggregator/aggregator-cli and
getsentry/sentry, Aha!'s OpenAPI document and aha-app/aha-services.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class CapturedAnswer:
    """An answer. Header names are spelled as the service spells them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ValueError where it is not."""
        return json.loads(self.body)


def answer(name: str) -> CapturedAnswer:
    """The answer in a file, such as `azure_devops/work_item`."""
    text = (FOLDER / f"{name}.http").read_text(encoding="utf-8")
    head, _, body = text.partition("\n\n")
    status_line, *header_lines = head.rstrip("\n").split("\n")
    headers = dict(line.split(": ", 1) for line in header_lines)
    return CapturedAnswer(int(status_line.split(" ")[1]), headers, body.removesuffix("\n").encode())


def incoming(name: str) -> dict[str, Any]:
    """The body of the call in a file, such as `service_hooks/workitem_created`."""
    body: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return body


def all_names() -> list[str]:
    """The names of all captures, sorted."""
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".http", ".json")]
    return sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in files)
