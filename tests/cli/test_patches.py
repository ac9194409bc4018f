"""`citywall patches` as a user runs it: feeds from files, a scan of images of three distributions, lists of flaws."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cyclonedx.model.bom import Bom

from tests.cli.scan_kit import at_terminal
from tests.cli.store_kit import citywall, fits, is_inert
from tests.patches.feed_kit import archive, days_ago, epss, kev, osv
from tests.patches.image_kit import Package, image, inventory

DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'
ALMA = 'ID="almalinux"\nVERSION_ID="9.4"\n'
ALPINE = "ID=alpine\nVERSION_ID=3.19.1\n"
FEDORA = "ID=fedora\nVERSION_ID=43\n"


#: What the host with a kernel has of it: the code, what brings the newest, and headers.
KERNEL = ("linux-image-6.1.0-27-amd64", "linux-image-amd64", "linux-libc-dev")

#: What a terminal, a page or a spreadsheet would obey.
HOSTILE = "\x1b]0;owned\x07[bold]x[/]\u202e=cmd<script>\x9b31m"


def tracker(path: Path) -> Path:
    """Debian's tracker: what is mended, what is not, and what will not be."""

    def release(status: str, **more: str) -> dict[str, Any]:
        return {
            "bookworm": {"status": status, "repositories": {"bookworm": "1"}, "urgency": "not yet assigned", **more}
        }

    path.write_text(json.dumps({
        "openssl": {"CVE-2026-1001": {"releases": release("resolved", fixed_version="3.0.12-1")},
                    "CVE-2026-1002": {"releases": release("resolved", fixed_version="3.0.13-1")}},
        "vim": {"CVE-2026-1003": {"releases": release("open")},
                "CVE-2026-1004": {"releases": release("open", nodsa="Minor issue", nodsa_reason="ignored")}},
        "sudo": {"CVE-2026-1005": {"releases": release("resolved", fixed_version="0")}},
        "linux": {"CVE-2026-1006": {"releases": release("resolved", fixed_version="6.1.119-1")}},
    }))  # fmt: skip
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few hosts. No feed speaks of Fedora; of one host no flaw is open, of one no upgrade mends any.

    One runs a kernel of Debian's, which an upgrade of its own package mends never.
    """
    folder = tmp_path_factory.mktemp("patches")
    old = {"modified": f"{days_ago(9)}T00:00:00Z"}
    feeds = [
        tracker(folder / "tracker.json"),
        archive(folder / "alma.zip", [
            osv("ALSA-2026:1001", ("AlmaLinux:9", "openssl", "1:3.0.12-1.el9")),
            osv("ALSA-2026:1002", ("AlmaLinux:9", "vim-minimal", "2:8.2-9.el9"), flaws=["CVE-2026-1003"],
                summary=HOSTILE, references=[{"type": "ADVISORY", "url": f"https://x/{HOSTILE}"}]),
            osv(HOSTILE, ("AlmaLinux:9", "sed", "1-1"), flaws=["CVE-2026-1003"]),
        ]),
        archive(folder / "alpine.zip", [
            osv("ALPINE:1", ("Alpine:v3.19", "openssl", "3.0.12-r1"), **old),
            osv("ALPINE:9", ("Alpine:v3.19", "busybox", "1.36-r9"), **old),
        ]),
        kev(folder / "kev.json", "CVE-2026-1003"),
        epss(folder / "epss.csv", {"CVE-2026-1001": 0.42, "CVE-2026-1002": 0.001}),
    ]  # fmt: skip
    done = citywall(folder, "patches", "feeds", "import", "--whole", "--as-of", days_ago(0), *map(str, feeds))
    assert done.returncode == 0, done.stderr
    openssl = [Package(name, "3.0.11-1", "openssl") for name in ("libssl3", "openssl")]
    hosts = {
        "deb": image(folder / "deb", "deb", DEBIAN,
                     [*openssl, Package("vim-tiny", "2:9.0-1", "vim"), Package("sudo", "1.9-1")], "dpkg"),
        "alma": image(folder / "alma", "alma", ALMA,
                      [Package("openssl", "1:3.0.11-1.el9"), Package("vim-minimal", "2:8.2-8.el9", "vim")], "rpm"),
        "alpine": image(folder / "alpine", "alpine", ALPINE,
                        [Package("libssl3", "3.0.12-r0", "openssl"), Package("busybox", "1.36-r9")], "apk"),
        "evil": image(folder / "evil", HOSTILE, ALMA,
                      [*(Package(name, "1-1") for name in ("=cmd|x", HOSTILE, "a/b", "..", "/")),
                       Package("vim-minimal", f"1-1{HOSTILE}", HOSTILE)], "rpm"),
        "fedora": image(folder / "fedora", "fedora", FEDORA, [Package("openssl", "1:3.0.11-1.fc43")], "rpm"),
        "kern": image(folder / "kern", "kern", DEBIAN,
                      [Package("linux-image-6.1.0-27-amd64", "6.1.115-1", "linux-signed-amd64", "6.1.115+1"),
                       Package("linux-image-amd64", "6.1.115-1", "linux-signed-amd64", "6.1.115+1"),
                       Package("linux-libc-dev", "6.1.115-1", "linux")], "dpkg"),
        "open": image(folder / "open", "open", DEBIAN, [Package("vim-tiny", "2:9.0-1", "vim")], "dpkg"),
        "sound": image(folder / "sound", "sound", DEBIAN,
                       [Package("openssl", "3.0.13-1"), Package("sudo", "1.9-1")], "dpkg"),
    }  # fmt: skip
    scanned(folder, hosts)
    return folder


def scanned(home: Path, hosts: dict[str, Path]) -> None:
    """Scan these, and a host that does not answer."""
    names = inventory(home / "hosts.yml", hosts)
    names.write_text(f'{names.read_text()}  - {{name: silent, ssh: "ssh://127.0.0.1:1"}}\n')
    few = ("--only", "feed-stale", "--min-coverage", "0", "--fail-on", "never")
    done = citywall(home, "scan", "--inventory", str(names), *few)
    assert done.returncode == 3, done.stderr


@cache
def patches(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """What `citywall patches` answers: whatever feeds and hosts say in it, a terminal obeys none of it."""
    done = citywall(home, "patches", *args)
    assert is_inert(done.stdout + done.stderr)
    return done


def listed(home: Path, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(home, *args)["rows"]
    return found


def document(home: Path, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(patches(home, "list", *args, "--format", "json").stdout)
    return found


def asked(home: Path, query: str) -> list[tuple[Any, ...]]:
    """What the tables of the only run answer; `v` are its vulnerabilities with the columns of `hosts`."""
    (run,) = (home / "runs").iterdir()
    hosts = f"(select host, ecosystem from '{run}/hosts.parquet')"  # noqa: S608 - paths of ours
    v = f"(from '{run}/vulnerabilities.parquet' join {hosts} using (host))"
    return duckdb.sql(query.replace("from v", f"from {v}")).fetchall()


def test_what_each_host_has_is_told_by_its_own_feed(home: Path) -> None:
    query = "select host, package, flaw, status, fixed from vulnerabilities order by host, package, flaw"
    rows = json.loads(citywall(home, "sql", query, "--format", "json").stdout)
    assert [tuple(row.values()) for row in rows] == [
        ("alma", "openssl", "CVE-2026-2001", "fixed-available", "1:3.0.12-1.el9"),
        ("alma", "vim-minimal", "CVE-2026-1003", "fixed-available", "2:8.2-9.el9"),
        ("alpine", "libssl3", "CVE-2026-1001", "fixed-available", "3.0.12-r1"),
        ("deb", "libssl3", "CVE-2026-1001", "fixed-available", "3.0.12-1"),
        ("deb", "libssl3", "CVE-2026-1002", "fixed-available", "3.0.13-1"),
        ("deb", "openssl", "CVE-2026-1001", "fixed-available", "3.0.12-1"),
        ("deb", "openssl", "CVE-2026-1002", "fixed-available", "3.0.13-1"),
        ("deb", "sudo", "CVE-2026-1005", "not-affected", None),
        ("deb", "vim-tiny", "CVE-2026-1003", "affected-no-fix", None),
        ("deb", "vim-tiny", "CVE-2026-1004", "will-not-fix", None),
        ("evil", "vim-minimal", "CVE-2026-1003", "fixed-available", "2:8.2-9.el9"),
        *(("kern", package, "CVE-2026-1006", "fixed-available", "6.1.119-1") for package in KERNEL),
        ("open", "vim-tiny", "CVE-2026-1003", "affected-no-fix", None),
        ("open", "vim-tiny", "CVE-2026-1004", "will-not-fix", None),
        ("sound", "sudo", "CVE-2026-1005", "not-affected", None),
    ]


def test_by_upgrade_each_row_says_what_to_install_and_why_it_is_first(home: Path) -> None:
    rows = listed(home)
    assert [(row["package"], row["to"], row["ecosystem"], row["flaws"], row["hosts"]) for row in rows] == [
        ("vim-minimal", "2:8.2-9.el9", "almalinux", 1, 2),  # KEV
        ("libssl3", "3.0.12-r1", "alpine", 1, 1),  # EPSS
        ("libssl3", "3.0.13-1", "debian", 2, 1),
        ("openssl", "3.0.13-1", "debian", 2, 1),
        ("linux-image-amd64", "6.1.119-1", "debian", 1, 1),
        ("openssl", "1:3.0.12-1.el9", "almalinux", 1, 1),
    ]
    assert [(row["mends"], row["reboot"]) for row in rows][-2:] == [([KERNEL[0]], True), (["openssl"], False)]
    (kernel,) = (line for line in patches(home, "list").stdout.splitlines() if line.startswith("linux"))
    assert kernel.startswith("linux-image-amd64, then restart the host  6.1.119-1")
    done = patches(home, "list", "--most", "3")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + 3 + 2
    assert "exploited (KEV since 2026-03-01, due 2026-03-22), used by ransomware" in lines[1]
    assert "EPSS 42.0 %" in lines[2]
    assert "the feed osv-alpine-3.19 was 9 days old: what came out since is not known\n" in done.stderr
    assert lines[-2:] == ["… and 3 more: --most 6", "No upgrade mends 1 flaw: `--by flaw` lists it."]


def test_by_flaw_and_by_host(home: Path) -> None:
    rows = listed(home, "--by", "flaw")
    assert [(row["flaw"], row["packages"], row["hosts"], row["statuses"]) for row in rows] == [
        ("CVE-2026-1003", ["vim-minimal", "vim-tiny"], 4, ["affected-no-fix", "fixed-available"]),
        ("CVE-2026-1001", ["libssl3", "openssl"], 2, ["fixed-available"]),
        ("CVE-2026-1002", ["libssl3", "openssl"], 1, ["fixed-available"]),
        ("CVE-2026-1004", ["vim-tiny"], 2, ["will-not-fix"]),
        ("CVE-2026-1006", list(KERNEL), 1, ["fixed-available"]),
        ("CVE-2026-2001", ["openssl"], 1, ["fixed-available"]),
    ]
    rows = listed(home, "--by", "host")
    assert {(row["host"], row["flaws"], row["mendable"], row["packages"]) for row in rows} == {
        ("deb", 4, 2, 2), ("alma", 2, 2, 2), ("alpine", 1, 1, 1), ("evil", 1, 1, 1), ("open", 2, 0, 0),
        ("kern", 1, 1, 2),
    }  # fmt: skip
    assert [row["host"] for row in rows][-2:] == ["alpine", "kern"]  # of the others one flaw is exploited


def test_every_count_traces_to_the_table(home: Path) -> None:
    """Whatever a list counts, one query over `vulnerabilities` counts alike."""
    ((flaws, pairs),) = asked(
        home, "select count(distinct flaw), count(distinct (flaw, host)) from v where status <> 'not-affected'"
    )
    assert len(listed(home, "--by", "flaw")) == flaws
    assert sum(row["hosts"] for row in listed(home, "--by", "flaw")) == pairs
    assert sum(row["flaws"] for row in listed(home, "--by", "host")) == pairs
    upgrades = asked(
        home,
        "select upgrade, ecosystem, count(distinct flaw), count(distinct host), count(*) = count(advisory) from v"
        " where status = 'fixed-available' and exposed is not false group by all",
    )
    ground = asked(home, "select flaw, list(distinct advisory), list(distinct feed), list(distinct host) from v"
                         " where status <> 'not-affected' group by flaw")  # fmt: skip
    flawed = listed(home, "--by", "flaw")
    stands = [(row["flaw"], row["advisories"], row["feeds"], row["on_hosts"]) for row in flawed]
    assert sorted(stands) == sorted((flaw, *map(sorted, lists)) for flaw, *lists in ground)
    rows = listed(home)
    assert {(row["package"], row["ecosystem"], row["flaws"], row["hosts"], True) for row in rows} == set(upgrades)
    assert all(len(row["which"]) == row["flaws"] for row in rows)


def test_only_one_host_of_them(home: Path) -> None:
    assert {row["flaw"] for row in listed(home, "--host", "alma", "--host", "alpine", "--by", "flaw")} == {
        "CVE-2026-1001", "CVE-2026-1003", "CVE-2026-2001",
    }  # fmt: skip
    done = patches(home, "list", "--host", "alme")
    assert (done.returncode, done.stdout) == (2, "")
    assert "alme: the run has no such host" in done.stderr
    assert "alma" in done.stderr.splitlines()[1]


def test_a_host_that_no_feed_speaks_of_is_unknown_and_not_clean(home: Path) -> None:
    done = patches(home, "list", "--host", "fedora")
    assert done.returncode == 3
    assert "fedora: flaws may be missing, or stand too low: no feed is imported for fedora 43" in done.stderr
    assert done.stdout == "No known flaw was found, but not every host could be judged.\n"


def test_a_host_that_did_not_answer_is_unknown_and_not_clean(home: Path) -> None:
    """Beside one on which nothing is open; and a name that no host has is told as before."""
    done = patches(home, "list", "--host", "silent", "--host", "sound")
    assert done.returncode == 3
    assert done.stderr.startswith("silent: flaws may be missing, or stand too low: ")
    assert done.stdout == "No known flaw was found, but not every host could be judged.\n"
    assert patches(home, "list", "--host", "sound").returncode == 0
    assert any("citywall:not-judged" in str(p) and "silent: " in p.value for p in bom(home).properties)
    assert "silent" in patches(home, "list", "--host", "silence").stderr.splitlines()[1]


def test_json_bears_the_feeds_and_the_hosts_that_could_not_be_judged(home: Path) -> None:
    found = document(home, "--most", "1")
    assert (found["by"], found["of"], len(found["rows"]), found["run"]) == (
        "upgrade", 6, 1, next((home / "runs").iterdir()).name,
    )  # fmt: skip
    assert [(feed["feed"], feed["as_of"], feed["is_stale"]) for feed in found["feeds"]] == [
        ("debian-tracker-debian-12", days_ago(0), False), ("epss", days_ago(1), False), ("kev", days_ago(1), False),
        ("osv-almalinux-9", days_ago(1), False), ("osv-alpine-3.19", days_ago(9), True),
    ]  # fmt: skip
    assert [one["host"] for one in found["unjudged"]] == ["fedora", "silent"]
    assert found["unjudged"][0]["reason"] == "no feed is imported for fedora 43"
    fixes = "the feeds tell only of flaws that have a fix"
    assert {"what": "unfixed", "reason": fixes, "hosts": 3} in found["lacks"]
    one = document(home, "--host", "sound")
    assert [feed["feed"] for feed in one["feeds"]] == ["debian-tracker-debian-12", "epss", "kev"]
    assert (one["rows"], one["unjudged"], one["lacks"]) == ([], [], [])


def table(home: Path, *args: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(patches(home, "list", *args, "--format", "csv").stdout)))


def test_csv_has_its_titles_also_when_it_has_no_rows(home: Path) -> None:
    titles = "to,package,kind,ecosystem,release,fixes,reboot,statuses,mends,flaws,hosts,which,urgency"
    assert patches(home, "list", "--host", "sound", "--format", "csv").stdout.startswith(titles)
    assert table(home, "--host", "sound") == []


@pytest.mark.parametrize(("by", "key"), [("upgrade", "package"), ("flaw", "flaw"), ("host", "flaws")])
def test_csv_has_a_row_for_each_host_that_could_not_be_judged(home: Path, by: str, key: str) -> None:
    rows = table(home, "--by", by)
    unjudged = [row for row in rows if not row[key]]
    assert [(row["host"], row["statuses"], bool(row["reason"])) for row in unjudged] == [
        ("fedora", "unknown", True), ("silent", "unknown", True),
    ]  # fmt: skip
    assert unjudged[0]["reason"] == "no feed is imported for fedora 43"
    assert not any(row["reason"] for row in rows if row[key])
    assert [(row[key], row["statuses"]) for row in rows if row[key]] == [
        (str(row[key]), " ".join(row["statuses"])) for row in listed(home, "--by", by)
    ]


def bom(home: Path, *args: str) -> Bom:
    text = patches(home, "list", "--format", "vex", *args).stdout
    assert is_inert(text)
    return Bom.from_json(json.loads(text))  # type: ignore[attr-defined, no-any-return]  # made by a decorator


def test_vex_says_what_the_table_says(home: Path) -> None:
    document = bom(home)
    names = {str(one.bom_ref): one for one in document.components}
    hosts = {ref: [p.value for p in one.properties if p.name == "citywall:host"] for ref, one in names.items()}
    told = Counter(
        (vulnerability.id, names[target.ref].name, names[target.ref].version, host)
        for vulnerability in document.vulnerabilities
        for target in vulnerability.affects
        for host in hosts[target.ref]
    )
    assert told == Counter(asked(home, "select flaw, package, installed, host from v"))
    states = {
        (str(one.id), str(one.source.name)): (one.analysis.state.value, [r.value for r in one.analysis.responses])
        for one in document.vulnerabilities
    }
    assert states["CVE-2026-1003", "CVE-2026-1003"] == ("exploitable", [])
    assert states["CVE-2026-1003", "ALSA-2026:1002"] == ("exploitable", ["update"])
    assert states["CVE-2026-1004", "CVE-2026-1004"] == ("exploitable", ["will_not_fix"])
    purls = {str(one.purl) for one in document.components}
    assert "pkg:rpm/almalinux/openssl@3.0.11-1.el9?arch=x86_64&distro=almalinux-9&epoch=1" in purls
    assert "pkg:deb/debian/vim-tiny@2:9.0-1?arch=amd64&distro=debian-12" in purls
    assert "pkg:apk/alpine/libssl3@3.0.12-r0?arch=x86_64&distro=alpine-3.19" in purls


def test_vex_bears_the_dates_of_its_feeds_and_which_are_stale(home: Path) -> None:
    told = {one.name: one.value for one in bom(home).properties if one.name.startswith("citywall:feed:")}
    assert told["citywall:feed:osv-almalinux-9"] == days_ago(1)
    assert told["citywall:feed:osv-alpine-3.19"] == f"{days_ago(9)}, stale"
    assert "citywall:feed:osv-alpine-3.19" not in {one.name for one in bom(home, "--host", "alma").properties}


def test_vex_of_one_host_into_a_file(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "flaws.cdx.json"
    done = patches(home, "list", "--host", "alma", "--format", "vex", "-o", str(out))
    assert (done.returncode, done.stdout) == (1, "")
    assert {one["name"] for one in json.loads(out.read_text())["components"]} == {"openssl", "vim-minimal"}
    done = patches(home, "list", "-o", str(out))
    assert done.returncode == 2
    assert "-o goes with --format vex" in done.stderr


def test_flaws_that_no_upgrade_mends_are_no_clean_list(home: Path) -> None:
    """By upgrade there is no row, and yet something is open."""
    done = patches(home, "list", "--host", "open")
    assert (done.returncode, done.stdout) == (1, "No upgrade mends 2 flaws: `--by flaw` lists them.\n")


def test_feeds_say_in_their_own_words_what_a_fix_needs_and_why_there_is_none(home: Path) -> None:
    lines = patches(home, "list", "--host", "open", "--by", "flaw").stdout.splitlines()
    assert any("CVE-2026-1004" in line and "will not be fixed (ignored)" in line for line in lines)
    assert any("CVE-2026-1003" in line and "no fix yet  " in line for line in lines)


def test_of_an_image_nobody_knows_what_runs(home: Path) -> None:
    rows = listed(home, "--host", "kern", "--host", "deb", "--by", "flaw")
    assert {(row["listening"], row["as_root"]) for row in rows} == {(None, None)}
    assert {row["flaw"]: row["exposed"] for row in rows}["CVE-2026-1006"] is None


def test_that_feeds_out_of_date_tell_of_nothing_is_not_clean(tmp_path: Path) -> None:
    roots = {"old": image(tmp_path / "old", "old", ALPINE, [Package("busybox", "1.36-r9")], "apk"),
             "new": image(tmp_path / "new", "new", DEBIAN, [Package("openssl", "3.0.13-1")], "dpkg")}  # fmt: skip
    aged = osv("ALPINE:9", ("Alpine:v3.19", "busybox", "1.36-r9"), modified=f"{days_ago(699)}T00:00:00Z")
    feeds = [tracker(tmp_path / "tracker.json"), archive(tmp_path / "alpine.zip", [aged])]
    done = citywall(tmp_path, "patches", "feeds", "import", "--whole", "--as-of", days_ago(0), *map(str, feeds))
    assert done.returncode == 0
    scanned(tmp_path, roots)
    clean, old = (citywall(tmp_path, "patches", "list", "--host", host) for host in ("new", "old"))
    assert (clean.returncode, clean.stdout) == (0, "No known flaw is open in what is installed.\n")
    headline = "No known flaw was found, but the feeds are out of date: what came out since is not known.\n"
    assert (old.returncode, old.stdout) == (3, headline)
    assert citywall(tmp_path, "patches", "list", "--host", "old", "--format", "vex").returncode == 3


def test_what_is_mended_or_does_not_concern_the_host_is_clean(home: Path) -> None:
    done = patches(home, "list", "--host", "sound")
    assert (done.returncode, done.stdout, done.stderr) == (0, "No known flaw is open in what is installed.\n", "")
    every = patches(home, "list", "--host", "sound", "--all", "--by", "flaw", "--format", "json")
    assert every.returncode == 0
    assert [(row["flaw"], row["statuses"]) for row in json.loads(every.stdout)["rows"]] == [
        ("CVE-2026-1005", ["not-affected"])
    ]


def test_without_a_run_there_is_nothing_to_list(tmp_path: Path) -> None:
    assert citywall(tmp_path, "patches", "list").returncode == 2


# --- feeds ------------------------------------------------------------------------------------------------------------


def test_feeds_are_shown_with_age_and_removed(tmp_path: Path) -> None:
    assert citywall(tmp_path, "patches", "feeds", "status").returncode == 3
    old = kev(tmp_path / "kev.json", "CVE-2026-1001", as_of=days_ago(9))
    bad = archive(tmp_path / "a.zip", {
        "1.json": osv("ALSA-2026:1", ("AlmaLinux:9", "vim", "1-1")), "2.json": "{", "3.json": "{}",
    })  # fmt: skip
    done = citywall(tmp_path, "patches", "feeds", "import", str(old), str(bad))
    assert done.returncode == 0
    assert "kev: 1 flaw, 9 days old: stale\n" in done.stdout
    assert "2 entries do not count, or not as they stand:" in done.stderr
    status = citywall(tmp_path, "patches", "feeds", "status")
    assert status.returncode == 1
    assert "9 days old: stale" in status.stdout
    found = json.loads(citywall(tmp_path, "patches", "feeds", "status", "--format", "json").stdout)
    assert [(one["name"], one["stale"], one["rejected"]) for one in found] == [
        ("alsa-2026-1", False, 2),
        ("kev", True, 0),
    ]
    rejects = citywall(tmp_path, "patches", "feeds", "status", "alsa-2026-1", "--format", "json")
    assert [Path(one["where"]).name for one in json.loads(rejects.stdout)] == ["a.zip: 2.json", "a.zip: 3.json"]
    assert rejects.returncode == 0
    assert citywall(tmp_path, "patches", "feeds", "remove", "kev").returncode == 0
    assert citywall(tmp_path, "patches", "feeds", "status").returncode == 0
    gone = citywall(tmp_path, "patches", "feeds", "remove", "kev")
    assert (gone.returncode, gone.stderr.splitlines()[0]) == (2, "citywall: kev: there is no such feed")
    assert citywall(tmp_path, "patches", "feeds", "status", "kev").returncode == 2
    for limit in (["--max-age", "9"], []):  # it is kept
        assert "stale" not in citywall(tmp_path, "patches", "feeds", "import", *limit, str(old)).stdout


def test_what_contradicts_itself_in_a_feed_is_told_by_name_and_counted(tmp_path: Path) -> None:
    """Before other rejects, many as those are; a feed without one tells of none."""
    others = {f"{number}.json": "{" for number in range(4)}
    told = ["  4 × is of no format that is known here", "    0.json", "    1.json"]
    torn = ["  1 × mended in two versions at once: the later one counts",
            "    a.json: ALSA-2026:1: vim (almalinux 9): 1-1, 2-1"]  # fmt: skip
    for name, fixes, expect in (("torn", ("1-1", "2-1"), [*torn, *told]), ("sound", ("1-1",), told)):
        advisory = osv("ALSA-2026:1", *(("AlmaLinux:9", "vim", fixed) for fixed in fixes))
        path = archive(tmp_path / f"{name}.zip", {**others, "a.json": advisory})
        done = citywall(tmp_path, "patches", "feeds", "import", "--name", name, str(path))
        first, *lines, last = done.stderr.splitlines()
        assert (lines, last) == (expect, f"  All of them: citywall patches feeds status {name}")
        assert "entries do not count, or not as they stand:" in first
    found = json.loads(citywall(tmp_path, "patches", "feeds", "status", "--format", "json").stdout)
    assert [(one["name"], one["rejected"], one["contradictions"]) for one in found] == [("sound", 4, 0), ("torn", 5, 1)]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--name", "a", "a", "a"], "--name goes with one FILE"),
        (["--name", "A", "a"], "A feed's name has small letters"),
        (["--name", "../a", "a"], "A feed's name has small letters"),
        (["a"], "is of no format that is known here"),
        (["none"], "No such file or directory"),
    ],
)
def test_wrong_usage_of_an_import(tmp_path: Path, args: list[str], said: str) -> None:
    (tmp_path / "a").write_text("no feed")
    names = [str(tmp_path / arg) if arg in ("a", "none") and at != 1 else arg for at, arg in enumerate(args)]
    done = citywall(tmp_path, "patches", "feeds", "import", *names)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


# --- what is shown ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "lang"),
    [
        (["list"], "en"),
        (["list", "--by", "flaw"], "zh"),
        (["list", "--by", "host"], "zh"),
        (["feeds", "status"], "en"),
        (["feeds", "status"], "zh"),
    ],
)
def test_what_is_shown_fits_a_terminal_in_both_languages(home: Path, args: list[str], lang: str) -> None:
    said = at_terminal(home, "patches", *args, "--lang", lang)
    assert is_inert(said)
    assert fits(said), said
    assert any("一" <= char <= "龥" for char in said) == (lang == "zh")


def test_what_was_not_understood_is_inert_in_every_format(home: Path) -> None:
    for fmt in ("text", "json", "csv"):
        done = patches(home, "feeds", "status", "osv-almalinux-9", "--format", fmt)
        assert (done.returncode, "no id of an advisory" in done.stdout) == (0, True)


def test_a_part_of_a_feed_that_takes_the_place_of_the_whole_is_told(tmp_path: Path) -> None:
    told = []
    for count in (40, 39, 5):
        entries = [osv(f"ALSA-2026:{number}", ("AlmaLinux:9", "vim", "1-1")) for number in range(1, count + 1)]
        path = archive(tmp_path / f"{count}.zip", entries)
        told.append("takes the place of" in citywall(tmp_path, "patches", "feeds", "import", str(path)).stderr)
    assert told == [False, False, True]
