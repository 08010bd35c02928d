"""The documented `az` and `func` commands exist, and use only options that they have.

The options were compared with the help of Azure CLI 2.91 (`az COMMAND --help`) and with the source of Azure Functions
Core Tools 4 of August 2026. Look up a new one before you add it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.openapi import ROOT
from tests.unit.test_papers import PAPERS

TEXTS = {str(paper): (ROOT / paper).read_text(encoding="utf-8") for paper in PAPERS}

_OF_A_FUNCTION_APP = {"--name", "--resource-group"}
_EVERYWHERE = {"--query", "--output"}
OPTIONS = {
    "az account set": {"--subscription"},
    "az account show": set[str](),
    "az ad signed-in-user show": set[str](),
    "az bicep build": {"--file", "--stdout"},
    "az deployment group create": {"--resource-group", "--template-file", "--parameters"},
    "az deployment group show": {"--resource-group", "--name"},
    "az deployment group what-if": {"--resource-group", "--template-file", "--parameters"},
    "az functionapp cors add": _OF_A_FUNCTION_APP | {"--allowed-origins"},
    "az functionapp function keys delete": _OF_A_FUNCTION_APP | {"--function-name", "--key-name"},
    "az functionapp function keys set": _OF_A_FUNCTION_APP | {"--function-name", "--key-name"},
    "az functionapp keys delete": _OF_A_FUNCTION_APP | {"--key-type", "--key-name"},
    "az functionapp keys list": _OF_A_FUNCTION_APP,
    "az functionapp keys set": _OF_A_FUNCTION_APP | {"--key-type", "--key-name"},
    "az functionapp list-flexconsumption-locations": set[str](),
    "az functionapp show": _OF_A_FUNCTION_APP,
    "az group create": {"--name", "--location"},
    "az group delete": {"--name"},
    "az keyvault recover": {"--name", "--resource-group", "--location"},
    "az keyvault secret set": {"--vault-name", "--name", "--value"},
    "az keyvault secret show": {"--vault-name", "--name"},
    "az keyvault show": {"--name"},
    "az login": set[str](),
    "az provider register": {"--namespace", "--wait"},
    "az rest": {"--method", "--url"},
    "az role assignment create": {
        "--assignee-object-id",
        "--assignee-principal-type",
        "--role",
        "--scope",
    },
    "func azure functionapp publish": {"--python"},
}


def commands(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each `az` and `func` command of a text, those inside `$(…)` too, with its options."""
    for block in [*re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL), *inline(text)]:
        while inner := re.search(r"\$\(((?:az|func) [^()]*)\)", block):
            yield command(inner[1])
            block = block[: inner.start()] + "VALUE" + block[inner.end() :]
        # A Python program inside $(…) is one value.
        block = re.sub(r"\$\(python3? -c '[^']*'\)", "VALUE", block)
        for one in re.findall(r"(?:^|; |until )((?:az|func) [^;\n]*)", block, re.MULTILINE):
            yield command(one)


def inline(text: str) -> list[str]:
    return re.findall(r"`((?:az|func) [a-z][^`]*)`", text)


def command(text: str) -> tuple[str, set[str]]:
    """The words before the first option or value, and the names of the options."""
    unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "VALUE", text)
    words = re.match(r"(?:[a-z][a-z0-9-]*(?: |$))+", unquoted)
    assert words is not None, text
    return words[0].strip(), set(re.findall(r"(?<= )--?[a-zA-Z][\w-]*", unquoted))


def test_commands_are_found_wherever_they_stand() -> None:
    text = (
        "Run `az group delete --name X`.\n```sh\nKEY=$(az functionapp keys list --name $APP)\n"
        'az a b --one "az c --two" --three "$(az d --four)"; az e -f\nuntil az g --six; do sleep 1; done\n```\n'
    )

    assert sorted(commands(text)) == [
        ("az a b", {"--one", "--three"}),
        ("az d", {"--four"}),
        ("az e", {"-f"}),
        ("az functionapp keys list", {"--name"}),
        ("az g", {"--six"}),
        ("az group delete", {"--name"}),
    ]


@pytest.mark.parametrize("paper", TEXTS)
def test_every_documented_command_has_the_options_that_it_is_given(paper: str) -> None:
    for name, options in commands(TEXTS[paper]):
        assert name in OPTIONS, name
        assert options <= OPTIONS[name] | _EVERYWHERE, name


def test_the_list_has_no_command_that_nobody_documents() -> None:
    documented = {name for text in TEXTS.values() for name, _ in commands(text)}

    assert documented == set(OPTIONS)


def test_the_commands_of_a_deployment_come_in_this_order() -> None:
    text = TEXTS["docs/deploy.md"]
    text = text[text.index("\n## Deploy it\n") : text.index("\n## Access to Azure DevOps\n")]
    order = [
        "\naz login\n",
        "\naz account set ",
        "\naz group create ",
        "\naz deployment group create ",
        "\nfunc azure functionapp publish $APP --python\n",
        "\nKEY=$(az functionapp keys list ",
        "\ncurl ",
        "\naz rest ",
    ]

    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)
