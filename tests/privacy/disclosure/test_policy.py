"""The policy file: strict, with lines in errors, and every default is the one that the example explains."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.disclosure import min_cell, policy
from privacy.disclosure.policy import Approvals, Policy
from secops.core.content import shipped
from secops.core.errors import UsageError


def load(tmp_path, text):
    path = tmp_path / "policy.yml"
    path.write_text(text, "utf-8")
    return policy.load(path)


def test_the_example_says_the_defaults():
    assert policy.load(shipped("rules") / "privacy" / "policy.example.yml") == Policy(name="example")


def test_a_short_policy(tmp_path):
    read = load(tmp_path, "name: strict\nmin_cell: {below: 13}\n")
    assert read.min_cell == min_cell.Rule(below=13, base=5)
    assert (read.approvals.count, read.approvals.kinds) == (2, ("checker",))
    assert read.digest.startswith("sha256:")
    assert read.digest != Policy(name="strict").digest == Policy(name="strict").digest
    assert Policy(name="strict").digest != Policy(name="strict", approvals=Approvals(count=1)).digest


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("min_cell: {below: 8}\n", ""),
        ("name: x\nmin_cell: {below: 2}\n", ":2"),
        ("name: x\nmin_cel: {below: 8}\n", ""),
        ("name: x\nmin_cell:\n  below: 8.5\n", ":3"),
        ("name: x\nmin_cell:\n  act: ask\n", ":3"),
        ("name: x\nfiles:\n  media: [text/csv, text/html]\n", ":3"),
        ("name: x\nfiles:\n  media: [text/csv]\n  digits: 17\n", ":4"),
        ("name: x\napprovals:\n  count: 0\n", ":3"),
        ("name: x\napprovals:\n  count: 10\n", ":3"),
        ("name: x\napprovals:\n  kinds: []\n", ":3"),
        ("name: x\napprovals:\n  kinds: [cheker]\n", ":3"),
        ("name: x\nmin_cell: {below: 6}\n", ""),  # 6 and 7 alone would be shown as 5
        ("name: x\nzero_full: {zero: show}\n", ""),
    ],
)
def test_what_is_no_policy(tmp_path, text, where):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert str(caught.value.where).endswith(f"policy.yml{where}")


@pytest.mark.parametrize("base", [1, 2, 3, 5, 10, 25])
def test_each_number_shown_stands_for_equally_many_counts(base):
    for below in range(3, 60):
        rule = min_cell.Rule(below=below, base=base)
        counts = np.arange(below, below + 40 * base)
        _shown, times = np.unique(min_cell.round_to(counts, base), return_counts=True)
        assert rule.fits() == (times[0] == base)
