"""Which addresses the app may call: https:// at public IP addresses, unless local ones are allowed.

A host name is resolved once, all its IP addresses are checked, and the connection goes to one of those. So a name
server cannot first give a public address for the check and then a private one for the connection.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from shared.deadline import Deadline
from shared.domain.public_addresses import IPAddress, ends_in_a_number, is_public

_LEAST_SECONDS = 0.05


class AddressRefused(ValueError):
    """The app must not call the address. The text says why."""


def check_url(url: str, *, allow_local: bool) -> None:
    """Check what an address itself says, without a name server.

    Raises:
        AddressRefused: the scheme is not https (or http where local addresses are allowed), there is no host, the
            address has credentials, or the host is a private IP address.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("the address is malformed") from None
    if parts.scheme != "https" and not (allow_local and parts.scheme == "http"):
        raise AddressRefused("the address does not start with https://")
    if not host or parts.username is not None or parts.password is not None:
        raise AddressRefused("the address has no host, or has a user name in it")
    if allow_local:
        return
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        if ends_in_a_number(host):
            raise AddressRefused("the host is a number in an unusual form") from None
        return
    _check_ip(literal)


def connect(
    host: str,
    port: int,
    timeout: float | None,
    socket_options: list[tuple[int, int, int | bytes]] | None,
) -> socket.socket:
    """A TCP connection to a public IP address of the host.

    `timeout` is in seconds and for all addresses together: each gets half of what is left, the last one all of it.

    Raises:
        AddressRefused: one of the host's IP addresses is not public.
        OSError: the host is unknown, or none of its IP addresses answers.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        # A label that is empty or longer than 63 characters, which a name server cannot be asked for.
        raise OSError("the host name is malformed") from None
    for *_, address in found:
        _check_ip(ipaddress.ip_address(str(address[0]).split("%")[0]))
    failure: OSError | None = None
    deadline = None if timeout is None else Deadline.after(timeout)
    for number, (family, kind, protocol, _, address) in enumerate(found, start=1):
        seconds = None if deadline is None else deadline.remaining() / (1 if number == len(found) else 2)
        if seconds is not None and seconds < _LEAST_SECONDS and failure is not None:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            for level, name, value in socket_options or ():
                connection.setsockopt(level, name, value)
            connection.settimeout(seconds)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure or OSError(f"{host} has no address")


def _check_ip(address: IPAddress) -> None:
    if not is_public(address):
        raise AddressRefused("the address is not public")
