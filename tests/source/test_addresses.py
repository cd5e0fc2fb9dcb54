import socket
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.errors import SourceError
from devgem.source import Policy, parse_source
from devgem.source.addresses import checked_addresses, curl_pin, is_metadata, is_public, resolve_host

from .conftest import Bench
from .git_repository import GitRepository
from .http_server import GitServer

# What a name server that is not ours may answer for an innocent name.
NAMES: dict[str, Sequence[str]] = {
    "public.example": ["140.82.112.3", "2606:50c0:8000::153"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "half.example": ["140.82.112.3", "10.0.0.7"],
    "half6.example": ["140.82.112.3", "fd00::7"],
    "private10.example": ["10.1.2.3"],
    "private172.example": ["172.31.255.1"],
    "private192.example": ["192.168.0.1"],
    "cgnat.example": ["100.64.0.1"],
    "linklocal.example": ["169.254.1.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "ecs.example": ["169.254.170.2"],
    "alibaba.example": ["100.100.100.200"],
    "azure.example": ["168.63.129.16"],
    "oracle.example": ["192.0.0.192"],
    "aws6.example": ["fd00:ec2::254"],
    "google6.example": ["fd20:ce::254"],
    "zero.example": ["0.0.0.0"],
    "zero6.example": ["::"],
    "this.example": ["0.1.2.3"],
    "multicast.example": ["224.0.0.1"],
    "multicast6.example": ["ff02::1"],
    "broadcast.example": ["255.255.255.255"],
    "reserved.example": ["240.0.0.1"],
    "test.example": ["192.0.2.1"],
    "benchmark.example": ["198.18.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mappedmeta.example": ["::ffff:169.254.169.254"],
    "mappedhex.example": ["::ffff:a9fe:a9fe"],
    "compatible.example": ["::127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "nat64meta.example": ["64:ff9b::a9fe:a9fe"],
    "nat64local.example": ["64:ff9b:1::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "ula.example": ["fd12:3456::1"],
    "sitelocal.example": ["fec0::1"],
    "linklocal6.example": ["fe80::1"],
    "scoped.example": ["fe80::1%eth0"],
    "documentation.example": ["2001:db8::1"],
}

REFUSED_URLS = (
    *(f"https://{name}/a/b" for name in NAMES if name != "public.example"),
    *(f"ssh://git@{name}/a/b" for name in ("loopback.example", "metadata.google.internal", "mapped.example")),
    "git@private10.example:a/b",
    "https://127.0.0.1/a", "https://127.0.0.1:6379/a", "https://10.0.0.1/a", "https://192.168.1.1/a",
    "https://169.254.169.254/latest/meta-data", "https://0.0.0.0/a", "https://[::1]/a", "https://[::]/a",
    "https://[::ffff:169.254.169.254]/a", "https://[::ffff:a9fe:a9fe]/a", "https://[64:ff9b::7f00:1]/a",
    "https://[fd00:ec2::254]/a", "https://[fe80::1]/a", "https://[0:0:0:0:0:ffff:7f00:1]/a", "https://[::127.0.0.1]/a",
    "https://localhost/a", "https://localhost.:443/a", "https://LOCALHOST/a", "https://nowhere.example/a",
    # what other parsers take for 127.0.0.1
    "https://2130706433/a", "https://0x7f000001/a", "https://0x7f.0.0.1/a", "https://0177.0.0.1/a", "https://127.1/a",
    "https://017700000001/a", "https://127.0.0.1./a", "https://127.0.0.0x1/a", "https://0/a", "https://1.1.1.1.1/a",
    "https://①②⑦.⓪.⓪.①/a", "https://127。0。0。1/a", "https://[::1%25lo]/a", "https://[::1]:x/a",
    "https://public.example@127.0.0.1/a", "https://127.0.0.1#@public.example/a", "https://127.0.0.1\\@public.example/a",
    "https://public.example:443@127.0.0.1/a", "https://public.example\t@127.0.0.1/a", "https://127.0.0.1%2f@public.example/a",
    "http://public.example/a", "ftp://127.0.0.1/a", "gopher://127.0.0.1:6379/_SLAVEOF", "dict://127.0.0.1:11211/a",
    "ext::sh -c id", "file:///etc/passwd", "git://127.0.0.1/a", "ssh://-oProxyCommand=id/a",
)  # fmt: skip


@pytest.fixture
def strict(new_bench: Callable[[Policy], Bench]) -> Bench:
    bench = new_bench(Policy())
    bench.hosts = NAMES
    return bench


def test_the_corpus_is_worth_its_name() -> None:
    assert len(set(REFUSED_URLS)) >= 90


@pytest.mark.parametrize("url", REFUSED_URLS)
async def test_an_address_inside_is_never_connected_to(url: str, strict: Bench) -> None:
    strict.hosts = {**NAMES, "localhost": ["127.0.0.1", "::1"]}
    with pytest.raises(SourceError) as caught:
        await strict.sources.fetch(parse_source(url))
    assert caught.value.code in {
        "private_address", "host_not_found", "bad_source", "credentials_in_url", "unsupported_scheme", "insecure_url",
        "local_source_refused",
    }  # fmt: skip
    assert strict.commands == []


async def test_git_connects_to_the_address_that_was_checked(
    bench: Bench, server: GitServer, repository: GitRepository
) -> None:
    """Only our resolver knows this host; a second look-up, which could answer otherwise (DNS rebinding), would fail."""
    repository.bare(server.root / "app.git")
    bench.hosts = {"git.example.invalid": ["127.0.0.1"]}
    commit, _ = await bench.fetch(f"http://git.example.invalid:{server.server_port}/app.git")
    assert commit.sha == repository.sha()


def test_every_address_is_pinned() -> None:
    pinned = curl_pin("public.example", 443, NAMES["public.example"])
    assert pinned == "public.example:443:140.82.112.3,[2606:50c0:8000::153]"


@pytest.mark.parametrize("host", ["metadata.google.internal", "azure.example", "mappedmeta.example", "aws6.example"])
async def test_metadata_is_out_of_reach_even_when_private_addresses_are_allowed(
    host: str, new_bench: Callable[[Policy], Bench]
) -> None:
    bench = new_bench(Policy(allow_private_addresses=True))
    bench.hosts = NAMES
    assert (await bench.refusal(f"https://{host}/a")).code == "private_address"
    assert bench.commands == []


async def test_public_addresses_are_taken_in_their_order() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return NAMES[host]

    found = await checked_addresses("public.example", 443, resolve, private_too=False)
    assert found == NAMES["public.example"]


async def test_a_literal_address_is_not_looked_up() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError

    assert await checked_addresses("140.82.112.3", 443, resolve, private_too=False) == ["140.82.112.3"]


async def test_the_systems_resolver_knows_this_machine() -> None:
    assert set(await resolve_host("localhost", 443)) <= {"127.0.0.1", "::1"}
    with pytest.raises(socket.gaierror):
        await resolve_host("no.such.host.invalid", 443)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_all_its_spellings(address: object) -> None:
    public = is_public(str(address))
    number = int(address)  # type: ignore[call-overload]
    assert is_public(f"::ffff:{address}") == public
    assert is_public(f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}") == public
    assert not (public and is_metadata(str(address)))


@pytest.mark.parametrize("address", ["8.8.8.8", "140.82.112.3", "2606:50c0:8000::153", "64:ff9b::8c52:7003"])
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(address)
