"""An integration moves to another installation: `export` there, `import` here, and no work item is made again."""

from __future__ import annotations

from pathlib import Path

from local.system import AHA_TOKEN, WRITE_TOKEN, make_secrets_key
from operate.exit_codes import ExitCode
from tests.e2e.operators import operate
from tests.e2e.sending_payloads import feature, requirements
from tests.e2e.sending_scene import Scene
from tests.e2e.test_integration_credentials import notify


def test_a_send_from_the_new_installation_finds_everything_unchanged(
    scene: Scene, tmp_path: Path, azurite_connection_string: str
) -> None:
    """Given two installations with storage and keys of their own, over the same Aha! and Azure DevOps."""
    family = feature(requirements=requirements(2))
    first = scene.send(family)
    file = tmp_path / "moved.jsonl"
    there = {
        "TABLES_CONNECTION_STRING": azurite_connection_string,
        "SECRETS_KEY": make_secrets_key(),
    }
    tokens = {"AZURE_DEVOPS_TOKEN": WRITE_TOKEN, "AHA_API_TOKEN": AHA_TOKEN}

    exported = operate(scene.system, "export", scene.integration.id, "--output", str(file))
    imported = operate(scene.system, "import", str(file), **there, **tokens)
    scene.system.restart_host(there)
    again = scene.send(family)
    writes = scene.writes()
    old_url = notify(scene.integration.webhook_url)
    renewed = scene.api.post(f"/integrations/{scene.integration.id}/service-hook")
    scene.edit(first.ids[0], title="Changed after the move")
    answers = scene.deliver()
    scene.api.delete(f"/integrations/{scene.integration.id}")

    assert (exported.code, imported.code) == (ExitCode.DONE, ExitCode.DONE), (exported, imported)
    assert again.ids == first.ids
    assert set(again.actions) == {"unchanged"}
    assert writes == []
    # The URL was made with the old installation's key.
    assert old_url.status_code == 404
    assert renewed.status_code == 200
    assert [answer["status"] for answer in answers] == [200]
