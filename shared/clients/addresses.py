"""Which addresses the app may call: https at public addresses, unless local ones are allowed.

A name is resolved once, every address it has is checked, and the connection goes to a checked one: a name that
resolves to something else a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_AZURE_HOST_AGENT = ipaddress.ip_address("168.63.129.16")
"""Public by its number, yet it is the machine's own host
(https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16)."""
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(ValueError):
    """The address may not be called; the text says why."""


def check_url(url: str, *, allow_local: bool) -> None:
    """Check what can be seen without a name server.

    Raises:
        AddressRefused: another scheme than https (or http where local addresses are allowed), credentials in the
            address, no host, or a literal private address.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("the address is malformed") from None
    if parts.scheme != "https" and not (allow_local and parts.scheme == "http"):
        raise AddressRefused("the address does not start with https://")
    if not host or parts.username is not None or parts.password is not None:
        raise AddressRefused("the address has no host, or carries a user name")
    if allow_local:
        return
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    _check_ip(literal)


def connect(
    host: str,
    port: int,
    timeout: float | None,
    socket_options: list[tuple[int, int, int | bytes]] | None,
) -> socket.socket:
    """A TCP connection to a public address of the host.

    Raises:
        AddressRefused: one of the host's addresses is not public.
        OSError: the host is unknown, or no address of it answers.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        # A label that is empty or over 63 characters: no name server can be asked for it.
        raise OSError("the host's name is malformed") from None
    for *_, address in found:
        _check_ip(ipaddress.ip_address(str(address[0]).split("%")[0]))
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        connection = socket.socket(family, kind, protocol)
        try:
            for level, name, value in socket_options or ():
                connection.setsockopt(level, name, value)
            connection.settimeout(timeout)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure or OSError(f"{host} has no address")


def _check_ip(address: _IPAddress) -> None:
    is_public = address.is_global and not address.is_multicast and address != _AZURE_HOST_AGENT
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            _check_ip(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        else:
            # 6to4 (2002::/16) carries any IPv4 address and is out of use (RFC 7526).
            is_public = is_public and address in _GLOBAL_UNICAST and address.sixtofour is None
    if not is_public:
        raise AddressRefused("the address is not a public one")
