"""CSAF: the products of a status, as builds of packages in releases, with what the vendor says of each."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.patches.feeds import json_document
from secops.patches.feeds.csaf import FORMAT
from secops.patches.statement import Reject, Statement
from tests.patches.feeds.csaf_kit import REDHAT, SP3, document, openeuler, redhat
from tests.patches.feeds.reading import (
    JUNK,
    about,
    doubted,
    nodes,
    read,
    refused,
    rejects,
    replaced,
    stands,
    statements,
)
from tests.patches.samples import sample

UNKNOWN = "no release of a distribution that is known here"


def one(raw: bytes) -> Statement:
    (found,) = statements(FORMAT, raw)
    return found


def test_an_advisory_of_openeuler_is_about_binaries_without_epochs() -> None:
    files = [f"vim-9.0-33.oe2203sp3.{arch}.rpm" for arch in ("src", "x86_64", "aarch64")]
    raw = openeuler(*files, threats=[{"category": "impact", "details": "Critical"}])
    found = one(raw)
    assert (found.ecosystem, found.release, found.kind, found.package) == ("openeuler", "22.03-LTS-SP3", "rpm", "vim")
    assert (found.fixed, found.no_epochs, found.by_source) == ("9.0-33.oe2203sp3", True, False)
    assert found.arch == ("aarch64", "noarch", "x86_64")
    assert (found.advisory, found.flaws, found.severity) == ("openEuler-SA-2025-1351", ("CVE-2025-1",), "critical")
    assert (found.published, found.title, found.hot) == (date(2025, 3, 29), "vim security update", False)
    assert about(FORMAT, raw).as_of == date(2025, 4, 1)
    assert not about(FORMAT, raw).whole


@pytest.mark.parametrize(
    ("generator", "day"),
    [
        ({"date": "2025-04-07T23:30:00-02:00"}, 8),  # made anew later, and nothing was changed
        ({"date": "2025-03-01T00:00:00Z"}, 1),
        ({"date": "soon"}, 1),
        ({"date": 7}, 1),
        ({}, 1),
        (None, 1),
    ],
)
def test_a_document_is_as_old_as_its_making(generator: Any, day: int) -> None:
    raw = json.loads(openeuler("vim-1-1.x86_64.rpm"))
    raw["document"]["tracking"]["generator"] = generator
    assert about(FORMAT, json.dumps(raw).encode()).as_of == date(2025, 4, day)


def test_a_package_for_every_architecture_is_for_all() -> None:
    assert one(openeuler("vim-help-9.0-33.oe2203sp3.noarch.rpm")).arch == ()


def test_a_source_package_alone_is_matched_by_source() -> None:
    found = one(openeuler("vim-9.0-33.oe2203sp3.src.rpm"))
    assert (found.package, found.by_source, found.arch) == ("vim", True, ())


def test_a_build_for_another_service_pack_is_a_reject() -> None:
    raw = openeuler("vim-9.0-33.oe2203sp3.x86_64.rpm", "nano-1-1.oe2203sp4.x86_64.rpm", "ed-1-1.oe2203.x86_64.rpm")
    assert [found.package for found in statements(FORMAT, raw)] == ["vim"]
    assert {reason for _, reason in rejects(FORMAT, raw)} == {"a build for another release"}
    assert len(rejects(FORMAT, raw)) == 2


@pytest.mark.parametrize(
    ("status", "told", "bounds"),
    [
        ("fixed", "fixed", ("", "9.0-33", "")),
        ("known_affected", "affected", ("", "", "9.0-33")),
        ("known_not_affected", "not-affected", ("9.0-33", "", "")),
        ("under_investigation", "unknown", ("", "", "9.0-33")),
    ],
)
def test_statuses_bound_versions(status: str, told: str, bounds: tuple[str, str, str]) -> None:
    found = one(openeuler("vim-9.0-33.x86_64.rpm", status=status))
    assert (found.status, (found.introduced, found.fixed, found.last_affected)) == (told, bounds)


def test_a_hot_patch_says_so_and_carries_its_own_version() -> None:
    name = "patch-kernel-5.10.0-153.12.0.92.oe2203sp3-ACC"
    found = one(openeuler(f"{name}-1-3.x86_64.rpm", key="openEuler-HotPatchSA-2025-1011"))
    assert (found.package, found.fixed, found.hot) == (name, "1-3", True)
    assert not one(openeuler("patch-2.7.6-1.oe2203sp3.x86_64.rpm")).hot
    raw = openeuler("patch-2.7.6-1.oe2203sp3.x86_64.rpm", key="openEuler-HotPatchSA-2025-1011")
    assert rejects(FORMAT, raw)[0][1] == "is not named like a hot patch"
    other = name.replace("sp3", "sp4")
    assert rejects(FORMAT, openeuler(f"{other}-1-3.x86_64.rpm", key="openEuler-HotPatchSA-1"))[0][1] == (
        "a build for another release"
    )


def test_a_build_for_no_architecture_in_particular_is_for_all() -> None:
    assert one(redhat("vim", "pkg:rpm/redhat/vim@9-1.el8", "rhel_8")).arch == ()


def test_live_patches_of_red_hats_kernel_are_hot() -> None:
    live, kernel = "kpatch-patch-4_18_0-425_3_1", "kernel"
    assert one(redhat(live, f"pkg:rpm/redhat/{live}@1-6.el8?arch=x86_64", "rhel_8")).hot
    assert not one(redhat(kernel, f"pkg:rpm/redhat/{kernel}@4.18.0-1.el8?arch=x86_64", "rhel_8")).hot


def test_a_package_url_has_epoch_and_module() -> None:
    purl = "pkg:rpm/redhat/nodejs@18.1-1.module%2Bel9%2B1?arch=x86_64&epoch=1&rpmmod=nodejs:18:9000:ad"
    found = one(redhat("nodejs", purl, "AppStream-9"))
    assert (found.ecosystem, found.release, found.package) == ("rhel", "9", "nodejs")
    assert (found.fixed, found.module, found.no_epochs) == ("1:18.1-1.module+el9+1", "nodejs:18", False)


def test_a_module_may_stand_between_package_and_release() -> None:
    products = REDHAT | {
        "nodejs:18:9000:ad": "pkg:rpmmod/redhat/nodejs@18%3A9000%3Aad",
        "npm": "pkg:rpm/redhat/npm@9-1.module%2Bel9?arch=x86_64",
    }
    related = [("nodejs:18:9000:ad", "AppStream-9"), ("npm", "AppStream-9:nodejs:18:9000:ad")]
    status = {"product_status": {"fixed": ["AppStream-9:nodejs:18:9000:ad:npm"]}}
    found = one(document(products, related, status, "RHSA-2025:1"))
    assert (found.package, found.release, found.module) == ("npm", "9", "nodejs:18")


def test_a_modules_build_without_its_stream_is_unknown_on_every_stream() -> None:
    raw = redhat("npm", "pkg:rpm/redhat/npm@9-1.module%2Bel9?arch=x86_64", "AppStream-9")
    assert statements(FORMAT, raw) == []
    assert rejects(FORMAT, raw)[0][1] == "a module's build whose stream is not named"
    assert [(one.package, one.module, one.fixed) for one in doubted(FORMAT, raw)] == [("npm", "*", "")]


@pytest.mark.parametrize(
    ("product", "packages"),
    [
        ("vim", [("vim", "")]),
        ("vim-9.0-33.el8", [("vim", ""), ("vim-9.0-33.el8", "")]),
        ("nodejs:16/npm", [("npm", "nodejs:16")]),
        ("rhel8/container of mine", []),
    ],
)
def test_a_package_that_no_package_url_names_is_unknown(product: str, packages: list[tuple[str, str]]) -> None:
    for status in ("known_affected", "under_investigation", "fixed"):
        raw = redhat(product, "", "rhel_8", status)
        assert statements(FORMAT, raw) == []
        found = [(one.package, one.module, one.by_source) for one in doubted(FORMAT, raw)]
        assert sorted(found) == [(*one, by_source) for one in packages for by_source in (False, True)]
    sound = read(FORMAT, redhat(product, "", "rhel_8", "known_not_affected"))
    assert [one.unclear for one in sound if isinstance(one, Reject)] == [()]
    assert not any(isinstance(one, Statement) for one in sound)
    assert doubted(FORMAT, redhat(product, "pkg:oci/vim@1", "rhel_8", "known_affected")) == []
    assert rejects(FORMAT, redhat(product, "pkg:oci/vim@1", "rhel_8", "known_affected"))[0][1] == "no rpm package"


def test_a_product_that_stands_in_no_tree_is_unknown_or_leaves_the_feed_not_whole() -> None:
    def lacking(product: str) -> bytes:
        return redhat("vim", "pkg:rpm/redhat/vim", "rhel_8", product_status={"known_affected": [product]})

    (found,) = doubted(FORMAT, lacking("rhel_8:nano-1-1.el8.x86_64"))
    assert (found.release, found.package, found.status) == ("8", "nano", "unknown")
    for product, lost in (("rhel_8:nano-1-1.el8.x86_64", False), ("nowhere", True), ("rhel_8:vim", False)):
        assert any(one.lost for one in read(FORMAT, lacking(product)) if isinstance(one, Reject)) is lost


def test_an_extended_stream_is_a_release_of_its_own() -> None:
    assert one(redhat("vim", "pkg:rpm/redhat/vim@9-1.el8_8?arch=x86_64", "AppStream-8.8.EUS")).release == "8.8"


def test_another_product_is_a_reject_that_names_it() -> None:
    raw = redhat("vim", "pkg:rpm/redhat/vim@9-1.el8?arch=x86_64", "jboss")
    assert statements(FORMAT, raw) == []
    assert rejects(FORMAT, raw) == [("doc: RHSA-2025:1 1 CVE-2025-1: jboss", UNKNOWN)]


@pytest.mark.parametrize(
    ("category", "details", "status", "words"),
    [
        ("no_fix_planned", "Will not fix", "will-not-fix", "Will not fix"),
        ("no_fix_planned", "Out of support scope", "will-not-fix", "Out of support scope"),
        ("none_available", "Fix deferred", "affected", "Fix deferred"),
        ("none_available", "Affected", "affected", ""),
        ("workaround", "Turn it off, and on again.", "affected", ""),
    ],
)
def test_what_is_not_mended_has_the_vendors_words(category: str, details: str, status: str, words: str) -> None:
    remedy = {"category": category, "details": details, "product_ids": ["rhel_8:vim"]}
    raw = redhat("vim", "pkg:rpm/redhat/vim?arch=src", "rhel_8", "known_affected", "CVE-2025-1", remediations=[remedy])
    found = one(raw)
    assert (found.status, found.words) == (status, words)
    assert (found.package, found.by_source, found.introduced, found.last_affected) == ("vim", True, "", "")


def test_a_remediation_of_another_product_says_nothing_of_this_one() -> None:
    remedy = {"category": "no_fix_planned", "details": "Will not fix", "product_ids": ["AppStream-9:vim"]}
    raw = redhat("vim", "pkg:rpm/redhat/vim", "rhel_8", "known_affected", remediations=[remedy])
    assert (one(raw).status, one(raw).words) == ("affected", "")


def test_products_of_a_group_and_a_module_that_is_not_mended() -> None:
    remedy = {"category": "no_fix_planned", "details": "Will not fix", "group_ids": ["g"]}
    purl = "pkg:rpmmod/redhat/nodejs:16/nodejs"
    raw = json.loads(redhat("nodejs:16/nodejs", purl, "rhel_8", "known_affected", remediations=[remedy]))
    raw["product_tree"]["product_groups"] = [{"group_id": "g", "product_ids": ["rhel_8:nodejs:16/nodejs"]}]
    found = one(json.dumps(raw).encode())
    assert (found.status, found.module, found.by_source) == ("will-not-fix", "nodejs:16", True)


def test_a_statement_on_a_flaw_names_the_advisory_that_mends_it() -> None:
    fix = {
        "category": "vendor_fix",
        "url": "https://access.redhat.com/errata/RHSA-2025:7",
        "product_ids": ["rhel_8:vim"],
    }
    purl = "pkg:rpm/redhat/vim@9-1.el8?arch=x86_64"
    found = one(redhat("vim", purl, "rhel_8", key="CVE-2025-1", remediations=[fix]))
    assert (found.advisory, found.url, found.published) == ("RHSA-2025:7", fix["url"], None)
    dated = one(redhat("vim", purl, "rhel_8", key="CVE-2025-1", remediations=[fix | {"date": "2025-02-01T00:00:00Z"}]))
    assert dated.published == date(2025, 2, 1)


def test_threats_scores_and_flags_are_those_of_the_product() -> None:
    threats = [
        {"category": "impact", "details": "Important", "product_ids": ["rhel_8:vim"]},
        {"category": "impact", "details": "Low", "product_ids": ["rhel_8:other"]},
    ]
    scores = [{"cvss_v3": {"baseScore": 7.5}, "products": ["rhel_8:vim"]}]
    flags = [{"label": "vulnerable_code_not_present", "product_ids": ["rhel_8:vim"]}]
    raw = redhat(
        "vim", "pkg:rpm/redhat/vim", "rhel_8", "known_not_affected", threats=threats, scores=scores, flags=flags
    )
    found = one(raw)
    assert (found.severity, found.score, found.words) == ("high", 7.5, "vulnerable code not present")
    assert one(redhat("vim", "pkg:rpm/redhat/vim", "rhel_8", "known_not_affected")).severity == "medium"


def test_contradictory_and_unknown_products_are_rejects_and_the_rest_is_used() -> None:
    raw = json.loads(openeuler("vim-1-1.x86_64.rpm", "nano-1-1.x86_64.rpm"))
    status = raw["vulnerabilities"][0]["product_status"]
    status |= {"known_affected": [f"{SP3}:vim-1-1.x86_64"], "recommended": ["x"]}
    status["fixed"].append("nowhere")
    found = json.dumps(raw).encode()
    assert [one.package for one in statements(FORMAT, found)] == ["nano"]
    assert sorted(reason for _, reason in rejects(FORMAT, found)) == [
        "a status that says nothing of a flaw", "is not in the product tree", "is not in the product tree",
        "statuses that exclude each other",
    ]  # fmt: skip
    assert [(one.package, one.status, one.arch, one.words) for one in doubted(FORMAT, found)] == [
        ("vim", "unknown", ("noarch", "x86_64"), "statuses that exclude each other"),
    ]


@pytest.mark.parametrize("word", ["recommended", "first_affected"])
def test_a_status_that_does_not_tell_which_versions_leaves_unknown_what_has_no_other(word: str) -> None:
    raw = json.loads(openeuler("vim-1-1.x86_64.rpm"))
    flaw = raw["vulnerabilities"][0]
    flaw["product_status"][word] = [f"{SP3}:vim-1-1.x86_64"]
    beside = json.dumps(raw).encode()
    assert [one.status for one in statements(FORMAT, beside)] == ["fixed"]
    assert not doubted(FORMAT, beside)
    del flaw["product_status"]["fixed"]
    alone = json.dumps(raw).encode()
    assert not statements(FORMAT, alone)
    assert [(one.package, one.status, one.last_affected) for one in doubted(FORMAT, alone)] == [("vim", "unknown", "")]


def test_a_status_that_is_said_twice_is_no_contradiction() -> None:
    raw = json.loads(openeuler("vim-1-1.x86_64.rpm"))
    raw["vulnerabilities"][0]["product_status"]["first_fixed"] = [f"{SP3}:vim-1-1.x86_64"]
    found = json.dumps(raw).encode()
    assert [one.status for one in statements(FORMAT, found)] == ["fixed"]
    assert not rejects(FORMAT, found)


def test_a_bad_vulnerability_leaves_the_others() -> None:
    raw = json.loads(openeuler("vim-1-1.x86_64.rpm"))
    raw["vulnerabilities"] += [{"cve": 3}, {"cve": "CVE-2025-9", "product_status": {}}]
    document = json.dumps(raw).encode()
    assert len(statements(FORMAT, document)) == 1
    assert [reason for _, reason in rejects(FORMAT, document)] == ["no vulnerability of CSAF", "names no product"]


@pytest.mark.parametrize("version", ["9.0 1-1", "a:1-1", "1"])
def test_invalid_versions_are_rejects(version: str) -> None:
    raw = redhat("vim", f"pkg:rpm/redhat/vim@{version}?arch=x86_64", "rhel_8", "known_affected")
    assert len(statements(FORMAT, raw)) + len(rejects(FORMAT, raw)) == 1
    assert version == "1" or rejects(FORMAT, raw)


VALID = openeuler("vim-1-1.x86_64.rpm")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"3", b"{}", VALID[:-9], VALID + b"x", VALID.replace(b'"title"', b'"tracking"', 1),
        VALID.replace(b'"x"', b"NaN", 1), b"[" * 100_000, VALID.replace(b'"CVE-2025-1"', b'"\xff"'),
        b'{"document": {"csaf_version": "2.0", "tracking": {"id": 1}}, "vulnerabilities": []}',
    ],
)  # fmt: skip
def test_what_is_no_csaf_is_refused(raw: bytes) -> None:
    assert refused(FORMAT, raw)


def test_two_relationships_with_one_id_are_refused() -> None:
    raw = json.loads(VALID)
    raw["product_tree"]["relationships"] *= 2
    assert refused(FORMAT, json.dumps(raw).encode()) == "one product id stands for two products"


def test_a_document_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_document, "LARGEST", 1 << 20)
    assert refused(FORMAT, b" " * (1 << 20) + VALID) == "larger than 1 MiB for one advisory"


def test_a_circle_of_products_ends() -> None:
    raw = json.loads(VALID)
    relation = raw["product_tree"]["relationships"][0]
    relation["relates_to_product_reference"] = relation["full_product_name"]["product_id"]
    assert statements(FORMAT, json.dumps(raw).encode()) == []


@pytest.mark.parametrize("raw", [b'{"document": {"csaf_version": "1.0"}}', b'{"schema_version": "1.6"}', b"<cvrfdoc>"])
def test_other_documents_are_not_recognised(raw: bytes) -> None:
    assert not FORMAT.recognises(raw)


def test_the_real_advisory_and_statement_of_openeuler() -> None:
    found = statements(FORMAT, sample("openeuler-csaf-sa-2025-1351.json").read_bytes())
    versions = {(one.release, one.fixed) for one in found if one.package == "vim-common"}
    assert versions == {
        ("20.03-LTS-SP4", "9.0-33.oe2003sp4"), ("22.03-LTS-SP3", "9.0-33.oe2203sp3"),
        ("22.03-LTS-SP4", "9.0-33.oe2203sp4"), ("24.03-LTS", "9.0.2092-18.oe2403"),
        ("24.03-LTS-SP1", "9.0.2092-18.oe2403sp1"),
    }  # fmt: skip
    assert {(one.severity, one.score) for one in found} == {("medium", 4.4)}
    flaw = statements(FORMAT, sample("openeuler-csaf-cve-2025-30346.json").read_bytes())
    assert {(one.advisory, one.flaws) for one in flaw} == {("openEuler-SA-2025-1333", ("CVE-2025-30346",))}


SEED = json.loads(
    redhat(
        "vim",
        "pkg:rpm/redhat/vim@1-1.el8?arch=x86_64&epoch=2&rpmmod=vim:9",
        "rhel_8",
        threats=[{"category": "impact"}],
        remediations=[{"category": "vendor_fix", "url": "u", "group_ids": ["g"]}],
        flags=[{"label": "x"}],
        scores=[{"cvss_v3": {"baseScore": 1}, "products": ["rhel_8:vim"]}],
    )
)


@settings(max_examples=200)
@given(st.sampled_from(list(nodes(SEED))), st.sampled_from(JUNK), st.integers(0, 1500), st.binary(max_size=4))
def test_no_document_harms_it(path: tuple[Any, ...], junk: Any, at: int, noise: bytes) -> None:
    raw = json.dumps(replaced(SEED, path, junk)).encode()
    stands(FORMAT, raw)
    stands(FORMAT, raw[:at] + noise + raw[at + 1 :])


@given(st.text(alphabet="pkg:rmod/vim@1-.?=&%arche+ü\0", max_size=60))
def test_no_package_url_harms_it(purl: str) -> None:
    stands(FORMAT, redhat("vim", purl, "rhel_8"))
