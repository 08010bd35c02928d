"""What a request to another system is about, so that a refusal can name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from shared.domain.work_item import AREA_PATH


class RequestAction(Enum):
    """What a request does."""

    READ = "read"
    CREATE = "create"
    """Also a create that is only validated."""
    UPDATE = "update"
    UPLOAD = "upload"
    SUBSCRIBE = "subscribe"


@dataclass(frozen=True)
class Subject:
    """What a request is about. An empty text means that there is none.

    `account_url` is the address of the organization or of the Aha! account. `record` is a record of Aha!, such as
    “feature PROD-2”. `uses_identity`: the app signs in with its managed identity instead of a token.
    """

    action: RequestAction = RequestAction.READ
    account_name: str = ""
    account_url: str = ""
    project: str = ""
    area_path: str = ""
    work_item_type: str = ""
    work_item_id: int | None = None
    record: str = ""
    uses_identity: bool = False

    @property
    def work_item(self) -> str:
        """The work item with its link."""
        if self.work_item_id is None:
            return "the work item"
        link = f" ({self.account_url}/_workitems/edit/{self.work_item_id})" if self.account_url else ""
        return f"work item {self.work_item_id}{link}"

    @property
    def area(self) -> str:
        """The area, for the middle of a sentence."""
        return f"the area “{self.area_path}”" if self.area_path else "the area"

    @property
    def organization(self) -> str:
        """The organization, for the middle of a sentence."""
        return f"the organization “{self.account_name}”" if self.account_name else "the organization"

    @property
    def user(self) -> str:
        """Who needs a right."""
        return "the app's managed identity" if self.uses_identity else "the token's user"


def subject_of(
    organization: Subject,
    work_item_type: str,
    work_item_id: int | None,
    document: Sequence[Mapping[str, Any]],
) -> Subject:
    """What a create (`work_item_id` is None) or an update by a patch document is about."""
    values = (item.get("value") for item in document if item.get("path") == f"/fields/{AREA_PATH}")
    return replace(
        organization,
        action=RequestAction.CREATE if work_item_id is None else RequestAction.UPDATE,
        area_path=str(next(values, "") or ""),
        work_item_type=work_item_type,
        work_item_id=work_item_id,
    )


NO_SUBJECT = Subject()
