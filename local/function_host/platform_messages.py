"""The messages between host and worker, in the shapes that azure-functions-runtime-v1 reads and makes.

In Azure they are protobuf classes made from FunctionRpc.proto and Nullable.proto
(Azure/azure-functions-language-worker-protobuf), handed to the library by the worker around it. The library
uses only their fields and `WhichOneof`, so plain classes with the same names stand for them here; this module
is what the library gets as `protos`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class BindingInfo:
    """A binding as the host describes it when it has a function loaded."""

    inout, out, undefined = 2, 1, 0
    # `in` is a keyword, but protobuf has it as an attribute.
    directions: Mapping[str, int] = {"in": 0, "out": 1, "inout": 2}

    def __init__(self, type: str, direction: str) -> None:
        self.type = type
        self.direction = self.directions[direction]
        self.data_type = self.undefined


@dataclass
class RpcException:
    """Why a load or a call failed."""

    message: str = ""
    stack_trace: str = ""
    source: str = ""


@dataclass
class StatusResult:
    """How a request to the worker ended."""

    status: int = 0
    exception: RpcException = field(default_factory=RpcException)

    Failure = 0
    Success = 1
    Cancelled = 2


@dataclass
class WorkerMetadata:
    """What a worker says of itself."""

    runtime_name: str = ""
    runtime_version: str = ""
    worker_version: str = ""
    worker_bitness: str = ""
    custom_properties: Mapping[str, str] = field(default_factory=dict)


@dataclass
class WorkerInitResponse:
    """The answer to WorkerInitRequest."""

    capabilities: Mapping[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass
class FunctionLoadResponse:
    """The answer to FunctionLoadRequest."""

    function_id: str
    result: StatusResult


@dataclass
class InvocationResponse:
    """The answer to InvocationRequest."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)


class TypedData:
    """A value, in the one field that is set: reading another one gives None."""

    _FIELDS = ("string", "json", "bytes", "http", "int", "double")

    def __init__(self, **fields: Any) -> None:
        self._set = {name: value for name, value in fields.items() if value is not None}
        if len(self._set) > 1 or not set(self._set) <= set(self._FIELDS):
            raise ValueError(f"one of {self._FIELDS}, not {sorted(self._set)}")

    def __getattr__(self, name: str) -> Any:
        if name not in self._FIELDS:
            raise AttributeError(name)
        return self._set.get(name)

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's name
        """The name of the field that is set."""
        return next(iter(self._set), None)


@dataclass
class ParameterBinding:
    """A named value."""

    name: str
    data: TypedData | None = None

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Shared memory, the other way to pass a value, was removed in Python 3.13."""
        return None if self.data is None else "data"


@dataclass
class RpcHttpCookie:
    """A cookie of an answer."""

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: int = 0
    max_age: NullableDouble | None = None

    # The first name is a keyword.
    SameSite = IntEnum("SameSite", {"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


@dataclass
class RpcHttp:
    """A request or an answer."""

    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: TypedData | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    status_code: str = ""
    enable_content_negotiation: bool = False
    cookies: list[RpcHttpCookie] | None = None


@dataclass
class NullableString:
    """A text or nothing."""

    value: str


@dataclass
class NullableBool:
    """A truth value or nothing."""

    value: bool


@dataclass
class NullableDouble:
    """A number or nothing."""

    value: float


@dataclass
class Timestamp:
    """Seconds since 1970."""

    seconds: int = 0


@dataclass
class NullableTimestamp:
    """A moment or nothing."""

    value: Timestamp
