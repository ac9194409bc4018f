"""The breast tumours of scikit-learn, over five hospitals: thirty terms that say nearly the same, and separate."""

import numpy as np
import pytest

from privacy.federated.design import Column, Design
from privacy.federated.methods.classified import Classification
from privacy.federated.methods.evaluate import Evaluation
from privacy.federated.methods.families import Linear, Logistic
from privacy.federated.methods.inference import regression
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.terms import Problem
from secops.core.errors import RefusedError
from tests.privacy.federated.methods.running import design, run, split

BENIGN = Column("benign", 0, 1, 2)


@pytest.fixture(scope="module")
def tumours() -> tuple[tuple[Column, ...], Design]:
    datasets = pytest.importorskip("sklearn.datasets")
    data = datasets.load_breast_cancer()
    columns = tuple(
        Column(str(name), 0, 1.5 * top) for name, top in zip(data.feature_names, data.data.max(0), strict=True)
    )
    held = np.arange(569) % 3 == 0
    return columns, design((*columns, BENIGN), np.column_stack([data.data, data.target]), held)


def test_it_is_the_pooled_fit(tumours) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    columns, pooled = tumours
    sites = split(pooled, 5)
    newton = Newton(Problem(columns, BENIGN), Logistic(BENIGN), 1000, ridge=1.0)
    state = run(newton, sites)
    train, test = pooled.part(held=False).values, pooled.part(held=True).values
    mean, sd = train[:, :-1].mean(axis=0), train[:, :-1].std(axis=0)
    other = linear_model.LogisticRegression(C=1.0, tol=1e-10, solver="newton-cholesky")
    other.fit((train[:, :-1] - mean) / sd, train[:, -1])
    assert state["still"]
    assert state["beta"] == pytest.approx([*other.intercept_, *other.coef_[0]], abs=1e-7)
    evaluation = Evaluation(newton, newton.parameters(state), Classification(), 1000)
    found = evaluation.measured(run(evaluation, sites))
    scores = other.predict_proba((test[:, :-1] - mean) / sd)[:, 1]
    assert found.accuracy.value == metrics.accuracy_score(test[:, -1], scores > 0.5)
    assert abs(found.auc.value - metrics.roc_auc_score(test[:, -1], scores)) <= found.auc.off
    assert found.accuracy.value > 0.95


def test_without_a_ridge_these_terms_separate_and_ten_do_not(tumours) -> None:
    columns, pooled = tumours
    with pytest.raises(RefusedError, match="separate"):
        run(Newton(Problem(columns, BENIGN), Logistic(BENIGN), 1000), split(pooled, 5))
    few = Newton(Problem(columns[:2], BENIGN), Logistic(BENIGN), 1000)
    assert regression(few, run(few, split(pooled, 5))).coefficients[1].p < 1e-9


def test_a_line_through_nearly_equal_terms_is_least_squares(tumours) -> None:
    """Radius, perimeter and area of one outline: curvature is nearly flat, and digits are few."""
    columns, pooled = tumours
    newton = Newton(Problem(columns[:9], columns[9]), Linear(columns[9]), 1000)
    found = regression(newton, run(newton, split(pooled, 5)))
    values = pooled.part(held=False).values
    x, y = np.column_stack([np.ones(len(values)), values[:, :9]]), values[:, 9]
    beta, [squares], *_ = np.linalg.lstsq(x, y)
    errors = np.sqrt(squares / (len(y) - 10) * np.diag(np.linalg.inv(x.T @ x)))
    assert [c.value for c in found.coefficients] == pytest.approx(beta, rel=1e-6)
    assert [c.error for c in found.coefficients] == pytest.approx(errors, rel=1e-6)
