"""CVRF: the packages of a product tree, for the releases that a status names."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds import xml_records
from secops.patches.feeds.cvrf import FORMAT
from secops.patches.statement import Statement
from tests.patches.feeds.reading import about, doubted, refused, rejects, stands, statements
from tests.patches.samples import sample

SP3, SP4 = "openEuler-22.03-LTS-SP3", "openEuler-22.03-LTS-SP4"
HOT = "patch-kernel-6.6.0-72.0.0.76.oe2203sp3-ACC"


def product(key: str, text: str, release: str = SP3) -> str:
    cpe = f"cpe:/a:openEuler:openEuler:{release.removeprefix('openEuler-')}"
    return f'<FullProductName ProductID="{key}" CPE="{cpe}">{text}</FullProductName>'


def document(*products: str, status: str = "", tree: str = "ProductTree", flaw: str = "") -> bytes:
    """A document whose product tree holds the releases SP3 and SP4 and the products; SP3 is mended."""
    status = status or f'<Status Type="Fixed"><ProductID>{SP3}</ProductID></Status>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<cvrfdoc xmlns="http://www.icasi.org/CVRF/schema/cvrf/1.1">
<DocumentTitle>An update for vim</DocumentTitle>
<DocumentTracking><Identification><ID>openEuler-SA-2025-1379</ID></Identification>
<InitialReleaseDate>2025-04-03</InitialReleaseDate><CurrentReleaseDate>2025-04-04</CurrentReleaseDate>
</DocumentTracking>
<{tree} xmlns="http://www.icasi.org/CVRF/schema/prod/1.1"><Branch Type="Product Name" Name="openEuler">
{product(SP3, SP3)}{product(SP4, SP4, SP4)}</Branch>
<Branch Type="Package Arch" Name="x86_64">{"".join(products)}</Branch></{tree}>
<Vulnerability Ordinal="1" xmlns="http://www.icasi.org/CVRF/schema/vuln/1.1"><CVE>CVE-2025-1</CVE>
<ProductStatuses>{status}</ProductStatuses>{flaw}
<Threats><Threat Type="Impact"><Description>High</Description></Threat></Threats>
<CVSSScoreSets><ScoreSet><BaseScore>7.8</BaseScore></ScoreSet></CVSSScoreSets>
<Remediations><Remediation Type="Vendor Fix"><URL>https://x/1379</URL></Remediation></Remediations>
</Vulnerability></cvrfdoc>""".encode()


VIM = [product("vim-9.0-33", f"vim-9.0-33.oe2203sp3.{arch}.rpm") for arch in ("aarch64", "src", "x86_64")]


def one(raw: bytes) -> Statement:
    (found,) = statements(FORMAT, raw)
    return found


def test_packages_of_the_release_are_mended_in_their_full_version() -> None:
    found = one(document(*VIM))
    assert (found.advisory, found.flaws, found.ecosystem) == ("openEuler-SA-2025-1379", ("CVE-2025-1",), "openeuler")
    assert (found.release, found.package, found.fixed) == ("22.03-LTS-SP3", "vim", "9.0-33.oe2203sp3")
    assert (found.arch, found.no_epochs, found.hot) == (("aarch64", "noarch", "x86_64"), True, False)
    assert (found.severity, found.score, found.published) == ("high", 7.8, date(2025, 4, 3))
    assert (found.title, found.url) == ("An update for vim", "https://x/1379")
    assert (about(FORMAT, document(*VIM)).as_of, about(FORMAT, document(*VIM)).whole) == (date(2025, 4, 4), False)


@pytest.mark.parametrize(("made", "day"), [("2025-04-09", 9), ("2025-04-01", 4), ("", 4), ("soon", 4)])
def test_a_document_is_as_old_as_its_making(made: str, day: int) -> None:
    end = b"</DocumentTracking>"
    raw = document(*VIM).replace(end, f"<Generator><Engine>x</Engine><Date>{made}</Date></Generator>".encode() + end)
    assert about(FORMAT, raw).as_of == date(2025, 4, day)


def test_packages_of_another_release_are_not() -> None:
    other = product("vim-9.0-33", "vim-9.0-33.oe2203sp4.x86_64.rpm", SP4)
    assert {found.release for found in statements(FORMAT, document(*VIM, other))} == {"22.03-LTS-SP3"}
    status = "".join(f'<Status Type="Fixed"><ProductID>{name}</ProductID></Status>' for name in (SP3, SP4))
    found = statements(FORMAT, document(*VIM, other, status=status))
    assert {(one.release, one.fixed) for one in found} == {
        ("22.03-LTS-SP3", "9.0-33.oe2203sp3"), ("22.03-LTS-SP4", "9.0-33.oe2203sp4"),
    }  # fmt: skip


def test_a_build_for_another_service_pack_is_a_reject() -> None:
    wrong = product("nano-1-1", "nano-1-1.oe2203sp4.x86_64.rpm")
    assert [found.package for found in statements(FORMAT, document(*VIM, wrong))] == ["vim"]
    ((where, reason),) = rejects(FORMAT, document(*VIM, wrong))
    assert where == "doc: openEuler-SA-2025-1379 CVE-2025-1: nano 1-1.oe2203sp4"
    assert reason == "a build for another release"


def test_a_status_may_name_a_package() -> None:
    status = '<Status Type="Fixed"><ProductID>vim-9.0-33</ProductID></Status>'
    other = product("nano-1-1", "nano-1-1.oe2203sp3.x86_64.rpm")
    assert [found.package for found in statements(FORMAT, document(*VIM, other, status=status))] == ["vim"]


@pytest.mark.parametrize(
    ("word", "told"),
    [("Known Affected", "affected"), ("Known Not Affected", "not-affected"), ("Under Investigation", "unknown")],
)
def test_other_statuses(word: str, told: str) -> None:
    found = one(document(*VIM, status=f'<Status Type="{word}"><ProductID>{SP3}</ProductID></Status>'))
    assert (found.status, found.fixed) == (told, "")


def test_what_will_not_be_mended() -> None:
    status = f'<Status Type="Known Affected"><ProductID>{SP3}</ProductID></Status>'
    remedy = '<Remediations><Remediation Type="Will Not Fix"/></Remediations>'
    assert one(document(*VIM, status=status, flaw=remedy)).status == "will-not-fix"


def test_hot_patches_stand_in_a_tree_of_their_own() -> None:
    source = product("kernel", f"{HOT.removeprefix('patch-')}-1-3.src.rpm")
    raw = document(source, product(HOT, f"{HOT}-1-3.x86_64.rpm"), tree="HotPatchTree")
    found = one(raw)
    assert (found.package, found.fixed, found.hot, found.by_source) == (HOT, "1-3", True, False)
    assert not one(document(product("patch", "patch-2.7.6-1.oe2203sp3.x86_64.rpm"))).hot
    wrong = document(product("patch", "patch-2.7.6-1.oe2203sp3.x86_64.rpm"), tree="HotPatchTree")
    assert statements(FORMAT, wrong) == []
    assert "is not named like a hot patch" in {reason for _, reason in rejects(FORMAT, wrong)}


def test_contradictions_and_unknown_products_are_rejects_and_the_rest_is_used() -> None:
    status = (
        f'<Status Type="Fixed"><ProductID>{SP3}</ProductID><ProductID>nowhere</ProductID></Status>'
        '<Status Type="Known Affected"><ProductID>nano-1-1</ProductID></Status><Status Type="Recommended"/>'
    )
    nano = product("nano-1-1", "nano-1-1.oe2203sp3.x86_64.rpm")
    alien = '<FullProductName ProductID="z" CPE="cpe:/a:acme:os:1">z-1-1.x86_64.rpm</FullProductName>'
    raw = document(*VIM, nano, alien, status=status)
    assert [found.package for found in statements(FORMAT, raw)] == ["vim"]
    assert {reason for _, reason in rejects(FORMAT, raw)} == {
        "statuses that exclude each other", "is not in the product tree", "a status that says nothing of a flaw",
        "no release of a distribution that is known here",
    }  # fmt: skip
    assert [(one.package, one.status, one.fixed) for one in doubted(FORMAT, raw)] == [("nano", "unknown", "")]


@pytest.mark.parametrize("word", ["First Affected", "Recommended", "", "Mended"])
def test_a_status_that_says_nothing_leaves_unknown_what_has_no_other(word: str) -> None:
    vague = f'<Status Type="{word}"><ProductID>{SP3}</ProductID></Status>'
    alone = document(*VIM, status=vague)
    assert statements(FORMAT, alone) == []
    assert {(one.package, one.status, one.fixed, one.words) for one in doubted(FORMAT, alone)} == {
        ("vim", "unknown", "", "a status that says nothing of a flaw"),
    }
    beside = document(*VIM, status=f'{vague}<Status Type="Fixed"><ProductID>{SP3}</ProductID></Status>')
    assert [one.status for one in statements(FORMAT, beside)] == ["fixed"]
    assert doubted(FORMAT, beside) == []


def test_a_file_whose_name_is_not_understood_leaves_its_package_unknown() -> None:
    for name, packages in (("nano-1-1.oe2203sp3.odd64.rpm", {"nano", "nano-1-1.oe2203sp3.odd64"}), ("x y.rpm", set())):
        raw = document(*VIM, product("nano", name))
        assert [one.package for one in statements(FORMAT, raw)] == ["vim"]
        assert {one.package for one in doubted(FORMAT, raw)} == packages
        assert ("doc: openEuler-SA-2025-1379: " + name, "no rpm package") in rejects(FORMAT, raw)
    assert doubted(FORMAT, document(*VIM, product("nano", "nano-1-1.oe2203sp3.x86_64.rpm"))) == []


def test_a_flaw_of_no_product_is_a_reject() -> None:
    raw = document(*VIM, status='<Status Type="Fixed"/>')
    assert [reason for _, reason in rejects(FORMAT, raw)] == ["names no product"]


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("dtd", [BOMB, EXTERNAL, b"<!DOCTYPE cvrfdoc>", b'<!DOCTYPE a SYSTEM "http://x/a.dtd">'])
def test_entities_and_dtds_are_refused(dtd: bytes) -> None:
    raw = document(*VIM).replace(b"<cvrfdoc", dtd + b"<cvrfdoc").replace(b"An update for vim", b"x")
    assert refused(FORMAT, raw) == "has a DTD or entities, which is refused"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"<cvrfdoc>", document(*VIM)[:-30], document(*VIM) + b"<", b"<a/>", b"<cvrfdoc/>", b"\xff",
        document(*VIM).replace(b"UTF-8", b"UTF-99"), document(*VIM).replace(b"High", b"\x00"),
        document(*VIM).replace(b"<DocumentTracking>", b"<x>").replace(b"</DocumentTracking>", b"</x>"),
    ],
)  # fmt: skip
def test_what_is_no_cvrf_is_refused(raw: bytes) -> None:
    assert refused(FORMAT, raw)


def test_elements_that_never_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"<a>" * 300 + b"</a>" * 300
    assert refused(FORMAT, document(*VIM).replace(b"High", deep)) == "elements stand more than 200 deep"
    monkeypatch.setattr(xml_records, "LARGEST", 1 << 20)
    large = document(*VIM).replace(b"High", b"<a/>" * (1 << 19))
    assert refused(FORMAT, large) == "one entry is larger than 1 MiB"


@pytest.mark.parametrize("raw", [b"<oval_definitions>", b'{"cvrfdoc": 1}', b"<cvrfdocument/>"])
def test_other_documents_are_not_recognised(raw: bytes) -> None:
    assert not FORMAT.recognises(raw)


def test_the_real_advisory() -> None:
    found = statements(FORMAT, sample("openeuler-cvrf-sa-2025-1379.xml").read_bytes())
    assert {(one.package, one.fixed, one.release) for one in found} == {
        (name, "128.8.0-1.oe2203sp3", "22.03-LTS-SP3")
        for name in ("firefox", "firefox-debuginfo", "firefox-debugsource")
    }
    assert {one.flaws for one in found} == {("CVE-2023-32216",), ("CVE-2023-6879",)}
    assert {(one.severity, one.score, one.arch) for one in found} == {
        ("critical", 9.8, ("aarch64", "noarch", "x86_64"))
    }


SEED = document(*VIM, product(HOT, f"{HOT}-1-3.x86_64.rpm"))


@settings(max_examples=300)
@given(st.integers(0, len(SEED)), st.integers(0, 40), st.binary(max_size=6) | st.sampled_from([b"<", b"&amp;", b'"']))
def test_no_document_harms_it(at: int, cut: int, noise: bytes) -> None:
    stands(FORMAT, SEED[:at] + noise + SEED[at + cut :])


@given(st.text(alphabet="vim-patchACCSGL.90:oe2sp3x86_64rcz \u00fc", max_size=60))
def test_no_file_name_harms_it(name: str) -> None:
    for tree in ("ProductTree", "HotPatchTree"):
        stands(FORMAT, document(product("x", name), tree=tree))
