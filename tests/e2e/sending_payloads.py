"""Features with requirements and attachments as Aha! sends them, made for one test each."""

from __future__ import annotations

import itertools
from typing import Any

Json = dict[str, Any]

_numbers = itertools.count(1)
_FIRST_ID = 7_600_000_000_000_000_000


def record(page: str, name: str | None, body: str, changes: Json) -> Json:
    """What features and requirements have in common, with an id that no other record has."""
    number = next(_numbers)
    made: Json = {
        "id": str(_FIRST_ID + number),
        "reference_num": f"TEST-{number}",
        "name": name,
        "url": f"https://fabrikam.example/{page}/TEST-{number}",
        "description": {"id": str(2 * _FIRST_ID + number), "body": body, "attachments": []},
        "attachments": [],
        "integration_fields": [],
        "workflow_status": {"id": "1", "name": "Under consideration"},
    }
    return made | changes


def requirement(
    name: str | None = "Card form", body: str = "<p>Number and date.</p>", **changes: Any
) -> Json:
    """A requirement; `changes` are keys of the payload."""
    return record("requirements", name, body, changes)


def feature(
    name: str | None = "Pay by card",
    body: str = "<p>A customer pays by card.</p>",
    requirements: tuple[Json, ...] | list[Json] = (),
    **changes: Any,
) -> Json:
    """A feature with requirements, which get their positions in this order; `changes` are keys of the payload."""
    placed = [{"position": place, **item} for place, item in enumerate(requirements, start=1)]
    product = {"reference_prefix": "PROD"}
    return record("features", name, body, {"requirements": placed, "project": product, **changes})


def requirements(count: int) -> list[Json]:
    """Several requirements, named by their number."""
    return [requirement(f"Requirement {number}") for number in range(1, count + 1)]


def described(item: Json, body: str) -> Json:
    """The record with another description."""
    return {**item, "description": {**item["description"], "body": body}}


def linked_to(work_item_id: Any, service: str = "vsts", name: str = "id") -> list[Json]:
    """The integration fields by which Aha! says that another integration linked a record to a work item."""
    return [{"id": "1", "name": name, "value": work_item_id, "service_name": service, "integration_id": "2"}]
