"""Agents that ssh's clients forward: root of the host that somebody is logged in to uses them, and every key in them.

Agents that come with sessions by one key, and are forwarded by settings that are alike, are taken together: the graph
stays linear in lines and holders, though every host of a fleet may have a key that opens all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from secops.hosts.tables import Row
from secops.privilege.fleet.clients import Called, Client, Setting, called, forwarding
from secops.privilege.fleet.graph import AGENT, Agents, At, Detail, Graph, Key, Step
from secops.privilege.fleet.uses import Uses

#: Kinds of settings told apart with one key; hosts that an agent is told to be used from; names compared in all. What
#: is more counts as settings that may be for any host, and as use from a host that is not known.
MAX_SETTINGS, MAX_HOSTS, MAX_COMPARED = 64, 64, 5_000_000

_BY_AGENT = Detail(
    "account",
    "as long as the account is logged in there, root uses the agent that its client forwards",
    "该账户登录期间，root 可使用其客户端转发的代理",
)
_ANY = -1


class _Agent(NamedTuple):
    """An account's agent: its settings, and the fingerprints of its keys."""

    at: At
    settings: tuple[Setting, ...]
    keys: tuple[str, ...]


@dataclass
class Forwarded:
    """The agents of a fleet, by the key of the session that they come with and the kind of their settings."""

    uses: Uses
    targets: Mapping[str, Sequence[Called]]
    kinds: dict[object, int] = field(default_factory=dict)
    groups: dict[Key, dict[int, list[_Agent]]] = field(default_factory=dict)
    compared: int = 0
    _known: dict[tuple[int, str], list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, hosts: Mapping[str, Mapping[str, Sequence[Row]]], uses: Uses) -> Forwarded:
        """From the rows of `ssh_client`, `ssh_identities`, `hosts` and `host_addresses`."""
        found = cls(uses, {host: called(host, tables) for host, tables in hosts.items()})
        for host, tables in hosts.items():
            for agent in _agents(host, tables):
                if found.opens_more(agent.keys):
                    found.add(agent)
        return found

    def opens_more(self, keys: Iterable[str]) -> bool:
        """Whether the agent comes to a host, and its keys open another: else who is root there gains nothing."""
        known = [opened for key in keys if (opened := self.uses.opened.get(key))]
        gained = {host for opened in known for host in opened.hosts.gained}
        return any(gained - {host} for opened in known for host in opened.hosts.come_to)

    def add(self, agent: _Agent) -> None:
        alike = tuple(setting[:3] for setting in agent.settings)
        by_user = any("localuser" in setting.context.lower() for setting in agent.settings)
        kind = self.kinds.setdefault((alike, agent.at.user if by_user else None), len(self.kinds))
        for fingerprint in agent.keys:
            opened = self.uses.opened.get(fingerprint)
            if opened and opened.hosts.come_to:
                groups = self.groups.setdefault(self.uses.key(fingerprint, agent.at.host), {})
                own = kind if kind in groups or len(groups) < MAX_SETTINGS else _ANY
                groups.setdefault(own, []).append(agent)

    def link(self, graph: Graph) -> None:
        """Add the agents. Their edges are not certain: they ask for somebody who is logged in."""
        used_from: dict[Step, tuple[_Agent, dict[str, None]]] = {}
        for key, groups in self.groups.items():
            for kind, agents in groups.items():
                for place, hosts in self._hosts(key, kind, agents).items():
                    node = Agents(key, kind, place)
                    for host in hosts:
                        graph.link(graph.root(host), node, certain=False)
                    for agent, step in _steps(agents, place):
                        graph.details[step] = _BY_AGENT
                        graph.link(node, step, certain=False)
                        _, known = used_from.setdefault(step, (agent, {}))
                        known.update(dict.fromkeys(islice(hosts, MAX_HOSTS + 1)))
        for step, (agent, known) in used_from.items():
            for fingerprint in agent.keys:
                graph.link(step, self.uses.key(fingerprint, *(known if len(known) <= MAX_HOSTS else ())), certain=False)

    def _hosts(self, key: Key, kind: int, agents: Sequence[_Agent]) -> dict[int, dict[str, None]]:
        """By place in the settings: the hosts that sessions by the key come to with an agent."""
        found: dict[int, dict[str, None]] = {}
        own = {agent.at.host for agent in agents}
        for line, _ in self.uses.lines(key):
            host = line.step.host
            if line.agent and own != {host}:
                for place in [_ANY] if kind == _ANY else self._places(kind, agents[0], host):
                    found.setdefault(place, {})[host] = None
        return found

    def _places(self, kind: int, agent: _Agent, host: str) -> list[int]:
        if (kind, host) not in self._known:
            target = self.targets[host]
            words = sum(setting.context.count(" ") + 1 for setting in agent.settings)
            self.compared += words * len(target)
            if self.compared > MAX_COMPARED:
                self._known[kind, host] = [place for place, setting in enumerate(agent.settings) if setting.on]
            else:
                self._known[kind, host] = forwarding(agent.settings, agent.at.user, target)
        return self._known[kind, host]


def _agents(host: str, tables: Mapping[str, Sequence[Row]]) -> Iterator[_Agent]:
    """The agents that clients of a host may forward: of accounts with keys of their own."""
    client, keys = Client.of(tables["ssh_client"]), dict[str, dict[str, None]]()
    for row in tables["ssh_identities"] if client.rows else ():
        if row["fingerprint"] and row["owner"]:
            keys.setdefault(row["owner"], {})[row["fingerprint"]] = None
    for user, own in keys.items():
        settings = client.settings(user)
        if any(setting.on for setting in settings):
            yield _Agent(At(user, host), settings, tuple(own))


def _steps(agents: Iterable[_Agent], place: int) -> Iterator[tuple[_Agent, Step]]:
    """The settings of agents, at a place of theirs."""
    for agent in agents:
        user, host = agent.at
        settings = [agent.settings[place]] if place != _ANY else [one for one in agent.settings if one.on]
        for setting in settings:
            yield agent, Step(host, AGENT, user, user, setting.source, setting.line)
