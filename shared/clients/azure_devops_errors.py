"""What a refusal of Azure DevOps means, as an error that a product manager can act on.

`shared.domain.foreign_answers` decides what an answer means. This module finds the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared.clients.azure_devops_error_body import ErrorBody
from shared.clients.http import Request, Response
from shared.clients.redaction import shown_url
from shared.domain.foreign_answers import Body, ErrorAnswer, Meaning, Service, meaning_of
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

# Codes that have words of their own.
_NO_PROJECT = (
    "TF200016",  # The following project does not exist
    "VS800075",  # The project with id … does not exist, or you do not have permission to access it
)
_NO_WORK_ITEM = ("TF401232",)  # Work item … does not exist, or you do not have permissions to read it
_NO_WORK_ITEM_TYPE = ("VS402323",)  # Work item type … does not exist in project …
_FILE_TOO_LARGE = ("TF237082",)  # The file you are trying to upload exceeds the supported file upload size
_NO_AREA = ("TF401347",)  # Invalid tree name given for work item …, field 'System.AreaPath'
_NO_FIELD = ("TF51535",)  # Cannot find field …

_HOW_TO_RENEW = (
    "Make a new personal access token in the organization's user settings with the scopes “Project and Team (Read)” "
    "and “Work Items (Read & write)”, and save it in the integration."
)


def translate(account_name: str) -> Callable[[Request, Response], OperationFailed | None]:
    """A function that returns the error that an organization's response means, None for a success."""

    def error_of(request: Request, response: Response) -> OperationFailed | None:
        status = response.status
        if 200 <= status < 300 and status != 203 and (response.is_json or not response.body):
            return None
        error = ErrorBody.from_response(response)
        is_page = "html" in response.headers.get("content-type", "").lower()
        if status < 300 and is_page and request.repeatable:
            # A page instead of what was read. A proxy may answer a create like that, after passing it on.
            error = replace(error, written_by=Body.SIGN_IN_PAGE)
        if status == 404 and request.method == "GET" and "/_apis/projects?" in request.url:
            # Every organization has this list, so it is the organization that does not exist.
            error = ErrorBody(written_by=Body.OWN)
        evidence = {"status": status, "url": shown_url(request.url), "azure_devops_code": error.code or None}
        return error_for(status, error, account_name, _needed_scope(request), evidence)

    return error_of


def error_for(
    status: int,
    error: ErrorBody,
    account_name: str,
    scope: str = "Work Items (Read & write)",
    evidence: Mapping[str, Any] | None = None,
) -> OperationFailed:
    """The error that a status and an error body mean, of a response or of one entry of a batch.

    `scope` is the scope that a token needs for the request.
    """
    meaning = _meaning(status, error)
    message = error.message
    if meaning is Meaning.CHANGED_MEANWHILE:
        return RevisionConflict("Somebody else changed the work item in the meantime.", evidence=evidence)
    if meaning is Meaning.REFUSES_TOKEN:
        detail = _sign_in(status, error) or _unauthorized(message, scope)
        return CredentialsRejected(System.AZURE_DEVOPS, detail, evidence=evidence)
    if meaning is Meaning.REFUSES_USER:
        return Forbidden(System.AZURE_DEVOPS, _forbidden(message), evidence=evidence)
    if meaning is Meaning.GONE:
        return NotFound(System.AZURE_DEVOPS, _not_found(error, account_name), evidence=evidence)
    if meaning is Meaning.REFUSES_VALUE:
        return RuleViolation(System.AZURE_DEVOPS, _rule_violation(error, message, status), evidence=evidence)
    return Unavailable(
        System.AZURE_DEVOPS,
        _unavailable(status, message),
        outcome_unknown=meaning is not Meaning.NOT_CARRIED_OUT,
        evidence=evidence,
    )


def _meaning(status: int, error: ErrorBody) -> Meaning:
    if status < 500 and "TestPatchOperationFailed" in error.type_key:
        return Meaning.CHANGED_MEANWHILE
    return meaning_of(ErrorAnswer(Service.AZURE_DEVOPS, status, error.written_by, error.code))


def _sign_in(status: int, error: ErrorBody) -> str:
    """What to say if Azure DevOps showed its sign-in page; empty if it did not."""
    if status == 401 or (status // 100 not in (2, 3) and error.written_by is not Body.SIGN_IN_PAGE):
        return ""
    return (
        "Azure DevOps showed its sign-in page instead of an answer. The token is malformed, unknown, revoked "
        f"or expired, or it is a global token, which Azure DevOps no longer accepts. {_HOW_TO_RENEW}"
    )


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
