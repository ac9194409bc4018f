"""from= as sshd matches it, and what may be said of hosts whose addresses are known, and of those that are not."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secops.privilege.fleet import sources
from secops.privilege.fleet.sources import Source, Sources, lets_in, patterns
from tests.privilege.fleet_kit import At, at, holds, host, made, opens, ways

WEB = Source(
    frozenset({"web", "web.gov.cn"}), [ip_address("10.1.2.3"), ip_address("2001:db8::3")],
    [ip_network("10.1.2.0/24"), ip_network("2001:db8::/64")],
)  # fmt: skip
UNSEEN = Source(frozenset({"web"}))

#: from= → whether WEB is let in; whether a host is of which no address is known. Names do not count.
BY_ADDRESS: dict[str, tuple[bool | None, bool | None]] = {
    "*": (True, True),
    "10.1.2.3": (True, None),
    "10.1.2.0/24": (True, None),
    "10.1.0.0/16": (True, None),
    "10.1.2.?": (True, None),
    "10.1.*": (True, None),
    "2001:DB8::/32": (True, None),
    "2001:db8:0:0::3": (True, None),
    "10.9.9.9,10.1.2.3": (True, None),
    "10.66051": (True, None),  # 10.1.2.3, as the C library reads it too
    # another device's, near: nothing there gives this host's traffic its own address
    "10.1.2.4": (False, None),
    "10.1.2.128/25": (False, None),
    "10.1.2.4,10.1.2.5": (False, None),
    "2001:db8::4": (False, None),
    "127.0.0.1,::1": (False, False),
    "127.*": (False, False),
    # far away: an address may be translated on the way
    "10.9.9.9": (None, None),
    "10.9.*": (None, None),
    "10.1.2.4,10.9.9.9": (None, None),
    "10.1.*4": (None, None),
    # negated
    "!10.1.2.3,*": (True, None),  # by its other address
    "!10.1.2.3,!2001:db8::3,*": (None, None),
    "*,!10.1.2.3": (True, None),
    "!10.9.9.9,*": (True, None),
    "!10.1.2.0/24,10.1.0.0/16": (None, None),
    "!10.1.2.3,10.1.2.0/24": (False, None),
    "!10.1.2.3": (False, False),
    # names are compared with the address only
    "web": (False, False),
    "web.gov.cn,db": (False, False),
    "localhost": (False, False),
    "!web,*": (True, True),
    # sshd takes none of these, and lets nobody in
    "10.1.2.3/8": (False, False),
    "10.1.2.0/33": (False, False),
    "": (False, False),
    "*,": (False, False),
    "!,*": (False, False),
    # no networks, but text
    "10.1.2.0/": (False, False),
    "10.1.2.0/129": (False, False),
    "10.1.2.256": (None, None),
}


@pytest.mark.parametrize("text", BY_ADDRESS)
def test_lists_are_held_against_addresses(text: str) -> None:
    found = [lets_in(text, one, same_host=False, names=False) for one in (WEB, UNSEEN)]
    assert tuple(found) == BY_ADDRESS[text]


BY_NAME = {
    "web": True, "WEB.gov.cn": True, "*.gov.cn": True, "web,!db": None, "db": None, "localhost": False,
    "!web,*": False, "!db,*": None, "10.9.9.9": None, "10.1.2.4": False,
}  # fmt: skip


@pytest.mark.parametrize("text", BY_NAME)
def test_names_count_where_sshd_looks_them_up(text: str) -> None:
    """A host's name in DNS is not known, unless it is called like that."""
    own = BY_NAME[text]
    found = lets_in(text, WEB, same_host=False, names=True)
    assert found is own or (text.startswith("!web") and found is None)
    maybe = lets_in(text, WEB, same_host=False, names=None)
    assert maybe is (None if own is True else maybe)


def test_a_host_comes_to_itself_by_its_loopback_and_its_own_addresses() -> None:
    for text, expected in {
        "127.0.0.1": True, "::1": True, "127.0.0.0/8": True, "127.0.0.7": True, "10.1.2.3": True, "10.9.9.9": False,
        "!127.0.0.1,*": True, "127.0.0.1,10.0.0.1": True,
    }.items():  # fmt: skip
        assert lets_in(text, WEB, same_host=True, names=False) is expected
    assert lets_in("localhost", WEB, same_host=True, names=True) is True
    assert lets_in("localhost", WEB, same_host=True, names=False) is False
    assert lets_in("10.9.9.9", UNSEEN, same_host=True, names=False) is None


def test_an_address_that_other_hosts_have_too_is_none_to_be_sure_of() -> None:
    bridge = {"host_addresses": [at("172.17.0.1", 16), at("fe80::1", 64)]}
    fleet = Sources.of({"a": bridge, "b": bridge, "c": {"host_addresses": [at("172.17.0.2", 16)]}})
    assert fleet.fit("172.17.0.0/16", "x", "a", names=False) is None
    assert fleet.fit("fe80::/10", "x", "a", names=False) is None
    assert fleet.fit("172.17.0.0/16", "x", "c", names=False) is True


def test_a_way_is_there_only_where_some_address_may_be_let_in() -> None:
    """Two hosts hold copies of a key: one of them is let in."""
    holders = {
        name: host(ssh_identities=[holds("root", encrypted=False)], host_addresses=[at(address)])
        for name, address in (("near", "10.0.0.2"), ("other", "10.0.0.3"), ("far", "10.0.9.2"))
    }
    lines = [opens("root", from_text="10.0.0.2"), opens("ops", line=2)]
    graph = made(**holders, db=host(key_trust=lines))
    places = {name: ways(graph, At("root", name), At("root", "db")) for name in holders}
    line = [("key", "/home/root/.ssh/authorized_keys:1")]
    assert places == {"near": line, "other": None, "far": line}
    certain = graph.network()
    reached = {name: certain.has_node(graph.numbers[At("root", name)]) for name in holders}
    assert all(reached.values())
    assert all(ways(graph, At("root", name), At("ops", "db")) is not None for name in holders)


def test_more_than_can_be_compared_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_COMPARED", 29)
    fleet = Sources.of({"a": {"host_addresses": [at("10.0.0.2")]}})
    assert [fleet.fit(f"10.0.0.{n}", "x", "a", names=False) for n in (2, 3, 4, 5, 6)] == [
        True,
        False,
        False,
        False,
        None,
    ]


def test_hostile_patterns_take_no_time() -> None:
    started = time.process_time()
    for text in ("*a" * 120, ",".join(["*?" * 100] * 300), "!" * 255 + "," + "[" * 200):
        lets_in(text, WEB, same_host=False, names=None)
    assert time.process_time() - started < 1


_ENTRY = st.one_of(
    st.sampled_from(["*", "web", "*.cn", "10.*", "::1", "", "10.1.2.3", "10.1.2.0/24", "0/0", "1", "::/0", "1/2/3"]),
    st.text("0123456789abcdef.:/*?!% \u0661", max_size=12),
)


@example([(False, "*"), (True, "web")], False, True)
@given(st.lists(st.tuples(st.booleans(), _ENTRY), max_size=4), st.booleans(), st.sampled_from([True, False, None]))
def test_whatever_stands_in_a_list_more_knowledge_never_contradicts(
    entries: list[tuple[bool, str]], same: bool, names: bool | None
) -> None:
    text = ",".join(("!" if negated else "") + entry for negated, entry in entries)
    known, unseen = (lets_in(text, one, same_host=same, names=names) for one in (WEB, UNSEEN))
    assert patterns(text) is not None or known is unseen is False
    if unseen is False:
        assert known is False or same
    if names is None:
        answers = {lets_in(text, WEB, same_host=same, names=one) for one in (True, False)}
        assert known is None or answers <= {known, None}
