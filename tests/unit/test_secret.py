"""Secrets are never printed."""

from __future__ import annotations

import dataclasses
import importlib
import pickle
import pkgutil
from typing import Any

import pytest

import shared
from shared.domain.integration import AhaTarget, AzureDevOpsTarget, Integration
from shared.secret import Secret
from shared.settings import Settings
from tests.unit.examples import API_TOKEN, PAT, an_integration
from tests.unit.test_settings import ENVIRONMENT, KEY

TOKEN = "token-that-nobody-may-see"


@pytest.mark.parametrize("shown", [repr, str, format, "{}".format, "{!r:>40}".format, "%s".__mod__, ascii])
def test_a_secret_prints_as_dots(shown: Any) -> None:
    assert TOKEN not in shown(Secret(TOKEN))


def test_reveal_returns_the_text_of_a_secret() -> None:
    assert Secret(TOKEN).reveal() == TOKEN


def test_secrets_are_compared_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1


def classes_with_secrets() -> dict[str, Any]:
    """Every data class of the app with a field whose type is, or may be, a Secret."""
    found = {}
    for module_info in pkgutil.walk_packages(shared.__path__, "shared."):
        module = importlib.import_module(module_info.name)
        for name, value in vars(module).items():
            if (
                isinstance(value, type)
                and dataclasses.is_dataclass(value)
                and value.__module__ == module.__name__
            ):
                fields = [str(field.type) for field in dataclasses.fields(value)]
                if any("Secret" in kind for kind in fields):
                    found[name] = value
    return found


HOLDERS = {
    "AzureDevOpsTarget": an_integration().azure_devops,
    "AhaTarget": an_integration().aha,
    "Settings": Settings.from_environment({**ENVIRONMENT, "TABLES_CONNECTION_STRING": f"AccountKey={TOKEN}"}),
}


def test_every_class_with_a_secret_is_tested_here() -> None:
    assert set(classes_with_secrets()) == set(HOLDERS)


@pytest.mark.parametrize("name", HOLDERS)
def test_no_class_prints_its_secret(name: str) -> None:
    shown = f"{HOLDERS[name]!r} {HOLDERS[name]}"

    assert "•••" in shown
    for token in (PAT, API_TOKEN, TOKEN, KEY):
        assert token not in shown


def test_an_integration_shows_none_of_its_tokens() -> None:
    assert isinstance(an_integration(), Integration)
    for token in (PAT, API_TOKEN):
        assert token not in f"{an_integration()!r} {[an_integration()]} {vars(an_integration())}"


def test_an_assertion_that_fails_shows_no_token() -> None:
    left = AzureDevOpsTarget("fabrikam", personal_access_token=Secret(TOKEN))
    right = AhaTarget("https://a", Secret(TOKEN))

    with pytest.raises(ValueError, match="Secret") as caught:
        raise ValueError(left, right)

    assert TOKEN not in str(caught.value)


def test_a_copy_of_a_secret_is_a_secret() -> None:
    assert dataclasses.replace(Secret(TOKEN)).reveal() == TOKEN
    assert TOKEN not in repr(pickle.loads(pickle.dumps(Secret(TOKEN))))  # noqa: S301 our own bytes
