"""Which flaws a package has, by what feeds say of it. Each case has a twin that differs in one thing."""

from pathlib import Path

import duckdb
import pytest

from secops.hosts import relations
from secops.hosts.tables import registry
from secops.patches.match import work_out
from secops.patches.statement import ANY_STREAM, Flaw
from tests.patches.match_kit import ALMA, EULER, brief, deb, feed, matched, rpm, said, said_rpm


@pytest.mark.parametrize(
    ("installed", "expect"),
    [
        ("1.0-1", [("openssl", "fixed-available")]),
        ("1.0-2", []),
        ("1.0-3", []),
        ("1.0-2~bpo1", [("openssl", "fixed-available")]),
    ],
)
def test_a_version_before_the_fix_is_open(tmp_path: Path, installed: str, expect: list[tuple[str, str]]) -> None:
    one = feed(tmp_path, "a", [said("openssl", "1.0-2")])
    assert brief(matched([one], {"h": [deb("openssl", installed)]}), "package", "status") == expect


def test_every_binary_of_a_source_package_is_named_with_the_version_of_the_source(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("gcc-12", "12.2.0-15")])
    packages = [
        deb("libgcc-s1", "1:12.2.0-14", source_name="gcc-12", source_version="12.2.0-14"),
        deb("libstdc++6", "1:12.2.0-15", source_name="gcc-12", source_version="12.2.0-15"),
        deb("gcc-12-other", "1:1-1", source_name="gcc-12-cross", source_version="1-1"),
    ]
    assert brief(matched([one], {"h": packages}), "package", "installed", "fixed") == [
        ("libgcc-s1", "1:12.2.0-14", "12.2.0-15")
    ]


def test_what_is_said_of_another_release_or_distribution_counts_for_nothing(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("openssl", "9", release="11"), said("openssl", "9", ecosystem="ubuntu")])
    assert matched([one], {"h": [deb("openssl", "1.0-1")]}) == []


def test_a_name_is_only_one_with_its_package_manager(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("rpm", "9", kind="rpm", by_source=False)])
    assert matched([one], {"h": [deb("rpm", "4.18-1")]}) == []


@pytest.mark.parametrize(("installed", "count"), [("1.0", 0), ("2.0", 1), ("2.4", 1), ("2.5", 0)])
def test_a_range_begins_where_the_flaw_came_in(tmp_path: Path, installed: str, count: int) -> None:
    one = feed(tmp_path, "a", [said("nginx", "2.5", introduced="2.0")])
    assert len(matched([one], {"h": [deb("nginx", installed)]})) == count


@pytest.mark.parametrize(("installed", "count"), [("2.4", 1), ("2.5", 1), ("2.5-1", 0)])
def test_the_last_affected_version_is_affected(tmp_path: Path, installed: str, count: int) -> None:
    one = feed(tmp_path, "a", [said("nginx", last_affected="2.5")])
    rows = matched([one], {"h": [deb("nginx", installed)]})
    assert brief(rows, "status") == [("affected-no-fix",)] * count


@pytest.mark.parametrize(
    ("status", "words", "expect"),
    [
        ("affected", "", ("affected-no-fix", None)),
        ("affected", "no-dsa", ("affected-no-fix", "no-dsa")),
        ("will-not-fix", "ignored", ("will-not-fix", "ignored")),
        ("not-affected", "", ("not-affected", None)),
        ("unknown", "undetermined", ("unknown", "undetermined")),
    ],
)
def test_what_is_not_mended_keeps_the_vendors_words(
    tmp_path: Path, status: str, words: str, expect: tuple[str, str | None]
) -> None:
    one = feed(tmp_path, "a", [said("vim", status=status, words=words)])
    assert brief(matched([one], {"h": [deb("vim", "9.0-1")]}), "status", "words") == [expect]


def test_a_module_stream_is_part_of_the_name(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("nodejs", "1:18.20-1.module_el9", module="nodejs:18")])
    label = {"modularity": "nodejs:18:9020240101:rhel9"}
    hosts = {
        "a": [rpm("nodejs", "1:18.12-1.module_el9", **label)],
        "b": [rpm("nodejs", "1:18.12-1.module_el9", modularity="nodejs:20:9020240101:rhel9")],
        "c": [rpm("nodejs", "1:16.20-1.el9")],
        "d": [rpm("nodejs", "1:18.20-1.module_el9", **label)],
    }
    assert brief(matched([one], hosts, ALMA), "host") == [("a",)]


def test_of_a_stream_that_a_feed_does_not_name_every_one_is_unknown(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("nodejs", status="unknown", module=ANY_STREAM, words="odd")])
    hosts = {
        "a": [rpm("nodejs", "1:18.12-1.module_el9", modularity="nodejs:18:9020240101:rhel9")],
        "b": [rpm("nodejs", "1:16-1.module_el9")],
        "c": [rpm("nodejs", "1:16.20-1.el9")],
        "d": [rpm("npm", "1:18.12-1.module_el9", modularity="nodejs:18:9020240101:rhel9")],
    }
    assert brief(matched([one], hosts, ALMA), "host", "status", "words") == [
        ("a", "unknown", "odd"), ("b", "unknown", "the stream of its module is not known"),
    ]  # fmt: skip


def test_an_architecture_that_is_not_named_is_not_concerned(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("vim", "2-1", arch=("aarch64", "noarch"))])
    hosts = {"a": [rpm("vim", "1-1", architecture="aarch64")], "x": [rpm("vim", "1-1")],
             "n": [rpm("vim", "1-1", architecture="noarch")]}  # fmt: skip
    assert brief(matched([one], hosts, ALMA), "host") == [("a",), ("n",)]


def test_builds_of_an_architecture_for_newer_processors_are_of_it(tmp_path: Path) -> None:
    told = [said_rpm("vim", "2-1", arch=("x86_64",)), said_rpm("zlib", "2-1", arch=("i686", "noarch"))]
    hosts = {arch: [rpm("vim", "1-1", architecture=arch), rpm("zlib", "1-1", architecture=arch)]
             for arch in ("x86_64", "x86_64_v2", "aarch64", "i586", "noarch")}  # fmt: skip
    hosts["none"] = [rpm("vim", "1-1", architecture=None), rpm("vim", "2-1", architecture=None)]
    assert brief(matched([feed(tmp_path, "a", told)], hosts, ALMA), "host", "package", "installed") == [
        ("i586", "zlib", "1-1"), ("noarch", "zlib", "1-1"), ("none", "vim", "1-1"),
        ("x86_64", "vim", "1-1"), ("x86_64_v2", "vim", "1-1"),
    ]  # fmt: skip


def test_a_feed_without_epochs_is_compared_without_them(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("vim", "9.0-33.oe2203sp3", no_epochs=True, **EULER)])
    hosts = {"old": [rpm("vim", "2:9.0-32.oe2203sp3")], "new": [rpm("vim", "2:9.0-33.oe2203sp3")]}
    assert brief(matched([one], hosts, EULER), "host") == [("old",)]


def test_a_feed_with_epochs_is_compared_with_them(tmp_path: Path) -> None:
    """Also where a fix of the same package is from before it had one."""
    one = feed(tmp_path, "a", [said_rpm("vim", "2:7.9-1", advisory="B"), said_rpm("vim", "9.0-33")])
    assert matched([one], {"h": [rpm("vim", "2:8.0-1")]}, ALMA) == []


def test_a_feed_that_never_names_an_epoch_is_compared_without_them(tmp_path: Path) -> None:
    """A table that its vendor's pages were copied into, say: installed is 1:1.1.1f-15, and it asks for 1.1.1f-21."""
    told = [said_rpm("openssl", "1.1.1f-21"), said_rpm("zlib", "1.2-3")]
    hosts = {
        version: [rpm("openssl", version)] for version in ("1:1.1.1f-15", "1:1.1.1f-21", "0:1.1.1f-15", "1.1.1f-22")
    }
    assert brief(matched([feed(tmp_path, "a", told)], hosts, ALMA), "host", "status") == [
        ("0:1.1.1f-15", "fixed-available"), ("1:1.1.1f-15", "fixed-available"),
    ]  # fmt: skip


def test_an_epoch_that_a_feed_names_of_others_only_may_be_left_out(tmp_path: Path) -> None:
    """Where the answer hangs on it nobody knows."""
    told = [said_rpm("openssl", "1.1.1f-21"), said_rpm("vim", "2:9.0-1")]
    hosts = {version: [rpm("openssl", version)] for version in ("1:1.1.1f-15", "1:1.1.1f-21", "1.1.1f-15")}
    rows = matched([feed(tmp_path, "a", told)], hosts, ALMA)
    assert brief(rows, "host", "status", "words") == [
        ("1.1.1f-15", "fixed-available", None),
        ("1:1.1.1f-15", "unknown", "the feed leaves out the epoch of its version"),
    ]


def test_service_packs_are_never_compared(tmp_path: Path) -> None:
    """A package of another service pack is neither older nor newer: nobody knows."""
    one = feed(tmp_path, "a", [said_rpm("vim", "9.0-33.oe2203sp3", no_epochs=True, **EULER)])
    hosts = {"same": [rpm("vim", "2:9.0-32.oe2203sp3")], "other": [rpm("vim", "2:9.0-32.oe2203sp1")],
             "newer": [rpm("vim", "2:9.1-1.oe2203sp1")]}  # fmt: skip
    assert brief(matched([one], hosts, EULER), "host", "status", "words") == [
        ("newer", "unknown", "built for another service pack"),
        ("other", "unknown", "built for another service pack"),
        ("same", "fixed-available", None),
    ]


def test_versions_with_another_number_of_parts_are_compared(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("vim", "9.0.2092-18.oe2403", no_epochs=True, **EULER)])
    hosts = {"old": [rpm("vim", "2:9.0-33.oe2403")], "new": [rpm("vim", "2:9.0.2092.1-1.oe2403")]}
    assert brief(matched([one], hosts, EULER), "host") == [("old",)]


def test_of_two_fixes_of_a_flaw_the_later_one_is_the_whole_one(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("sudo", "1.2", advisory="A"), said("sudo", "1.4", advisory="B")])
    hosts = {"0": [deb("sudo", "1.1")], "1": [deb("sudo", "1.3")], "2": [deb("sudo", "1.4")]}
    assert brief(matched([one], hosts), "host", "advisory", "fixed") == [("0", "B", "1.4"), ("1", "B", "1.4")]


def test_the_fix_of_a_minor_release_is_enough_there(tmp_path: Path) -> None:
    """The fix of 9.4 has a higher version than that of 9.3, and needs not be there on 9.3."""
    fixes = [said_rpm("kernel-core", f"5.14.0-{fix}", advisory=fix) for fix in ("362.24.el9_3", "427.13.el9_4")]
    hosts = {
        "mended-9.3": [rpm("kernel-core", "5.14.0-362.24.el9_3")],
        "open-9.3": [rpm("kernel-core", "5.14.0-362.23.el9_3")],
        "open-9.4": [rpm("kernel-core", "5.14.0-427.12.el9_4")],
        "open-9.2": [rpm("kernel-core", "5.14.0-284.9.el9_2")],
        "mended-9.5": [rpm("kernel-core", "5.14.0-503.9.el9_5")],
    }
    assert brief(matched([feed(tmp_path, "a", fixes)], hosts, ALMA), "host", "advisory") == [
        ("open-9.2", "427.13.el9_4"), ("open-9.3", "362.24.el9_3"), ("open-9.4", "427.13.el9_4"),
    ]  # fmt: skip


def test_the_newest_feed_that_speaks_of_a_flaw_decides(tmp_path: Path) -> None:
    old = feed(tmp_path, "old", [said("sudo", "1.4"), said("vim", "9")], "2026-11-01")
    new = feed(tmp_path, "new", [said("sudo", "1.2", advisory="B")], "2026-11-29")
    rows = matched([old, new], {"h": [deb("sudo", "1.3"), deb("vim", "8")]})
    assert brief(rows, "package", "feed") == [("vim", "old")]


def test_that_a_version_is_not_affected_as_far_as_is_known_does_not_mend_it(tmp_path: Path) -> None:
    """`last_affected` tells of builds that were looked at; the fix is further on."""
    old = feed(tmp_path, "old", [said("baz", "1.0-5")], "2026-11-01")
    new = feed(tmp_path, "new", [said("baz", last_affected="1.0-1")], "2026-11-29")
    assert brief(matched([old, new], {"h": [deb("baz", "1.0-2")]}), "feed", "status") == [("old", "fixed-available")]


def test_a_build_of_a_module_without_its_label_may_be_of_any_stream(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("nodejs", "1:18.20-1.module_el9", module="nodejs:18")])
    hosts = {"old": [rpm("nodejs", "1:18.12-1.module_el9")], "new": [rpm("nodejs", "1:20.1-1.module_el9")]}
    assert brief(matched([one], hosts, ALMA), "host", "status", "words") == [
        ("old", "unknown", "the stream of its module is not known")
    ]


def test_the_same_flaw_of_an_undated_feed_weighs_less(tmp_path: Path) -> None:
    undated = feed(tmp_path, "undated", [said("sudo", "1.4")], "")
    dated = feed(tmp_path, "dated", [said("sudo", status="affected")], "2020-01-01")
    assert brief(matched([undated, dated], {"h": [deb("sudo", "1.3")]}), "feed", "status") == [
        ("dated", "affected-no-fix")
    ]


def test_a_feed_without_a_date_settles_nothing_against_one_that_has_one(tmp_path: Path) -> None:
    """What it knows to be open may be news: then nobody knows. What it takes for mended is not."""
    for dated, undated, expect in (
        ("1.2", "1.4", [("unknown", "feeds disagree, and one of them bears no date")]),
        ("1.4", "1.2", [("fixed-available", None)]),
        ("1.2", "1.2", []),
    ):
        feeds = [feed(tmp_path, f"dated{dated}", [said("sudo", dated)], "2026-11-01 2026-11-01T00:00:00Z"),
                 feed(tmp_path, f"undated{undated}", [said("sudo", undated)], " 2026-11-30T00:00:00Z")]  # fmt: skip
        assert brief(matched(feeds, {"h": [deb("sudo", "1.3")]}), "status", "words") == expect


def test_what_only_a_feed_without_a_date_knows_counts(tmp_path: Path) -> None:
    feeds = [feed(tmp_path, "dated", [said("vim", "9")]), feed(tmp_path, "undated", [said("sudo", "1.4")], "")]
    assert brief(matched(feeds, {"h": [deb("sudo", "1.3"), deb("vim", "8")]}), "package", "status") == [
        ("sudo", "fixed-available"), ("vim", "fixed-available"),
    ]  # fmt: skip


def test_a_mended_version_is_sound_though_the_feed_also_calls_all_affected(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("sudo", status="affected"), said("sudo", "1.4", advisory="B")])
    hosts = {"old": [deb("sudo", "1.3")], "new": [deb("sudo", "1.4")]}
    assert brief(matched([one], hosts), "host", "status") == [("old", "fixed-available")]


def test_what_is_affected_again_after_its_fix_is_not_mended_by_it(tmp_path: Path) -> None:
    """Ranges as OSV has them: mended in 1.4, there again from 2.0 on. What was affected before the fix is mended."""
    again = said("sudo", status="affected", introduced="2.0")
    before = said("vim", status="affected", introduced="1.0", advisory="B")
    one = feed(tmp_path, "a", [said("sudo", "1.4"), again, said("vim", "1.4"), before])
    hosts = {version: [deb("sudo", version), deb("vim", version)] for version in ("1.3", "1.5", "2.1")}
    assert brief(matched([one], hosts), "host", "package", "status") == [
        ("1.3", "sudo", "fixed-available"), ("1.3", "vim", "fixed-available"), ("2.1", "sudo", "affected-no-fix"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "expect"),
    [
        ({}, "affected-no-fix"),
        ({"introduced": "1.0"}, "affected-no-fix"),
        ({"last_affected": "1.5"}, "affected-no-fix"),
        ({"status": "will-not-fix"}, "will-not-fix"),
        ({"status": "unknown"}, "unknown"),
        ({"last_affected": "1.4"}, None),
        ({"advisory": "B"}, None),
        ({"status": "not-affected"}, None),
    ],
)
def test_an_advisory_that_contradicts_itself_passes_nothing(
    tmp_path: Path, more: dict[str, str], expect: str | None
) -> None:
    """Mended in 1.4, says one place of it; affected, says another. Before the fix they agree."""
    told = [said("sudo", "1.4"), said("sudo", **{"status": "affected", **more})]
    rows = matched([feed(tmp_path, "a", told)], {"old": [deb("sudo", "1.3")], "new": [deb("sudo", "1.5")]})
    assert brief(rows, "host", "status") == [*([("new", expect)] if expect else []), ("old", "fixed-available")]


@pytest.mark.parametrize(
    ("more", "expect"),
    [
        ({"last_affected": "1.0-7"}, ["1.0-1", "1.0-5", "1.0-7"]),
        ({"last_affected": "1.0-7", "introduced": "1.0-6"}, ["1.0-1", "1.0-7"]),
        ({"last_affected": "1.0-1"}, ["1.0-1"]),
        ({}, ["1.0-1"]),
    ],
)
def test_what_another_advisory_calls_affected_up_to_a_version_behind_the_fix_is_so(
    tmp_path: Path, more: dict[str, str], expect: list[str]
) -> None:
    told = [said("sudo", "1.0-2", advisory="A"), said("sudo", advisory="B", **more)]
    hosts = {version: [deb("sudo", version)] for version in ("1.0-1", "1.0-5", "1.0-7", "1.0-8")}
    assert [row["host"] for row in matched([feed(tmp_path, "a", told)], hosts)] == expect


def test_a_build_of_the_next_minor_release_that_is_affected_says_nothing_of_this_one(tmp_path: Path) -> None:
    hosts = {"h": [rpm("vim", "1-5.el9_3")]}
    for last, expect in (("1-7.el9_4", []), ("1-7.el9_3", [("affected-no-fix",)])):
        told = [said_rpm("vim", "1-4.el9_3", advisory="A"), said_rpm("vim", advisory="B", last_affected=last)]
        assert brief(matched([feed(tmp_path, last, told)], hosts, ALMA), "status") == expect


def test_what_an_advisory_says_of_a_range_between_two_fixes_counts(tmp_path: Path) -> None:
    between = said("sudo", introduced="2.0", last_affected="2.5")
    told = [said("sudo", "1.4"), between, said("sudo", "3.4", introduced="3.0")]
    hosts = {version: [deb("sudo", version)] for version in ("1.3", "1.5", "2.2", "2.6", "3.1", "3.4")}
    assert brief(matched([feed(tmp_path, "a", told)], hosts), "host", "status") == [
        ("1.3", "fixed-available"), ("2.2", "affected-no-fix"), ("3.1", "fixed-available"),
    ]  # fmt: skip


def test_the_fix_of_a_minor_release_does_not_outweigh_its_own_advisory(tmp_path: Path) -> None:
    hosts = {"h": [rpm("vim", "1-5.el9_3")]}
    for who, expect in (("A", [("affected-no-fix",)]), ("B", [])):
        told = [said_rpm("vim", "1-4.el9_3", advisory="A"), said_rpm("vim", advisory=who)]
        assert brief(matched([feed(tmp_path, who, told)], hosts, ALMA), "status") == expect


def test_an_unsigned_kernel_that_runs_is_exposed(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("linux-hwe-6.5", "6.5.0-20.20")])
    names = ("linux-image-unsigned-6.5.0-14-generic", "linux-modules-6.5.0-14-generic", "linux-tools-6.5.0-14-generic")
    packages = [
        deb(name, "6.5.0-14.14", source_name="linux-hwe-6.5") | {"source_version": "6.5.0-14.14"} for name in names
    ]
    running = {"release": "6.5.0-14-generic", "running": True, "package": names[0], "package_version": "6.5.0-14.14"}
    rows = matched([one], {"h": packages}, kernels={"h": [running]})
    assert brief(rows, "package", "exposed") == list(zip(names, (True, True, False), strict=True))


def test_a_package_that_its_database_holds_twice_is_listed_once(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("sudo", "2")])
    assert len(matched([one], {"h": [deb("sudo", "1"), deb("sudo", "1")]})) == 1


def test_kev_and_epss_say_what_comes_first(tmp_path: Path) -> None:
    flaws = ("CVE-2026-1", "CVE-2026-2", "CVE-2026-3", "CVE-2026-4")
    told = [
        said("sudo", "2", flaws=(flaw,), advisory=flaw, severity="high" if flaw[-1] == "3" else "") for flaw in flaws
    ]
    from datetime import date

    kev = Flaw(flaw="CVE-2026-1", exploited_since=date(2026, 11, 1), due=date(2026, 11, 22), ransomware=True)
    epss = [Flaw(flaw="CVE-2026-2", epss=0.5, percentile=0.99), Flaw(flaw="CVE-2026-3", epss=0.01, percentile=0.2)]
    feeds = [feed(tmp_path, "a", told), feed(tmp_path, "kev", [kev]), feed(tmp_path, "epss", epss)]
    rows = matched(feeds, {"h": [deb("sudo", "1")]})
    assert brief(rows, "flaw", "urgency", "exploited_since", "ransomware", "epss") == [
        ("CVE-2026-1", 1, "2026-11-01", True, None),
        ("CVE-2026-2", 2, None, None, 0.5),
        ("CVE-2026-3", 3, None, None, 0.01),
        ("CVE-2026-4", 4, None, None, None),
    ]


def test_only_the_kernel_that_runs_is_exposed(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("linux", "6.1.90-1")])
    signed = {"source_name": "linux-signed-amd64"}
    packages = [
        deb("linux-image-6.1.0-18-amd64", "6.1.76-1", source_version="6.1.76+1", **signed),
        deb("linux-image-6.1.0-20-amd64", "6.1.85-1", source_version="6.1.85+1", **signed),
        deb("linux-image-6.1.0-21-amd64", "6.1.90-1", source_version="6.1.90+1", **signed),
        deb("linux-libc-dev", "6.1.85-1", source_name="linux", source_version="6.1.85-1"),
    ]
    running = {"release": "6.1.0-20-amd64", "running": True, "package": "linux-image-6.1.0-20-amd64",
               "package_version": "6.1.85-1"}  # fmt: skip
    rows = matched([one], {"h": packages}, kernels={"h": [running]})
    assert brief(rows, "package", "exposed") == [
        ("linux-image-6.1.0-18-amd64", False),
        ("linux-image-6.1.0-20-amd64", True),
        ("linux-libc-dev", False),
    ]
    unseen = matched([one], {"h": packages})
    assert brief(unseen, "package", "exposed")[0] == ("linux-image-6.1.0-18-amd64", None)


def test_a_kernel_of_another_flavour_does_not_run_though_it_is_of_the_same_version(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("linux", "6.1.90-1"), said_rpm("kernel", "5.14.0-500.el9", by_source=True)])
    signed = {"source_name": "linux-signed-amd64", "source_version": "6.1.85+1"}
    debs = [deb(f"linux-image-6.1.0-20-{flavour}amd64", "6.1.85-1", **signed) for flavour in ("", "rt-")]
    running = {"running": True, "package": debs[0]["name"], "package_version": "6.1.85-1"}
    rows = matched([one], {"h": debs}, kernels={"h": [running]})
    assert brief(rows, "package", "exposed") == [(debs[0]["name"], True), (debs[1]["name"], False)]
    names = ("kernel-core", "kernel-modules-core", "kernel-rt-core")
    rpms = [rpm(name, "5.14.0-400.el9", source_name="kernel") for name in names]
    running = {"running": True, "package": "kernel-core", "package_version": "5.14.0-400.el9"}
    rows = matched([one], {"h": rpms}, ALMA, kernels={"h": [running]})
    assert brief(rows, "package", "exposed") == list(zip(names, (True, True, False), strict=True))


def test_of_a_running_kernel_of_no_known_package_the_version_alone_tells(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said_rpm("kernel-rt-core", "5.14.0-500.el9")])
    running = {"running": True, "package_version": "5.14.0-400.el9"}
    for version, exposed in (("5.14.0-400.el9", True), ("5.14.0-300.el9", False)):
        rows = matched([one], {"h": [rpm("kernel-rt-core", version)]}, ALMA, kernels={"h": [running]})
        assert brief(rows, "exposed") == [(exposed,)]


def test_a_kernel_of_debian_is_mended_by_the_package_that_brings_the_next(tmp_path: Path) -> None:
    """By what its host has of such; of others the package itself is."""
    one = feed(tmp_path, "a", [said("linux", "6.1.119-1"), said("vim", "2")])
    kernel = deb(
        "linux-image-6.1.0-27-amd64", "6.1.115-1", source_name="linux-signed-amd64", source_version="6.1.115+1"
    )
    cloud = {**kernel, "name": "linux-image-6.1.0-27-cloud-amd64"}
    hosts = {
        "cloud": [cloud, deb("linux-image-cloud-amd64", "6.1.119-1", source_name="linux-signed-amd64")],
        "plain": [kernel, deb("linux-image-amd64", "6.1.119-1", source_name="linux-signed-amd64"), deb("vim", "1")],
        "tools": [deb("linux-libc-dev", "6.1.115-1", source_name="linux")],
    }
    assert brief(matched([one], hosts), "host", "package", "upgrade", "reboot") == [
        ("cloud", "linux-image-6.1.0-27-cloud-amd64", "linux-image-cloud-amd64", True),
        ("plain", "linux-image-6.1.0-27-amd64", "linux-image-amd64", True),
        ("plain", "vim", "vim", False),
        ("tools", "linux-libc-dev", "linux-libc-dev", False),
    ]


def test_two_hosts_with_one_kernel_may_have_other_packages_that_bring_the_next(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("linux", "5.15.0-126.136", ecosystem="ubuntu", release="22.04")])
    kernel = deb("linux-image-5.15.0-122-generic", "5.15.0-122.132", source_name="linux-signed")
    hosts = {name: [kernel, deb(name, "5.15.0.122.122")] for name in ("linux-generic", "linux-image-virtual")}
    rows = matched([one], hosts, {"ecosystem": "ubuntu", "release": "22.04"})
    assert brief(rows, "host", "upgrade") == [(name, name) for name in hosts]


def test_the_running_kernel_of_an_rpm_host(tmp_path: Path) -> None:
    one = feed(
        tmp_path,
        "a",
        [said_rpm(name, "5.14.0-500.el9") for name in ("kernel", "kernel-core", "kernel-modules", "kernel-headers")],
    )
    source = {"source_name": "kernel"}
    names = ("kernel-core", "kernel-modules", "kernel-headers")
    packages = [rpm(name, f"5.14.0-{number}.el9", **source) for name in names for number in (300, 400)]
    running = {"release": "5.14.0-400.el9.x86_64", "running": True, "package": "kernel-core",
               "package_version": "5.14.0-400.el9"}  # fmt: skip
    rows = matched([one], {"h": packages}, ALMA, kernels={"h": [running]})
    assert {(row["package"], row["installed"]) for row in rows if row["exposed"]} == {
        ("kernel-core", "5.14.0-400.el9"), ("kernel-modules", "5.14.0-400.el9"),
    }  # fmt: skip
    assert {(row["upgrade"], row["reboot"]) for row in rows} == {
        ("kernel-core", True), ("kernel-modules", True), ("kernel-headers", False),
    }  # fmt: skip
    assert len(rows) == 6


def _patched(release: str = "2", enabled: bool | None = True) -> dict[str, object]:
    return {"name": "kernel/ACC", "target": "kernel", "enabled": enabled, "package": HOT, "version": f"1-{release}"}


HOT = "patch-kernel-5.10.0-200.oe2203sp3-ACC"


@pytest.mark.parametrize(
    ("patch", "build", "expect"),
    [
        (_patched(), "5.10.0-200.oe2203sp3", ("not-affected", "mended by a live patch")),
        (_patched("1"), "5.10.0-200.oe2203sp3", ("fixed-available", None)),
        (_patched(enabled=None), "5.10.0-200.oe2203sp3", ("fixed-available", None)),
        (_patched(enabled=False), "5.10.0-200.oe2203sp3", ("fixed-available", None)),
        (_patched(), "5.10.0-199.oe2203sp3", ("fixed-available", None)),
    ],
    ids=["in force", "an older one", "nobody knows", "not in force", "of another build"],
)
def test_a_live_patch_counts_that_is_in_force(
    tmp_path: Path, patch: dict[str, object], build: str, expect: tuple[str, str | None]
) -> None:
    told = [
        said_rpm("kernel", "5.10.0-250.oe2203sp3", no_epochs=True, **EULER),
        said_rpm(HOT, "1-2", advisory="HOT", hot=True, no_epochs=True, **EULER),
    ]
    packages = [rpm("kernel", build), rpm(HOT, str(patch["version"]))]
    rows = matched([feed(tmp_path, "a", told)], {"h": packages}, EULER, live_patches={"h": [patch]})
    assert brief(rows, "package", "status", "words") == [("kernel", *expect)]


def test_odd_versions_are_compared_as_their_package_manager_does(tmp_path: Path) -> None:
    """No key can be given to them, so pairs are compared: none is passed over."""
    one = feed(tmp_path, "a", [said("odd", "1.0€-2"), said("plain", "2")])
    hosts = {"old": [deb("odd", "1.0€-1"), deb("plain", "1")], "new": [deb("odd", "1.0€-3"), deb("plain", "3€")]}
    assert brief(matched([one], hosts), "host", "package") == [("old", "odd"), ("old", "plain")]


def test_every_host_that_has_a_package_has_its_flaws(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("sudo", "2", flaws=("CVE-1", "CVE-2")), said("vim", "9")])
    hosts = {f"h{number}": [deb("sudo", "1" if number % 2 else "2"), deb("vim", "8")] for number in range(10)}
    rows = matched([one], hosts)
    assert len(rows) == 10 + 5 * 2
    assert {row["host"] for row in rows if row["package"] == "sudo"} == {"h1", "h3", "h5", "h7", "h9"}


def test_the_rows_have_the_columns_of_the_table(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [said("sudo", "2")])
    row = matched([one], {"h": [deb("sudo", "1")]})[0]
    assert list(row) == ["host", *(column.name for column in registry()["vulnerabilities"].columns)]


def test_without_feeds_or_packages_nothing_is_found(tmp_path: Path) -> None:
    one = feed(tmp_path, "a", [Flaw(flaw="CVE-1", epss=0.5)])
    assert matched([one], {"h": [deb("sudo", "1")]}) == []
    assert matched([feed(tmp_path, "b", [said("sudo", "2")])], {"h": []}) == []


def test_what_is_worked_out_hides_no_table_from_the_rules(tmp_path: Path) -> None:
    """A rule asks for `feeds`, not for `facts.feeds`: a temporary table of that name would be asked instead."""
    con = duckdb.connect()
    relations.create(con)
    work_out(con, [feed(tmp_path, "a", [said("sudo", "2")])])
    made = {name for (name,) in con.execute("select table_name from duckdb_tables() where temporary").fetchall()}
    assert made
    assert not made & set(registry())
