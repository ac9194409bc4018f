"""The packages table."""

import gzip
import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Evidence, Status
from secops.hosts.listing import record
from secops.hosts.section import Files
from secops.hosts.tables import Facts
from secops.hosts.tables.packages import APK_INSTALLED, DPKG_STATUS, RPM_QUERY, TABLE
from tests.hosts.evidence_kit import Content, derive, evidence

DATA = Path(__file__).parent / "data"
DATABASE = gzip.decompress((DATA / "rpmdb.sqlite.gz").read_bytes())
RPM_QA = (DATA / "rpm_qa.txt").read_bytes()
SQLITE = "/usr/lib/sysimage/rpm/rpmdb.sqlite"

DPKG = """\
Package: libc6
Status: install ok installed
Priority: optional
Section: libs
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u10
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
Description: GNU C Library: Shared libraries
 Package: not-a-package
 Version: 9

Package: login
Status: hold ok installed
Architecture: amd64
Source: shadow (1:4.13+dfsg1-1+deb12u1)
Version: 1:4.13+dfsg1-1+deb12u1+b1

Package: telnetd
Status: deinstall ok config-files
Architecture: amd64
Version: 0.17-41

Package: half
Status: install reinstreq half-installed
Architecture: all
Version: 1.0
"""

APK = """\
C:Q1abc=
P:musl
V:1.2.5-r9
A:x86_64
T:the musl c library (libc) implementation
o:musl
t:1738000000
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1def=

C:Q1xyz=
P:libssl3
V:3.3.2-r4
A:x86_64
o:openssl

"""


def facts(*, carrier: str = "local", **contents: Content) -> Facts:
    return derive(TABLE, evidence(carrier=carrier, **contents))


def reasons(found: Facts) -> list[str]:
    return [problem.reason for problem in found.problems[""]]


def filtered(section: Files, text: str) -> str:
    """What the section's rewrite leaves of a text."""
    kept = []
    for line in text.split("\n"):
        rule = next((rule for rule in section.rewrite if re.search(rule[0], line)), None)
        if rule:
            kept.append(re.sub(*rule, line, count=1))
    return "\n".join(kept)


def listing(*paths: str) -> bytes:
    return b"".join(record(path.encode(), (0o100644, 0, 0, 4096, 0)) for path in paths)


def test_dpkg_gives_version_source_and_state() -> None:
    found = facts(dpkg_status={"/var/lib/dpkg/status": DPKG})
    assert reasons(found) == []
    assert found.rows[0] == {
        "name": "libc6", "kind": "dpkg", "version": "2.36-9+deb12u10", "architecture": "amd64", "source_name": "glibc",
        "source_version": "2.36-9+deb12u10", "status": "installed", "modularity": None, "vendor": None,
        "installed_at": None,
    }  # fmt: skip
    assert [(row["name"], row["version"], row["source_name"], row["source_version"]) for row in found.rows[1:2]] == [
        ("login", "1:4.13+dfsg1-1+deb12u1+b1", "shadow", "1:4.13+dfsg1-1+deb12u1")
    ]
    assert [(row["name"], row["status"]) for row in found.rows[2:]] == [("half", "half-installed")]


def test_the_rewrite_keeps_all_that_is_parsed_and_little_else() -> None:
    less = filtered(DPKG_STATUS, DPKG)
    assert "Conffiles" not in less
    assert "not-a-package" not in less
    assert facts(dpkg_status={"/var/lib/dpkg/status": less}) == facts(dpkg_status={"/var/lib/dpkg/status": DPKG})
    less = filtered(APK_INSTALLED, APK)
    assert "ld-musl" not in less
    assert facts(apk_installed={"/lib/apk/db/installed": less}) == facts(apk_installed={"/lib/apk/db/installed": APK})


def test_sed_and_python_agree_on_the_rewrite(tmp_path: Path) -> None:
    for section, text in ((DPKG_STATUS, DPKG), (APK_INSTALLED, APK)):
        (tmp_path / "in").write_text(text)
        rules = [word for ere, new in section.rewrite for word in ("-e", f"s/{ere}/{new}/;t")]
        ran = subprocess.run(["sed", "-E", *rules, "-e", "d", tmp_path / "in"], capture_output=True, check=True)
        assert ran.stdout.decode().rstrip("\n") == filtered(section, text).rstrip("\n")


def test_a_distroless_image_has_no_status_line() -> None:
    files = {
        "/var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n",
        "/var/lib/dpkg/status.d/tzdata.md5sums": "",
    }
    found = facts(carrier="root", dpkg_status=files)
    assert ([row["name"] for row in found.rows], reasons(found)) == (["tzdata"], [])


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("Package: x\nVersion: 1\n", "the entry of x has no status"),
        ("Package: x\nStatus: install ok installed\n", "the entry of x has no version"),
        ("Version: 1\nStatus: install ok installed\n", "an entry has no Package"),
        (
            "Package: x\nStatus: install ok installed\nVersion: 1\nPackage: y\nVersion: 1\n",
            "the entry of x runs into the next one",
        ),
    ],
)
def test_a_malformed_dpkg_entry_is_told(entry: str, reason: str) -> None:
    found = facts(dpkg_status={"/var/lib/dpkg/status": DPKG + "\n" + entry})
    assert reasons(found) == [f"/var/lib/dpkg/status: {reason}"]


def test_apk_gives_the_origin_as_source() -> None:
    found = facts(apk_installed={"/lib/apk/db/installed": APK})
    assert reasons(found) == []
    assert [(row["name"], row["version"], row["source_name"], row["source_version"]) for row in found.rows] == [
        ("musl", "1.2.5-r9", "musl", "1.2.5-r9"),
        ("libssl3", "3.3.2-r4", "openssl", "3.3.2-r4"),
    ]
    assert {row["kind"] for row in found.rows} == {"apk"}


def test_two_paths_of_one_apk_database_count_once() -> None:
    found = facts(apk_installed={"/lib/apk/db/installed": APK, "/usr/lib/apk/db/installed": APK})
    assert len(found.rows) == 2


def test_the_rpm_query_and_our_own_decoder_agree() -> None:
    live = facts(rpm_query=RPM_QA, rpm_files=listing(SQLITE))
    image = facts(carrier="root", rpm_sqlite={SQLITE: DATABASE}, rpm_files=listing(SQLITE))
    assert reasons(live) == reasons(image) == []
    assert live.rows == image.rows
    assert "gpg-pubkey" not in {row["name"] for row in live.rows}
    assert [(row["version"], row["source_name"], row["source_version"]) for row in live.rows[:3]] == [
        ("1:18.20.4-1.module_el8+1", "nodejs", "18.20.4-1.module_el8+1"),
        ("1:1.1.1wa-9.oe2203sp3", "openssl", "1.1.1wa-9.oe2203sp3"),
        ("5.1.8-6.oe2203sp3", "bash", "5.1.8-6.oe2203sp3"),
    ]
    assert live.rows[0]["modularity"] == "nodejs:18:8100020240807:489197e6"
    assert live.rows[0]["vendor"] == "某厂商"
    assert live.rows[1]["modularity"] is None
    assert isinstance(live.rows[0]["installed_at"], int)
    assert [row["version"] for row in live.rows if row["name"] in ("kernel", "localtool")] == [
        "5.10.0-60.18.0.50.oe2203", "5.10.0.1-216.0.0.115.oe2203sp4", "0.9~rc1-1",
    ]  # fmt: skip


def test_a_rpm_line_that_does_not_fit_is_told() -> None:
    found = facts(rpm_query=RPM_QA + b"broken\t\n")
    assert (len(found.rows), reasons(found)) == (7, ["rpm -qa: line 9 is not a package"])


@pytest.mark.parametrize("status", [Status.FAILED, Status.DENIED, Status.TIMEOUT, Status.TRUNCATED])
def test_a_rpm_query_that_did_not_end_well_is_never_whole(status: Status) -> None:
    found = facts(rpm_query=status, dpkg_status={"/var/lib/dpkg/status": DPKG})
    assert reasons(found) == [f"test: {status}"]


def test_rpm_installed_on_a_dpkg_host_is_no_problem() -> None:
    found = facts(
        rpm_query="", rpm_files=listing("/var/lib/rpm/rpmdb.sqlite"), dpkg_status={"/var/lib/dpkg/status": DPKG}
    )
    assert reasons(found) == []


def test_a_rpm_database_without_rpm_is_a_problem() -> None:
    found = facts(rpm_files=listing("/var/lib/rpm/Packages"), dpkg_status={"/var/lib/dpkg/status": DPKG})
    assert reasons(found) == ["/var/lib/rpm/Packages is there, but no rpm command to read it"]


@pytest.mark.parametrize(("name", "kind"), [("Packages", "Berkeley DB"), ("Packages.db", "ndb")])
def test_an_image_with_an_older_rpm_database_is_not_whole(name: str, kind: str) -> None:
    found = facts(carrier="root", rpm_files=listing(f"/var/lib/rpm/{name}"))
    assert reasons(found) == [f"/var/lib/rpm/{name} is an rpm database in {kind} format: scan the running host instead"]


def test_an_image_with_a_link_between_the_two_places_counts_once() -> None:
    found = facts(carrier="root", rpm_sqlite={SQLITE: DATABASE, "/var/lib/rpm/rpmdb.sqlite": DATABASE})
    assert (len(found.rows), reasons(found)) == (7, [])


def test_the_write_ahead_log_of_an_image_is_read(tmp_path: Path) -> None:
    (tmp_path / "rpmdb.sqlite").write_bytes(DATABASE)
    connection = sqlite3.connect(tmp_path / "rpmdb.sqlite")
    connection.execute("DELETE FROM Packages WHERE hnum <= 2")
    connection.commit()
    log = (tmp_path / "rpmdb.sqlite-wal").read_bytes()
    connection.close()
    found = facts(carrier="root", rpm_sqlite={SQLITE: DATABASE, f"{SQLITE}-wal": log})
    assert (len(found.rows), reasons(found)) == (5, [])


def test_two_rpm_databases_that_differ_are_told() -> None:
    found = facts(carrier="root", rpm_sqlite={SQLITE: DATABASE, "/var/lib/rpm/rpmdb.sqlite": DATABASE + b"\0"})
    assert "there are two different rpm databases" in reasons(found)


def test_a_database_of_an_image_that_cannot_be_read_is_told() -> None:
    found = facts(carrier="root", rpm_sqlite={SQLITE: b"not a database"})
    assert reasons(found) == [f"{SQLITE}: not an SQLite database"]


def test_headers_that_cannot_be_read_are_counted() -> None:
    damaged = DATABASE.replace(b"bash\x005.1.8\x00", b"\0ash\x005.1.8\x00")
    assert damaged != DATABASE
    found = facts(carrier="root", rpm_sqlite={SQLITE: damaged})
    assert "1 package headers cannot be read" in reasons(found)[0]
    assert len(found.rows) == 6


def test_a_host_without_any_package_database_is_not_whole() -> None:
    for carrier in ("local", "root"):
        assert reasons(facts(carrier=carrier)) == ["no dpkg, rpm or apk database lists a package"]


def test_a_database_that_may_not_be_read_is_not_whole() -> None:
    found = facts(dpkg_status={"/var/lib/dpkg/status": Status.DENIED})
    assert found.problems[""][0].status is Status.DENIED


def test_a_manifest_without_the_rpm_section_of_the_carrier_is_not_whole() -> None:
    known = evidence(dpkg_status={"/var/lib/dpkg/status": DPKG})
    sections = {name: seen for name, seen in known.sections.items() if name != RPM_QUERY.name}
    assert derive(TABLE, Evidence("ssh", "test", 0, sections)).problems[""]


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["busybox", "ash"]])
def test_the_query_says_so_where_rpm_is_not_installed(shell: list[str], tmp_path: Path) -> None:
    program = next((Path(d, shell[0]) for d in os.get_exec_path() if Path(d, shell[0]).exists()), Path("/bin/sh"))
    arguments = shell[1:] if program.name == shell[0] else []
    ran = subprocess.run([program, *arguments, "-c", RPM_QUERY.script], env={"PATH": str(tmp_path)}, check=False)
    assert ran.returncode == 66


@given(st.binary(max_size=400), st.sampled_from(["local", "root"]))
def test_any_bytes_parse_without_raising(raw: bytes, carrier: str) -> None:
    facts(
        carrier=carrier,
        dpkg_status={"/var/lib/dpkg/status": raw, "/var/lib/dpkg/status.d/x": b"Package: a\nVersion: 1\n" + raw},
        apk_installed={"/lib/apk/db/installed": b"P:" + raw},
        rpm_query=b"a\t\t1\t1\tx\ts\tm\t9\tv\n" + raw,
        rpm_files=raw,
        rpm_sqlite={SQLITE: DATABASE[:4096] + raw + DATABASE[4096 + len(raw) :], "/var/lib/rpm/rpmdb.sqlite": raw},
    )
