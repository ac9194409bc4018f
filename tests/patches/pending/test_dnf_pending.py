"""Pending updates of rpm's packages, and the state of their host."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.dnf.records import Kept, read_indexes
from secops.hosts.tables import Row
from tests.patches.pending.apt_kit import reasons
from tests.patches.pending.dnf_kit import Advice, Build, DnfRoot, Repo, Rpm, candidates


@pytest.fixture
def root(tmp_path: Path) -> DnfRoot:
    return DnfRoot(tmp_path / "root")


def only(root: DnfRoot) -> Row:
    updates, _ = root.pending()
    assert reasons(updates) == []
    (row,) = updates.rows
    return row


@pytest.mark.parametrize("packing", ["", ".gz", ".xz", ".zst"])
def test_a_newer_version_is_pending(root: DnfRoot, packing: str) -> None:
    root.install(Rpm("tool", "1.0"), Rpm("other", "1.0"))
    root.keep(Repo("base", [Rpm("tool", "1.1"), Rpm("other", "1.0"), Rpm("third", "9")], packing=packing))
    updates, _ = root.pending()
    assert reasons(updates) == []
    assert candidates(updates.rows) == {("tool", "x86_64"): "1.1-1"}


def test_an_advisory_between_the_installed_and_the_new_version_makes_it_one_for_security(root: DnfRoot) -> None:
    a, b, c = (Rpm(name, "1") for name in "abc")
    advice = [
        Advice("S-1", [Rpm("a", "2")], severity="Low"),
        Advice("S-2", [Rpm("a", "3"), Rpm("c", "9")], severity="Critical"),
        Advice("S-0", [Rpm("b", "1"), Rpm("b", "3", arch="i686")]),
        Advice("B-1", [Rpm("b", "3")], "bugfix"),
    ]
    root.install(a, b, c)
    root.keep(Repo("base", [Rpm("a", "3"), Rpm("b", "3"), Rpm("c", "3")], advice=advice))
    updates, state = root.pending()
    told = {row["package"]: (row["security"], row["severity"], row["advisory"]) for row in updates.rows}
    assert told == {"a": (True, "Critical", "S-2"), "b": (False, None, None), "c": (False, None, None)}
    assert state.rows[0]["security_repository"] is True


def test_without_advisories_it_is_not_known_what_is_for_security(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    assert only(root)["security"] is None
    assert root.pending()[1].rows[0]["security_repository"] is False


def test_what_is_kept_away_says_why(root: DnfRoot) -> None:
    root.install(*(Rpm(name, "1") for name in "abcd"))
    root.main(exclude="a*")
    root.keep(
        Repo("base", [Rpm(name, "2") for name in "abcd"], {"priority": 10, "excludepkgs": "b"}),
        Repo("more", [Rpm(name, "3") for name in "cd"], {"priority": 50}),
    )
    rows = {row["package"]: (row["candidate"], row["pinned"], row["newest"]) for row in root.pending()[0].rows}
    assert rows == {
        "a": (None, "excluded by a*", "2-1"),
        "b": (None, "excluded by b of the repository", "2-1"),
        "c": ("2-1", "priority 50 of more", "3-1"),
        "d": ("2-1", "priority 50 of more", "3-1"),
    }


PLUGIN = "usr/lib/python3.9/site-packages/dnf-plugins/versionlock.py"


@pytest.mark.parametrize(
    ("plugin", "conf", "lock", "wanted"),
    [
        (True, "", "a-0:2-1.*", "2-1"),
        (True, "", "a-2-1.x86_64", "2-1"),
        (True, "", "a-0:1-1.*", None),
        (True, "", "a-7-1", None),
        (True, "", "!a-0:3-1.*", "2-1"),
        (True, "", "b-0:1-1.*", "3-1"),
        (True, "[main]\nenabled = 0\n", "a-0:2-1.*", "3-1"),
        (False, "", "a-0:2-1.*", "3-1"),
    ],
)
def test_a_lock_holds_when_its_plugin_is_there(root: DnfRoot, plugin: bool, conf: str, lock: str, wanted: str) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2"), Rpm("a", "3")]))
    root.write("etc/dnf/plugins/versionlock.list", f"# of a\n{lock}\n")
    root.write("etc/dnf/plugins/versionlock.conf", conf)
    if plugin:
        root.write(PLUGIN, "")
    row = only(root)
    assert (row["candidate"], row["held"]) == (wanted, wanted is None)


def test_streams_that_are_off_do_not_count(root: DnfRoot) -> None:
    root.install(Rpm("web", "1"))
    builds = [Build("webs", "1", [Rpm("web", "2")]), Build("webs", "2", [Rpm("web", "3")])]
    root.keep(Repo("base", [Rpm("web", version) for version in "2345"], builds=builds, defaults={"webs": "1"}))
    assert only(root)["candidate"] == "2-1"
    assert only(root)["newest"] == "2-1"
    root.write("etc/dnf/modules.d/webs.module", "[webs]\nname=webs\nstream=2\nprofiles=\nstate=enabled\n")
    assert only(root)["candidate"] == "3-1"
    root.write("etc/dnf/modules.d/webs.module", "[webs]\nname=webs\nstream=\nprofiles=\nstate=disabled\n")
    assert only(root)["candidate"] == "5-1"


def test_zypper_keeps_to_the_vendor_and_to_its_locks(root: DnfRoot) -> None:
    suse, other = "SUSE LLC <https://www.suse.com/>", "Somebody"
    root.install(*(Rpm(name, "1", vendor=suse) for name in "abc"))
    new = [Rpm("a", "2", vendor=suse), Rpm("a", "3", vendor=other), Rpm("b", "2", vendor=other)]
    root.keep(Repo("base", [*new, Rpm("c", "2", vendor="SUSE")], {"enabled": 1}, zypper=True))
    root.write("etc/zypp/locks", "\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: c*\n")
    rows = {row["package"]: (row["candidate"], row["pinned"], row["held"]) for row in root.pending()[0].rows}
    assert rows == {
        "a": ("2-1", "of another vendor: Somebody", False),
        "b": (None, "of another vendor: Somebody", False),
        "c": (None, "locked by c*", True),
    }


def test_the_newest_index_of_a_name_counts_when_its_address_is_not_told(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    address = "baseurl=https://example.org/9/"
    root.write("etc/yum.repos.d/base.repo", f"[base]\n{address}\n")
    assert reasons(root.pending()[0]) == ["no index of the repository base is kept, or none of its present address"]
    root.write("etc/yum.repos.d/base.repo", f"[base]\n{address}?secret=1\n")
    assert only(root)["candidate"] == "2-1"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("etc/dnf/dnf.conf", "[main]\ncachedir=/x\n", "cachedir of dnf.conf names another place than the usual one"),
        ("etc/yum.repos.d/more.repo", "[more]\nbaseurl=https://example.org/\n",
         "no index of the repository more is kept, or none of its present address"),
        ("etc/yum.repos.d/more.repo", "[more]\nenabled=perhaps\n",
         "the repository more: 'perhaps' is neither true nor false"),
        ("etc/yum.repos.d/more.repo", "[more]\nexclude=a\n  b\n",
         "the repository more: a list of packages goes on in another line, which is not read"),
        ("etc/dnf/versionlock.toml", "", "/etc/dnf/versionlock.toml is not followed"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_told(root: DnfRoot, name: str, content: str, reason: str) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    root.write(name, content)
    assert reason in reasons(root.pending()[0])


def test_entries_of_another_form_are_told(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")], packing=""))
    (path,) = root.path.glob("var/cache/dnf/base-*/repodata/*-primary.xml")
    text = path.read_text()
    path.write_text('<!DOCTYPE x [<!ENTITY e "eeee">]>' + text)
    assert reasons(root.pending()[0]) == ["the index of the repository base: has entries of another form"]
    path.write_text(text[:-12])
    assert reasons(root.pending()[0]) == [
        "the index of the repository base: a file of it is not there, or cannot be read to its end"
    ]


def test_a_host_that_keeps_no_index_is_not_up_to_date(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.serve(Repo("base", [Rpm("a", "2")]))
    updates, state = root.pending()
    assert "dnf and zypper keep no indexes" in reasons(updates)
    assert state.rows[0]["lists_updated_at"] is None


def timer(root: DnfRoot, name: str) -> None:
    root.write("etc/systemd/system/.keep", "")
    unit = root.write(
        f"usr/lib/systemd/system/{name}", "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n"
    )
    link = root.path / f"etc/systemd/system/timers.target.wants/{name}"
    link.parent.mkdir(parents=True)
    link.symlink_to("/" + str(unit.relative_to(root.path)))


@pytest.mark.parametrize(
    ("unit", "apply", "wanted", "why"),
    [
        ("dnf-automatic.timer", "yes", True, None),
        ("dnf-automatic.timer", "no", False, "apply_updates of /etc/dnf/automatic.conf is no"),
        ("dnf-automatic.timer", "perhaps", None, None),
        ("dnf-automatic-install.timer", "no", True, None),
        ("dnf-automatic-notifyonly.timer", "yes", False, "no timer that installs updates is enabled"),
        ("", "yes", False, "no timer that installs updates is enabled"),
    ],
)
def test_whether_updates_are_automatic(root: DnfRoot, unit: str, apply: str, wanted: bool | None, why: str) -> None:
    root.install(Rpm("a", "1"))
    root.keep(Repo("base", [Rpm("a", "2")]))
    root.write("etc/dnf/automatic.conf", f"[commands]\nupgrade_type = security\napply_updates = {apply}\n")
    timer(root, unit or "other.timer")
    (row,) = root.pending()[1].rows
    assert (row["automatic"], row["automatic_security"], row["why_not"]) == (wanted, wanted, why)
    assert (row["indexes_made_at"], row["kind"]) == (1_700_000_123, "rpm")


RECORDS = [
    "repo\t1\t/var/cache/dnf/x-0123456789abcdef/repodata",
    "p\ta\t0\t1\t1\tx\t\t",
    "u\tsecurity\t\t",
    "end",
    "\t",
]


@given(st.lists(st.one_of(st.sampled_from(RECORDS), st.text("puk\tmad01", max_size=12)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_records_are_read_or_not_whole(lines: list[str]) -> None:
    kept = read_indexes(lines)
    assert isinstance(kept, Kept)
    assert kept.whole is False or "end" in lines


def test_a_pattern_costs_time_in_line_with_its_length(root: DnfRoot) -> None:
    root.install(Rpm("a", "1"))
    root.main(exclude=" ".join(["*a" * 4000 + "b", "a-" * 4000, "-a" * 4000 + ".x", "[" * 4000]))
    root.keep(Repo("base", [Rpm("a", "2")]))
    started = time.process_time()
    assert only(root)["candidate"] == "2-1"
    assert time.process_time() - started < 2
