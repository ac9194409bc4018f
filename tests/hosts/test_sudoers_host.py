"""What sudo knows of the host: names, addresses, netgroups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.addresses import own_subnets
from secops.hosts.sudoers_grammar import Member
from secops.hosts.sudoers_host import Host, canonical, is_host, netgroups

TRIE = """Main:
  +-- 0.0.0.0/1 2 0 2
     +-- 10.0.0.0/9 2 0 2
           +-- 10.1.2.0/30 2 0 2
              |-- 10.1.2.0
                 /24 link UNICAST
              |-- 10.1.2.3
                 /32 host LOCAL
           |-- 10.1.2.255
              /32 link BROADCAST
        |-- 10.99.0.1
           /32 host LOCAL
        |-- 10.7.0.0
           /16 link UNICAST
        |-- 10.7.0.9
           /32 host LOCAL
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
""".splitlines()
INET6 = [
    "fd000001000000000000000000000003 03 40 00 82       d0",
    "00000000000000000000000000000001 01 80 10 80       lo",
]


@pytest.mark.parametrize(
    ("entry", "near"),
    [
        ("10.1.2.3", True), ("10.1.2.4", False), ("10.1.2.0", True), ("10.1.0.0/16", True), ("10.1.3.0/24", False),
        ("10.1.2.0/255.255.255.0", True), ("10.1.2.3/0", False), ("10.1.2.9/24", True),
        ("10.99.0.1", None), ("10.99.0.0/16", None), ("10.98.0.0/16", False),  # perhaps the loopback's
        ("10.7.0.9", None), ("10.7.0.0", None),  # a route that need not be its network
        ("127.0.0.1", False), ("127.0.0.0/8", False),
        ("fd00:1::3", True), ("fd00:1::", True), ("fd00:1::/32", True), ("fd00:2::/32", False), ("::1", False),
        ("fd00:1::3/ffff::", False), ("fd00::/ffff::", True),  # sudo does not mask the address here
        ("fd00:1::3/129", False), ("1:2:3", False),
    ],
)  # fmt: skip
def test_networks_of_the_host(entry: str, near: bool | None) -> None:
    member = Member("network", entry)
    assert is_host(member, Host("h", "h", own_subnets(TRIE, INET6))) is near
    assert is_host(member, Host("h", "h")) is None
    assert is_host(member, Host("h", "h", [])) in (False, None)


@pytest.mark.parametrize(
    ("entry", "full", "expected"),
    [
        ("web1", "web1", True), ("WEB1", "web1", True), ("web1", "web1.example.org", True), ("web2", "web1", False),
        ("web1.example.org", "web1", False), ("web1.example.org", "web1.example.org", True), ("web*", "web1", True),
        ("*.example.org", "web1.example.org", True), ("web[!1]", "web1", False), ("web[^2]", "web1", True),
        ("web\\1", "web1", True), ("web1.example.org", None, None), ("web2.example.org", None, False),
        ("*.org", None, None), ("x" * 300, "web1", None),
    ],
)  # fmt: skip
def test_names_of_the_host(entry: str, full: str | None, expected: bool | None) -> None:
    assert is_host(Member("host", entry), Host("web1", full)) is expected


def test_a_host_without_a_name_may_be_any() -> None:
    assert is_host(Member("host", "web1"), Host()) is None
    assert is_host(Member("all", "ALL"), Host()) is True


LINES = """# a remark
people (,alice,) (-,bob,-)\\
  (web1,carol,)
nested people other
loop loop nested
hosts (WEB1,,) (web2.example.org,,)
pairs (web1,alice,) (web2,bob,)
domains (,dave,nis.example)
people (,eve,)
""".splitlines()


@pytest.mark.parametrize(
    ("name", "user", "held"),
    [
        ("people", "alice", True), ("people", "bob", True), ("people", "carol", True), ("people", "eve", False),
        ("people", "Alice", False), ("nested", "alice", True), ("loop", "alice", True), ("hosts", "anyone", True),
        ("domains", "dave", None), ("gone", "alice", False),
    ],
)  # fmt: skip
def test_users_in_netgroups(name: str, user: str, held: bool | None) -> None:
    found = netgroups(LINES, whole=True, domain=None)
    known = held if name != "people" or user != "bob" else None  # his domain is `-`
    assert found.hold(name, None, user) is known
    assert netgroups(LINES, whole=True, domain="").hold(name, None, user) is (held is not False)
    others = netgroups(LINES, whole=False, domain="").hold(name, None, user)
    assert others is (None if held is False else True)


def test_a_domain_is_compared() -> None:
    assert netgroups(LINES, whole=True, domain="NIS.example").hold("domains", None, "dave") is True
    assert netgroups(LINES, whole=True, domain="other").hold("domains", None, "dave") is False


def test_hosts_in_netgroups() -> None:
    host = Host("web1", "web1.example.org", netgroups=netgroups(LINES, whole=True, domain=""))
    assert is_host(Member("netgroup", "+hosts"), host) is True
    assert is_host(Member("netgroup", "+gone"), host) is False
    assert is_host(Member("netgroup", "+hosts"), Host("web1", None, netgroups=host.netgroups)) is None
    disabled = Host("web1", "web1", netgroups=host.netgroups, use_netgroups=False)
    assert is_host(Member("netgroup", "+hosts"), disabled) is False
    assert disabled.holds_user("+people", "alice") is False


def test_host_and_user_in_one_triple() -> None:
    host = Host("web1", "web1", netgroups=netgroups(LINES, whole=True, domain=""), by_user=True)
    assert [is_host(Member("netgroup", "+pairs"), host, user) for user in ("alice", "bob", None)] == [True, False, None]
    assert [host.holds_user("+pairs", user) for user in ("alice", "bob")] == [True, False]


def test_netgroups_that_explode_are_not_followed_for_ever() -> None:
    lines = [f"g{n} g{n + 1} g{n + 1}" for n in range(2_000)]
    assert netgroups(lines, whole=True, domain="").hold("g0", None, "alice") is None


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("127.0.0.1 localhost web1", "localhost"), ("127.0.1.1\tweb1.example.org WEB1", "web1.example.org"),
        ("999.1.1.1 bad web1\n::1 six web1\n127.0.0.1 four web1", "six"), ("# 127.0.0.1 web1", None),
        ("fe80::1%lo scoped web1", None), ("127.0.0.1 web11", None), ("", None),
    ],
)  # fmt: skip
def test_the_name_that_the_resolver_has(lines: str, name: str | None) -> None:
    assert canonical("web1", lines.split("\n")) == name


@given(st.lists(st.text(max_size=40), max_size=20), st.text(max_size=40))
def test_any_text_is_read_without_raising(lines: list[str], entry: str) -> None:
    host = Host("h", "h", own_subnets(lines, lines), netgroups(lines, whole=True, domain=None))
    for kind in ("host", "network", "netgroup"):
        assert is_host(Member(kind, entry), host) in (True, False, None)
    canonical("h", lines)
