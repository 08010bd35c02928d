"""One job of a timer's run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.domain.integration import StoredIntegration
from shared.operation import Operation


@dataclass(frozen=True)
class Job:
    """Something to do for one integration. `since`: how long it has waited. `run` may raise OperationFailed."""

    stored: StoredIntegration
    since: datetime
    run: Callable[[Operation], None]
