"""Names of Azure DevOps organizations, in the forms that people paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.accounts import normalise_account_name

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,48}[A-Za-z0-9])?", fullmatch=True)


@given(NAMES)
def test_every_form_of_an_organizations_url_gives_its_name(name: str) -> None:
    forms = [
        name,
        f"  {name}\n",
        f"https://dev.azure.com/{name}",
        f"https://dev.azure.com/{name}/",
        f"http://dev.azure.com/{name}/Some%20Project/_workitems?x=1#y",
        f"dev.azure.com/{name}",
        f"https://somebody@dev.azure.com/{name}/Web/_git/web",
        f"HTTPS://DEV.AZURE.COM/{name}",
    ]

    assert {normalise_account_name(form) for form in forms} == {name}


@given(NAMES)
def test_the_old_url_gives_the_name_in_lower_case(name: str) -> None:
    for form in (f"{name}.visualstudio.com", f"https://{name}.visualstudio.com/DefaultCollection"):
        assert normalise_account_name(form) == name.lower()


@given(st.text(max_size=80))
def test_normalising_a_name_twice_changes_nothing(text: str) -> None:
    name = normalise_account_name(text)

    assert name is None or normalise_account_name(name) == name


@pytest.mark.parametrize(
    "text",
    ["", " ", "-fabrikam", "fabrikam-", "fab rikam", "fabrikam!", "x" * 51, "fabrikam/web", "https://dev.azure.com",
     "https://dev.azure.com/", "https://example.com/fabrikam", "https://dev.azure.com.example.com/fabrikam",
     "https://evil.example/dev.azure.com/fabrikam", "a.b.visualstudio.com", ".visualstudio.com", "https://[",
     "https://vssps.dev.azure.com/fabrikam", "https://dev.azure.com/fab%20rikam", "fabrikam\nevil", "фабрикам"],
)  # fmt: skip
def test_other_texts_are_not_an_organization(text: str) -> None:
    assert normalise_account_name(text) is None


def test_the_url_of_the_configured_azure_devops_is_accepted_too() -> None:
    url = "http://127.0.0.1:8081"

    assert normalise_account_name("http://127.0.0.1:8081/fabrikam", url) == "fabrikam"
    assert normalise_account_name("https://dev.azure.com/fabrikam", url) == "fabrikam"
    assert normalise_account_name("http://10.0.0.1:8081/fabrikam", url) is None
