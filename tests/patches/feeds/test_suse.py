"""SUSE: products by their names, modules that are on hosts of every base product, CSAF as SUSE publishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secops.patches.feeds import csaf, oval
from secops.patches.feeds.suse_products import of_suse
from secops.patches.importing import import_feeds
from secops.patches.shelf import Shelf
from secops.patches.statement import Statement
from tests.patches.feed_kit import archive, osv
from tests.patches.feeds.csaf_kit import document
from tests.patches.feeds.oval_kit import Oval, both, defined, either
from tests.patches.feeds.reading import doubted, rejects, statements
from tests.patches.match_kit import feed, matched, rpm

SP6 = "SUSE Linux Enterprise Server 15 SP6"
LTSS = f"{SP6}-LTSS"
BASE = "SUSE Linux Enterprise Module for Basesystem 15 SP6"
BASES = ("sle_hpc", "sle_rt", "sled", "sles")
CPES = {
    SP6: "cpe:/o:suse:sles:15:sp6",
    LTSS: "cpe:/o:suse:sles-ltss:15:sp6",
    BASE: "cpe:/o:suse:sle-module-basesystem:15:sp6",
    "openSUSE Leap 15.6": "cpe:/o:opensuse:leap:15.6",
    "openSUSE Tumbleweed": "cpe:/o:opensuse:tumbleweed",
    "SUSE Linux Enterprise Micro 5.5": "cpe:/o:suse:sle-micro:5.5",
}


def vex(**status: list[tuple[str, str]]) -> bytes:
    """A statement on a flaw: by status, products and packages, each with its version where it has one."""
    pairs = [pair for named in status.values() for pair in named]
    urls = {package: _url(package) for _, package in pairs}
    ids = {word: [f"{whole}:{part}" for whole, part in named] for word, named in status.items()}
    fix = {"category": "vendor_fix", "details": "Install it.", "product_ids": ids.get("recommended", [])}
    flaw: dict[str, Any] = {"product_status": ids, "remediations": [fix]}
    return document(CPES | urls, [(part, whole) for whole, part in pairs], flaw, "CVE-2025-1")


def _url(package: str) -> str:
    name, _, version = package.partition("-5")
    version = version and f"5{version}"
    return f"pkg:rpm/suse/{name}@{version}?upstream=xz{version and '-' + version}.src.rpm"


def told(found: list[Statement]) -> set[tuple[str, ...]]:
    return {(one.ecosystem, one.release, one.package, one.status, one.fixed, one.words) for one in found}


@pytest.mark.parametrize(
    ("name", "releases", "channel"),
    [
        (SP6, [("sles", "15.6")], ""),
        (LTSS, [("sles", "15.6")], "LTSS"),
        ("SUSE Linux Enterprise Server 12 SP5-LTSS Extended Security", [("sles", "12.5")], "LTSS Extended Security"),
        ("SUSE Linux Enterprise Server 12-LTSS", [("sles", "12")], "LTSS"),
        ("SUSE Linux Enterprise Server 16.0", [("sles", "16.0")], ""),
        ("SUSE Linux Enterprise Server for SAP applications 16.0", [("sles", "16.0")], "SAP Applications"),
        ("SUSE Linux Enterprise High Performance Computing 15 SP5-ESPOS", [("sle_hpc", "15.5")], "ESPOS"),
        ("SUSE Linux Enterprise Real Time 15 SP4", [("sle_rt", "15.4")], ""),
        ("openSUSE Leap 15.6", [("opensuse-leap", "15.6")], ""),
    ],
)
def test_products(name: str, releases: list[tuple[str, str]], channel: str) -> None:
    found = of_suse(name)
    assert found
    assert (list(found.releases), found.channel) == (releases, channel)


@pytest.mark.parametrize(
    "name",
    [
        "openSUSE Tumbleweed", "SUSE Linux Enterprise Micro 5.5", "SUSE Linux Enterprise Server 15 SP6 EXTREME",
        "SUSE Linux Enterprise Live Patching 15 SP6", "SUSE Manager Server 4.3", "SUSE Liberty Linux 9",
        "SUSE Linux Enterprise Server Teradata 12 SP3", "Public Cloud Module for SUSE Linux Enterprise 11", "",
        "SUSE Linux Enterprise Module for " + "x" * 100_000 + " 15",
    ],
)  # fmt: skip
def test_other_products_are_not_known(name: str) -> None:
    assert of_suse(name) is None


def test_what_is_recommended_mends_and_what_has_no_version_is_open() -> None:
    raw = vex(recommended=[(BASE, "xz-5.6-1.1"), ("openSUSE Leap 15.6", "xz-5.6-2.1")],
              known_affected=[(SP6, "liblzma5")], known_not_affected=[(SP6, "xz-devel")])  # fmt: skip
    found = statements(csaf.FORMAT, raw)
    assert told(found) == {
        *((base, "15.6", "xz", "fixed", "5.6-1.1", "") for base in BASES),
        ("opensuse-leap", "15.6", "xz", "fixed", "5.6-2.1", ""),
        ("sles", "15.6", "liblzma5", "affected", "", ""),
        ("sles", "15.6", "xz-devel", "not-affected", "", ""),
    }
    assert not any(one.by_source for one in found)
    assert all(one.no_epochs for one in found)
    assert not rejects(csaf.FORMAT, raw)


def test_what_is_recommended_without_a_fix_to_install_is_unknown() -> None:
    raw = vex(recommended=[(SP6, "xz-5.6-1.1")]).replace(b"vendor_fix", b"workaround")
    assert not statements(csaf.FORMAT, raw)
    assert told(doubted(csaf.FORMAT, raw)) == {
        ("sles", "15.6", "xz", "unknown", "", "a status that says nothing of a flaw")
    }


def test_the_fix_that_all_get_comes_before_that_of_a_channel() -> None:
    both_of = vex(recommended=[(LTSS, "xz-5.6-9.1"), (SP6, "xz-5.6-1.1")])
    assert told(statements(csaf.FORMAT, both_of)) == {("sles", "15.6", "xz", "fixed", "5.6-1.1", "")}
    alone = vex(recommended=[(LTSS, "xz-5.6-9.1")], known_affected=[(SP6, "xz")])
    assert told(statements(csaf.FORMAT, alone)) == {("sles", "15.6", "xz", "fixed", "5.6-9.1", "LTSS")}
    others = vex(recommended=[(LTSS, "xz-5.6-9.1"), (SP6, "liblzma5-5.6-1.1")])
    assert {one.fixed for one in statements(csaf.FORMAT, others)} == {"5.6-9.1", "5.6-1.1"}


def test_products_that_are_not_known_are_told() -> None:
    raw = vex(recommended=[("openSUSE Tumbleweed", "xz-5.6-1.1"), ("SUSE Linux Enterprise Micro 5.5", "xz-5.6-1.1")])
    assert not statements(csaf.FORMAT, raw)
    assert [where.rpartition(": ")[2] for where, _ in rejects(csaf.FORMAT, raw)] == [
        "SUSE Linux Enterprise Micro 5.5", "openSUSE Tumbleweed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ecosystem", "release", "installed", "told"),
    [
        ("sled", "15.6", "5.4-1.1", ["fixed-available"]),
        ("sle_hpc", "15.6", "5.4-1.1", ["fixed-available"]),
        ("sled", "15.6", "5.6-1.1", []),
        ("sled", "15.5", "5.4-1.1", []),
        ("opensuse-leap", "15.6", "5.4-1.1", []),
    ],
)
def test_a_flaw_in_a_module_is_told_of_hosts_of_other_base_products(
    tmp_path: Path, ecosystem: str, release: str, installed: str, told: list[str]
) -> None:
    one = feed(tmp_path, "a", statements(csaf.FORMAT, vex(recommended=[(BASE, "xz-5.6-1.1")])))
    rows = matched([one], {"h": [rpm("xz", installed)]}, {"ecosystem": ecosystem, "release": release})
    assert [row["status"] for row in rows] == told


def test_channels_in_oval_are_told_apart() -> None:
    def found(*told: tuple[str, str]) -> set[tuple[str, str]]:
        made = Oval()
        cases = (both(made.release(name), made.earlier("xz", fixed)) for name, fixed in told)
        return {(one.fixed, one.words) for one in statements(oval.FORMAT, defined(made, either(*cases)))}

    assert found((LTSS, "0:5.6-9.1"), (SP6, "0:5.6-1.1")) == {("0:5.6-1.1", "")}
    assert found((LTSS, "0:5.6-9.1")) == {("0:5.6-9.1", "LTSS")}


def test_a_feed_of_modules_is_called_after_sles(tmp_path: Path) -> None:
    module, desktop = (f"SUSE:Linux Enterprise {name} 15 SP6" for name in ("Module for Basesystem", "Desktop"))
    for ecosystem, name in ((module, "osv-sles-15.6"), (desktop, "osv-sled-15.6")):
        advisories = [osv(f"SUSE-SU-2026:{at}", (ecosystem, "xz", f"{at}-1")) for at in (1, 2)]
        (found,) = import_feeds(Shelf(tmp_path / "shelf"), [archive(tmp_path / "a.zip", advisories)])
        assert found.name == name


def test_a_module_in_oval_is_on_hosts_of_every_base_product() -> None:
    made = Oval()
    raw = defined(made, both(made.release(BASE), made.earlier("xz", "0:5.6-1.1")))
    assert sorted(one.ecosystem for one in statements(oval.FORMAT, raw)) == list(BASES)
    made = Oval()
    raw = defined(made, both(made.release(BASE), made.release(SP6), made.earlier("xz", "0:5.6-1.1")))
    assert [one.ecosystem for one in statements(oval.FORMAT, raw)] == ["sles"]
