"""Results as tables for people, as Markdown for documents and as JSON for machines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None
_LINE = 110


@dataclass
class Table:
    """The answer to one question. `note` explains the columns."""

    question: str
    columns: Sequence[str]
    note: str = ""
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """Add a row. None is a value that does not apply."""
        if len(cells) != len(self.columns):
            raise ValueError(f"a row of {len(cells)} cells where there are {len(self.columns)} columns")
        self.rows.append(cells)

    def to_text(self) -> str:
        """For a terminal."""
        texts = [list(self.columns), *([as_text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[index]) for row in texts) for index in range(len(self.columns))]
        lines = [_aligned(row, widths) for row in texts]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*self._head(), *lines])

    def to_markdown(self) -> str:
        """For a document."""
        rule = ["---", *("---:" for _ in self.columns[1:])]
        rows = [self.columns, rule, *([as_text(cell) for cell in row] for row in self.rows)]
        return "\n".join([*self._head(), *(f"| {' | '.join(row)} |" for row in rows)])

    def to_json(self) -> dict[str, object]:
        """For a program."""
        return {
            "question": self.question,
            "note": self.note,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }

    def _head(self) -> list[str]:
        return [f"{self.question}.", "", *([*textwrap.wrap(self.note, _LINE), ""] if self.note else [])]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(
        cell.rjust(width) if number else cell.ljust(width) for number, (cell, width) in enumerate(cells)
    ).rstrip()


def as_text(cell: Cell) -> str:
    """A cell with as many digits as are significant."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        digits = 2 if abs(cell) < 10 else 1 if abs(cell) < 100 else 0
        return f"{cell:,.{digits}f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
