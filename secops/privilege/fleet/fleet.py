"""Tables over all hosts of a run: which key opens what, and who can become root where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import msgspec

from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import Facts, Table
from secops.hosts.tables.key_trust import TABLE as KEY_TRUST
from secops.hosts.tables.role_gaps import TABLE as ROLE_GAPS
from secops.hosts.tables.root_paths import TABLE as ROOT_PATHS
from secops.privilege.fleet.building import NEEDED, build, trimmed
from secops.privilege.fleet.graph import AGENT, Agents, At, Graph, Key, Node, Step
from secops.privilege.fleet.keys import HELD_BY, OPENED_BY, SEEN_FROM, by_host, certified, doubts, nameless, trust
from secops.privilege.fleet.paths import root_paths
from secops.privilege.fleet.reach import leading_to
from secops.privilege.roles import grading, unmatched
from secops.privilege.roles.holdings import Holdings, holdings

if TYPE_CHECKING:
    from secops.privilege.fleet.building import Rows
    from secops.privilege.roles.posts import Roles

_LATE = ("key_trust",)

#: Reasons of one host that its paths are told with.
_MOST_REASONS = 20

#: Tables whose rows are kept of each host until all have answered.
_KEPT = tuple(dict.fromkeys([*OPENED_BY, *HELD_BY, *SEEN_FROM, *(name for name in NEEDED if name not in _LATE)]))


class Position(msgspec.Struct, frozen=True):
    """What the tables over the fleet need of one host: rows, packed, and why tables or parts of them are not whole.

    `holdings` is what accounts hold; None when it cannot be worked out.
    """

    packed: bytes
    lacks: Mapping[str, Sequence[Problem]]
    holdings: Holdings | None = None

    @classmethod
    def of(cls, tables: Mapping[str, Facts], held: Holdings | None = None) -> Position:
        rows = {name: tables[name].rows for name in _KEPT}
        lacks = {
            name: [problem for part in tables[name].problems.values() for problem in part]
            if name in ("root_ways", "account_ways")
            else tables[name].problems[""]
            for name in _KEPT
        }
        lacks["ssh_identities"] = [*lacks["ssh_identities"], *nameless(rows["ssh_identities"])]
        return cls(msgspec.msgpack.encode(rows), lacks, held)

    @property
    def logins(self) -> frozenset[str] | None:
        """The accounts of the host; None when they are not all known."""
        held = self.holdings
        return frozenset(held.accounts) if held and not held.lacks[""] else None


class _Unpacked(Mapping[str, "Rows"]):
    """Rows of hosts, unpacked one host at a time: those of thousands would fill the memory."""

    def __init__(self, positions: Mapping[str, Position]) -> None:
        self._positions = positions

    def __getitem__(self, host: str) -> Rows:
        found: Rows = msgspec.msgpack.decode(self._positions[host].packed)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Fleet:
    """Works out the tables over all hosts. Never raises: one that breaks is not whole on any host.

    `roles` is what roles.yml declares; without it nothing can be said of gaps but which rights are not used.
    """

    roles: Roles | None = None
    today: date = field(default_factory=_today)

    def position(self, tables: Mapping[str, Facts]) -> Position:
        """What is kept of a host until all have answered. What accounts hold may break: it is then not known."""
        held = None
        with suppress(Exception):
            held = holdings(tables, self.today)
        return Position.of(tables, held)

    def tables(self, positions: Mapping[str, Position]) -> dict[str, dict[str, Facts]]:
        """The tables of each host, by name."""
        rows = _Unpacked(positions)
        trusted = _guarded(KEY_TRUST, positions, lambda: _key_trust(rows, positions, self.today))
        paths = _guarded(ROOT_PATHS, positions, lambda: _root_paths(rows, positions, trusted))
        gaps = _guarded(ROLE_GAPS, positions, lambda: self._gaps(positions))
        return {
            host: {KEY_TRUST.name: trusted[host], ROOT_PATHS.name: paths[host], ROLE_GAPS.name: gaps[host]}
            for host in positions
        }

    def notes(self, hosts: Mapping[str, Collection[str] | None]) -> list[str]:
        """What roles.yml names and the run does not have: hosts, and `logins` of those that answered."""
        return unmatched.notes(self.roles, hosts) if self.roles else []

    def _gaps(self, positions: Mapping[str, Position]) -> dict[str, Facts]:
        held = {host: position.holdings for host, position in positions.items() if position.holdings}
        found = grading.gaps(self.roles, held, self.today) if self.roles else grading.undeclared(held, self.today)
        return dict.fromkeys(positions, _lacking_all(ROLE_GAPS, "cannot be worked out (holdings)")) | found


def _guarded(table: Table, hosts: Mapping[str, Position], work: Callable[[], dict[str, Facts]]) -> dict[str, Facts]:
    try:
        return work()
    except Exception as error:  # the other tables are sound
        return dict.fromkeys(hosts, _lacking_all(table, f"cannot be worked out ({type(error).__name__})"))


def _lacking_all(table: Table, reason: str) -> Facts:
    lack = [Problem(Status.FAILED, reason)]
    return Facts([], dict.fromkeys(("", *table.parts), lack))


def _key_trust(rows: _Unpacked, positions: Mapping[str, Position], today: date) -> dict[str, Facts]:
    """Of a line all is known that hangs on its host; who holds its key hangs on every host."""
    elsewhere = [
        Problem(problem.status, f"{host}: {problem.reason}")
        for host, position in positions.items()
        for name in HELD_BY
        for problem in position.lacks[name][:1]
    ]
    found = {}
    for host, lines in trust(rows, today).items():
        own = [*(problem for name in OPENED_BY for problem in positions[host].lacks[name]), *doubts(lines)]
        others = [*certified(lines), *by_host(rows[host]["sshd_effective"])]
        found[host] = Facts(lines, {"": own, "holders": [*own, *others, *elsewhere[:1]]})
    return found


def _root_paths(rows: _Unpacked, positions: Mapping[str, Position], trusted: Mapping[str, Facts]) -> dict[str, Facts]:
    hosts = {host: trimmed({**rows[host], KEY_TRUST.name: trusted[host].rows}) for host in rows}
    graph = build(hosts)
    own = {host: _own_lack(positions[host], trusted[host]) for host in positions}
    lacks = _lacking(graph, {host: [*own[host], *more] for host, more in _unseen_logins(rows, trusted).items()})
    return {host: Facts(found, {"": lacks[host]}) for host, found in root_paths(graph).items()}


def _unseen_logins(rows: _Unpacked, trusted: Mapping[str, Facts]) -> dict[str, list[Problem]]:
    """For each host why its accounts may log in elsewhere: with a private key there may be a certificate, and where
    hosts are trusted to say who somebody is, any of them may be.
    """
    settings = {host: by_host(rows[host]["sshd_effective"]) for host in rows}
    by_hosts = _of_hosts(settings)
    certificates = _of_hosts({host: certified(facts.rows) for host, facts in trusted.items()})
    keyed = {host for host in rows if certificates and rows[host]["ssh_identities"]}
    return {host: [*by_hosts, *(certificates if host in keyed else ())][:1] for host in trusted}


def _of_hosts(problems: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    return [Problem(one.status, f"{host}: {one.reason}") for host, own in problems.items() for one in own]


def _own_lack(position: Position, trusted: Facts) -> list[Problem]:
    """Why ways of a host, or to it, may be missing."""
    return [
        *(problem for name in ("root_ways", "account_ways") for problem in position.lacks[name]),
        *trusted.problems["holders"],
    ]


def _lacking(graph: Graph, own: Mapping[str, Sequence[Problem]]) -> dict[str, list[Problem]]:
    """Why paths of a host's accounts may be missing: of itself, and of the hosts that its accounts may lead to."""
    found = {host: list(dict.fromkeys(problems))[:_MOST_REASONS] for host, problems in own.items()}
    before = _before(graph)
    for host, problems in own.items():
        if problems:
            for other in found.keys() & leading_to(before, [host]) - {host}:
                found[other] = found[other] or [Problem(problems[0].status, f"{host}: {problems[0].reason}")]
    return found


def _before(graph: Graph) -> dict[str | int, set[str | int]]:
    """For each host, key and agent (their numbers) the hosts, keys and agents that may lead there from others."""
    before: dict[str | int, set[str | int]] = {host: set() for host in graph.roots}
    for one, other in graph.edges:
        node, following = graph.nodes[one], graph.nodes[other]
        if isinstance(following, Key | Agents) or _is_agent(following):
            before.setdefault(other, set()).add(node.host if isinstance(node, At) else one)
        elif isinstance(node, Key) and isinstance(following, Step):
            before[following.host].add(one)
    return before


def _is_agent(node: Node) -> bool:
    return isinstance(node, Step) and node.way == AGENT
