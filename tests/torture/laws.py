"""What must hold when a sequence is over and everything has been sent and reconciled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.storage.links import StoredLink
from tests.torture.history import token_of
from tests.torture.workers import FEATURE_STATUSES, REQUIREMENT_STATUSES, SUCCEEDED
from tests.torture.world import Record, World

_ROUNDS = 4
"""One for what is outstanding, one for a conflict that it settled, one to spare, one in which nothing changes."""


def violations(world: World) -> list[str]:
    """Every law that does not hold, in words; the world is brought to rest first."""
    found = list(_restless(world))
    found += [f"the send of {name} was never finished" for name in world.unfinished_sends()]
    items, shown, stored = world.work_items(), world.aha_records(), world.stored()
    for record in world.records.values():
        mine = world.work_items_of(record, items)
        if len(mine) != 1:
            found.append(
                f"{record.kind} {record.id} has {len(mine)} work items: {[item['id'] for item in mine]}"
            )
            continue
        found += _sides_differ(record, shown[record.id], mine[0]["fields"])
        found += _rows_disagree(world, record, stored.get(record.id), mine[0]["id"])
        found += _wrong_parent(world, record, mine[0], items)
        found += _wrong_link_back(record, shown[record.id], stored.get(record.id))
    return found


def _sides_differ(record: Record, aha: dict[str, Any], fields: dict[str, Any]) -> Iterator[str]:
    """Both sides say the same, and it is something that may be left."""
    texts = {
        "name": (aha["name"], fields["System.Title"]),
        "description": (aha["description"], fields.get("System.Description") or ""),
    }
    for name, (ours, theirs) in texts.items():
        acceptable = record.history.fields[name].acceptable()
        if token_of(ours) != token_of(theirs):
            yield f"{record.id}: {name} differs: {ours!r} in Aha!, {theirs!r} in Azure DevOps"
        elif token_of(ours) not in acceptable:
            yield f"{record.id}: an edit of the {name} is lost: it says {ours!r}, not one of {sorted(acceptable)}"
    yield from (f"{record.id}: an edit is lost: {words}" for words in record.history.lost)
    statuses = record.history.state.acceptable(
        FEATURE_STATUSES if record.kind == "feature" else REQUIREMENT_STATUSES
    )
    if statuses is not None and aha["status"] not in statuses:
        yield f"{record.id}: a state is lost: the status is {aha['status']!r}, not one of {sorted(statuses)}"


def _rows_disagree(world: World, record: Record, stored: Any, work_item_id: int) -> Iterator[str]:
    """There is a link and no claim, and both of its rows say the same."""
    if not isinstance(stored, StoredLink):
        yield f"{record.id}: no link is left but {stored!r}"
        return
    other = world.by_work_item(work_item_id)
    if other is None or other.link != stored.link:
        yield f"{record.id}: the rows of the link disagree: {stored!r} and {other!r}"
    if stored.link.work_item_id != work_item_id:
        yield f"{record.id}: the link names work item {stored.link.work_item_id}, not {work_item_id}"


def _wrong_link_back(record: Record, aha: dict[str, Any], stored: Any) -> Iterator[str]:
    """The record's integration fields in Aha! name its work item, each once."""
    fields = sorted((one["name"], one["value"]) for one in aha["integration_fields"])
    link = stored.link if isinstance(stored, StoredLink) else None
    if link and fields != [("id", str(link.work_item_id)), ("url", link.work_item_url)]:
        yield f"{record.id}: Aha!'s fields are {fields}, and its work item is {link.work_item_id}"


def _wrong_parent(
    world: World, record: Record, item: dict[str, Any], items: list[dict[str, Any]]
) -> Iterator[str]:
    """A requirement's work item is below that of its feature."""
    if record.kind != "requirement":
        return
    feature = world.work_items_of(world.records[record.feature_id], items)
    parents = [
        int(relation["url"].rsplit("/", 1)[-1])
        for relation in item.get("relations") or ()
        if relation["rel"] == "System.LinkTypes.Hierarchy-Reverse"
    ]
    if parents != [entry["id"] for entry in feature]:
        yield f"{record.id}: work item {item['id']} is below {parents}, not below its feature's"


def _restless(world: World) -> Iterator[str]:
    """Everything is reconciled and sent until that changes nothing on either side, which must be soon."""
    before = after = _revisions(world)
    for _ in range(_ROUNDS):
        before, outcomes = after, world.become_quiet()
        after = _revisions(world)
        if before == after and all(outcome == SUCCEEDED for outcome in outcomes):
            return
    yield f"it does not come to rest: {before} became {after}, and the last sends ended with {outcomes}"


def _revisions(world: World) -> Any:
    items = {item["id"]: item["rev"] for item in world.work_items()}
    shown = {key: item["puts"] for key, item in world.aha_records().items() if key in world.records}
    return items, shown
