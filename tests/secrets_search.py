"""Looks for secrets after all tests: in every answer, every row and every line of the function app's log.

The tests' client notes each answer, and each token, key and webhook URL that it sees. When the run ends, all that was
kept is searched for all of these, in the spellings that a header, an address or a JSON text may have.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.system import FUNCTION_KEY, MASTER_KEY, SEND_KEY
from tests.logs import TEST_LOGS

_SHORTEST, _FEWEST_CHARACTERS = 12, 6
"""A token that is shorter, or is one letter again and again, stands in many texts by chance."""
_TOKEN_KEYS = ("personal_access_token", "api_token")
_WEBHOOK_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_LONG_WORDS = (re.compile(r"[A-Za-z0-9_-]{40,}"), re.compile(r"[A-Za-z0-9+/]{40,}={0,2}"))
"""What a webhook token may be a part of: a path, a query or a header; and one in Base64."""


def spellings(secret: str) -> set[str]:
    """A secret as it is, and as it may be hidden in a header, an address or a JSON text."""
    encoded = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(encoded).decode(),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
        base64.b64encode(b":" + encoded).decode(),
    }


def found_in(texts: Iterable[str], secrets: Mapping[str, str]) -> list[str]:
    """Where a secret shows: its name and what stands before it."""
    words, others = dict[str, str](), dict[str, str]()
    for name, secret in secrets.items():
        # Hundreds of webhook tokens are looked up as words: a search for each would take minutes.
        chosen = words if _WEBHOOK_TOKEN.fullmatch(secret) else others
        chosen |= dict.fromkeys(spellings(secret), name)
    found = []
    for text in texts:
        places = [(text.find(spelling), name) for spelling, name in others.items() if spelling in text]
        matches = (match for pattern in _LONG_WORDS for match in pattern.finditer(text))
        places += [(match.start(), words[match[0]]) for match in matches if match[0] in words]
        found += [f"{name}: …{text[max(0, place - 80) : place]}HERE" for place, name in places]
    return found


class KeptTexts:
    """What a run said and stored, in files of its own, and the secrets that it used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._answers = folder / "answers.txt"
        self._rows = folder / "rows.txt"
        self._secrets = {
            "the function key": FUNCTION_KEY,
            "the master key": MASTER_KEY,
            "the key of SendFeature": SEND_KEY,
        }
        self._log_sizes = {path: path.stat().st_size for path in self._logs()}
        for path in (self._answers, self._rows):
            path.unlink(missing_ok=True)

    def note_secret(self, name: str, secret: str) -> None:
        """Remember a secret."""
        stands_anywhere = len(secret) < _SHORTEST or len(set(secret)) < _FEWEST_CHARACTERS
        if not stands_anywhere and secret not in self._secrets.values():
            self._secrets[f"{name} {secret[:3]}… ({len(self._secrets)})"] = secret

    def keep_answer(self, answer: requests.Response) -> None:
        """Keep an answer, and note the secrets in it and in its request. Only `webhook_url` may show one."""
        self._note_tokens(answer.request.body)
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self._append(self._answers, f"{headers}\n\n{self._without_webhook_url(answer)}\n")

    def keep_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep rows of Table Storage."""
        self._append(self._rows, "".join(f"{dict(row)!r}\n" for row in rows))

    def search(self) -> list[str]:
        """Where a secret shows."""
        return list(dict.fromkeys(f"{name}: {place}" for name, place in self._found()))

    def _found(self) -> Iterator[tuple[str, str]]:
        for path in (self._answers, self._rows, *self._logs()):
            if path.exists():
                with path.open("rb") as file:
                    file.seek(self._log_sizes.get(path, 0))
                    text = file.read().decode(errors="replace")
                yield from ((path.name, place) for place in found_in([text], self._secrets))

    def _logs(self) -> list[Path]:
        return sorted(self._folder.glob("*functions*.log"))

    def _note_tokens(self, body: Any) -> None:
        try:
            sent = json.loads(body)
        except (TypeError, ValueError, RecursionError):
            return
        parts = [sent, *sent.values()] if isinstance(sent, dict) else []
        for part in parts:
            for key in _TOKEN_KEYS:
                if isinstance(part, dict) and isinstance(part.get(key), str):
                    self.note_secret("a token", part[key].strip())

    def _without_webhook_url(self, answer: requests.Response) -> str:
        if answer.headers.get("content-type") != "application/json" or "webhook_url" not in answer.text:
            return answer.text
        body = answer.json()
        for shown in [body, *body.get("integrations", ())]:
            self.note_secret("a webhook token", str(shown.pop("webhook_url", "")).rpartition("/")[2])
        return json.dumps(body, ensure_ascii=False)

    def _append(self, path: Path, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)


KEPT = KeptTexts(TEST_LOGS)
"""Of this process."""


class SecretsSearch:
    """A plugin of pytest: a run fails if a secret shows in what it kept."""

    def __init__(self, config: pytest.Config, kept: KeptTexts) -> None:
        self._config = config
        self._kept = kept
        self._found: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what one of the processes that share the tests has found."""
        self._found += getattr(node, "workeroutput", {}).get("secrets_found", ())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search, and fail the run for what is found."""
        self._found += self._kept.search()
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["secrets_found"] = self._found
        elif self._found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show where secrets were found."""
        if self._found:
            terminalreporter.section("secrets", red=True)
            for place in self._found:
                terminalreporter.line(place)
