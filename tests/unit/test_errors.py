"""The tree of errors: what a caller can do about each."""

from __future__ import annotations

from shared import errors
from tests.unit.test_edge import all_errors

MAY_PASS = {
    "ConcurrentChange",
    "FeatureBusy",
    "PreconditionFailed",
    "RevisionConflict",
    "LinkChanged",
    "Unavailable",
    "TimeSpent",
    "NewerRow",
    "TooBusy",
}


def test_what_nobody_has_to_repair_may_pass() -> None:
    kinds = [kind for kind in all_errors() if kind.__module__ == errors.__name__]

    assert {kind.__name__ for kind in kinds if kind.may_pass} == MAY_PASS


def test_a_missing_token_or_right_needs_access() -> None:
    kinds = [kind for kind in all_errors() if kind.__module__ == errors.__name__]

    assert {kind.__name__ for kind in kinds if kind.needs_access} == {"CredentialsRejected", "Forbidden"}


def test_a_system_that_does_not_answer_is_an_outage_and_a_row_of_a_newer_version_is_none() -> None:
    kinds = [kind for kind in all_errors() if kind.__module__ == errors.__name__]

    assert {kind.__name__ for kind in kinds if kind.is_outage} == {"Unavailable", "TimeSpent"}
