"""Addresses as the log shows them."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.clients.redaction import shown_origin, shown_url

# Long enough that it cannot be a part of the rest by chance.
TOKENS = st.text(string.ascii_letters + string.digits + "-_.~%+=&;:@!$'()*,", min_size=8, max_size=30).map(
    lambda text: f"S3cr{quote(text, safe='-_.~')}t"
)

HIDING_PLACES = [
    "https://{token}@fabrikam.aha.io/a",
    "https://user:{token}@fabrikam.aha.io/a",
    "https://:{token}@fabrikam.aha.io:8443/a?x=1",
    "https://fabrikam.aha.io/a?token={token}",
    "https://fabrikam.aha.io/a?x=1&sig={token}&page=2",
    "https://fabrikam.aha.io/a?{token}",
    "https://fabrikam.aha.io/a?page=1&{token}&per_page=5",
    "https://fabrikam.aha.io/a?={token}",
    "https://fabrikam.aha.io/a#access_token={token}",
    "https://fabrikam.aha.io/attachments/41/token/{token}",
    "https://fabrikam.aha.io/attachments/41/token/{token}.png?size=original",
    "https://fabrikam.aha.io/attachments/41/TOKEN/{token}/more/token/{token}",
    "https://app.example.com/api/webhooks/fabrikam-web/{token}",
    "https://app.example.com/api/webhooks/{token}",
    "https://app.example.com/api/Webhooks/fabrikam-web/{token}/",
    "https://app.example.com/api/webhooks/{token}?x={token}",
]


@pytest.mark.parametrize("place", HIDING_PLACES)
@given(token=TOKENS)
@example(token="S3cret" + "x" * 8)
def test_a_token_is_hidden_wherever_in_an_address_it_stands(place: str, token: str) -> None:
    url = place.format(token=token)

    assert token not in shown_url(url)
    assert token not in shown_origin(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://dev.azure.com/fabrikam/_apis/projects", "https://dev.azure.com/fabrikam/_apis/projects"),
        (
            "https://dev.azure.com/fabrikam/_apis/projects?api-version=7.1&$top=1000",
            "https://dev.azure.com/fabrikam/_apis/projects?api-version=7.1&$top=1000",
        ),
        ("http://127.0.0.1:8081/a?fileName=a%20b.png", "http://127.0.0.1:8081/a?fileName=a%20b.png"),
        ("https://fabrikam.aha.io/a?sig=k&page=2", "https://fabrikam.aha.io/a?sig=•••&page=2"),
        ("https://fabrikam.aha.io/token/k/x", "https://fabrikam.aha.io/token/•••/x"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("https://a.example/api/webhooks/web/k", "https://a.example/api/webhooks/web/•••"),
    ],
)
def test_what_helps_to_find_a_fault_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_a_storage_hosts_address_is_shown_as_its_host_alone() -> None:
    url = "https://store.example:8443/bucket/9f86d081?X-Amz-Signature=k"

    assert shown_origin(url) == "https://store.example:8443/…"


@given(
    st.text()
    | st.sampled_from(["http://[", "https://h:99999/x", "https://h:port/", "//", "https://[::1]:x/"])
)
@example("https://h:99999/x")
@example("https://h:port/")
@example("http://[")
def test_an_address_that_is_none_is_shown_somehow(url: str) -> None:
    assert isinstance(shown_url(url), str)
    assert isinstance(shown_origin(url), str)
