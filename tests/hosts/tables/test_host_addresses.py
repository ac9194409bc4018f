"""The host_addresses table."""

from __future__ import annotations

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Status, decode
from secops.hosts.script import generate
from secops.hosts.tables.host_addresses import ADDRESSES, MAX_ROWS, TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.testroot import TestHost

TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.1.2.0
        /24 link UNICAST
     |-- 10.1.2.3
        /32 host LOCAL
     |-- 10.1.2.255
        /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.0.2.9
        /32 host LOCAL
"""
INET6 = """00000000000000000000000000000001 01 80 10 80       lo
fe800000000000000000000000000003 02 40 20 80     eth0
20010db8000000000000000000000003 02 40 00 80     eth0
"""


def files(trie: str | bytes | None = TRIE, inet6: str | bytes = INET6) -> dict[str, str | bytes]:
    return ({"/proc/net/fib_trie": trie} if trie is not None else {}) | {"/proc/net/if_inet6": inet6}


def test_addresses_with_their_networks_and_interfaces_but_for_the_loopback() -> None:
    found = derive(TABLE, evidence(own_addresses=files()))
    assert found.problems[""] == []
    assert [tuple(row.values()) for row in found.rows] == [
        ("10.1.2.3", 24, None), ("192.0.2.9", None, None), ("2001:db8::3", 64, "eth0"), ("fe80::3", 64, "eth0"),
    ]  # fmt: skip


def test_what_was_not_seen_is_said() -> None:
    for content, reason in (
        (files(None), "the kernel does not tell its IPv4 addresses"),
        (Status.DENIED, "test: denied"),
        (files(TRIE.replace("/24 link UNICAST", "/24 link UNICAST\n" + "".join(
            f"|-- 10.9.{n >> 8}.{n & 255}\n/32 host LOCAL\n" for n in range(MAX_ROWS)))), "more than 1000 addresses"),
    ):  # fmt: skip
        found = derive(TABLE, evidence(own_addresses=content))
        assert [problem.reason for problem in found.problems[""]] == [reason]
        assert len(found.rows) <= MAX_ROWS


@given(st.text("0123456789abcdef|-/. \nLOCALhostinkUNICST", max_size=300), st.text("0123456789abcdef \n", max_size=300))
def test_whatever_a_kernel_says(trie: str, inet6: str) -> None:
    derive(TABLE, evidence(own_addresses=files(trie, inet6)))


def test_a_running_host_has_them_and_an_image_has_not(test_host: TestHost) -> None:
    namespace = ["nsenter", f"--target={test_host.pid}", "--net", "ip"]
    for words in (
        ("link", "add", "wire", "type", "veth", "peer", "name", "end"), ("link", "set", "lo", "up"),
        ("addr", "add", "10.7.0.2/30", "dev", "wire"), ("link", "set", "wire", "up"), ("link", "set", "end", "up"),
    ):  # fmt: skip
        subprocess.run([*namespace, *words], check=True)
    answer = test_host.run(["sh"], generate([ADDRESSES]).encode(), check=True).stdout
    seen = derive(TABLE, decode(answer, [ADDRESSES], carrier="local", label="test"))
    assert seen.problems[""] == []
    assert seen.rows[0] == {"address": "10.7.0.2", "prefix": 30, "interface": None}
    assert {row["interface"] for row in seen.rows[1:]} <= {"wire", "end"}
    image = derive(TABLE, Root(str(test_host.root)).collect())
    assert ([*image.rows], [problem.reason for problem in image.problems[""]]) == (
        [], ["needs a running host"],
    )  # fmt: skip
