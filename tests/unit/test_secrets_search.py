"""The search at the end of a run: it finds a secret in every disguise, wherever it was left, and fails the run."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.openapi import ROOT
from tests.secrets_search import KeptTexts, found_in

PAT = "pat-7f3kq9zx2m5vw8r4t6y1u0i3o5p7a9s2d4f6g8h1j3k5l7"
BROKEN_PAT = "pat-brökén-c7v9b1n3"
WEBHOOK_TOKEN = "b3dsybvr_TZuAWnBzrRrxC68rWrezDeBOHkfM9O8pdE"
URL = f"https://app.example/api/webhooks/web/{WEBHOOK_TOKEN}"
PLANTING = """
import sys
from pathlib import Path
import pytest
from tests.secrets_search import KeptTexts, SecretsSearch

KEPT = KeptTexts(Path({folder!r}))

def pytest_configure(config):
    config.pluginmanager.register(SecretsSearch(config, KEPT))
"""
PASSING = """
from conftest import KEPT

def test_that_passes():
    KEPT.note_secret("a token", {pat!r})
    KEPT.keep_rows([{{"RowKey": "1", "message": {message!r}}}])
"""


@pytest.mark.parametrize(
    "disguise",
    [
        f"Authorization: Basic {base64.b64encode(f':{PAT}'.encode()).decode()}",
        f"https://example.com/?token={PAT}",
        json.dumps({"detail": BROKEN_PAT}),
        repr({"RowKey": "x", "value": PAT}),
        quote(f"next={BROKEN_PAT}"),
        f"POST /api/webhooks/web/{WEBHOOK_TOKEN} 200",
        f"in Base64: {base64.b64encode(WEBHOOK_TOKEN.encode()).decode()}.",
    ],
)
def test_a_secret_is_found_in_every_disguise(disguise: str) -> None:
    secrets = {"pat": PAT, "broken": BROKEN_PAT, "webhook": WEBHOOK_TOKEN}

    assert found_in(["nothing here", disguise], secrets)
    assert found_in(["nothing here", disguise[:-20]], secrets) == []


def answered(body: object, sent: object = None) -> requests.Response:
    """An answer of the app to a PUT."""
    answer = requests.Response()
    answer.request = requests.Request("PUT", "http://127.0.0.1/api/integrations/web", json=sent).prepare()
    answer.headers["content-type"] = "application/json"
    answer._content = json.dumps(body).encode()
    return answer


def keep_an_answer(kept: KeptTexts) -> None:
    kept.keep_answer(answered({"name": "Web", "detail": f"The token {PAT} is wrong."}))


def keep_a_row(kept: KeptTexts) -> None:
    kept.keep_rows([{"PartitionKey": "web", "message": f"GET {URL}"}])


@pytest.fixture
def kept(tmp_path: Path) -> KeptTexts:
    """Where an integration was saved with a token, and its webhook URL was shown."""
    (tmp_path / "functions.log").write_text(f"of an earlier run: {PAT}\n", encoding="utf-8")
    kept = KeptTexts(tmp_path)
    saving = {"name": "Web", "azure_devops": {"personal_access_token": PAT}}
    kept.keep_answer(answered({"name": "Web", "webhook_url": URL}, saving))
    return kept


def test_a_text_that_stands_anywhere_by_chance_is_no_secret(kept: KeptTexts) -> None:
    for token in ("short", "x" * 5000, "abababababababab"):
        kept.note_secret("a token", token)
    kept.keep_rows([{"message": f"short abababababababab {'x' * 6000}"}])

    assert kept.search() == []


def test_where_a_secret_may_be_shown_it_is_none(kept: KeptTexts) -> None:
    kept.keep_answer(answered({"integrations": [{"name": "Web", "webhook_url": URL}]}))

    assert kept.search() == []


@pytest.mark.parametrize(
    ("leave", "place"),
    [(keep_an_answer, "answers.txt: a token pat… (3): …"), (keep_a_row, "rows.txt: a webhook")],
)
def test_a_secret_in_an_answer_or_a_row_is_found(
    kept: KeptTexts, leave: Callable[[KeptTexts], None], place: str
) -> None:
    leave(kept)

    (found,) = kept.search()
    assert found.startswith(place)
    assert PAT not in found


def test_a_secret_in_the_log_of_a_host_is_found(kept: KeptTexts, tmp_path: Path) -> None:
    for name in ("functions.log", "further-functions.log", "azure-devops.log"):
        with (tmp_path / name).open("a", encoding="utf-8") as log:
            log.write(f"Executing HTTP request /api/webhooks/web/{WEBHOOK_TOKEN}\n")

    assert [found.split(":")[0] for found in kept.search()] == ["functions.log", "further-functions.log"]


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_run_that_leaves_a_secret_fails(tmp_path: Path, processes: str) -> None:
    (tmp_path / "conftest.py").write_text(PLANTING.format(folder=str(tmp_path)), encoding="utf-8")
    (tmp_path / "test_it.py").write_text(PASSING.format(pat=PAT, message=f"Bearer {PAT}"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", processes, str(tmp_path)]

    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "rows.txt: a token pat… (3): …" in done.stdout
    assert PAT not in done.stdout
