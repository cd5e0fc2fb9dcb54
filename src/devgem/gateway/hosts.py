"""From a Host header to the name of an app."""

import re

from devgem.gateway.refused import Refused

# RFC 9112 section 3.2, RFC 3986 section 3.2.2: a DNS name, an IPv4 or a bracketed IPv6 address; no user information.
_HOST = re.compile(rb"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?", re.IGNORECASE)
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)([/?].*)?", re.IGNORECASE)


def host_name(value: bytes) -> str:
    """The name in a Host header: lower case, no port, no trailing dot. Raises Refused when it is no valid host."""
    match = _HOST.fullmatch(value)
    if not match or int(match[2] or 0) > 65535:
        raise Refused(400, "The Host header is not a valid host name.")
    return match[1].decode("ascii").lower().removesuffix(".")


def app_of(name: str, base_domain: str) -> str | None:
    """The app that answers at a host name: the one label before the base domain."""
    label, dot, rest = name.partition(".")
    return label if dot and rest == base_domain else None


def split_absolute(target: bytes) -> tuple[bytes, bytes]:
    """Host and origin-form of a request target in absolute-form (RFC 9112 section 3.2.2)."""
    match = _ABSOLUTE.fullmatch(target)
    if not match:
        raise Refused(400, "The request target is not a path.")
    path: bytes = match[2] or b"/"
    return match[1], path if path.startswith(b"/") else b"/" + path
