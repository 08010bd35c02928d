"""The Aha! client: read a record, and write the fields that changed. Reference: https://www.aha.io/api"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from shared.clients.credentials import bearer
from shared.clients.http import HttpClient, Request, Response
from shared.clients.process_state import ProcessState
from shared.clients.rate_limits import Quota
from shared.clients.redaction import shown_url
from shared.domain.aha_record import AhaRecord, WorkflowStatus
from shared.domain.foreign_answers import (
    Body,
    ErrorAnswer,
    Meaning,
    Service,
    is_sign_in_page,
    meaning_of,
)
from shared.domain.integration import AhaTarget
from shared.domain.kind import Kind
from shared.domain.subject import RequestAction, Subject
from shared.domain.times import parse_http_date, parse_time
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
"""The limits of an account, for all its users and API keys together (https://www.aha.io/api)."""


@dataclass(frozen=True)
class RecordChange:
    """The fields to write. None leaves a field as it is. `status` is the name or the id of a workflow status."""

    name: str | None = None
    description: str | None = None
    status: str | None = None

    def payload(self) -> dict[str, Any]:
        """The fields in the form of a PUT: the description is HTML, a status id a string, a status name an object."""
        values: dict[str, Any] = {"name": self.name, "description": self.description}
        if self.status is not None:
            is_id = self.status.isascii() and self.status.isdigit()
            values["workflow_status"] = self.status if is_id else {"name": self.status}
        return {key: value for key, value in values.items() if value is not None}


class Aha:
    """One Aha! account with one API token, for one operation.

    Every method raises CredentialsRejected, Forbidden, NotFound, RuleViolation or Unavailable with `System.AHA`.
    """

    def __init__(
        self,
        target: AhaTarget,
        operation: Operation,
        *,
        process_state: ProcessState,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account_url = target.url
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
        """The current record, by id or reference."""
        request = Request("GET", self._url(kind, record_id), subject=self._subject(kind, record_id))
        return _record(self._http.send(request), kind, record_id)

    def update(self, kind: Kind, record_id: str, change: RecordChange) -> AhaRecord:
        """Write the fields that changed. Returns the record as Aha! stored it: Aha! cleans up the HTML."""
        # A title that another program cut inside an emoji has half a surrogate pair, which UTF-8 cannot encode.
        body = json.dumps({kind.value: change.payload()}, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json"}
        subject = replace(self._subject(kind, record_id), action=RequestAction.UPDATE)
        # Between two attempts a person may have edited the record. The intention settles the result of an attempt.
        request = Request(
            "PUT", self._url(kind, record_id), headers, lambda: body, repeatable=False, subject=subject
        )
        return _record(self._http.send(request), kind, record_id)

    def _object(self, path: str, key: str) -> Mapping[str, Any]:
        """The object under one key of the answer to a GET."""
        found = self._read(path).get(key)
        if not isinstance(found, Mapping):
            raise unusable()
        return found

    def _read(self, path: str) -> Mapping[str, Any]:
        """The answer to a GET, which has to be an object."""
        return self._read_with_time(path)[0]

    def _read_with_time(self, path: str) -> tuple[Mapping[str, Any], datetime | None]:
        """The answer to a GET, which has to be an object, and when Aha! gave it, by its own clock."""
        subject = Subject(account_url=self._account_url)
        response = self._http.send(Request("GET", f"{self._base_url}{path}", subject=subject))
        body = response.json()
        if not isinstance(body, Mapping):
            raise unusable()
        return body, parse_http_date(response.headers.get("date", ""))

    def _subject(self, kind: Kind, record_id: str) -> Subject:
        page = f"{self._account_url}/{kind.value}s/{quote(record_id, safe='')}"
        return Subject(account_url=self._account_url, record=f"the {kind.value} {record_id} ({page})")

    @staticmethod
    def _product_path(product_id: str) -> str:
        """The path of a product, by id or prefix. Aha! finds a prefix in upper case only; a person may write any."""
        return f"/products/{quote(product_id.upper(), safe='')}"

    def _url(self, kind: Kind, record_id: str) -> str:
        return f"{self._base_url}/{kind.value}s/{quote(record_id, safe='')}"


def _record(response: Response, kind: Kind, record_id: str) -> AhaRecord:
    """The record in an answer. A record without its fields would look like one that somebody emptied."""
    body = response.json()
    source = body.get(kind.value) if isinstance(body, Mapping) else None
    if not isinstance(source, Mapping) or not _is_whole(source) or not _is_of(source, record_id):
        raise Unavailable(
            System.AHA,
            f"Aha! sent an answer without the {kind.value} {record_id}. Nothing has to be repaired; try again later.",
            outcome_unknown=True,
        )
    return record_of(source)


def unusable() -> Unavailable:
    """The error for an answer with an unexpected shape."""
    return Unavailable(
        System.AHA, "Aha! did not give a usable answer. Nothing has to be repaired; try again later."
    )


def record_of(source: Mapping[str, Any]) -> AhaRecord:
    """A record in the shape of Aha!'s API. It must have an `id`."""
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


def _is_whole(source: Mapping[str, Any]) -> bool:
    return all(name in source for name in ("id", "name", "description"))


def _is_of(source: Mapping[str, Any], record_id: str) -> bool:
    """Whether a record is the one that was asked for. A reference may lead to a record with a newer reference."""
    return not record_id.isdecimal() or str(source["id"]) == record_id


def _attachments(source: Mapping[str, Any]) -> dict[str, str]:
    """The download addresses of the files of a record and of its description, by attachment id."""
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


def _translate(request: Request, response: Response) -> OperationFailed | None:
    """The error that a response means, None for a success."""
    status = response.status
    if 200 <= status < 300 and (response.is_json or not response.body):
        return None
    message = _message(response)
    subject = request.subject
    record = subject.record or "the record"
    account = f" at {subject.account_url}" if subject.account_url else ""
    said = f" Aha! said: {message}" if message else ""
    evidence = {"status": status, "url": shown_url(request.url)}
    meaning = meaning_of(ErrorAnswer(Service.AHA, status, _written_by(request, response)))
    if meaning is Meaning.REFUSES_TOKEN:
        return CredentialsRejected(
            System.AHA,
            f"Aha!{account} does not accept the API token, or the address is not the address of an Aha! account. "
            f"Create a new key under Settings → Personal → Developer → API keys and save it in the integration.{said}",
            evidence=evidence,
        )
    if meaning is Meaning.REFUSES_USER:
        return Forbidden(
            System.AHA,
            f"The user of the Aha! token may not {_verb(subject)}. Ask an Aha! administrator to give the user the "
            f"contributor role in the product's workspace.{said}",
            evidence=evidence,
        )
    if meaning is Meaning.GONE:
        return NotFound(
            System.AHA,
            f"{record[0].upper()}{record[1:]} was deleted in Aha!, or the token's user cannot see it. Restore it, or "
            f"give the user access to the product's workspace.{said}",
            evidence=evidence,
        )
    if meaning is Meaning.REFUSES_VALUE:
        return RuleViolation(
            System.AHA,
            f"Aha! refused a value of {record}. Correct it in the work item, or in the status mapping of the "
            f"integration.{said}",
            evidence=evidence,
        )
    return Unavailable(
        System.AHA,
        f"Aha! answered {status}: it is limiting requests or has a problem. Nothing has to be "
        f"repaired; try again later. If this lasts, check the address of the account{account}.{said}"
        if status < 429
        else f"Aha! answered {status}: it is limiting requests or has a problem. Nothing has to be "
        f"repaired; try again later.{said}",
        outcome_unknown=meaning is not Meaning.NOT_CARRIED_OUT,
        evidence=evidence,
    )


def _verb(subject: Subject) -> str:
    if not subject.record:
        return "do this"
    return f"{'change' if subject.action is RequestAction.UPDATE else 'read'} {subject.record}"


def _written_by(request: Request, response: Response) -> Body:
    """Whether Aha! wrote an error's body. Aha! explains an error in a JSON object (aha-app/aha-api)."""
    body = response.json() if response.is_json else None
    if isinstance(body, Mapping) and body:
        return Body.OWN
    if response.status == 404 and request.url.endswith("/api/v1/me"):
        # Every account has this resource, so the address is not the address of an account.
        return Body.OWN
    is_page = "html" in response.headers.get("content-type", "").lower()
    if is_page and (
        response.status < 300 or is_sign_in_page(response.body[:4096].decode("utf-8", "replace"))
    ):
        return Body.SIGN_IN_PAGE
    return Body.FOREIGN


def _message(response: Response) -> str:
    """What Aha! says about an error, in any of the shapes that its own Ruby client reads (aha-app/aha-api)."""
    body = response.json() if response.is_json else None
    if not isinstance(body, Mapping):
        return ""
    errors = body.get("errors")
    items = errors if isinstance(errors, list) else [errors]
    nested = (item.get("message") for item in items if isinstance(item, Mapping))
    message = body.get("error") or body.get("message") or next((item for item in nested if item), "")
    return " ".join(response.mask(str(message)).split())[:_LONGEST_MESSAGE]
