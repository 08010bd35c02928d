"""A create starts and ends while the claim of its record holds, so that no other send begins the same create."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.clients.transport import NoAnswer, Transport
from shared.domain.claims import CLAIM_HOLDS, RENEW_AFTER
from shared.errors import Unavailable
from tests.unit.operations import Clock, an_operation


class DeafTransport(Transport):
    """Reaches nobody. `ends` are the times at which each attempt would have ended at the latest."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(allow_local=True)
        self._clock = clock
        self.ends: list[float] = []

    def send(self, *_: Any, within: float = 0.0, **__: Any) -> NoReturn:
        """Fail after a second, as a host does that refuses connections."""
        self.ends.append(self._clock() + within)
        self._clock.sleep(1)
        raise NoAnswer("the host refuses the connection", sent=False)


def create(azure_devops: AzureDevOps) -> object:
    """Create a work item alone."""
    return azure_devops.create_work_item("Fabrikam", "Feature", [])


def submit(azure_devops: AzureDevOps) -> object:
    """Create work items by a batch."""
    return azure_devops.submit_batch([azure_devops.create_operation("Fabrikam", "Feature", [])])


@pytest.mark.parametrize("request_creates", [create, submit])
def test_the_last_attempt_of_a_create_ends_while_a_claim_holds_that_was_just_not_renewed(
    request_creates: Callable[[AzureDevOps], object],
) -> None:
    clock = Clock()
    operation, _ = an_operation(600, clock)
    process_state = ProcessState(allow_local=True)
    process_state.transport = transport = DeafTransport(clock)
    azure_devops = AzureDevOps(
        base_url="https://dev.azure.com",
        account_name="fabrikam",
        authorization=lambda: "Basic Og==",
        operation=operation,
        process_state=process_state,
        sleep=clock.sleep,
    )
    claimed_at = clock() - RENEW_AFTER.total_seconds()

    with pytest.raises(Unavailable):
        request_creates(azure_devops)

    assert len(transport.ends) > 1
    assert timedelta(seconds=max(transport.ends) - claimed_at) < CLAIM_HOLDS
