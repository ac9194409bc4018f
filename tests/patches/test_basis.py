"""What matching stands on, host by host: which feeds count, what may be missing, and when rows are made anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import registry
from secops.patches.basis import LEAST_EXPLOITED, LEAST_SCORED, MANY, READ, Basis, digest, late_tables
from secops.patches.shelf import Feed, Release

TODAY = date(2026, 11, 30)
HOST = Basis("debian", "12")
OTHERS = ("exploited", "scored")


def feed(name: str = "osv", *releases: Release, **more: Any) -> Feed:
    basic: dict[str, Any] = {"format": "osv", "source": "/a.zip", "digest": "d", "as_of": date(2026, 11, 29),
                             "imported_at": "2026-11-29T00:00:00Z", "stem": name}  # fmt: skip
    return Feed(name=name, releases=list(releases), **{**basic, **more})


def debian(release: str = "12", *, unfixed: bool = True, in_passing: bool = False, advisories: int = MANY) -> Release:
    return Release("debian", release, 10, MANY if unfixed else 0, in_passing, advisories)


def lacks(*feeds: Feed, basis: Basis = HOST) -> dict[str, list[str]]:
    found = late_tables(basis, feeds, TODAY)["vulnerabilities"].problems
    return {part: [problem.reason for problem in problems] for part, problems in found.items() if problems}


KEV = feed("kev", exploited=True, flaws=LEAST_EXPLOITED)
EPSS = feed("epss", scored=True, flaws=LEAST_SCORED)


def test_with_all_feeds_nothing_is_missing() -> None:
    assert lacks(feed("tracker", debian()), KEV, EPSS) == {}


@pytest.mark.parametrize(
    ("feeds", "part", "reason"),
    [
        ([KEV, EPSS], "", "no feed is imported for debian 12"),
        ([feed("a", debian("11")), KEV, EPSS], "", "no feed is imported for debian 12"),
        ([feed("a", debian(advisories=MANY - 1)), KEV, EPSS], "",
         "only single advisories that concern debian 12 are imported"),
        ([feed("a", debian(in_passing=True)), KEV, EPSS], "",
         "only single advisories that concern debian 12 are imported"),
        ([feed("a", debian(), lost=3, whole=True), KEV, EPSS], "",
         "of 3 entries of the feed a nobody knows which packages they are on"),
        ([feed("a", debian(unfixed=False)), KEV, EPSS], "unfixed", "the feeds tell only of flaws that have a fix"),
        ([feed("a", debian()), EPSS], "exploited", "no list of exploited flaws (KEV) is imported"),
        ([feed("a", debian()), KEV], "scored", "no EPSS scores are imported"),
        ([feed("a", debian()), feed("kev", exploited=True, flaws=LEAST_EXPLOITED - 1), EPSS], "exploited",
         f"the list of exploited flaws (KEV) has only {LEAST_EXPLOITED - 1} of them"),
        ([feed("a", debian()), KEV, feed("epss", scored=True, flaws=2)], "scored",
         "the EPSS scores are of only 2 flaws"),
    ],
)  # fmt: skip
def test_what_no_feed_tells_is_missing_with_the_reason(feeds: list[Feed], part: str, reason: str) -> None:
    found = lacks(*feeds)
    assert reason in found[part]
    assert set(found) == ({"", "unfixed", "exploited", "scored", "exposure"} if not part else {part})


def test_entries_that_are_lost_in_a_feed_of_another_release_do_no_harm() -> None:
    assert lacks(feed("a", debian()), feed("b", debian("11"), lost=1), KEV, EPSS) == {}
    (row, *_) = late_tables(HOST, [feed("a", debian(), lost=1)], TODAY)["feeds"].rows
    assert row["is_whole"] is False


def test_of_a_host_whose_release_is_not_known_nothing_is() -> None:
    basis = Basis("debian", "")
    assert lacks(feed("a", debian()), KEV, EPSS, basis=basis)[""] == [
        "which release of which distribution it is, is not known"
    ]


def test_packages_and_processes_that_were_not_seen_are_missing() -> None:
    denied = [Problem(Status.DENIED, "permission denied")]
    all_of = (feed("a", debian()), KEV, EPSS)
    assert lacks(*all_of, basis=Basis("debian", "12", packages=denied))[""] == ["permission denied"]
    assert lacks(*all_of, basis=Basis("debian", "12", exposure=denied)) == {"exposure": ["permission denied"]}


def test_only_feeds_that_count_for_the_host_are_told_with_their_age() -> None:
    old = feed("old", debian(), as_of=date(2026, 11, 1))
    undated = feed("undated", debian(unfixed=False), as_of=None)
    rows = late_tables(HOST, [old, undated, feed("11", debian("11")), KEV, EPSS], TODAY)["feeds"].rows
    assert [(row["feed"], row["tells"], row["age_days"], row["is_stale"]) for row in rows] == [
        ("old", "unfixed", 29, True), ("undated", "fixed", None, True), ("kev", "exploited", 1, False),
        ("epss", "scores", 1, False),
    ]  # fmt: skip
    assert set(rows[0]) == {column.name for column in registry()["feeds"].columns}


@pytest.mark.parametrize("table", READ)
def test_rows_are_made_anew_when_a_table_changes_that_they_hang_on(table: str) -> None:
    """The name of the table is what `facts.` precedes in the matching: none may be forgotten."""
    before = dict.fromkeys(registry(), "1")
    assert digest(before, [KEV], TODAY) == digest({**before, "users": "2"}, [KEV], TODAY)
    assert digest(before, [KEV], TODAY) != digest({**before, table: "2"}, [KEV], TODAY)


def test_every_table_that_the_matching_reads_is_known_to_be_read() -> None:
    import re

    from secops.patches import installed, match, pairs, placing

    parts = [
        text for module in (installed, match, pairs, placing) for text in vars(module).values() if isinstance(text, str)
    ]
    read = {name for text in parts for name in re.findall(r"facts\.(\w+)", text)}
    assert read - {"vulnerabilities"} == set(READ)


def test_rows_are_made_anew_for_other_feeds_and_on_another_day() -> None:
    tables = dict.fromkeys(READ, "1")
    same = digest(tables, [KEV], TODAY)
    assert digest(tables, [KEV, EPSS], TODAY) != same
    assert digest(tables, [feed("kev", exploited=True, flaws=LEAST_EXPLOITED, stem="new")], TODAY) != same
    assert digest(tables, [KEV], date(2026, 12, 1)) != same


def test_a_few_advisories_are_the_whole_where_the_user_says_so() -> None:
    assert lacks(feed("a", debian(advisories=1), whole=True), KEV, EPSS) == {}


@pytest.mark.parametrize(
    ("unfixed", "advisories", "whole", "tells"),
    [
        (MANY, 100 * MANY, False, "unfixed"),
        (MANY, 100 * MANY + 1, False, "fixed"),
        (MANY - 1, MANY, False, "fixed"),  # a few advisories without a fix are not all of those
        (MANY - 1, MANY, True, "unfixed"),
        (1, 1, True, "unfixed"),
        (0, 1, True, "fixed"),
    ],
)
def test_a_feed_tells_of_what_nothing_mends_where_it_names_many_of_them(
    unfixed: int, advisories: int, whole: bool, tells: str
) -> None:
    one = feed("a", Release("debian", "12", 9, unfixed, advisories=advisories), whole=whole)
    (row, *_) = late_tables(HOST, [one], TODAY)["feeds"].rows
    assert row["tells"] == tells


def test_a_release_that_comes_in_parts_needs_all_of_them() -> None:
    basis = Basis("alpine", "3.19")
    main, community = (
        feed(part, Release("alpine", "3.19", 100, MANY, advisories=MANY), part=part) for part in ("main", "community")
    )
    every = feed("osv", Release("alpine", "3.19", 100, MANY, advisories=MANY))
    assert lacks(main, KEV, EPSS, basis=basis)[""] == ["of the feeds for alpine 3.19 community is not imported"]
    assert lacks(main, community, KEV, EPSS, basis=basis) == {}
    assert lacks(every, KEV, EPSS, basis=basis) == {}


def test_short_lists_are_whole_where_the_user_says_so_or_another_is() -> None:
    kev, epss = (feed(name, exploited=name == "kev", scored=name == "epss", flaws=1) for name in ("kev", "epss"))
    tracker = feed("a", debian())
    assert set(lacks(tracker, kev, epss)) == {"exploited", "scored"}
    assert lacks(tracker, kev, epss, KEV, EPSS) == {}
    assert lacks(tracker, *(msgspec.structs.replace(one, whole=True) for one in (kev, epss))) == {}


@pytest.mark.parametrize(
    ("listed", "spoken_of", "whole"),
    [
        ({"rpm"}, ["dpkg"], False),
        (set(), ["dpkg"], False),
        ({"dpkg"}, ["dpkg"], True),
        ({"dpkg", "rpm"}, ["dpkg"], True),
        ({"rpm"}, ["dpkg", "rpm"], True),
        ({"rpm"}, [], True),  # imported before it was kept
    ],
)
def test_packages_of_another_manager_than_the_feeds_speak_of_are_not_those_of_the_release(
    listed: set[str], spoken_of: list[str], whole: bool
) -> None:
    basis = Basis("debian", "12", frozenset(listed))
    found = lacks(feed("a", msgspec.structs.replace(debian(), kinds=spoken_of)), KEV, EPSS, basis=basis)
    why = "no package of dpkg is listed, of which the feeds for debian 12 speak"
    assert found.get("", []) == ([] if whole else [why])
