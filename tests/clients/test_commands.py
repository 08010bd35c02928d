"""The commands of docs/api.md, pasted into a shell one block after the other."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from local.sample import INTEGRATION_ID, sample_integration
from local.system import LocalSystem
from tests.clients.workbench import blocks
from tests.e2e.system import Aha, Api, AzureDevOps

PROBLEMS = ["precondition_failed"]
"""The codes of the errors that the commands show on purpose."""


@pytest.fixture
def api(system: LocalSystem, azure_devops: AzureDevOps, aha: Aha) -> Iterator[Api]:
    """The app with the integrations that the commands work with."""
    client = Api(system.functions_url, system.function_key)
    sample = sample_integration(aha.account_url)
    client.put_integration(INTEGRATION_ID, sample)
    client.put_integration("fabrikam-mobile", {**sample, "name": "Fabrikam mobile", "product_id": "MOB"})
    yield client
    client.delete_what_was_made()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_do_what_the_text_says(system: LocalSystem, api: Api, aha: Aha) -> None:
    of_the_sandbox = [block for block in blocks("sh") if "curl" in block or block.startswith("API=")]
    addresses = {"http://127.0.0.1:7071": system.functions_url, "http://127.0.0.1:8082": aha.account_url}
    script = "\n".join(of_the_sandbox)
    for written, real in addresses.items():
        assert written in script
        script = script.replace(written, real)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    printed = done.stdout
    assert re.findall(r"urn:aha-azure-devops:(\w+)", printed) == PROBLEMS, printed
    assert "etag:" in printed.lower()
    # A dry run of PROD-4; then PROD-3 is sent, its standing asked for, and listed.
    assert printed.count('"action": "created"') >= 2
    assert '"difference": "none"' in printed
    assert '"entries": []' in printed
    linked = api.get(f"/integrations/{INTEGRATION_ID}/features").json()["features"]
    assert [one["reference_num"] for one in linked] == ["PROD-3"]
    assert api.get("/integrations/fabrikam-mobile").status_code == 404
