"""Arithmetic modulo a prime, against Python's own integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.disclosure import modular
from privacy.disclosure.rowspace import RowSpace

PRIME = (1 << 31) - 1  # the largest there may be


@given(st.lists(st.integers(-(1 << 62), (1 << 62) - 1), max_size=20))
def test_modulo(values: list[int]) -> None:
    assert modular.modulo(np.array(values, np.int64), PRIME).tolist() == [value % PRIME for value in values]


@pytest.mark.parametrize("largest", [1, (1 << 16) - 1, 1 << 16, PRIME - 1])
@pytest.mark.parametrize("terms", [0, 1, 64, 65, 300])
def test_products_are_exact(largest: int, terms: int) -> None:
    """Also where all values are as large as can be, and no bit more fits into a float64."""
    random = np.random.default_rng(terms)
    left, right = random.integers(0, largest + 1, (3, terms)), random.integers(0, PRIME, (terms, 5))
    left[0], right[:, 0] = largest, PRIME - 1
    exact = left.astype(object) @ right.astype(object) % PRIME if terms else np.zeros((3, 5), object)
    assert modular.product(left, right, PRIME).tolist() == exact.tolist()


@given(st.integers(0, 60), st.integers(1, 40), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_halves_give_what_row_after_row_gives(rows: int, columns: int, seed: int, few: bool) -> None:
    random = np.random.default_rng(seed)
    given_rows = random.integers(0, 2 if few else PRIME, (rows, columns))
    given_rows[random.random(rows) < 0.2] = 0
    prefer = random.permutation(columns)
    found, pivots = modular.echelon(given_rows, prefer, PRIME)
    simple, others = modular._echelon(given_rows.copy(), prefer, PRIME)
    assert (found.tolist(), pivots.tolist()) == (simple.tolist(), others.tolist())
    assert (found[:, pivots] == np.eye(len(pivots))).all()
    assert not modular.reduced(given_rows, found, pivots, PRIME).any()


@given(st.integers(1, 40), st.integers(20, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_turning_leaves_no_row_with_a_wanted_atom_and_another_pivot(rows: int, atoms: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    sparse = (random.random((rows, atoms)) < 0.1).astype(np.int64)
    space = RowSpace(PRIME, *modular.echelon(sparse, np.arange(atoms), PRIME))
    wanted = random.random(atoms) < 0.5
    turned = space.turn(wanted, wanted.astype(np.int64))
    assert not turned.rows[~wanted[turned.pivots]][:, wanted].any()
    assert (turned.rows[:, turned.pivots] == np.eye(len(space.rows))).all()
    assert not turned.unknown(space.rows).any()
    assert not space.unknown(turned.rows).any()
