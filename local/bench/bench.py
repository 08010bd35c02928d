"""One run of the bench: its latencies, its sizes, and the system that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

from local.bench.measured_system import MeasuredSystem
from local.system import LocalSystem

USUAL_SIZES = ((1, 1), (10, 3), (50, 5), (200, 0))
"""Requirements and attachments of the features that are sent."""


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    latency_ms: int = 50
    storage_latency_ms: int = 5
    sizes: Sequence[tuple[int, int]] = USUAL_SIZES
    is_full: bool = False


class Bench:
    """The system that is measured. It starts when a question needs it. A context manager."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._open = ExitStack()

    @cached_property
    def system(self) -> LocalSystem:
        """The running system."""
        return self._open.enter_context(LocalSystem())

    @cached_property
    def measured(self) -> MeasuredSystem:
        """The integration that most questions measure."""
        return MeasuredSystem(self.system, self.options.latency_ms)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
