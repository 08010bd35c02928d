"""`export` and `import`, with two installations that use the same Azurite one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from operate import import_rows
from operate.exit_codes import ExitCode
from shared.domain.links import Link
from shared.domain.unfinished_sends import UnfinishedSend
from shared.storage.integration_rows import PARTITION
from shared.storage.links import LinkStore
from shared.storage.rows import Delete, Row
from shared.storage.unfinished_sends import UnfinishedSendStore
from shared.storage.watermarks import WatermarkStore
from tests.operate.conftest import Answer, Installation, Operator
from tests.storage.link_examples import a_link, assert_linked, claimed, established, stored_row
from tests.unit.examples import API_TOKEN, PAT, an_integration

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
TOKENS = {"AZURE_DEVOPS_TOKEN": PAT, "AHA_API_TOKEN": API_TOKEN}


def filled(installation: Installation, count: int = 5) -> list[Link]:
    """An integration with links, a claim, a note and a watermark."""
    installation.save()
    links = [a_link(str(number), 40 + number) for number in range(count)]
    established(installation.links, "web", *links)
    claimed(installation.links, "web", "claimed")
    UnfinishedSendStore(installation.tables).add(
        "web", [UnfinishedSend("PROD-9", "PROD-9", "op", 0, timedelta(minutes=4))]
    )
    WatermarkStore(installation.tables).advance("web", NOON, NOON)
    return links


def rows_in(installation: Installation) -> dict[str, dict[str, Any]]:
    rows = installation.tables.links.query("PartitionKey eq @web", {"web": "web"})
    return {
        row.row_key: {name: value for name, value in row.properties.items() if name != "write_id"}
        for row in rows
    }


def emptied(installation: Installation) -> None:
    """Another installation, which has nothing yet."""
    installation.tables.integrations.purge(PARTITION)
    installation.tables.links.purge("web")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "web.jsonl"


def export(operator: Operator, file: Path) -> Answer:
    answer = operator("export", "web", "--output", str(file), SECRETS_KEY=None, PUBLIC_URL=None)
    assert answer.code == ExitCode.DONE, answer
    return answer


def test_an_integration_arrives_with_all_its_rows(
    installation: Installation, operator: Operator, file: Path
) -> None:
    links = filled(installation)
    before, saved = rows_in(installation), installation.integrations.get("web")

    written = export(operator, file)
    emptied(installation)
    answer = operator("import", str(file), **TOKENS)

    assert "5 links and 3 other rows written" in written.output
    assert answer.code == ExitCode.DONE, answer
    assert rows_in(installation) == before
    assert_linked(installation.links, "web", *links)
    there = installation.integrations.get("web")
    assert there.integration == saved.integration
    assert there.webhook_generation == saved.webhook_generation


def test_the_file_holds_no_secret(installation: Installation, operator: Operator, file: Path) -> None:
    filled(installation)

    export(operator, file)

    text = file.read_text(encoding="utf-8")
    encrypted = installation.tables.integrations.get(PARTITION, "i:web")
    assert encrypted is not None
    for secret in (PAT, API_TOKEN, installation.keys[0], encrypted.long_text("aha_api_token"), "webhooks/"):
        assert secret not in text
    assert list(file.parent.iterdir()) == [file]


def test_without_the_tokens_it_stays_disabled_and_says_so(
    installation: Installation, operator: Operator, file: Path
) -> None:
    filled(installation)
    export(operator, file)
    emptied(installation)

    answer = operator("import", str(file))

    assert answer.code == ExitCode.LEFT
    assert "Enter the Azure DevOps token and the Aha! token on the configuration page" in answer.output
    assert "it stays disabled until then" in answer.output
    assert installation.integrations.get("web").integration.enabled is False
    # A person enters them; a second run then finds nothing to do.
    stored = installation.integrations.get("web")
    installation.integrations.save(an_integration(integration_id="web"), stored)
    again = operator("import", str(file))
    assert again.code == ExitCode.DONE, again


@pytest.mark.parametrize("dies_after", [0, 1, 2])
def test_an_import_that_was_cut_off_leaves_it_disabled_and_goes_on(
    installation: Installation,
    operator: Operator,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    dies_after: int,
) -> None:
    filled(installation)
    before = rows_in(installation)
    export(operator, file)
    emptied(installation)
    store, remaining = import_rows._store, [None] * dies_after

    def cut_off(table: Any, chunk: Sequence[Row], *rest: Any, **options: Any) -> None:
        if not remaining:
            raise KeyboardInterrupt
        remaining.pop()
        store(table, chunk, *rest, **options)

    monkeypatch.setattr(import_rows, "_AT_ONCE", 2)
    with monkeypatch.context() as cut:
        cut.setattr(import_rows, "_store", cut_off)
        stopped = operator("import", str(file), **TOKENS)
    assert stopped.code == ExitCode.INTERRUPTED
    assert installation.integrations.get("web").integration.enabled is False

    answer = operator("import", str(file), **TOKENS)

    assert answer.code == ExitCode.DONE, answer
    assert f"{2 * dies_after} already there" in answer.output
    assert rows_in(installation) == before
    assert installation.integrations.get("web").integration.enabled is True


def test_an_integration_that_is_here_already_is_not_touched(
    installation: Installation, operator: Operator, file: Path
) -> None:
    filled(installation)
    export(operator, file)
    stored = installation.integrations.get("web")
    installation.integrations.save(replace(stored.integration, name="Another name"), stored)
    before = rows_in(installation)

    answer = operator("import", str(file), **TOKENS)

    assert answer.code == ExitCode.WRONG_CALL
    assert "already exists here. Nothing was done" in answer.errors
    assert rows_in(installation) == before
    assert installation.integrations.get("web").integration.name == "Another name"


class TestInto:
    """Links from a backup, into the integration that lost them."""

    def test_lost_links_are_added_and_all_else_stays(
        self, installation: Installation, operator: Operator, file: Path
    ) -> None:
        links = filled(installation)
        export(operator, file)
        stored = installation.integrations.get("web")
        installation.integrations.save(replace(stored.integration, name="Another name"), stored)
        installation.tables.links.purge("web")
        # One record was sent again since, and has a newer link.
        newer = replace(links[0], agreed_revision=9)
        established(installation.links, "web", newer)

        answer = operator("import", "--into", str(file))

        assert answer.code == ExitCode.LEFT
        assert f"{links[0].reference}: has another row here, which stays" in answer.output
        assert_linked(installation.links, "web", newer, *links[1:])
        assert installation.integrations.get("web").integration.name == "Another name"

    def test_a_lost_pointer_does_not_hide_that_the_link_is_there(
        self, installation: Installation, operator: Operator, file: Path
    ) -> None:
        (link,) = filled(installation, 1)
        export(operator, file)
        pointer = stored_row(installation.tables, "web", f"r:{link.aha_id}")
        assert pointer is not None
        installation.tables.links.transact([Delete(pointer)])

        answer = operator("import", "--into", str(file))

        assert f"{link.reference}: has another row here" in answer.output

    def test_links_of_another_organization_are_refused(
        self, installation: Installation, operator: Operator, file: Path
    ) -> None:
        filled(installation)
        export(operator, file)
        stored = installation.integrations.get("web")
        elsewhere = replace(stored.integration.azure_devops, account_name="contoso")
        installation.integrations.save(replace(stored.integration, azure_devops=elsewhere), stored)

        answer = operator("import", "--into", str(file))

        assert answer.code == ExitCode.WRONG_CALL
        assert "sends to the organization “contoso” here" in answer.errors

    def test_there_must_be_one(self, installation: Installation, operator: Operator, file: Path) -> None:
        filled(installation)
        export(operator, file)
        emptied(installation)

        assert operator("import", "--into", str(file)).code == ExitCode.WRONG_CALL


def test_a_dry_run_stores_nothing(installation: Installation, operator: Operator, file: Path) -> None:
    filled(installation)
    export(operator, file)
    emptied(installation)

    answer = operator("import", "--dry-run", str(file), **TOKENS)

    assert answer.code == ExitCode.LEFT
    assert "8 rows would be stored, 0 already there" in answer.output
    assert rows_in(installation) == {}
    assert list(installation.integrations.each()) == []


def test_a_file_that_was_cut_off_changes_nothing(
    installation: Installation, operator: Operator, file: Path
) -> None:
    filled(installation)
    export(operator, file)
    emptied(installation)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")

    answer = operator("import", str(file), **TOKENS)

    assert answer.code == ExitCode.WRONG_CALL
    assert "The file was cut off" in answer.errors
    assert list(installation.integrations.each()) == []


def test_a_pointer_whose_link_is_lost_is_exported_because_it_leads_to_a_work_item(
    installation: Installation, operator: Operator, file: Path
) -> None:
    filled(installation, 2)
    link = stored_row(installation.tables, "web", "w:0000000040")
    assert link is not None
    installation.tables.links.transact([Delete(link)])

    export(operator, file)

    rows = [json.loads(line).get("row") for line in file.read_text(encoding="utf-8").splitlines()]
    assert [row for row in rows if row and row.startswith(("r:", "w:"))] == [
        "w:0000000041",
        "r:0",
        "r:claimed",
    ]


def test_a_file_that_is_not_there_is_one_line(operator: Operator, tmp_path: Path) -> None:
    answer = operator("import", str(tmp_path / "nowhere.jsonl"))

    assert answer.code == ExitCode.WRONG_CALL
    assert "cannot be read: No such file" in answer.errors


def test_a_file_that_cannot_be_written_is_one_line(
    operator: Operator, installation: Installation, tmp_path: Path
) -> None:
    installation.save()

    answer = operator("export", "web", "--output", str(tmp_path / "no folder" / "web.jsonl"))

    assert answer.code == ExitCode.WRONG_CALL
    assert "cannot be written: No such file or directory" in answer.errors


def test_an_unknown_integration_is_one_line(operator: Operator, installation: Installation) -> None:
    answer = operator("export", "nobody")

    assert answer.code == ExitCode.WRONG_CALL
    assert "nobody" in answer.errors
    assert "Traceback" not in answer.errors
    assert LinkStore(installation.tables).load("nobody", []) == {}
