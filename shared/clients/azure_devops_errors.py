"""What a refusal of Azure DevOps means, as an error that a product manager can act on.

Azure DevOps sends an error in three JSON shapes, as plain text, or as an HTML page. Two things are stable: `typeKey`,
and the TF or VS code at the start of `message` (MicrosoftDocs/vsts-rest-api-specs issues;
microsoft/azure-devops-python-api, `_handle_error`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.clients.http import Request, Response
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

# The codes that the app knows, each with Azure DevOps' own text in short.
_WORK_ITEM_CHANGED = (
    "VS403351",  # Test Operation for path /rev failed
    "TF26071",  # This work item has been changed by someone else since you opened it
)
_BLOCKED_FOR_USAGE = (
    "TF400733",
)  # The request has been canceled: Request was blocked due to exceeding usage
_NO_RIGHT = (
    "TF237111",  # The current user does not have permissions to save work items under the specified area path
    "VS402330",  # Unauthorized Read access to the attachment under the areas
    "TF401027",  # You need the … permission to perform this action
    "TF50309",  # The following account does not have sufficient permissions to complete the operation
)
_NO_PROJECT = (
    "TF200016",  # The following project does not exist
    "VS800075",  # The project with id … does not exist, or you do not have permission to access it
)
_NO_WORK_ITEM = ("TF401232",)  # Work item … does not exist, or you do not have permissions to read it
_NO_WORK_ITEM_TYPE = ("VS402323",)  # Work item type … does not exist in project …
_FILE_TOO_LARGE = ("TF237082",)  # The file you are trying to upload exceeds the supported file upload size
_NO_AREA = ("TF401347",)  # Invalid tree name given for work item …, field 'System.AreaPath'
_NO_FIELD = ("TF51535",)  # Cannot find field …

_CODE = re.compile(r"\b((?:TF|VS)\d{5,6})\b")
_BROKEN_RULE = re.compile(r"TF401320: Rule Error for field (.+?)\. Error code: ([\w, ]+)")
_LONGEST_MESSAGE = 500

_HOW_TO_RENEW = (
    "Make a new personal access token in the organization's user settings with the scopes “Project and Team (Read)” "
    "and “Work Items (Read & write)”, and save it in the integration."
)


@dataclass(frozen=True)
class ErrorBody:
    """What Azure DevOps says about an error.

    `code` is the TF or VS code, such as TF401320. `fields` are the fields whose values break a rule, each with the
    rule in parentheses. What Azure DevOps does not say is empty.
    """

    message: str = ""
    code: str = ""
    type_key: str = ""
    fields: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: Any) -> ErrorBody:
        """Read any of the three JSON shapes. Anything else gives an empty ErrorBody."""
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
            _fields_of_rule_errors(body) or _field_in_message(message),
        )

    def has_code(self, *codes: str) -> bool:
        """Whether the TF or VS code is one of these."""
        return self.code in codes


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


def translate(account_name: str) -> Callable[[Request, Response], OperationFailed | None]:
    """A function that returns the error that an organization's response means, None for a success."""

    def error_of(request: Request, response: Response) -> OperationFailed | None:
        status = response.status
        if 200 <= status < 300 and status != 203 and (response.is_json or not response.body):
            return None
        error = ErrorBody.from_json(response.json() if response.is_json else None)
        evidence = {"status": status, "url": shown_url(request.url), "azure_devops_code": error.code or None}
        if status // 100 in (2, 3):
            return CredentialsRejected(
                System.AZURE_DEVOPS,
                "Azure DevOps showed its sign-in page instead of an answer. The token is malformed, unknown, revoked "
                "or expired, or it is a global token, which Azure DevOps no longer accepts. "
                f"{_HOW_TO_RENEW}",
                evidence=evidence,
            )
        text = _plain_text(response)
        if status == 401:
            detail = _unauthorized(error.message or text, _needed_scope(request))
            return CredentialsRejected(System.AZURE_DEVOPS, detail, evidence=evidence)
        return error_for(status, error, account_name, text, evidence)

    return error_of


def error_for(
    status: int, error: ErrorBody, account_name: str, text: str, evidence: Mapping[str, Any] | None = None
) -> OperationFailed:
    """The error that a status and an error body mean, of a response or of one entry of a batch.

    `text` is the body where it is plain text, else empty.
    """
    message = error.message or text
    if status == 412 or error.has_code(*_WORK_ITEM_CHANGED) or "TestPatchOperationFailed" in error.type_key:
        return RevisionConflict("Somebody else changed the work item in the meantime.", evidence=evidence)
    if status in TRANSIENT_STATUSES or error.has_code(*_BLOCKED_FOR_USAGE):
        return Unavailable(System.AZURE_DEVOPS, _unavailable(status, message), evidence=evidence)
    if status == 401:
        detail = _unauthorized(message, "Work Items (Read & write)")
        return CredentialsRejected(System.AZURE_DEVOPS, detail, evidence=evidence)
    if status == 403 or error.has_code(*_NO_RIGHT):
        return Forbidden(System.AZURE_DEVOPS, _forbidden(message), evidence=evidence)
    if status == 404 or error.has_code(*_NO_PROJECT, *_NO_WORK_ITEM):
        return NotFound(System.AZURE_DEVOPS, _not_found(error, account_name), evidence=evidence)
    return RuleViolation(System.AZURE_DEVOPS, _rule_violation(error, message, status), evidence=evidence)


def _plain_text(response: Response) -> str:
    """The body where it is plain text, as for an expired token. An HTML page would not help a reader."""
    if not response.headers.get("content-type", "").startswith("text/plain"):
        return ""
    return " ".join(response.body[:_LONGEST_MESSAGE].decode("utf-8", "replace").split())


def _unavailable(status: int, message: str) -> str:
    cause = (
        "is throttling this token's user"
        if status == 429
        else f"answered with an error of its own ({status})"
    )
    said = f" It said: {message}" if message else ""
    return f"Azure DevOps {cause}. Nothing has to be repaired; try again later.{said}"


def _needed_scope(request: Request) -> str:
    """The scope that a token needs for a request, as the page for making tokens names it."""
    if "/_apis/projects" in request.url:
        return "Project and Team (Read)"
    reads = request.method == "GET" or "/workitemsbatch?" in request.url or "/wiql?" in request.url
    return "Work Items (Read)" if reads else "Work Items (Read & write)"


def _unauthorized(message: str, scope: str) -> str:
    if "expired" in message.lower():
        return f"The personal access token has expired. {_HOW_TO_RENEW}"
    return (
        f"Azure DevOps does not accept the token for this request: it lacks the scope “{scope}”, it was revoked, or it "
        f"was made for another organization. {_HOW_TO_RENEW}{_said(message)}"
    )


def _forbidden(message: str) -> str:
    return (
        "The token's user lacks a right in Azure DevOps. Ask a project administrator to grant “View work items in this "
        "node” and “Edit work items in this node” on the area, and to give the user the Basic access level."
        f"{_said(message)}"
    )


def _not_found(error: ErrorBody, account_name: str) -> str:
    if "ProjectDoesNotExist" in error.type_key or error.has_code(*_NO_PROJECT):
        return (
            "The project does not exist, or the token's user cannot see it. Choose another project, or ask its "
            f"administrator to add the user.{_said(error.message)}"
        )
    if error.has_code(*_NO_WORK_ITEM):
        return (
            "The work item was deleted, or the token's user may not read it. Restore it from the recycle bin, or ask "
            f"an administrator to grant “View work items in this node”.{_said(error.message)}"
        )
    if "WorkItemTypeNotFound" in error.type_key or error.has_code(*_NO_WORK_ITEM_TYPE):
        return (
            "The work item type does not exist in the project, or it is disabled. Choose another type in the "
            f"integration.{_said(error.message)}"
        )
    if not error.message:
        return (
            f"Azure DevOps knows no organization “{account_name}”. Check the account name: it is the first part of the "
            f"address after dev.azure.com, as in https://dev.azure.com/{account_name or 'fabrikam'}."
        )
    return f"Azure DevOps did not find what the app asked for. It said: {error.message}"


def _rule_violation(error: ErrorBody, message: str, status: int) -> str:
    said = _said(message) or f" Azure DevOps answered {status} without an explanation."
    lower = message.lower()
    if error.has_code(*_FILE_TOO_LARGE) or status == 413:
        return (
            "The file is larger than the organization takes for an attachment: 60 MB, unless it has a higher limit. "
            f"Make the file smaller, or store it elsewhere and link to it.{said}"
        )
    missing = [field for field in error.fields if _has_no_value(field.lower())]
    if missing:
        return (
            f"A required field has no value: {', '.join(missing)}. Give it one under default fields in the "
            f"integration.{said}"
        )
    if error.fields:
        return (
            f"A value breaks a rule of the work item type: {', '.join(error.fields)}. Correct the integration's "
            f"default fields, or ask an administrator of the process to change the rule.{said}"
        )
    if "area" in lower and ("path" in lower or error.has_code(*_NO_AREA)):
        return f"The area does not exist in the project. Choose another area in the integration.{said}"
    if error.has_code(*_NO_FIELD):
        return f"A default field does not exist in the organization. Correct the integration's default fields.{said}"
    return f"Azure DevOps does not accept a value.{said}"


def _said(message: str) -> str:
    return f" Azure DevOps said: {message}" if message else ""


def _has_no_value(field: str) -> bool:
    """Whether the flags say that a required field is empty. `required` also stands beside flags of a wrong value."""
    return "invalidempty" in field or ("required" in field and "invalid" not in field)
