"""Addresses of a network of one's own, in every form: refused when saved, when called, and behind a redirect."""

from __future__ import annotations

import io
import socket
from typing import Any

import pytest
import requests

from shared.clients.addresses import AddressRefused
from shared.clients.aha import Aha
from shared.clients.downloads import open_download
from shared.clients.process_state import ProcessState
from shared.clients.transport import Transport
from shared.domain.integration import AhaTarget
from shared.domain.integration_input import UrlRules, read_aha
from shared.domain.json_input import InputErrors, JsonObject
from shared.domain.kind import Kind
from shared.errors import InvalidRequest, NotFound, Unavailable
from shared.secret import Secret
from tests.unit.clients.test_addresses import resolving_to
from tests.unit.operations import an_operation

REFUSED_BY_THEMSELVES = [
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "2130706433",  # 127.0.0.1 as one number
    "0x7f000001",
    "0x7f.0.0.1",
    "0X7F.1",
    "0177.0.0.1",  # octal
    "017700000001",
    "0251.0376.0251.0376",  # 169.254.169.254
    "2852039166",
    "0xa9.0xfe.0xa9.0xfe",
    "①②⑦.0.0.1",
    "１２７.0.0.１",
    "١٢٧.٠.٠.١",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "100.64.0.1",
    "168.63.129.16",  # the host agent of Azure's virtual machines
    "2822734096",  # the same as one number
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::168.63.129.16]",
    "[2002:7f00:1::1]",
]
"""Hosts that are, or may be read as, an IP address that is not public."""

REFUSED_WHEN_SAVED = ["localhost", "app.localhost", "printer.local", "metadata.google.internal", "intranet"]
"""Names that no public name server knows."""


def errors_when_saved(host: str) -> set[str]:
    errors = InputErrors()
    read_aha(
        JsonObject({"url": f"https://{host}"}, errors, "/aha"),
        None,
        UrlRules("https://dev.azure.com", allow_local=False),
    )
    try:
        errors.raise_if_any()
    except InvalidRequest as refused:
        return {error.pointer for error in refused.errors}
    return set()


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name server is asked, and no socket is made."""

    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket, "socket", fail)


@pytest.mark.parametrize("host", REFUSED_BY_THEMSELVES + REFUSED_WHEN_SAVED)
def test_it_is_refused_when_an_integration_is_saved(host: str) -> None:
    assert errors_when_saved(host) == {"/aha/url"}


@pytest.mark.parametrize(
    "host", ["fabrikam.aha.io", "aha.example.com:8443", "8.8.8.8", "[2620:1ec:a92::171]"]
)
def test_a_public_one_is_saved(host: str) -> None:
    assert errors_when_saved(host) == set()


@pytest.mark.parametrize("host", REFUSED_BY_THEMSELVES)
@pytest.mark.usefixtures("unreachable")
def test_it_is_not_called(host: str) -> None:
    with pytest.raises(AddressRefused):
        call(f"https://{host}/file")


@pytest.mark.parametrize("host", REFUSED_BY_THEMSELVES)
@pytest.mark.usefixtures("unreachable")
def test_a_redirect_to_it_is_not_followed(host: str) -> None:
    operation, _ = an_operation()

    with pytest.raises(NotFound, match="not fetched"):
        open_download("https://fabrikam.aha.io/attachments/41", operation, redirected_to(f"https://{host}/x"))


@pytest.mark.parametrize("host", ["localhost", "rebinding.example", "innocent.example"])
def test_a_name_that_leads_there_is_not_called(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.8.8", "169.254.169.254"))

    with pytest.raises(AddressRefused):
        call(f"https://{host}/file")


def test_a_name_that_was_public_when_it_was_saved_is_checked_again_at_each_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert errors_when_saved("rebinding.example") == set()
    for inner in ("10.0.0.1", "169.254.169.254", "::ffff:7f00:1"):
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to(inner))

        with pytest.raises(AddressRefused):
            call("https://rebinding.example/file")


def call(url: str) -> None:
    Transport(allow_local=False).send("GET", url, headers={}, body=None, timeout=1)


def redirected_to(target: str) -> Transport:
    """A transport whose first answer is a redirect. Every further request is a real one."""

    class Redirected(Transport):
        def send(self, method: str, url: str, **arguments: Any) -> requests.Response:
            if not url.startswith("https://fabrikam.aha.io/"):
                return super().send(method, url, **arguments)
            redirect = requests.Response()
            redirect.status_code = 302
            redirect.headers["Location"] = target
            redirect.raw = io.BytesIO()
            return redirect

    return Redirected(allow_local=False)


def test_an_inner_address_for_a_while_is_no_proof_that_a_record_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("10.1.2.3"))
    operation, _ = an_operation()
    target = AhaTarget("https://company.aha.io", Secret("token"))

    with pytest.raises(Unavailable) as caught:
        Aha(target, operation, process_state=ProcessState(allow_local=False)).record(Kind.FEATURE, "123")

    assert caught.value.code == "aha_unavailable"
    assert "the address is not public" in caught.value.detail
