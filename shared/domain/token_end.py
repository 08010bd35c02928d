"""The last day of a personal access token. A person enters it, because the app cannot read it from Azure DevOps."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from shared.domain.health import OpenProblem
from shared.domain.integration import AzureDevOpsTarget

EXPIRING = "azure_devops_token_expiring"
EXPIRED = "azure_devops_token_expired"
_WARNED_BEFORE = timedelta(days=14)


def token_end(target: AzureDevOpsTarget, now: datetime) -> OpenProblem | None:
    """The problem that the token expires within two weeks, or expired; None if it lasts longer, or its end is unknown.

    Dates are those of UTC. The token is accepted on its last day.
    """
    last_day = target.token_expires_on
    if last_day is None or target.uses_identity or target.personal_access_token is None:
        return None
    today = now.astimezone(timezone.utc).date()
    if today > last_day:
        return OpenProblem(
            _start_of(last_day + timedelta(days=1)),
            EXPIRED,
            f"The Azure DevOps token expired on {last_day}. Create a new one, and save it with its last day. If it was "
            "extended, correct the date.",
        )
    if today < last_day - _WARNED_BEFORE:
        return None
    return OpenProblem(
        _start_of(last_day - _WARNED_BEFORE),
        EXPIRING,
        f"The Azure DevOps token expires on {last_day}. Create a new one before that, and save it with its last day.",
    )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)
