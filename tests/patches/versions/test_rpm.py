"""The order of rpm, held against the rpm of the test root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from secops.patches.versions import compare, fault, key
from tests.patches.versions import generate

_MARKS = "0019.~^-aZ_+:"
_ODD = "é\x80%{}!,*\x01/ \\\"'"

#: rpm compares the pairs on its standard input, fields parted by tabs.
_LUA = """%{lua:
for line in io.stdin:lines() do
  local a, b = line:match("^(.-)\t(.*)$")
  print(math.tointeger(rpm.vercmp(a, b)) .. "\\n")
end}"""

_SPEC = """Name: thing
Epoch: {epoch}
Version: {version}
Release: {release}
Summary: A thing
License: none
%description
"""


def _rpm_says(root: Path, pairs: Sequence[tuple[str, str]]) -> list[int]:
    text = b"".join(os.fsencode(f"{a}\t{b}\n") for a, b in pairs)
    done = subprocess.run(["chroot", str(root), "rpm", "--eval", _LUA], input=text, capture_output=True, check=True)
    return [int(word) for word in done.stdout.split()]


def _disagreements(root: Path, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Pairs that rpm compares otherwise, with what it says. It knows of no empty version."""
    asked = [pair for pair in pairs if all(pair)]
    told = _rpm_says(root, asked)
    assert len(told) == len(asked)
    return [(a, b, says) for (a, b), says in zip(asked, told, strict=True) if compare("rpm", a, b) != says]


def test_made_up_versions_compare_as_rpm_says(test_root: Path) -> None:
    assert _disagreements(test_root, generate.pairs(generate.rpm, _MARKS, 20_000, seed=1)) == []


def test_odd_versions_compare_as_rpm_says(test_root: Path) -> None:
    odd = generate.pairs(generate.rpm, _ODD, 20_000, seed=2)
    assert len([pair for pair in odd if any(fault("rpm", version) for version in pair)]) > 5000
    assert _disagreements(test_root, odd) == []


def test_real_versions_are_in_rpm_s_order(test_root: Path) -> None:
    """Debian's, of which there are tens of thousands; rpm knows no better."""
    versions = generate.in_order("rpm", generate.debian_versions())
    assert _disagreements(test_root, pairwise(versions)) == []


def test_versions_of_a_real_feed_are_valid_and_in_rpm_s_order(test_root: Path) -> None:
    versions = generate.almalinux_versions()
    assert [version for version in versions if fault("rpm", version)] == []
    assert _disagreements(test_root, pairwise(generate.in_order("rpm", versions))) == []


def test_a_wrong_order_is_noticed(test_root: Path) -> None:
    assert _rpm_says(test_root, [("1.0~rc1", "1.0"), ("1.0^git1", "1.0"), ("1-1", "1"), ("1.a", "1.1")]) == [
        -1,
        1,
        1,
        -1,
    ]


@pytest.mark.slow
def test_a_million_made_up_versions_compare_as_rpm_says(test_root: Path) -> None:
    for seed in range(10, 20):
        assert _disagreements(test_root, generate.pairs(generate.rpm, _MARKS + _ODD, 100_000, seed)) == []


def _builds(root: Path, epoch: str, version: str, release: str) -> bool:
    (root / "thing.spec").write_text(_SPEC.format(epoch=epoch, version=version, release=release))
    command = ["chroot", str(root), "rpmspec", "--query", "--queryformat", "%{VERSION}", "/thing.spec"]
    return subprocess.run(command, capture_output=True, check=False).stdout == version.encode()


def test_what_rpm_refuses_to_build_is_faulty_and_nothing_else(root_copy: Path) -> None:
    texts = [f"1{mark}1" for mark in "!#&'()*+,-./:;<=>?@[]^_`{|}~é"] + ["1..1", "1a", "a1", "1.", "1^"]
    tried = [("0", text, "1") for text in texts] + [("0", "1", text) for text in texts if "-" not in text]
    tried += [(epoch, "1", "1") for epoch in ("1", "07", "4294967295", "4294967296", "a", "-1", "1a")]
    for epoch, version, release in tried:
        assert (not fault("rpm", f"{epoch}:{version}-{release}")) == _builds(root_copy, epoch, version, release)


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("", "an empty version"),
        ("-1", "an empty version"),
        ("1:-1", "an empty version"),
        ("1:", "an epoch without a version"),
        (":1-1", "an epoch that is no number"),
        ("a:1-1", "an epoch that is no number"),
        ("4294967296:1-1", "an epoch that is too large"),
        ("32:chroot-9.18.34-1.an23", "a version with a hyphen inside"),
        ("1.0-", "a version with an empty release"),
        ("1..0-1", "a version with two dots in a row"),
        (".1-1", "a version that begins with neither letter nor digit"),
        ("~1-1", "a version that begins with neither letter nor digit"),
        ("é-1", "a version that begins with neither letter nor digit"),
        ("1-1é", "a character that no version may have"),
        ("1/2-1", "a character that no version may have"),
        ("1 2-1", "a character that no version may have"),
    ],
)
def test_faults(version: str, why: str) -> None:
    assert fault("rpm", version) == why


@pytest.mark.parametrize(
    "version",
    ["1", "32:9.18.34-1.an23", "9.0-33.oe2203sp3", "0:1.0~rc1^git1-0.1.el9_4", "r45-1", "4294967295:1-1", "2.4.6-.1"],
)
def test_no_faults(version: str) -> None:
    assert fault("rpm", version) == ""


def test_a_release_that_is_missing_is_older_than_all_that_are_there() -> None:
    assert [compare("rpm", "1", other) for other in ("1-0", "1-~", "1-", "1", "0:1")] == [-1, -1, -1, 0, 0]


def test_odd_input_has_keys_too() -> None:
    assert None not in [key("rpm", version) for version in ("é", "1:", "32:chroot-9-1", "\0", "\ud800", "~", "-")]
    assert key("rpm", "") is None
