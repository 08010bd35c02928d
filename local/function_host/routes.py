"""Route templates of ASP.NET Core, as far as httpTrigger uses them.

Werkzeug's router cannot be used: it prefers the most specific rule and compares literals with their case, while the
platform uses the first function by name and ignores case.
https://learn.microsoft.com/aspnet/core/fundamentals/routing describes templates and constraints.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_PARAMETER = re.compile(r"\{(?P<content>(?:[^{}]|\{\{|\}\})*)\}")
_CONTENT = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>[A-Za-z_][\w-]*)"
    r"(?P<constraints>(?::[A-Za-z]+(?:\((?:[^()]|\([^()]*\))*\))?)*)"
    r"(?:=(?P<default>.*?))?(?P<optional>\?)?"
)
_CONSTRAINT = re.compile(r":(?P<name>[A-Za-z]+)(?:\((?P<argument>(?:[^()]|\([^()]*\))*)\))?")
_GREATEST = 2**63 - 1

Check = Callable[[str], bool]


class RouteError(Exception):
    """A template that the platform would refuse; the text says why."""


class Route:
    """A compiled template, such as `api/items/{id:int?}`; equal to another one of the same text, case ignored."""

    def __init__(self, template: str) -> None:
        self.template = template
        self._defaults: dict[str, str] = {}
        self._checks: list[tuple[str, Check]] = []
        self._names: list[str] = []
        segments = template.split("/") if template else []
        pattern = "".join(
            self._segment(segment, is_first=index == 0, is_last=index == len(segments) - 1)
            for index, segment in enumerate(segments)
        )
        self._pattern = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Route) and self.template.lower() == other.template.lower()

    def __hash__(self) -> int:
        return hash(self.template.lower())

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters of a path without its leading slash, or None where it does not match.

        Values are always text. An optional parameter that was left out is not among them.
        """
        found = self._pattern.fullmatch(path.removesuffix("/"))
        if found is None:
            return None
        groups = zip(self._names, found.groups(), strict=True)
        values = self._defaults | {name: value for name, value in groups if value}
        if all(check(values[name]) for name, check in self._checks if name in values):
            return values
        return None

    def _segment(self, segment: str, *, is_first: bool, is_last: bool) -> str:
        if not segment:
            raise RouteError("two slashes without anything between them")
        slash = "" if is_first else "/"
        only = _PARAMETER.fullmatch(segment)
        if only is not None:
            return self._whole_segment(only["content"], slash, is_last=is_last)
        pattern, position = slash, 0
        for parameter in _PARAMETER.finditer(segment):
            stars, may_be_absent = self._declare(parameter["content"])
            if stars or may_be_absent:
                raise RouteError("a parameter next to other text cannot be optional or a catch-all")
            pattern += _literal(segment[position : parameter.start()]) + "([^/]+?)"
            position = parameter.end()
        return pattern + _literal(segment[position:])

    def _whole_segment(self, content: str, slash: str, *, is_last: bool) -> str:
        stars, may_be_absent = self._declare(content)
        if stars:
            if not is_last:
                raise RouteError("a catch-all has to be the last segment")
            return f"(?:{slash}(.*))?"
        return f"(?:{slash}([^/]+))?" if may_be_absent else f"{slash}([^/]+)"

    def _declare(self, content: str) -> tuple[bool, bool]:
        """Note a parameter's name, default and constraints; answers (is a catch-all, may be absent)."""
        parts = _CONTENT.fullmatch(content)
        if parts is None:
            raise RouteError(f"{{{content}}} is no parameter")
        name, default, is_optional = parts["name"], parts["default"], parts["optional"] is not None
        if name.lower() in (known.lower() for known in self._names):
            raise RouteError(f"the parameter {name} appears twice")
        if default is not None and is_optional:
            raise RouteError(f"the parameter {name} has a default and is optional: one of the two")
        self._names.append(name)
        if default is not None:
            self._defaults[name] = default
        for constraint in _CONSTRAINT.finditer(parts["constraints"]):
            self._checks.append((name, _check(constraint["name"], constraint["argument"])))
        return bool(parts["stars"]), is_optional or default is not None


def _literal(text: str) -> str:
    if re.search(r"[{}]", text.replace("{{", "").replace("}}", "")):
        raise RouteError("a brace that belongs to no parameter")
    return re.escape(text.replace("{{", "{").replace("}}", "}"))


def _check(name: str, argument: str | None) -> Check:
    """The test of a constraint; raises RouteError for one that the platform does not know."""
    plain = _PLAIN_CHECKS.get(name.lower())
    if plain is not None and argument is None:
        return plain
    maker = _CHECKS_WITH_ARGUMENT.get(name.lower())
    if maker is None or argument is None:
        raise RouteError(f"there is no constraint {name}" + ("" if argument is None else f"({argument})"))
    try:
        return maker(argument)
    except (ValueError, re.error) as problem:
        raise RouteError(f"the constraint {name}({argument}): {problem}") from problem


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda value: compiled.fullmatch(value) is not None


def _whole_number(lowest: int, highest: int) -> Check:
    return lambda value: _is_whole_number(value) and lowest <= int(value) <= highest


def _is_whole_number(value: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+\s*", value) is not None


def _between(argument: str) -> Check:
    lowest, highest = (int(number) for number in argument.split(","))
    return _whole_number(lowest, highest)


def _length(argument: str) -> Check:
    numbers = [int(number) for number in argument.split(",")]
    if len(numbers) > 2:
        raise ValueError("one length or two, the smallest and the greatest")
    return _length_between(numbers[0], numbers[-1])


def _length_between(shortest: int, longest: int) -> Check:
    return lambda value: shortest <= len(value) <= longest


def _regex(argument: str) -> Check:
    # Braces are doubled inside a template. The pattern need not match the whole value, unless it has anchors.
    compiled = re.compile(argument.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
    return lambda value: compiled.search(value) is not None


_GUID = r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|[0-9a-f]{32}"
_PLAIN_CHECKS: dict[str, Check] = {
    "int": _whole_number(-(2**31), 2**31 - 1),
    "long": _whole_number(-_GREATEST - 1, _GREATEST),
    "bool": _matches("true|false"),
    "guid": _matches(_GUID),
    "alpha": _matches("[a-z]*"),
    "decimal": _matches(r"[+-]?(?:\d+\.?\d*|\.\d+)"),
    "double": _matches(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"),
    "float": _matches(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"),
    "required": lambda value: value != "",
}
_CHECKS_WITH_ARGUMENT: dict[str, Callable[[str], Check]] = {
    "length": _length,
    "minlength": lambda argument: _length_between(int(argument), _GREATEST),
    "maxlength": lambda argument: _length_between(0, int(argument)),
    "min": lambda argument: _whole_number(int(argument), _GREATEST),
    "max": lambda argument: _whole_number(-_GREATEST - 1, int(argument)),
    "range": _between,
    "regex": _regex,
}
