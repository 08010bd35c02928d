"""Imports a function as the Python worker does, and checks it against function.json by the same rules.

The rules are those of the worker's loader.py and functions.py (Azure/azure-functions-python-worker).
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import traceback
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions

from local.function_host.definitions import Binding, Function
from local.function_host.invocation import FunctionNotLoaded

APP_PACKAGE = "__app__"


@dataclass(frozen=True)
class LoadedFunction:
    """A function ready to be called. `outputs` are its parameters of the type func.Out."""

    call: Callable[..., Any]
    is_async: bool
    takes_context: bool
    has_return: bool
    outputs: tuple[Binding, ...]
    return_binding: Binding | None
    return_annotation: type | None


def provide_app_package(root: Path) -> None:
    """Make `__app__`, the package that every function folder is a module of."""
    spec = importlib.machinery.ModuleSpec(APP_PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(root)]
    sys.modules[APP_PACKAGE] = importlib.util.module_from_spec(spec)


def load(function: Function, root: Path) -> LoadedFunction:
    """Import the function and check it; raises FunctionNotLoaded."""
    try:
        call = _import_entry_point(function, root)
        return _check(function, call)
    except FunctionNotLoaded:
        raise
    except Exception as problem:
        raise FunctionNotLoaded("".join(traceback.format_exception(problem))) from problem


def _import_entry_point(function: Function, root: Path) -> Callable[..., Any]:
    path = function.script.relative_to(root)
    if path.suffix != ".py":
        raise FunctionNotLoaded(f"{path} is no Python file")
    parts = [APP_PACKAGE, *path.with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    module = importlib.import_module(".".join(parts))
    call = getattr(module, function.entry_point, None)
    if not callable(call):
        raise FunctionNotLoaded(f"{path} has no function {function.entry_point}()")
    return typing.cast(Callable[..., Any], call)


def _check(function: Function, call: Callable[..., Any]) -> LoadedFunction:
    parameters = set(inspect.signature(call).parameters)
    annotations = typing.get_type_hints(call)
    bound = {binding.name: binding for binding in function.bindings if binding.name != "$return"}
    return_binding = next((b for b in function.bindings if b.name == "$return"), None)
    _check_directions(function.bindings)
    takes_context = "context" in parameters and "context" not in bound
    if takes_context:
        parameters.discard("context")
        _check_context(annotations.get("context"))
    _check_names(parameters, bound)
    for name, binding in bound.items():
        _check_parameter(binding, annotations.get(name))
    return LoadedFunction(
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        takes_context=takes_context,
        has_return=return_binding is not None,
        outputs=tuple(binding for binding in bound.values() if binding.direction == "out"),
        return_binding=return_binding,
        return_annotation=_check_return(return_binding, annotations),
    )


def _check_directions(bindings: tuple[Binding, ...]) -> None:
    for binding in bindings:
        if binding.direction == "inout":
            raise FunctionNotLoaded(f"{binding.name}: the direction inout is not supported")
        if binding.name == "$return" and binding.direction != "out":
            raise FunctionNotLoaded("$return has to have the direction out")


def _check_context(annotation: Any) -> None:
    if annotation is not None and not (isinstance(annotation, type) and annotation.__name__ == "Context"):
        raise FunctionNotLoaded(f"the parameter context is an azure.functions.Context, not {annotation!r}")


def _check_names(parameters: set[str], bound: Mapping[str, Binding]) -> None:
    if undeclared := parameters - set(bound):
        raise FunctionNotLoaded(
            f"parameters in Python that function.json does not have: {sorted(undeclared)}"
        )
    if unused := set(bound) - parameters:
        raise FunctionNotLoaded(f"parameters in function.json that Python does not have: {sorted(unused)}")


def _check_parameter(binding: Binding, annotation: Any) -> None:
    if annotation is None:
        return
    is_out = _is_out(annotation)
    if binding.direction == "out" and not is_out:
        raise FunctionNotLoaded(f"{binding.name} is an output: its annotation has to be func.Out[...]")
    if binding.direction == "in" and is_out:
        raise FunctionNotLoaded(f"{binding.name} is an input: its annotation cannot be func.Out")
    pytype = typing.get_args(annotation)[0] if is_out and typing.get_args(annotation) else annotation
    if typing.get_origin(pytype) is None and not isinstance(pytype, type):
        raise FunctionNotLoaded(f"{binding.name} has an invalid non-type annotation {annotation!r}")
    if not isinstance(pytype, type):
        return
    converter = _converter(binding)
    check = converter.check_output_type_annotation if is_out else converter.check_input_type_annotation
    if pytype not in (str, bytes) and not check(pytype):
        raise FunctionNotLoaded(
            f"{binding.name}: a {binding.type} does not fit the annotation {pytype.__name__}"
        )


def _check_return(binding: Binding | None, annotations: Mapping[str, Any]) -> type | None:
    if binding is None or "return" not in annotations:
        return None
    annotation = annotations["return"]
    if _is_out(annotation):
        raise FunctionNotLoaded("the return annotation cannot be func.Out")
    # A union is not a type, so Optional[HttpResponse] fails here as it does in Azure.
    if not isinstance(annotation, type):
        raise FunctionNotLoaded(f"has invalid non-type return annotation {annotation!r}")
    if not _converter(binding).check_output_type_annotation(annotation):
        raise FunctionNotLoaded(f"the return annotation {annotation.__name__} does not fit a {binding.type}")
    return annotation


def _is_out(annotation: Any) -> bool:
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and origin.__name__ == "Out"


def _converter(binding: Binding) -> Any:
    converter = azure.functions.get_binding_registry().get(binding.type)  # type: ignore[no-untyped-call]
    if converter is None:
        raise FunctionNotLoaded(f"{binding.name}: this host has no binding of the type {binding.type}")
    return converter
