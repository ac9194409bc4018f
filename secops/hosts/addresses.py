"""The addresses of a running host, as its kernel tells them in /proc/net."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

Address = IPv4Address | IPv6Address

_HEX = re.compile(r"[0-9a-f]{32}")
_V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


class Subnet(NamedTuple):
    """An address of the host. `mask` is a number, None when not known; `sure` when it is not the loopback's.

    `interface` is its name, None where the kernel does not tell: for IPv4.
    """

    address: Address
    mask: int | None
    sure: bool = True
    interface: str | None = None


def address_of(text: str) -> Address | None:
    """An address as it is usually written, without a zone; None when it is none."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def own_subnets(trie: Iterable[str], inet6: Iterable[str]) -> list[Subnet]:
    """The host's addresses, from /proc/net/fib_trie and /proc/net/if_inet6. Those of the loopback do not count."""
    return [*_subnets4(trie), *_subnets6(inet6)]


def _subnets4(trie: Iterable[str]) -> Iterator[Subnet]:
    own: set[IPv4Address] = set()
    links: set[tuple[int, int]] = set()  # network and length
    broadcasts: set[int] = set()
    leaf: IPv4Address | None = None
    for line in trie:
        words = line.split()
        if words[:1] == ["|--"] and len(words) == 2 and _V4.fullmatch(words[1]):
            found = address_of(words[1])
            leaf = found if isinstance(found, IPv4Address) else None
        elif leaf is not None and words == ["/32", "host", "LOCAL"]:
            own.add(leaf)
        elif leaf is not None and words[1:] == ["link", "BROADCAST"]:
            broadcasts.add(int(leaf))
        elif leaf is not None and words[1:] == ["link", "UNICAST"] and words[0][1:].isdecimal():
            links.add((int(leaf), int(words[0][1:4])))
    masks = {start: _ones(length) for start, length in links if start | _rest(length) in broadcasts}
    for address in own:
        if not address.is_loopback:
            near = [mask for start, mask in masks.items() if int(address) & mask == start]
            yield Subnet(address, max(near, default=None), bool(near))  # an address alone may be the loopback's


def _ones(length: int) -> int:
    return (0xFFFFFFFF << (32 - min(length, 32))) & 0xFFFFFFFF


def _rest(length: int) -> int:
    return 0xFFFFFFFF ^ _ones(length)


def _subnets6(inet6: Iterable[str]) -> Iterator[Subnet]:
    for line in inet6:
        words = line.split()
        if len(words) == 6 and _HEX.fullmatch(words[0]) and words[5] != "lo" and re.fullmatch("[0-9a-f]{2}", words[2]):
            length = min(int(words[2], 16), 128)
            mask = ((1 << length) - 1) << (128 - length)
            yield Subnet(IPv6Address(int(words[0], 16)), mask, interface=words[5])
