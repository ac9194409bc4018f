"""The addresses that a host itself has, as its kernel tells them."""

from __future__ import annotations

from secops.hosts.addresses import Subnet, own_subnets
from secops.hosts.evidence import Evidence, Item, Status
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table

#: A host with more of them is no host as we know one.
MAX_ROWS = 1_000

ADDRESSES = Files(
    "own_addresses",
    ("/proc/net/fib_trie", "/proc/net/if_inet6"),
    rewrite=(
        ("^ *([|]-- [0-9.]+)$", r"\1"),
        ("^ *(/[0-9]+ (host LOCAL|link UNICAST|link BROADCAST))$", r"\1"),
        ("^([0-9a-f]{32} .*)$", r"\1"),
    ),
    image=False,
)


def own_addresses(evidence: Evidence) -> list[Subnet] | None:
    """The addresses of a running host; None when they were not seen. Those of the loopback do not count."""
    items = {item.path: item for item in evidence[ADDRESSES.name].files}
    trie = items.get("/proc/net/fib_trie")
    if evidence.problem(ADDRESSES) or trie is None:
        return None
    return own_subnets(trie.lines, items.get("/proc/net/if_inet6", Item("")).lines)


def build(evidence: Evidence) -> Built:
    built = Built()
    found = own_addresses(evidence)
    if found is None and not evidence.problem(ADDRESSES):
        built.lack(evidence[ADDRESSES.name].reason or "the kernel does not tell its IPv4 addresses", Status.ABSENT)
    built.rows = [_row(subnet) for subnet in sorted(found or (), key=_order)]
    if len(built.rows) > MAX_ROWS:
        built.rows = built.rows[:MAX_ROWS]
        built.lack(f"more than {MAX_ROWS} addresses", Status.TRUNCATED)
    return built


def _order(subnet: Subnet) -> tuple[int, int]:
    return subnet.address.version, int(subnet.address)


def _row(subnet: Subnet) -> Row:
    return {
        "address": str(subnet.address),
        "prefix": None if subnet.mask is None else subnet.mask.bit_count(),
        "interface": subnet.interface,
    }


TABLE = Table(
    name="host_addresses",
    doc="Addresses of the running host, those of its loopback interface left out. Who connects through a device that "
    "translates addresses is seen elsewhere with another.",
    columns=(
        Column("address", "text", "IPv4 or IPv6 address"),
        Column("prefix", "integer", "length of its network; NULL when the kernel has none for it", "bits"),
        Column("interface", "text", "name of the interface; NULL for IPv4: the kernel's table does not tell"),
    ),
    sections=(ADDRESSES,),
    build=build,
)
