"""Bodies of requests, and answers that say what is wrong with them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import requests

from local.sample import sample_integration

MINIMAL = {"name": "Fabrikam web", "product_id": "PROD"}
"""The least that an integration can be saved with."""

LEFT_OUT: Any = object()
"""As a value of `changed`: the key is not there at all."""


def complete_integration(**changes: Any) -> dict[str, Any]:
    """The sample integration with an Aha! account that is never called; `changes` replace top-level keys."""
    return {**sample_integration("https://company.aha.io"), **changes}


def changed(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with other values at some JSON pointers: `changed(body, {"/feature/work_item_type": "Bug"})`."""
    copied = copy.deepcopy(dict(body))
    for pointer, value in changes.items():
        *above, key = pointer.removeprefix("/").split("/")
        parent = copied
        for segment in above:
            parent = parent[segment]
        if value is LEFT_OUT:
            del parent[key]
        else:
            parent[key] = value
    return copied


def settings_of(answer: requests.Response) -> dict[str, Any]:
    """An integration as an answer has it, without its health, which answers of GET add."""
    assert answer.ok, answer.text
    return {key: value for key, value in answer.json().items() if key != "health"}


def problem_of(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error answer of this status and code. The client has checked that it is a whole problem."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    return problem


def faults_of(answer: requests.Response) -> dict[str, str]:
    """What each JSON pointer of an `invalid_request` is blamed for."""
    errors = problem_of(answer, 400, "invalid_request")["errors"]
    return {error["pointer"]: error["detail"] for error in errors}
