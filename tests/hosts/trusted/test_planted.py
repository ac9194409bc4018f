"""Planted on a real host: files that others can change are found, their near misses are not, whoever looks.

All is planted on one host and looked at by three shells, with GNU's tools and with busybox's, and as an image.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.hosts.evidence import Evidence
from tests import testroot
from tests.hosts.trusted.kit import Case, Planter, Way, cases, collect, image, rows, use_busybox, ways

CASES = cases()


@pytest.fixture(scope="module")
def seen(test_root: Path) -> Iterator[dict[str, Evidence]]:
    """What each way of looking saw."""
    with testroot.host() as host:
        planter = Planter(host)
        planter.people()
        for case in CASES:
            planter.plant(case.lines)
        # a library that loads, or every program of the host would complain
        host.run(["install", "-D", "-o", "ops", "/lib/x86_64-linux-gnu/libm.so.6", "/srv/preload.so"], check=True)
        planter.plant("text /etc/ld.so.preload /srv/preload.so")
        evidence = {"dash": collect(host, "dash"), "bash": collect(host, "bash"), "image": image(host)}
        evidence["busybox's shell"] = collect(host, "busybox", "ash")
        use_busybox(host)
        evidence["busybox's tools"] = collect(host, "sh")
        yield evidence


def test_each_way_of_looking_gives_the_same_rows(seen: dict[str, Evidence]) -> None:
    first = sorted(map(repr, rows(seen["dash"])))
    assert len(first) > 30
    for name, evidence in seen.items():
        assert sorted(map(repr, rows(evidence))) == first, name


@pytest.fixture(scope="module")
def found(seen: dict[str, Evidence]) -> set[Way]:
    return ways(seen["dash"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_planted_is_found_and_a_near_miss_is_not(found: set[Way], case: Case) -> None:
    assert {way for way in found if case.holds(way[2])} == case.ways


def test_nothing_else_is_found_but_the_library_that_all_programs_load(found: set[Way]) -> None:
    rest = {way for way in found if not any(case.holds(way[2]) for case in CASES)}
    assert rest == {("ops", "root", "/srv/preload.so", "shell")}
    assert len(CASES) > 50


def test_a_row_says_what_names_the_path_and_who_can_change_it_by_what(seen: dict[str, Evidence]) -> None:
    (row,) = (row for row in rows(seen["image"]) if row["point"] == "/srv/b9/job")
    assert {name: row[name] for name in row if name not in ("source", "line")} == {
        "path": "/srv/b9/job", "role": "cron_job", "as_user": "root", "point": "/srv/b9/job", "point_kind": "file",
        "missing": False, "mode": "0674", "uid": 0, "gid": 0, "access": "write", "writer_kind": "acl_user",
        "writer": 1002, "accounts": ["bob"], "refused": False, "certain": True,
        "how_en": "a cron job runs it", "how_zh": "由 cron 任务执行",
    }  # fmt: skip
    (refused,) = (row for row in rows(seen["dash"]) if row["point"] == "/etc/cron.d/refused")
    assert (refused["role"], refused["writer_kind"], refused["refused"]) == ("cron_table", "group", True)
    (nobody,) = (row for row in rows(seen["dash"]) if row["point"] == "/srv/b8/job")
    assert (nobody["writer"], nobody["accounts"]) == (4711, [])


def test_no_word_of_a_command_leaves_the_host_but_paths_that_are_there(test_root: Path) -> None:
    secrets = r"""
        cron @daily root mysqldump -pS3cret1 --password=S3cret2 db S3cret3 /S3cret4 /nowhere/S3cret5 >/srv/S3cret6
        cron @daily root TOKEN=/S3cret7 PW=S3cret8 /usr/bin/env X=S3cret9 sh -c "S3cret10; curl https://u:S3cret11@h/S3cret12"
        text /root/.bashrc export API_KEY=S3cret13\nPATH=$PATH:/nowhere/S3cret14\nsu ops S3cret15
        text /etc/sudoers.d/x alice ALL=(root) /usr/bin/mysql -pS3cret16 /S3cret17
        text /etc/pam.d/x auth required pam_ldap.so bindpw=S3cret18 secret=/etc/S3cret19
        unit x.service [Service]\nUser=S3cret20\nEnvironment=PW=S3cret21\nExecStart=/bin/x --key S3cret22 $S3cret23
    """
    with testroot.host() as host:
        planter = Planter(host)
        planter.people()
        planter.plant(secrets)
        for evidence in (collect(host, "dash"), image(host)):
            assert b"S3cret" not in evidence["trusted_paths"].only.data
        use_busybox(host)
        assert b"S3cret" not in collect(host, "sh")["trusted_paths"].only.data


def test_a_clean_host_gives_nothing(test_root: Path) -> None:
    with testroot.host() as host:
        for evidence in (collect(host, "dash"), image(host)):
            assert rows(evidence) == []
            assert ways(evidence) == set()
