"""Whose address a URL is: the organization's by its host, whatever the path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.organization_urls import Organization, OrganizationPath

FABRIKAM = Organization("fabrikam")
AT_SANDBOX = Organization("fabrikam", "http://127.0.0.1:8091")
BEHIND_PROXY = Organization("fabrikam", "https://proxy.example/ado/")
FILE = ("_apis", "wit", "attachments", "1")


@pytest.mark.parametrize(
    "url",
    [
        "https://dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "HTTPS://DEV.AZURE.COM/Fabrikam/_apis/wit/attachments/1",
        "https://dev.azure.com./fabrikam/_apis/wit/attachments/1",
        "https://dev.azure.com:443/fabrikam/_apis/wit/attachments/1",
        "http://dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "https://fabrikam@dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "//dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "https:\\\\dev.azure.com\\fabrikam\\_apis\\wit\\attachments\\1",
        " https://dev.azure.com/fab\nrikam/_apis/wit/attachments/1\t",
        "https://dev.azure.com/%66abrikam/_apis/wit/attachments/1",
        "https://dev.azure.com/other/../fabrikam/_apis/wit/attachments/1",
        "https://fabrikam.visualstudio.com/_apis/wit/attachments/1",
        "https://FABRIKAM.visualstudio.com/DefaultCollection/_apis/wit/attachments/1",
        "/fabrikam/_apis/wit/attachments/1",
        "/_apis/wit/attachments/1",
        "_apis/wit/attachments/1#top",
    ],
)
def test_a_url_of_the_organization_may_be_written_in_any_way(url: str) -> None:
    assert FABRIKAM.path_of(url) == OrganizationPath(FILE)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://dev.azure.com/",
        "https://dev.azure.com/fabrikam-evil/_apis/wit/attachments/1",
        "https://dev.azure.com/fabrika/_apis/wit/attachments/1",
        "https://dev.azure.com/contoso/_apis/wit/attachments/1",
        "https://dev.azure.com/fabrikam/../contoso/_apis/wit/attachments/1",
        "https://dev.azure.com/fabrikam/%2e%2e/contoso/_apis/wit/attachments/1",
        "https://dev.azure.com:8443/fabrikam/_apis/wit/attachments/1",
        "https://dev.azure.com.evil.example/fabrikam/_apis/wit/attachments/1",
        "https://evil-dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "https://dev.azure.com@evil.example/fabrikam/_apis/wit/attachments/1",
        "https://evil.example/https://dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "https://fabrikam-evil.visualstudio.com/_apis/wit/attachments/1",
        "https://evil.fabrikam.visualstudio.com/_apis/wit/attachments/1",
        "https://fabrikam.visualstudio.com.evil.example/_apis/wit/attachments/1",
        "https://visualstudio.com/fabrikam/_apis/wit/attachments/1",
        "https://fabrikam.aha.io/_apis/wit/attachments/1",
        "ftp://dev.azure.com/fabrikam/_apis/wit/attachments/1",
        "data:image/png;base64,_apis/",
        "cid:image001.png",
        "javascript:/fabrikam/",
        "https://[dev.azure.com/fabrikam/",
        "https://dev.azure.com:port/fabrikam/",
        "//evil.example/fabrikam/_apis/wit/attachments/1",
        "/contoso/image.png",
        "image.png",
    ],
)
def test_a_url_of_somebody_else_is_not_the_organizations(url: str) -> None:
    assert FABRIKAM.path_of(url) is None


def test_the_configured_address_counts_beside_those_of_microsoft() -> None:
    path = "fabrikam/Web/_git/site?path=/a.png"
    place = OrganizationPath(("Web", "_git", "site"), "path=/a.png")

    assert AT_SANDBOX.path_of(f"http://127.0.0.1:8091/{path}") == place
    assert AT_SANDBOX.path_of(f"https://dev.azure.com/{path}") == place
    assert AT_SANDBOX.path_of(f"http://127.0.0.1:8092/{path}") is None
    assert AT_SANDBOX.path_of(f"http://127.0.0.1/{path}") is None
    assert BEHIND_PROXY.path_of(f"https://proxy.example/ado/{path}") == place
    assert BEHIND_PROXY.path_of(f"https://proxy.example/{path}") is None


def test_without_an_organization_no_url_belongs_to_it() -> None:
    assert Organization().path_of("https://dev.azure.com/fabrikam/_apis/wit/attachments/1") is None
    assert Organization().path_of("https://dev.azure.com/_apis/wit/attachments/1") is None


@given(st.text(max_size=30) | st.text("/\\:@?#.%[]fabrikmdevzuco-", max_size=40).map("https://".__add__))
def test_any_text_can_be_looked_at(url: str) -> None:
    place = FABRIKAM.path_of(url)

    assert place is None or ".." not in place.segments
