"""Local, federated and pooled models, measured on the same records."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.federated.report import compare
from secops.core.errors import UsageError
from tests.privacy.federated.report import runs


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return runs.done(tmp_path_factory.mktemp("job"))


def test_the_federated_model_is_the_pooled_one(done):
    *local, federated, pooled = compare.compare(done.job, done.sites, done.outcome)
    assert [(row.kind, row.site) for row in local] == [("local", site) for site in runs.SITES]
    seen = done.outcome.evaluation.classified
    assert (federated.together.accuracy, federated.together.roc) == (seen.accuracy, seen.roc)
    assert federated.together.brier == pytest.approx(seen.brier, rel=1e-12)
    assert pooled.together.accuracy == federated.together.accuracy
    assert pooled.together.brier == pytest.approx(federated.together.brier, abs=1e-9)
    assert {row.together.records for row in [*local, federated, pooled]} == {federated.together.records}
    assert sum(row.records for row in federated.sites.values()) == federated.together.records
    assert len({row.together.brier for row in local}) == 3


def test_measures_are_those_of_scikit_learn(done):
    """A site's own model, fitted and measured by scikit-learn on the same records."""
    linear = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    own = done.sites["north"]
    names = [column.name for column in done.job.columns()]

    def terms(design, mean):
        value = {name: design.values[:, at] for at, name in enumerate(names)}
        pressure = np.where(np.isnan(value["pressure"]), mean, value["pressure"])
        return np.column_stack([value["age"] / 50, value["grade"] == 1, value["grade"] == 2, pressure / 100])

    train = own.part(held=False)
    mean = np.nanmean(train.column("pressure"))
    fit = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(terms(train, mean), train.column("ill"))
    truth = np.concatenate([design.part(held=True).column("ill") for design in done.sites.values()])
    chance = np.concatenate([fit.predict_proba(terms(d.part(held=True), mean))[:, 1] for d in done.sites.values()])
    found = compare.compare(done.job, done.sites, done.outcome)[1]
    assert found.site == "north"
    assert found.together.accuracy.count == ((chance > 0.5) == (truth == 1)).sum()
    assert found.together.brier == pytest.approx(metrics.brier_score_loss(truth, chance), abs=1e-5)
    assert abs(found.together.auc.value - metrics.roc_auc_score(truth, chance)) <= found.together.auc.off + 1e-9


def test_a_site_that_cannot_fit_its_own_says_why(done):
    sites = dict(done.sites)
    place = [column.name for column in done.job.columns()].index("ill")
    values = sites["west"].values.copy()
    values[:, place] = 1
    sites["west"] = type(sites["west"])(sites["west"].columns, values, sites["west"].held)
    again = runs.ran(done.job, sites)
    found = {row.site: row for row in compare.compare(again.job, sites, again.outcome) if row.kind == "local"}
    assert "ill" in found["west"].refused
    assert found["west"].together is None
    assert found["east"].refused is None


@pytest.mark.parametrize(
    "text",
    [
        runs.JOB.replace("name: logistic", "name: fedavg, rate: 1, steps: 10"),
        runs.PRESSURE.replace("name: logistic", "name: linear"),
        runs.NOISY,
    ],
)
def test_other_methods(tmp_path, text):
    done = runs.done(tmp_path, text)
    found = compare.compare(done.job, done.sites, done.outcome)
    assert [row.kind for row in found] == ["local"] * 3 + ["federated", "pooled"]
    assert all(row.refused is None for row in found)
    quality = [row.together.brier if done.job.target == "ill" else row.together.rmse for row in found]
    assert quality[-1] <= min(quality) * 1.1


def test_more_records_than_one_site_may_have_are_pooled_all_the_same(tmp_path):
    done = runs.done(tmp_path, runs.JOB.replace("rows: 1000", "rows: 200"))
    assert compare.compare(done.job, done.sites, done.outcome)[-1].refused is None


def test_nothing_held_back_is_an_error(done):
    sites = {name: type(d)(d.columns, d.values, np.zeros(len(d.values), bool)) for name, d in done.sites.items()}
    with pytest.raises(UsageError, match="held back"):
        compare.compare(done.job, sites, done.outcome)
