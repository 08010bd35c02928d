"""The meaning of another system's error answers. Only this module decides it.

The default is that the request may have been carried out, and that the same request may succeed later. Only the tables
below define a refusal: a status together with a body that the system itself wrote, or a known code. Proxies answer in a
system's place with statuses of their own (520 to 530) and pages of their own, even after the request was carried out
(dotnet/arcade-services#325), or while it still runs: a gateway that stops waiting does not stop the request behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Service(Enum):
    """A kind of system that answers."""

    AZURE_DEVOPS = "Azure DevOps"
    AHA = "Aha!"
    FILE_HOST = "a host of files"
    TABLE_STORAGE = "Table Storage"


class Body(Enum):
    """Who wrote the body of an answer, as far as that is known."""

    OWN = "in the format that the service explains its errors in"
    FOREIGN = "empty, cut off, or in another format: the service itself may not have written it"
    SIGN_IN_PAGE = "the page where people sign in"


class Meaning(Enum):
    """What an error answer means for the request."""

    NOT_CARRIED_OUT = "certainly not carried out; the same request may succeed later"
    OUTCOME_UNKNOWN = "may have been carried out; the same request may succeed later"
    CHANGED_MEANWHILE = "not carried out: somebody else changed the object"
    REFUSES_VALUE = "not carried out: a value is refused"
    REFUSES_TOKEN = "not carried out: the caller's token is refused"  # noqa: S105 not a password
    REFUSES_USER = "not carried out: the caller lacks a right"
    GONE = "not carried out: the object does not exist, or the caller cannot see it"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self in (Meaning.NOT_CARRIED_OUT, Meaning.OUTCOME_UNKNOWN)


@dataclass(frozen=True)
class ErrorAnswer:
    """An error answer. `code` is the service's own error code; empty if there is none."""

    service: Service
    status: int
    body: Body
    code: str = ""


WHOLE_BATCH_FAILED = "TF401321"
"""An operation of a batch was not carried out because another one failed
(https://learn.microsoft.com/rest/api/azure/devops/wit/work-item-batch-update)."""

_AZURE_DEVOPS_CODES = {
    # A failure of the service itself, whatever the status.
    "TF400733": Meaning.OUTCOME_UNKNOWN,  # request blocked, too much usage (learn: integrate/concepts/rate-limits)
    "TF401349": Meaning.OUTCOME_UNKNOWN,  # unexpected error (microsoft/terraform-provider-azuredevops#1533)
    "TF400898": Meaning.OUTCOME_UNKNOWN,  # internal error (seen with 4xx; the next attempt succeeded)
    "TF246020": Meaning.OUTCOME_UNKNOWN,  # server error under load, after the commit (azure-devops-node-api#71)
    "TF246021": Meaning.OUTCOME_UNKNOWN,  # error of the database below
    "TF400324": Meaning.OUTCOME_UNKNOWN,  # services are not available from this server
    # The work item changed.
    "VS403351": Meaning.CHANGED_MEANWHILE,  # test of /rev failed (microsoft/azure-devops-mcp#839)
    "TF26071": Meaning.CHANGED_MEANWHILE,  # changed by someone else since you opened it
    # The token.
    "TF400813": Meaning.REFUSES_TOKEN,  # not authorized (microsoft/azure-devops-auth-samples#52)
    "VS30063": Meaning.REFUSES_TOKEN,  # a token of another organization
    "TF30063": Meaning.REFUSES_TOKEN,  # the same, from older servers
    "VS403463": Meaning.REFUSES_TOKEN,  # conditional access, with 401 or 403 (Azure/azure-cli#24108)
    # A right of the token's user.
    "TF237111": Meaning.REFUSES_USER,  # no right to save work items under the area path
    "VS402330": Meaning.REFUSES_USER,  # no right to read the attachment under the area
    "TF401027": Meaning.REFUSES_USER,  # you need the … permission
    "TF50309": Meaning.REFUSES_USER,  # the account lacks permissions
    # Not there, or not visible.
    "TF200016": Meaning.GONE,  # project, by name
    "VS800075": Meaning.GONE,  # project, by id; also with 400 (Azure/azure-devops-cli-extension#1352)
    "TF401232": Meaning.GONE,  # work item
    "VS402323": Meaning.GONE,  # work item type
    # A value.
    "TF401320": Meaning.REFUSES_VALUE,  # a rule of a field
    "TF401326": Meaning.REFUSES_VALUE,  # a field that is read-only in this state
    "TF401347": Meaning.REFUSES_VALUE,  # unknown area or iteration
    "TF51535": Meaning.REFUSES_VALUE,  # unknown field
    "TF237082": Meaning.REFUSES_VALUE,  # attachment too large (solidify/jira-azuredevops-migrator#705)
    "TF237201": Meaning.REFUSES_VALUE,  # more than 1,000 links
    "TF201035": Meaning.REFUSES_VALUE,  # a link that makes a circle
    "TF201036": Meaning.REFUSES_VALUE,  # a second parent
    "VS402337": Meaning.REFUSES_VALUE,  # a query finds too many work items
    "VS403474": Meaning.REFUSES_VALUE,  # more than 200 ids
}  # fmt: skip

# https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes and …/common-rest-api-error-codes
_TABLE_STORAGE_CODES = {
    "TableBeingDeleted": Meaning.NOT_CARRIED_OUT,
    "AuthenticationFailed": Meaning.REFUSES_TOKEN,
    "InvalidAuthenticationInfo": Meaning.REFUSES_TOKEN,
    "NoAuthenticationInformation": Meaning.REFUSES_TOKEN,
    "AuthorizationFailure": Meaning.REFUSES_USER,
    "AuthorizationPermissionMismatch": Meaning.REFUSES_USER,
    "AuthorizationResourceTypeMismatch": Meaning.REFUSES_USER,
    "AuthorizationServiceMismatch": Meaning.REFUSES_USER,
    "AuthorizationProtocolMismatch": Meaning.REFUSES_USER,
    "AuthorizationSourceIPMismatch": Meaning.REFUSES_USER,
    "KeyBasedAuthenticationNotPermitted": Meaning.REFUSES_USER,
    "InsufficientAccountPermissions": Meaning.REFUSES_USER,
    "AccountIsDisabled": Meaning.REFUSES_USER,
}

_CODES = {Service.AZURE_DEVOPS: _AZURE_DEVOPS_CODES, Service.TABLE_STORAGE: _TABLE_STORAGE_CODES}

# These count with any body: the check of the caller comes first, and often answers with an empty body.
_ANY_BODY = {
    Service.AZURE_DEVOPS: {
        203: Meaning.REFUSES_TOKEN,  # the sign-in page (MicrosoftDocs/vsts-rest-api-specs#97, #574)
        401: Meaning.REFUSES_TOKEN,  # expired, revoked and out of scope look alike: an empty body
        408: Meaning.OUTCOME_UNKNOWN,
        412: Meaning.CHANGED_MEANWHILE,  # the test of /rev
    },
    Service.AHA: {401: Meaning.REFUSES_TOKEN},  # https://www.aha.io/api
    # A host of files answers errors in XML or as a page. An address that expired gets 401 or 403.
    Service.FILE_HOST: {
        401: Meaning.REFUSES_USER,
        403: Meaning.REFUSES_USER,
        404: Meaning.GONE,
        410: Meaning.GONE,
    },
    Service.TABLE_STORAGE: {
        401: Meaning.REFUSES_TOKEN,
        403: Meaning.REFUSES_USER,
    },
}

_OWN_BODY = {
    400: Meaning.REFUSES_VALUE,
    422: Meaning.REFUSES_VALUE,
    403: Meaning.REFUSES_USER,
    404: Meaning.GONE,
    410: Meaning.GONE,
}

# A request that Table Storage refuses for its form is a defect of the app.
_TABLE_STORAGE_FORM = frozenset((405, 409, 411, 412, 413, 414, 415, 416))


def meaning_of(answer: ErrorAnswer) -> Meaning:
    """What an error answer means.

    No status of 500 or more is ever a refusal, whatever the body says.
    """
    if answer.status >= 500:
        return Meaning.OUTCOME_UNKNOWN
    if answer.status == 429:
        # A rate limiter answers and does not pass the request on (RFC 6585 §4).
        return Meaning.NOT_CARRIED_OUT
    known = _CODES.get(answer.service, {}).get(answer.code)
    if known is not None:
        return known
    decided = _ANY_BODY[answer.service].get(answer.status)
    if decided is not None:
        return decided
    if answer.body is Body.SIGN_IN_PAGE or (300 <= answer.status < 400 and _has_sign_in(answer.service)):
        return Meaning.REFUSES_TOKEN
    if answer.body is Body.OWN:
        decided = _OWN_BODY.get(answer.status)
        if answer.service is Service.TABLE_STORAGE and answer.status in _TABLE_STORAGE_FORM:
            decided = Meaning.REFUSES_VALUE
    return decided or Meaning.OUTCOME_UNKNOWN


AT_ONCE_SECONDS = 2.0
"""What failed within this time was refused or cut off at once. Nobody has waited for the service and given up."""

_GATEWAY_GAVE_UP = frozenset((408, 502, 504))
_FIRST_STATUS_OF_PROXIES = 520


def may_still_run(answer: ErrorAnswer, seconds: float) -> bool:
    """Whether the request may still be running although there is an answer, for one that may have been carried out.

    A gateway that gives up has waited for the service first; `seconds` is the time until the answer. It then answers
    408, a status of 500 or more, or a page with a success. Nothing is still running if the service explains a 500 or
    503 itself. Any other 4xx answers the request itself.
    """
    if seconds <= AT_ONCE_SECONDS:
        return False
    if answer.status in _GATEWAY_GAVE_UP or answer.status >= _FIRST_STATUS_OF_PROXIES:
        return True
    return answer.body is not Body.OWN and (answer.status < 300 or answer.status >= 500)


def _has_sign_in(service: Service) -> bool:
    """Whether a redirect leads to a page where people sign in."""
    return service in (Service.AZURE_DEVOPS, Service.AHA)


_SIGN_IN_MARKS = ("sign in", "sign-in", "_signin", "login.microsoftonline.com", "login.live.com")


def is_sign_in_page(page: str) -> bool:
    """Whether the beginning of an HTML page shows that people sign in there."""
    lower = page.lower()
    return any(mark in lower for mark in _SIGN_IN_MARKS)
