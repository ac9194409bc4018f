"""OSV of distributions: what it says of packages, and what it does not."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds.container import documents
from secops.patches.feeds.osv import FORMAT
from secops.patches.feeds.osv_products import products_of
from secops.patches.statement import About, Reject, Statement
from tests.patches.feeds.reading import JUNK, doubted, nodes, read, refused, rejects, replaced, stands, statements
from tests.patches.samples import sample


def entry(**more: Any) -> dict[str, Any]:
    basic = {"id": "ALSA-2026:1", "modified": "2026-02-03T23:30:00-02:00", "published": "2026-02-01T00:00:00Z",
             "related": ["CVE-2026-1111"], "summary": "Important: curl security update"}  # fmt: skip
    return {**basic, **more}


def package(ecosystem: str = "AlmaLinux:9", name: str = "curl", *events: dict[str, str], **more: Any) -> dict[str, Any]:
    told = list(events) or [{"introduced": "0"}, {"fixed": "7.76.1-29.el9"}]
    return {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": told}],
        **more,
    }


def raw(found: Any) -> bytes:
    return json.dumps(found, ensure_ascii=False).encode()


def said(**more: Any) -> list[Statement]:
    return statements(FORMAT, raw(entry(**more)))


def one(**more: Any) -> Statement:
    (statement,) = said(**more)
    return statement


def spans(ecosystem: str, *events: dict[str, str]) -> list[tuple[str, str, str, str]]:
    found = said(affected=[package(ecosystem, "curl", *events)])
    return [(s.introduced, s.fixed, s.last_affected, s.status) for s in found]


def why(**more: Any) -> list[str]:
    found = read(FORMAT, raw(entry(**more)))
    assert not any(isinstance(each, Statement) for each in found)
    return [each.reason for each in found if isinstance(each, Reject)]


def test_an_entry_says_that_a_version_mends_a_package() -> None:
    found = read(FORMAT, raw(entry(affected=[package()], references=[
        {"type": "ADVISORY", "url": "https://access.redhat.com/errata/RHSA-2026:1"},
        {"type": "ADVISORY", "url": "https://errata.almalinux.org/9/ALSA-2026-1.html"},
    ])))  # fmt: skip
    assert found == [
        About(as_of=date(2026, 2, 4), modified=datetime(2026, 2, 4, 1, 30, tzinfo=UTC), whole=False),
        Statement(
            advisory="ALSA-2026:1",
            flaws=("CVE-2026-1111",),
            ecosystem="almalinux",
            release="9",
            kind="rpm",
            package="curl",
            fixed="7.76.1-29.el9",
            status="fixed",
            severity="high",
            published=date(2026, 2, 1),
            title="Important: curl security update",
            url="https://errata.almalinux.org/9/ALSA-2026-1.html",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Debian:12", ("debian", "12", "dpkg", True, "")),
        ("Debian:6.0", ("debian", "6.0", "dpkg", True, "")),
        ("Ubuntu:22.04:LTS", ("ubuntu", "22.04", "dpkg", True, "")),
        ("Ubuntu:25.10", ("ubuntu", "25.10", "dpkg", True, "")),
        ("Ubuntu:Pro:18.04:LTS", ("ubuntu", "18.04", "dpkg", True, "Ubuntu Pro")),
        ("AlmaLinux:9", ("almalinux", "9", "rpm", False, "")),
        ("Rocky Linux:8", ("rocky", "8", "rpm", True, "")),
        ("Red Hat:enterprise_linux:9::appstream", ("rhel", "9", "rpm", False, "")),
        ("Red Hat:enterprise_linux:10.0", ("rhel", "10", "rpm", False, "")),
        ("Alpine:v3.19", ("alpine", "3.19", "apk", True, "")),
        ("openEuler:22.03-LTS-SP3", ("openeuler", "22.03-LTS-SP3", "rpm", True, "")),
        ("openEuler:20.03-LTS", ("openeuler", "20.03-LTS", "rpm", True, "")),
        ("openSUSE:Leap 15.6", ("opensuse-leap", "15.6", "rpm", True, "")),
        ("SUSE:Linux Enterprise Server 15 SP5", ("sles", "15.5", "rpm", True, "")),
        ("SUSE:Linux Enterprise Server 12 SP5-LTSS", ("sles", "12.5", "rpm", True, "LTSS")),
        ("SUSE:Linux Enterprise Server for SAP Applications 15", ("sles", "15", "rpm", True, "SAP Applications")),
        ("SUSE:Linux Enterprise Desktop 15 SP6", ("sled", "15.6", "rpm", True, "")),
        ("SUSE:Linux Enterprise High Performance Computing 15 SP3-ESPOS", ("sle_hpc", "15.3", "rpm", True, "ESPOS")),
        *((name, None) for name in (
            "Debian", "Ubuntu:Pro:FIPS:20.04:LTS", "Ubuntu:Pro:22.04:LTS:Realtime:Kernel", "AlmaLinux", "PyPI", "Go",
            "Red Hat:rhel_eus:9.2::appstream", "Red Hat:openshift:4.12::el8", "openSUSE:Tumbleweed", "Alpine",
            "SUSE:Linux Enterprise Live Patching 15 SP5", "openEuler", "Root:Debian:12", "AlmaLinux:9\n", "",
        )),
    ],
)  # fmt: skip
def test_ecosystems_are_releases_of_distributions(name: str, expected: tuple[Any, ...] | None) -> None:
    assert [product[:5] for product in products_of(name)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("name", "releases"),
    [
        ("Module for Basesystem 15 SP6", ["15.6"]),
        ("Module for Python 3 15 SP4", ["15.4"]),
        ("Workstation Extension 15 SP6", ["15.6"]),
        ("Module for Containers 12", ["12", "12.1", "12.2", "12.3", "12.4", "12.5"]),
        ("Live Patching 15 SP6", []),
        ("Micro 5.5", []),
    ],
)
def test_modules_of_suse_are_on_hosts_of_every_base_product(name: str, releases: list[str]) -> None:
    found = [product[:2] for product in products_of(f"SUSE:Linux Enterprise {name}")]
    assert found == [(base, one) for base in ("sles", "sled", "sle_hpc", "sle_rt") for one in releases]


def test_ranges_with_several_events_are_several_statements() -> None:
    first, last = {"introduced": "0"}, {"last_affected": "2.0-1"}
    assert spans("Debian:12", first) == [("", "", "", "affected")]
    assert spans("Debian:12", first, {"fixed": "1.0-1"}) == [("", "1.0-1", "", "fixed")]
    assert spans("Debian:12", first, last) == [("", "", "2.0-1", "affected")]
    two = (first, {"fixed": "1.0-1"}, {"introduced": "3.0-1"}, {"fixed": "3.2-1"})
    expected = [("", "1.0-1", "", "fixed"), ("3.0-1", "3.2-1", "", "fixed")]
    assert spans("Debian:12", *two) == spans("Debian:12", *reversed(two)) == expected
    assert spans("Debian:12", *two[:3]) == [expected[0], ("3.0-1", "", "", "affected")]
    assert spans("Debian:12", first, {"limit": "*"}, {"fixed": "1.0-1"}) == [("", "1.0-1", "", "fixed")]
    tilde = ({"introduced": "1.0-1"}, {"fixed": "1.0-1~"})  # comes before 1.0-1
    assert why(affected=[package("Debian:12", "curl", *tilde)]) == ["its range is mended before it begins"]


def test_of_a_package_whose_range_contradicts_itself_nothing_is_known() -> None:
    """And only of that one."""
    broken = package("Debian:12", "curl", {"introduced": "2"}, {"fixed": "1"})
    found = raw(entry(affected=[broken, package("Debian:12", "vim", {"introduced": "1"}, {"fixed": "2"})]))
    assert [each.package for each in statements(FORMAT, found)] == ["vim"]
    assert [(each.package, each.release, each.status, each.words) for each in doubted(FORMAT, found)] == [
        ("curl", "12", "unknown", "its range is mended before it begins"),
    ]


def test_a_version_0_mends_what_never_was_affected() -> None:
    assert spans("Debian:12", {"introduced": "0"}, {"fixed": "0"}) == [("", "", "", "not-affected")]
    assert spans("Debian:12", {"introduced": "0"}, {"fixed": "0.1"}) == [("", "0.1", "", "fixed")]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([{"introduced": "2.0"}, {"fixed": "1.0"}], "its range is mended before it begins"),
        ([{"introduced": "1.0"}, {"fixed": "1.0"}], "its range is mended where it begins"),
        ([{"fixed": "1.0"}], "its range is mended before it begins"),
        ([{"introduced": "0"}, {"limit": "2.0"}], "its range ends in a limit, which is no fix"),
        ([{"introduced": "0"}, {"fixed": "1"}, {"last_affected": "2"}], "its range has both fixed and last_affected"),
        (
            [{"introduced": "0", "fixed": "1"}],
            "an event of its range is not one of introduced, fixed, last_affected, limit",
        ),
        ([{}], "an event of its range is not one of introduced, fixed, last_affected, limit"),
        ([], "names no versions"),
    ],
)
def test_ranges_that_contradict_themselves_say_nothing(events: list[dict[str, str]], reason: str) -> None:
    affected = {**package("Debian:12"), "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    assert why(affected=[affected]) == [reason]


def test_versions_count_where_there_is_no_range() -> None:
    listed = package("Debian:12", versions=["1.0-1", "1.1-1"])
    commits = [{"type": "GIT", "events": [{"introduced": "0"}]}]
    found = said(affected=[{**listed, "ranges": None}, {**listed, "ranges": commits}])
    assert [(s.introduced, s.last_affected, s.status) for s in found] == [
        ("1.0-1", "1.0-1", "affected"),
        ("1.1-1", "1.1-1", "affected"),
    ] * 2
    assert [s.fixed for s in said(affected=[listed])] == ["7.76.1-29.el9"]
    assert why(affected=[{**listed, "ranges": commits, "versions": []}]) == ["its versions are commits"]


def test_versions_beside_a_range_are_affected_too() -> None:
    """Most are what the range holds already; one that it does not hold is affected all the same."""
    range_ = ({"introduced": "0"}, {"fixed": "0.5-1"})
    listed = package("Debian:12", "x", *range_, versions=["0.1-1", "0.4-1", "1.0-1"])
    assert [(one.introduced, one.fixed, one.last_affected, one.status) for one in said(affected=[listed])] == [
        ("", "0.5-1", "", "fixed"), ("1.0-1", "", "1.0-1", "affected"),
    ]  # fmt: skip


def test_more_ranges_and_versions_than_are_compared_leave_a_package_unknown() -> None:
    def of(spans_: int, listed: int) -> bytes:
        events = [event for n in range(spans_) for event in ({"introduced": f"{2 * n + 1}"}, {"fixed": f"{2 * n + 2}"})]
        return raw(entry(affected=[package("Debian:12", "x", *events, versions=[f"{n}.5" for n in range(listed)])]))

    began = time.process_time()
    (left,) = doubted(FORMAT, of(1000, 2000))
    assert time.process_time() - began < 2
    assert (left.package, left.status) == ("x", "unknown")
    assert not doubted(FORMAT, of(10, 20))


def test_versions_that_are_none_are_rejects() -> None:
    for events in ([{"introduced": "0"}, {"fixed": "1.0 2"}], [{"introduced": "1:2:3 "}, {"fixed": "2"}]):
        (reason,) = why(affected=[package("Debian:12", "curl", *events)])
        assert not re.search(r"\d", reason)
    assert why(affected=[package("Debian:12", "a name")]) == ["no name of a package"]


def test_flaws_are_cve_ids() -> None:
    affected = [package()]
    related = {"related": ["CVE-2026-9", "USN-1-1", "CVE-2026-90000", "CVE-2026-90000"]}
    assert one(affected=affected, **related).flaws == ("CVE-2026-90000",)
    ubuntu = {"upstream": ["UBUNTU-CVE-2026-12345", "GHSA-x"], "aliases": ["CVE-2026-12346"]}
    assert one(affected=affected, **related, **ubuntu).flaws == ("CVE-2026-12346", "CVE-2026-12345")
    assert one(affected=affected, id="DEBIAN-CVE-2026-5555", related=[]).flaws == ("CVE-2026-5555",)
    assert one(affected=affected, related=None).flaws == ("ALSA-2026:1",)


def test_severity_is_in_the_word_of_who_publishes_it() -> None:
    debian = package("Debian:12", ecosystem_specific={"urgency": "unimportant"})
    found = one(affected=[debian])
    assert (found.severity, found.words, found.status) == ("low", "unimportant", "fixed")
    debian = package("Debian:12", "x", {"introduced": "0"}, ecosystem_specific={"urgency": "end-of-life"})
    found = one(affected=[debian])
    assert (found.severity, found.words, found.status) == ("", "end-of-life", "will-not-fix")
    debian = package("Debian:12", ecosystem_specific={"urgency": "not yet assigned"})
    assert (one(affected=[debian]).severity, one(affected=[debian]).words) == ("", "")
    told = [{"type": "Ubuntu", "score": "negligible"}, {"type": "CVSS_V3", "score": "x"}]
    assert one(affected=[package("Ubuntu:22.04:LTS")], severity=told).severity == "low"
    assert (
        one(affected=[package("openEuler:20.03-LTS")], summary="x", database_specific={"severity": "High"}).severity
        == "high"
    )
    assert one(affected=[package("Debian:12")], summary="Important: no").severity == ""
    assert one(affected=[package()], summary="None: kernel bug fix").severity == ""


def test_scores_are_of_version_3_where_it_is_there() -> None:
    four = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"}
    three = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}
    two = {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:C/I:C/A:C"}
    assert one(affected=[package()], severity=[four, three]).score == 7.5
    assert one(affected=[package()], severity=[two, four]).score == 8.7
    assert one(affected=[package()], severity=[two]).score == 10.0
    assert one(affected=[{**package(), "severity": [two]}], severity=None).score == 10.0
    assert one(affected=[package()], severity=[{**three, "score": "CVSS:3.1/AV:N"}]).score is None
    assert one(affected=[package()]).score is None


MODULE = "1:18.12.1-1.module_el9.1.0+16+91bc168f"


@pytest.mark.parametrize(
    ("summary", "fixed", "streams"),
    [
        ("Moderate: nodejs:18 security, bug fix, and enhancement update", MODULE, ["nodejs:18"]),
        ("virt:rhel and virt-devel:rhel security update", MODULE, ["virt:rhel", "virt-devel:rhel"]),
        ("Moderate: python38:3.8 security update", "0:2.7.0-10.module+el8.4.0+570+c2eaf144", ["python38:3.8"]),
        ("Important: pam:1.5.1 security update", "1.5.1-22.el9_5", [""]),
        ("Moderate: cockpit: remote code execution", "310.4-1.el9", [""]),
    ],
)
def test_streams_of_modules_are_named_in_the_title(summary: str, fixed: str, streams: list[str]) -> None:
    found = said(summary=summary, affected=[package("AlmaLinux:9", "x", {"introduced": "0"}, {"fixed": fixed})])
    assert [s.module for s in found] == streams


def test_a_build_of_a_module_whose_stream_is_not_named_is_a_reject() -> None:
    affected = [package("AlmaLinux:9", "x", {"introduced": "0"}, {"fixed": MODULE})]
    assert why(summary="Moderate: nodejs security update", affected=affected) == [
        "a module's build whose stream is not named"
    ]


def test_openeuler_is_by_source_and_architecture_and_without_epochs() -> None:
    builds = {"aarch64": ["a"], "src": ["s"], "x86_64": ["x"], "noarch": []}
    affected = package("openEuler:22.03-LTS-SP3", "vim", {"introduced": "0"}, {"fixed": "9.0-33.oe2203sp3"})
    found = one(affected=[{**affected, "ecosystem_specific": builds}])
    assert (found.by_source, found.no_epochs, found.arch) == (True, True, ("aarch64", "noarch", "x86_64"))
    assert one(affected=[{**affected, "ecosystem_specific": {**builds, "noarch": ["n"]}}]).arch == ()
    assert one(affected=[affected]).arch == ()
    affected["package"]["ecosystem"] = "openEuler:22.03-LTS-SP2"
    assert why(affected=[affected]) == ["a build for another release"]


def test_suse_lists_the_binaries_of_a_source_package() -> None:
    affected = package("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "openssl-3")
    binaries = {"binaries": [{"libopenssl3": "3.0.8-150500.5.17.1", "openssl-3": "3.0.8-150500.5.17.1"}]}
    found = said(affected=[{**affected, "ecosystem_specific": binaries}])
    assert [(s.package, s.fixed, s.by_source, s.ecosystem, s.release) for s in found] == [
        (name, "3.0.8-150500.5.17.1", False, base, "15.5")
        for base in ("sles", "sled", "sle_hpc", "sle_rt")
        for name in ("libopenssl3", "openssl-3")
    ]
    assert {(s.package, s.by_source) for s in said(affected=[affected])} == {("openssl-3", True)}


def test_what_ubuntu_pro_mends_does_not_stay_open_for_all() -> None:
    def ubuntu(which: str, *fixed: str) -> dict[str, Any]:
        return package(f"Ubuntu:{which}22.04:LTS", "vips", {"introduced": "0"}, *({"fixed": each} for each in fixed))

    def told(*affected: dict[str, Any]) -> list[tuple[str, str]]:
        return [(s.fixed, s.words) for s in said(affected=list(affected))]

    assert told(ubuntu(""), ubuntu("Pro:", "8.12-1~esm1")) == [("8.12-1~esm1", "Ubuntu Pro")]
    assert told(ubuntu("", "8.12-2"), ubuntu("Pro:", "8.12-2+esm1")) == [("8.12-2", "")]
    assert told(ubuntu(""), ubuntu("Pro:")) == [("", "")]
    assert told(ubuntu("Pro:", "8.12-1~esm1")) == [("8.12-1~esm1", "Ubuntu Pro")]
    other = package("Ubuntu:24.04:LTS", "vips", {"introduced": "0"})
    assert told(other, ubuntu("Pro:", "8.12-1~esm1")) == [("", ""), ("8.12-1~esm1", "Ubuntu Pro")]


@pytest.mark.parametrize(
    ("affected", "left", "lost"),
    [
        (package(ranges=3), ["curl"], False),
        (package(versions={"1": 2}), ["curl"], False),
        (package(severity="high"), ["curl"], False),
        ({"package": {"ecosystem": "AlmaLinux:9", "name": 3}, "ranges": []}, [], True),
        ({"package": "curl"}, [], True),
        (["curl"], [], True),
        (package("PyPI", ranges=3), [], False),
        (package("AlmaLinux:9", "no name"), [], True),
    ],
)
def test_what_is_misshapen_is_unknown_of_its_package_or_leaves_the_feed_not_whole(
    affected: Any, left: list[str], lost: bool
) -> None:
    document = raw(entry(affected=[affected, package(name="vim")]))
    assert [one.package for one in doubted(FORMAT, document)] == left
    assert any(one.lost for one in read(FORMAT, document) if isinstance(one, Reject)) is lost
    assert [one.package for one in read(FORMAT, document) if isinstance(one, Statement)] == ["vim"]


def test_a_modules_build_without_its_stream_is_unknown_on_every_stream() -> None:
    module = package("AlmaLinux:8", "nodejs", {"introduced": "0"}, {"fixed": "1:16-1.module_el8.6.0+1"})
    document = raw(entry(summary="An update", affected=[module]))
    assert [(one.package, one.module, one.status) for one in doubted(FORMAT, document)] == [("nodejs", "*", "unknown")]
    assert doubted(FORMAT, raw(entry(summary="Update of nodejs:16", affected=[module]))) == []


def test_what_is_left_out_is_told() -> None:
    pypi = package("PyPI", "requests")
    found = read(FORMAT, raw(entry(affected=[pypi, package(), pypi, {"package": 1}])))
    assert [(each.where, each.reason) for each in found if isinstance(each, Reject)] == [
        ("doc: ALSA-2026:1", "one of its packages is not as OSV has them"),
        ("doc: ALSA-2026:1: PyPI", "no package of a distribution that is known here"),
    ]
    assert sum(isinstance(each, Statement) for each in found) == 1
    assert why(affected=[package()], withdrawn="2026-01-01T00:00:00Z") == ["withdrawn by its publisher"]
    assert len(said(affected=[package()], withdrawn="0001-01-01T00:00:00Z")) == 1
    assert one(affected=[package()], published="0001-01-01T00:00:00Z").published is None
    assert why(affected=[package("Ubuntu:22.04:LTS", "linux")], id="LSN-0112-1") == [
        "a notice of live patches, which no package is told by"
    ]
    assert why(affected=None) == ["names no package"]
    assert rejects(FORMAT, raw({"id": 1, "affected": []})) == [("doc", "is no entry of OSV")]


@pytest.mark.parametrize("indent", [None, 2])
def test_lists_and_lines_of_entries(indent: int | None) -> None:
    good, other = entry(affected=[package()]), entry(id="ALSA-2026:2", affected=[package(name="vim")])
    found = read(FORMAT, json.dumps([good, 5, other], indent=indent).encode())
    assert [each.package for each in found if isinstance(each, Statement)] == ["curl", "vim"]
    assert [each for each in found if isinstance(each, Reject)] == [
        Reject("doc: entry 2", "is no entry of OSV", lost=True)
    ]
    assert all(each.whole for each in found if isinstance(each, About))

    found = read(FORMAT, b"\n".join([raw(good), b"", b'{"id": "cut', raw(other)]))
    assert [each.package for each in found if isinstance(each, Statement)] == ["curl", "vim"]
    assert [each for each in found if isinstance(each, Reject)] == [Reject("doc: line 3", "is cut off", lost=True)]

    (about, _) = read(FORMAT, b"\n" + json.dumps(good, indent=indent).encode() + b"\n")
    assert about == About(as_of=date(2026, 2, 4), modified=datetime(2026, 2, 4, 1, 30, tzinfo=UTC), whole=False)


def test_documents_that_are_no_json() -> None:
    whole = json.dumps(entry(affected=[package()]), indent=1).encode()
    for size in (1, len(whole) // 2, len(whole) - 1):
        assert refused(FORMAT, whole[:size]) == "is cut off"
    assert refused(FORMAT, whole.replace(b'"id"', b'"modified": "", "id"')) == "has the key modified twice"
    assert refused(FORMAT, b"[" + whole) == "is cut off"


def test_other_formats_are_not_taken_for_it() -> None:
    for head in (b'{"document": {"id": 1, "affected": 1}}', b'{"vulnerabilities": []}', b"<a/>", b"id,affected\n", b""):
        assert not FORMAT.recognises(head)


DOCUMENT = entry(
    severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
    affected=[package(), package("Debian:12", "x", {"introduced": "1"}, {"fixed": "2"}, versions=["1"]),
              package("openSUSE:Leap 15.6", ecosystem_specific={"binaries": [{"a": "1-1"}]})],
    references=[{"type": "ADVISORY", "url": "https://a"}],
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(list(nodes(DOCUMENT))), junk=st.sampled_from(JUNK), listed=st.booleans())
def test_anything_may_stand_anywhere(path: tuple[Any, ...], junk: Any, listed: bool) -> None:
    found = replaced(DOCUMENT, path, junk)
    stands(FORMAT, json.dumps([found] if listed else found).encode())


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(raw(DOCUMENT))), cut=st.integers(0, 9), junk=st.binary(max_size=9))
def test_any_bytes_may_stand_anywhere(at: int, cut: int, junk: bytes) -> None:
    document = raw(DOCUMENT)
    stands(FORMAT, document[:at] + junk + document[at + cut :])


def test_the_feed_of_almalinux_9_is_read_whole_and_fast() -> None:
    begin = time.process_time()
    found = [each for where, stream in documents(sample("almalinux-9-osv.zip")) for each in FORMAT.read(stream, where)]
    spent = time.process_time() - begin
    told = [each for each in found if isinstance(each, Statement)]
    assert len(told) == 24_012
    assert len({each.advisory for each in told}) == 1_783
    assert not [each for each in found if isinstance(each, Reject)]
    assert {each.release for each in told} == {"8", "9", "10"}
    assert {bool(each.module) for each in told if ".module" in each.fixed} == {True}
    assert not [each for each in told if each.module and ".module" not in each.fixed]
    assert max(each.as_of for each in found if isinstance(each, About) and each.as_of) >= date(2026, 8, 1)
    assert spent < 2.5


def test_real_entries_of_debian_and_openeuler() -> None:
    paths = [sample("debian-osv-sample.zip"), sample("openeuler-osv-2021-1001.json")]
    found = [each for path in paths for where, stream in documents(path) for each in FORMAT.read(stream, where)]
    told = [(s.ecosystem, s.release, s.package, s.fixed) for s in found if isinstance(s, Statement)]
    assert told == [
        ("debian", "6.0", "gnutls26", "2.8.6-1+squeeze4"),
        ("debian", "3.0", "libapache-mod-ssl", "2.8.9-2"),
        ("debian", "4.0", "kismet", "2005.08.R1-0.1etch1"),
        ("openeuler", "20.03-LTS", "dnsmasq", "2.82-5.oe1"),
        ("openeuler", "20.03-LTS-SP1", "dnsmasq", "2.82-5.oe1"),
    ]
