"""Host names of the user's own: what they are, and how far they are set up."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from devgem.domain.errors import InvalidInput

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST_CHARACTERS = 253
_RESERVED = ("localhost", "local", "internal", "invalid", "test", "onion", "arpa")
_FIX = "Write a name such as shop.example.com, without https:// and path."


def check_host(text: str, *, what: str = "host name") -> str:
    """The name as DNS has it: lower case, no trailing dot, other scripts in their ASCII form (RFC 5891). Raises
    InvalidInput for what is no name that can be bought: an address, a wildcard, a single label, a reserved one."""
    name = text.strip().removesuffix(".")
    if "*" in name:
        raise InvalidInput(
            f"{text!r} is a wildcard; a {what} is one name",
            fix="Add each name by itself, or give all apps a domain with `devgem domains setup`.",
        )
    try:
        # UTS 46 dots and case first: a full stop of another script separates labels too.
        dotted = re.sub("[\u3002\uff0e\uff61]", ".", name).lower()
        ascii_name = ".".join(_ascii(label) for label in dotted.split("."))
    except UnicodeError:
        raise InvalidInput(f"{text!r} is not a valid {what}", fix=_FIX) from None
    labels = ascii_name.split(".")
    if len(ascii_name) > _HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput(f"{text!r} is not a valid {what}", fix=_FIX)
    if len(labels) < 2 or labels[-1] in _RESERVED or _is_address(ascii_name) or labels[-1].isdigit():
        raise InvalidInput(f"{text!r} is not a {what} that others can reach", fix=_FIX)
    return ascii_name


def shown(host: str) -> str:
    """The name as people write it; the ASCII form where that could be taken for another name."""
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def _ascii(label: str) -> str:
    if not label.isascii():
        return label.encode("idna").decode("ascii")
    # What is no valid form of anything is refused, so that one name has one spelling.
    if label.startswith("xn--") and label.encode("ascii").decode("idna").encode("idna").decode("ascii") != label:
        raise UnicodeError(label)
    return label


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class DnsRecord:
    """One record to add where the domain's DNS is kept."""

    name: str
    type: str
    value: str


@dataclass(frozen=True)
class DomainStep:
    """`state`: waiting, working, done, failed, left (what DevGem did not make, and therefore did not touch)."""

    name: str
    state: str
    detail: str = ""


@dataclass(frozen=True)
class Domain:
    """How far a name is. `state`: setting up, waiting for dns, waiting for the certificate, live, failed,
    tearing down, gone. `app` is None for the domain of all apps."""

    host: str
    state: str
    app: str | None = None
    detail: str = ""
    fix: str = ""
    records: Sequence[DnsRecord] = ()
    steps: Sequence[DomainStep] = ()


class CustomHosts(Protocol):
    """The names of single apps on one cloud. Every call is idempotent."""

    async def attach(self, app: str, host: str) -> None:
        """Begins to send what is asked of `host` to the app."""

    async def detach(self, app: str, host: str) -> None:
        """Ends it, and removes what was made for it."""

    async def state(self, app: str, host: str) -> Domain: ...


class BaseDomain(Protocol):
    """The one domain under which all apps of a cloud answer."""

    async def set_up(self, domain: str, zone: str = "") -> Domain:
        """Begins, or goes on where it stopped; `zone` is one of the cloud's own DNS that the records are added to."""

    async def tear_down(self) -> Domain:
        """Begins to remove what `set_up` has made, in reverse order."""

    async def name(self) -> str | None:
        """Which domain it is, without asking the cloud; None without one."""

    async def state(self) -> Domain | None: ...
