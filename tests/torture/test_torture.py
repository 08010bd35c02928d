"""Whatever happens, and in whatever order: one work item a record, no edit lost, both sides equal in the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.torture.laws import violations
from tests.torture.sequences import EDITS, MOST_REQUESTS
from tests.torture.stage import LocalStage
from tests.torture.wire import ON_THE_WIRE, Break
from tests.torture.workers import LocalWorkers
from tests.torture.world import World

SEQUENCES = 60
_PORTIONS = 5
"""So that two processes can share them."""

_STEPS = 7

_any = st.integers(0, 7)
_request = st.integers(0, MOST_REQUESTS)
_edit = st.sampled_from(EDITS)
_break = st.none() | st.sampled_from(ON_THE_WIRE)


@pytest.fixture(scope="module")
def stage(azurite_connection_string: str) -> Iterator[LocalStage]:
    """The servers that all sequences share."""
    logging.disable(logging.CRITICAL)
    stage = LocalStage(azurite_connection_string)
    yield stage
    stage.close()
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("portion", range(_PORTIONS))
def test_the_laws_hold_after_any_sequence(stage: LocalStage, portion: int) -> None:
    """Given any sequence of edits, sends, notifications, faults and deaths, then the laws of `laws.py` hold."""

    class Sequence(RuleBasedStateMachine):
        world: World

        @initialize(requirements=st.integers(0, 2))
        def begin(self, requirements: int) -> None:
            self.world = World(stage, LocalWorkers(stage))
            self.world.make_feature(requirements)

        @rule(requirements=st.integers(0, 2))
        def make_feature(self, requirements: int) -> None:
            self.world.make_feature(requirements)

        @rule(which=_any, what=_edit)
        def edit_in_aha(self, which: int, what: str) -> None:
            self.world.edit_in_aha(which, what)

        @rule(which=_any, what=_edit)
        def edit_in_azure_devops(self, which: int, what: str) -> None:
            self.world.edit_in_azure_devops(which, what)

        @rule(which=_any, status=_any)
        def set_status(self, which: int, status: int) -> None:
            self.world.set_status(which, status)

        @rule(which=_any, state=_any)
        def set_state(self, which: int, state: int) -> None:
            self.world.set_state(which, state)

        @rule(which=_any, to=_any)
        def move_requirement(self, which: int, to: int) -> None:
            self.world.move_requirement(which, to)

        @rule(which=_any)
        def restore_work_item(self, which: int) -> None:
            self.world.restore_work_item(which)

        @rule(which=_any)
        def hide_work_item(self, which: int) -> None:
            self.world.hide_work_item(which)

        @rule()
        def show_area(self) -> None:
            self.world.show_area()

        @rule(which=_any)
        def change_type(self, which: int) -> None:
            self.world.change_type(which)

        @rule(which=_any)
        def use_token(self, which: int) -> None:
            self.world.use_token(which)

        @rule(which=_any)
        def delete_work_item(self, which: int) -> None:
            self.world.delete_work_item(which)

        @rule(which=_any)
        def keep_payload(self, which: int) -> None:
            self.world.keep_payload(which)

        @rule(which=_any)
        def send_late(self, which: int) -> None:
            self.world.send_late(which)

        @rule(which=_any, what=_edit)
        def overtake(self, which: int, what: str) -> None:
            self.world.overtake(which, what)

        @rule(which=_any, kind=_break, at=_request)
        def send(self, which: int, kind: Break | None, at: int) -> None:
            self.world.send(which, kind, at)

        @rule(which=_any)
        def send_twice_at_once(self, which: int) -> None:
            self.world.send_twice_at_once(which)

        @rule(which=_any, what=_edit, at=_request)
        def edit_while_sending(self, which: int, what: str, at: int) -> None:
            self.world.edit_while_sending(which, what, at)

        @rule(which=_any, what=_edit, at=_request)
        def late_answer(self, which: int, what: str, at: int) -> None:
            self.world.late_answer(which, what, at)

        @rule(which=_any, kind=_break, at=_request, keep=st.booleans())
        def deliver(self, which: int, kind: Break | None, at: int, keep: bool) -> None:
            self.world.deliver(which, kind, at, keep=keep)

        @rule(which=_any)
        def deliver_two_at_once(self, which: int) -> None:
            self.world.deliver_two_at_once(which)

        @rule(which=_any)
        def drop(self, which: int) -> None:
            self.world.drop(which)

        @rule(kind=_break, at=_request)
        def reconcile(self, kind: Break | None, at: int) -> None:
            self.world.reconcile(kind, at)

        def teardown(self) -> None:
            if hasattr(self, "world"):
                found = violations(self.world)
                assert not found, "\n".join([*self.world.steps, *found])

    # The same sequences at every run; `python dev.py torture` goes on to others.
    machine: Any = seed(portion)(Sequence)
    check: Any = run_state_machine_as_test
    check(
        machine,
        settings=settings(
            max_examples=SEQUENCES // _PORTIONS,
            stateful_step_count=_STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
