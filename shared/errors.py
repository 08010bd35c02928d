"""Every failure that the app reports, in one tree, split by what the caller can do about it.

    OperationFailed
    ├── InvalidInput              correct the request
    │   ├── InvalidJson
    │   ├── InvalidRequest        has every error with its JSON pointer
    │   └── BodyTooLarge
    ├── IntegrationUnusable       correct the integration
    │   ├── IntegrationNotFound
    │   ├── IntegrationDisabled
    │   ├── IntegrationIncomplete
    │   ├── ProductTaken
    │   ├── OrganizationInUse
    │   └── OtherProduct
    ├── NotLinked                 send the record first, or link it
    ├── AlreadyLinked             unlink first
    ├── ConcurrentChange          read again, then repeat
    │   ├── FeatureBusy
    │   │   └── UnlinkedMeanwhile
    │   ├── PreconditionFailed
    │   ├── RevisionConflict      stays inside a use case, which reads again and decides again
    │   └── LinkChanged           stays inside a use case, too
    ├── Refused                   correct the token, the rights or the values in `system`
    │   ├── CredentialsRejected
    │   ├── Forbidden
    │   ├── NotFound
    │   └── RuleViolation
    ├── Unavailable               wait for `system`, then repeat
    │   ├── TimeSpent             the operation's time budget is used up
    │   └── NewerRow              update every instance of the app
    ├── Defect                    correct this app
    ├── TooBusy                   wait, then repeat
    └── SettingInvalid            correct the app setting

`shared.statuses` maps each class to an HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class System(str, Enum):
    """A system that the app calls and that can refuse a request or be unavailable."""

    AZURE_DEVOPS = "azure_devops"
    AHA = "aha"
    STORAGE = "storage"

    @property
    def display_name(self) -> str:
        """The system's name for people."""
        return {"azure_devops": "Azure DevOps", "aha": "Aha!", "storage": "Table Storage"}[self.value]


MOST_ERRORS = 100
"""The most errors in the input that one answer names."""
_LONGEST_POINTER, _LONGEST_DETAIL = 300, 500


@dataclass(frozen=True)
class InputError:
    """One error in the input: where it is (RFC 6901 JSON pointer), and what is wrong.

    A long text is cut and ends with an ellipsis, because a key in a pointer may have millions of characters.
    """

    pointer: str
    detail: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "pointer", shortened(self.pointer, _LONGEST_POINTER))
        object.__setattr__(self, "detail", shortened(self.detail, _LONGEST_DETAIL))


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning and an ellipsis if it is longer than `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class OperationFailed(Exception):
    """A failure with a stable `code`, and a `detail` that says what is wrong and what to do about it.

    `evidence` has further facts for the log (HTTP status, remote error code, work item id) and never a secret.
    `retry_after` is in seconds, None if waiting does not help. `follows_unanswered`: an earlier attempt of the same
    request got no answer, so that attempt may have been carried out. `may_pass`: a later operation may succeed although
    nobody repairs anything. `needs_access`: it may succeed once a person has renewed a token or given a right.
    `is_outage`: other operations that need the same system may fail, too.
    """

    code = "internal_error"
    title = "The operation failed"
    may_pass = False
    needs_access = False
    is_outage = False

    def __init__(
        self, detail: str, *, retry_after: float | None = None, evidence: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after
        self.evidence: dict[str, Any] = dict(evidence or {})
        self.follows_unanswered = False


class InvalidInput(OperationFailed):
    """The request is not valid. Nothing was done."""

    code = "invalid_request"
    title = "The request is not valid"


class InvalidJson(InvalidInput):
    """The body is not valid JSON in UTF-8."""

    code = "invalid_json"
    title = "The body is not valid JSON"


class InvalidRequest(InvalidInput):
    """The body is valid JSON, but not what the operation accepts.

    `errors` has every error, at most 100; `count` is their number if there were more.
    """

    def __init__(self, errors: Sequence[InputError], *, count: int | None = None) -> None:
        summary = "; ".join(f"{error.pointer or '/'}: {error.detail}" for error in errors[:3])
        count = len(errors) if count is None else count
        more = f" (and {count - 3} more)" if count > 3 else ""
        super().__init__(f"{summary}{more}")
        self.errors = tuple(errors[:MOST_ERRORS])


class BodyTooLarge(InvalidInput):
    """The body is over the size limit and was not read."""

    code = "body_too_large"
    title = "The body is too large"


class IntegrationUnusable(OperationFailed):
    """The configuration of the integration does not allow the operation."""


class IntegrationNotFound(IntegrationUnusable):
    """There is no integration with this id."""

    code = "integration_not_found"
    title = "There is no such integration"


def no_integration(integration_id: str) -> IntegrationNotFound:
    """The error for an id that no integration has."""
    return IntegrationNotFound(
        f"There is no integration {integration_id!r}. Check the id in the address; GET /api/integrations lists them."
    )


class IntegrationDisabled(IntegrationUnusable):
    """The integration is complete but not enabled."""

    code = "integration_disabled"
    title = "The integration is disabled"


class IntegrationIncomplete(IntegrationUnusable):
    """The integration lacks something that the operation needs. `detail` lists what."""

    code = "integration_incomplete"
    title = "The integration is not complete"


class ProductTaken(IntegrationUnusable):
    """Another integration already has this product."""

    code = "product_taken"
    title = "The product belongs to another integration"


class OrganizationInUse(IntegrationUnusable):
    """Links of the integration lead to work items of its previous organization."""

    code = "organization_in_use"
    title = "The integration has links to work items of its organization"


class OtherProduct(IntegrationUnusable):
    """The feature belongs to a product other than the integration's. Nothing was done."""

    code = "other_product"
    title = "The feature belongs to another product"


class ConcurrentChange(OperationFailed):
    """Another operation changed the same object at the same time."""

    may_pass = True


class FeatureBusy(ConcurrentChange):
    """Another send of the same feature did not finish in time."""

    code = "feature_busy"
    title = "Another send of the feature is running"


class UnlinkedMeanwhile(FeatureBusy):
    """Somebody unlinked the record while it was sent. Only a person decides whether it is sent again."""

    may_pass = False


class PreconditionFailed(ConcurrentChange):
    """If-Match does not match the stored version."""

    code = "precondition_failed"
    title = "The integration was changed in the meantime"


class RevisionConflict(ConcurrentChange):
    """A write tested for a revision that is no longer the work item's current one."""

    code = "revision_conflict"
    title = "The work item was changed in the meantime"


class NotLinked(OperationFailed):
    """The record has no work item in this integration."""

    code = "not_linked"
    title = "The record has no work item"


class AlreadyLinked(OperationFailed):
    """The work item belongs to another record, or the record has another work item. `detail` names the other one."""

    code = "already_linked"
    title = "The record or the work item is linked already"


class LinkChanged(ConcurrentChange):
    """Some links or claims were changed since they were read. The rows of the other records were written.

    `aha_ids` are the records whose rows were not written. `written` has what is now stored for the other records, by
    Aha! id.
    """

    code = "link_changed"
    title = "The link was changed in the meantime"

    def __init__(self, aha_ids: Sequence[str], *, written: Mapping[str, Any] | None = None) -> None:
        self.aha_ids = tuple(aha_ids)
        self.written = dict(written or {})
        super().__init__(f"The links of {', '.join(self.aha_ids)} were changed since they were read.")


class Refused(OperationFailed):
    """The other system refused the request. Repeating the same request does not help."""

    reason = "refused"

    def __init__(self, system: System, detail: str, *, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail, evidence=evidence)
        self.system = system
        self.code = f"{system.value}_{self.reason}"
        self.title = f"{system.display_name} refused the request"


class CredentialsRejected(Refused):
    """The token is malformed, unknown, expired or revoked, or it lacks a scope."""

    reason = "credentials_rejected"
    needs_access = True


class Forbidden(Refused):
    """The token is valid, but its user lacks a right."""

    reason = "forbidden"
    needs_access = True


class NotFound(Refused):
    """The object does not exist, or the token's user cannot see it. The other system does not say which."""

    reason = "not_found"


class RuleViolation(Refused):
    """A value violates a rule of the other system."""

    reason = "rule_violation"


class Unavailable(OperationFailed):
    """The system was down, too slow or throttling until the retries ended.

    `outcome_unknown`: the request may have taken effect although there was no answer. `may_still_run`: it may still
    take effect later, because the client only stopped waiting.
    """

    may_pass = True
    is_outage = True

    def __init__(
        self,
        system: System,
        detail: str,
        *,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
        may_still_run: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, retry_after=retry_after, evidence=evidence)
        self.system = system
        self.outcome_unknown = outcome_unknown
        self.may_still_run = may_still_run
        self.code = f"{system.value}_unavailable"
        self.title = f"{system.display_name} is not available"


class TimeSpent(Unavailable):
    """The operation's time budget ended before the request was sent."""


class NewerRow(Unavailable):
    """A newer version of this app wrote a row of Table Storage. Work on other rows continues."""

    is_outage = False


class Defect(OperationFailed):
    """A defect of this app. `detail` names the operation id, under which the app's own log has the stack trace."""


class TooBusy(OperationFailed):
    """The app already runs as many operations of this kind as it allows. Nothing was done."""

    code = "app_busy"
    title = "The app is busy"
    may_pass = True


class SettingInvalid(OperationFailed):
    """An app setting is missing or malformed. `detail` names it and says what it must contain."""

    title = "An app setting needs attention"
