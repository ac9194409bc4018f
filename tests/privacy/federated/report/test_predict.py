"""Predictions by an outcome, for files of records."""

from __future__ import annotations

import csv
import io
import math

import msgspec
import numpy as np
import pytest

from privacy.federated import dummy
from privacy.federated.report import outcome, predict
from secops.core.errors import UsageError
from tests.privacy.federated import kit
from tests.privacy.federated.report import runs

FILE = """\
age,grade,pressure,more
70,high,150,x
70,high,,x
,high,150,x
200,low,150,x
30,other,999,x
"""

SITE = """\
site: east
dataset: visits
source: {kind: file, path: none.csv, header: [who, years, class, kpa]}
person: who
features:
  age: {column: years, unit: year}
  grade: {column: class, codes: {1: low, 2: middle, 3: high}}
  pressure: {column: kpa, unit: kPa}
  ill: {column: sick}
policy: {methods: [logistic]}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return runs.done(tmp_path_factory.mktemp("job"))


def predicted(done, path, site=None):
    return predict.predict(done.job, done.outcome, predict.read(done.job, path, site))


def test_records_as_they_stand(done, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(FILE, "utf-8")
    found = predicted(done, path)
    told = {row.term: row.value for row in done.outcome.result.coefficients}
    eta = told["(intercept)"] + 70 * told["age"] + told["grade=high"]
    mean = dict(zip(["age", "middle", "high", "pressure"], done.outcome.parameters["mean"], strict=True))["pressure"]
    expected = [1 / (1 + math.exp(-eta - told["pressure"] * pressure)) for pressure in (150, mean)]
    np.testing.assert_allclose(found.values[:2], expected, rtol=1e-9)
    assert np.isnan(found.values[2:]).all()
    assert found.lacks == ((), (), ("age",), ("age",), ("grade",))
    assert found.assumed == ((), ("pressure",), (), (), ("pressure",))
    assert tuple(map(set, found.outside)) == (set(), set(), set(), {"age"}, {"grade", "pressure"})
    rows = list(csv.reader(io.StringIO(predict.to_csv(done.job, found))))
    assert rows[0] == ["record", "ill=true", "lacks", "assumed", "outside"]
    assert rows[1] == ["1", f"{expected[0]:.6g}", "", "", ""]
    assert rows[4] == ["4", "", "age", "", "age"]


def test_records_by_a_sites_mapping(done, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("p1,70,3,20\np1,70,2,\np2,70,9,20\n", "utf-8")
    found = predicted(done, path, kit.site(tmp_path, SITE))
    plain = tmp_path / "plain.csv"
    plain.write_text(f"age,grade,pressure\n70,high,{20 * 7.500616827}\n70,middle,\n70,other,150\n", "utf-8")
    np.testing.assert_allclose(found.values, predicted(done, plain).values, rtol=1e-6)
    assert found.lacks == ((), (), ("grade",))


def test_made_up_records_and_a_model_of_noisy_sums(tmp_path):
    noisy = runs.done(tmp_path, runs.NOISY)
    path = tmp_path / "new.csv"
    path.write_text(dummy.to_csv(dummy.records(noisy.job, 50, 1)), "utf-8")
    found = predicted(noisy, path)
    assert ((found.values > 0) & (found.values < 1)).all()
    assert not any(found.lacks)


def test_an_outcome_of_another_job_predicts_nothing(done, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(FILE, "utf-8")
    other = msgspec.structs.replace(done.job, id="other")
    with pytest.raises(UsageError, match="another job"):
        predict.predict(other, done.outcome, predict.read(other, path))
    counted = runs.done(tmp_path, runs.STATISTICS_JOB)
    with pytest.raises(UsageError, match="predict nothing"):
        predict.parameters(counted.job, counted.outcome)


@pytest.mark.parametrize(
    "parameters", [{}, {"beta": (1.0,)}, {"mean": (0.0,) * 4, "sd": (0.0,) * 4, "beta": (1.0,) * 5}]
)
def test_parameters_that_do_not_fit_are_refused(done, tmp_path, parameters):
    path = tmp_path / "new.csv"
    path.write_text(FILE, "utf-8")
    wrong = msgspec.structs.replace(done.outcome, parameters=parameters)
    wrong = outcome.parse(outcome.dump(wrong), "x")
    with pytest.raises(UsageError, match="no parameters that fit"):
        predict.predict(done.job, wrong, predict.read(done.job, path))


def test_a_file_without_a_feature_is_refused(done, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("age,pressure\n70,150\n", "utf-8")
    with pytest.raises(UsageError, match="grade"):
        predict.read(done.job, path)
