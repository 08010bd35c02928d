"""What Azure DevOps' refusals mean, in words a product manager can act on.

Bodies come in three JSON shapes, as plain text and as HTML; `typeKey` and the TF/VS number at the start of `message`
are what is stable (MicrosoftDocs/vsts-rest-api-specs issues; microsoft/azure-devops-python-api, `_handle_error`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.clients.http import Answer, Request
from shared.clients.redaction import shown_url
from shared.domain.retry import TRANSIENT_STATUSES
from shared.errors import (
    CredentialsRejected,
    Forbidden,
    NotFound,
    OperationFailed,
    RevisionConflict,
    RuleViolation,
    System,
    Unavailable,
)

_CODE = re.compile(r"\b((?:TF|VS)\d{5,6})\b")
_BROKEN_RULE = re.compile(r"TF401320: Rule Error for field (.+?)\. Error code: ([\w, ]+)")
_LONGEST_MESSAGE = 500

_HOW_TO_RENEW = (
    "Make a new personal access token in the organization's user settings with the scopes “Project and Team (Read)” "
    "and “Work Items (Read & write)”, and save it in the integration."
)


@dataclass(frozen=True)
class Fault:
    """What Azure DevOps said: its message, its number (TF401320) and type key, and the fields that break a rule."""

    message: str = ""
    code: str = ""
    type_key: str = ""
    fields: tuple[str, ...] = ()

    @classmethod
    def from_body(cls, body: Any) -> Fault:
        """Read any of the three JSON shapes; anything else is an empty fault."""
        if not isinstance(body, Mapping):
            return cls()
        value = body.get("value")
        nested = value if isinstance(value, Mapping) else {}
        message = str(
            body.get("message") or body.get("Message") or nested.get("Message") or nested.get("message") or ""
        )
        message = " ".join(message.split())[:_LONGEST_MESSAGE]
        found = _CODE.search(message)
        return cls(
            message,
            found.group(1) if found else "",
            str(body.get("typeKey") or ""),
            _rule_fields(body) or _field_in(message),
        )

    def is_about(self, *codes: str) -> bool:
        """Whether this is one of these numbers."""
        return self.code in codes


def _rule_fields(body: Mapping[str, Any]) -> tuple[str, ...]:
    properties = body.get("customProperties")
    errors = properties.get("RuleValidationErrors") if isinstance(properties, Mapping) else None
    return tuple(
        f"{error['fieldReferenceName']} ({error.get('fieldStatusFlags', 'invalid')})"
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, Mapping) and error.get("fieldReferenceName")
    )


def _field_in(message: str) -> tuple[str, ...]:
    """The field that an entry of a batch names by its display name: there is only the message there."""
    found = _BROKEN_RULE.search(message)
    return (f"{found.group(1)} ({found.group(2).strip()})",) if found else ()


def translate(account_name: str) -> Callable[[Request, Answer], OperationFailed | None]:
    """A translator of this organization's answers, for the HTTP client."""

    def of_answer(request: Request, answer: Answer) -> OperationFailed | None:
        if 200 <= answer.status < 300 and answer.status != 203 and (answer.is_json or not answer.body):
            return None
        fault = Fault.from_body(answer.json() if answer.is_json else None)
        evidence = {
            "status": answer.status,
            "url": shown_url(request.url),
            "azure_devops_code": fault.code or None,
        }
        if answer.status // 100 in (2, 3):
            return CredentialsRejected(
                System.AZURE_DEVOPS,
                "Azure DevOps showed its sign-in page instead of an answer: the token is malformed, unknown, revoked "
                f"or expired, or it is a global one, which is no longer accepted. {_HOW_TO_RENEW}",
                evidence=evidence,
            )
        if answer.status == 401:
            detail = _unauthorized(fault.message or _plain_text(answer), _scope_of(request))
            return CredentialsRejected(System.AZURE_DEVOPS, detail, evidence=evidence)
        return error_for(answer.status, fault, account_name, _plain_text(answer), evidence)

    return of_answer


def _plain_text(answer: Answer) -> str:
    """The body of an answer in plain text, as an expired token gets; HTML is of no use to a reader."""
    if not answer.headers.get("content-type", "").startswith("text/plain"):
        return ""
    return " ".join(answer.body[:_LONGEST_MESSAGE].decode("utf-8", "replace").split())


def error_for(
    status: int, fault: Fault, account_name: str, text: str, evidence: Mapping[str, Any] | None = None
) -> OperationFailed:
    """The error that a status and a fault amount to; also for one entry of a batch."""
    message = fault.message or text
    if status == 412 or fault.is_about("VS403351", "TF26071") or "TestPatchOperationFailed" in fault.type_key:
        return RevisionConflict("The work item was changed by somebody else meanwhile.", evidence=evidence)
    if status in TRANSIENT_STATUSES or fault.is_about("TF400733"):
        return _unavailable(status, message, evidence)
    if status == 401:
        detail = _unauthorized(message, "Work Items (Read & write)")
        return CredentialsRejected(System.AZURE_DEVOPS, detail, evidence=evidence)
    if status == 403 or fault.is_about("TF237111", "VS402330", "TF401027", "TF50309"):
        return Forbidden(System.AZURE_DEVOPS, _forbidden(message), evidence=evidence)
    if status == 404 or fault.is_about("TF200016", "VS800075", "TF401232"):
        return NotFound(System.AZURE_DEVOPS, _not_found(fault, account_name), evidence=evidence)
    return RuleViolation(System.AZURE_DEVOPS, _rule(fault, message, status), evidence=evidence)


def _unavailable(status: int, message: str, evidence: Mapping[str, Any] | None) -> Unavailable:
    why = (
        "is throttling this token's user"
        if status == 429
        else f"answered with an error of its own ({status})"
    )
    said = f" It said: {message}" if message else ""
    return Unavailable(
        System.AZURE_DEVOPS,
        f"Azure DevOps {why}. Nothing has to be repaired; try again later.{said}",
        evidence=evidence,
    )


def _scope_of(request: Request) -> str:
    """The scope that a token needs for a request, by the name that the page of tokens shows."""
    if "/_apis/projects" in request.url:
        return "Project and Team (Read)"
    reads = request.method == "GET" or "/workitemsbatch?" in request.url or "/wiql?" in request.url
    return "Work Items (Read)" if reads else "Work Items (Read & write)"


def _unauthorized(message: str, scope: str) -> str:
    if "expired" in message.lower():
        return f"The personal access token has expired. {_HOW_TO_RENEW}"
    said = f" Azure DevOps said: {message}" if message else ""
    return (
        f"Azure DevOps does not accept the token for this: it lacks the scope “{scope}”, or it is revoked or made for "
        "another organization. "
        f"{_HOW_TO_RENEW}{said}"
    )


def _forbidden(message: str) -> str:
    said = f" Azure DevOps said: {message}" if message else ""
    return (
        "The token's user lacks the right for this in Azure DevOps. Let a project administrator grant “View work items "
        f"in this node” and “Edit work items in this node” on the area, and a Basic access level.{said}"
    )


def _not_found(fault: Fault, account_name: str) -> str:
    if "ProjectDoesNotExist" in fault.type_key or fault.is_about("TF200016", "VS800075"):
        return (
            "The project does not exist, or the token's user cannot see it. Choose another project, or let its "
            f"administrator add the user. Azure DevOps said: {fault.message}"
        )
    if fault.is_about("TF401232"):
        return (
            "The work item was deleted, or the token's user may not read it. Restore it from the recycle bin, "
            f"or let an administrator grant “View work items in this node”. Azure DevOps said: {fault.message}"
        )
    if "WorkItemTypeNotFound" in fault.type_key or fault.is_about("VS402323"):
        return (
            "The work item type does not exist in the project or is disabled. Choose another type in the integration. "
            f"Azure DevOps said: {fault.message}"
        )
    if not fault.message:
        return (
            f"Azure DevOps knows no organization “{account_name}”. Check the account name: it is the first part of the "
            f"address after dev.azure.com, as in https://dev.azure.com/{account_name or 'fabrikam'}."
        )
    return f"Azure DevOps did not find what was asked for: {fault.message}"


def _rule(fault: Fault, message: str, status: int) -> str:
    said = (
        f" Azure DevOps said: {message}"
        if message
        else f" Azure DevOps answered {status} without an explanation."
    )
    lower = message.lower()
    if fault.is_about("TF237082") or status == 413:
        return (
            "The file is larger than the organization takes for an attachment, which is 60 MB unless it has a higher "
            f"limit. Make it smaller, or put it somewhere else and link to it.{said}"
        )
    missing = [field for field in fault.fields if _has_no_value(field.lower())]
    if missing:
        fields = ", ".join(missing)
        return f"A required field has no value: {fields}. Give it one under default fields in the integration.{said}"
    if fault.fields:
        return (
            f"A value breaks a rule of the work item type: {', '.join(fault.fields)}. Correct the integration's "
            f"default fields, or let an administrator of the process change the rule.{said}"
        )
    if "area" in lower and ("path" in lower or fault.is_about("TF401347")):
        return f"The area does not exist in the project. Choose another area in the integration.{said}"
    if fault.is_about("TF51535"):
        return f"A default field does not exist in the organization. Correct the integration's default fields.{said}"
    return f"A value is not accepted.{said}"


def _has_no_value(field: str) -> bool:
    """Flags of a required field tell also whether its value is missing or is one that is not allowed."""
    return "invalidempty" in field or ("required" in field and "invalid" not in field)
