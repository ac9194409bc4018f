"""Small made-up data of every kind: a fit is refused exactly where there is no optimum, else it is the optimum.

Whether there is one is decided by linear programming (Albert and Anderson 1984; Correia, Guimarães and Zylkin 2019).
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from privacy.federated.design import Column
from privacy.federated.methods.families import Linear, Logistic, Poisson
from privacy.federated.methods.inference import regression
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.terms import Problem
from secops.core.errors import RefusedError
from tests.privacy.federated.methods.running import design, run, split

FEATURES = (Column("a", -3, 3), Column("b", -3, 3))
SICK, COUNT, NUMBER = Column("sick", 0, 1, 2), Column("count", 0, 400), Column("number", -9, 9)

#: Records of two small whole numbers and a target: ties, constants, copies and separations are frequent.
_RECORDS = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(-1, 1), st.integers(0, 1)), min_size=2, max_size=24
)  # fmt: skip


def _fit(family, target: Column, values: np.ndarray):
    newton = Newton(Problem(FEATURES, target), family(target), 100, rounds=60)
    try:
        return regression(newton, run(newton, split(design((*FEATURES, target), values), 3)))
    except RefusedError as error:
        return error


def _separable(directions: np.ndarray, fixed: np.ndarray | None = None) -> bool:
    """Whether some b has directions b ≥ 0, not all 0, and fixed b = 0."""
    size = directions.shape[1]
    found = optimize.linprog(
        -directions.sum(axis=0), -directions, np.zeros(len(directions)), bounds=[(-1, 1)] * size,
        A_eq=fixed if fixed is not None and len(fixed) else None,
        b_eq=np.zeros(len(fixed)) if fixed is not None and len(fixed) else None,
    )  # fmt: skip
    assert found.status == 0
    return -found.fun > 1e-7


def _full(terms: np.ndarray) -> bool:
    return np.linalg.matrix_rank(terms) == terms.shape[1]


@settings(max_examples=60)
@given(_RECORDS)
def test_logistic_has_a_fit_exactly_where_labels_overlap(records: list[tuple[int, int, int]]) -> None:
    values = np.array(records, dtype=float)
    terms, y = np.column_stack([np.ones(len(values)), values[:, :2]]), values[:, 2]
    found = _fit(Logistic, SICK, values)
    exists = _full(terms) and not _separable((2 * y - 1)[:, None] * terms)
    assert isinstance(found, RefusedError) != exists
    if exists:
        _is_optimum(found, terms, y, lambda eta: 1 / (1 + np.exp(-eta)), lambda mean: mean * (1 - mean))


@settings(max_examples=60)
@given(_RECORDS, st.integers(1, 5))
def test_poisson_has_a_fit_exactly_where_no_term_tells_zeros(records: list[tuple[int, int, int]], most: int) -> None:
    values = np.array(records, dtype=float)
    values[:, 2] *= 1 + np.arange(len(values)) % most
    terms, y = np.column_stack([np.ones(len(values)), values[:, :2]]), values[:, 2]
    found = _fit(Poisson, COUNT, values)
    exists = _full(terms) and y.any() and not _separable(-terms[y == 0], terms[y > 0])
    assert isinstance(found, RefusedError) != exists
    if exists:
        _is_optimum(found, terms, y, np.exp, lambda mean: mean)


@settings(max_examples=60)
@given(_RECORDS, st.integers(0, 99))
def test_linear_has_a_fit_exactly_where_terms_differ(records: list[tuple[int, int, int]], seed: int) -> None:
    values = np.array(records, dtype=float)
    values[:, 2] += np.random.default_rng(seed).normal(0, 1, len(values))
    terms, y = np.column_stack([np.ones(len(values)), values[:, :2]]), values[:, 2]
    found = _fit(Linear, NUMBER, values)
    exists = _full(terms) and len(values) > 3
    assert isinstance(found, RefusedError) != exists
    if exists:
        beta, [squares], *_ = np.linalg.lstsq(terms, y)
        errors = np.sqrt(squares / (len(y) - 3) * np.diag(np.linalg.inv(terms.T @ terms)))
        assert [c.value for c in found.coefficients] == pytest.approx(beta, abs=1e-7)
        assert [c.error for c in found.coefficients] == pytest.approx(errors, rel=1e-6)


def _is_optimum(found, terms: np.ndarray, y: np.ndarray, mean_of, weight_of) -> None:
    """The likelihood is concave: where its slope is 0 is its top; errors are by its curvature there."""
    mean = mean_of(terms @ [c.value for c in found.coefficients])
    assert terms.T @ (y - mean) == pytest.approx(np.zeros(3), abs=1e-6)
    covariance = np.linalg.inv((terms * weight_of(mean)[:, None]).T @ terms)
    assert [c.error for c in found.coefficients] == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)
