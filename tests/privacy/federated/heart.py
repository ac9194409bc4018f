"""The four hospitals of the UCI heart disease data, as FLamby filters and splits them; they are no part of the project.

They lie beside the checkout, in `shared/data/heart-disease`.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from privacy.federated.design import Column, Design, within

_FOLDER = Path(__file__).parents[4] / "shared" / "data" / "heart-disease"

#: Hospital → the MD5 sum of its file: other copies write missing values otherwise, and split otherwise.
_MD5 = {
    "cleveland": "2d91a8ff69cfd9616aa47b59d6f843db",
    "hungarian": "22e96bee155b5973568101c93b3705f6",
    "switzerland": "9a87f7577310b3917730d06ba9349e20",
    "va": "4249d03ca7711e84f4444768c9426170",
}


def hospitals(columns: Sequence[Column]) -> list[Design]:
    """The records of each hospital in the ten features and `disease`, in this order and in the ranges of these columns.

    One column more is a number for each person. The test is skipped where the files are absent.
    """
    model_selection = pytest.importorskip("sklearn.model_selection")
    found = []
    for name, digest in _MD5.items():
        path = _FOLDER / f"processed.{name}.data"
        if not path.is_file():
            pytest.skip("no heart data beside the checkout")
        assert hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == digest
        values = _values(path)
        held = np.zeros(len(values), dtype=bool)
        _, test = model_selection.train_test_split(
            np.arange(len(values)), test_size=0.34, train_size=0.66, random_state=43, stratify=_strata(values[:, -1])
        )
        held[test] = True
        numbered = np.column_stack([values, np.arange(len(values))])[:, : len(columns)]
        found.append(within(tuple(columns), numbered, held)[0])
    return found


def _strata(labels: np.ndarray) -> np.ndarray | None:
    """The labels, where each of two occurs more than twice."""
    return labels if (np.bincount(labels.astype(int), minlength=2) > 2).all() else None


def _values(path: Path) -> np.ndarray:
    """The columns without the last three features, which most hospitals lack, of complete records."""
    lines = [line.split(",") for line in path.read_text("utf-8").split()]
    kept = np.array([[np.nan if x == "?" else float(x) for x in (*line[:10], line[13])] for line in lines])
    kept = kept[~np.isnan(kept).any(axis=1)]
    kept[:, 2] -= 1
    kept[:, -1] = kept[:, -1] > 0
    return kept
