"""Who wrote what since both sides last said the same: from this follows what may be left in the end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

EMPTY = "∅"
_TOKEN = re.compile(r"v\d+")
_FIRST_STATE = "New"


def token_of(text: str) -> str:
    """The mark that an edit left in a text; EMPTY where there is none."""
    found = _TOKEN.search(text)
    return found[0] if found else EMPTY


@dataclass
class FieldHistory:
    """The edits of each side since both were last equal, and what they were equal to."""

    equal: str | None = None
    edits: dict[str, list[str]] = field(default_factory=lambda: {"aha": [], "azure_devops": []})

    def acceptable(self) -> set[str]:
        """What the field may say in the end: what a side wrote last. Where only one side wrote, that is all."""
        last = {edits[-1] for edits in self.edits.values() if edits}
        return last or {self.equal or EMPTY}


@dataclass
class StateHistory:
    """The state of the work item, the one that Aha!'s status was last in accord with, and a status chosen since."""

    state: str = _FIRST_STATE
    in_accord: str = _FIRST_STATE
    chosen_status: str | None = None

    def acceptable(self, mapping: Mapping[str, str]) -> set[str] | None:
        """What the status may be in the end; None where nothing follows from what was done."""
        mapped = mapping.get(self.state)
        if mapped is None or self.state == self.in_accord:
            return None
        return {mapped} | ({self.chosen_status} if self.chosen_status else set())


@dataclass
class History:
    """What was done to one record and its work item."""

    fields: dict[str, FieldHistory] = field(
        default_factory=lambda: {"name": FieldHistory(), "description": FieldHistory()}
    )
    state: StateHistory = field(default_factory=StateHistory)
    lost: list[str] = field(default_factory=list)

    def edited(self, side: str, name: str, token: str) -> None:
        """Somebody wrote the field on one side."""
        self.fields[name].edits[side].append(token)

    def seen(self, name: str, aha: str, azure_devops: str) -> None:
        """What both sides say now."""
        if aha != azure_devops:
            return
        known = self.fields[name]
        if all(edits and edits[-1] == aha for edits in known.edits.values()):
            # Both emptied it. The app may not have looked since, so for it either edit still stands.
            return
        if aha not in known.acceptable():
            self.lost.append(
                f"the {name} became {aha} on both sides, not one of {sorted(known.acceptable())}"
            )
        self.fields[name] = FieldHistory(equal=aha)

    def seen_status(self, status: str, state: str, mapping: Mapping[str, str]) -> None:
        """The status and the state as they are now."""
        if mapping.get(state) == status:
            self.state = StateHistory(state, state)

    def work_item_restored(self, title: str, description: str, state: str) -> None:
        """It is back with the texts that it had; a sender that had begun to make a new one may keep either side's."""
        for name, token in (("name", title), ("description", description)):
            self.fields[name].edits["azure_devops"].append(token)
        self.state = StateHistory(state, state)

    def work_item_deleted(self) -> None:
        """What engineers wrote is gone with it, and so is the state; what Aha! says is to be sent anew."""
        for item in self.fields.values():
            if not item.edits["aha"] and item.equal is not None:
                item.edits["aha"].append(item.equal)
            item.edits["azure_devops"].clear()
        self.state = StateHistory()
