"""Has functions loaded and called by the platform's own library, azure-functions-runtime-v1.

From Python 3.13 the worker in Azure is a thin proxy around this library: it passes on the host's messages to
`worker_init_request`, `function_load_request` and `invocation_request`. This engine sends the same messages, so the
same code as in Azure decides what loads, what a handler gets and what it may return.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime_v1 as runtime

from local.function_host import platform_messages as messages
from local.function_host.definitions import Function
from local.function_host.invocation import (
    Cookie,
    FunctionNotLoaded,
    HttpInput,
    HttpOutput,
    Invocation,
    InvocationFailed,
    Output,
    TimerInput,
)

_SAME_SITE = {1: "Lax", 2: "Strict", 3: "None"}


class PlatformEngine:
    """The engine for Python 3.13 and newer; see the module."""

    def __init__(self, root: Path, threads: int) -> None:
        # The library reads the number of threads from the setting, as in Azure.
        os.environ["PYTHON_THREADPOOL_THREAD_COUNT"] = str(threads)
        self._root = root
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="event-loop", daemon=True).start()
        runtime.start_threadpool_executor()
        self._send(runtime.worker_init_request, worker_init_request=SimpleNamespace(capabilities={}))

    def load(self, function: Function) -> None:
        """Have the library import and check the function; raises FunctionNotLoaded."""
        metadata = SimpleNamespace(
            name=function.name,
            directory=str(function.folder),
            script_file=str(function.script),
            entry_point=function.entry_point,
            bindings={b.name: messages.BindingInfo(b.type, b.direction) for b in function.bindings},
        )
        answer = self._send(
            runtime.function_load_request,
            function_load_request=SimpleNamespace(function_id=function.name, metadata=metadata),
        )
        if answer.result.status != messages.StatusResult.Success:
            raise FunctionNotLoaded(_describe(answer.result.exception))

    def call(self, invocation: Invocation) -> dict[str, Output]:
        """Have the library call the function and wait for it; raises InvocationFailed."""
        trigger = invocation.function.trigger
        request = SimpleNamespace(
            invocation_id=invocation.id,
            function_id=invocation.function.name,
            input_data=[messages.ParameterBinding(trigger.name, _typed_data(invocation.input))],
            trigger_metadata={},
            trace_context=SimpleNamespace(
                trace_parent=invocation.trace_parent, trace_state=invocation.trace_state, attributes={}
            ),
            retry_context=SimpleNamespace(
                retry_count=0, max_retry_count=0, exception=messages.RpcException()
            ),
        )
        answer = self._send(runtime.invocation_request, invocation_request=request)
        if answer.result.status != messages.StatusResult.Success:
            raise InvocationFailed(_describe(answer.result.exception))
        outputs = {binding.name: _output(binding.data) for binding in answer.output_data}
        if any(binding.name == "$return" for binding in invocation.function.bindings):
            outputs["$return"] = _output(answer.return_value)
        return outputs

    def current_invocation_id(self) -> str | None:
        """What the worker looks for: the library's context variable."""
        found: str | None = runtime.invocation_id_cv.get()
        return found

    def _send(self, handler: Any, **content: Any) -> Any:
        request = SimpleNamespace(
            request=SimpleNamespace(**content), properties={"host": "127.0.0.1", "protos": messages}
        )
        coroutine: Coroutine[Any, Any, Any] = handler(request)
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _describe(problem: messages.RpcException) -> str:
    return problem.stack_trace or problem.message


def _typed_data(value: HttpInput | TimerInput) -> messages.TypedData:
    if isinstance(value, TimerInput):
        return messages.TypedData(json=value.json)
    # The host sends no body at all for an empty one.
    body = messages.TypedData(bytes=value.body) if value.body else messages.TypedData()
    http = messages.RpcHttp(
        method=value.method,
        url=value.url,
        headers=value.headers,
        query=value.query,
        params=value.route_values,
        body=body,
    )
    return messages.TypedData(http=http)


def _output(data: messages.TypedData | None) -> Output:
    kind = None if data is None else data.WhichOneof("data")
    if data is None or kind is None:
        return None
    value = getattr(data, kind)
    if kind != "http":
        return value if isinstance(value, str | bytes) else str(value)
    return HttpOutput(
        status=int(value.status_code),
        headers=value.headers,
        cookies=tuple(_cookie(cookie) for cookie in value.cookies or ()),
        body=(value.body.bytes if value.body is not None else None) or b"",
    )


def _cookie(cookie: messages.RpcHttpCookie) -> Cookie:
    return Cookie(
        name=cookie.name,
        value=cookie.value,
        domain=(cookie.domain.value or None) if cookie.domain else None,
        path=(cookie.path.value or None) if cookie.path else None,
        expires=cookie.expires.value.seconds if cookie.expires else None,
        max_age=cookie.max_age.value if cookie.max_age else None,
        is_secure=cookie.secure is not None and cookie.secure.value,
        is_http_only=cookie.http_only is not None and cookie.http_only.value,
        same_site=_SAME_SITE.get(int(cookie.same_site)),
    )
