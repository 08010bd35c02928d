"""The former names of `shared.operation_log`, for the modules that still use them."""

from shared.log_events import Level as Level
from shared.operation_log import LogEntry as Entry
from shared.operation_log import OperationLog as Journal

__all__ = ["Entry", "Journal", "Level"]
