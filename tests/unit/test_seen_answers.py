"""A run of all end-to-end tests fails if no test in it saw a documented answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.openapi import ROOT

Run = Callable[..., pytest.RunResult]
pytest_plugins = ["pytester"]

PLUGIN = """
from pathlib import Path
from tests.documented_answers import SeenAnswers

def pytest_configure(config):
    config.addinivalue_line("markers", "contract")
    config.pluginmanager.register(SeenAnswers(config, end_to_end_tests=Path(__file__).parent))
"""
ONE_ANSWER = """
import pytest, requests
from tests.documented_answers import check_answer

@pytest.mark.contract
def test_of_the_contract_set():
    answer = requests.Response()
    answer.request = requests.Request("GET", "http://127.0.0.1/api/integrations").prepare()
    answer.status_code, answer._content = 401, b""
    check_answer(answer)

def test_of_something_else():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest in a folder whose tests see one answer."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(PLUGIN)
    pytester.makepyfile(test_one=ONE_ANSWER)
    return pytester.runpytest_subprocess


def test_a_run_of_all_tests_names_the_answers_that_none_of_its_processes_saw(run: Run) -> None:
    result = run("-p", "xdist", "-n", "2")

    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = result.stdout.str()
    assert "should have seen every documented answer" in found
    assert "listIntegrations 200" in found
    assert "listIntegrations 401" not in found


def test_a_run_of_the_contract_set_names_the_operations_that_it_did_not_see(run: Run) -> None:
    result = run("-m", "contract")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = result.stdout.str()
    assert "should have seen every operation" in found
    assert "sendFeature" in found
    assert "listIntegrations" not in found


def test_a_run_of_some_tests_is_not_judged(run: Run) -> None:
    assert run("-k", "contract").ret == pytest.ExitCode.OK
