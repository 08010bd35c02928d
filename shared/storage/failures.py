"""Translate the errors of the Azure packages into the app's own, without their messages, which may contain secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import OperationFailed, System, Unavailable

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

_TRANSIENT_STATUSES = frozenset((408, 429, 500, 502, 503, 504))
_RETRY_AFTER_OUTAGE = 5.0
_RETRY_AFTER_THROTTLING = 15.0
_RETRY_AFTER_REFUSAL = 60.0
_REMEDY = (
    "Check the app setting TABLES_CONNECTION_STRING (or AzureWebJobsStorage) and that the key or SAS in it is still "
    "valid; with TABLES_ENDPOINT, give the app's managed identity the role Storage Table Data Contributor."
)


def may_pass(error: AzureError) -> bool:
    """Whether the same request may succeed when it is sent again."""
    from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError

    if isinstance(error, ClientAuthenticationError):
        return False
    if isinstance(error, HttpResponseError) and not isinstance(error, DecodeError):
        return error.status_code in _TRANSIENT_STATUSES
    # There was no connection, no answer, or only a part of an answer.
    return True


def code_of(error: AzureError) -> str:
    """Table Storage's error code, such as `EntityAlreadyExists`; empty if there is none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def app_error(error: AzureError) -> OperationFailed | None:
    """The app's error for an error of an Azure package; None if the app has a defect (it sent a malformed request).

    Raise it without the original as its cause: the original's message may contain a URL with a SAS.
    """
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    status = getattr(error, "status_code", None)
    evidence = {"status": status, "error_code": code_of(error), "error": type(error).__name__}
    if status in (401, 403) or isinstance(error, ClientAuthenticationError):
        detail = f"Table Storage refused the app's credentials. {_REMEDY}"
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_REFUSAL, evidence=evidence)
    if code_of(error) == "TableBeingDeleted":
        detail = "A table of the app is being deleted, which takes about a minute. Try again after that."
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_THROTTLING, evidence=evidence)
    if not may_pass(error):
        return None
    if isinstance(error, HttpResponseError) and status in (429, 503):
        detail = "Table Storage is too busy at the moment. Try again later; nothing needs to be changed."
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_THROTTLING, evidence=evidence)
    if isinstance(error, ServiceRequestError):
        detail = (
            "Table Storage cannot be reached. If this continues, check the URL in TABLES_CONNECTION_STRING (or "
            "TABLES_ENDPOINT) and whether the storage account's firewall allows the app."
        )
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_OUTAGE, evidence=evidence)
    detail = "Table Storage gave no usable answer. Try again in a moment; nothing needs to be changed."
    return Unavailable(
        System.STORAGE, detail, retry_after=_RETRY_AFTER_OUTAGE, outcome_unknown=True, evidence=evidence
    )
