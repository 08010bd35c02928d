"""Calls functions as the Python worker does: `def` on a thread pool, `async def` on one event loop.

Requests and answers are turned into azure.functions' types and back by that package's own converters,
which are what the worker uses; so what a handler may return is decided by the same code as in Azure.
"""

from __future__ import annotations

import asyncio
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions
from azure.functions.meta import Datum

from local.function_host.cookies import cookies_of
from local.function_host.definitions import Binding, Function
from local.function_host.invocation import (
    HttpInput,
    HttpOutput,
    Invocation,
    InvocationFailed,
    Output,
    TimerInput,
)
from local.function_host.worker_loading import LoadedFunction, load, provide_app_package

_thread_local_storage = threading.local()


class Out:
    """The value that a function sets for a named output."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, value: Any) -> None:
        """Set the value. The last one counts."""
        self._value = value

    def get(self) -> Any:
        """The value set last, or None."""
        return self._value


class Context(azure.functions.Context):
    """The value of a handler's parameter `context`."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._trace_context = SimpleNamespace(
            Traceparent=invocation.trace_parent,
            Tracestate=invocation.trace_state,
            Attributes={},
            trace_parent=invocation.trace_parent,
            trace_state=invocation.trace_state,
            attributes={},
        )

    @property
    def invocation_id(self) -> str:
        """The id of this call, a GUID."""
        return self._invocation.id

    @property
    def thread_local_storage(self) -> Any:
        """Where a function's own thread stores the invocation id for its log lines."""
        return _thread_local_storage

    @property
    def function_name(self) -> str:
        """The folder's name."""
        return self._invocation.function.name

    @property
    def function_directory(self) -> str:
        """The folder's path."""
        return str(self._invocation.function.folder)

    @property
    def trace_context(self) -> Any:
        """The W3C trace headers of the request."""
        return self._trace_context

    @property
    def retry_context(self) -> Any:
        """No retries, because this host has no triggers that retry."""
        return SimpleNamespace(retry_count=0, max_retry_count=0, exception=None)


class WorkerEngine:
    """The engine for every Python version; see the module."""

    def __init__(self, root: Path, threads: int) -> None:
        provide_app_package(root)
        self._root = root
        self._functions: dict[str, LoadedFunction] = {}
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="function")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="event-loop", daemon=True).start()

    def load(self, function: Function) -> None:
        """Import and check the function; raises FunctionNotLoaded."""
        self._functions[function.name] = load(function, self._root)

    def call(self, invocation: Invocation) -> dict[str, Output]:
        """Call the function and wait for it; raises InvocationFailed."""
        function = self._functions[invocation.function.name]
        try:
            arguments = self._arguments(invocation, function)
            if function.is_async:
                result = asyncio.run_coroutine_threadsafe(function.call(**arguments), self._loop).result()
            else:
                result = self._pool.submit(self._call_on_thread, invocation.id, function, arguments).result()
            return _outputs(function, arguments, result)
        except Exception as problem:
            raise InvocationFailed("".join(traceback.format_exception(problem))) from problem

    def current_invocation_id(self) -> str | None:
        """What the worker looks for: the mark of the thread (`get_current_invocation_id` in its dispatcher.py)."""
        return getattr(_thread_local_storage, "invocation_id", None)

    @staticmethod
    def _call_on_thread(invocation_id: str, function: LoadedFunction, arguments: dict[str, Any]) -> Any:
        _thread_local_storage.invocation_id = invocation_id
        try:
            return function.call(**arguments)
        finally:
            _thread_local_storage.invocation_id = None

    @staticmethod
    def _arguments(invocation: Invocation, function: LoadedFunction) -> dict[str, Any]:
        trigger = invocation.function.trigger
        converter = azure.functions.get_binding_registry().get(trigger.type)  # type: ignore[no-untyped-call]
        arguments = {trigger.name: converter.decode(_datum(invocation.input), trigger_metadata={})}
        arguments |= {binding.name: Out() for binding in function.outputs}
        if function.takes_context:
            arguments["context"] = Context(invocation)
        return arguments


def _datum(value: HttpInput | TimerInput) -> Datum:
    if isinstance(value, TimerInput):
        return Datum(value.json, "json")
    return Datum(
        {
            "method": Datum(value.method, "string"),
            "url": Datum(value.url, "string"),
            "headers": {name: Datum(text, "string") for name, text in value.headers.items()},
            "query": {name: Datum(text, "string") for name, text in value.query.items()},
            "params": {name: Datum(text, "string") for name, text in value.route_values.items()},
            "body": Datum(value.body, "bytes"),
        },
        "http",
    )


def _outputs(function: LoadedFunction, arguments: dict[str, Any], result: Any) -> dict[str, Output]:
    if result is not None and not function.has_return:
        raise RuntimeError("the function returned a value but has no $return binding")
    outputs = {
        binding.name: _encode(binding, arguments[binding.name].get(), None)
        for binding in function.outputs
        if arguments[binding.name].get() is not None
    }
    if function.return_binding is not None:
        outputs["$return"] = _encode(function.return_binding, result, function.return_annotation)
    return outputs


def _encode(binding: Binding, value: Any, expected_type: type | None) -> Output:
    converter = azure.functions.get_binding_registry().get(binding.type)  # type: ignore[no-untyped-call]
    try:
        datum = converter.encode(value, expected_type=expected_type)
    except NotImplementedError:
        raise TypeError(
            f"unable to encode outgoing TypedData: unsupported type {binding.type!r} "
            f"for Python type {type(value).__name__!r}"
        ) from None
    if datum.type != "http":
        return datum.value if isinstance(datum.value, str | bytes) else str(datum.value)
    cookies: list[SimpleCookie] = datum.value["cookies"] or []
    return HttpOutput(
        status=int(datum.value["status_code"].value),
        headers={name: text.value for name, text in datum.value["headers"].items()},
        cookies=tuple(cookie for jar in cookies for cookie in cookies_of(jar)),
        body=datum.value["body"].value,
    )
