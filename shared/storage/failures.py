"""Translate the errors of the Azure packages into the app's own, without their messages, which may contain secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared import connections
from shared.domain.foreign_answers import Body, ErrorAnswer, Meaning, Service, meaning_of
from shared.errors import OperationFailed, System, Unavailable

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

_RETRY_AFTER_OUTAGE = 5.0
_RETRY_AFTER_THROTTLING = 15.0
_RETRY_AFTER_REFUSAL = 60.0

_ROLE = "give the app's managed identity the role Storage Table Data Contributor on the storage account"
_KEY = "the app setting TABLES_CONNECTION_STRING (or AzureWebJobsStorage)"
_REMEDIES = {
    "AuthorizationFailure": (
        "The storage account does not allow this request. Usually its firewall does not let the app in: under "
        "Networking of the storage account, allow the app's virtual network or outbound addresses. If a SAS is used, "
        f"check that it allows tables and all of read, add, update and delete ({_KEY})."
    ),
    "AuthorizationSourceIPMismatch": (
        f"The SAS does not allow the app's address. Make a SAS without a range of addresses and save it in {_KEY}."
    ),
    "KeyBasedAuthenticationNotPermitted": (
        "Shared keys are switched off for the storage account. Set TABLES_ENDPOINT instead of a connection string, and "
        f"{_ROLE}; or allow shared key access under Configuration of the storage account."
    ),
    "AuthorizationPermissionMismatch": (
        f"The app's identity, or its SAS, lacks a right to tables. With TABLES_ENDPOINT, {_ROLE}; it takes effect "
        f"after some minutes. With a SAS, make one that allows read, add, update and delete, and save it in {_KEY}."
    ),
    "AuthenticationFailed": (
        f"The key or SAS in {_KEY} is wrong, was renewed, or has expired. Copy the connection string again from Access "
        "keys of the storage account. With TABLES_ENDPOINT, check that the account belongs to the identity's tenant."
    ),
    "AccountIsDisabled": "The storage account is disabled. Ask the owner of the Azure subscription to enable it.",
}
_ANY_REMEDY = (
    f"Check that the key or SAS in {_KEY} is still valid; with TABLES_ENDPOINT, {_ROLE}. Check also the firewall under "
    "Networking of the storage account."
)


def azure_package_errors() -> tuple[type[Exception], ...]:
    """The errors that a failing call of the Azure packages raises, without those that only a defect of the app raises.

    The packages pass some errors of requests through, such as that of a transaction whose answer breaks off.
    """
    from azure.core.exceptions import AzureError

    return (AzureError, *(kind for kind in connections.library_errors() if kind is not ValueError))


def as_azure_error(error: Exception) -> AzureError:
    """An error of `azure_package_errors` as one of the Azure packages."""
    from azure.core.exceptions import AzureError, ServiceResponseError

    return error if isinstance(error, AzureError) else ServiceResponseError("the answer broke off")


def app_is_ending() -> Unavailable:
    """The failure of a call that was not sent, because the process is ending."""
    return Unavailable(
        System.STORAGE, "The app is being restarted. Try again in a moment.", retry_after=_RETRY_AFTER_OUTAGE
    )


def may_pass(error: AzureError) -> bool:
    """Whether the same request may succeed when it is sent again."""
    return _meaning(error).may_pass


def code_of(error: AzureError) -> str:
    """Table Storage's error code, such as `EntityAlreadyExists`; empty if there is none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _remedy(error: AzureError) -> str:
    code = code_of(error)
    if "failed to authenticate" in str(getattr(error, "message", "")).lower():
        # Azurite answers a wrong key with the code of a firewall, and with the words of a wrong key.
        code = "AuthenticationFailed"
    return _REMEDIES.get(code, _ANY_REMEDY)


def app_error(error: AzureError) -> OperationFailed | None:
    """The app's error for an error of an Azure package; None if the app has a defect (it sent a malformed request).

    Raise it without the original as its cause: the original's message may contain a URL with a SAS.
    """
    from azure.core.exceptions import HttpResponseError, ServiceRequestError

    status, code = getattr(error, "status_code", None), code_of(error)
    evidence = {"status": status, "error_code": code, "error": type(error).__name__}
    meaning = _meaning(error)
    if meaning in (Meaning.REFUSES_TOKEN, Meaning.REFUSES_USER):
        detail = (
            f"Table Storage refused the app's credentials{f' ({code})' if code else ''}. {_remedy(error)}"
        )
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_REFUSAL, evidence=evidence)
    if code == "TableBeingDeleted":
        detail = "A table of the app is being deleted, which takes about a minute. Try again after that."
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_THROTTLING, evidence=evidence)
    if not meaning.may_pass:
        return None
    if isinstance(error, HttpResponseError) and status in (429, 503):
        detail = "Table Storage is too busy at the moment. Try again later; nothing needs to be changed."
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_THROTTLING, evidence=evidence)
    if isinstance(error, ServiceRequestError) and not _broke_off_in_the_answer(error):
        detail = (
            "Table Storage cannot be reached. If this continues, check the URL in TABLES_CONNECTION_STRING (or "
            "TABLES_ENDPOINT) and whether the storage account's firewall allows the app."
        )
        return Unavailable(System.STORAGE, detail, retry_after=_RETRY_AFTER_OUTAGE, evidence=evidence)
    detail = "Table Storage gave no usable answer. Try again in a moment; nothing needs to be changed."
    return Unavailable(
        System.STORAGE, detail, retry_after=_RETRY_AFTER_OUTAGE, outcome_unknown=True, evidence=evidence
    )


def _meaning(error: AzureError) -> Meaning:
    from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError

    status = getattr(error, "status_code", None)
    if isinstance(error, HttpResponseError) and not isinstance(error, DecodeError) and status is not None:
        # Table Storage sends an error code with every error (learn: rest/api/storageservices, status-and-error-codes).
        code = code_of(error)
        body = Body.OWN if code else Body.FOREIGN
        return meaning_of(ErrorAnswer(Service.TABLE_STORAGE, int(status), body, code))
    if isinstance(error, ClientAuthenticationError):
        # The app's managed identity gave no token.
        return Meaning.REFUSES_TOKEN
    # There was no connection, no answer, or only a part of an answer.
    return Meaning.OUTCOME_UNKNOWN


def _broke_off_in_the_answer(error: AzureError) -> bool:
    """Whether the request was sent: azure-core reports it as not sent if the answer's body came too slowly."""
    from urllib3.exceptions import ReadTimeoutError

    return any(isinstance(cause, ReadTimeoutError) for cause in connections.causes(error))
