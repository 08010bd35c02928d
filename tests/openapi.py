"""openapi.yaml as tests use it: its operations, and whether an answer is one that it describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from openapi_schema_validator import OAS31Validator, oas31_format_checker

ROOT = Path(__file__).resolve().parents[1]
_WITHOUT_AN_ID = {
    ("PUT", "/integrations"): (400, "BadRequest"),
    ("DELETE", "/integrations"): (404, "IntegrationNotFound"),
}
"""Requests that are no operation of the document but reach the app, and the response that they get."""
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def _innermost(error: Any) -> Iterator[Any]:
    """Why none of a schema's alternatives fits, instead of that none does; any other error itself."""
    if not error.context:
        yield error
    for inner in error.context:
        yield from _innermost(inner)


@dataclass(frozen=True)
class Operation:
    """One method on one path. References of its responses are resolved down to the schemas."""

    id: str
    method: str
    path: str
    security: list[dict[str, Any]]
    request: Mapping[str, Any]
    responses: Mapping[int, Mapping[str, Any]]

    @property
    def needs_key(self) -> bool:
        """Whether a function key is asked for."""
        return bool(self.security)

    def takes(self, method: str, path: str) -> bool:
        """Whether a request goes here. A slash at the end of the path makes no difference to the platform."""
        return method.upper() == self.method and self._pattern.fullmatch(path) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", self.path) + "/?")


class Contract:
    """The document, read once. Validators are made once per schema: an end-to-end test checks every answer."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        # By the identity of the schema, which is kept beside its validator so that the identity stays its own.
        self._validators: dict[int, tuple[Mapping[str, Any], OAS31Validator]] = {}

    @classmethod
    def load(cls) -> Contract:
        """The repository's openapi.yaml."""
        # The loader in C takes a tenth of the time; some platforms have the one in Python alone.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return cls(yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), loader))  # noqa: S506

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, in the order of the document."""
        return tuple(
            Operation(
                id=item[method]["operationId"],
                method=method.upper(),
                path=path,
                security=item[method].get("security", self.document["security"]),
                request=item[method].get("requestBody", {}).get("content", {}),
                responses={
                    int(status): self.resolve(response)
                    for status, response in item[method]["responses"].items()
                },
            )
            for path, item in self.document["paths"].items()
            for method in _METHODS
            if method in item
        )

    def operation(self, operation_id: str) -> Operation:
        """The operation of this id."""
        return next(one for one in self.operations if one.id == operation_id)

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The node itself, or what its $ref leads to."""
        while "$ref" in node:
            target: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def faults(self, value: Any, schema: Mapping[str, Any]) -> list[str]:
        """What in a JSON value is not as a schema of the document says."""
        return [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for outer in self._validator(schema).iter_errors(value)
            for error in _innermost(outer)
        ]

    def examples(self) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
        """Every example of a body: a name for it, its value, and the schema it belongs to."""
        for operation in self.operations:
            places = {"request": operation.request}
            places |= {
                str(status): response.get("content", {}) for status, response in operation.responses.items()
            }
            for place, content in places.items():
                for media in content.values():
                    for name, example in media.get("examples", {}).items():
                        yield (
                            f"{operation.id} {place} {name}",
                            self.resolve(example)["value"],
                            media["schema"],
                        )

    def check(self, answer: requests.Response, base_path: str = "/api") -> Operation | None:
        """Fail unless the answer is one that the document describes for its request; answers the operation.

        None where the document has no such path or method. Then the platform answers 404 without calling the app, but
        for a PUT or DELETE of an integration without its id.
        """
        method, path = answer.request.method or "", urlsplit(answer.request.url or "").path
        path = str(path).removeprefix(base_path)
        operation = next((one for one in self.operations if one.takes(method, path)), None)
        name = f"{method} {path}" if operation is None else operation.id
        what = f"{name} was answered {answer.status_code}: {answer.text[:1000]}"
        responses = (
            self._responses_without_an_operation(method, path) if operation is None else operation.responses
        )
        response = responses.get(answer.status_code)
        assert response is not None, f"{what}\nopenapi.yaml has no such answer."
        self._check_headers(answer, response, what)
        self._check_body(answer, response.get("content", {}), what)
        if "x-operation-id" in answer.headers:
            sniffed = answer.headers.get("x-content-type-options") != "nosniff"
            assert not sniffed, f"{what}\nWithout nosniff a browser may take it for another type."
        # The webhook answers 200 whatever a notification holds, so that Azure DevOps keeps its subscription.
        if operation is not None and operation.needs_key and answer.ok:
            self.check_request(answer, operation)
        return operation

    def _responses_without_an_operation(self, method: str, path: str) -> Mapping[int, Mapping[str, Any]]:
        if (method, path) not in _WITHOUT_AN_ID:
            return {404: {}}
        status, name = _WITHOUT_AN_ID[method, path]
        return {status: self.document["components"]["responses"][name]}

    def _validator(self, schema: Mapping[str, Any]) -> OAS31Validator:
        if id(schema) not in self._validators:
            # Without references to follow, a validation takes a quarter of the time.
            resolved = self._without_references(schema)
            validator = OAS31Validator(resolved, format_checker=oas31_format_checker)
            self._validators[id(schema)] = (schema, validator)
        return self._validators[id(schema)][1]

    def _without_references(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._without_references(item) for item in node]
        if not isinstance(node, Mapping):
            return node
        inner = {key: self._without_references(value) for key, value in node.items() if key != "$ref"}
        if "$ref" not in node:
            return inner
        target = self._without_references(self.resolve(node))
        return {"allOf": [target, inner]} if inner else target

    def _check_headers(self, answer: requests.Response, response: Mapping[str, Any], what: str) -> None:
        headers = response.get("headers", {})
        if "x-operation-id" not in headers:
            is_ours = "x-operation-id" in answer.headers
            assert not is_ours, (
                f"{what}\nIt has the header x-operation-id, which the platform's answers do not have."
            )
        for name, reference in headers.items():
            header = self.resolve(reference)
            text = answer.headers.get(name)
            if text is None:
                assert not header["required"], f"{what}\nThe header {name} is missing."
                continue
            is_number = header["schema"].get("type") == "integer" and text.isdecimal()
            faults = self.faults(int(text) if is_number else text, header["schema"])
            assert not faults, f"{what}\nThe header {name} is not as openapi.yaml says: {faults}"

    def _check_body(self, answer: requests.Response, content: Mapping[str, Any], what: str) -> None:
        if not content:
            assert answer.content == b"", f"{what}\nopenapi.yaml says that there is no body."
            return
        media_type = answer.headers.get("content-type", "").split(";")[0]
        assert media_type in content, f"{what}\nThe media type {media_type!r} is not in openapi.yaml."
        body = answer.json() if media_type.endswith("json") else answer.text
        faults = self.faults(body, content[media_type]["schema"])
        assert not faults, f"{what}\nNot as openapi.yaml says: {faults}"
        if isinstance(body, dict) and "operation_id" in body:
            named = answer.headers.get("x-operation-id")
            assert body["operation_id"] == named, f"{what}\nThe header x-operation-id is {named}."

    def check_request(self, answer: requests.Response, operation: Operation) -> None:
        """Fail unless the body that was sent, if there was one, is as the document says."""
        body = answer.request.body
        if not body:
            return
        assert operation.request, f"{operation.id} takes no body by openapi.yaml"
        faults = self.faults(json.loads(body), operation.request["application/json"]["schema"])
        assert not faults, f"{operation.id} took a request that is not as openapi.yaml says: {faults}"
