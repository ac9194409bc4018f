"""Ways that every account has are told once for all of them, each account's own one by one."""

from __future__ import annotations

from typing import Any

import pytest

from secops.cli._paths import show_list, show_who
from secops.hosts.tables import Row
from secops.privilege.fleet.graph import At, Graph
from secops.privilege.fleet.search import Search
from tests.privilege.fleet_kit import host, made


def way(user: str, thing: str, kind: str = "suid", **more: Any) -> Row:
    return {
        "user_name": user, "way": kind, "thing": thing, "program": None, "gives": "shell", "how_en": f"how of {thing}",
        "how_zh": "", "password": "none", "certain": True, "source": thing, "line": None,
    } | more  # fmt: skip


def fleet(*ways: Row) -> Graph:
    users = [{"user_name": name, "uid": uid} for uid, name in enumerate(("root", "ops", "dba", "web"))]
    return made(web1=host(users=users, root_ways=list(ways)), web2=host())


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def who(graph: Graph, user: str, capsys: pytest.CaptureFixture[str], *, every: bool = False) -> list[str]:
    one, search = At(user, "web1"), Search(graph)
    show_who(graph, one, list(search.of(one)), list(search.to(one)), "text", every=every)
    return lines(capsys)


MANY = [way("*", f"/opt/s{n}") for n in range(40)]


def test_ways_that_every_account_has_are_one_line_a_kind(capsys: pytest.CaptureFixture[str]) -> None:
    graph = fleet(
        *MANY, way("ops", "/opt/s7"), way("ops", "ALL", "sudo"),
        way("*", "/run/docker.sock", "socket"), *(way("*", f"/srv/f{n}", "file") for n in range(4)),
    )  # fmt: skip
    said = who(graph, "ops", capsys)
    assert "Its ways, one step each (46)" in said
    assert [line for line in said if line.startswith("  - every account: ")] == [
        "  - every account: SUID program (39): /opt/s0, /opt/s1, /opt/s2, … (--all lists them)",
        "  - every account: file that others may change (4): /srv/f0, /srv/f1, /srv/f2, … (--all lists them)",
    ]
    own = [line for line in said if "how of" in line]
    assert sorted(line.partition(": how of ")[2] for line in own) == ["/opt/s7", "/run/docker.sock", "ALL"]
    each = [line for line in who(graph, "ops", capsys, every=True) if "how of" in line]
    assert len(each) == 46


def test_a_path_that_every_account_has_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    graph = fleet(way("*", "/opt/s"), way("ops", "ALL", "sudo"))
    found = list(Search(graph).to_roots())
    assert {path.start.user for path in found} == {"ops", "dba", "web"}
    show_list(graph, found, "text")
    told = {line.split("  ")[0]: line for line in lines(capsys)[1:]}
    assert told.keys() == {"every account of web1", "ops@web1"}
    assert told["ops@web1"].endswith("sudo ALL (ALL) → root@web1")
    assert told["every account of web1"].endswith("1      SUID program /opt/s (/opt/s) → root@web1")
    show_list(graph, list(Search(graph).of(At("dba", "web1"))), "text")
    assert lines(capsys)[1].startswith("dba@web1 ")
    said = who(graph, "root", capsys)
    assert "Who can become it (3)" in said
    assert sum("every account of web1: SUID program /opt/s" in line for line in said) == 1
    assert sum("dba@web1: " in line for line in who(graph, "root", capsys, every=True)) == 1


def test_ways_of_single_accounts_stay_apart(capsys: pytest.CaptureFixture[str]) -> None:
    graph = fleet(way("dba", "ALL", "sudo"), way("web", "ALL", "sudo"))
    show_list(graph, list(Search(graph).to_roots()), "text")
    assert [line.split("  ")[0] for line in lines(capsys)[1:]] == ["dba@web1", "web@web1"]
