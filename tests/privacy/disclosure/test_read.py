"""Results in files: read as they are, or refused with no word of what is in them."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.disclosure import door, read
from privacy.disclosure.differencing import History
from secops.core.errors import UsageError
from tests.privacy.disclosure.samples import POLICY, Memory, codes, rows
from tests.privacy.disclosure.test_pictures import BARS

MARKER = "918273645"
OF = {"dataset": "wages", "version": "1"}
SIDE = [{"name": "a", "labels": ["a0", "a1"]}]
CELLS = np.array([0] * 9 + [1] * 20, np.int32)
TABLE = {"counts": np.array([9, 20]), "cells": CELLS}
SUMS = TABLE | {"sums": np.array([90.0, 200]), "absolute": np.array([90.0, 200]), "largest": np.full((2, 2), 11.0)}


def saved(tmp_path, about, **arrays):
    path = tmp_path / "result.npz"
    np.savez(path, about=json.dumps(about), **arrays)
    return path


@pytest.mark.parametrize(
    ("about", "arrays", "expected"),
    [
        ({"kind": "counts", "dimensions": SIDE, "totals": True}, TABLE, []),
        ({"kind": "sums", "dimensions": SIDE, "measure": "pay"}, SUMS, []),
        ({"kind": "means", "dimensions": SIDE, "measure": "pay"}, SUMS, []),
        ({"kind": "counts", "dimensions": SIDE}, {"counts": np.array([9, 20])}, ["membership"]),
        ({"kind": "counts", "dimensions": SIDE}, TABLE | {"people": np.arange(29) % 5}, ["nothing-left"]),
        ({"kind": "quantiles", "dimensions": SIDE, "measure": "pay", "probabilities": [0.5]},
         {"counts": np.array([9, 20]), "values": np.ones((2, 1))}, []),
        ({"kind": "regression", "family": "linear", "terms": ["x"], "people": 99},
         {"coefficients": np.ones(1), "errors": np.ones(1), "support": np.array([7])}, ["group-size"]),
        ({"kind": "model", "family": "tree", "people": 999}, {"groups": np.array([9]), "parameter.w": np.ones(4)}, []),
    ],
)  # fmt: skip
def test_kinds(tmp_path, about, arrays, expected):
    assert codes(door.clear(read.read(saved(tmp_path, OF | about, **arrays)), POLICY, Memory())) == expected


def test_the_table_is_the_one_in_the_file(tmp_path):
    raw = read.read(saved(tmp_path, OF | {"kind": "counts", "dimensions": SIDE}, **TABLE))
    assert rows(door.clear(raw, POLICY, Memory())) == [["a0", "10"], ["a1", "20"]]


@pytest.mark.parametrize("kind", [np.uint8, np.uint32, np.uint64, np.int8])
@pytest.mark.parametrize("people", [{}, {"people": np.arange(29, dtype=np.uint64)}])
def test_cells_of_any_type_of_whole_numbers(tmp_path, kind, people):
    """Types without a sign are not made floats on the way, and -1 is not made a large number."""
    path = saved(
        tmp_path, OF | {"kind": "counts", "dimensions": SIDE}, **TABLE | people | {"cells": CELLS.astype(kind)}
    )
    history = History.start(29, size_known=False)
    assert rows(door.clear(read.read(path), POLICY, history)) == [["a0", "10"], ["a1", "20"]]


@pytest.mark.parametrize("outside", [1 << 31, (1 << 32) - 1, (1 << 63) + 1, (1 << 64) - 1])
def test_a_cell_too_large_is_none_of_the_table(tmp_path, outside):
    cells = np.append(CELLS.astype(np.uint64), np.uint64(outside))
    path = saved(tmp_path, OF | {"kind": "counts", "dimensions": SIDE}, **TABLE | {"cells": cells})
    assert codes(door.clear(read.read(path), POLICY, Memory())) == ["malformed"]


def test_plots_and_texts(tmp_path):
    behind = json.dumps(OF | {"kind": "counts", "dimensions": SIDE})
    about = {"kind": "plot", "media": "image/svg+xml"}
    content = np.frombuffer(BARS.encode(), np.uint8)
    whole = saved(tmp_path, about, content=content, behind=behind, **TABLE)
    assert codes(door.clear(read.read(whole), POLICY, Memory())) == []
    assert codes(door.clear(read.read(saved(tmp_path, about, content=content)), POLICY, Memory())) == ["no-table"]
    text = saved(tmp_path, {"kind": "text", "content": "hello"})
    assert codes(door.clear(read.read(text), POLICY, Memory())) == ["text"]


def refused(path):
    """The error of reading it."""
    try:
        read.read(path)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize(
    ("about", "arrays"),
    [
        (OF | {"kind": MARKER}, {}),
        (OF | {"kind": "counts", "dimensions": SIDE, MARKER: 1}, TABLE),
        (OF | {"kind": "counts", "dimensions": MARKER}, TABLE),
        (OF | {"kind": "counts", "dimensions": SIDE}, TABLE | {f"x{MARKER}": np.array([int(MARKER)])}),
        (OF | {"kind": "counts", "dimensions": SIDE}, {"cells": np.array([int(MARKER)])}),
        (OF | {"kind": "counts", "dimensions": SIDE}, {"counts": np.array([MARKER, None], dtype=object)}),
        ({"kind": "plot", "media": "image/png"}, {"content": np.array([float(MARKER)])}),
    ],
)
def test_errors_hold_nothing_of_the_file(tmp_path, about, arrays):
    error = refused(saved(tmp_path, about, **arrays))
    assert type(error) is UsageError
    assert error.__context__ is None
    assert MARKER not in f"{error!r}{error}{error.hint}"


def test_an_array_that_is_missing_is_named(tmp_path):
    error = refused(saved(tmp_path, OF | {"kind": "counts", "dimensions": SIDE}, cells=TABLE["cells"]))
    assert "counts" in str(error)


def test_no_file_and_too_large_a_one(tmp_path, monkeypatch):
    assert "No such file" in str(refused(tmp_path / "none.npz"))
    path = tmp_path / "bomb.npz"
    about = json.dumps(OF | {"kind": "counts", "dimensions": SIDE})
    np.savez_compressed(path, about=about, counts=np.zeros(2), cells=np.zeros(100_000, np.int64))
    assert refused(path) is None
    monkeypatch.setattr(read, "MAX_BYTES", 800_000)  # of the unpacked arrays: the file itself is far smaller
    assert path.stat().st_size < 10_000
    assert type(refused(path)) is UsageError


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_an_error_of_ours(tmp_path, data):
    file = io.BytesIO()
    np.savez(file, about=json.dumps(OF | {"kind": "counts", "dimensions": SIDE}), **TABLE)
    raw = bytearray(file.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=4)):
        raw[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.npz"
    path.write_bytes(raw[: data.draw(st.integers(len(raw) // 2, len(raw)))])
    error = refused(path)
    assert error is None or (type(error) is UsageError and error.__context__ is None)
