"""The Work Item Query Language: from text to a tree.

Grammar: learn.microsoft.com, azure/devops/boards/queries/wiql-syntax. Queries of links are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from local.azure_devops.answers import ServiceError, work_item_error
from local.azure_devops.field_definitions import Field, find_field

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<field>\[[^\]]+\])
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<macro>@[A-Za-z]+(?:\s*[+-]\s*\d+)?)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<operator><>|<=|>=|!=|[=<>(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")


@dataclass(frozen=True)
class Token:
    """A piece of the query; `kind` is the name of the group that matched, or `end`."""

    kind: str
    text: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords."""
        return self.kind == "name" and self.text.casefold() in words


@dataclass(frozen=True)
class Literal:
    """A value: text, number or macro."""

    kind: str
    text: str


@dataclass(frozen=True)
class Comparison:
    """`field operator values`; the operator in lower case (`=`, `in`, `contains`, `under`, `is empty` …)."""

    field: Field
    operator: str
    values: tuple[Literal, ...] = ()
    other: Field | None = None


@dataclass(frozen=True)
class Junction:
    """`and` or `or` of several conditions, or `not` of one."""

    operator: str
    parts: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | Junction"


@dataclass(frozen=True)
class Query:
    """A flat query."""

    columns: tuple[Field, ...]
    condition: Condition | None
    order: tuple[tuple[Field, bool], ...]
    """Fields with whether they sort downwards."""


def query_error(explanation: str, culprit: str = "") -> ServiceError:
    """400 for a query that cannot be run. TF51005 is the service's code for an unknown field; others vary."""
    caused = f" The error is caused by «{culprit}»." if culprit else ""
    return work_item_error(400, f"{explanation}{caused}", "WorkItemTrackingQueryException")


def read_query(text: str) -> Query:
    """The query of a text. Raises 400 with what is wrong."""
    return _Reader(_tokens(text)).query()


def _tokens(text: str) -> list[Token]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise query_error(
                "TF51006: The query statement is not valid.", stripped[position : position + 20].strip()
            )
        tokens.append(Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return [*tokens, Token("end", "")]


def _named(token: Token) -> Field:
    found = find_field(token.text.strip("[]").strip())
    if found is None:
        raise query_error("TF51005: The query references a field that does not exist.", token.text)
    return found


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        self._expect("select")
        selected = self._field_tokens()
        self._expect("from")
        columns = tuple(_named(token) for token in selected)
        if not self._take("workitems"):
            raise query_error("TF51009: The FROM clause must name WorkItems.", self._next.text)
        condition = self._condition() if self._take("where") else None
        order = self._order() if self._take("order") else ()
        if self._next.kind != "end":
            raise self._unexpected()
        return Query(columns, condition, order)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _take(self, *words: str) -> bool:
        if not self._next.is_word(*words):
            return False
        self._at += 1
        return True

    def _take_operator(self, *texts: str) -> str | None:
        if self._next.kind != "operator" or self._next.text not in texts:
            return None
        return self._advance().text

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise query_error(
                f"TF51006: The query statement is missing a {word.upper()} clause.", self._next.text
            )

    def _unexpected(self) -> ServiceError:
        return query_error(
            "TF51006: The query statement is not valid.", self._next.text or "end of the query"
        )

    def _field_token(self) -> Token:
        if self._next.kind not in ("field", "name"):
            raise self._unexpected()
        return self._advance()

    def _field(self) -> Field:
        return _named(self._field_token())

    def _field_tokens(self) -> list[Token]:
        tokens = [self._field_token()]
        while self._take_operator(","):
            tokens.append(self._field_token())
        return tokens

    def _order(self) -> tuple[tuple[Field, bool], ...]:
        self._expect("by")
        columns = []
        while True:
            used = self._field()
            descends = self._take("desc")
            if not descends:
                self._take("asc")
            columns.append((used, descends))
            if not self._take_operator(","):
                return tuple(columns)

    def _condition(self) -> Condition:
        return self._junction("or", self._conjunction)

    def _conjunction(self) -> Condition:
        return self._junction("and", self._single)

    def _junction(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Junction(word, tuple(parts))

    def _single(self) -> Condition:
        if self._take("not"):
            return Junction("not", (self._single(),))
        if self._take_operator("("):
            inner = self._condition()
            if not self._take_operator(")"):
                raise self._unexpected()
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        used = self._field()
        if self._take("is"):
            operator = "is not empty" if self._take("not") else "is empty"
            self._expect_word("empty")
            return Comparison(used, operator)
        negated = self._take("not")
        compared = self._compared(used)
        return Junction("not", (compared,)) if negated else compared

    def _compared(self, used: Field) -> Comparison:
        operator = self._take_operator(*_COMPARISONS)
        if operator:
            if self._next.kind == "field":
                return Comparison(used, operator, other=self._field())
            return Comparison(used, operator, (self._literal(),))
        if self._take("in"):
            return Comparison(used, "in", self._list())
        if self._take("under"):
            return Comparison(used, "under", (self._literal(),))
        if self._take("contains"):
            words = self._take("words")
            return Comparison(used, "contains words" if words else "contains", (self._literal(),))
        raise self._unexpected()

    def _expect_word(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _list(self) -> tuple[Literal, ...]:
        if not self._take_operator("("):
            raise self._unexpected()
        values = [self._literal()]
        while self._take_operator(","):
            values.append(self._literal())
        if not self._take_operator(")"):
            raise self._unexpected()
        return tuple(values)

    def _literal(self) -> Literal:
        token = self._next
        if token.is_word("true", "false"):
            return Literal("text", self._advance().text)
        if token.kind not in ("text", "number", "macro"):
            raise self._unexpected()
        self._at += 1
        if token.kind == "text":
            quote = token.text[0]
            return Literal("text", token.text[1:-1].replace(quote * 2, quote))
        return Literal(token.kind, token.text)
