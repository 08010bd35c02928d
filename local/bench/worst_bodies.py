"""Processor time and memory of the worst bodies that a caller can send, by their size."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import requests

from local.bench.measured_system import AZURE_DEVOPS, MeasuredSystem
from local.bench.progress import progress
from local.bench.tables import Table

MEGABYTE = 1_000_000
_ENVELOPE = 200
"""Bytes around the part that is repeated."""


def _repeated(piece: str, size: int) -> str:
    return piece * ((size - _ENVELOPE) // len(piece))


def _with_key(piece: str) -> Callable[[int], str]:
    """An unknown key of the feature with a list of these pieces."""
    return lambda size: (
        f'{{"feature": {{"id": "worst", "name": "x", "unknown": [{_repeated(piece, size)} 0]}}}}'
    )


def _with_requirements(piece: str) -> Callable[[int], str]:
    return lambda size: (
        f'{{"feature": {{"id": "worst", "name": "x", "requirements": [{_repeated(piece, size)} {{}}]}}}}'
    )


def _nested(size: int) -> str:
    return f'{{"feature": {"[" * (size // 2)}{"]" * (size // 2)}}}'


def _described(piece: str) -> Callable[[int], str]:
    """A description of these pieces. It may be 4,000,000 characters long: a longer one is refused."""

    def body(size: int) -> str:
        feature = {"id": "worst", "name": "x", "description": _repeated(piece, size)}
        return json.dumps({"feature": feature})

    return body


BODIES: dict[str, Callable[[int], str]] = {
    "JSON: empty objects": _with_key("{},"),
    "JSON: numbers": _with_key("1,"),
    "JSON: lists in lists": _nested,
    "JSON: requirements with faults": _with_requirements("{},"),
    "HTML: attributes": _described("<a a=b c=d>"),
    "HTML: unfinished tags": _described("<a "),
    "HTML: unfinished comments": _described("<!-- "),
    "HTML: character references": _described("&#1;&copy=&"),
    "HTML: line ends": _described("<br>\n"),
    "HTML: images": _described("<img src=x>"),
    "HTML: elements in elements": _described("<b>"),
}
"""Each of about this many bytes."""


MARKDOWN = {
    "Markdown: links": "[a](",
    "Markdown: emphasis": "*a **b ",
    "Markdown: tables": "|a|\n|-|\n",
    "Markdown: quotes and lists": "> - ",
    "Markdown: entities": "&#x",
}
"""Pieces of descriptions that an engineer keeps in Markdown."""

_MARKDOWN_SIZES = (0.05, 0.1, 1)
"""Up to 100,000 characters are rendered. Azure DevOps takes no description over 1,048,576 characters."""


def worst_bodies(measured: MeasuredSystem, sizes: Sequence[int] = (1, 4, 10)) -> Table:
    """Dry runs of the worst bodies, each in a new function host. `sizes` are in megabytes."""
    table = Table(
        "The worst bodies that a caller can send, answered by a dry run",
        ("body", "MB", "status", "answer kB", "CPU s", "CPU s / MB", "memory MiB", "memory MiB / MB"),
        "Each runs in a new function host. Azure DevOps refuses the work item. Memory is the peak above the memory "
        "before it. The app refuses a description over 4,000,000 characters, and a body with more values than a "
        "feature can have. Markdown comes with a notification; above 100,000 characters, it is not rendered.",
    )
    # The sandbox's own clean-up of HTML is slow, and not what is measured.
    refusal = {
        "status": 400,
        "body": {"message": "TF51011: The specified area path does not exist."},
        "times": None,
    }
    measured.control(AZURE_DEVOPS, "POST", "/faults", {"path": "/wit/workitems/", **refusal})
    for name, body_of in BODIES.items():
        progress(f"  {name}")
        for size in sizes:
            table.add(name, size, *_cost_of_send(measured, body_of(size * MEGABYTE), size))
    measured.control(AZURE_DEVOPS, "DELETE", "/faults")
    for name, piece in MARKDOWN.items():
        progress(f"  {name}")
        for markdown_size in _MARKDOWN_SIZES:
            table.add(name, markdown_size, *_cost_of_notification(measured, piece, markdown_size))
    return table


Costs = tuple[int, float, float, float, float, float]


def _cost_of_send(measured: MeasuredSystem, body: str, megabytes: float) -> Costs:
    measured.restart_host()
    # Otherwise imports and the first connections would count.
    _answer(measured, '{"feature": {"id": "small", "name": "x", "description": "<p>y</p>"}}')
    return _cost(measured, lambda: _answer(measured, body), megabytes)


def _cost_of_notification(measured: MeasuredSystem, piece: str, megabytes: float) -> Costs:
    """A notification of a work item whose description was switched to Markdown."""
    (work_item_id,) = measured.linked_work_items(1)
    measured.restart_host()
    _write_markdown(measured, work_item_id, "# Small")
    measured.notify(work_item_id)
    _write_markdown(measured, work_item_id, piece * int(megabytes * MEGABYTE / len(piece)))

    return _cost(measured, lambda: measured.notification(work_item_id), megabytes)


def _write_markdown(measured: MeasuredSystem, work_item_id: int, markdown: str) -> None:
    operations = [
        {"op": "add", "path": "/fields/System.Description", "value": markdown},
        {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"},
    ]
    measured.control(AZURE_DEVOPS, "POST", "/edit", {"id": work_item_id, "operations": operations})


def _cost(measured: MeasuredSystem, work: Callable[[], requests.Response], megabytes: float) -> Costs:
    host = measured.host
    host.forget_peak()
    memory, cpu = host.resident_mebibytes(), host.cpu_seconds()
    answer = work()
    seconds, mebibytes = host.cpu_seconds() - cpu, host.peak_mebibytes() - memory
    return (
        answer.status_code,
        len(answer.content) / 1000,
        *(seconds, seconds / megabytes, mebibytes, mebibytes / megabytes),
    )


def _answer(measured: MeasuredSystem, body: str) -> requests.Response:
    return requests.post(
        f"{measured.system.functions_url}/api/integrations/{measured.integration_id}/features?dry_run=true",
        data=body.encode(),
        headers={"x-functions-key": measured.system.function_key, "content-type": "application/json"},
        timeout=300,
    )
