"""What package managers say of special files, from the records of the walk."""

from __future__ import annotations

import gzip
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.origin import MAX_DIGESTED
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.special_files import TABLE
from tests.hosts.evidence_kit import derive, evidence

DATA = Path(__file__).parent / "data"
PASSWD = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\n"}
GROUP = {"/etc/group": "root:x:0:\nshadow:x:42:\nops:x:1000:\n"}

A, B, C = "a" * 32, "b" * 32, "c" * 32
INFO = "/var/lib/dpkg/info"
ITSELF = f"{INFO}/dpkg.list:/usr/bin/dpkg"


def tagged(*fields: str) -> bytes:
    return b"".join(field.encode() + b"\0" for field in fields)


def entry(path: str, mode: int = 0o4755, uid: int = 0, gid: int = 0, size: int = 10, kind: int = stat.S_IFREG) -> bytes:
    return record(path.encode(), (kind | mode, uid, gid, size, 1))


def looked(path: str, *others: str) -> bytes:
    return tagged("LOOKED", path, "\n".join(others))


def facts(*records: bytes, **sections: object) -> Facts:
    known = {"passwd": PASSWD, "group": GROUP, "nsswitch": {"/etc/nsswitch.conf": "passwd: files\n"}, **sections}
    return derive(TABLE, evidence(walk=b"".join(records) + b"END\0", **known))  # type: ignore[arg-type]


def only(*records: bytes, **sections: object) -> Row:
    found = facts(*records, **sections)
    assert not any(found.problems.values()), found.problems
    (row,) = found.rows
    return row


def dpkg(lists: str, sums: str = "", diversions: str = "", overrides: str = "") -> bytes:
    return tagged("DPKG", f"{ITSELF}\n{lists}", sums, diversions, overrides)


def said(row: Row) -> tuple[object, ...]:
    return tuple(row.get(name) for name in ("packaged", "package", "checked", "changed"))


SU = (entry("/usr/bin/su"), looked("/usr/bin/su", "/bin/su"))
OWNED = f"{INFO}/util-linux.list:/bin/su"


def of_su(digest: str = A, **fields: str) -> Row:
    sums = f"{INFO}/util-linux.md5sums:{A}  bin/su\n{INFO}/util-linux.md5sums:{C}  bin/sum"
    return only(*SU, dpkg(OWNED, sums, **fields), tagged("SUMS", f"{digest}  /usr/bin/su\n"))


def test_a_file_is_known_by_its_other_name() -> None:
    assert said(of_su()) == (True, "util-linux", ["digest"], [])
    assert said(of_su(B)) == (True, "util-linux", ["digest"], ["digest"])


def test_a_package_without_digests_says_nothing_of_content() -> None:
    row = only(*SU, dpkg(OWNED), tagged("SUMS", f"{B}  /usr/bin/su\n"))
    assert said(row) == (True, "util-linux", [], [])


def test_of_another_file_of_nearly_the_same_name_nothing_is_taken() -> None:
    row = only(*SU, dpkg(f"{INFO}/x.list:/usr/bin/sudo"), tagged("SUMS", f"{A}  /usr/bin/su\n"))
    assert said(row) == (False, None, None, None)


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("root root 4755 /bin/su", []),
        ("root root 4755 /usr/bin/su", []),
        ("root root 4750 /bin/su", ["mode"]),
        ("#0 #0 6755 /bin/su", []),
        ("ops root 4755 /bin/su", ["owner"]),
        ("root ops 4755 /bin/su", []),  # the group matters to an SGID file only
    ],
)
def test_what_dpkg_statoverride_says_is_meant(override: str, changed: list[str]) -> None:
    assert said(of_su(overrides=override)) == (True, "util-linux", ["digest", "mode", "owner"], changed)


def test_an_override_for_somebody_unknown_says_only_the_mode() -> None:
    assert said(of_su(overrides="gone root 4755 /bin/su"))[2] == ["digest", "mode"]


DIVERTED = "/usr/bin/x\n/usr/bin/x.real\nwrapper\n"


@pytest.mark.parametrize(
    ("path", "package", "changed"),
    [("/usr/bin/x", "wrapper", ["digest"]), ("/usr/bin/x.real", "original", [])],
)
def test_a_diversion_gives_the_name_to_another_package(path: str, package: str, changed: list[str]) -> None:
    lists = f"{INFO}/original:amd64.list:/usr/bin/x\n{INFO}/wrapper.list:/usr/bin/x"
    sums = f"{INFO}/original:amd64.md5sums:{A}  usr/bin/x\n{INFO}/wrapper.md5sums:{B}  usr/bin/x"
    answer = dpkg(lists, sums, DIVERTED)
    row = only(entry(path), looked(path), answer, tagged("SUMS", f"{A}  {path}\n"))
    assert said(row) == (True, package, ["digest"], changed)


def test_what_stands_in_the_place_of_a_locally_diverted_file_is_nobodys() -> None:
    diversions = "/usr/bin/x\n/usr/bin/x.distrib\n:\n"
    answer = dpkg(f"{INFO}/original.list:/usr/bin/x", f"{INFO}/original.md5sums:{A}  usr/bin/x", diversions)
    assert said(only(entry("/usr/bin/x"), looked("/usr/bin/x"), answer))[0] is False
    aside = only(entry("/usr/bin/x.distrib", size=0), looked("/usr/bin/x.distrib"), answer)
    assert said(aside) == (True, "original", [], [])


def test_packages_that_share_a_file_may_have_it_each_in_another_content() -> None:
    lists = f"{INFO}/lib:amd64.list:/usr/x\n{INFO}/lib:i386.list:/usr/x"
    sums = f"{INFO}/lib:amd64.md5sums:{A}  usr/x\n{INFO}/lib:i386.md5sums:{B}  usr/x"
    row = only(entry("/usr/x"), looked("/usr/x"), dpkg(lists, sums), tagged("SUMS", f"{B}  /usr/x\n"))
    assert said(row) == (True, "lib", ["digest"], [])


def apk(*lines: str) -> bytes:
    return tagged("APK", "\n".join([*lines, "N:20"]))


#: One digest as apk and as sha1sum write it.
SHA1 = "Q1VaTPnXm+8Gp5SYUrR92O02A62Q8="
SHA1_HEX = "55a4cf9d79bef06a7949852b47dd8ed3603ad90f"


@pytest.mark.parametrize(
    ("owned", "mode", "changed"),
    [
        ("a:0:0:4111", 0o4111, []),
        ("a:0:0:755", 0o4755, ["mode"]),
        ("", 0o4755, ["mode"]),
        ("a:0:9:2755", 0o2755, ["owner"]),
    ],
)
def test_apk_keeps_digest_mode_and_owner(owned: str, mode: int, changed: list[str]) -> None:
    answer = apk("P:busybox-suid", "R:/bin/bbsuid", *([owned] if owned else []), f"Z:{SHA1}")
    row = only(entry("/bin/bbsuid", mode), looked("/bin/bbsuid"), answer, tagged("SUMS", f"{SHA1_HEX}  /bin/bbsuid\n"))
    assert said(row) == (True, "busybox-suid", ["digest", "mode", "owner"], changed)


def test_apk_of_a_digest_that_is_not_known() -> None:
    answer = apk("P:x", "R:/bin/x", "a:0:0:4755", "Z:Q2AAAA")
    assert said(only(entry("/bin/x", size=0), looked("/bin/x"), answer))[2] == ["mode", "owner"]


RPM = (DATA / "rpm_files.txt").read_text()
TRUE = "c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2"

#: Path → record, capabilities, digest; and what rpm's own database then says.
RPM_CASES = {
    "/usr/sbin/good": (0o4711, 0, "", TRUE, []),
    "/usr/sbin/changed": (0o4755, 0, "", TRUE[::-1], ["digest"]),
    "/usr/bin/plain": (0o4755, 0, "", TRUE, ["mode"]),
    "/usr/bin/owned": (0o4755, 0, "", TRUE, ["owner"]),
    "/usr/bin/pinger": (0o0755, 0, " cap_net_raw,cap_setuid=ep", TRUE, ["capabilities"]),
    "/usr/sbin/merged": (0o4755, 0, "", TRUE, []),
}


@pytest.mark.parametrize("source", ["rpm", "its database"])
@pytest.mark.parametrize("path", RPM_CASES)
def test_rpm_says_all(path: str, source: str) -> None:
    mode, uid, capabilities, digest, changed = RPM_CASES[path]
    answer, more = tagged("RPM", "/usr/bin/rpm", RPM), {}
    if source == "its database":
        answer = tagged("RPM", "", "")
        database = gzip.decompress((DATA / "rpm_files.sqlite.gz").read_bytes())
        more = {"carrier": "root", "rpm_sqlite": {"/var/lib/rpm/rpmdb.sqlite": database}}
    held = tagged("CAP", capabilities, path) if capabilities else b""
    others = ["/sbin/merged"] if path == "/usr/sbin/merged" else []
    row = only(
        entry(path, mode, uid), held, looked(path, *others), answer, tagged("SUMS", f"{digest}  {path}\n"), **more
    )
    assert said(row) == (True, "suidtool", ["digest", "mode", "owner", "capabilities"], changed)


def test_rpm_leaves_to_others_what_the_package_says() -> None:
    path = "/usr/bin/loose"
    answer = tagged("RPM", "/usr/bin/rpm", RPM)
    row = only(entry(path, 0o6755), looked(path), answer, tagged("SUMS", f"{TRUE}  {path}\n"))
    assert said(row) == (True, "suidtool", ["digest", "owner"], ["digest"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (tagged("NOPKG"), "no package manager was found"),
        (tagged("DPKG", "", "", "", ""), "the database of dpkg does not answer"),
        (tagged("APK", "N:0"), "the database of apk does not answer"),
        (tagged("RPM", "/usr/bin/rpm", ""), "the database of rpm does not answer"),
        (b"", "no package manager was found"),
    ],
)
def test_without_an_answer_nothing_is_said_of_packages(answer: bytes, reason: str) -> None:
    found = facts(*SU, answer)
    assert [problem.reason for problem in found.problems["package"]] == [reason]
    assert said(found.rows[0]) == (None, None, None, None)
    assert found.problems[""] == []


def test_an_image_whose_database_rpm_alone_can_read_says_so() -> None:
    found = facts(*SU, tagged("RPM", "", ""), carrier="root", rpm_sqlite={"/var/lib/rpm/rpmdb.sqlite": b"not one"})
    assert found.problems["package"][0].reason == "the database of rpm does not answer"


def test_more_than_are_looked_up_is_told() -> None:
    found = facts(*SU, tagged("MANY"), entry("/usr/bin/su"), dpkg(OWNED))
    assert found.problems["package"][0].reason.startswith("more than 2000 files")


@pytest.mark.parametrize(
    ("uid", "size", "status", "reason"),
    [
        (1000, 10, Status.DENIED, "/usr/bin/su cannot be read"),
        (0, 10, Status.FAILED, "/usr/bin/su cannot be read"),
        (0, MAX_DIGESTED + 1, Status.TRUNCATED, f"/usr/bin/su: larger than {MAX_DIGESTED} bytes"),
    ],
)
def test_a_file_that_was_not_read_may_have_changed(uid: int, size: int, status: Status, reason: str) -> None:
    sums = f"{INFO}/util-linux.md5sums:{A}  bin/su"
    found = facts(entry("/usr/bin/su", size=size), SU[1], dpkg(OWNED, sums), uid=uid)
    assert [(problem.status, problem.reason) for problem in found.problems["package"]] == [(status, reason)]


def test_a_copy_is_known_by_its_content() -> None:
    sums = tagged("SUMS", f"{A}  /tmp/.x\n{A}  /usr/bin/perl5.36.0\n{A}  /usr/bin/perl\n{B}  /usr/bin/other\n")
    row = only(entry("/tmp/.x"), looked("/tmp/.x"), dpkg(""), sums)
    assert (row["packaged"], row["copy_of"]) == (False, "/usr/bin/perl")
    assert only(entry("/tmp/.x"), looked("/tmp/.x"), dpkg(""), tagged("SUMS", f"{A}  /tmp/.x\n"))["copy_of"] is None


def test_no_package_has_a_name_with_a_newline() -> None:
    rows = {row["path"]: row for row in facts(*SU, dpkg(OWNED), entry("/a\nb")).rows}
    assert rows["/usr/bin/su"]["packaged"]
    found = facts(entry("/a\nb"), *SU, dpkg(OWNED))
    assert {row["path"]: row.get("packaged") for row in found.rows} == {"/a\nb": False, "/usr/bin/su": True}


@given(st.lists(st.sampled_from([ITSELF, OWNED, A, "/usr/bin/su", "a:0:0:4755", "R:/usr/bin/su", "P:x", "N:9", "Z:Q1",
                                 "x\t4755\troot\troot\t\t\t1\t/usr/bin/su\t", ":", "#9", "  ", "\t", "\n", "=ep"])),
       st.sampled_from(["DPKG", "RPM", "APK"]), st.text(max_size=40))  # fmt: skip
def test_any_answer_is_read(pieces: list[str], tag: str, text: str) -> None:
    fields = {"DPKG": 4, "RPM": 2, "APK": 1}[tag]
    answer = ["".join(pieces[at::fields]) + text.replace("\0", "") for at in range(fields)]
    found = facts(*SU, tagged(tag, *answer), tagged("SUMS", text.replace("\0", "")))
    assert found.rows[0]["path"] == "/usr/bin/su"
