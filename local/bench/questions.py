"""The questions that the bench answers, in the order in which it asks them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.bench.bench import Bench
from local.bench.growth_of_links import growth_of_links
from local.bench.growth_of_log import growth_of_log
from local.bench.overload import overload
from local.bench.processor import processor
from local.bench.receiving import webhooks
from local.bench.sending import MOST_REQUIREMENTS, growth_of_attachments, growth_of_requirements, sends
from local.bench.starting import first_requests, imports
from local.bench.storage import storage
from local.bench.tables import Table
from local.bench.threads import throughput
from local.bench.workers import workers
from local.bench.worst_bodies import worst_bodies


@dataclass(frozen=True)
class Question:
    """A question, with its name for `--only`."""

    name: str
    summary: str
    ask: Callable[[Bench], Table]


QUESTIONS = (
    Question("sends", "requests and time of sends", lambda bench: sends(bench.measured, bench.options.sizes)),
    Question(
        "storage",
        "requests to Table Storage",
        lambda bench: storage(bench.measured, bench.options.storage_latency_ms, bench.options.sizes),
    ),
    Question(
        "webhooks",
        "notifications per second by number of callers",
        lambda bench: webhooks(bench.measured, (1, 4, 16, 64), 64),
    ),
    Question(
        "threads",
        "notifications and sends per second by number of threads",
        lambda bench: throughput(bench.measured, (1, 2, 4, 8, 16, 32, 64)),
    ),
    Question(
        "workers",
        "notifications per second by number of workers",
        lambda bench: workers(bench.measured, _worker_counts(), 128),
    ),
    Question(
        "overload",
        "overload by notifications: rejections, and response times for people",
        lambda bench: overload(bench.measured, (0, 500, 5000)),
    ),
    Question("processor", "processor time by piece of work", lambda bench: processor(bench.measured)),
    Question("imports", "cold start: importing each function", lambda bench: imports()),
    Question(
        "first-requests",
        "cold start: a process's first request",
        lambda bench: first_requests(bench.measured),
    ),
    Question(
        "requirements",
        "growth: requirements of a send",
        lambda bench: growth_of_requirements(bench.measured, (1, 10, 100, MOST_REQUIREMENTS)),
    ),
    Question(
        "attachments",
        "growth: attachments of a send",
        lambda bench: growth_of_attachments(
            bench.measured, ((0, 20), (1, 20), (10, 20), (100, 20), (1, 50_000))
        ),
    ),
    Question(
        "worst-bodies",
        "processor time and memory of the worst bodies",
        lambda bench: worst_bodies(bench.measured),
    ),
    Question(
        "log",
        "growth: the log's writes and its clean-up",
        lambda bench: growth_of_log(bench.system, _counts(bench, 100, 10_000)),
    ),
    # The last question, because it slows down the emulator's queries of that table.
    Question(
        "links",
        "growth: links of an integration",
        lambda bench: growth_of_links(bench.measured, _counts(bench, 10, 1000, 10_000)),
    ),
)


def _worker_counts() -> Sequence[int]:
    """One worker, then twice as many each time, up to the number of cores."""
    return [count for count in (1, 2, 4, 8, 16) if count <= max(os.cpu_count() or 1, 2)]


def _counts(bench: Bench, *counts: int) -> Sequence[int]:
    return (*counts, *((100_000,) if bench.options.is_full else ()))


def chosen(names: str | None) -> list[Question]:
    """The questions with these names, separated by commas; None means all. Raises ValueError for an unknown name."""
    if names is None:
        return list(QUESTIONS)
    wanted = [name.strip() for name in names.split(",")]
    unknown = sorted(set(wanted) - {question.name for question in QUESTIONS})
    if unknown:
        known = ", ".join(question.name for question in QUESTIONS)
        raise ValueError(f"there is no table {', '.join(unknown)}; there are {known}")
    return [question for question in QUESTIONS if question.name in wanted]
