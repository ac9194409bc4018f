"""Agents that are forwarded: root of the host they come to uses their keys, and each thing that closes it does."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.cli._changes import place_of
from secops.cli._paths import show_who
from secops.hosts.tables import Row
from secops.privilege.fleet.choke import ChokePoints
from secops.privilege.fleet.clients import Called, Setting, called, forwarding
from secops.privilege.fleet.fleet import _lacking
from secops.privilege.fleet.graph import AGENT, At, Graph, Key, Step
from secops.privilege.fleet.search import Search
from tests.privilege.fleet_kit import Host, forwards, holds, host, made, opens, ways

WEB, DB, OPS = At("root", "web"), At("root", "db"), At("ops", "bastion")
CONFIG, LINE = "/home/ops/.ssh/config:1", "/home/root/.ssh/authorized_keys:1"
SETTING = Step("bastion", AGENT, "ops", "ops", "/home/ops/.ssh/config", 1)


def fleet(
    client: list[Row] | None = None, *, web: Row | None = None, db: Row | None = None, key: Row | None = None
) -> Graph:
    """ops of bastion has a key that opens ops of web and root of db, and forwards its agent."""
    return made(
        bastion=host(ssh_identities=[key or holds()], ssh_client=[forwards()] if client is None else client),
        web=host(key_trust=[web or opens()]),
        db=host(key_trust=[db or opens("root")]),
    )


def test_root_of_a_host_that_an_agent_comes_to_opens_what_its_keys_open() -> None:
    found = fleet()
    path = Search(found).between(WEB, DB)
    assert path
    assert not path.certain
    assert [(step.host, step.way, step.becomes, step.place) for step in path.steps] == [
        ("bastion", "agent", "ops", CONFIG), ("db", "key", "root", LINE),
    ]  # fmt: skip
    assert [found.said(node) for node in path.nodes] == [
        "root@web", "agents SHA256:a", f"agent ops ({CONFIG})", "SHA256:a", f"key ({LINE})", "root@db",
    ]  # fmt: skip
    assert ways(found, WEB, At("ops", "bastion")) is None, "the agent is used, its account is not opened"


def test_an_account_is_told_of_the_agents_that_come_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = fleet()
    show_who(found, WEB, [*Search(found).of(WEB)], [], "json")
    told = json.loads(capsys.readouterr().out)
    (way,) = told["ways"]
    assert (way["host"], way["way"], way["thing"], way["source"], way["line"]) == (
        "bastion", "agent", "ops", "/home/ops/.ssh/config", 1,
    )  # fmt: skip
    assert [(path["to"], path["certain"]) for path in told["becomes"]] == [("root@db", False)]
    assert place_of(found, SETTING) == (
        f"forwarded agent ops @ bastion: Set ForwardAgent to no ({CONFIG}), and go on from host to host with ProxyJump."
    )
    assert [found.said(one) for one in found.holders(Key("SHA256:a"))] == ["ops@bastion", "root@bastion"]


def test_the_setting_is_what_cuts_it() -> None:
    found = fleet()
    path = Search(found).between(WEB, DB)
    assert path
    assert SETTING in Search(found).cuts(path)
    assert ChokePoints(found, found.network()).pairs == 1, "what is certain: ops becomes root of db"
    points = ChokePoints(found, found.network(possible=True))
    assert points.pairs == 3, "root of bastion may have the passphrase, and root of web the agent"
    assert (SETTING, 1) in [(one.node, one.pairs) for one in points.ranked(9)]


CLOSED: dict[str, Graph] = {
    "no setting": fleet([]),
    "off": fleet([forwards("no")]),
    "off before it is on": fleet([forwards("no"), forwards("yes", line=2)]),
    "of another account": fleet([forwards(user="root")]),
    "for other hosts": fleet([forwards(context="host db*")]),
    "for all but this": fleet([forwards(context="host !web *")]),
    "off for this host": fleet([forwards("no", "host web"), forwards("yes", "host *", line=2)]),
    "in two blocks, of which one is for others": fleet([forwards(context="host web + match host db")]),
    "for others who start it": fleet([forwards(context="match localuser root")]),
    "an alias of another host": fleet([forwards(context="host w1", aliases=["w1 db"])]),
    "sshd or the line refuses agents": fleet(web=opens(agent_forwarding=False)),
    "the key does not log in": fleet(web=opens(opens=False, why="login_refused")),
    "the key is not its account's": fleet(key=holds("root")),
    "from= keeps the client out": fleet(web=opens(from_text="127.0.0.1")),
    "what it opens is closed": fleet(db=opens("root", opens=False, why="not_read")),
    "another key": fleet(db=opens("root", "SHA256:b")),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_each_thing_that_closes_it(name: str) -> None:
    assert ways(CLOSED[name], WEB, DB) is None


OPEN: dict[str, tuple[Graph, list[str]]] = {
    "a socket": (fleet([forwards("/run/agent")]), [CONFIG]),
    "of the system": (fleet([forwards(user=None)]), ["/etc/ssh/ssh_config:1"]),
    "behind one that is off for others": (
        fleet([forwards("no", "host db"), forwards("yes", "host *", line=2)]),
        ["/home/ops/.ssh/config:2"],
    ),
    "in a domain that is not known": (fleet([forwards(context="host *.gov.cn")]), [CONFIG]),
    "an alias": (fleet([forwards(context="host w1", aliases=["w1 web.gov.cn"])]), [CONFIG]),
    "as another account there": (fleet([forwards(context="match host web user ops")]), [CONFIG]),
    "what a command says": (fleet([forwards("no", "match exec ?"), forwards(line=2)]), ["/home/ops/.ssh/config:2"]),
    "by an address that is not known": (fleet([forwards(context="host 10.0.*")]), [CONFIG]),
    "not known whether sshd lets it": (fleet(web=opens(agent_forwarding=None)), [CONFIG]),
    "not known whether the key logs in": (fleet(web=opens(opens=None, why="revoked_keys")), [CONFIG]),
    "with a forced command": (fleet(web=opens(opens=False, why="forced_command")), [CONFIG]),
    "a key without a passphrase": (fleet(key=holds(encrypted=False)), [CONFIG]),
}


@pytest.mark.parametrize("name", OPEN)
def test_near_those_that_it_is_open_by(name: str) -> None:
    found, settings = OPEN[name]
    assert ways(found, WEB, DB) == [*(("agent", place) for place in settings), ("key", LINE)]


def test_an_agent_that_opens_nothing_more_is_none() -> None:
    """Its keys open accounts of the one host that it comes to, whose root becomes them anyway."""
    alone = made(
        bastion=host(ssh_identities=[holds()], ssh_client=[forwards()]), web=host(key_trust=[opens(), opens("root")])
    )
    assert [node for node in alone.nodes if isinstance(node, Step) and node.way == AGENT] == []
    two = [holds(), holds(fingerprint="SHA256:b")]
    more = made(
        bastion=host(ssh_identities=two, ssh_client=[forwards()]),
        web=host(key_trust=[opens()]), db=host(key_trust=[opens("root", "SHA256:b")]),
    )  # fmt: skip
    assert ways(more, WEB, DB) == [("agent", CONFIG), ("key", LINE)], "by another key of the same agent"
    assert ways(more, DB, At("ops", "web")) is not None


def test_from_is_asked_for_the_host_where_the_agent_is_used() -> None:
    near = {"host_addresses": [{"address": "10.0.0.2", "prefix": 24}]}
    for patterns, found in (("10.0.0.2", True), ("10.0.0.9", False), ("10.0.0.9,10.1.0.0/16", True)):
        made_ = made(
            bastion=host(ssh_identities=[holds()], ssh_client=[forwards()]),
            web=host(key_trust=[opens()], **near), db=host(key_trust=[opens("root", from_text=patterns)]),
        )  # fmt: skip
        assert (ways(made_, WEB, DB) is not None) is found


def test_what_the_host_of_the_agent_lacks_may_hide_paths_of_where_it_comes_to() -> None:
    from secops.hosts.evidence import Problem, Status

    lack = {"bastion": [], "web": [], "db": [Problem(Status.DENIED, "denied")]}
    assert {name for name, found in _lacking(fleet(), lack).items() if found} == {"bastion", "web", "db"}
    assert {name for name, found in _lacking(CLOSED["off"], lack).items() if found} == {"bastion", "db"}


def test_a_key_of_all_hosts_with_agents_everywhere_stays_linear() -> None:
    """Every host has a key that opens root of all, and forwards its agent: a thousand by a thousand."""
    hosts: dict[str, Host] = {
        f"h{number}": host(
            ssh_identities=[holds("root"), holds("root", f"SHA256:{number}")],
            ssh_client=[forwards(user=None)],
            key_trust=[opens("root"), opens("root", f"SHA256:{number + 1}")],
        )
        for number in range(1000)
    }
    started = time.process_time()
    found = made(**hosts)
    assert time.process_time() - started < 3
    assert len(found.edges) < 12_000
    assert ways(found, At("root", "h0"), At("root", "h999")) == [("key", LINE)]


def settings(*rows: Row) -> list[Setting]:
    return [Setting.of(row) for row in rows]


NAMES = {
    "web": True, "WEB": True, "web.gov.cn": True, "w?b": True, "*": True, "*.gov.cn": True, "db": False, "web2": False,
    "10.0.0.2": True, "10.0.0.*": True, "10.0.0.3": False, "we[b]": False, "": False,
}  # fmt: skip


@pytest.mark.parametrize("pattern", NAMES)
def test_what_a_host_is_called(pattern: str) -> None:
    target = called("web", {"hosts": [{"name": "web.gov.cn"}], "host_addresses": [{"address": "10.0.0.2"}]})
    assert bool(forwarding(settings(forwards(context=f"host {pattern}")), "ops", target)) == NAMES[pattern]


_WORDS = st.lists(st.sampled_from(["host", "match", "web", "!web", "*", "user", "x", "+", "10.*", "=", "a=b", "all"]))


@given(st.lists(st.builds(lambda words, on: forwards(on, " ".join(words)), _WORDS, st.sampled_from(["yes", "no"]))))
def test_whatever_a_configuration_says_places_are_of_settings_that_are_on(rows: list[Row]) -> None:
    found = forwarding(settings(*rows), "ops", [Called("web", bare=True), Called(None, is_address=True)])
    assert found == sorted(set(found))
    assert all(rows[place]["forward_agent"] == "yes" for place in found)


_HOSTS = st.lists(
    st.builds(
        lambda keys, lines, on: host(
            ssh_identities=[holds(user, key) for user, key in keys],
            key_trust=[opens(user, key, agent_forwarding=agent, line=n) for n, (user, key, agent) in enumerate(lines)],
            ssh_client=[forwards(on, user=None)],
        ),
        st.lists(st.tuples(st.sampled_from(["root", "ops"]), st.sampled_from("ab")), max_size=2),
        st.lists(st.tuples(st.sampled_from(["root", "ops"]), st.sampled_from("ab"), st.booleans()), max_size=3),
        st.sampled_from(["yes", "no"]),
    ),
    min_size=3, max_size=3,
)  # fmt: skip


@given(_HOSTS)
def test_agents_reach_what_a_search_by_hand_says(hosts: list[Host]) -> None:
    """Against the definition: pairs of an agent and a host that one of its keys logs in to with it."""
    named = {f"h{number}": tables for number, tables in enumerate(hosts)}
    graph = made(**named)
    network = graph.network(possible=True)
    for start, client in named.items():
        for user in ("root", "ops") if client["ssh_client"][0]["forward_agent"] == "yes" else ():
            keys = {row["fingerprint"] for row in client["ssh_identities"] if row["owner"] == user}
            for come, tables in named.items():
                if come == start or not any(
                    r["agent_forwarding"] and r["fingerprint"] in keys for r in tables["key_trust"]
                ):
                    continue
                for end, others in named.items():
                    for row in others["key_trust"] if end != come else ():
                        if row["fingerprint"] in keys:
                            assert _leads(network, graph, At("root", come), At(row["user_name"], end))
    for one, other in graph.edges:
        node, following = graph.nodes[one], graph.nodes[other]
        if isinstance(following, Step) and following.way == AGENT:
            assert not graph.edges[one, other]
            assert named[following.host]["ssh_client"][0]["forward_agent"] == "yes"
            assert node


def _leads(network: object, graph: Graph, start: At, end: At) -> bool:
    import networkx as nx

    return bool(nx.has_path(network, graph.numbers[start], graph.numbers[end]))


def test_paths_hold_together() -> None:
    found = fleet()
    path = Search(found).between(WEB, DB)
    assert path
    network = found.network(possible=True)
    assert all(network.has_edge(found.numbers[one], found.numbers[other]) for one, other in pairwise(path.nodes))
