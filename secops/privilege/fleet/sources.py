"""Where connections of a host come from, and whether from= of a line lets them in: as sshd matches it.

sshd takes the list from left to right. An address or a network that is negated and matches refuses, as does an entry
that is none (a network with bits behind its length, nothing between two commas): then nobody comes in. Other entries
are patterns; they are held against the address and, with UseDNS, against the client's name. One match is needed.

What is not known of a connection:

- Which of its addresses a host uses. One that fits is enough, since whoever is on the host may choose. Only that of a
  bridge is none to come from: an address that other hosts have too does not make it certain, nor one of a link.
- Whether an address is translated on the way: then sshd sees one that is not the host's. So where none of its own fits
  it may still come in: not known. Only an address of a network that the host is in itself is not given to it by
  another device, nor one of the loopback: where the list has no more than these, it does not come in.
- The client's name: hosts are taken to be called as in the inventory, or as they call themselves. Any other is not
  known, and so is whether a negated one keeps the host out.
"""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import translate
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from secops.hosts.addresses import Address, address_of
from secops.hosts.sudoers_answer import any_of, both
from secops.hosts.tables import Row

#: True, False, or None for what is not known.
Truth = bool | None

Network = IPv4Network | IPv6Network

#: Comparisons over a fleet; what would need more is not known.
MAX_COMPARED = 20_000_000

#: Characters of a pattern that is looked at: names of hosts are no longer.
_LONGEST = 255

_LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_HERE: tuple[Address, ...] = (ip_address("127.0.0.1"), ip_address("::1"))
_LOCALHOST = "localhost"
_SHORT = re.compile(r"[0-9a-fxA-FX.]*[0-9][0-9a-fxA-FX.]*")
_LENGTH = re.compile(r"[0-9]{1,3}")
_STARRED = re.compile(r"((?:[0-9]{1,3}\.){1,3})\*")
_OF_ADDRESSES = re.compile(r"[0-9a-fA-F]*[.:*?][0-9a-fA-F.:%*?]*")


class Pattern(NamedTuple):
    """An entry: of addresses (`network`), or text to be held against address and name."""

    negated: bool
    text: str
    network: Network | None

    def takes(self, text: str) -> bool:
        return _expression(self.text).fullmatch(text) is not None

    @property
    def among(self) -> Network | None:
        """All addresses that it may mean: `10.1.*` means 10.1.0.0/16, and no more; None when they are many."""
        starred = None if self.network else _STARRED.fullmatch(self.text)
        if not starred:
            return self.network
        parts = starred[1].split(".")[:-1]
        try:
            return IPv4Network(".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}")
        except ValueError:
            return None


@lru_cache(4096)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.lower().replace("[", "[[]")))


@lru_cache(4096)
def patterns(text: str) -> list[Pattern] | None:
    """The entries of from=; None when sshd finds one that is none, and lets nobody in."""
    found = []
    for entry in text.split(","):
        negated, rest = entry.startswith("!"), entry.removeprefix("!")
        try:
            network = _network(rest)
        except ValueError:
            return None
        if not rest:
            return None
        found.append(Pattern(negated, rest, network))
    return found


def _network(text: str) -> Network | None:
    """Addresses as sshd reads them; None for other text. Raises `ValueError` where sshd refuses the list."""
    plain, slash, length = text.partition("/")
    address = address_of(plain) or _short(plain)
    if address is None or len(text) > 63 or (slash and not (_LENGTH.fullmatch(length) and int(length) <= 128)):
        return None
    return ip_network((address, int(length) if slash else address.max_prefixlen))


def _short(text: str) -> Address | None:
    """IPv4 as the C library reads it too: `10.1` is 10.0.0.1."""
    try:
        return IPv4Address(socket.inet_aton(text)) if _SHORT.fullmatch(text) else None
    except OSError:
        return None


@dataclass(frozen=True)
class Source:
    """A host that connects. `addresses` are None when not known; `weak` ones are of a link, or of other hosts too.

    In its `networks` no other device is given its traffic's address.
    """

    names: frozenset[str] = frozenset()
    addresses: Sequence[Address] | None = None
    networks: Sequence[Network] = ()
    weak: frozenset[Address] = frozenset()

    @classmethod
    def of(cls, host: str, tables: Mapping[str, Iterable[Row]]) -> Source:
        """From the rows of `hosts` and `host_addresses`."""
        called = [row["name"] for row in tables.get("hosts", ()) if row.get("name")]
        rows = [(ip_address(row["address"]), row["prefix"]) for row in tables.get("host_addresses", ())]
        networks = [ip_network((one, length), strict=False) for one, length in rows if length]
        names = frozenset(name.lower() for name in (host, *called))
        return cls(names, [one for one, _ in rows] or None, networks)

    def is_near(self, network: Network) -> bool:
        """Whether all of a network is in one of the host's own, or of the loopback."""
        own = (*_LOOPBACK, *self.networks)
        return any(network.version == one.version and network.subnet_of(one) for one in own)  # type: ignore[arg-type]


class _Connection(NamedTuple):
    """What sshd sees: an address, None for one not known; so with names. Not `sure`: perhaps no connection is so."""

    address: Address | None
    names: frozenset[str] | None
    sure: bool = True


def lets_nobody(text: str) -> bool:
    """Whether a list keeps out every host: sshd does not understand it, or it has nothing that is not negated."""
    entries = patterns(text)
    return entries is None or all(entry.negated for entry in entries)


def lets_in(text: str, source: Source, *, same_host: bool, names: Truth) -> Truth:
    """Whether from= lets some connection of a host in. `names`: sshd looks clients' names up (UseDNS)."""
    entries = patterns(text)
    if entries is None or lets_nobody(text):
        return False
    if any(len(entry.text) > _LONGEST for entry in entries):
        return None
    answers: set[Truth] = set()
    for connection in _connections(entries, source, same_host=same_host):
        matched = [(entry.negated, _matches(entry, connection, source, names)) for entry in entries]
        kept_out = any_of(answer for negated, answer in matched if negated)
        taken = any_of(answer for negated, answer in matched if not negated)
        answer = both(taken, None if kept_out is None else not kept_out)
        answers.add(None if answer and not connection.sure else answer)
    return any_of(answers)


def _connections(entries: Iterable[Pattern], source: Source, *, same_host: bool) -> Iterator[_Connection]:
    for address in source.addresses or ():
        yield _Connection(address, source.names, address not in source.weak)
    if same_host:
        starts = (entry.network.network_address for entry in entries if entry.network and not entry.negated)
        for address in dict.fromkeys([*_HERE, *(start for start in starts if start.is_loopback)]):
            yield _Connection(address, source.names | {_LOCALHOST})
    if source.addresses is None:
        yield _Connection(None, source.names)
    if not same_host:
        yield _Connection(None, None, sure=False)  # of a device on the way


def _matches(entry: Pattern, connection: _Connection, source: Source, names: Truth) -> Truth:
    address, network = connection.address, entry.network
    if network and address:
        return address in network
    if network:
        return False if source.is_near(network) else None
    by_address = entry.takes(str(address)) if address else _may_take_another(entry, source)
    return by_address if names is False else any_of([by_address, _takes_name(entry, connection, names)])


def _may_take_another(entry: Pattern, source: Source) -> Truth:
    """Whether text matches the address of a device on the way."""
    if entry.text == "*":
        return True
    if not _OF_ADDRESSES.fullmatch(entry.text) or (entry.among and source.is_near(entry.among)):
        return False
    return None


def _takes_name(entry: Pattern, connection: _Connection, names: Truth) -> Truth:
    known = connection.names or frozenset()
    if names and any(entry.takes(name) for name in known):
        return True
    return False if entry.text.lower() == _LOCALHOST and _LOCALHOST not in known else None


@dataclass
class Sources:
    """The hosts of a fleet as sources of connections."""

    hosts: Mapping[str, Source]
    compared: int = 0
    _known: dict[tuple[str, Truth, str, bool], Truth] = field(default_factory=dict)

    @classmethod
    def of(cls, hosts: Mapping[str, Mapping[str, Iterable[Row]]]) -> Sources:
        found = {host: Source.of(host, tables) for host, tables in hosts.items()}
        times = Counter(one for source in found.values() for one in set(source.addresses or ()))
        return cls({host: replace(source, weak=_weak(source, times)) for host, source in found.items()})

    def fit(self, text: str | None, opened: str, holder: str, *, names: Truth) -> Truth:
        """Whether from= (None: without it) of a line on one host lets connections of another in."""
        if text is None:
            return True
        key = (text, names, holder, opened == holder)
        if key not in self._known:
            source = self.hosts[holder]
            self.compared += (text.count(",") + 1) * (len(source.addresses or ()) + len(source.networks) + 4)
            enough = self.compared > MAX_COMPARED
            self._known[key] = None if enough else lets_in(text, source, same_host=key[3], names=names)
        return self._known[key]


def _weak(source: Source, times: Mapping[Address, int]) -> frozenset[Address]:
    return frozenset(one for one in source.addresses or () if one.is_link_local or times[one] > 1)
