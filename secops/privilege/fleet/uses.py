"""Private keys in the graph: from which hosts each is used, and what it opens from there.

Where every line of a key takes all hosts, it is one node. Else it is one for all hosts that are let in alike, so that
a path goes no way that from= closes to its host.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from secops.hosts.sudoers_answer import any_of
from secops.hosts.tables import Row
from secops.privilege.fleet.graph import KEY, At, Detail, Graph, Key, Step
from secops.privilege.fleet.sources import Sources, Truth

#: Lists of from= of one key, and kinds of hosts that they tell apart; what there is more is not known.
MAX_LISTS, MAX_KINDS = 256, 64

_BY_KEY = Detail("shell", "the private key logs in there by SSH", "持有该私钥即可通过 SSH 登录")

#: Why a line gives no session of one's own choice, but a login that the agent comes with.
_LOGGED_IN = ("forced_command", "sshd_command")

#: In lists that are about the host itself it is judged by itself.
_LOCAL = ("127.", "::1", "localhost")


class From(NamedTuple):
    """A list of from=, whether names count in it, and the host of the line where that matters."""

    text: str
    names: Truth
    host: str


class Line(NamedTuple):
    """A line of authorized_keys: its way, whether it gives a session (None: not known), and brings an agent along."""

    step: Step
    opens: Truth
    agent: bool
    place: int | None  # of its list in those of the key


class Hosts(NamedTuple):
    """Hosts of the lines of a key, of each kind two at most: on which it opens an account, that an agent comes to."""

    gained: Collection[str]
    come_to: Collection[str]


@dataclass
class Opened:
    """What one key opens, and its nodes by the lists that let their hosts in."""

    lines: list[Line] = field(default_factory=list)
    lists: dict[From, int] = field(default_factory=dict)
    alone: dict[int, str] = field(default_factory=dict)  # the host of a list that no other has; else empty
    kinds: dict[tuple[Truth, ...], Key] = field(default_factory=dict)

    def add(self, host: str, row: Row) -> None:
        step = Step(host, KEY, row["fingerprint"], row["user_name"], row["path"], row["line"])
        agent = row["agent_forwarding"] is not False and (row["opens"] is not False or row["why"] in _LOGGED_IN)
        place, text = None, row["from_text"]
        if text is not None:
            wanted = From(text, row["from_names"], host if any(mark in text for mark in _LOCAL) else "")
            place = self.lists.setdefault(wanted, min(len(self.lists), MAX_LISTS))
            self.alone[place] = host if self.alone.get(place, host) == host else ""
        self.lines.append(Line(step, row["opens"], agent, place))

    @cached_property
    def hosts(self) -> Hosts:
        """Asked for when all lines are there."""
        gained = dict.fromkeys(line.step.host for line in self.lines if line.opens is not False)
        come_to = dict.fromkeys(line.step.host for line in self.lines if line.agent)
        return Hosts(*(tuple(islice(hosts, 2)) for hosts in (gained, come_to)))


@dataclass
class Uses:
    """The keys of a fleet, as their holders and agents use them."""

    sources: Sources
    opened: dict[str, Opened] = field(default_factory=dict)

    @classmethod
    def of(cls, hosts: Mapping[str, Mapping[str, Sequence[Row]]]) -> Uses:
        """From the rows of `key_trust`, `hosts` and `host_addresses`."""
        found = cls(Sources.of(hosts))
        for host, tables in hosts.items():
            told = set()
            for row in tables["key_trust"]:
                place = (row["user_name"], row["path"], row["line"])  # a line is told for each holder
                if row["fingerprint"] and row["user_name"] and place not in told:
                    told.add(place)
                    found.opened.setdefault(row["fingerprint"], Opened()).add(host, row)
        return found

    def key(self, fingerprint: str, *hosts: str) -> Key:
        """The key as it is used from any of the hosts, to open others; from none: from one that is not known."""
        opened = self.opened.get(fingerprint)
        if opened is None:
            return Key(fingerprint)
        kind = self._kind(opened, hosts) if opened.lists else ()
        if kind not in opened.kinds:
            if len(opened.kinds) >= MAX_KINDS:
                kind = (None,) * len(kind)
            name = "" if all(kind) else next(iter(hosts), "*")
            opened.kinds.setdefault(kind, Key(fingerprint, name))
        return opened.kinds[kind]

    def _kind(self, opened: Opened, hosts: tuple[str, ...]) -> tuple[Truth, ...]:
        kind = list[Truth]()
        for wanted, place in opened.lists.items():
            if place < MAX_LISTS:
                users = [host for host in hosts if len(hosts) == 1 or host != opened.alone[place]]
                kind.append(any_of(self._fits(wanted, host) for host in users) if hosts else None)
        return tuple(kind) + (None,) * (len(opened.lists) > MAX_LISTS)

    def _fits(self, wanted: From, host: str) -> Truth:
        return self.sources.fit(wanted.text, wanted.host, host, names=wanted.names)

    def lines(self, key: Key) -> Iterator[tuple[Line, Truth]]:
        """The lines of a key, and whether from= lets its hosts in: not those that keep all of them out."""
        opened = self.opened.get(key.fingerprint, Opened())
        kind = next((kind for kind, node in opened.kinds.items() if node == key), ())
        for line in opened.lines:
            fits = True if line.place is None else kind[line.place]
            if fits is not False:
                yield line, fits

    def link(self, graph: Graph) -> None:
        """Add what the keys open from where they are used."""
        for opened in self.opened.values():
            for key in opened.kinds.values():
                for line, fits in self.lines(key):
                    if line.opens is not False:
                        graph.details[line.step] = _BY_KEY
                        graph.link(key, line.step, certain=bool(line.opens and fits))
                        graph.link(line.step, At(line.step.becomes, line.step.host))
