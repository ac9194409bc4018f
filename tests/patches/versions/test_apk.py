"""The order of apk, held against recorded answers of apk-tools 2.14.10 and 3.0.6."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from secops.patches.versions import compare, fault, key

_SIGNS = {"<": -1, "=": 0, ">": 1}


class Answer(NamedTuple):
    """What apk-tools say of two versions: 2.14.10, and 3.0.6."""

    first: str
    by_2: int
    by_3: int
    second: str
    valid_2: bool
    valid_3: bool


def _answers() -> list[Answer]:
    lines = (Path(__file__).parent / "apk-answers.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [
        Answer(a, _SIGNS[by_2], _SIGNS[by_3], b, in_2 == "ok", in_3 == "ok") for a, by_2, by_3, b, in_2, in_3 in rows
    ]


def test_what_has_no_hash_compares_as_2_14_says_even_if_it_is_no_version() -> None:
    answers = [answer for answer in _answers() if "~" not in answer.first + answer.second]
    assert len(answers) > 1000
    assert [answer for answer in answers if compare("apk", answer.first, answer.second) != answer.by_2] == []


def test_versions_of_3_compare_as_it_says_save_for_numbers_that_begin_with_a_zero() -> None:
    valid = {
        answer.first for answer in _answers() if answer.valid_3 and not re.search(r"[.]0[0-9]|[0-9]{18}", answer.first)
    }
    answers = [answer for answer in _answers() if {answer.first, answer.second} <= valid]
    assert len([answer for answer in answers if "~" in answer.first + answer.second]) > 20
    assert [answer for answer in answers if compare("apk", answer.first, answer.second) != answer.by_3] == []


def test_where_2_14_and_3_differ_the_order_is_that_of_2_14() -> None:
    for versions in (("1.00", "1.0", "1.02", "1.010", "1.1"), ("1.9.5p1", "1.9.5p2", "1.9.5p2-r1", "1.9.5p10")):
        assert [compare("apk", *pair) for pair in pairwise(versions)] == [-1] * (len(versions) - 1)


def test_no_version_is_faulty_that_both_take_nor_fine_that_both_refuse() -> None:
    answers = _answers()
    long = re.compile("[0-9]{18}")
    both = [answer.first for answer in answers if answer.valid_3 and (answer.valid_2 or "~" in answer.first)]
    assert len(both) > 500
    assert [version for version in both if fault("apk", version) and not long.search(version)] == []
    neither = [answer.first for answer in answers if not answer.valid_2 and not answer.valid_3]
    assert len(neither) > 100
    assert [version for version in neither if not fault("apk", version)] == []


@pytest.mark.parametrize(
    "ascending",
    [
        (
            "1.0_alpha",
            "1.0_alpha1",
            "1.0_beta",
            "1.0_pre2",
            "1.0_rc",
            "1.0_rc1-r1",
            "1.0",
            "1.0-r0",
            "1.0-r1",
            "1.0-r10",
        ),
        (
            "1.0-r9",
            "1.0~ab",
            "1.0~ab-r1",
            "1.0~abc",
            "1.0_cvs",
            "1.0_svn",
            "1.0_git",
            "1.0_hg",
            "1.0_p",
            "1.0_p1",
            "1.0a",
        ),
        ("1.0_p1_rc1", "1.0_p1", "1.0_p1-r1", "1.0_p1_p1", "1.0_p10"),
        ("1.0a_rc1", "1.0a", "1.0a-r1", "1.0b", "1.0.0", "1.0.1", "1.2", "1.10", "2", "02.1", "10"),
    ],
)
def test_known_orders(ascending: tuple[str, ...]) -> None:
    keys = [key("apk", version) or "" for version in ascending]
    assert keys == sorted(set(keys))


def test_the_first_number_may_begin_with_zeros() -> None:
    assert compare("apk", "007.1", "7.1") == 0


@pytest.mark.parametrize(
    "version",
    ["1.", ".1", "1..2", "1_", "1_foo", "1_prefix", "1-r", "1-1", "1-r1-r2", "1ab", "1a.1", "1.0A", "v1",
     "1~", "1~xy", "1a1~ab", "1-r1~ab", "1 ", "1\n", "1\0", "é", "1." + "1" * 18],
)  # fmt: skip
def test_faults(version: str) -> None:
    assert fault("apk", version) == "not what apk takes for a version"


def test_an_empty_version_is_faulty_and_has_no_key() -> None:
    assert (fault("apk", ""), key("apk", "")) == ("an empty version", None)


@pytest.mark.parametrize(
    "version",
    [
        "1",
        "1.1",
        "1.2_p1-r0",
        "1_pre",
        "1-r1",
        "1a1.1",
        "1.9.5p2-r0",
        "1~ab12-r1",
        "1." + "1" * 17,
    ],
)
def test_no_faults(version: str) -> None:
    assert fault("apk", version) == ""


def test_a_version_has_no_epoch() -> None:
    assert key("apk", "1.0-r1", epoch=False) == key("apk", "1.0-r1")
