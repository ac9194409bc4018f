"""OVAL: criteria taken apart into statements, and what of them is not understood."""

from __future__ import annotations

from datetime import date

import pytest

from secops.patches.feeds.oval import FORMAT
from secops.patches.statement import Reject, Statement
from tests.patches.feeds.oval_kit import Oval, both, defined, either
from tests.patches.feeds.reading import about, doubted, read, rejects, statements
from tests.patches.samples import sample

UNKNOWN = "no release of a distribution that is known here"


def one(raw: bytes) -> Statement:
    (found,) = statements(FORMAT, raw)
    return found


def test_a_patch_of_red_hat() -> None:
    document = Oval()
    arch = '<arch operation="pattern match">aarch64|x86_64</arch>'
    key = document.package("firefox is signed with the key", "firefox", "<signature_keyid>199e</signature_keyid>")
    criteria = either(
        document.other("Red Hat Enterprise Linux must be installed", "rpmverifyfile", "none satisfy"),
        both(
            document.release("Red Hat Enterprise Linux 9", "^9[^\\d]"),
            document.earlier("firefox", "0:91.9.1-1.el9_0", arch),
            key,
        ),
    )
    found = one(defined(document, criteria))
    assert (found.advisory, found.flaws) == ("RHSA-2022:4765", ("CVE-2022-1529", "CVE-2022-1802"))
    assert (found.ecosystem, found.release, found.package) == ("rhel", "9", "firefox")
    assert (found.fixed, found.status, found.arch) == ("0:91.9.1-1.el9_0", "fixed", ("aarch64", "noarch", "x86_64"))
    assert (found.severity, found.score, found.published) == ("high", 9.1, date(2022, 5, 27))
    assert found.url == "https://x/RHSA-2022:4765"


def test_kernels_that_run_and_other_platforms_are_not_asked_for() -> None:
    document = Oval()
    running = "kernel earlier than 0:5.14.0-70.22.1.el9_0 is currently running"
    boots = "kernel earlier than 0:5.14.0-70.22.1.el9_0 is set to boot up on next boot"
    criteria = both(
        either(document.release("Red Hat Enterprise Linux 9"), document.release("Red Hat CoreOS 4")),
        either(document.other(running, "uname"), document.other(boots, "textfilecontent54")),
        either(
            document.earlier("kernel", "0:5.14.0-70.22.1.el9_0"), document.earlier("bpftool", "0:5.14.0-70.22.1.el9_0")
        ),
    )
    raw = defined(document, criteria)
    assert [found.package for found in statements(FORMAT, raw)] == ["kernel", "bpftool"]
    assert rejects(FORMAT, raw) == [("doc: Red Hat CoreOS 4 (1 definitions)", UNKNOWN)]


def test_the_words_of_a_release_must_be_those_of_its_test() -> None:
    document = Oval()
    raw = defined(
        document, both(document.release("Red Hat Enterprise Linux 9", "^8[^\\d]"), document.earlier("a", "1-1"))
    )
    assert statements(FORMAT, raw) == []
    assert rejects(FORMAT, raw)[0][1] == "words that name another release than the test"


def test_an_enabled_module_is_that_of_the_statement() -> None:
    document, build = Oval(), "1:18.1-1.module+el8"
    asked = document.other("Module nodejs:18 is enabled", "textfilecontent54")
    criteria = both(document.release("Red Hat Enterprise Linux 8"), asked, document.earlier("nodejs", build))
    assert one(defined(document, criteria)).module == "nodejs:18"
    document = Oval()
    raw = defined(document, both(document.release("Red Hat Enterprise Linux 8"), document.earlier("nodejs", build)))
    assert rejects(FORMAT, raw)[0][1] == "a module's build whose stream is not named"


def test_an_extended_stream_is_told_by_its_cpe_names() -> None:
    cpes = "<affected_cpe_list>{}</affected_cpe_list>"
    held = cpes.format("<cpe>cpe:/a:redhat:rhel_eus:8.6::appstream</cpe><cpe>cpe:/o:redhat:rhel_eus:8.6::baseos</cpe>")
    for advisory, release in (
        (held, "8.6"),
        (cpes.format("<cpe>cpe:/o:redhat:enterprise_linux:8</cpe>"), "8"),
        ("", "8"),
    ):
        document = Oval()
        criteria = both(document.release("Red Hat Enterprise Linux 8"), document.earlier("a", "1-1"))
        assert one(defined(document, criteria, advisory=advisory)).release == release


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("Will not fix", "will-not-fix", "Will not fix"),
        ("Out of support scope", "will-not-fix", "Out of support scope"),
        ("Fix deferred", "affected", "Fix deferred"),
        ("Affected", "affected", ""),
        ("Under investigation", "unknown", "Under investigation"),
    ],
)
def test_what_red_hat_has_not_mended(state: str, status: str, words: str) -> None:
    document = Oval()
    criteria = both(document.release("Red Hat Enterprise Linux 9"), document.package("tar is installed", "tar"))
    resolution = f'<affected><resolution state="{state}"><component>tar</component></resolution></affected>'
    other = '<affected><resolution state="Affected"><component>vim</component></resolution></affected>'
    found = one(defined(document, criteria, group="vulnerability", advisory=resolution + other))
    assert (found.status, found.words, found.fixed, found.advisory) == (status, words, "", "CVE-2022-1529")


def test_installed_and_yet_absent_is_not_affected() -> None:
    document = Oval()
    absent = document.package("zlib is not installed", "zlib", test='check_existence="none_exist"')
    criteria = both(
        document.release("Red Hat Enterprise Linux 9"), document.package("zlib is installed", "zlib"), absent
    )
    assert one(defined(document, criteria, group="vulnerability")).status == "not-affected"


@pytest.mark.parametrize(
    ("platform", "release"),
    [
        ("SUSE Linux Enterprise Server 15 SP3", ("sles", "15.3")),
        ("SUSE Linux Enterprise Server 12 SP2-LTSS", ("sles", "12.2")),
        ("SUSE Linux Enterprise Server 16.0", ("sles", "16.0")),
        ("SUSE Linux Enterprise Desktop 15", ("sled", "15")),
        ("openSUSE Leap 15.5", ("opensuse-leap", "15.5")),
        ("Anolis OS 23", ("anolis", "23")),
        ("AlmaLinux 9", ("almalinux", "9")),
        ("SUSE Linux Enterprise Micro 5.1", None),
        ("openSUSE Leap Micro 5.2", None),
        ("CentOS Stream 9", None),
    ],
)
def test_platforms(platform: str, release: tuple[str, str] | None) -> None:
    document = Oval()
    raw = defined(document, both(document.release(platform), document.earlier("a", "0:1-1")))
    assert [(found.ecosystem, found.release) for found in statements(FORMAT, raw)] == ([release] if release else [])
    assert [where for where, _ in rejects(FORMAT, raw)] == ([] if release else [f"doc: {platform} (1 definitions)"])


def test_releases_of_suse_are_packages_and_its_affected_and_unaffected_are_versions_of_zero() -> None:
    document = Oval()
    sles = document.package(
        "SUSE Linux Enterprise Server 15 SP4 is installed", "sles-release", "<version>15.4</version>"
    )
    leap = document.package("openSUSE Leap 15.4 is installed", "openSUSE-release", "<version>15.4</version>")
    vim = document.package("vim is affected", "vim", '<evr operation="greater than">0:0-0</evr>')
    ed = document.package("ed is not affected", "ed", '<version operation="equals">0</version>')
    raw = defined(document, both(either(sles, leap), either(vim, ed)), group="vulnerability")
    assert {(found.ecosystem, found.release, found.package, found.status) for found in statements(FORMAT, raw)} == {
        (ecosystem, "15.4", package, status)
        for ecosystem in ("sles", "opensuse-leap")
        for package, status in (("vim", "affected"), ("ed", "not-affected"))
    }


def test_oracle_asks_for_the_architecture_of_the_host() -> None:
    document = Oval()
    arch = document.package("Oracle Linux arch is aarch64", "oraclelinux-release", "<arch>aarch64</arch>")
    criteria = both(document.release("Oracle Linux 8"), arch, document.earlier("vim", "2:8-1"))
    found = one(defined(document, criteria))
    assert (found.ecosystem, found.release, found.arch) == ("ol", "8", ("aarch64", "noarch"))


def test_debian_names_source_packages_and_ubuntu_lists_binaries() -> None:
    document = Oval()
    plain = both(document.release("Debian 11"), document.other("all architecture", "uname"))
    criteria = both(plain, document.earlier("php7.4", "7.4.30-1", kind="dpkginfo"))
    found = one(defined(document, criteria, group="vulnerability"))
    assert (found.ecosystem, found.release, found.kind, found.package) == ("debian", "11", "dpkg", "php7.4")
    assert (found.by_source, found.fixed) == (True, "7.4.30-1")

    document = Oval()
    test = document.earlier("libssh", "0.9.6-2ubuntu0.22.04.2", kind="dpkginfo")
    document.things["o-libssh"] = '<dpkginfo_object id="o-libssh"><name var_ref="v" var_check="all"/></dpkginfo_object>'
    document.things["v"] = (
        '<constant_variable id="v"><value>libssh-4</value><value>libssh-dev</value></constant_variable>'
    )
    platform = '<extend_definition comment="Ubuntu 22.04 LTS (jammy) is installed." definition_ref="d:100"/>'
    found_both = statements(FORMAT, defined(document, both(platform, test)))
    assert {(one.package, one.by_source, one.release) for one in found_both} == {
        ("libssh-4", False, "22.04"), ("libssh-dev", False, "22.04"),
    }  # fmt: skip


def test_earlier_than_nothing_says_nothing() -> None:
    document = Oval()
    raw = defined(document, both(document.release("Debian 11"), document.earlier("a", "0", kind="dpkginfo")))
    assert rejects(FORMAT, raw) == [("doc: def:1: a", "says of no version whether it is affected")]


def test_what_is_not_understood_is_a_reject_and_the_other_cases_are_used() -> None:
    document = Oval()
    odd = [
        document.package("b equals 1-1", "b", '<evr operation="equals">1-1</evr>'),
        document.package("c is earlier than 1", "c", '<version operation="less than">1</version>'),
        document.other("d is a service", "family"),
        '<criterion comment="e" test_ref="nowhere"/>',
        '<criteria negate="true"/>',
        both(document.earlier("f", "1-1"), document.earlier("g", "1-1")),
        document.earlier("h", "32:chroot-9.18.34-1.an23"),
        '<extend_definition comment="i" definition_ref="d"/>',
    ]
    raw = defined(document, both(document.release("Anolis OS 23"), either(document.earlier("a", "1-1"), *odd)))
    assert [found.package for found in statements(FORMAT, raw)] == ["a"]
    assert {reason for _, reason in rejects(FORMAT, raw)} == {
        "a test rpminfo that is not understood", "a test family that is not understood",
        "a version with a hyphen inside",
        "refers to a test that is not there", "criteria with an operator that is not understood",
        "criteria that ask for no package, or for several at once", "extends a definition that is not understood",
    }  # fmt: skip
    assert all(where.startswith("doc: def:1: ") for where, _ in rejects(FORMAT, raw))


def test_what_is_there_twice_and_differs_counts_for_nothing() -> None:
    document = Oval()
    raw = defined(document, both(document.release("Anolis OS 23"), document.earlier("a", "1-1")))
    again = '<rpminfo_object id="o-a"><name>b</name></rpminfo_object></objects>'
    assert len(statements(FORMAT, raw)) == 1
    assert statements(FORMAT, raw.replace(b"</objects>", again.encode())) == []
    same = again.replace(">b<", ">a<")
    assert len(statements(FORMAT, raw.replace(b"</objects>", same.encode()))) == 1


def test_criteria_for_no_release_or_for_two_are_rejects() -> None:
    document = Oval()
    document.define(document.earlier("a", "1-1").join(("<criteria>", "</criteria>")))
    two = both(document.release("Anolis OS 23"), document.release("AlmaLinux 9"), document.earlier("a", "1-1"))
    raw = defined(document, two, key="def:2")
    assert statements(FORMAT, raw) == []
    assert [where for where, _ in rejects(FORMAT, raw)] == ["doc: def:1: -", "doc: def:2: -"]
    assert about(FORMAT, raw).whole


def test_a_definition_alone_is_no_whole_feed() -> None:
    document = Oval()
    raw = defined(document, both(document.release("Anolis OS 23"), document.earlier("a", "1-1")))
    assert (about(FORMAT, raw).whole, about(FORMAT, raw).as_of) == (False, date(2022, 8, 17))
    for stamp, day in (("2022-08-16T23:30:00-02:00", 17), ("2022-08-16T23:30:00", 16), ("2022-08-16 at noon", 16)):
        again = raw.replace(b"2022-08-17T00:34:31", stamp.encode())
        assert about(FORMAT, again).as_of == date(2022, 8, day)


def test_the_real_document_of_anolis() -> None:
    raw = sample("anolis-23.oval.xml").read_bytes()
    found = one(raw)
    assert (found.ecosystem, found.release, found.package, found.fixed) == ("anolis", "23", "bind", "32:9.18.34-1.an23")
    assert (found.advisory, found.flaws) == ("ANSA-2025:0186", ("CVE-2024-11187", "CVE-2024-12705"))
    assert len(rejects(FORMAT, raw)) == 8
    assert {reason for _, reason in rejects(FORMAT, raw)} == {"a version with a hyphen inside"}


@pytest.mark.parametrize(("operation", "unknown"), [("less than or equal", ["curl"]), ("less than", [])])
def test_a_test_that_is_not_understood_leaves_its_package_unknown(operation: str, unknown: list[str]) -> None:
    oval = Oval()
    evr = f'<evr datatype="evr_string" operation="{operation}">0:7-1.el8</evr>'
    oval.define(both(oval.release("Red Hat Enterprise Linux 8"), oval.package("curl is not new", "curl", evr)))
    left = doubted(FORMAT, bytes(oval))
    assert [one.package for one in left] == unknown
    assert all((one.release, one.status, one.fixed) == ("8", "unknown", "") for one in left)
    assert bool(statements(FORMAT, bytes(oval))) is not bool(unknown)


def unclear(criteria: str, document: Oval) -> list[tuple[str, str, str]]:
    """Packages that a definition leaves unknown, with their releases and streams."""
    return sorted({(one.package, one.release, one.module) for one in doubted(FORMAT, defined(document, criteria))})


@pytest.mark.parametrize("operator", ['operator="XOR"', 'operator="ONE"', 'negate="true"', 'negate="1" operator="OR"'])
def test_packages_below_an_operator_that_is_not_understood_are_unknown(operator: str) -> None:
    document = Oval()
    odd = f"<criteria {operator}>{document.earlier('a', '1-1')}{both(document.earlier('b', '1-1'))}</criteria>"
    criteria = both(document.release("AlmaLinux 9"), odd)
    assert unclear(criteria, document) == [("a", "9", ""), ("b", "9", "")]
    assert statements(FORMAT, bytes(document)) == []
    assert not lost(bytes(document))


def test_a_criterion_that_is_turned_round_leaves_its_package_unknown_and_an_upright_one_does_not() -> None:
    for negate in ("true", "false"):
        document = Oval()
        turned = document.earlier("a", "1-1").replace("<criterion", f'<criterion negate="{negate}"')
        criteria = both(document.release("AlmaLinux 9"), turned)
        assert unclear(criteria, document) == ([("a", "9", "")] if negate == "true" else [])


def test_a_module_that_must_not_be_enabled_leaves_every_stream_unknown() -> None:
    document = Oval()
    module = document.other("Module nodejs:18 is enabled", "textfilecontent54")
    turned = module.replace("<criterion", '<criterion negate="true"')
    criteria = both(document.release("AlmaLinux 9"), turned, document.earlier("nodejs", "1-1.module+el9"))
    assert unclear(criteria, document) == [("nodejs", "9", "*")]


@pytest.mark.parametrize(("build", "module"), [("1:16-1.module+el9", "*"), ("1:16-1.el9", "")])
def test_a_test_that_is_not_understood_of_a_modules_build_leaves_every_stream_unknown(build: str, module: str) -> None:
    document = Oval()
    odd = document.package("npm is not new", "npm", f'<evr operation="less than or equal">{build}</evr>')
    assert unclear(both(document.release("AlmaLinux 9"), odd), document) == [("npm", "9", module)]


@pytest.mark.parametrize(("comment", "left"), [("Foo is of the kind x", ["a"]), ("AlmaLinux 9 is installed", [])])
def test_a_definition_that_extends_one_that_is_not_known_leaves_its_packages_unknown(
    comment: str, left: list[str]
) -> None:
    document = Oval()
    extended = f'<extend_definition comment="{comment}" definition_ref="d"/>'
    criteria = both(document.release("AlmaLinux 9"), extended, document.earlier("a", "1-1"))
    assert [one for one, _, _ in unclear(criteria, document)] == left
    assert [one.package for one in statements(FORMAT, bytes(document))] == ([] if left else ["a"])


def lost(raw: bytes) -> bool:
    return any(one.lost for one in read(FORMAT, raw) if isinstance(one, Reject))


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("^vim$", ["vim"]),
        ("^(vim|vim-common)$", ["vim", "vim-common"]),
        ("^libstdc\\+\\+$", ["libstdc++"]),
        ("vim", []),
        ("^vim.*$", []),
        ("^python3.6$", []),
    ],
)
def test_a_pattern_is_a_list_of_names_or_leaves_the_feed_not_whole(name: str, packages: list[str]) -> None:
    document = Oval()
    criteria = both(document.release("AlmaLinux 9"), document.earlier("a", "1-1"))
    pattern = f'<rpminfo_object id="o-a"><name operation="pattern match">{name}</name></rpminfo_object>'
    document.things["o-a"] = pattern
    raw = defined(document, criteria)
    assert [one.package for one in statements(FORMAT, raw)] == packages
    assert lost(raw) is not bool(packages)


def test_what_is_on_no_package_that_can_be_told_leaves_the_feed_not_whole() -> None:
    document = Oval()
    raw = defined(document, both(document.earlier("a", "1-1")))
    assert lost(raw)  # on a release that nobody knows
    document = Oval()
    elsewhere = defined(document, both(document.release("Red Hat CoreOS 4"), document.earlier("a", "1-1")))
    assert not lost(elsewhere)
    document = Oval()
    never = document.other("AlmaLinux must be installed", "rpmverifyfile", "none satisfy")
    assert not lost(defined(document, both(never, document.earlier("a", "1-1"))))
