"""Turns what the Azure packages raise into the app's own errors, without the secrets their messages may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import OperationFailed, System, Unavailable

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

_PASSING_STATUSES = frozenset((408, 429, 500, 502, 503, 504))
_RETRY_AFTER_OUTAGE = 5.0
_RETRY_AFTER_THROTTLING = 15.0
_RETRY_AFTER_REFUSAL = 60.0
_REMEDY = (
    "Check the app setting TABLES_CONNECTION_STRING (or AzureWebJobsStorage) and that the key or SAS in it is still "
    "valid; with TABLES_ENDPOINT, give the app's managed identity the role Storage Table Data Contributor."
)


def may_pass(error: AzureError) -> bool:
    """Whether the same request may work when it is sent again."""
    from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError

    if isinstance(error, ClientAuthenticationError):
        return False
    if isinstance(error, HttpResponseError) and not isinstance(error, DecodeError):
        return error.status_code in _PASSING_STATUSES
    # No connection, no answer, or one that broke off.
    return True


def code_of(error: AzureError) -> str:
    """The service's own error code, such as `EntityAlreadyExists`; empty where it gave none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def app_error(error: AzureError) -> OperationFailed | None:
    """The app's error for one of the Azure packages; None where it is a defect of ours (a malformed request).

    The original must not be chained to it: its message may hold an address with a SAS.
    """
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    status = getattr(error, "status_code", None)
    evidence = {"status": status, "error_code": code_of(error), "error": type(error).__name__}
    if status in (401, 403) or isinstance(error, ClientAuthenticationError):
        detail = f"Table Storage refused the app's credentials. {_REMEDY}"
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_REFUSAL, evidence=evidence)
    if code_of(error) == "TableBeingDeleted":
        detail = (
            "A table of the app is being deleted, which takes Table Storage a minute or so. Try again then."
        )
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_THROTTLING, evidence=evidence)
    if not may_pass(error):
        return None
    if isinstance(error, HttpResponseError) and status in (429, 503):
        detail = "Table Storage is too busy at the moment. Nothing has to be changed; try again in a while."
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_THROTTLING, evidence=evidence)
    if isinstance(error, ServiceRequestError):
        detail = (
            "Table Storage cannot be reached. If this lasts, check the address in TABLES_CONNECTION_STRING (or "
            "TABLES_ENDPOINT) and whether the storage account's firewall lets the app in."
        )
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_OUTAGE, evidence=evidence)
    detail = "Table Storage did not give a usable answer. Nothing has to be changed; try again in a moment."
    return Unavailable(
        System.STORAGE, detail, retry_after=_RETRY_AFTER_OUTAGE, outcome_unknown=True, evidence=evidence
    )
