"""Requests that nobody thought of: schemathesis makes them of openapi.yaml, valid and invalid ones.

Whatever is asked, no answer is a defect, and openapi.yaml describes each. CI asks the same for some seconds;
`python dev.py fuzz` asks something new for as long as it is told.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from local.system import FUNCTION_KEY, LocalSystem
from tests.documented_answers import CONTRACT, check_answer
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest
from tests.openapi import Operation

# Not the whole file: a run of all end-to-end tests is known by its files (tests/documented_answers.py).
pytestmark = pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis needs Python 3.11")

CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
"""What schemathesis itself looks at, beside the tests' own check."""

SECONDS = float(os.environ.get("FUZZ_SECONDS", "20")) / len(CONTRACT.operations)
"""For each operation."""
ROUNDS = 1_000_000 if "FUZZ_SECONDS" in os.environ else 1
EXAMPLES = 40
"""Of a round at most. In CI, each round would try the same."""
WITHOUT_KEY = 5
"""Each request of this many is also sent without a function key."""
CHANGING = {"putIntegration", "deleteIntegration"}
"""What these ask for is asked of an integration of their own, so that the other operations keep theirs."""
ADDRESSES = {"url", "download_url", "account_url"}
"""Keys of addresses. What is generated for them is not called: it might be somebody's."""


@dataclass(frozen=True)
class Target:
    """The app with a complete integration, and requests to it."""

    api: Api
    integration: IntegrationUnderTest
    aha_url: str

    def cases(self, operation: Operation) -> st.SearchStrategy[Any]:
        """Requests of an operation, valid and invalid; where it takes a path, half of them to what is there."""
        from schemathesis import GenerationMode as Modes

        described = document().find_operation_by_label(f"{operation.method} {operation.path}")
        # An operation that takes nothing cannot be asked in a wrong way.
        chosen = [Modes.POSITIVE, Modes.NEGATIVE] if described.body or described.query else [Modes.POSITIVE]
        fixed = [None, self.path(operation)] if "{" in operation.path else [None]
        kinds = itertools.product(chosen, fixed)
        made = [described.as_strategy(generation_mode=mode, path_parameters=path) for mode, path in kinds]
        return st.one_of(made)

    def path(self, operation: Operation) -> dict[str, str]:
        """Path parameters that lead to something."""
        integration_id = "fuzz-changed" if operation.id in CHANGING else self.integration.id
        known = {
            "integration_id": integration_id,
            "reference": "PROD-1",
            "token": self.integration.webhook_url.rsplit("/", 1)[1],
            "file": "app.js",
        }
        return {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}

    def ask(self, case: Any, *, key: str = FUNCTION_KEY) -> requests.Response:
        """Send a request."""
        prepared = case.as_transport_kwargs(base_url=self.api.url, headers={"x-functions-key": key})
        if "json" in prepared:
            prepared["json"] = self.harmless(prepared["json"])
        return self.api.session.request(**prepared, allow_redirects=False, timeout=60)

    def harmless(self, value: Any, name: str = "") -> Any:
        """A body whose addresses are all those of the sandbox Aha!."""
        if isinstance(value, dict):
            return {key: self.harmless(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.harmless(inner) for inner in value]
        return self.aha_url if name in ADDRESSES and isinstance(value, str) else value


@cache
def document() -> Any:
    """openapi.yaml as schemathesis reads it, which takes a second."""
    import schemathesis

    return schemathesis.openapi.from_dict(dict(CONTRACT.document))


@pytest.fixture(scope="module")
def target(_running_system: LocalSystem) -> Iterator[Target]:
    """The running system with both sandboxes as they are at their start."""
    azure_devops, aha = AzureDevOps(_running_system.azure_devops.url), Aha(_running_system.aha.url)
    azure_devops.reset()
    aha.reset()
    aha.limit_requests(per_second=None, per_minute=None)
    api = Api(_running_system.functions_url, _running_system.function_key)
    yield Target(api, IntegrationUnderTest.set_up(api, azure_devops, aha, "fuzz"), aha.account_url)
    # Those that a generated request made hold products that other tests use.
    for left in api.get("/integrations").json()["integrations"]:
        api.delete(f"/integrations/{left['integration_id']}")


@pytest.mark.parametrize("operation", CONTRACT.operations, ids=lambda operation: operation.id)
def test_every_answer_is_documented_and_none_is_a_defect(target: Target, operation: Operation) -> None:
    from schemathesis.specs.openapi import checks as of_schemathesis

    checks = [getattr(of_schemathesis, name) for name in CHECKS]
    until, asked = 0.0, 0

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=target.cases(operation))
    def ask(case: Any) -> None:
        nonlocal until, asked
        # The first request takes long to make.
        until = until or time.monotonic() + SECONDS
        if time.monotonic() > until:
            return
        asked += 1
        if operation.id == "deleteIntegration":
            target.api.put_integration("fuzz-changed", {"name": "Changed", "product_id": "CHANGED"})
        try:
            answer = target.ask(case)
            assert answer.status_code < 500, f"{answer.status_code} {answer.text}\n{case.as_curl_command()}"
            check_answer(answer)
            case.validate_response(answer, checks=checks)
            if operation.needs_key and asked % WITHOUT_KEY == 0:
                assert target.ask(case, key="").status_code == 401
        except BaseException:
            # Hypothesis asks once more.
            until = float("inf")
            raise

    for _ in range(ROUNDS):
        ask()
        if time.monotonic() > until:
            break
    assert asked
