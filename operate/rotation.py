"""`rotate-key`: re-encrypt every token with the newest key, and find the webhook URLs that still need an older key."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from operate.context import CommandContext
from operate.exit_codes import ExitCode
from operate.subscriptions import OutdatedSubscription, outdated_subscriptions, renew
from operate.terminal import Terminal, counted
from shared.app import App
from shared.domain.integration import StoredIntegration
from shared.errors import OperationFailed
from shared.storage.integration_rows import SCHEMA, keys_of_tokens, reencrypted_row
from shared.storage.rows import Replace, Row, check_schema
from shared.storage.table import Table, TransactionConflict
from shared.storage.vault import Vault

_ATTEMPTS = 5


class Encryption(Enum):
    """The encryption of an integration's tokens after the command."""

    RENEWED = "re-encrypted with the newest key"
    CURRENT = "already encrypted with the newest key"
    WOULD_RENEW = "would be re-encrypted with the newest key"
    NO_TOKENS = "has no tokens"
    LOST = "has no token that a key in SECRETS_KEY can decrypt"
    CHANGING = "was changed repeatedly; run the command again"
    UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class Reencrypted:
    """The result of one integration. `lost`: tokens that no key of SECRETS_KEY decrypts. `reason`: why it is unread."""

    integration_id: str
    encryption: Encryption
    lost: tuple[str, ...] = ()
    reason: str = ""

    @property
    def needs_older_key(self) -> bool:
        """Whether it needs the older keys, or whether that is not known."""
        return self.encryption in (Encryption.WOULD_RENEW, Encryption.CHANGING, Encryption.UNREADABLE)

    def __str__(self) -> str:
        text = f"{self.integration_id}: {self.encryption.value}"
        if self.reason:
            text += f": {self.reason}"
        for name in self.lost:
            text += (
                f"\n  {name}: no key in SECRETS_KEY decrypts it. Add the key that it was encrypted with to the end of "
                "SECRETS_KEY and run this again, or enter the token again on the configuration page."
            )
        return text


@dataclass
class Report:
    """The results of the command."""

    tokens: list[Reencrypted] = field(default_factory=list)
    outdated: list[OutdatedSubscription] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)

    @property
    def needs_only_first_key(self) -> bool:
        """Whether nothing needs an older key."""
        return not (
            any(one.needs_older_key for one in self.tokens)
            or any(one.needs_older_key for one in self.outdated)
            or self.unasked
        )

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left for a person, with the older keys or otherwise."""
        return self.needs_only_first_key and not self.outdated and not any(one.lost for one in self.tokens)


def run(arguments: argparse.Namespace, context: CommandContext, terminal: Terminal) -> ExitCode:
    """Re-encrypt, then check the webhook URLs."""
    app, report = context.app, Report()
    for result in reencrypt_all(app, is_dry_run=arguments.dry_run):
        report.tokens.append(result)
        terminal.say(str(result))
    terminal.say()
    renews = arguments.renew_webhooks and not arguments.dry_run
    for stored in app.integrations.each():
        if isinstance(stored, StoredIntegration):
            _check_subscriptions(app, stored, report, terminal, renews=renews)
    _conclude(report, terminal)
    return ExitCode.DONE if report.is_clean else ExitCode.LEFT


def reencrypt_all(app: App, *, is_dry_run: bool) -> Iterator[Reencrypted]:
    """Re-encrypt the tokens of each integration. Safe while the app runs; may be repeated."""
    for row in app.integrations.rows():
        try:
            yield _reencrypt(app.tables.integrations, row, app.vault, is_dry_run=is_dry_run)
        except OperationFailed as error:
            yield Reencrypted(_id_of(row), Encryption.UNREADABLE, reason=error.detail)


def _reencrypt(table: Table, row: Row, vault: Vault, *, is_dry_run: bool) -> Reencrypted:
    for _ in range(_ATTEMPTS):
        check_schema(row, SCHEMA)
        keys = keys_of_tokens(row, vault)
        lost = tuple(name for name, key in keys.items() if key is None)
        if not keys:
            return Reencrypted(_id_of(row), Encryption.NO_TOKENS)
        if set(keys.values()) == {None}:
            return Reencrypted(_id_of(row), Encryption.LOST, lost)
        if set(keys.values()) <= {1, None}:
            return Reencrypted(_id_of(row), Encryption.CURRENT, lost)
        if is_dry_run:
            return Reencrypted(_id_of(row), Encryption.WOULD_RENEW, lost)
        try:
            table.transact([Replace(reencrypted_row(row, vault), row.etag)])
            return Reencrypted(_id_of(row), Encryption.RENEWED, lost)
        except TransactionConflict:
            # Somebody saved the integration meanwhile, perhaps with an older key, or deleted it.
            current = table.get(row.partition_key, row.row_key)
            if current is None or current.flag("deleted"):
                return Reencrypted(_id_of(row), Encryption.NO_TOKENS)
            row = current
    return Reencrypted(_id_of(row), Encryption.CHANGING)


def _id_of(row: Row) -> str:
    return row.text("integration_id") or row.row_key.removeprefix("i:")


def _check_subscriptions(
    app: App, stored: StoredIntegration, report: Report, terminal: Terminal, *, renews: bool
) -> None:
    integration_id = stored.integration.integration_id
    terminal.progress(f"asking Azure DevOps for the subscriptions of {integration_id}")
    try:
        outdated: Sequence[OutdatedSubscription] = outdated_subscriptions(app, stored)
        # One that a person has disabled is left to that person.
        if renews and any(not one.is_disabled for one in outdated):
            renew(app, stored)
            terminal.say(f"{integration_id}: its subscription now calls the webhook URL of the newest key")
            outdated = outdated_subscriptions(app, stored)
    except OperationFailed as error:
        report.unasked.append(integration_id)
        terminal.say(f"{integration_id}: its subscriptions are not known. {error.detail}")
        return
    report.outdated += outdated
    for one in outdated:
        terminal.say(str(one))


def _conclude(report: Report, terminal: Terminal) -> None:
    def count(*kinds: Encryption) -> int:
        return sum(one.encryption in kinds for one in report.tokens)

    terminal.say(
        f"{counted(len(report.tokens), 'integration')}: {count(Encryption.RENEWED)} re-encrypted, "
        f"{count(Encryption.CURRENT)} already current, {sum(bool(one.lost) for one in report.tokens)} with tokens that "
        f"no key decrypts. {counted(len(report.outdated), 'subscription')} with an earlier webhook URL."
    )
    if report.needs_only_first_key:
        terminal.say(
            "Nothing that this command can see needs an older key. Keep only the first key in SECRETS_KEY."
        )
        return
    terminal.say("Keep the older keys in SECRETS_KEY for now:")
    if any(one.needs_older_key for one in report.tokens):
        terminal.say(
            "- Tokens are not all encrypted with the newest key. Run this command again, without --dry-run."
        )
    if any(one.needs_older_key for one in report.outdated):
        terminal.say(
            "- Subscriptions call webhook URLs that an older key made. Run this command with --renew-webhooks. Or open "
            "the page Service hook of each integration: press “Change it to the new URL”, or copy the webhook URL into "
            "the subscription by hand."
        )
    if report.unasked:
        terminal.say(
            f"- It is not known which webhook URLs Azure DevOps calls for {', '.join(report.unasked)}. Check the "
            "subscriptions yourself, or correct the errors above and run this command again."
        )
