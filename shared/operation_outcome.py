"""The outcome of an operation: its kind, whether it succeeded, which records were synced, and which failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from shared.errors import System

SEVERAL_FEATURES = "*"
"""Instead of a feature's Aha! id: the operation is about records of several features."""

_CREDENTIALS = {
    f"{system.value}_credentials_rejected": system for system in (System.AZURE_DEVOPS, System.AHA)
}


class OperationKind(str, Enum):
    """The purpose of an operation. A success of one kind does not close another kind's errors."""

    SEND = "send"
    NOTIFICATION = "notification"
    RECONCILE = "reconcile"
    CONNECTION_TEST = "connection_test"
    SERVICE_HOOK = "service_hook"
    CONFIGURATION = "configuration"
    STANDING = "standing"
    LINK = "link"


@dataclass(frozen=True)
class Problem:
    """One error of an operation.

    `record` is the reference, or else the Aha! id, of the record that the error is about; empty if it is about none.
    `feature_id` is the Aha! id of that record's feature; empty if the operation does not know the record.
    """

    at: datetime
    code: str
    detail: str
    record: str = ""
    feature_id: str = ""

    @property
    def refused_by(self) -> System | None:
        """The system that refuses the token, if that is the error."""
        return _CREDENTIALS.get(self.code)

    @property
    def is_of_record(self) -> bool:
        """Whether it ends when the record is synced. A refused token is not a problem of the record."""
        return bool(self.feature_id) and self.refused_by is None


@dataclass(frozen=True)
class OperationOutcome:
    """The outcome of an operation.

    `through` are the records that are in sync now, for what this operation carries. `feature_id` is the Aha! id
    of the feature that the records belong to, or SEVERAL_FEATURES, or empty. `is_whole_feature`: no other record
    belongs to the feature, and none was left for later. `reached` are the systems that answered. `has_sent` and
    `has_received`: a text or a state was carried to Azure DevOps, or to Aha!.
    """

    kind: OperationKind
    operation_id: str
    ended_at: datetime
    has_succeeded: bool = False
    problems: tuple[Problem, ...] = ()
    through: frozenset[str] = frozenset()
    feature_id: str = ""
    reached: frozenset[System] = frozenset()
    has_sent: bool = False
    has_received: bool = False
    is_whole_feature: bool = False

    def settles(self, record: str, feature_id: str) -> bool:
        """Whether earlier problems of a record have ended: it was synced, or left its feature."""
        if record in self.through:
            return True
        has_left = self.is_whole_feature and self.feature_id == feature_id
        return has_left and all(problem.record != record for problem in self.problems)
