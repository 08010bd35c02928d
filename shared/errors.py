"""Every failure that a caller can be told of, in one tree, split by what to do next.

    OperationFailed
    ├── InvalidInput              mend the request
    │   ├── InvalidJson
    │   ├── InvalidRequest        names every fault by its JSON pointer
    │   └── BodyTooLarge
    ├── IntegrationUnusable       mend the integration
    │   ├── IntegrationNotFound
    │   ├── IntegrationDisabled
    │   ├── IntegrationIncomplete
    │   └── ProductTaken
    ├── ConcurrentChange          look again, then repeat
    │   ├── FeatureBusy
    │   ├── PreconditionFailed
    │   ├── RevisionConflict      never leaves a use case: it re-reads and decides anew
    │   └── LinkChanged           never leaves a use case either
    ├── Refused                   mend the token, the rights or the values; `system` says where
    │   ├── CredentialsRejected
    │   ├── Forbidden
    │   ├── NotFound
    │   └── RuleViolation
    ├── Unavailable               wait, then repeat; `system` says for what
    │   └── TimeSpent             the operation's own time is over
    └── SettingInvalid            mend the app setting

What each becomes as an HTTP answer is decided in one place, `shared.edge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class System(str, Enum):
    """The systems outside this app that can refuse a request or be down."""

    AZURE_DEVOPS = "azure_devops"
    AHA = "aha"
    STORAGE = "storage"

    @property
    def display_name(self) -> str:
        """The name a person knows the system by."""
        return {"azure_devops": "Azure DevOps", "aha": "Aha!", "storage": "Table Storage"}[self.value]


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input: where (RFC 6901 JSON pointer) and what."""

    pointer: str
    detail: str


class OperationFailed(Exception):
    """A failure with a stable `code`, and a `detail` that tells a person what is wrong and what to do.

    `evidence` holds what the log should keep beside it (HTTP status, the remote error code, a work item id); it never
    holds secrets. `retry_after` is in seconds, None where waiting does not help.
    """

    code = "internal_error"
    title = "The operation failed"

    def __init__(
        self, detail: str, *, retry_after: float | None = None, evidence: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after
        self.evidence: dict[str, Any] = dict(evidence or {})


class InvalidInput(OperationFailed):
    """The request itself is at fault; nothing was done."""

    code = "invalid_request"
    title = "The request is not valid"


class InvalidJson(InvalidInput):
    """The body is not JSON in UTF-8."""

    code = "invalid_json"
    title = "The body is not JSON"


class InvalidRequest(InvalidInput):
    """The body is JSON of the wrong shape; `faults` names everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        summary = "; ".join(f"{fault.pointer or '/'}: {fault.detail}" for fault in faults[:3])
        more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
        super().__init__(f"{summary}{more}")
        self.faults = tuple(faults)


class BodyTooLarge(InvalidInput):
    """The body is over the limit; it was not read."""

    code = "body_too_large"
    title = "The body is too large"


class IntegrationUnusable(OperationFailed):
    """The integration cannot do what was asked as it is configured."""


class IntegrationNotFound(IntegrationUnusable):
    """There is no integration of this id."""

    code = "integration_not_found"
    title = "There is no such integration"


class IntegrationDisabled(IntegrationUnusable):
    """The integration is complete, but switched off."""

    code = "integration_disabled"
    title = "The integration is disabled"


class IntegrationIncomplete(IntegrationUnusable):
    """Something that a send needs is not configured yet; `detail` lists what."""

    code = "integration_incomplete"
    title = "The integration is not complete"


class ProductTaken(IntegrationUnusable):
    """Another integration holds the product already."""

    code = "product_taken"
    title = "The product belongs to another integration"


class ConcurrentChange(OperationFailed):
    """Somebody else changed the same thing at the same time."""


class FeatureBusy(ConcurrentChange):
    """The same feature is being sent elsewhere and did not finish in time."""

    code = "feature_busy"
    title = "The feature is being sent already"


class PreconditionFailed(ConcurrentChange):
    """If-Match named another version than the stored one."""

    code = "precondition_failed"
    title = "The integration has changed meanwhile"


class RevisionConflict(ConcurrentChange):
    """A write named a revision of the work item that is no longer the current one."""

    code = "revision_conflict"
    title = "The work item has changed meanwhile"


class LinkChanged(ConcurrentChange):
    """Links or claims are no longer as they were read; what was asked for the other records is done.

    `aha_ids` names the records it concerns. `holders` tells, for those of them whose work item belongs to another
    record, that record's Aha! id: reading again will not change that. `written` holds what is stored now for the
    others, by Aha! id.
    """

    code = "link_changed"
    title = "The link has changed meanwhile"

    def __init__(
        self,
        aha_ids: Sequence[str],
        *,
        holders: Mapping[str, str] | None = None,
        written: Mapping[str, Any] | None = None,
    ) -> None:
        self.aha_ids = tuple(aha_ids)
        self.holders = dict(holders or {})
        self.written = dict(written or {})
        taken = "".join(f" The work item of {one} belongs to {other}." for one, other in self.holders.items())
        super().__init__(f"The links of {', '.join(self.aha_ids)} are no longer as they were read.{taken}")


class Refused(OperationFailed):
    """The other system understood and said no; repeating the same request will not help."""

    reason = "refused"

    def __init__(self, system: System, detail: str, *, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail, evidence=evidence)
        self.system = system
        self.code = f"{system.value}_{self.reason}"
        self.title = f"{system.display_name} refused the request"


class CredentialsRejected(Refused):
    """The token is malformed, unknown, expired or revoked, or lacks a scope."""

    reason = "credentials_rejected"


class Forbidden(Refused):
    """The token is good, but its user lacks a right."""

    reason = "forbidden"


class NotFound(Refused):
    """The thing does not exist, or the token's user cannot see it: the other system does not tell which."""

    reason = "not_found"


class RuleViolation(Refused):
    """A value breaks a rule of the other system."""

    reason = "rule_violation"


class Unavailable(OperationFailed):
    """The system is down, too slow or throttling, for longer than the retries lasted.

    `outcome_unknown`: the request may have been carried out although no answer came. `may_still_run`: it may even be
    under way now, since it was only the waiting that ended.
    """

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
    """The operation's time is over before the request was made; nothing was sent."""


class SettingInvalid(OperationFailed):
    """An app setting is missing or malformed; `detail` names it and says what it should hold."""

    title = "An app setting needs attention"
