"""What we say of generated roots against what apt itself says: candidates, priorities of all versions, holds."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from secops.hosts.apt.host import read_apt, read_pins
from secops.hosts.tables import Built, derive, packages
from secops.patches.pending.apt import package_of
from secops.patches.pending.policy import Policy, gather
from tests.patches.pending.apt_kit import FOREIGN, NATIVE, AptError, AptRoot, Deb, Suite, reasons
from tests.patches.pending.apt_kit import Policy as Said

pytestmark = pytest.mark.skipif(not shutil.which("apt-cache"), reason="needs apt")

NAMES = [f"{stem}{number}" for stem in ("lib", "tool", "kit") for number in range(6)]
VERSIONS = ["1.0", "1.1", "1:0.9", "2.0~rc1", "2.0", "2.0-1+deb12u1", "2.0-1+deb12u2", "3.0", "10.1"]

RELEASES = [
    (
        "http://deb.example.org/debian",
        "stable",
        {"Origin": "Tiny", "Label": "Tiny", "Suite": "stable", "Codename": "bookworm", "Version": "12.5"},
    ),
    (
        "http://deb.example.org/debian",
        "stable-updates",
        {
            "Origin": "Tiny",
            "Label": "Tiny",
            "Suite": "stable-updates",
            "Codename": "bookworm-updates",
            "Version": "12-updates",
        },
    ),
    (
        "http://security.example.org",
        "stable-security",
        {
            "Origin": "Tiny",
            "Label": "Tiny-Security",
            "Suite": "stable-security",
            "Codename": "bookworm-security",
            "Version": "12",
        },
    ),
    (
        "http://deb.example.org/debian",
        "backports",
        {
            "Origin": "Tiny Backports",
            "Label": "Tiny Backports",
            "Suite": "stable-backports",
            "Codename": "bookworm-backports",
            "NotAutomatic": "yes",
            "ButAutomaticUpgrades": "yes",
        },
    ),
    (
        "http://deb.example.org/debian",
        "experimental",
        {"Origin": "Tiny", "Label": "Tiny", "Suite": "experimental", "Codename": "rc-buggy", "NotAutomatic": "yes"},
    ),
    ("http://vendor.example.com:8080/apt", "any", {"Origin": "Vendor", "ButAutomaticUpgrades": "yes"}),
    ("http://bare.example.net/x", "none", None),
]

RELEASE_PINS = [
    "release a=stable",
    "release n=bookworm*",
    "release o=Tiny",
    "release o=Tiny*",
    "release l=Tiny-Security",
    "release v=12*",
    "release v=12.5",
    "release c=contrib",
    "release c=main,o=Tiny",
    "release b=i386",
    "release a=now",
    "release now",
    "release stable",
    "release 12.5",
    "release *",
    "release a=/^stable-/",
    "release o=Vendor",
    "release a=stable, n=bookworm",
    "release",
    "release a=STABLE",
    "release x=y",
    "release bookworm-b*",
    "release l=/tiny$/",
    "release v=/^12/",
    "release a=stable,l=Nobody",
    'origin "deb.example.org"',
    "origin security.example.org",
    'origin ""',
    "origin *.example.com",
    'origin "/example/"',
    'origin "vendor.example.com"',
    "origin bare.example.net",
    "Origin deb.example.org",
    "Release n=bookworm-security",
]
VERSION_PINS = [
    "version 1.*",
    "version 2.0*",
    "version 1.0",
    "version *",
    "version /^2/",
    "version 2.0-1+DEB12u1",
    "version 3.?",
    "version 1:*",
    "version [12].0",
    "Version 99",
]
WHO = [
    "*",
    "lib*",
    "tool1",
    "tool1 kit2 lib3",
    "/^kit[0-3]$/",
    "src:core",
    "src:co*",
    "lib1:i386",
    "lib2:any",
    "kit?:i386",
    "src:core:i386",
    "*1",
    "* ",
    "lib3:amd64",
    "tool?:any",
    "/LIB/",
    "nothing",
    "src:lib1",
    "kit4 *2",
    "src:/^core$/:any",
]
PRIORITIES = ["1", "100", "99", "101", "500", "501", "600", "990", "999", "1000", "1001", "-1", "-10", "never"]
DEFAULT_RELEASES = [
    "",
    "",
    "",
    "stable",
    "bookworm",
    "12.5",
    "/^stable/",
    "stable-*",
    "n=bookworm-backports",
    "experimental",
    "now",
]


def pins(rng: random.Random) -> str:
    records = []
    for _ in range(rng.randint(0, 5)):
        who = rng.choice(WHO)
        pin = rng.choice(RELEASE_PINS if who.strip() == "*" or rng.random() < 0.6 else VERSION_PINS)
        priority = rng.choice(PRIORITIES[:-1] if who.strip() != "*" else PRIORITIES)
        records.append(
            f"Explanation: Pin: no pin\nPackage: {who}\n# Pin: nor this\nPin: {pin}\nPin-Priority: {priority}\n"
        )
    return "\n".join(records)


def world(root: AptRoot, rng: random.Random) -> None:
    """Installed packages, repositories and settings, drawn at random."""
    installed = [
        Deb(
            name,
            rng.choice(VERSIONS),
            architecture,
            rng.choice(["", "core", "core (7.1)"]),
            selection=rng.choice(["install", "install", "hold"]),
            state=rng.choice(["installed"] * 8 + ["config-files", "unpacked"]),
        )
        for name in NAMES
        for architecture in rng.choice([[NATIVE], [NATIVE], [FOREIGN], [NATIVE, FOREIGN], ["all"]])
    ]
    root.status(*installed)
    # a version is one and the same wherever it is: apt keeps apart what differs, and prints only the text
    known = {
        deb: [
            deb
            if version == deb.version
            else Deb(
                deb.name,
                version,
                rng.choice([deb.architecture] * 6 + ["all", NATIVE]),
                rng.choice([deb.source, "core"]),
            )
            for version in VERSIONS
        ]
        for deb in installed
    }
    known = {
        deb: [one for one in debs if (one.architecture == FOREIGN) == (deb.architecture == FOREIGN)]
        for deb, debs in known.items()
    }
    suites = []
    for uri, suite, release in rng.sample(RELEASES, rng.randint(2, len(RELEASES))):
        for component in rng.choice([["main"], ["main", "contrib"]]):
            debs = [one for deb in installed for one in rng.sample(known[deb], rng.choice([0, 1, 1, 2]))]
            suites.append(Suite(uri, suite, component, debs, release))
    root.keep(*suites)
    root.write("etc/apt/preferences", pins(rng))
    for name in rng.sample(["10first", "first.pref", "ignored.bak", "zz", "with space", "a.b.pref", "Z.pref"], 3):
        root.write(f"etc/apt/preferences.d/{name}", pins(rng))
    release = rng.choice(DEFAULT_RELEASES)
    root.write(
        "etc/apt/apt.conf.d/50default",
        f'APT {{ Default-Release "{release}"; }};\n' if release else '// APT::Default-Release "x";\n',
    )


def ours(root: AptRoot) -> tuple[dict[str, Said], Built]:
    """What our policy says of each installed package, in apt's form."""
    seen, built = root.evidence(), Built()
    rows = derive(packages.TABLE, seen).rows
    apt = read_apt(seen, rows, built)
    policy = Policy(read_pins(seen, built), apt.settings.find("APT::Default-Release"), apt.repositories, apt.native)
    found = {}
    for package in gather((package_of(row, apt.native) for row in rows), apt.repositories, apt.native):
        at = policy.candidate(package)
        table = {
            version.text: one.value for version, one in zip(package.versions, policy.priorities(package), strict=True)
        }
        name = package.name if package.architecture == apt.native else f"{package.name}:{package.architecture}"
        found[name] = Said(package.installed.text, None if at is None else package.versions[at].text, table)
    return found, built


@pytest.mark.parametrize("seed", range(40))
def test_candidates_and_priorities_are_apts(tmp_path: Path, seed: int) -> None:
    root = AptRoot(tmp_path / "root")
    world(root, random.Random(seed))  # noqa: S311 - the same roots every time
    if any("of APT::Default-Release" in reason for reason in reasons(root.pending()[0])):
        with pytest.raises(AptError, match="Default-Release"):
            root.policy("dpkg")
        return
    said = root.policy(*NAMES, *(f"{name}:{FOREIGN}" for name in NAMES), "dpkg")
    found, built = ours(root)
    assert built.problems == []
    assert found == {name: said[name] for name in found}
    assert len(found) > 10
    upgradable = re.findall(
        r"^(\S+)/\S* (\S+) (\S+) \[upgradable from: (\S+)\]", root.apt("apt", "list", "--upgradable"), re.MULTILINE
    )
    updates = {
        (row["package"], row["candidate"], row["installed"]) for row in root.pending()[0].rows if row["candidate"]
    }
    assert updates == {(name, candidate, installed) for name, candidate, _, installed in upgradable}
