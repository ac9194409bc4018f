"""Four made-up hospitals: what its page says came out, and what pooling gives."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.federated import building
from privacy.federated.labs import tumour
from tests.privacy.federated.labs import kit

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    made = kit.laid("tumour", tmp_path_factory.mktemp("labs") / "tumour")
    made.budgets("3")
    return made


def test_every_record_is_at_one_hospital():
    shared = tumour.shared(569)
    assert [len(part) for part in shared.values()] == [227, 171, 114, 57]
    assert sorted(np.concatenate(list(shared.values()))) == list(range(569))


def test_each_hospital_writes_in_its_own_way(laid):
    east = (laid.folder / "data/east.csv").read_bytes().decode("gb18030")
    assert "诊断" in east.splitlines()[0]
    assert {line.rsplit(",", 1)[1] for line in east.splitlines()[1:]} == {"良性", "恶性"}
    south = (laid.folder / "data/south.csv").read_text("utf-8").splitlines()
    assert {line.rsplit(",", 1)[1] for line in south} == {"diagnosis", "B", "M"}


def test_newton_is_the_pooled_fit(laid):
    from sklearn.linear_model import LogisticRegression

    done = laid.run("job")
    train = kit.pooled(laid.records("job"), held=False)
    problem = building.problem(done.job)
    terms = problem.terms.matrix(train)
    scaled = (terms - terms.mean(axis=0)) / terms.std(axis=0)
    other = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(scaled, train.column("tumour"))
    assert done.state["beta"] == pytest.approx(np.append(other.intercept_, other.coef_), abs=1e-6)
    found = done.method.measured(done.state)
    assert (found.accuracy.count, found.records) == (163, 168)
    assert found.auc.value == pytest.approx(0.986, abs=0.005)
    assert int(done.state["steps"]) == 9
    right = {name: one.together.accuracy.count for name, one in laid.compared(done, "job").items()}
    assert right == {"north": 164, "east": 164, "south": 161, "west": 159, "federated": 163, "pooled": 163}
    assert {site for round_ in done.rounds for site in round_.sites} == {"north", "east", "south", "west"}


def test_statistics_are_those_of_all_records(laid):
    done = laid.run("statistics")
    values = np.vstack([design.values for design in laid.records("statistics").values()])
    found = done.method.results(done.state)
    summaries = next(part for part in found if isinstance(part, list) and hasattr(part[0], "sd"))
    radius = next(one for one in summaries if one.column == "radius")
    place = [column.name for column in done.job.columns()].index("radius")
    assert radius.records == 569
    assert radius.mean == pytest.approx(values[:, place].mean(), rel=1e-9)
    assert radius.sd == pytest.approx(values[:, place].std(ddof=1), rel=1e-6)
    bins = next(part for part in found if getattr(part, "column", "") == "radius")
    exact = np.sort(values[:, place])[[142, 284, 426]]
    assert all(quantile.lower <= value <= quantile.upper for quantile, value in zip(bins.quantiles, exact, strict=True))
    table = next(part for part in found if getattr(part, "columns", None) == ("size", "tumour"))
    assert table.counts == (163, 6, 181, 45, 13, 161)


def test_averaging_comes_near(laid):
    done = laid.run("fedavg")
    found = done.method.measured(done.state)
    assert (found.accuracy.count, found.records) == (161, 168)
    assert found.auc.value == pytest.approx(0.989, abs=0.002)


def _scores(laid, number):
    """AUC and accuracy on the patients that are held back, as somebody with all of them would see it."""
    from sklearn.metrics import roc_auc_score

    done = laid.run("noisy", number)
    test = kit.pooled(laid.records("noisy"), held=True)
    chance, truth = done.method.predict(done.method.model(done.state), test), test.column("tumour")
    return roc_auc_score(truth, chance), ((chance > 0.5) == truth).mean()


def test_noise_leaves_a_model_that_is_of_use_and_is_paid_for(laid):
    from privacy.federated import local
    from privacy.federated.dp import budget

    auc, accuracy = _scores(laid, 0)
    assert auc > 0.94  # of 20 runs the least was .968
    assert accuracy > 0.80
    paid = budget.read(local.budget_of(laid.folder / "sites/east.yml"))
    assert 0.9 < paid.epsilon_spent() <= 1.0


@pytest.mark.slow
def test_noise_over_twenty_runs(tmp_path):
    laid = kit.laid("tumour", tmp_path / "tumour")
    laid.budgets("10")
    auc, accuracy = np.mean([_scores(laid, number) for number in range(20)], axis=0)
    assert auc >= 0.97
    assert accuracy >= 0.88
