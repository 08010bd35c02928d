"""The app's own threads, for work that waits for other systems.

Every thread that the app starts is one of `Threads`. It knows the invocation that it works for, because the Functions
host drops log lines without an invocation id (Azure/azure-functions-python-worker issues 1158 and 1860). The worker
for Python 3.12 and older looks for the id in the thread's own storage, `context.thread_local_storage`
(https://learn.microsoft.com/azure/azure-functions/functions-reference-python#logging-from-created-threads). The one for
3.13 and newer looks for it in a context variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import Lock
from typing import Any, Protocol, TypeVar

MOST_AT_ONCE = 16

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class Invocation(Protocol):
    """The platform's context of a call: its id, and where a thread keeps the id of the call that it works for."""

    @property
    def invocation_id(self) -> str: ...

    @property
    def thread_local_storage(self) -> Any: ...


_invocation: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


@contextmanager
def working_for(invocation: Invocation) -> Iterator[None]:
    """Threads that start inside this context work for this invocation."""
    token = _invocation.set(invocation)
    try:
        yield
    finally:
        _invocation.reset(token)


class Threads(ThreadPoolExecutor):
    """Threads that work for the same invocation as the caller, in a copy of the caller's context.

    When the process is about to end, Python starts no more threads. The caller's thread then makes the call, so that a
    running operation can finish.
    """

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, thread_name_prefix=name)

    def submit(self, call: Callable[..., Result], /, *arguments: Any, **named: Any) -> Future[Result]:
        """Make a call on one of the threads."""
        task = _Task(lambda: call(*arguments, **named))
        try:
            super().submit(task.run)
        except RuntimeError:
            task.run()
        return task.future


class _Task:
    """A call that is made once, by the first thread that begins it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.future: Future[Any] = Future()
        self._call = call
        self._context = copy_context()
        self._is_taken = Lock()

    def run(self) -> None:
        """Make the call, unless another thread has begun it."""
        # If submit raises because no thread can start, it has already put the task into the queue.
        if not self._is_taken.acquire(blocking=False):
            return
        try:
            self.future.set_result(self._context.run(_marked, self._call))
        except BaseException as error:
            self.future.set_exception(error)


def _marked(call: Callable[[], Result]) -> Result:
    """Make a call on a thread that carries its invocation id."""
    invocation = _invocation.get()
    if invocation is not None:
        invocation.thread_local_storage.invocation_id = invocation.invocation_id
    return call()


def in_parallel(
    call: Callable[[Argument], Result], arguments: Sequence[Argument], most: int = MOST_AT_ONCE
) -> list[Result]:
    """Call once for each argument, at most `most` at a time; the results, in the arguments' order.

    Every use makes its own threads, so that a call may use this function too without a deadlock. Raises the error of
    the first call that failed, once all calls have ended.
    """
    if len(arguments) <= 1:
        return [call(argument) for argument in arguments]
    with Threads(min(len(arguments), most), "parallel") as threads:
        return [future.result() for future in [threads.submit(call, argument) for argument in arguments]]
