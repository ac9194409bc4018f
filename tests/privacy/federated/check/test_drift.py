"""Sites differ where they do, and not by chance."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from privacy.federated.check import drift
from privacy.federated.check.profile import Profile, profile
from privacy.federated.job.job import Job
from privacy.federated.site.data import Local
from secops.core.errors import UsageError
from tests.privacy.federated import kit
from tests.privacy.federated.site import small

SITES = ("east", "west", "north")


def drawn(rows, seed):
    random = np.random.default_rng(seed)
    return {
        "sick": random.integers(0, 2, rows), "sex": random.integers(0, 3, rows), "visits": random.integers(0, 10, rows),
        "heat": random.normal(37, 0.7, rows).clip(34, 42.5), "sugar": random.normal(6, 1.5, rows).clip(1, 40),
    }  # fmt: skip


def world(folder, *sites, cell=1) -> tuple[Job, list[Profile]]:
    wanted = kit.job(folder, small.JOB)
    made = []
    for name, columns in zip(SITES, sites, strict=True):
        site = kit.site(folder, small.SITE.replace("site: east", f"site: {name}").replace("cell: 1", f"cell: {cell}"))
        values = np.column_stack([np.asarray(columns[column.name], dtype=float) for column in wanted.columns()])
        found = Local(wanted.columns(), values, np.arange(len(values)), np.zeros(len(values), dtype=bool))
        made.append(profile(wanted, site, found))
    return wanted, made


def codes(*given, cell=1):
    found = drift.judge(*world(*given, cell=cell))
    return {(each.reason.code, each.site, each.feature, str(each.severity)) for each in found}


@pytest.mark.parametrize("cell", [1, 8])
@pytest.mark.parametrize("rows", [30, 100, 1000])
def test_sites_of_one_kind_do_not_differ(tmp_path, rows, cell):
    for seed in range(0, 30, 3):
        assert codes(tmp_path, drawn(rows, seed), drawn(rows, seed + 1), drawn(rows * 3, seed + 2), cell=cell) == set()


def test_a_feature_that_is_one_value_at_one_site(tmp_path):
    """As cholesterol 0 at one hospital, where the range lets it through."""
    flat = drawn(200, 3) | {"sugar": np.full(200, 1.0)}
    assert codes(tmp_path, drawn(200, 1), flat, drawn(200, 2)) == {
        ("drift-constant", "west", "sugar", "high"), ("drift-values", "west", "sugar", "high"),
    }  # fmt: skip


def test_a_feature_that_is_one_value_everywhere_is_no_difference(tmp_path):
    flat = [drawn(200, seed) | {"sugar": np.full(200, 5.0)} for seed in range(3)]
    assert codes(tmp_path, *flat) == set()


def test_a_feature_that_one_site_lacks(tmp_path):
    lacking = drawn(200, 3) | {"sugar": np.full(200, np.nan)}
    assert codes(tmp_path, drawn(200, 1), drawn(200, 2), lacking) == {("drift-missing", "north", "sugar", "high")}
    half = drawn(200, 3)
    half["sugar"][:80] = 0.1
    assert codes(tmp_path, drawn(200, 1), drawn(200, 2), half) == {("drift-missing", "north", "sugar", "medium")}
    half["sugar"][20:80] = 6
    assert codes(tmp_path, drawn(200, 1), drawn(200, 2), half) == set()


def test_another_share_of_the_sick(tmp_path):
    random = np.random.default_rng(5)
    ill = drawn(200, 3) | {"sick": random.random(200) < 0.93}
    assert codes(tmp_path, drawn(200, 1), drawn(200, 2), ill) == {("drift-values", "north", "sick", "medium")}
    more = drawn(200, 3) | {"sick": random.random(200) < 0.6}
    assert codes(tmp_path, drawn(200, 1), drawn(200, 2), more) == set()


def test_another_unit_that_the_range_lets_through(tmp_path):
    other = drawn(200, 3)
    other["sugar"] = (other["sugar"] * 4).clip(1, 40)
    found = codes(tmp_path, drawn(200, 1), drawn(200, 2), other)
    assert ("drift-values", "north", "sugar", "high") in found


def test_what_the_floor_hides_is_no_difference(tmp_path):
    """7, 7 and 16 people are told as 0, 0 and 16."""
    others = [drawn(30, seed) | {"sex": np.repeat([0, 1, 2], 10)} for seed in (1, 2)]
    few = drawn(30, 3) | {"sex": np.repeat([0, 1, 2], [7, 7, 16])}
    assert ("north", "sex") not in {found[1:3] for found in codes(tmp_path, *others, few, cell=8)}
    one = drawn(30, 3) | {"sex": np.repeat([0, 1, 2], [0, 0, 30])}
    assert ("north", "sex") in {found[1:3] for found in codes(tmp_path, *others, one, cell=8)}


def test_a_site_without_people_or_alone(tmp_path):
    empty = {name: values[:0] for name, values in drawn(1, 0).items()}
    assert codes(tmp_path, drawn(200, 1), drawn(200, 2), empty) == set()
    wanted, made = world(tmp_path, *[drawn(200, seed) for seed in range(3)])
    assert drift.judge(wanted, made[:1]) == drift.judge(wanted, []) == []


def test_counts_that_cannot_be_are_no_reason_to_fall(tmp_path):
    """Profiles come from others."""
    wanted, made = world(tmp_path, *[drawn(50, seed) for seed in range(3)])
    replace = msgspec.structs.replace
    for changed in ({"present": 0}, {"missing": 2**53}, {"cells": (2**53,) * 10}, {"cells": (0,) * 10}):
        features = tuple(replace(each, **changed) if len(each.cells) == 10 else each for each in made[0].features)
        for people in (0, 1, 2**53):
            found = drift.judge(wanted, [replace(made[0], features=features, people=people), *made[1:]])
            assert all(each.site in SITES for each in found)


def test_profiles_that_are_none_of_this_job(tmp_path):
    wanted, made = world(tmp_path, *[drawn(50, seed) for seed in range(3)])
    replace = msgspec.structs.replace
    few = replace(made[0].features[0], cells=made[0].features[0].cells[:1])
    for wrong, reason in (
        ([made[0], made[0]], "two of one"),
        ([replace(made[0], site="south")], "no site of the job"),
        ([replace(made[0], job="sha256:" + 64 * "1")], "east: the profile is of another job"),
        ([replace(made[0], features=made[0].features[1:])], "another job"),
        ([replace(made[0], features=made[0].features[::-1])], "another job"),
        ([replace(made[0], features=(few, *made[0].features[1:]))], "another job"),
    ):
        with pytest.raises(UsageError, match=reason):
            drift.judge(wanted, wrong)
