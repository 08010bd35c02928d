"""What the function app writes for those who watch it."""

from __future__ import annotations

import json
from typing import Any

from local.service import Service
from shared.operation_line import SCHEMA

_BEGINNING = f'{{"schema":"{SCHEMA}"'


class OperationLines:
    """The lines of the operations that end from now on."""

    def __init__(self, host: Service) -> None:
        self._host = host
        self._start = host.log.stat().st_size

    def all(self) -> list[dict[str, Any]]:
        """The lines so far."""
        with self._host.log.open("rb") as log:
            log.seek(self._start)
            texts = log.read().decode().splitlines()
        return [json.loads(text[text.index(_BEGINNING) :]) for text in texts if _BEGINNING in text]

    def of(self, operation_id: str) -> dict[str, Any]:
        """The one line of an operation."""
        (line,) = [line for line in self.all() if line["operation_id"] == operation_id]
        return line
