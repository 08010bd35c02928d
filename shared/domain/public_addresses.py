"""Which hosts are public, as far as their name or IP address itself says."""

from __future__ import annotations

import ipaddress
import re

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_AZURE_HOST_AGENT = ipaddress.ip_address("168.63.129.16")
"""A public number, but it reaches the host of the virtual machine
(https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16)."""
_HEXADECIMAL = re.compile("0x[0-9a-f]*", re.IGNORECASE)
_LOCAL_DOMAINS = (".localhost", ".local", ".internal")
"""Reserved for a machine or a network of its own: RFC 6761, RFC 6762 and ICANN's resolution 2024.07.29.06."""


def is_public(address: IPAddress) -> bool:
    """Whether an IP address is reachable for everybody, and not the network of the app itself."""
    is_global = address.is_global and not address.is_multicast and address != _AZURE_HOST_AGENT
    if not isinstance(address, ipaddress.IPv6Address):
        return is_global
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    # A 6to4 address (2002::/16) can hold a private IPv4 address. 6to4 is deprecated (RFC 7526).
    return is_global and address in _GLOBAL_UNICAST and address.sixtofour is None


def may_be_public(host: str) -> bool:
    """Whether a host may be public: only a name server can say so of most names."""
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        name = host.lower().rstrip(".")
        return "." in name and not name.endswith(_LOCAL_DOMAINS) and not ends_in_a_number(name)


def ends_in_a_number(host: str) -> bool:
    """Whether a host that is no IP address may be read as one, such as 2130706433, 0177.0.0.1, 127.1 and 0x7f.0.0.1.

    No top-level domain is a number (https://url.spec.whatwg.org/#ends-in-a-number-checker).
    """
    last = host.rstrip(".").rpartition(".")[2]
    # isdecimal also takes the digits of other scripts, which a resolver may turn into those of ASCII.
    return last.isdecimal() or _HEXADECIMAL.fullmatch(last) is not None
