"""`rotate-key`, with rows in Azurite. What Azure DevOps has is asked for in the end-to-end tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.system import make_secrets_key
from operate.context import CommandContext
from operate.exit_codes import ExitCode
from operate.rotation import Encryption, Reencrypted, reencrypt_all
from shared.domain.integration import AzureDevOpsTarget
from shared.errors import SettingInvalid
from shared.storage.integration_rows import PARTITION
from shared.storage.rows import Replace, Row
from shared.storage.table import Table
from tests.operate.conftest import Installation, Operator
from tests.unit.examples import API_TOKEN, PAT

NEW = make_secrets_key()
NOWHERE = AzureDevOpsTarget()
"""Azure DevOps is not asked about an integration without an organization."""


def tokens(installation: Installation, integration_id: str = "web") -> list[str]:
    stored = installation.integrations.get(integration_id).integration
    return [
        secret.reveal()
        for secret in (stored.azure_devops.personal_access_token, stored.aha.api_token)
        if secret is not None
    ]


def test_the_old_key_can_go_when_every_row_is_encrypted_anew(
    installation: Installation, operator: Operator
) -> None:
    installation.save("web", azure_devops=replace(NOWHERE, personal_access_token=None))
    (old,) = installation.keys

    answer = operator("rotate-key", SECRETS_KEY=f"{NEW},{old}")

    assert answer.code == ExitCode.DONE, answer
    assert "web: re-encrypted with the newest key" in answer.output
    assert "Keep only the first key" in answer.output
    assert tokens(installation.with_keys(NEW)) == [API_TOKEN]
    assert "already encrypted" in operator("rotate-key", SECRETS_KEY=NEW).output


def test_all_else_of_the_row_stays_what_a_newer_version_wrote_too(
    installation: Installation, operator: Operator
) -> None:
    saved = installation.save("web", azure_devops=NOWHERE)
    table = installation.tables.integrations
    row = row_of(installation)
    table.transact([Replace(replace(row, properties={**row.properties, "colour": "green"}), row.etag)])

    operator("rotate-key", SECRETS_KEY=f"{NEW},{installation.keys[0]}")

    assert row_of(installation).text("colour") == "green"
    after = installation.with_keys(NEW).integrations.get("web")
    assert replace(after, version="", unknown={}) == replace(saved, version="")
    assert after.unknown == {"colour": "green"}


def test_a_token_that_no_key_decrypts_is_reported_and_left_alone(
    installation: Installation, operator: Operator
) -> None:
    installation.save("web", azure_devops=NOWHERE)
    before = row_of(installation)

    answer = operator("rotate-key", SECRETS_KEY=NEW)

    assert answer.code == ExitCode.LEFT
    assert "web: has no token that a key in SECRETS_KEY can decrypt" in answer.output
    assert "aha_api_token" in answer.output
    assert row_of(installation) == replace(before, read_at=row_of(installation).read_at)


def test_a_dry_run_writes_nothing(installation: Installation, operator: Operator) -> None:
    installation.save("web", azure_devops=NOWHERE)

    answer = operator("rotate-key", "--dry-run", SECRETS_KEY=f"{NEW},{installation.keys[0]}")

    assert answer.code == ExitCode.LEFT
    assert "would be re-encrypted" in answer.output
    with pytest.raises(SettingInvalid):
        tokens(installation.with_keys(NEW))


def test_a_row_of_a_newer_version_is_left_alone_and_the_others_are_done(
    installation: Installation, operator: Operator
) -> None:
    installation.save("future", azure_devops=NOWHERE, product_id="1")
    installation.save("web", azure_devops=NOWHERE)
    table = installation.tables.integrations
    row = row_of(installation, "future")
    table.transact([Replace(replace(row, properties={**row.properties, "schema": 2}), row.etag)])

    answer = operator("rotate-key", SECRETS_KEY=f"{NEW},{installation.keys[0]}")

    assert answer.code == ExitCode.LEFT
    assert "future: cannot be read: A newer version of this app wrote row" in answer.output
    assert tokens(installation.with_keys(NEW)) == [API_TOKEN]


def test_what_somebody_saves_at_the_same_moment_is_kept_and_encrypted_anew(
    installation: Installation, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app still has the old key in front when a person saves a new name."""
    stored = installation.save("web", azure_devops=NOWHERE)
    transact = Table.transact
    pending = [replace(stored.integration, name="A new name")]

    def meanwhile(table: Table, operations: list[Replace]) -> list[str]:
        if pending:
            installation.integrations.save(pending.pop(), stored)
        return transact(table, operations)

    monkeypatch.setattr(Table, "transact", meanwhile)
    # The first save is the person's own write, for which nothing is pending any more.

    answer = operator("rotate-key", SECRETS_KEY=f"{NEW},{installation.keys[0]}")

    assert answer.code == ExitCode.DONE, answer
    saved = installation.with_keys(NEW).integrations.get("web").integration
    assert saved.name == "A new name"
    assert tokens(installation.with_keys(NEW)) == [API_TOKEN]


def test_an_interrupted_rotation_goes_on_with_what_is_left(
    installation: Installation, azurite_connection_string: str
) -> None:
    for number in range(3):
        installation.save(f"web-{number}", product_id=str(number))
    context = CommandContext(
        {
            "TABLES_CONNECTION_STRING": azurite_connection_string,
            "SECRETS_KEY": f"{NEW},{installation.keys[0]}",
            "PUBLIC_URL": "https://app.example.com",
        }
    )
    next(reencrypt_all(context.app, is_dry_run=False))

    again = list(reencrypt_all(context.app, is_dry_run=False))

    assert [one.encryption for one in again] == [
        Encryption.CURRENT,
        Encryption.RENEWED,
        Encryption.RENEWED,
    ]
    for number in range(3):
        assert tokens(installation.with_keys(NEW), f"web-{number}") == [PAT, API_TOKEN]


def test_the_report_of_a_lost_token_says_what_to_do() -> None:
    assert str(Reencrypted("web", Encryption.CURRENT, ("aha_api_token",))) == (
        "web: already encrypted with the newest key\n"
        "  aha_api_token: no key in SECRETS_KEY decrypts it. Add the key that it was encrypted with to the end of "
        "SECRETS_KEY and run this again, or enter the token again on the configuration page."
    )


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("SECRETS_KEY", None, "SECRETS_KEY"),
        ("SECRETS_KEY", "not a key", "SECRETS_KEY"),
        ("PUBLIC_URL", None, "PUBLIC_URL"),
        ("TABLES_CONNECTION_STRING", None, "TABLES_CONNECTION_STRING"),
    ],
)
def test_a_missing_or_wrong_setting_is_one_line_that_names_it(
    operator: Operator, setting: str, value: str | None, named: str
) -> None:
    answer = operator("rotate-key", **{setting: value})

    assert answer.code == ExitCode.WRONG_CALL
    assert answer.output == ""
    assert named in answer.errors
    assert "Traceback" not in answer.errors


def row_of(installation: Installation, integration_id: str = "web") -> Row:
    row = installation.tables.integrations.get(PARTITION, f"i:{integration_id}")
    assert row is not None
    return row
