"""openapi.yaml as tests use it: which operations there are, and whether an answer is one that it describes."""

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
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


@dataclass(frozen=True)
class Operation:
    """One method on one path, with its references resolved down to the schemas."""

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
        """Whether a request goes here."""
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", self.path)
        return method.upper() == self.method and re.fullmatch(pattern, path) is not None


class Contract:
    """The document, read once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    @classmethod
    def load(cls) -> Contract:
        """The repository's openapi.yaml."""
        return cls(yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8")))

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
        # References look for their targets from the root of the schema, so it gets the document's components.
        validator = OAS31Validator(
            {**schema, "components": self.document["components"]}, format_checker=oas31_format_checker
        )
        return [
            f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)
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

    def check(self, answer: requests.Response, base_path: str = "/api") -> Operation:
        """Fail unless the answer is one that the document describes for its request; answers the operation."""
        method, path = answer.request.method or "", urlsplit(answer.request.url or "").path
        path = str(path).removeprefix(base_path)
        operation = next((one for one in self.operations if one.takes(method, path)), None)
        assert operation is not None, f"{method} {path} is not in openapi.yaml"
        what = f"{operation.id} answered {answer.status_code}: {answer.text[:1000]}"
        response = operation.responses.get(answer.status_code)
        assert response is not None, f"{what}\nThe status is not in openapi.yaml."
        self._check_headers(answer, response, what)
        self._check_body(answer, response.get("content", {}), what)
        if answer.ok:
            self._check_request(answer, operation)
        return operation

    def _check_headers(self, answer: requests.Response, response: Mapping[str, Any], what: str) -> None:
        for name, reference in response.get("headers", {}).items():
            header = self.resolve(reference)
            text = answer.headers.get(name)
            if text is None:
                assert not header["required"], f"{what}\nThe header {name} is missing."
                continue
            value: Any = int(text) if header["schema"].get("type") == "integer" else text
            faults = self.faults(value, header["schema"])
            assert not faults, f"{what}\nThe header {name} is not as openapi.yaml says: {faults}"

    def _check_body(self, answer: requests.Response, content: Mapping[str, Any], what: str) -> None:
        if not content:
            assert answer.content == b"", f"{what}\nopenapi.yaml says that there is no body."
            return
        media_type = answer.headers["content-type"].split(";")[0]
        assert media_type in content, f"{what}\nThe media type {media_type} is not in openapi.yaml."
        body = answer.json() if media_type.endswith("json") else answer.text
        faults = self.faults(body, content[media_type]["schema"])
        assert not faults, f"{what}\nNot as openapi.yaml says: {faults}"

    def _check_request(self, answer: requests.Response, operation: Operation) -> None:
        body = answer.request.body
        if not body:
            return
        assert operation.request, f"{operation.id} takes no body by openapi.yaml"
        faults = self.faults(json.loads(body), operation.request["application/json"]["schema"])
        assert not faults, f"{operation.id} took a request that is not as openapi.yaml says: {faults}"
