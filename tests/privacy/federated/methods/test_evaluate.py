"""Measures over sites are those of scikit-learn on pooled records, within what binning is said to cost."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.design import Column, Design
from privacy.federated.methods.classified import Classification, Classified
from privacy.federated.methods.errors import Deviations, Errors
from privacy.federated.methods.evaluate import Evaluation
from privacy.federated.methods.terms import Problem
from secops.core.errors import UsageError
from tests.privacy.federated.methods.running import design, run, split

SCORE, SICK = Column("score", 0, 1), Column("sick", 0, 1, 2)
GUESS, PRESSURE = Column("guess", 0, 500), Column("pressure", 50, 250)


@dataclass(frozen=True)
class Told:
    """A model whose scores are a column, times the hub's factor."""

    problem: Problem

    def check(self, parameters) -> None:
        """Any factor will do."""

    def score(self, parameters, data: Design) -> np.ndarray:
        return data.column(self.problem.features[0].name) * parameters["factor"]


def _measured(values, columns, measure, parts: int = 3):
    method = Evaluation(Told(Problem(columns[:1], columns[1])), {"factor": np.array(1.0)}, measure, 10_000, held=False)
    state = run(method, split(design(columns, values), parts))
    return method.measured(state), method.left_out(state)


def _classified(values, **options) -> Classified:
    return _measured(values, (SCORE, SICK), Classification(**options))[0]


def _errors(values) -> Errors:
    return _measured(values, (GUESS, PRESSURE), Deviations(PRESSURE))[0]


def _scores(records: int = 400) -> np.ndarray:
    draws = np.random.default_rng(14)
    score = draws.beta(1.2, 1.6, records)
    return np.column_stack([score, draws.random(records) < score])


def test_measures_of_probabilities_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    score, truth = _scores().T
    found = _classified(_scores())
    told = score > 0.5
    assert found.records == 400
    assert found.accuracy.value == metrics.accuracy_score(truth, told)
    assert found.sensitivity.value == metrics.recall_score(truth, told)
    assert found.specificity.value == metrics.recall_score(truth, told, pos_label=0)
    assert found.precision.value == metrics.precision_score(truth, told)
    assert found.brier == pytest.approx(metrics.brier_score_loss(truth, score), abs=1e-10)
    assert found.log_loss == pytest.approx(metrics.log_loss(truth, score), abs=1e-9)
    assert abs(found.auc.value - metrics.roc_auc_score(truth, score)) <= found.auc.off < 0.01
    binned = np.floor(score * 100)
    assert found.auc.value == pytest.approx(metrics.roc_auc_score(truth, binned), abs=1e-12)
    curve = {(round(a, 9), round(b, 9)) for a, b in found.roc}
    expected = zip(*(np.round(rates, 9) for rates in metrics.roc_curve(truth, binned)[:2]), strict=True)
    assert set(expected) <= curve
    assert (found.roc[0], found.roc[-1]) == ((0, 0), (1, 1))


def test_calibration_groups_are_scikit_learns() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    score, truth = _scores().T
    found = [group for group in _classified(_scores(), groups=5).calibration if group.observed.records]
    observed, expected = calibration.calibration_curve(truth, score, n_bins=5)
    assert [group.observed.value for group in found] == pytest.approx(observed)
    assert [group.mean for group in found] == pytest.approx(expected)
    assert [(round(g.lower, 9), round(g.upper, 9)) for g in found][:2] == [(0, 0.2), (0.2, 0.4)]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40),
    st.sampled_from([1, 2, 10, 50]),
)
def test_the_area_is_within_what_binning_costs(records: list[tuple[float, bool]], bins: int) -> None:
    found = _classified(np.array(records, dtype=float), bins=bins, groups=1)
    ones = [score for score, sick in records if sick]
    zeros = [score for score, sick in records if not sick]
    if not ones or not zeros:
        assert found.auc is None
        assert found.roc == ()
        return
    pairs = [(a > b) + (a == b) / 2 for a in ones for b in zeros]
    assert abs(found.auc.value - np.mean(pairs)) <= found.auc.off + 1e-12
    assert found.auc.interval.lower - 1e-9 <= np.mean(pairs) <= found.auc.interval.upper + 1e-9


def test_scores_that_are_no_probabilities_count_as_the_ends() -> None:
    told = Told(Problem((SCORE,), SICK))
    site = design((SCORE, SICK), [[0.5, 1], [0.5, 0], [0.0, 1]])
    for factor, hits in ((9.0, 1), (-9.0, 0)):
        method = Evaluation(told, {"factor": np.array(factor)}, Classification(), 10, held=False)
        found = method.measured(run(method, [site]))
        assert (found.records, found.sensitivity.count) == (3, hits)
        assert found.brier == pytest.approx(2 / 3)


def test_one_class_or_no_record_is_not_measured_as_if_there_were_two() -> None:
    found = _classified([[0.7, 1], [0.4, 1]])
    assert (found.accuracy.value, found.specificity.value, found.auc, found.roc) == (0.5, None, None, ())
    none = _classified([])
    assert (none.records, none.accuracy.value, none.brier, none.log_loss) == (0, None, None, None)
    assert {group.mean for group in none.calibration} == {None}


def test_a_sure_and_wrong_score_has_a_finite_loss() -> None:
    assert _classified([[1.0, 0], [0.0, 1]]).log_loss == pytest.approx(-np.log(1e-12))


def test_what_cannot_be_scored_is_counted() -> None:
    values = [[0.5, 1], [np.nan, 1], [0.4, np.nan], [0.6, 0]]
    found, left_out = _measured(values, (SCORE, SICK), Classification())
    assert (found.records, left_out) == (2, 2)


def test_the_hub_gives_the_parameters_and_held_records_are_measured() -> None:
    told = Told(Problem((SCORE,), SICK))
    site = design((SCORE, SICK), [[0.9, 1], [0.9, 0], [0.2, 1]], np.array([True, False, True]))
    method = Evaluation(told, {"factor": np.array(0.5)}, Classification(), 10)
    found = method.measured(run(method, [site]))
    assert (found.records, found.sensitivity.count) == (2, 0)
    assert found.calibration[4].mean == pytest.approx(0.45)


def test_a_site_measures_itself_with_its_own_vector() -> None:
    told = Told(Problem((SCORE,), SICK))
    method = Evaluation(told, {"factor": np.array(1.0)}, Classification(), 1000, held=False)
    ask = method.ask(method.start())
    sites = split(design((SCORE, SICK), _scores()), 3)
    own = [method.of_vector(method.at_site(ask, site)) for site in sites]
    pooled = method.measured(run(method, sites))
    assert sum(one.accuracy.count for one in own) == pooled.accuracy.count
    assert own[0].accuracy.value == ((sites[0].values[:, 0] > 0.5) == sites[0].values[:, 1]).mean()


def test_score_bins_are_a_multiple_of_the_groups() -> None:
    with pytest.raises(UsageError, match="multiple"):
        Classification(bins=100, groups=7)


def test_measures_of_numbers_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    draws = np.random.default_rng(15)
    truth = draws.normal(130, 20, 300).clip(50, 250)
    guess = (truth + draws.normal(3, 12, 300)).clip(50, 250)
    found = _errors(np.column_stack([guess, truth]))
    assert found.records == 300
    assert found.rmse == pytest.approx(metrics.root_mean_squared_error(truth, guess))
    assert found.mae == pytest.approx(metrics.mean_absolute_error(truth, guess))
    assert found.r2 == pytest.approx(metrics.r2_score(truth, guess))
    assert found.bias == pytest.approx((guess - truth).mean())
    square = (guess - truth) ** 2
    ends = square.mean() + np.array([-1, 1]) * 1.959963984540054 * square.std() / np.sqrt(300)
    assert (found.rmse_interval.lower, found.rmse_interval.upper) == pytest.approx(np.sqrt(ends))
    assert found.moved == 0


def test_the_interval_of_the_error_covers_as_often_as_it_says() -> None:
    draws = np.random.default_rng(16)
    covered = 0
    for _ in range(300):
        truth = draws.normal(130, 15, 200).clip(60, 240)
        found = _errors(np.column_stack([truth + draws.normal(0, 10, 200).clip(-60, 60), truth]).clip(50, 250))
        covered += found.rmse_interval.lower <= 10 <= found.rmse_interval.upper
    assert covered / 300 == pytest.approx(0.95, abs=0.035)


def test_predictions_out_of_range_count_as_its_end_and_are_counted() -> None:
    found = _errors([[500, 240], [0, 60], [100, 100]])
    assert found.moved == 2
    assert found.rmse == pytest.approx(np.sqrt((10**2 + 10**2) / 3))


def test_targets_that_are_all_the_same_have_no_r2() -> None:
    found = _errors([[100, 120], [130, 120]])
    assert found.r2 is None
    assert found.rmse == pytest.approx(np.sqrt((400 + 100) / 2))
    assert _errors([]).rmse is None
