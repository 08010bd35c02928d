"""Reads host.json and every function.json, and reports errors in plain language."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.function_host.routes import Route, RouteError

_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE)
_AUTH_LEVELS = ("anonymous", "function", "admin")
_RESERVED_ROUTES = ("admin", "runtime")
_APP_SETTING = re.compile(r"%([^%]+)%")


class ConfigurationError(Exception):
    """A file of the app cannot be used. The text names the file and says what is wrong."""


@dataclass(frozen=True)
class Binding:
    """One entry of `bindings` in function.json. `settings` is the unchanged entry."""

    name: str
    type: str
    direction: str
    settings: Mapping[str, Any] = field(repr=False)

    @property
    def is_trigger(self) -> bool:
        """Whether this binding starts the function."""
        return self.type.lower().endswith("trigger")


@dataclass(frozen=True)
class Function:
    """A function folder. `script` is the Python file, `route` and `methods` are None but for HTTP triggers.

    `methods` in upper case; empty means every method.
    """

    name: str
    folder: Path
    script: Path
    entry_point: str
    bindings: tuple[Binding, ...]
    trigger: Binding
    is_disabled: bool
    route: Route | None = None
    methods: frozenset[str] = frozenset()
    auth_level: str = "function"

    @property
    def is_http(self) -> bool:
        """Whether requests start it."""
        return self.route is not None

    @property
    def http_output(self) -> Binding | None:
        """The output binding that holds the answer, if there is one."""
        return next((b for b in self.bindings if b.type == "http" and b.direction == "out"), None)


@dataclass(frozen=True)
class FunctionApp:
    """An app's functions in the order in which the host matches them; `faults` says which it left out, and why."""

    root: Path
    functions: tuple[Function, ...]
    faults: tuple[str, ...]


def read_app(root: Path, environment: Mapping[str, str] = os.environ) -> FunctionApp:
    """Read the app in `root`: host.json and the folders directly below.

    A fault in one function.json leaves that function out, as the host does. Raises ConfigurationError where
    nothing can run: no usable host.json. The order is that of names, case ignored; it decides which route
    wins (FunctionMetadataManager.cs, WebScriptHostHttpRoutesManager.cs).
    """
    prefix = _read_route_prefix(root / "host.json")
    folders = [path.parent for path in root.glob("*/function.json")]
    functions: list[Function] = []
    faults: list[str] = []
    for folder in sorted(folders, key=lambda path: path.name.lower()):
        try:
            function = _read_function(folder, prefix, environment)
            _refuse_same_route(function, functions)
        except ConfigurationError as fault:
            faults.append(str(fault))
        else:
            functions.append(function)
    return FunctionApp(root, tuple(functions), tuple(faults))


def read_settings(path: Path, *, is_required: bool) -> dict[str, str]:
    """The `Values` of a local.settings.json; none when the file is absent and not required.

    Raises ConfigurationError when it cannot be read as Core Tools would: values have to be strings.
    """
    if not path.exists() and not is_required:
        return {}
    values = _read_json_object(path).get("Values", {})
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: Values is no object")
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise ConfigurationError(f"{path}: the values of {', '.join(wrong)} have to be strings, in quotes")
    return values


def _read_json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"{path} cannot be read: {problem}") from problem
    except json.JSONDecodeError as problem:
        raise ConfigurationError(
            f"{path}, line {problem.lineno}, column {problem.colno}: no valid JSON: {problem.msg}"
        ) from problem
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: a JSON object is expected")
    return content


def _read_route_prefix(path: Path) -> str:
    content = _read_json_object(path)
    if content.get("version") != "2.0":
        raise ConfigurationError(f'{path}: "version" has to be "2.0"')
    http = content.get("extensions", {}).get("http", {})
    prefix = http.get("routePrefix", "api")
    if not isinstance(prefix, str):
        raise ConfigurationError(f"{path}: extensions.http.routePrefix has to be a string")
    return prefix.strip("/")


def _read_function(folder: Path, prefix: str, environment: Mapping[str, str]) -> Function:
    name, path = folder.name, folder / "function.json"
    if not _FUNCTION_NAME.fullmatch(name) or name.lower() == "host":
        raise ConfigurationError(
            f"{folder}: {name!r} is no name for a function: a letter, then letters, digits, _ or -"
        )
    content = _read_json_object(path)
    bindings = tuple(_read_binding(entry, path) for entry in content.get("bindings", []))
    triggers = [binding for binding in bindings if binding.is_trigger]
    if len(triggers) != 1:
        raise ConfigurationError(
            f"{path}: one trigger is needed among the bindings, {len(triggers)} are there"
        )
    _check_schedule(triggers[0], path, environment)
    disabled = environment.get(f"AzureWebJobs.{name}.Disabled", "")
    function = Function(
        name=name,
        folder=folder,
        script=_find_script(folder, content.get("scriptFile"), path),
        entry_point=content.get("entryPoint") or "main",
        bindings=bindings,
        trigger=triggers[0],
        is_disabled=disabled.lower() in ("true", "1") or content.get("disabled") is True,
    )
    return _with_route(function, prefix, path) if triggers[0].type == "httpTrigger" else function


def _read_binding(entry: object, path: Path) -> Binding:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{path}: an entry of bindings is no object")
    missing = [key for key in ("name", "type", "direction") if not isinstance(entry.get(key), str)]
    if missing:
        raise ConfigurationError(f"{path}: a binding lacks {' and '.join(missing)}")
    if entry["direction"] not in ("in", "out", "inout"):
        raise ConfigurationError(f"{path}: the direction of {entry['name']} is in, out or inout")
    return Binding(entry["name"], entry["type"], entry["direction"], entry)


def _check_schedule(trigger: Binding, path: Path, environment: Mapping[str, str]) -> None:
    """A timer whose schedule names an app setting that is missing or empty is a function in error.

    The host says so also for a disabled one (https://github.com/Azure/azure-functions-host/issues/10346).
    """
    schedule = str(trigger.settings.get("schedule", ""))
    for name in _APP_SETTING.findall(schedule):
        if not environment.get(name):
            raise ConfigurationError(f"{path}: '%{name}%' does not resolve to a value")


def _find_script(folder: Path, named: str | None, path: Path) -> Path:
    """HostFunctionMetadataProvider.cs: the file named, else the only one in the folder, else __init__.py."""
    if named:
        script = Path(os.path.normpath(folder / named))
        if not script.is_file():
            raise ConfigurationError(f"{path}: scriptFile {named} does not exist")
        return script
    others = [file for file in folder.iterdir() if file.is_file() and file.name != "function.json"]
    script = others[0] if len(others) == 1 else folder / "__init__.py"
    if not script.is_file():
        raise ConfigurationError(f"{folder}: no Python file for the function: __init__.py is missing")
    return script


def _with_route(function: Function, prefix: str, path: Path) -> Function:
    settings = function.trigger.settings
    template = settings.get("route", function.name)
    methods = settings.get("methods") or []
    auth_level = settings.get("authLevel", "function")
    if not isinstance(template, str):
        raise ConfigurationError(f"{path}: route has to be a string")
    if not isinstance(methods, list) or not all(isinstance(method, str) for method in methods):
        raise ConfigurationError(f"{path}: methods has to be a list of strings")
    if str(auth_level).lower() not in _AUTH_LEVELS:
        raise ConfigurationError(f"{path}: authLevel is one of {', '.join(_AUTH_LEVELS)}, not {auth_level!r}")
    full_template = "/".join(part for part in (prefix, template.strip("/")) if part)
    if full_template.lower().split("/")[0] in _RESERVED_ROUTES:
        raise ConfigurationError(f"{path}: a route must not start with {' or '.join(_RESERVED_ROUTES)}")
    try:
        route = Route(full_template)
    except RouteError as problem:
        raise ConfigurationError(f"{path}: route {template!r}: {problem}") from problem
    return replace(
        function,
        route=route,
        methods=frozenset(method.upper() for method in methods),
        auth_level=str(auth_level).lower(),
    )


def _refuse_same_route(function: Function, earlier: list[Function]) -> None:
    """ScriptHost.cs: the second of two functions with one template and a method in common is in error."""
    for other in earlier:
        if function.route is None or other.route is None or function.route != other.route:
            continue
        if not function.methods or not other.methods or function.methods & other.methods:
            raise ConfigurationError(
                f"{function.folder}: the route {function.route.template!r} is already that of {other.name}"
            )
