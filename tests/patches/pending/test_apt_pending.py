"""Rows of pending updates: what is listed, what is told of it, and what makes them not whole."""

from __future__ import annotations

import re
import shutil

import pytest

from secops.hosts.apt import sections
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status
from tests.patches.pending.apt_kit import (
    BACKPORTS,
    DEBIAN,
    FOREIGN,
    NATIVE,
    STABLE,
    AptRoot,
    Deb,
    Suite,
    only,
    reasons,
    secure,
    stable,
    work_out,
)


def test_a_row_says_all_that_apt_knows(root: AptRoot) -> None:
    root.status(Deb("a", "1.0", source="src-a (1.0)"))
    root.keep(stable(Deb("a", "1.1", source="src-a (1.1)")), secure(Deb("a", "1.2", source="src-a (1.2)")))
    assert only(root) == {
        "kind": "dpkg",
        "package": "a",
        "architecture": NATIVE,
        "installed": "1.0",
        "candidate": "1.2",
        "source_name": "src-a",
        "repository": "o=Debian,a=stable-security,n=bookworm-security,l=Debian-Security,c=main",
        "security": True,
        "severity": None,
        "advisory": None,
        "held": False,
        "pinned": None,
        "newest": "1.2",
        "priority": 500,
        "phased": None,
        "deferred": False,
    }


@pytest.mark.parametrize(
    ("in_security", "security"),
    [("1.0", False), ("1.1", True), ("1.5", True), ("1.5~", True), ("1.6", None)],
    ids=["the installed one", "between", "the candidate", "just below it", "above"],
)
def test_it_is_security_by_any_version_up_to_the_candidate(
    root: AptRoot, in_security: str, security: bool | None
) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(stable(Deb("a", "1.5")), secure(Deb("a", in_security)))
    root.write("etc/apt/preferences", "Package: a\nPin: version 1.6\nPin-Priority: -1\n")
    row = only(root)
    assert row["candidate"] == "1.5"
    assert row["security"] is bool(security)
    assert row["pinned"] == ("pin -1 by /etc/apt/preferences" if security is None else None)


@pytest.mark.parametrize(("selection", "held"), [("hold", True), ("install", False), ("deinstall", False)])
def test_a_package_on_hold_is_listed_as_held(root: AptRoot, selection: str, held: bool) -> None:
    root.status(Deb("a", "1.0", selection=selection))
    root.keep(stable(Deb("a", "2.0")))
    assert (only(root)["candidate"], only(root)["held"]) == ("2.0", held)
    if shutil.which("apt-get"):
        assert ("Inst a " in root.apt("apt-get", "-s", "upgrade")) is not held


def test_a_package_for_all_architectures_is_told_as_its_package_manager_does(root: AptRoot) -> None:
    root.status(Deb("tzdata", "1", "all"), Deb("curl", "1"))
    root.keep(stable(Deb("tzdata", "2", "all"), Deb("curl", "2")))
    assert {row["package"]: row["architecture"] for row in root.pending()[0].rows} == {"tzdata": "all", "curl": NATIVE}


def test_a_hold_is_of_one_architecture(root: AptRoot) -> None:
    root.status(Deb("a", "1.0", FOREIGN, selection="hold"), Deb("a", "1.0"))
    root.keep(stable(Deb("a", "2.0"), Deb("a", "2.0", FOREIGN)))
    assert {row["architecture"]: row["held"] for row in root.pending()[0].rows} == {NATIVE: False, FOREIGN: True}


PIN = "Package: {}\nPin: {}\nPin-Priority: {}\n"


@pytest.mark.parametrize(
    ("preferences", "candidate", "pinned"),
    [
        ("", "2.0", None),
        (PIN.format("a", "version 1.0", 1001), None, "priority 500, below pin 1001 by /etc/apt/preferences"),
        (PIN.format("a", "version 0.9", 1001), None, "priority 500, below pin 1001 by /etc/apt/preferences"),
        (PIN.format("a", "release a=stable", -1), None, "pin -1 by /etc/apt/preferences"),
        (PIN.format("b", "release a=stable", -1), "2.0", None),
        (PIN.format("a", "release a=stable", 0 + 99), None, "pin 99 by /etc/apt/preferences"),
        (PIN.format("a", "release a=stable", 101), "2.0", None),
    ],
    ids=["none", "kept", "downgraded", "never", "of another", "below the installed one", "above it"],
)
def test_an_update_that_a_pin_keeps_away_has_no_candidate(
    root: AptRoot, preferences: str, candidate: str | None, pinned: str | None
) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(secure(Deb("a", "2.0"), Deb("a", "0.9")), Suite(DEBIAN, "stable", "main", [Deb("a", "2.0")], STABLE))
    root.write(
        "etc/apt/preferences",
        preferences
        + ("\n" + preferences.replace("a=stable", "a=stable-security") if "a=stable" in preferences else ""),
    )
    row = only(root)
    assert (row["candidate"], row["pinned"], row["security"], row["newest"]) == (candidate, pinned, True, "2.0")


def test_backports_alone_are_no_updates_but_those_of_backports_are(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    backports = Suite(DEBIAN, "stable-backports", "main", [Deb("a", "3.0~bpo12+1")], BACKPORTS)
    root.keep(stable(Deb("a", "1.0")), backports)
    assert only(root) is None
    root.status(Deb("a", "3.0~bpo12+0"))
    assert (only(root)["candidate"], only(root)["priority"]) == ("3.0~bpo12+1", 100)


def test_a_default_release_keeps_others_away(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    testing = Suite(DEBIAN, "testing", "main", [Deb("a", "3.0")], STABLE | {"Suite": "testing", "Codename": "trixie"})
    root.keep(stable(Deb("a", "1.0")), testing)
    assert only(root)["candidate"] == "3.0"
    root.write("etc/apt/apt.conf.d/default", 'APT::Default-Release "stable";')
    row = only(root)
    assert (row["candidate"], row["pinned"]) == (None, "priority 500, below pin 990 by APT::Default-Release")
    root.write("etc/apt/apt.conf.d/default", 'APT::Default-Release "sarge";')
    assert reasons(root.pending()[0]) == [
        "the preferences of apt cannot be worked out: no source has the release sarge of APT::Default-Release"
    ]


@pytest.mark.parametrize(
    ("preferences", "told"),
    [
        ("Pin: version 1\nPin-Priority: 5\n", "record 1 names no package"),
        (PIN.format("a", "version 1", 0), "record 1 has no priority that is one"),
        (PIN.format("a", "version 1", 40000), "record 1 has no priority that is one"),
        (PIN.format("a", "version 1", "never"), "record 1 has no priority that is one"),
    ],
)
def test_preferences_that_apt_refuses_are_told(root: AptRoot, preferences: str, told: str) -> None:
    root.keep(stable(Deb("a", "2.0")))
    root.write("etc/apt/preferences.d/x", preferences)
    assert reasons(root.pending()[0]) == [f"/etc/apt/preferences.d/x: {told}"]
    if shutil.which("apt-cache"):
        with pytest.raises(Exception, match="E:"):
            root.policy("a")


def test_patterns_that_cannot_be_told_make_it_not_whole(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(stable(Deb("a", "2.0")))
    root.write("etc/apt/preferences", PIN.format("/(a*)*b/", "version 2.0", -1))
    assert reasons(root.pending()[0]) == ["the preferences of apt cannot be worked out: a pattern that cannot be told"]
    root.write("etc/apt/preferences", "\n".join(PIN.format(f"x{number}*", "version 2.0", -1) for number in range(501)))
    assert reasons(root.pending()[0]) == ["the preferences of apt cannot be worked out: more than 500 patterns"]


@pytest.mark.parametrize("section", [sections.INDEXES, sections.SOURCES, sections.CONF, sections.PREFERENCES])
@pytest.mark.parametrize("status", [Status.DENIED, Status.TIMEOUT, Status.FAILED])
def test_what_is_not_seen_makes_it_not_whole(root: AptRoot, section: sections.Command, status: Status) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(stable(Deb("a", "2.0")))
    seen = root.evidence()
    assert reasons(work_out(seen)[0]) == []
    broken = Evidence(
        seen.carrier, seen.label, 0, {**seen.sections, section.name: SectionEvidence(status, (), "test: gone")}
    )
    assert "test: gone" in reasons(work_out(broken)[0])


def test_records_that_are_cut_off_make_it_not_whole(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(stable(Deb("a", "2.0")))
    seen = root.evidence()
    data = seen[sections.INDEXES.name].only.data
    for broken in (data.removesuffix(b"end\n"), b"p\ta\t9.0\tamd64\t\t\n" + data, data.replace(b"\nh\t", b"\nzz\t")):
        item = SectionEvidence(Status.OK, (Item("", broken),))
        told = work_out(Evidence("root", "test", 0, {**seen.sections, sections.INDEXES.name: item}))[0]
        assert reasons(told) == ["the indexes of apt were not read to their end"]
        assert [row["candidate"] for row in told.rows] == ["2.0"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'Dir::Etc::sourcelist "/srv/list";',
            "Dir::Etc::sourcelist of apt.conf names another place than the usual one",
        ),
        ('Dir::State::lists "/srv/lists";', "Dir::State::lists of apt.conf names another place than the usual one"),
        ('#include "/etc/other";', "#include is not followed"),
        ("broken", "extra junk at the end of the file"),
        ('Dir::Etc::sourcelist "sources.list";', ""),
    ],
)
def test_settings_that_lead_elsewhere_are_told(root: AptRoot, line: str, told: str) -> None:
    root.keep(stable(Deb("a", "2.0")))
    root.write("etc/apt/apt.conf.d/99x", line)
    said = reasons(root.pending()[0])
    assert re.sub("^.*/99x: ", "", said[0]) == told if told else said == []
