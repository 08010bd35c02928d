"""One sequence: a few features, the people on both sides, the network between, and workers that may die."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shared.storage.links import LinkStore, StoredLink
from shared.storage.unfinished_sends import StoredUnfinishedSend, UnfinishedSendStore
from tests.torture.history import EMPTY, History, token_of
from tests.torture.stage import AHA_TOKEN, ORGANIZATION, SECOND_USERS_TOKEN, WRITE_TOKEN, Stage
from tests.torture.wire import Break
from tests.torture.workers import FEATURE_STATUSES, REQUIREMENT_STATUSES, SUCCEEDED, Workers

_REFUSALS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("refuses a record with 422", {"refuses": {"status": 422, "message": "Name is too long"}}),
    ("refuses a record with 403", {"refuses": {"status": 403, "message": "You may not do this."}}),
    ("refuses a status", {"refuses": {"status": 422, "message": "No", "fields": ["workflow_status"]}}),
    ("refuses a name", {"refuses": {"status": 422, "message": "No", "fields": ["name"]}}),
    ("keeps old values", {"keeps": ["name", "description", "workflow_status"]}),
    ("keeps a description", {"keeps": ["description"]}),
)
"""How Aha! takes the app's writes to one record; see `local.aha.writes`."""

STATES = ("New", "Active", "Resolved", "Closed")
RELEASE = "PROD-R-1"
_HIDDEN_AREA = "Fabrikam\\Devices"
_SUBSCRIPTIONS = (("1.0", ""), ("3.1-preview.3", "minimal"), ("5.1-preview.3", "none"))


@dataclass
class Record:
    """A feature or requirement of this sequence."""

    id: str
    kind: str
    feature_id: str
    history: History = field(default_factory=History)


class World:
    """The steps that a sequence is made of, and what they have led to."""

    def __init__(self, stage: Stage, workers: Workers) -> None:
        self.stage = stage
        self._workers = workers
        self.records: dict[str, Record] = {}
        self.notifications: list[dict[str, Any]] = []
        self.payloads: list[Any] = []
        self.steps: list[str] = []
        self.breaks = workers.breaks
        self._number = 0
        self._refusing: set[str] = set()
        self.integration_id = f"torture-{uuid.uuid4().hex[:12]}"
        stage.reset()
        second = {"token": SECOND_USERS_TOKEN, "kind": "write_as_second_user"}
        stage.control(stage.azure_devops_url, "POST", "/tokens", second)
        # Nobody knows whether Aha! replaces a field that is written again.
        doubles = {"replace_integration_fields": False}
        stage.control(stage.aha_url, "PUT", "/behaviour", doubles)
        workers.begin(self.integration_id)
        self._subscribe()

    # -- steps -------------------------------------------------------------------------------------------------

    def make_feature(self, requirements: int) -> None:
        """A product manager writes a feature."""
        self.steps.append(f"make_feature({requirements})")
        feature_id = self._create(f"/releases/{RELEASE}/features", "feature", "")
        for _ in range(requirements):
            self._create(f"/features/{feature_id}/requirements", "requirement", feature_id)

    def edit_in_aha(self, which: int, what: str) -> None:
        """A product manager changes a name or description, or empties a description."""
        record = self._pick(which)
        if record is None:
            return
        token = self._new_token(what)
        self.steps.append(f"edit_in_aha({which}, {what!r})  # {record.kind} {record.id} → {token}")
        self._edit_aha(record, what, token)

    def set_status(self, which: int, status: int) -> None:
        """A product manager changes a workflow status."""
        record = self._pick(which)
        if record is None:
            return
        statuses = list(_mapping_of(record).values())
        name = statuses[status % len(statuses)]
        self.steps.append(f"set_status({which}, {status})  # {record.id} → {name}")
        self.stage.control(self.stage.aha_url, "POST", "/edit", {"id": record.id, "status": name})
        record.history.state.chosen_status = name

    def aha_refuses(self, which: int, how: int) -> None:
        """Aha! refuses the app's writes to a record for a while, or takes them and keeps the old values."""
        record = self._pick(which)
        if record is None:
            return
        name, writes = _REFUSALS[how % len(_REFUSALS)]
        self.steps.append(f"aha_refuses({which}, {how})  # {record.id}: {name}")
        self.stage.control(self.stage.aha_url, "PUT", "/writes", {"id": record.id, **writes})
        self._refusing.add(record.id)
        self._workers.faults[f"Aha! {name} for a while"] += 1

    def aha_takes_again(self) -> None:
        """Aha! takes the app's writes again, and an engineer changes each work item, by which everything is retried."""
        if not self._refusing:
            return
        self.steps.append("aha_takes_again()")
        for record_id in sorted(self._refusing):
            self.stage.control(self.stage.aha_url, "PUT", "/writes", {"id": record_id})
            item = self.work_item_of(self.records[record_id])
            if item is not None:
                self._number += 1
                self._edit_item(item["id"], {"System.Tags": f"tag{self._number}"})
        self._refusing.clear()

    def move_requirement(self, which: int, to: int) -> None:
        """A product manager moves a requirement to another feature."""
        requirements = [item for item in self.records.values() if item.kind == "requirement"]
        features = [item for item in self.records.values() if item.kind == "feature"]
        if not requirements or len(features) < 2:
            return
        record, feature = requirements[which % len(requirements)], features[to % len(features)]
        self.steps.append(f"move_requirement({which}, {to})  # {record.id} → {feature.id}")
        self._aha("PUT", f"/requirements/{record.id}", {"requirement": {"feature": feature.id}})
        record.feature_id = feature.id

    def edit_in_azure_devops(self, which: int, what: str) -> None:
        """An engineer changes a title or description, or empties a description."""
        record = self._pick(which)
        item = self.work_item_of(record) if record else None
        if record is None or item is None:
            return
        token = self._new_token(what)
        self.steps.append(f"edit_in_azure_devops({which}, {what!r})  # {item['id']} → {token}")
        self._edit_azure_devops(record, item["id"], what, token)

    def set_state(self, which: int, state: int) -> None:
        """An engineer changes a state."""
        record = self._pick(which)
        item = self.work_item_of(record) if record else None
        if record is None or item is None:
            return
        name = STATES[state % len(STATES)]
        if item["fields"]["System.State"] == name:
            return
        self.steps.append(f"set_state({which}, {state})  # {item['id']} → {name}")
        self._edit_item(item["id"], {"System.State": name})
        record.history.state.state = name

    def delete_work_item(self, which: int) -> None:
        """An engineer deletes a work item."""
        record = self._pick(which)
        item = self.work_item_of(record) if record else None
        if record is None or item is None:
            return
        self.steps.append(f"delete_work_item({which})  # {item['id']}")
        self.stage.control(self.stage.azure_devops_url, "POST", "/delete", {"id": item["id"]})
        record.history.work_item_deleted()

    def restore_work_item(self, which: int) -> None:
        """An engineer restores a deleted work item whose record has no other one."""
        record = self._pick(which)
        if record is None or self.work_item_of(record) is not None:
            return
        deleted = self.work_items_of(record, self._deleted_work_items())
        if not deleted:
            return
        item = deleted[-1]
        self.steps.append(f"restore_work_item({which})  # {item['id']}")
        self._workers.faults["restored work item"] += 1
        self.stage.control(self.stage.azure_devops_url, "POST", "/restore", {"id": item["id"]})
        fields = item["fields"]
        record.history.work_item_restored(
            token_of(fields["System.Title"]),
            token_of(fields.get("System.Description") or ""),
            fields["System.State"],
        )

    def hide_work_item(self, which: int) -> None:
        """An engineer moves a linked work item to an area that no token's user can see."""
        record = self._pick(which)
        item = self.work_item_of(record) if record else None
        if item is None or self.by_work_item(item["id"]) is None:
            return
        self.steps.append(f"hide_work_item({which})  # {item['id']}")
        self._workers.faults["area out of sight"] += 1
        self._set_sight(visible=False)
        self._edit_item(item["id"], {"System.AreaPath": _HIDDEN_AREA})

    def show_area(self) -> None:
        """An administrator grants the right to see the area again."""
        self.steps.append("show_area()")
        self._set_sight(visible=True)

    def change_type(self, which: int) -> None:
        """An engineer changes the type of a work item to one that is not mapped."""
        record = self._pick(which)
        item = self.work_item_of(record) if record else None
        if item is None or item["fields"]["System.WorkItemType"] == "Epic":
            return
        self.steps.append(f"change_type({which})  # {item['id']}")
        self._workers.faults["changed type"] += 1
        self._edit_item(item["id"], {"System.WorkItemType": "Epic"})

    def use_token(self, which: int) -> None:
        """The integration's token becomes that of another user."""
        token = (WRITE_TOKEN, SECOND_USERS_TOKEN)[which % 2]
        self.steps.append(f"use_token({which})")
        self._workers.faults["token of another user"] += 1
        self._workers.use_token(token)

    def keep_payload(self, which: int) -> None:
        """An event of Aha! is delayed on its way: it is sent by `send_late`."""
        feature = self._feature_of(which)
        if feature is not None:
            self.steps.append(f"keep_payload({which})  # {feature.id}")
            self.payloads.append(self._payload(feature))

    def send_late(self, which: int) -> None:
        """A delayed event arrives."""
        if self.payloads:
            self.steps.append(f"send_late({which})")
            self._send(self.payloads[which % len(self.payloads)])

    def overtake(self, which: int, what: str) -> None:
        """Of two events, one before and one after a change, the later one arrives first, and an engineer sees it."""
        self.keep_payload(which)
        self.edit_in_aha(which, what)
        self.send(which)
        self.edit_in_azure_devops(which, what)
        self.send_late(len(self.payloads) - 1)

    def send(self, which: int, kind: Break | None = None, at: int = 0) -> None:
        """Somebody sends a feature; the wire may break at a request of it."""
        feature = self._feature_of(which)
        if feature is not None:
            self.steps.append(f"send({which}, {kind and kind.name}, {at})  # {feature.id}")
            self._send(self._payload(feature), kind, at)

    def send_twice_at_once(self, which: int) -> None:
        """Two workers send the same feature at the same time."""
        feature = self._feature_of(which)
        if feature is None:
            return
        self.steps.append(f"send_twice_at_once({which})  # {feature.id}")
        self._done("send twice", self._workers.send_twice(self._payload(feature)))

    def edit_while_sending(self, which: int, what: str, at: int) -> None:
        """An engineer changes a work item right before request number `at` of a send."""
        feature = self._feature_of(which)
        if feature is None:
            return
        item = self.work_item_of(feature)
        self.steps.append(f"edit_while_sending({which}, {what!r}, {at})  # {feature.id}")
        payload = self._payload(feature)
        if item is None:
            self._send(payload)
            return
        token = self._new_token(what)
        edit = partial(self._edit_azure_devops, feature, item["id"], what, token)
        self._done("send", self._workers.send_meanwhile(payload, edit, at))

    def late_answer(self, which: int, what: str, at: int) -> None:
        """A manager edits, and the answer to the send's write is late. Meanwhile he edits again, and what has changed
        in Azure DevOps is notified, where notifications can be handled meanwhile.
        """
        feature = self._feature_of(which)
        if feature is None:
            return
        self.steps.append(f"late_answer({which}, {what!r}, {at})  # {feature.id}")
        self._edit_aha(feature, what, self._new_token(what))
        payload, token = self._payload(feature), self._new_token(what)

        def meanwhile() -> None:
            self._edit_aha(feature, what, token)
            if self._workers.handles_meanwhile:
                self._collect()
                for body in self.notifications[-3:]:
                    self._workers.deliver(body, None, 0)

        self._done("send", self._workers.send_meanwhile(payload, meanwhile, at))

    def deliver(self, which: int, kind: Break | None = None, at: int = 0, *, keep: bool = False) -> None:
        """Azure DevOps delivers one of the waiting notifications, whichever it is; `keep` has it come again."""
        self._collect()
        if not self.notifications:
            return
        index = which % len(self.notifications)
        body = self.notifications[index] if keep else self.notifications.pop(index)
        self.steps.append(f"deliver({which}, {kind and kind.name}, {at}, keep={keep})")
        self._done("deliver", self._workers.deliver(body, kind, at))

    def deliver_two_at_once(self, which: int) -> None:
        """Two notifications are handled at the same time."""
        self._collect()
        if len(self.notifications) < 2:
            return
        self.steps.append(f"deliver_two_at_once({which})")
        first = self.notifications.pop(which % len(self.notifications))
        second = self.notifications.pop(which % len(self.notifications))

        self._done("deliver two", self._workers.deliver_two(first, second))

    def drop(self, which: int) -> None:
        """A notification is never delivered."""
        self._collect()
        if self.notifications:
            self.steps.append(f"drop({which})")
            self.notifications.pop(which % len(self.notifications))
            self._workers.faults["dropped notification"] += 1

    def reconcile(self, kind: Break | None = None, at: int = 0) -> None:
        """The timer looks for what was missed."""
        self.steps.append(f"reconcile({kind and kind.name}, {at})")
        self._done("reconcile", self._workers.reconcile(kind, at))

    # -- how things are ----------------------------------------------------------------------------------------

    def work_items(self) -> list[dict[str, Any]]:
        """Every work item that is not deleted."""
        listed = self.stage.control(self.stage.azure_devops_url, "GET", "/work_items")["work_items"]
        return [item for item in listed if not item.get("deleted")]

    def work_items_of(
        self, record: Record, items: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        """The work items that carry the record's marker."""
        ending = f"integration {self.integration_id}, {record.kind} {record.id}"
        return [
            item
            for item in (self.work_items() if items is None else items)
            if any(
                str((relation.get("attributes") or {}).get("comment") or "").endswith(ending)
                for relation in item.get("relations") or ()
            )
        ]

    def work_item_of(self, record: Record) -> dict[str, Any] | None:
        """The record's work item."""
        return next(iter(self.work_items_of(record)), None)

    def aha_records(self) -> dict[str, dict[str, Any]]:
        """Every record as Aha! shows it, by id."""
        listed = self.stage.control(self.stage.aha_url, "GET", "/records")["records"]
        return {str(item["id"]): item for item in listed}

    def stored(self) -> dict[str, Any]:
        """The rows of this sequence's links and claims, by Aha! id."""
        return LinkStore(self.stage.plain_tables).load(self.integration_id, list(self.records))

    def by_work_item(self, work_item_id: int) -> StoredLink | None:
        """The link that a work item's row holds."""
        return LinkStore(self.stage.plain_tables).by_work_item(self.integration_id, work_item_id)

    def unfinished_sends(self) -> list[str]:
        """The features whose sends the timer still has to finish."""
        notes = UnfinishedSendStore(self.stage.plain_tables).each(self.integration_id)
        return [one.note.feature if isinstance(one, StoredUnfinishedSend) else one.row_key for one in notes]

    def become_quiet(self) -> list[str]:
        """Nothing breaks, everything is reconciled, sent and reconciled again; the outcomes of the sends."""
        self.steps.append("become_quiet()")
        self.aha_takes_again()
        self._workers.wait_out_claims()
        self._set_sight(visible=True)
        self.reconcile()
        features = [record for record in self.records.values() if record.kind == "feature"]
        outcomes = [self._send(self._payload(feature)) for feature in features]
        self.reconcile()
        return outcomes

    # -- helpers -----------------------------------------------------------------------------------------------

    def _set_sight(self, *, visible: bool) -> None:
        for token in (WRITE_TOKEN, SECOND_USERS_TOKEN):
            body = {"area": _HIDDEN_AREA, "token": token, "visible": visible}
            self.stage.control(self.stage.azure_devops_url, "PUT", "/areas/visibility", body)

    def _deleted_work_items(self) -> list[dict[str, Any]]:
        listed = self.stage.control(self.stage.azure_devops_url, "GET", "/work_items")["work_items"]
        return [item for item in listed if item["deleted"]]

    def _pick(self, which: int) -> Record | None:
        records = list(self.records.values())
        return records[which % len(records)] if records else None

    def _feature_of(self, which: int) -> Record | None:
        features = [item for item in self.records.values() if item.kind == "feature"]
        return features[which % len(features)] if features else None

    def _new_token(self, what: str) -> str:
        self._number += 1
        return EMPTY if what == "empty description" else f"v{self._number}"

    def _create(self, path: str, kind: str, feature_id: str) -> str:
        token, text = self._new_token("name"), self._new_token("description")
        body = {kind: {"name": f"Name {token}", "description": f"<p>Text <b>{text}</b></p>"}}
        record_id = str(self._aha("POST", path, body)[kind]["id"])
        record = Record(record_id, kind, feature_id)
        record.history.edited("aha", "name", token)
        record.history.edited("aha", "description", text)
        self.records[record_id] = record
        return record_id

    def _aha(self, method: str, path: str, body: Any) -> Any:
        return self.stage.by_hand(self.stage.aha_url, method, f"/api/v1{path}", body, f"Bearer {AHA_TOKEN}")

    def _payload(self, feature: Record) -> Any:
        return self.stage.control(self.stage.aha_url, "GET", f"/events/{feature.id}?event=update_feature")

    def _send(self, payload: Any, kind: Break | None = None, at: int = 0) -> str:
        return self._done("send", self._workers.send(payload, kind, at))

    def _done(self, name: str, outcome: str) -> str:
        """A worker is done: write down how it went, and in which fields both sides say the same now."""
        if outcome != SUCCEEDED:
            self.steps.append(f"  {name}: {outcome}")
        self._note_equalities()
        return outcome

    def _edit_aha(self, record: Record, what: str, token: str) -> None:
        if what == "name":
            change = {"name": f"Name {token}"}
        else:
            change = {"description": "" if token == EMPTY else f"<p>Text <i>{token}</i></p>"}
        self.stage.control(self.stage.aha_url, "POST", "/edit", {"id": record.id, **change})
        record.history.edited("aha", _field(what), token)

    def _edit_azure_devops(self, record: Record, work_item_id: int, what: str, token: str) -> None:
        if what == "name":
            fields = {"System.Title": f"Name {token}"}
        else:
            # Azure DevOps cleans this up.
            fields = {
                "System.Description": "" if token == EMPTY else f"Text <B>{token}</B><script>1</script>"
            }
        self._edit_item(work_item_id, fields)
        record.history.edited("azure_devops", _field(what), token)

    def _edit_item(self, work_item_id: int, fields: dict[str, str]) -> None:
        body = {"id": work_item_id, "fields": fields, "as": "Jamal Hartnett"}
        self.stage.control(self.stage.azure_devops_url, "POST", "/edit", body)

    def _subscribe(self) -> None:
        version, detail = _SUBSCRIPTIONS[int(self.integration_id[-1], 16) % len(_SUBSCRIPTIONS)]
        body = {
            "publisherId": "tfs",
            "eventType": "workitem.updated",
            "resourceVersion": version,
            "consumerId": "webHooks",
            "consumerActionId": "httpRequest",
            "publisherInputs": {"projectId": "", "areaPath": "", "workItemType": "", "changedFields": ""},
            "consumerInputs": {"url": self.stage.collector_url, "resourceDetailsToSend": detail},
        }
        path = f"/{ORGANIZATION}/_apis/hooks/subscriptions?api-version=7.1"
        token = "Basic " + base64.b64encode(f":{WRITE_TOKEN}".encode()).decode()
        self.stage.by_hand(self.stage.azure_devops_url, "POST", path, body, token)

    def _collect(self) -> None:
        self.stage.control(self.stage.azure_devops_url, "POST", "/service_hooks/flush")
        self.notifications += self.stage.collector.take()

    def _note_equalities(self) -> None:
        """Tell each record's history in which fields both sides say the same now."""
        items, shown = self.work_items(), self.aha_records()
        for record in self.records.values():
            mine = self.work_items_of(record, items)
            if len(mine) != 1 or record.id not in shown:
                continue
            fields = mine[0]["fields"]
            aha = shown[record.id]
            record.history.seen("name", token_of(aha["name"]), token_of(fields["System.Title"]))
            record.history.seen(
                "description", token_of(aha["description"]), token_of(fields.get("System.Description") or "")
            )
            record.history.seen_status(aha["status"], fields["System.State"], _mapping_of(record))


def _mapping_of(record: Record) -> dict[str, str]:
    return FEATURE_STATUSES if record.kind == "feature" else REQUIREMENT_STATUSES


def _field(what: str) -> str:
    return "name" if what == "name" else "description"
