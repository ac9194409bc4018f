"""The order of dpkg, held against dpkg itself."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest

from secops.patches.versions import compare, fault, key
from tests.patches.versions import generate

pytestmark = pytest.mark.skipif(not shutil.which("dpkg"), reason="no dpkg on this machine")

Triple = tuple[str, str, str]
_WORDS = {-1: "lt", 0: "eq", 1: "gt"}
_MARKS = "0019.~+-aZ:"


def _ask(first: str, word: str, second: str) -> subprocess.CompletedProcess[bytes]:
    """dpkg's answer: exit code 0 for yes, 1 for no, 2 for none. What is wrong with a version is on stderr."""
    argv = ["dpkg", "--compare-versions", first, word, second]
    return subprocess.run([os.fsencode(arg) for arg in argv], capture_output=True, env={"LC_ALL": "C"}, check=False)


def _denied(triples: Sequence[Triple]) -> list[Triple]:
    """Those that dpkg denies. It is asked once for each, and once more when it denied any."""
    text = b"".join(os.fsencode(part) + b"\0" for triple in triples for part in triple)
    command = ["xargs", "-0", "-n3", "-P2", "dpkg", "--compare-versions"]
    if subprocess.run(command, input=text, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return []
    return [triple for triple in triples if _ask(*triple).returncode]


def _ours(pairs: Iterable[tuple[str, str]]) -> list[Triple]:
    """What we say of the pairs of valid versions."""
    good = [(a, b) for a, b in pairs if not fault("dpkg", a) and not fault("dpkg", b)]
    return [(a, _WORDS[compare("dpkg", a, b)], b) for a, b in good]


def test_made_up_versions_compare_as_dpkg_says() -> None:
    triples = _ours(generate.pairs(generate.dpkg, _MARKS, 2500, seed=1))
    assert len(triples) > 1800
    assert _denied(triples) == []


def test_real_versions_compare_as_dpkg_says() -> None:
    rng = random.Random(2)  # noqa: S311 - a sample
    versions = generate.debian_versions()
    near = list(pairwise(generate.in_order("dpkg", versions)))
    far = [(rng.choice(versions), rng.choice(versions)) for _ in range(300)]
    assert _denied(_ours(rng.sample(near, min(1200, len(near))) + far)) == []


def test_a_wrong_word_is_denied() -> None:
    wrong = [("1.0~rc1", "gt", "1.0"), ("1:1", "lt", "2"), ("1.0-0", "gt", "1.0")]
    assert _denied([*wrong, ("1.0~rc1", "lt", "1.0"), ("1:1", "gt", "2"), ("1.0-0", "eq", "1.0")]) == wrong


@pytest.mark.slow
def test_tens_of_thousands_of_made_up_versions_compare_as_dpkg_says() -> None:
    assert _denied(_ours(generate.pairs(generate.dpkg, _MARKS, 60_000, seed=3))) == []


@pytest.mark.slow
def test_all_real_versions_are_in_dpkg_s_order() -> None:
    assert _denied(_ours(pairwise(generate.in_order("dpkg", generate.debian_versions())))) == []


def test_versions_that_dpkg_complains_of_are_faulty_and_compare_as_it_says_all_the_same() -> None:
    odd = generate.pairs(generate.dpkg, "\x80é_! ,^:-\t\x01A/", 400, seed=4)
    answers = [(pair, _ask(pair[0], _WORDS[compare("dpkg", *pair)], pair[1])) for pair in odd if all(pair)]
    assert [pair for pair, answer in answers if answer.returncode == 1] == []
    assert [pair for pair, answer in answers if any(fault("dpkg", v) for v in pair) != bool(answer.stderr)] == []
    assert len([pair for pair, answer in answers if answer.stderr and answer.returncode == 0]) > 50


def test_nothing_is_older_than_an_empty_version() -> None:
    assert [_ask("", "lt", other).returncode for other in ("~", "0", "0:0")] == [0, 0, 0]
    assert [compare("dpkg", "", other) for other in ("~", "0", "0:0", "")] == [-1, -1, -1, 0]
    assert key("dpkg", "") is None


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("", "an empty version"),
        (" ", "an empty version"),
        ("1 2", "a version with blanks inside"),
        ("a:1", "an epoch that is no number"),
        (":1", "an epoch that is no number"),
        ("-1:1", "an epoch that is no number"),
        ("2147483648:1", "an epoch that is too large"),
        ("1:", "an epoch without a version"),
        ("1-", "a version with an empty revision"),
        ("v1.0", "a version that does not begin with a digit"),
        ("-1", "a version that does not begin with a digit"),
        ("<unfixed>", "a version that does not begin with a digit"),
        ("1.0_1", "a character that no version may have"),
        ("1.0-1:2", "an epoch that is no number"),
        ("1:1.0-1:2", "a character that no version may have"),
        ("1.é", "a character that no version may have"),
    ],
)
def test_faults(version: str, why: str) -> None:
    assert fault("dpkg", version) == why


@pytest.mark.parametrize(
    "version",
    ["0", "1:1", "2147483647:1", "00:1.0-1", "1:2:3-4", "1.0-1-1", "9.18.33-1~deb12u2+b1", "1.0+dfsg~rc1-0.1"],
)
def test_no_faults(version: str) -> None:
    assert fault("dpkg", version) == ""


def test_what_no_version_may_have_gets_no_key_and_marks_do() -> None:
    assert [key("dpkg", version) for version in ("1_1", "1é", "1\x7f", "1\n", "1\0", "1\ud800")] == [None] * 6
    assert None not in [key("dpkg", version) for version in ("1.1", "1:2:3", "1+1-1~", "v1", "1-")]
