import ipaddress

import pytest

from devgem.clouds.local.egress import closed, host_addresses, host_networks, opened

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/31 1 0 0
        |-- 127.0.0.1
           /32 host LOCAL
     +-- 203.0.113.0/24 2 0 2
        |-- 203.0.113.0
           /24 link UNICAST
        |-- 203.0.113.7
           /32 host LOCAL
        |-- 203.0.113.255
           /32 link BROADCAST
"""


def refused(batch: str, address: str) -> bool:
    """Where the kernel would send a packet: the longest prefix of the batch wins; no match is the default route."""
    found = []
    for line in batch.splitlines():
        words = line.split()
        network = ipaddress.ip_network(words[3] if words[2] == "blackhole" else words[2])
        if ipaddress.ip_address(address) in network:
            found.append((network.prefixlen, words[2] == "blackhole"))
    return max(found, default=(0, False))[1]


def test_the_hosts_own_addresses_and_networks_are_found() -> None:
    assert host_addresses(FIB_TRIE) == {"203.0.113.7"}
    assert host_networks(FIB_TRIE) == {"203.0.113.0/24"}


INWARD = ["169.254.169.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"]
INWARD += ["168.63.129.16", "0.0.0.0", "224.0.0.1", "255.255.255.255", "203.0.113.7", "203.0.113.9"]


@pytest.mark.parametrize("address", INWARD)
def test_private_metadata_and_own_addresses_lead_nowhere(address: str) -> None:
    assert refused(closed(FIB_TRIE), address)


@pytest.mark.parametrize("address", ["151.101.0.223", "8.8.8.8", "172.32.0.1", "203.0.114.1"])
def test_public_addresses_are_left_alone(address: str) -> None:
    assert not refused(closed(FIB_TRIE), address)


def test_a_reachable_network_is_an_exception_and_its_surroundings_are_not() -> None:
    reachable = ["10.9.8.0/24", "203.0.113.0/24"]
    batch = closed(FIB_TRIE, reachable) + opened(reachable)
    assert not refused(batch, "10.9.8.7") and not refused(batch, "203.0.113.9")
    assert refused(batch, "10.9.9.1") and refused(batch, "203.0.113.7")
