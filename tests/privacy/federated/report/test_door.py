"""What the door makes of what a job gave."""

from __future__ import annotations

import json

import numpy as np
import pytest

from privacy.disclosure import door as way_out
from privacy.disclosure import read, write
from privacy.disclosure.policy import Policy
from privacy.disclosure.result import _KEY, Cleared
from privacy.federated.report import door
from tests.privacy.disclosure.samples import Memory, codes
from tests.privacy.federated.report import runs

POLICY = Policy(name="test")


def judged(tmp_path, done, name):
    """What the door says of a result, by way of its file."""
    raw = door.results(done.job, done.outcome, "clinic", "1")[name]
    path = tmp_path / "result.npz"
    path.write_bytes(write.packed(raw))
    return way_out.clear(read.read(path), POLICY, Memory())


def test_a_regression_is_cleared_with_its_support(tmp_path):
    done = runs.done(tmp_path)
    found = judged(tmp_path, done, "coefficients")
    assert isinstance(found, Cleared)
    terms = json.loads(found.content)["terms"]
    assert [row["term"] for row in terms] == ["(intercept)", "age", "grade=middle", "grade=high", "pressure"]


def test_support_is_counted_over_the_records_of_the_fit(tmp_path):
    done = runs.done(tmp_path)
    train = np.vstack([design.part(held=False).values for design in done.sites.values()])
    columns = done.job.columns()
    value = {column.name: train[:, place] for place, column in enumerate(columns)}
    expected = [len(train), len(train), (value["grade"] == 1).sum(), (value["grade"] == 2).sum()]
    expected.append((~np.isnan(value["pressure"])).sum())
    raw = door.results(done.job, done.outcome, "clinic", "1")["coefficients"].open(_KEY)
    assert raw.support.tolist() == expected
    assert expected[-1] < expected[0]
    assert raw.people == len(train)


def test_a_term_that_few_have_keeps_a_regression_inside(tmp_path):
    done = runs.done(tmp_path)
    rare = {}
    for site, design in done.sites.items():
        place = [column.name for column in design.columns].index("grade")
        values = design.values.copy()
        values[(values[:, place] == 1), place] = 0
        values[:2, place] = 1
        rare[site] = type(design)(design.columns, values, design.held & (np.arange(len(values)) > 1))
    again = runs.ran(done.job, rare)
    assert codes(judged(tmp_path, again, "coefficients")) == ["group-size"]


@pytest.mark.parametrize(
    ("method", "expected"),
    [("fedavg", []), ("fedadam, hidden: [3]", ["family"])],
)
def test_models_by_descent(tmp_path, method, expected):
    done = runs.done(tmp_path, runs.JOB.replace("name: logistic", f"name: {method}"))
    assert codes(judged(tmp_path, done, "model")) == expected
    ones = sum(int((d.part(held=False).column("ill") == 1).sum()) for d in done.sites.values())
    raw = door.results(done.job, done.outcome, "clinic", "1")["model"].open(_KEY)
    assert raw.groups.tolist() == [ones, raw.people - ones, 20]


def test_a_noisy_model_counts_nobody(tmp_path):
    raw = door.results(*_job_and_outcome(tmp_path), "clinic", "1")["model"].open(_KEY)
    assert raw.people == 60
    assert raw.groups.tolist() == [20]
    assert list(raw.parameters) == ["(intercept)", "age", "grade=middle", "grade=high", "pressure"]


def _job_and_outcome(tmp_path):
    done = runs.done(tmp_path, runs.NOISY)
    return done.job, done.outcome


def test_tables_of_counts_are_results_and_means_are_none(tmp_path):
    done = runs.done(tmp_path, runs.STATISTICS_JOB)
    found = door.results(done.job, done.outcome, "clinic", "1")
    assert set(found) == {
        "table-1", "table-2", "bins-4", "bins-5", "table-7", "survival-8-0", "survival-8-1", "survival-8-2",
    }  # fmt: skip
    assert door.without(done.outcome) == ("numbers", "correlations")
    table = found["table-7"].open(_KEY)
    values = np.vstack([design.values for design in done.sites.values()])
    names = [column.name for column in done.job.columns()]
    grade, ill = values[:, names.index("grade")], values[:, names.index("ill")]
    expected = [[((grade == g) & (ill == i)).sum() for i in (0, 1)] for g in (0, 1, 2)]
    assert table.counts.reshape(3, 2).tolist() == expected
    assert [side.labels for side in table.dimensions] == [("low", "middle", "high"), ("false", "true")]
    # nobody can say which records are in a cell: the door has no history to compare with
    assert codes(judged(tmp_path, done, "table-7")) == ["membership"]
