"""Channels of fixes: what all get comes first, and no flaw is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from secops.patches.feeds.channels import without_rivals
from tests.patches.match_kit import said_rpm

SLES = {"ecosystem": "sles", "release": "15.6"}
Told = dict[str, Any]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ([{"fixed": "9"}, {"fixed": "12", "words": "LTSS"}], [0]),
        ([{"fixed": "12", "words": "LTSS"}, {}], [0]),
        ([{"fixed": "12", "words": "LTSS"}, {"fixed": "11", "words": "ESPOS"}], [1]),
        ([{"fixed": "9"}, {"fixed": "12", "words": "LTSS", "arch": ("s390x",)}], [0, 1]),
        ([{"fixed": "9"}, {"fixed": "12", "words": "LTSS", "release": "15.5"}], [0, 1]),
        ([{}, {"words": "x"}], [0]),
        ([{"words": "y"}, {"words": "x"}], [1]),
        ([{"status": "not-affected", "words": "x"}, {"status": "will-not-fix", "words": "y"}], [0, 1]),
        ([{"status": "not-affected"}, {"status": "will-not-fix", "words": "y"}], [0, 1]),
    ],
)
def test_the_first_channel_that_mends_a_package_counts(told: list[Told], kept: list[int]) -> None:
    statements = [said_rpm("xz", **{**SLES, **one}) for one in told]
    assert without_rivals(statements) == [statements[at] for at in kept]


def test_where_there_are_no_channels_all_is_kept() -> None:
    statements = [said_rpm("xz", "9"), said_rpm("xz", "12", words="LTSS")]
    assert without_rivals(statements) == statements
