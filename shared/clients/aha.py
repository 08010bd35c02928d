"""Aha! as this product uses it: read a record, write what changed. https://www.aha.io/api"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shared.clients.credentials import bearer
from shared.clients.http import Answer, HttpClient, Request
from shared.clients.process_state import ProcessState
from shared.clients.rate_limits import Quota
from shared.clients.redaction import shown_url
from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.integration import AhaTarget
from shared.domain.kind import Kind
from shared.domain.retry import TRANSIENT_STATUSES
from shared.domain.times import parse_time
from shared.errors import (
    CredentialsRejected,
    Forbidden,
    NotFound,
    OperationFailed,
    RuleViolation,
    System,
    Unavailable,
)
from shared.operation import Operation
from shared.secret import Secret

_LONGEST_MESSAGE = 500
_QUOTAS = (Quota(20, 1.0), Quota(300, 60.0))
"""What an account takes from all its users and keys together (https://www.aha.io/api)."""


@dataclass(frozen=True)
class RecordChange:
    """What to write; None leaves a field alone. `status` is a workflow status' name or id."""

    name: str | None = None
    description: str | None = None
    status: str | None = None

    def payload(self) -> dict[str, Any]:
        """The shape that a PUT takes: the description as plain HTML, an id of a status as a plain string."""
        values: dict[str, Any] = {"name": self.name, "description": self.description}
        if self.status is not None:
            is_id = self.status.isascii() and self.status.isdigit()
            values["workflow_status"] = self.status if is_id else {"name": self.status}
        return {key: value for key, value in values.items() if value is not None}


class Aha:
    """One Aha! account, as seen with one token, during one operation.

    Every method raises CredentialsRejected, Forbidden, NotFound, RuleViolation or Unavailable of `System.AHA`.
    """

    def __init__(
        self,
        target: AhaTarget,
        operation: Operation,
        *,
        process_state: ProcessState,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = f"{target.url}/api/v1"
        token = target.api_token or Secret("")
        self._http = HttpClient(
            System.AHA,
            operation,
            authorization=lambda: bearer(token),
            translate=_translate,
            transport=process_state.transport,
            rate_limits=process_state.rate_limits,
            account=target.url,
            quotas=_QUOTAS,
            sleep=sleep,
        )

    def record(self, kind: Kind, record_id: str) -> AhaRecord:
        """The record as it is now."""
        answer = self._http.send(Request("GET", self._url(kind, record_id)))
        return _record(answer, kind)

    def update(self, kind: Kind, record_id: str, change: RecordChange) -> AhaRecord:
        """Write what changed and return the record as Aha! shows it afterwards: it cleans HTML up."""
        # Half a surrogate pair, left by a program that cut a title in the middle of an emoji, has no UTF-8.
        body = json.dumps({kind.value: change.payload()}, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json"}
        answer = self._http.send(Request("PUT", self._url(kind, record_id), headers, lambda: body))
        return _record(answer, kind)

    def _url(self, kind: Kind, record_id: str) -> str:
        return f"{self._base_url}/{kind.value}s/{quote(record_id, safe='')}"


def _record(answer: Answer, kind: Kind) -> AhaRecord:
    body = answer.json()
    source = body.get(kind.value) if isinstance(body, Mapping) else None
    if not isinstance(source, Mapping) or source.get("id") is None:
        raise Unavailable(System.AHA, "Aha! answered with something that is no record.")
    description = source.get("description")
    if isinstance(description, Mapping):
        description = description.get("body")
    status = source.get("workflow_status")
    status = status if isinstance(status, Mapping) else {}
    return AhaRecord(
        id=str(source["id"]),
        reference=str(source.get("reference_num") or ""),
        name=str(source.get("name") or ""),
        description=str(description or ""),
        status=WorkflowStatus(str(status.get("id") or ""), str(status.get("name") or "")),
        updated_at=parse_time(source.get("updated_at")),
        attachments=_attachments(source),
    )


def _attachments(source: Mapping[str, Any]) -> dict[str, str]:
    """The addresses of a record's and its description's files, by id."""
    lists = [
        holder.get("attachments")
        for holder in (source, source.get("description"))
        if isinstance(holder, Mapping)
    ]
    listed = (item for items in lists if isinstance(items, list) for item in items)
    return {
        str(item["id"]): str(item["download_url"])
        for item in listed
        if isinstance(item, Mapping) and item.get("id") and item.get("download_url")
    }


def _translate(request: Request, answer: Answer) -> OperationFailed | None:
    if 200 <= answer.status < 300 and (answer.is_json or not answer.body):
        return None
    message = _message(answer)
    said = f" Aha! said: {message}" if message else ""
    evidence = {"status": answer.status, "url": shown_url(request.url)}
    if answer.status in TRANSIENT_STATUSES:
        return Unavailable(
            System.AHA,
            f"Aha! answered {answer.status}: it is limiting requests or has a problem of its own. Nothing has to be "
            f"repaired; try again later.{said}",
            evidence=evidence,
        )
    if answer.status == 401 or answer.status // 100 in (2, 3):
        return CredentialsRejected(
            System.AHA,
            "Aha! does not accept the API token, or the address is not that of an Aha! account. Make a new key under "
            f"Settings → Personal → Developer → API keys and save it in the integration.{said}",
            evidence=evidence,
        )
    if answer.status == 403:
        return Forbidden(
            System.AHA,
            "The user of the Aha! token may not do this. Give that user the contributor role in the workspace."
            f"{said}",
            evidence=evidence,
        )
    if answer.status == 404:
        return NotFound(
            System.AHA,
            f"The Aha! record is gone, or the token's user cannot see it.{said}",
            evidence=evidence,
        )
    return RuleViolation(System.AHA, f"Aha! refused a value.{said}", evidence=evidence)


def _message(answer: Answer) -> str:
    """Aha!'s words, in any of the shapes that its own Ruby client reads (aha-app/aha-api)."""
    body = answer.json() if answer.is_json else None
    if not isinstance(body, Mapping):
        return ""
    errors = body.get("errors")
    items = errors if isinstance(errors, list) else [errors]
    nested = (item.get("message") for item in items if isinstance(item, Mapping))
    message = body.get("error") or body.get("message") or next((item for item in nested if item), "")
    return " ".join(str(message).split())[:_LONGEST_MESSAGE]
