"""Feasibility: people in steps of the floor, and why a site would not take part."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.federated import count
from privacy.federated.site.data import Local
from tests.privacy.federated import kit
from tests.privacy.federated.site import small


def counted(folder, rows, *, cell, held=0, job=small.JOB, people=None):
    wanted = kit.job(folder, job)
    made = kit.site(folder, small.SITE.replace("rows: 1, cell: 1", f"rows: 20, cell: {cell}"))
    place = np.arange(rows)
    values = {
        "sick": place % 4 == 0,
        "sex": place % 2,
        "heat": 37 + place * 0,
        "sugar": 5 + place * 0,
        "visits": place % 9,
    }
    matrix = np.column_stack([values[column.name].astype(float) for column in wanted.columns()])
    whose = place if people is None else people
    return count.count(wanted, made, Local(wanted.columns(), matrix, whose, place < held))


def test_people_in_steps(tmp_path):
    found = counted(tmp_path, 109, cell=8, held=30)
    assert (found.training, found.test, found.base) == (72, 24, 8)
    assert found.labels == {"false": 80, "true": 24}, "81 and 28"
    assert found.refused == ()


@pytest.mark.parametrize("rows", range(96, 104))
def test_one_more_is_not_seen(tmp_path, rows):
    assert counted(tmp_path, rows, cell=8).training == 96


def test_a_person_counts_once(tmp_path):
    assert counted(tmp_path, 100, cell=5, people=np.arange(100) // 2).training == 50


def test_why_a_site_would_not_take_part(tmp_path):
    few = counted(tmp_path, 19, cell=1)
    assert [reason.code for reason in few.refused] == ["floor-rows"]
    assert counted(tmp_path, 20, cell=1).refused == ()
    other = counted(tmp_path, 100, cell=1, job=small.JOB.replace("east, west", "south, west"))
    assert [reason.code for reason in other.refused] == ["site-party"]
    assert [reason.en for reason in counted(tmp_path, 24, cell=7).refused] == ["sick: a label that too few people have"]


def test_a_job_without_a_target_of_labels_has_none(tmp_path):
    job = small.JOB.replace("target: sick\n", "").replace("name: logistic", "name: statistics")
    found = counted(tmp_path, 50, cell=1, job=job)
    assert found.labels == {}
    assert [reason.code for reason in found.refused] == ["site-method"]
