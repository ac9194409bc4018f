"""What sudo knows of the host itself: its names, its addresses, its netgroups. Entries are compared with them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from secops.hosts.addresses import Address, Subnet, address_of
from secops.hosts.sudoers_answer import Answer, any_of
from secops.hosts.sudoers_grammar import Member
from secops.hosts.sudoers_patterns import CASEFOLD, fold, is_wild, matches_wildcard

_TRIPLE = re.compile(r"\(([^(),]*),([^(),]*),([^(),]*)\)|([^\s()]+)")

#: Netgroups looked through for one name, nested ones among them.
_MOST_GROUPS = 1_000


class Triple(NamedTuple):
    """A member of a netgroup; an empty field stands for any."""

    host: str
    user: str
    domain: str


@dataclass(frozen=True)
class Netgroups:
    """Netgroups of a file: members, and names of further ones. Where `whole`, there are no others.

    `domain` is the host's NIS domain, empty when it has none (then any will do), None when that is not known.
    """

    members: Mapping[str, tuple[Triple | str, ...]] = field(default_factory=dict)
    whole: bool = False
    domain: str | None = None

    def hold(self, name: str, hosts: Collection[str] | None, user: str | None) -> Answer:
        """Whether one of the hosts (None = any) and the user (None = any) are in it."""
        waiting, seen = [name], set[str]()
        answers: set[Answer] = {False if self.whole else None}
        while waiting:
            group = waiting.pop()
            if group in seen:
                continue
            if len(seen) == _MOST_GROUPS:
                return True if True in answers else None
            seen.add(group)
            for member in self.members.get(group, ()):
                if isinstance(member, str):
                    waiting.append(member)
                else:
                    answers.add(self._takes(member, hosts, user))
        return any_of(answers)

    def _takes(self, triple: Triple, hosts: Collection[str] | None, user: str | None) -> Answer:
        if hosts is not None and triple.host and fold(triple.host) not in {fold(host) for host in hosts}:
            return False
        if user is not None and triple.user and triple.user != user:
            return False
        if not triple.domain or self.domain == "":
            return True
        return None if self.domain is None else fold(triple.domain) == fold(self.domain)


@dataclass(frozen=True)
class Host:
    """One host as sudo sees it, as far as that is known.

    `short` is its name up to the first dot, `full` all of it (None: only the resolver knows). `subnets` are its own
    addresses (None: not known). `use_netgroups` and `by_user` (netgroup_tuple: host and user must be in one triple) are
    options of the policy.
    """

    short: str | None = None
    full: str | None = None
    subnets: Sequence[Subnet] | None = None
    netgroups: Netgroups = field(default_factory=Netgroups)
    use_netgroups: bool = True
    by_user: bool = False

    @classmethod
    def named(cls, name: str | None, *, whole: bool = False) -> Host:
        """A host of which no more is known than its name; `whole` when that is all of it."""
        known = bool(name) and (whole or "." in (name or ""))
        return cls(name.partition(".")[0] if name else None, name if known else None)

    @property
    def names(self) -> list[str] | None:
        return [self.full, self.short] if self.full and self.short else None

    def in_netgroup(self, entry: str, user: str | None = None) -> Answer:
        """Whether the host, with the user where that counts, is in a netgroup (`+name`)."""
        if not self.use_netgroups:
            return False
        if self.names is None or (self.by_user and user is None):
            return None
        return self.netgroups.hold(entry[1:], self.names, user if self.by_user else None)

    def holds_user(self, entry: str, user: str) -> Answer:
        """Whether the user, on this host where that counts, is in a netgroup (`+name`)."""
        if not self.use_netgroups:
            return False
        if self.by_user and self.names is None:
            return None
        return self.netgroups.hold(entry[1:], self.names if self.by_user else None, user)


def is_host(member: Member, host: Host, user: str | None = None) -> Answer:
    """Whether an entry of a list of hosts stands for this one, with the user where that counts.

    An entry with a dot is compared with its whole name.
    """
    match member.kind:
        case "all":
            return True
        case "netgroup":
            return host.in_netgroup(member.text, user)
        case "network":
            return _is_near(member.text, host.subnets)
    if host.short is None or len(member.text) > 255:
        return None
    if "." not in member.text:
        return _is_name(member.text, host.short)
    if host.full is not None:
        return _is_name(member.text, host.full)
    return None if _is_name(member.text.partition(".")[0], host.short) is not False else False


def _is_name(pattern: str, name: str) -> Answer:
    return matches_wildcard(pattern, name, CASEFOLD) if is_wild(pattern) else fold(pattern) == fold(name)


def _is_near(entry: str, subnets: Sequence[Subnet] | None) -> Answer:
    """Whether an address or a network of the policy is one of the host's."""
    if subnets is None:
        return None
    text, slash, masked = entry.partition("/")
    address = address_of(text)
    if address is None:
        return False
    mask = _mask(masked, address) if slash else None
    if slash and mask is None:
        return False
    start = int(address)
    if mask is not None and (address.version == 4 or ":" not in masked):  # else sudo takes the address as it is
        start &= mask
    same = (subnet for subnet in subnets if subnet.address.version == address.version)
    return any_of(_is_in(subnet, start, mask) for subnet in same)


def _is_in(subnet: Subnet, start: int, mask: int | None) -> Answer:
    own = int(subnet.address)
    if mask is not None:
        hit: Answer = own & mask == start
    elif own == start:
        hit = True
    elif subnet.mask is None:
        hit = None if any(own >> bits << bits == start for bits in range(32)) else False
    else:
        hit = own & subnet.mask == start
    return hit if subnet.sure or hit is False else None


def _mask(text: str, address: Address) -> int | None:
    """A mask as written: its length, or all of it; None when sudo does not take it."""
    bits = address.max_prefixlen
    if text.isascii() and text.isdecimal() and len(text) < 4:
        return ((1 << int(text)) - 1) << (bits - int(text)) if 1 <= int(text) <= bits else None
    written = address_of(text)
    return int(written) if written and written.version == address.version else None


def netgroups(lines: Sequence[str], *, whole: bool, domain: str | None) -> Netgroups:
    """Netgroups of /etc/netgroup. Of a name that stands twice the first counts."""
    members: dict[str, tuple[Triple | str, ...]] = {}
    for line in _joined(lines):
        name, _, rest = line.partition(" ")
        if name and not name.startswith("#"):
            found = (_member(match) for match in _TRIPLE.finditer(rest))
            members.setdefault(name, tuple(found))
    return Netgroups(members, whole, domain)


def _member(match: re.Match[str]) -> Triple | str:
    return match[4] or Triple(match[1].strip(), match[2].strip(), match[3].strip())


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Lines with their continuations, blanks as single spaces."""
    parts: list[str] = []
    for line in lines:
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield " ".join("".join(parts).split())
            parts = []
    yield " ".join("".join(parts).split())


def canonical(name: str, lines: Iterable[str]) -> str | None:
    """The first name of the line of /etc/hosts that has the name; None when none has it."""
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if names and address_of(address) and fold(name) in map(fold, names):
            return names[0]
    return None
