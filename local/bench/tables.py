"""Results as tables for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from local.development.console import say


@dataclass
class Table:
    """The answer to one question."""

    question: str
    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)

    def add(self, *cells: Any) -> None:
        """One more row; numbers with a fraction are shown with two digits."""
        self.rows.append(cells)

    def show(self) -> None:
        """Print it."""
        texts = [list(self.columns), *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[index]) for row in texts) for index in range(len(self.columns))]
        say(f"\n{self.question}\n")
        for number, row in enumerate(texts):
            say(
                "  ".join(
                    cell.ljust(width) if index == 0 else cell.rjust(width)
                    for index, (cell, width) in enumerate(zip(row, widths, strict=True))
                ).rstrip()
            )
            if number == 0:
                say("  ".join("-" * width for width in widths))

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "question": self.question,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }


def _text(cell: Any) -> str:
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)
