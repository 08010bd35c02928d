"""Keep a failure with its record, whether another system refused the record or a defect of this app stopped it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from shared import log_events
from shared.errors import Defect, NotFound, OperationFailed
from shared.operation import Operation

logger = logging.getLogger(__name__)

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def isolated(
    call: Callable[[Argument], Result], operation: Operation, name: Callable[[Argument], str]
) -> Callable[[Argument], Result | OperationFailed]:
    """`call`, changed to return a failure instead of raising it. `name` describes an argument in a word or two."""

    def attempt(argument: Argument) -> Result | OperationFailed:
        try:
            return call(argument)
        except OperationFailed as error:
            return error
        except Exception as error:
            return log_defect(operation, error, name(argument))

    return attempt


def done_and_failed(
    arguments: Iterable[Argument], outcomes: Iterable[Result | OperationFailed]
) -> tuple[list[tuple[Argument, Result]], list[tuple[Argument, OperationFailed]]]:
    """The results of an isolated call, each with its argument: first the successes, then the failures."""
    done: list[tuple[Argument, Result]] = []
    failed: list[tuple[Argument, OperationFailed]] = []
    for argument, outcome in zip(arguments, outcomes, strict=True):
        if isinstance(outcome, OperationFailed):
            failed.append((argument, outcome))
        else:
            done.append((argument, outcome))
    return done, failed


def of_record(outcome: Result | OperationFailed) -> Result | OperationFailed:
    """The outcome of an isolated call about one record. A failure that also stops every other record is raised."""
    if isinstance(outcome, OperationFailed) and not isinstance(outcome, NotFound | Defect):
        raise outcome
    return outcome


def log_defect(operation: Operation, error: Exception, name: str) -> Defect:
    """Log a defect that stopped one record. The app's own log gets the stack trace, the answer does not."""
    # A name from JSON can have half of a surrogate pair, which the platform's log cannot encode.
    printable = name.encode("utf-8", "replace").decode()
    logger.error("A defect stopped %s in operation %s", printable, operation.id, exc_info=error)
    operation.log.add(
        log_events.RECORD_DEFECT,
        f"A defect of this app stopped {name}: {type(error).__name__}. The log of the function app has the stack "
        "trace.",
        code=Defect.code,
        record=name,
    )
    return Defect(
        f"A defect of this app stopped {name}. Give the person who operates the app this operation id: {operation.id}. "
        "The log of the function app has the details."
    )
