"""Tables from records are what a plain loop over the records gives, and fit together as the door demands."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.disclosure import files, result, shape, tabulate
from privacy.disclosure.result import Means, Population
from tests.privacy.disclosure.samples import sides

RECORDS = st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 4), st.integers(-50, 50)), max_size=40)


@given(RECORDS, st.booleans())
def test_sums_and_largest(records, shared):
    cells, people, values = np.array(records, dtype=np.int32).reshape(-1, 3).T
    held = Population(dataset="d", version="1", cells=cells, people=people if shared else None)
    table = tabulate.sums(Means, held, sides(2, 3), "pay", values.astype(float), largest=3).open(result._KEY)
    parts = defaultdict(lambda: defaultdict(int))
    for place, (cell, person, value) in enumerate(records):
        parts[cell][person if shared else place] += value
    for cell in range(6):
        sizes = sorted(map(abs, parts[cell].values()), reverse=True)
        assert table.counts[cell] == sum(record[0] == cell for record in records)
        assert table.sums[cell] == sum(parts[cell].values())
        assert table.absolute[cell] == sum(sizes)
        assert table.largest[cell].tolist() == [*sizes, 0, 0, 0][:3]
        assert shape.people_of(table)[cell] == len(parts[cell])
    assert shape.table_fits(table)


@given(RECORDS, st.sampled_from([(0.5,), (0.0, 0.25, 1.0)]))
def test_quantiles(records, probabilities):
    cells, _people, values = np.array(records, dtype=np.int32).reshape(-1, 3).T
    held = Population(dataset="d", version="1", cells=cells)
    table = tabulate.quantiles(held, sides(6), "pay", values * 1.0, probabilities).open(result._KEY)
    for cell in range(6):
        inside = values[cells == cell]
        expected = np.quantile(inside, probabilities) if inside.size else [np.nan] * len(probabilities)
        np.testing.assert_allclose(table.values[cell], expected)
    assert shape.table_fits(table)


def test_cells_of_codes():
    codes = (np.array([0, 1, 1, -1]), np.array([2, 0, -1, 1]))
    cells = tabulate.cells_of(codes, sides(2, 3))
    assert cells.tolist() == [2, 3, -1, -1]
    assert cells.dtype == np.int32


def test_without_cells_there_is_no_table():
    with pytest.raises(ValueError, match="cells of its records"):
        tabulate.counts(Population(dataset="d", version="1"), sides(2))


@given(st.floats(-1e300, 1e300), st.integers(1, 9))
def test_numbers_have_few_digits_and_are_near(number, digits):
    (text,) = files.decimals(np.array([number]), digits)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[-+]\d+)?", text)
    mantissa = re.sub(r"\D", "", text.split("e")[0]).lstrip("0").rstrip("0")
    assert len(mantissa) <= digits
    assert abs(float(text) - number) <= abs(number) * 0.5 * 10.0 ** (1 - digits) * 1.001 + 5e-324
    assert files.decimals(np.array([float(text)]), digits) == [text]
    assert text != "-0"
