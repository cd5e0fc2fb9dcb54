"""Which network addresses may be fetched from: a host's addresses are looked up once, all checked, then pinned."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from devgem.source.errors import refusal

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host. Raises OSError when it has none."""

_GLOBAL_UNICAST = ip_network("2000::/3")
_SIX_TO_FOUR = ip_network("2002::/16")
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052; how IPv6-only networks reach IPv4 hosts
# Where clouds hand out credentials: link-local (AWS, Google, Azure), Azure's wire server, Alibaba, Oracle, AWS on IPv6.
_METADATA = tuple(
    ip_network(block)
    for block in (
        "169.254.0.0/16",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "fe80::/10",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    )
)


async def resolve_host(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """True for an address of the public internet, also one written inside an IPv6 address (mapped, NAT64)."""
    ip = _plain(address)
    if isinstance(ip, IPv6Address):
        return ip in _GLOBAL_UNICAST and ip not in _SIX_TO_FOUR and ip.is_global and not is_metadata(address)
    return ip.is_global and not ip.is_multicast and not is_metadata(address)


def is_metadata(address: str) -> bool:
    """True for an address at which a cloud's machines get their credentials: never fetched from."""
    ip = _plain(address)
    return any(ip in block for block in _METADATA if block.version == ip.version)


async def checked_addresses(host: str, port: int, resolve: Resolve, *, private_too: bool) -> Sequence[str]:
    """The addresses of a host, every one of them allowed. Raises SourceError."""
    try:
        addresses: Sequence[str] = [str(ip_address(host))]
    except ValueError:
        try:
            addresses = await resolve(host, port)
        except (OSError, UnicodeError):
            addresses = ()
    if not addresses:
        raise refusal("host_not_found", host=host)
    for address in addresses:
        if is_metadata(address) or not (private_too or is_public(address)):
            raise refusal("private_address", host=host, address=address)
    return addresses


def curl_pin(host: str, port: int, addresses: Sequence[str]) -> str:
    """The pin in curl's words: no second look-up can say something else (https://curl.se/libcurl/c/CURLOPT_RESOLVE.html)."""
    return f"{host}:{port}:" + ",".join(f"[{address}]" if ":" in address else address for address in addresses)


def _plain(address: str) -> IPv4Address | IPv6Address:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
