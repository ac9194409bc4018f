"""A result as a file is the result that is read from it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from privacy.disclosure import read, write
from privacy.disclosure.result import _KEY, Model, Plot, Population, Quantiles, Raw, Regression, Sums, Text
from secops.core.errors import CitywallError
from tests.privacy.disclosure.samples import counted, summed

HELD = Population(dataset="wages", version="1")

RESULTS = [
    counted([9, 20], totals=True),
    counted([9, 20, 8, 30], 2, 2, people=np.arange(67) % 50),
    summed(Sums, [[1.0, 2.0], [3.0]]),
    Raw(Quantiles(population=HELD, dimensions=(), measure="pay", counts=np.array([9]), probabilities=(0.5,),
                  values=np.ones((1, 1)))),
    Raw(Regression(population=HELD, family="linear", terms=("(intercept)", "性别=女"), coefficients=np.ones(2),
                   errors=np.ones(2), people=99, support=np.array([99, 50]))),
    Raw(Model(population=HELD, family="tree", parameters={"w": np.ones((2, 3))}, people=99, groups=np.array([9]))),
    Raw(Plot(media="image/png", content=b"\x00\xff", behind=counted([9, 20]).open(_KEY))),
    Raw(Plot(media="image/png", content=b"", behind=None)),
    Raw(Text(content="line\nline")),
]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    if is_dataclass(one):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)


@pytest.mark.parametrize("raw", RESULTS, ids=lambda raw: raw.open(_KEY).kind)
def test_what_is_written_is_read(tmp_path, raw):
    path = tmp_path / "result.npz"
    path.write_bytes(write.packed(raw))
    assert same(read.read(path).open(_KEY), raw.open(_KEY))
    assert write.packed(raw) == write.packed(raw)


def test_an_error_shows_nothing_of_the_result():
    marked = np.array(["918273645", object()], dtype=object)
    raw = Raw(Model(population=HELD, family="tree", parameters={"w": marked}, people=99, groups=np.array([9])))
    with pytest.raises(CitywallError) as error:
        write.packed(raw)
    assert "918273645" not in str(error.value)
    assert error.value.__context__ is None
