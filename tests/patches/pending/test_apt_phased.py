"""Phased updates: who waits, as apt draws it."""

from __future__ import annotations

import re
import shutil

import pytest

from secops.patches.pending.phasing import draw
from tests.patches.pending.apt_kit import MACHINE, AptRoot, Deb, only, secure, stable


@pytest.mark.parametrize("percent", [0, 40, 99, 100])
@pytest.mark.parametrize(
    "setting", ["", "APT::Get::Always-Include-Phased-Updates", "APT::Get::Never-Include-Phased-Updates"]
)
def test_a_phased_update_waits_as_apt_has_it(root: AptRoot, percent: int, setting: str) -> None:
    names = [f"p{number}" for number in range(12)]
    root.status(*(Deb(name, "1.0") for name in names))
    root.keep(stable(*(Deb(name, "2.0", phased=percent, source=f"src-{name} (2.0)") for name in names)))
    if setting:
        root.write("etc/apt/apt.conf.d/phased", f'{setting} "1";')
    rows = root.pending()[0].rows
    assert [row["candidate"] for row in rows] == ["2.0"] * len(names)
    assert {row["phased"] for row in rows} == {percent if percent < 100 else None}
    waiting = {row["package"] for row in rows if row["deferred"]}
    if percent == 40 and not setting:
        assert waiting == {name for name in names if draw(f"src-{name}-2.0-{MACHINE}") > 40}
        assert 0 < len(waiting) < len(names)
    else:
        assert waiting == (set(names) if percent < 100 and "Never" in setting else waiting if not setting else set())
    if shutil.which("apt-get"):
        upgraded = re.findall("^Inst ([^ ]+)", root.apt("apt-get", "-s", "upgrade"), re.MULTILINE)
        assert set(upgraded) == set(names) - waiting


def test_a_phased_security_update_does_not_wait(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"), Deb("b", "1.0"))
    root.keep(stable(Deb("a", "2.0", phased=0), Deb("b", "2.0", phased=0)), secure(Deb("a", "1.5")))
    assert {row["package"]: row["deferred"] for row in root.pending()[0].rows} == {"a": False, "b": True}


def test_without_a_machine_id_it_is_not_known_who_waits(root: AptRoot) -> None:
    root.status(Deb("a", "1.0"))
    root.keep(stable(Deb("a", "2.0", phased=50)))
    (root.path / "etc/machine-id").unlink()
    assert (only(root)["phased"], only(root)["deferred"]) == (50, None)


#: What apt draws for these, by libstdc++ (minstd_rand seeded by seed_seq, uniform_int_distribution of 0 to 100).
DRAWN = {
    "a": 94,
    "src-p0-2.0-0123456789abcdef0123456789abcdef": 5,
    "linux-6.8.0-31.31-ffffffffffffffffffffffffffffffff": 0,
    "é": 31,
}


@pytest.mark.parametrize(("text", "number"), DRAWN.items())
def test_a_drawn_number_is_that_of_the_standard_library(text: str, number: int) -> None:
    assert draw(text) == number
