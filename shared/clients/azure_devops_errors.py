"""The error that an answer of Azure DevOps means.

`shared.domain.foreign_answers` decides what an answer means, and `shared.clients.azure_devops_remedies` has the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.clients import azure_devops_remedies as remedies
from shared.clients.azure_devops_error_body import ErrorBody
from shared.clients.http import Request, Response
from shared.clients.redaction import shown_url
from shared.domain.foreign_answers import Body, ErrorAnswer, Meaning, Service, may_still_run, meaning_of
from shared.domain.subject import Subject
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


def translate(request: Request, response: Response) -> OperationFailed | None:
    """The error that an organization's response means, None for a success."""
    status = response.status
    if 200 <= status < 300 and status != 203 and (response.is_json or not response.body):
        return None
    error = ErrorBody.from_response(response)
    is_page = "html" in response.headers.get("content-type", "").lower()
    if status < 300 and is_page and request.repeatable:
        # A page instead of data. A proxy may answer a create like that after it passed the request on.
        error = replace(error, written_by=Body.SIGN_IN_PAGE)
    if status == 404 and request.method == "GET" and "/_apis/projects?" in request.url:
        # Every organization has this list, so the organization does not exist.
        error = ErrorBody(written_by=Body.OWN)
    evidence = {"status": status, "url": shown_url(request.url), "azure_devops_code": error.code or None}
    failure = error_for(status, error, request.subject, _needed_scope(request), evidence)
    if isinstance(failure, Unavailable) and failure.outcome_unknown:
        failure.may_still_run = may_still_run(_answer(status, error), response.seconds)
    return failure


def error_for(
    status: int,
    error: ErrorBody,
    subject: Subject,
    scope: str = "Work Items (Read & write)",
    evidence: Mapping[str, Any] | None = None,
) -> OperationFailed:
    """The error that a status and an error body mean, of a response or of one entry of a batch.

    An entry is a part of the service's own answer, so its operation has ended. `scope` is the scope that a token needs
    for the request.
    """
    meaning = _meaning(status, error)
    system = System.AZURE_DEVOPS
    if meaning is Meaning.CHANGED_MEANWHILE:
        return RevisionConflict("Somebody else changed the work item in the meantime.", evidence=evidence)
    if meaning is Meaning.REFUSES_TOKEN:
        detail = remedies.token_refused(status, error, subject, scope)
        return CredentialsRejected(system, detail, evidence=evidence)
    if meaning is Meaning.REFUSES_USER:
        return Forbidden(system, remedies.right_missing(error, subject), evidence=evidence)
    if meaning is Meaning.GONE:
        return NotFound(system, remedies.not_found(error, subject), evidence=evidence)
    if meaning is Meaning.REFUSES_VALUE:
        return RuleViolation(system, remedies.value_refused(status, error, subject), evidence=evidence)
    return Unavailable(
        system,
        remedies.unavailable(status, error, subject),
        outcome_unknown=meaning is not Meaning.NOT_CARRIED_OUT,
        evidence=evidence,
    )


def _meaning(status: int, error: ErrorBody) -> Meaning:
    if status < 500 and "TestPatchOperationFailed" in error.type_key:
        return Meaning.CHANGED_MEANWHILE
    return meaning_of(_answer(status, error))


def _answer(status: int, error: ErrorBody) -> ErrorAnswer:
    return ErrorAnswer(Service.AZURE_DEVOPS, status, error.written_by, error.code)


def _needed_scope(request: Request) -> str:
    """The scope that a token needs for a request, under the name on the page that creates tokens."""
    if "/_apis/projects" in request.url:
        return "Project and Team (Read)"
    reads = request.method == "GET" or "/workitemsbatch?" in request.url or "/wiql?" in request.url
    return "Work Items (Read)" if reads else "Work Items (Read & write)"
