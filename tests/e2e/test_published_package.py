"""The package that is published to Azure, run as there: from a read-only folder of its own, beside no other code."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from local.package import build_package, published_files
from local.sample import sample_integration
from local.service import ROOT
from local.system import LocalSystem
from tests.e2e.sending_scene import STATE
from tests.e2e.system import Aha, Api, AzureDevOps, eventually

_WITHOUT_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Root may write into a read-only folder, and Python would leave its bytecode there."""


def test_the_package_has_the_functions_and_nothing_for_developers() -> None:
    functions = {path.parent.name for path in ROOT.glob("*/function.json")}

    assert {path.parts[0] for path in published_files(ROOT)} == {
        *functions,
        "shared",
        "host.json",
        "requirements.txt",
    }


def test_no_secret_and_no_leftover_is_published(tmp_path: Path) -> None:
    (tmp_path / ".funcignore").write_text((ROOT / ".funcignore").read_text(encoding="utf-8"))
    leftovers = ("local.settings.json", ".env/x", ".venv/lib/a.py", ".git/config", "shared/__pycache__/a.pyc")
    for name in ("host.json", "shared/app.py", *leftovers):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert published_files(tmp_path) == [Path("host.json"), Path("shared/app.py")]


@pytest.mark.contract
def test_the_package_sends_a_feature_and_brings_its_state_back(
    system: LocalSystem, azure_devops: AzureDevOps, aha: Aha, integration_id: str, tmp_path: Path
) -> None:
    folder = _unpacked(tmp_path)
    before = _content(folder)
    with system.another_host(app_folder=folder, env=_WITHOUT_BYTECODE) as host:
        api = Api(host.url, system.function_key)
        saved = api.put_integration(integration_id, sample_integration(aha.account_url)).json()
        azure_devops.subscribe(saved["webhook_url"].replace(system.functions_url, host.url))

        sent = api.send(integration_id, aha.event("PROD-1"))
        azure_devops.update(sent.json()["feature"]["work_item"]["id"], {STATE: "Active"})

        assert sent.status_code == 201
        eventually(lambda: aha.feature("PROD-1")["workflow_status"]["name"] == "In progress")
        assert api.get("/console").status_code == 200
        api.delete_what_was_made()
    assert _content(folder) == before


def _unpacked(folder: Path) -> Path:
    build_package(ROOT, folder / "app.zip")
    app = folder / "app"
    with zipfile.ZipFile(folder / "app.zip") as package:
        package.extractall(app)
    for path in (app, *app.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return app


def _content(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
