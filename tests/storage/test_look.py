"""Look: how each record stands, read from the table and from Azure DevOps. Each state that a record can be in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.clients.azure_devops import AzureDevOps
from shared.clients.process_state import ProcessState
from shared.clock import Clock
from shared.domain.images import Images
from shared.domain.integration_fields import read_integration_fields
from shared.domain.intentions import with_intentions
from shared.domain.links import Base, Field, Intention, Link, Side, digest
from shared.domain.markers import marker_of
from shared.domain.records import Record
from shared.domain.work_item import WorkItem
from shared.errors import Defect, NotFound, Unavailable
from shared.sending import look_steps
from shared.sending.look import look
from shared.sending.own_claims import OwnClaims
from shared.sending.record_state import RecordState
from shared.storage.keys import record_key, work_item_key
from shared.storage.link_rows import partition_of
from shared.storage.links import LinkStore, StoredClaim
from shared.storage.rows import Row, Upsert
from shared.storage.tables import Tables
from tests.storage.link_examples import established, stored_row
from tests.unit.examples import NOON, a_link, a_record, a_requirement, a_work_item, an_integration
from tests.unit.operations import Clock as ManualTime
from tests.unit.operations import Log, an_operation
from tests.unit.scripted_server import Asked, Reply, serving
from tests.unit.sending.send_contexts import a_context

PUBLIC_URL = "https://app.example.com"
FEATURE, REQUIREMENT = a_record(), a_requirement()
CHILD = a_work_item(id=20, type="User Story")


class Organization:
    """An Azure DevOps organization that has these work items; a deleted one is in the recycle bin."""

    def __init__(self) -> None:
        self._revisions: dict[int, list[dict[str, Any]]] = {}
        self.deleted: set[int] = set()
        self.is_down = False
        self.asked: list[str] = []

    def add(self, work_item_id: int, *revisions: dict[str, Any], **fields: Any) -> None:
        """A work item with these revisions, or with one that has these fields."""
        self._revisions[work_item_id] = list(revisions or (a_feature(**fields),))

    def __call__(self, asked: Asked) -> Reply:
        """The answer to a request."""
        self.asked.append(asked.path)
        if self.is_down:
            return Reply(503, {"message": "Down"})
        if asked.path.endswith("/workitemsbatch"):
            ids = json.loads(asked.body)["ids"]
            return Reply(200, {"value": [self._present(number) for number in ids]})
        if asked.path.endswith("/wiql"):
            ids = [{"id": number} for number in self._revisions if number not in self.deleted]
            return Reply(200, {"asOf": "2026-03-04T12:00:00Z", "workItems": ids})
        if (wanted := re.search(r"/workItems/(\d+)/revisions/(\d+)$", asked.path)) is not None:
            work_item_id, number = int(wanted[1]), int(wanted[2])
            if self._present(work_item_id) is None:
                return Reply(404, {"message": "TF401232: Work item does not exist."})
            return Reply(200, self._revision(work_item_id, number))
        if (wanted := re.search(r"/recyclebin/(\d+)$", asked.path)) and int(wanted[1]) in self.deleted:
            return Reply(200, {"id": int(wanted[1]), "code": 200})
        return Reply(404, {"message": "Not there."})

    def _present(self, work_item_id: int) -> dict[str, Any] | None:
        revisions = self._revisions.get(work_item_id)
        if revisions is None or work_item_id in self.deleted:
            return None
        return self._revision(work_item_id, len(revisions))

    def _revision(self, work_item_id: int, number: int) -> dict[str, Any]:
        return {**self._revisions[work_item_id][number - 1], "id": work_item_id, "rev": number}


def a_feature(
    title: str = "Search by colour",
    description: str = "<p>Shoppers look for colours.</p>",
    kind: str = "Feature",
    project: str = "Fabrikam",
    marked: Record | None = None,
    integration_id: str = "",
) -> dict[str, Any]:
    """A revision of a work item; `marked` is the record whose marker it carries."""
    integration = an_integration(integration_id=integration_id)
    markers = [marker_of(marked, integration, PUBLIC_URL).relation()] if marked else []
    fields = {
        "System.Title": title,
        "System.Description": description,
        "System.WorkItemType": kind,
        "System.TeamProject": project,
        "System.State": "New",
    }
    return {"fields": fields, "relations": markers}


class Sender:
    """One send of the records, as far as it looks."""

    def __init__(
        self, url: str, store: LinkStore, integration_id: str, operation_id: str = "op-looking"
    ) -> None:
        operation, self._log = an_operation(600)
        self.operation = replace(operation, id=operation_id)
        azure_devops = AzureDevOps(
            base_url=url,
            account_name="fabrikam",
            authorization=lambda: "Basic Og==",
            operation=self.operation,
            process_state=ProcessState(allow_local=True),
            sleep=ManualTime().sleep,
        )
        integration = an_integration(integration_id=integration_id)
        self.context = a_context(azure_devops, store, integration, self.operation)
        self.claims = OwnClaims(store, integration_id, self.operation, Images(), Clock(now=lambda: NOON))

    def look(self, *records: Record, take_over: bool = True) -> dict[str, RecordState]:
        """How the records stand."""
        return look(records or (FEATURE,), self.context, self.claims, take_over=take_over)

    def feature(self, **changes: Any) -> RecordState:
        """How the feature stands."""
        return self.look(replace(FEATURE, **changes))[FEATURE.id]

    def logged(self, event: str) -> Log:
        """The log's entries of one event."""
        self.operation.log.flush()
        return Log(self._log.of(event))


class Scene:
    """The table and an organization; several sends look at them."""

    def __init__(self, url: str, store: LinkStore, tables: Tables, integration_id: str) -> None:
        self._url, self._tables, self._store = url, tables, store
        self.organization = Organization()
        self.integration_id = integration_id
        self.sender = self.another("op-looking")

    def another(self, operation_id: str, store: LinkStore | None = None) -> Sender:
        """Another send."""
        return Sender(self._url, store or self._store, self.integration_id, operation_id)

    def link(self, record: Record, item: WorkItem, **changes: Any) -> Link:
        """Link a record to a work item."""
        (stored,) = established(self._store, self.integration_id, a_link(record, item, **changes))
        return stored.link

    def interrupted(self, *records: Record) -> None:
        """A send claimed these records and gave them up before it knew what it had created."""
        dead = self.another("op-dead")
        dead.claims.claim(records)
        heir = self.another("op-heir")
        found = self._store.load(self.integration_id, [record.id for record in records])
        heir.claims.take_over([stored for stored in found.values() if isinstance(stored, StoredClaim)])
        heir.claims.release_all()

    def damage(self, row_key: str, **properties: Any) -> None:
        """Damage a row by hand."""
        row = stored_row(self._tables, self.integration_id, row_key)
        kept = dict(row.properties) if row else {}
        damaged = {key: value for key, value in {**kept, **properties}.items() if value is not None}
        self._tables.links.transact([Upsert(Row(partition_of(self.integration_id), row_key, damaged))])


@pytest.fixture
def scene(store: LinkStore, tables: Tables, integration_id: str) -> Iterator[Scene]:
    """The table and an organization."""
    answers: list[Organization] = []
    with serving(lambda asked: answers[0](asked)) as server:
        made = Scene(server.url, store, tables, integration_id)
        answers.append(made.organization)
        yield made


def names(work_item_id: int) -> Any:
    """Integration fields in which Aha! names a work item."""
    return read_integration_fields(
        [{"name": "id", "value": str(work_item_id), "service_name": "vsts", "integration_id": "2"}]
    )


# A record that nothing is known of.


def test_a_record_that_was_never_sent_is_new_and_azure_devops_is_not_asked(scene: Scene) -> None:
    assert scene.sender.feature() == RecordState(FEATURE)
    assert scene.organization.asked == []


def test_the_linked_requirement_of_a_feature_that_was_never_sent_looks_new_until_its_claim_fails(
    scene: Scene,
) -> None:
    scene.organization.add(20)
    scene.link(REQUIREMENT, CHILD)

    first = scene.sender.look(FEATURE, REQUIREMENT)
    taken = scene.sender.claims.claim([FEATURE, REQUIREMENT])
    second = scene.sender.look(FEATURE, REQUIREMENT)

    assert first[REQUIREMENT.id].stored is None
    assert set(taken) == {FEATURE.id}
    assert second[REQUIREMENT.id].known_work_item_id == 20


def test_a_dry_run_finds_the_linked_requirement_of_a_feature_that_was_never_sent(scene: Scene) -> None:
    scene.organization.add(20)
    scene.link(REQUIREMENT, CHILD)

    states = scene.sender.look(FEATURE, REQUIREMENT, take_over=False)

    assert states[REQUIREMENT.id].known_work_item_id == 20


# A record with a link.


def test_a_linked_record_has_its_work_item(scene: Scene) -> None:
    scene.organization.add(12)
    link = scene.link(FEATURE, a_work_item())

    state = scene.sender.feature()

    assert state.link == link
    assert state.work_item is not None
    assert (state.work_item.id, state.work_item.title) == (12, "Search by colour")


def test_an_intention_of_an_interrupted_send_is_settled(scene: Scene) -> None:
    scene.organization.add(12, a_feature(), a_feature("Find colours"))
    link = a_link(FEATURE, a_work_item())
    intention = Intention(
        Field.NAME,
        Side.AZURE_DEVOPS,
        digest("Find colours"),
        digest("Find colours"),
        digest("Search by colour"),
        2,
        "op-dead",
        NOON,
    )
    scene.link(FEATURE, a_work_item(), intentions=with_intentions(link, [intention]).intentions)

    state = scene.sender.feature()

    assert state.link is not None
    assert state.link.base[Field.NAME] == Base(digest("Find colours"), digest("Find colours"))
    assert state.stored is not None
    assert state.stored.link.intentions == (intention,)


def test_a_record_whose_work_item_was_deleted_has_a_link_and_no_work_item(scene: Scene) -> None:
    scene.organization.add(12)
    scene.organization.deleted.add(12)
    link = scene.link(FEATURE, a_work_item())

    state = scene.sender.feature()

    assert (state.link, state.work_item, state.error) == (link, None, None)


def test_a_record_whose_work_item_is_out_of_sight_has_an_error(scene: Scene) -> None:
    scene.link(FEATURE, a_work_item())

    assert isinstance(scene.sender.feature().error, NotFound)


def test_an_outage_of_azure_devops_ends_the_look(scene: Scene) -> None:
    scene.link(FEATURE, a_work_item())
    scene.organization.is_down = True

    with pytest.raises(Unavailable):
        scene.sender.look()


# A record that is claimed.


def test_a_record_that_another_send_has_claimed_is_waited_for(scene: Scene) -> None:
    scene.another("op-other").claims.claim([FEATURE])

    assert scene.sender.feature(integration_fields=names(12)) == RecordState(
        replace(FEATURE, integration_fields=names(12)), is_claimed_elsewhere=True
    )
    assert scene.organization.asked == []


def test_a_send_goes_on_under_its_own_claim(scene: Scene) -> None:
    scene.sender.claims.claim([FEATURE])

    assert scene.sender.feature() == RecordState(FEATURE)


def test_an_interrupted_send_that_created_nothing_leaves_a_new_record(scene: Scene) -> None:
    scene.interrupted(FEATURE)

    assert scene.sender.feature() == RecordState(FEATURE)
    assert scene.sender.claims.is_inherited(FEATURE.id)


def test_what_an_interrupted_send_created_is_found_with_the_base_of_then(scene: Scene) -> None:
    first = a_feature(marked=FEATURE, integration_id=scene.integration_id)
    edited = a_feature("By an engineer", marked=FEATURE, integration_id=scene.integration_id)
    scene.organization.add(12, first, edited)
    scene.interrupted(FEATURE)

    state = scene.sender.feature(name="Find colours")

    assert state.work_item is not None
    assert state.work_item.title == "By an engineer"
    assert state.base is not None
    assert state.base[Field.NAME] == Base(digest("Search by colour"), digest("Search by colour"))
    (entry,) = scene.sender.logged("work-item.found-again")
    assert entry.detail["work_item_id"] == 12


def test_a_second_work_item_of_an_interrupted_send_is_reported(scene: Scene) -> None:
    for number in (12, 13):
        scene.organization.add(number, marked=FEATURE, integration_id=scene.integration_id)
    scene.interrupted(FEATURE)

    state = scene.sender.feature()

    assert state.work_item is not None
    assert state.work_item.id == 12
    (entry,) = scene.sender.logged("work-item.second")
    assert entry.detail["second_work_item_id"] == 13


def test_what_an_interrupted_send_created_goes_before_what_aha_names(scene: Scene) -> None:
    scene.organization.add(12, marked=FEATURE, integration_id=scene.integration_id)
    scene.organization.add(13)
    scene.interrupted(FEATURE)

    state = scene.sender.feature(integration_fields=names(13))

    assert state.work_item is not None
    assert state.work_item.id == 12


def test_what_aha_names_is_taken_after_all_if_an_interrupted_send_created_nothing(scene: Scene) -> None:
    scene.organization.add(13)
    scene.interrupted(FEATURE)

    state = scene.sender.feature(integration_fields=names(13))

    assert state.work_item is not None
    assert (state.work_item.id, state.base) == (13, None)


def test_a_work_item_that_was_deleted_and_restored_is_the_records_again(scene: Scene) -> None:
    scene.organization.add(12)
    scene.link(FEATURE, a_work_item())
    first = scene.another("op-first")
    stored = first.look()[FEATURE.id].stored
    assert stored is not None
    first.claims.claim_again([(FEATURE, stored)])
    first.claims.release_all()

    state = scene.sender.feature()

    assert state.stored is None
    assert state.work_item is not None
    assert state.work_item.id == 12


def test_a_dry_run_takes_nothing_over(scene: Scene) -> None:
    scene.interrupted(FEATURE)

    (state,) = scene.sender.look(FEATURE, take_over=False).values()

    assert state == RecordState(FEATURE)
    assert scene.sender.claims.of(FEATURE.id) is None
    assert scene.sender.logged("claim.taken-over") == []


# A record for which Aha! names a work item.


def test_the_work_item_that_aha_names_is_adopted(scene: Scene) -> None:
    scene.organization.add(12)

    state = scene.sender.feature(integration_fields=names(12))

    assert (state.stored, state.base) == (None, None)
    assert state.work_item is not None
    assert state.work_item.id == 12


@pytest.mark.parametrize(
    "fields", [{"project": "Contoso"}, {"kind": "Bug"}, None], ids=["project", "type", "unreadable"]
)
def test_a_work_item_that_may_not_be_adopted_is_said_once_in_an_operation(
    scene: Scene, fields: dict[str, str] | None
) -> None:
    if fields is not None:
        scene.organization.add(12, **fields)

    for _ in range(3):
        state = scene.sender.feature(integration_fields=names(12))

        assert (state.work_item, state.error) == (None, None)
    assert len(scene.sender.logged("work-item.not-adopted")) == 1


def test_a_work_item_that_is_linked_to_another_record_is_left_to_it(scene: Scene) -> None:
    scene.organization.add(12)
    scene.link(a_record(id="another"), a_work_item())

    state = scene.sender.feature(integration_fields=names(12))

    assert (state.work_item, state.error) == (None, None)
    assert scene.sender.logged("work-item.not-adopted") == []


def test_of_records_for_which_aha_names_the_same_work_item_the_first_gets_it(scene: Scene) -> None:
    scene.organization.add(12, kind="User Story")
    records = [a_requirement(id=f"R-{number}", integration_fields=names(12)) for number in range(10)]

    states = scene.sender.look(*records)

    assert [key for key, state in states.items() if state.work_item is not None] == ["R-0"]


# One bad record stops itself only.


def both(scene: Scene, **changes: Any) -> tuple[RecordState, RecordState]:
    """How the feature and its requirement stand. `changes` are the requirement's."""
    states = scene.sender.look(FEATURE, replace(REQUIREMENT, **changes))
    return states[FEATURE.id], states[REQUIREMENT.id]


def test_a_damaged_link_stops_its_record_alone(scene: Scene) -> None:
    scene.organization.add(12)
    scene.link(FEATURE, a_work_item())
    scene.link(REQUIREMENT, CHILD)
    scene.damage(work_item_key(20), base_0="{")

    feature, requirement = both(scene)

    assert feature.work_item is not None
    assert isinstance(requirement.error, Defect)
    assert requirement.known_work_item_id == 20


def test_a_damaged_pointer_without_a_link_stops_its_record_alone(scene: Scene) -> None:
    scene.organization.add(12)
    scene.link(FEATURE, a_work_item())
    scene.damage(record_key(REQUIREMENT.id), aha_id=REQUIREMENT.id, work_item_id=21, kind="no such kind")

    feature, requirement = both(scene)

    assert feature.work_item is not None
    assert isinstance(requirement.error, Defect)


def test_a_damaged_link_of_another_record_leaves_its_work_item_to_that_record(scene: Scene) -> None:
    # The row still says whose the work item is.
    scene.organization.add(12)
    scene.organization.add(30, kind="User Story")
    scene.link(FEATURE, a_work_item())
    scene.link(a_requirement(id="another"), a_work_item(id=30, type="User Story"))
    scene.damage(work_item_key(30), base_0="{")

    feature, requirement = both(scene, integration_fields=names(30))

    assert feature.work_item is not None
    assert (requirement.work_item, requirement.error) == (None, None)


def test_a_damaged_link_that_does_not_say_whose_it_is_stops_the_record_that_names_its_work_item(
    scene: Scene,
) -> None:
    scene.organization.add(12)
    scene.organization.add(30, kind="User Story")
    scene.link(FEATURE, a_work_item())
    scene.damage(work_item_key(30), work_item_id=30)

    feature, requirement = both(scene, integration_fields=names(30))

    assert (feature.work_item is None, feature.error) == (False, None)
    assert isinstance(requirement.error, Defect)
    assert requirement.work_item is None
    assert len(scene.sender.logged("record.defect")) == 1


@pytest.mark.parametrize("how", ["linked", "named by Aha!", "orphan"])
def test_a_strange_work_item_stops_its_record_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from shared.domain import adoption, present_description

    def described(item: WorkItem, *arguments: Any) -> WorkItem:
        if item.id == 20:
            raise RecursionError("the description is nested too deeply")
        return present_description.described(item, *arguments)

    monkeypatch.setattr(look_steps, "described", described)
    monkeypatch.setattr(adoption, "described", described)
    scene.organization.add(12)
    scene.link(FEATURE, a_work_item())
    scene.organization.add(20, kind="User Story", marked=REQUIREMENT, integration_id=scene.integration_id)
    if how == "linked":
        scene.link(REQUIREMENT, CHILD)
    elif how == "orphan":
        scene.interrupted(REQUIREMENT)

    feature, requirement = both(scene, integration_fields=names(20) if how == "named by Aha!" else None)

    assert (feature.work_item is None, feature.error) == (False, None)
    assert isinstance(requirement.error, Defect)
    assert requirement.work_item is None


def test_a_search_for_orphans_that_a_strange_work_item_stops_is_no_others_failure(scene: Scene) -> None:
    scene.organization.add(12)
    scene.link(FEATURE, a_work_item())
    strange = a_feature()
    strange["relations"] = [{"rel": "Hyperlink", "url": "https://example.com", "attributes": "no object"}]
    scene.organization.add(30, strange)
    scene.interrupted(REQUIREMENT)

    feature, requirement = both(scene)

    assert (feature.work_item is None, feature.error) == (False, None)
    assert isinstance(requirement.error, Defect)


def test_strange_integration_fields_stop_their_record_alone(scene: Scene) -> None:
    scene.organization.add(12)
    scene.link(FEATURE, a_work_item())
    strange: Any = ("no field",)

    feature, requirement = both(scene, integration_fields=strange)

    assert (feature.work_item is None, feature.error) == (False, None)
    assert isinstance(requirement.error, Defect)


def test_the_age_of_a_claim_is_table_storages(scene: Scene, store: LinkStore) -> None:
    scene.another("op-other").claims.claim([FEATURE])
    (found,) = store.claims_on(scene.integration_id, [FEATURE.id, "never sent"]).values()

    assert found.claim.operation_id == "op-other"
    assert timedelta() <= found.age < timedelta(seconds=30)
