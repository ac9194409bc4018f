"""What we say of generated roots against what the real dnf says: its list of updates, and what it would install."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patches.pending.apt_kit import reasons
from tests.patches.pending.dnf_kit import Build, DnfRoot, Repo, Rpm, ask

CASES = 80
NAMES = ["tool", "lib", "lib-devel", "kernel", "web", "python3.11"]
VERSIONS = ["1.0", "1.1~rc1", "1.1", "1.1^git1", "2.0", "10.0"]
EVRS = [(version, release, epoch) for version in VERSIONS for release in ("1", "2.el9") for epoch in (0, 0, 0, 1)]
PATTERNS = [
    "tool", "lib*", "lib-devel", "*", "web-1.1*", "kernel-10.0-1", "*.i686", "tool-0:2.0-1.x86_64", "lib.x86_64",
    "tool-2.0", "python3.11", "lib-1:*", "nosuch", "[tw]*", "web-2.0-2.el9.x86_64", "tool*.noarch",
]  # fmt: skip


def rpm(chance: random.Random, name: str) -> Rpm:
    version, release, epoch = chance.choice(EVRS)
    arches = {"kernel": ["x86_64"], "web": ["noarch"], "lib": ["x86_64", "i686"]}.get(name, ["x86_64"])
    return Rpm(name, version, release, epoch, chance.choice(arches))


def some(chance: random.Random, least: int = 1) -> str:
    return " ".join(chance.sample(PATTERNS, chance.randint(least, 3)))


def build(chance: random.Random, root: DnfRoot) -> None:
    """A root of its own: what is installed, two or three repositories, settings, modules."""
    installed: dict[tuple[str, str], Rpm] = {}
    for name in NAMES:
        for one in [rpm(chance, name) for _ in range(chance.choice([1, 1, 2]))]:
            installed[one.name, one.evr if name == "kernel" else one.arch] = one
    root.write("headers", b"".join(b"\x8e\xad\xe8\x01\0\0\0\0" + one.header() for one in installed.values()))
    (root.path / "var/lib/rpm").mkdir(parents=True)
    settings = {}
    if chance.random() < 0.4:
        settings[chance.choice(["exclude", "excludepkgs"])] = some(chance)
    if chance.random() < 0.1:
        settings["includepkgs"] = some(chance)
    if chance.random() < 0.15:
        settings["disable_excludes"] = chance.choice(["main", "all", "r0", "r1"])
    root.main(**settings)
    root.serve(*(repository(chance, number) for number in range(chance.randint(1, 3))))
    if chance.random() < 0.6:
        state = chance.choice(["state=enabled\nstream=1", "state=enabled\nstream=2", "state=disabled\nstream="])
        root.write("etc/dnf/modules.d/webs.module", f"[webs]\nname=webs\n{state}\nprofiles=\n")


def repository(chance: random.Random, number: int) -> Repo:
    rpms = {one.nevra: one for one in (rpm(chance, chance.choice(NAMES)) for _ in range(chance.randint(2, 14)))}
    settings: dict[str, object] = {}
    for name, value, share in (
        ("priority", chance.choice([10, 50, 99, 120]), 0.4), ("excludepkgs", some(chance), 0.25),
        ("includepkgs", some(chance), 0.12), ("enabled", chance.choice(["0", "1", "yes"]) if number else "1", 0.2),
        ("module_hotfixes", chance.choice(["1", "true", "0"]), 0.15),
    ):  # fmt: skip
        if chance.random() < share:
            settings[name] = value
    builds, defaults = [], {}
    if chance.random() < 0.4:
        own = [one for one in rpms.values() if one.name in ("web", "tool")]
        chance.shuffle(own)
        builds = [Build("webs", "1", own[:2]), Build("webs", "2", own[2:4])]
        defaults = chance.choice([{}, {"webs": "1"}, {"webs": "2"}])
    packing = chance.choice(["", ".gz", ".xz", ".zst"])
    return Repo(f"r{number}", list(rpms.values()), settings, None, builds, defaults, packing)


Judged = tuple[DnfRoot, list[list[str]], list[list[str]]]


@pytest.fixture(scope="module")
def judged(test_root: Path) -> Iterator[list[Judged]]:
    """Roots with what dnf listed and what it would install."""
    from tests import testroot

    with testroot.copy() as inside:
        chance = random.Random(20240229)  # noqa: S311 - a fixed draw
        roots = [DnfRoot(inside / f"cases/{number}", f"/cases/{number}") for number in range(CASES)]
        for root in roots:
            build(chance, root)
        lines = ask(inside, [root.seen for root in roots]).splitlines()
        assert len(lines) == CASES
        yield [(root, *json.loads(line)) for root, line in zip(roots, lines, strict=True)]


def evr(fields: list[str]) -> str:
    return f"{fields[2]}:{fields[3]}-{fields[4]}" if str(fields[2]) != "0" else f"{fields[3]}-{fields[4]}"


def of(found: list[list[str]]) -> set[tuple[str, str, str]]:
    """Name, architecture and version of each."""
    return {(one[0], one[1], evr(one)) for one in found}


def without_lib(found: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Our packages are empty: dnf does not know that those of two architectures may stand side by side."""
    return {one for one in found if one[0] != "lib"}


def test_the_updates_are_those_that_dnf_would_install(judged: list[Judged]) -> None:
    """Not those that its list has: that leaves out what a repository of better priority has in an old version only,
    and has what `dnf upgrade` does not install since the installed version is excluded."""
    wrong, seen = [], 0
    for root, listed, done in judged:
        updates, _ = root.pending()
        assert reasons(updates) == []
        ours = {(row["package"], row["architecture"], row["candidate"]) for row in updates.rows if row["candidate"]}
        if without_lib(ours) != without_lib(of(done)):
            wrong.append((root.path.name, ours, of(listed), of(done)))
        seen += len(ours)
    assert wrong == []
    assert seen > CASES
