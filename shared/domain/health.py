"""Which problems of an integration are open.

A record's problem is open until the record is synced or leaves its feature. Any other problem is open until an
operation of the same kind succeeds. A refused token is open until the system that refused it answers in a successful
operation of the same kind, test of the stored connection, or send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.errors import System
from shared.operation_outcome import OperationKind, OperationOutcome, Problem

MOST_PROBLEMS = 20
MOST_RECORDS = 100
"""The most records whose problems are followed up, the last ones that failed."""

_PROVE_A_TOKEN = (OperationKind.CONNECTION_TEST, OperationKind.SEND)


@dataclass(frozen=True)
class Proof:
    """A success of one kind of operation; with `system`, one in which that system answered."""

    kind: OperationKind
    system: System | None = None


@dataclass(frozen=True)
class FailingRecord:
    """A record, its feature's Aha! id, and when it last failed."""

    name: str
    feature_id: str
    failed_at: datetime


@dataclass(frozen=True)
class OpenProblem:
    """The newest error with a code, and the records for which that code is open, newest first.

    `operation_id` is empty if no operation reported the problem.
    """

    at: datetime
    code: str
    detail: str
    operation_id: str = ""
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """The health of an integration. `last_error` is the newest error, open or not."""

    last_sent_at: datetime | None = None
    last_received_at: datetime | None = None
    last_error: OpenProblem | None = None
    open_problems: tuple[OpenProblem, ...] = ()


def wanted_proofs(failed: Iterable[OperationOutcome]) -> frozenset[Proof]:
    """The successes that would close the problems that do not belong to a record."""
    return frozenset(
        proof
        for operation in failed
        for problem in operation.problems
        if not problem.is_of_record
        for proof in _proofs(operation.kind, problem)
    )


def failing_records(failed: Iterable[OperationOutcome]) -> list[FailingRecord]:
    """The records that failed last with their own problems, each once. `failed`: newest first."""
    found: dict[str, FailingRecord] = {}
    for operation in failed:
        for problem in operation.problems:
            if problem.is_of_record and problem.record not in found:
                found[problem.record] = FailingRecord(problem.record, problem.feature_id, operation.ended_at)
                if len(found) == MOST_RECORDS:
                    return list(found.values())
    return list(found.values())


def by_features(records: Iterable[FailingRecord], most: int) -> list[list[FailingRecord]]:
    """The records, those of at most `most` features together. The records of one feature stay together."""
    of_feature: dict[str, list[FailingRecord]] = {}
    for record in records:
        of_feature.setdefault(record.feature_id, []).append(record)
    families = list(of_feature.values())
    return [
        [record for family in families[start : start + most] for record in family]
        for start in range(0, len(families), most)
    ]


def followed_up(
    records: Iterable[FailingRecord], operations: Sequence[OperationOutcome], *, is_complete: bool
) -> dict[str, datetime | None]:
    """When each of these records last went through or left its feature, None for never since it failed.

    `is_complete`: the operations are all that there were since the first of the records failed. If they are not, a
    record that none of them settles is left out: it is not known how it stands.
    """
    found: dict[str, datetime | None] = {}
    for record in records:
        moments = [one.ended_at for one in operations if one.settles(record.name, record.feature_id)]
        if moments or is_complete:
            found[record.name] = max(moments, default=None)
    return found


def open_problems(
    failed: Sequence[OperationOutcome],
    succeeded_at: Mapping[Proof, datetime],
    followed: Mapping[str, datetime | None],
) -> tuple[OpenProblem, ...]:
    """The open problems, newest first, one for each code.

    Args:
        failed: operations with problems, newest first.
        succeeded_at: when each proof was last given, if ever.
        followed: for each record that was followed up, when it was last synced; None for never.
    """
    found: dict[str, list[tuple[OperationOutcome, Problem]]] = {}
    for operation in failed:
        for problem in operation.problems:
            if _is_open(operation, problem, succeeded_at, followed):
                found.setdefault(problem.code, []).append((operation, problem))
    problems = [_grouped(group) for group in found.values()]
    return tuple(sorted(problems, key=lambda one: one.at, reverse=True)[:MOST_PROBLEMS])


def with_problem(health: Health, problem: OpenProblem | None) -> Health:
    """The health with one more open problem, if there is one."""
    if problem is None:
        return health
    problems = sorted((*health.open_problems, problem), key=lambda one: one.at, reverse=True)
    return replace(health, open_problems=tuple(problems[:MOST_PROBLEMS]))


def last_error(failed: Sequence[OperationOutcome]) -> OpenProblem | None:
    """The newest error of all."""
    everything = [(operation, problem) for operation in failed for problem in operation.problems]
    if not everything:
        return None
    return _grouped([max(everything, key=lambda pair: pair[1].at)])


def _is_open(
    operation: OperationOutcome,
    problem: Problem,
    succeeded_at: Mapping[Proof, datetime],
    followed: Mapping[str, datetime | None],
) -> bool:
    if problem.is_of_record:
        return problem.record in followed and not _is_after(followed[problem.record], operation)
    proofs = _proofs(operation.kind, problem)
    return not any(_is_after(succeeded_at.get(proof), operation) for proof in proofs)


def _proofs(kind: OperationKind, problem: Problem) -> tuple[Proof, ...]:
    system = problem.refused_by
    if system is None:
        return (Proof(kind),)
    return tuple(Proof(one, system) for one in dict.fromkeys((kind, *_PROVE_A_TOKEN)))


def _is_after(moment: datetime | None, operation: OperationOutcome) -> bool:
    return moment is not None and moment > operation.ended_at


def _grouped(group: Sequence[tuple[OperationOutcome, Problem]]) -> OpenProblem:
    operation, newest = max(group, key=lambda pair: pair[1].at)
    records = dict.fromkeys(problem.record for _, problem in group if problem.record)
    return OpenProblem(
        newest.at, newest.code, newest.detail, operation.operation_id, tuple(records)[:MOST_RECORDS]
    )
