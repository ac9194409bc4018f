"""Every planted way is found on a real host, with its user and its thing, and nothing else; near misses are silent."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from secops.hosts.tables import Facts
from tests import testroot
from tests.privilege import polkit_kit
from tests.privilege.planted_kit import people, plant, rows, seen
from tests.privilege.planted_ways import CASES


class Seen(NamedTuple):
    """The tables of three hosts."""

    planted: dict[str, Facts]
    twins: dict[str, Facts]
    clean: dict[str, Facts]


@pytest.fixture(scope="module")
def hosts(test_root: object) -> Seen:
    found = []
    for steps in (
        {user: case.plant for user, case in CASES.items()}, {user: case.twin for user, case in CASES.items()}, {},
    ):  # fmt: skip
        with testroot.host() as host:
            if steps:
                polkit_kit.install(host)
                people(host, list(CASES))
                plant(host, steps)
            found.append(seen(host))
    return Seen(*found)


@pytest.mark.parametrize("user", CASES)
def test_a_planted_way_is_found_and_its_near_miss_is_none(hosts: Seen, user: str) -> None:
    wanted = CASES[user].row
    assert wanted in rows(hosts.planted)
    assert {row for row in rows(hosts.twins) if user == row.user or wanted.thing == row.thing} == set()


def test_nothing_else_is_found(hosts: Seen) -> None:
    assert rows(hosts.planted) == {case.row for case in CASES.values()}


@pytest.mark.parametrize("host", ["twins", "clean"])
@pytest.mark.parametrize("table", ["root_ways", "account_ways", "root_paths"])
def test_a_host_without_a_way_is_seen_whole(hosts: Seen, host: str, table: str) -> None:
    facts = getattr(hosts, host)[table]
    assert (list(facts.rows), [problem for part in facts.problems.values() for problem in part]) == ([], [])
