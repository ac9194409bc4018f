"""Made-up records are read by the site file that comes with them, and are of the job's schema."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.federated import dummy
from privacy.federated.check import findings
from privacy.federated.check.profile import profile
from privacy.federated.site import data, mapping
from tests.privacy.federated import kit
from tests.privacy.federated.site import small


def read(folder, job, rows=300, seed=1):
    made = dummy.records(job, rows, seed)
    (folder / "dummy.csv").write_text(dummy.to_csv(made), "utf-8")
    path = folder / "dummy.yml"
    path.write_text(dummy.site_yml(job, job.parties.sites[0], "dummy.csv"), "utf-8")
    site = mapping.load(path)
    mapping.fit(path, site, job)
    return site, data.read(job, site, folder)


@pytest.mark.parametrize("text", [kit.JOB, small.JOB])
def test_it_is_read_as_it_stands(tmp_path, text):
    job = kit.job(tmp_path, text)
    site, local = read(tmp_path, job)
    records = data.take_part(job, local, site)
    assert len(records.people) == 300
    assert set(records.survey.outside.values()) == {0}
    gaps = {name for name, number in records.survey.missing.items() if number}
    assert gaps == {name for name, feature in job.features.items() if feature.missing != "drop"}
    assert all(number < 40 for number in records.survey.missing.values())
    assert not [each for each in findings.judge(job, profile(job, site, local)) if each.severity.rank < 3]


def test_the_whole_range_and_every_label_are_there(tmp_path):
    job = kit.job(tmp_path)
    _, local = read(tmp_path, job, rows=2000)
    for column, values in zip(local.columns, local.values.T, strict=True):
        known = values[~np.isnan(values)]
        width = column.upper - column.lower
        assert known.min() < column.lower + 0.02 * width
        assert known.max() > column.upper - 0.02 * width
        if column.levels is not None:
            assert set(known) == set(range(column.levels))


def test_a_seed_gives_the_same_again(tmp_path):
    job = kit.job(tmp_path)
    assert dummy.records(job, 50, 1) == dummy.records(job, 50, 1)
    assert dummy.records(job, 50, 1) != dummy.records(job, 50, 2)
    assert dummy.to_csv(dummy.records(job, 0, 1)).count("\n") == 1


def test_a_job_that_leaves_the_split_to_the_site(tmp_path):
    job = kit.job(tmp_path, small.JOB.replace("visits:", "held:") + "split: {by: site}\n")
    site, local = read(tmp_path, job, rows=1000)
    assert site.held is not None
    assert site.held.column == "held_"
    assert 0.24 < local.held.mean() < 0.36
