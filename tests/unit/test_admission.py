"""Only so many operations of one kind at a time."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from shared.admission import Admission
from shared.errors import TooBusy


def test_as_many_as_allowed_run_at_a_time_and_a_further_one_is_told_when_to_come_again() -> None:
    admission = Admission(2)

    with ExitStack() as running:
        running.enter_context(admission.one())
        running.enter_context(admission.one())
        with pytest.raises(TooBusy) as refused, admission.one():
            pass

    assert refused.value.retry_after
    with admission.one():
        pass


def test_an_operation_that_fails_makes_room() -> None:
    admission = Admission(1)
    for _ in range(3):
        with pytest.raises(KeyError), admission.one():
            raise KeyError
