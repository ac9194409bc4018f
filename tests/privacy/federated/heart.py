"""The four hospitals of the UCI heart disease data, as FLamby filters and splits them; they are no part of the project.

They lie beside the checkout, in `shared/data/heart-disease`.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from privacy.federated.design import Column, Design, within

_FOLDER = Path(__file__).parents[5] / "shared" / "data" / "heart-disease"

#: Hospital → the MD5 sum of its file: other copies write missing values otherwise, and split otherwise.
_MD5 = {
    "cleveland": "2d91a8ff69cfd9616aa47b59d6f843db",
    "hungarian": "22e96bee155b5973568101c93b3705f6",
    "switzerland": "9a87f7577310b3917730d06ba9349e20",
    "va": "4249d03ca7711e84f4444768c9426170",
}

COLUMNS = (
    Column("age", 0, 120),
    Column("sex", 0, 1, 2),
    Column("cp", 0, 3, 4),
    Column("trestbps", 0, 300),
    Column("chol", 0, 1000),
    Column("fbs", 0, 1, 2),
    Column("restecg", 0, 2, 3),
    Column("thalach", 0, 250),
    Column("exang", 0, 1, 2),
    Column("oldpeak", -10, 10),
    Column("disease", 0, 1, 2),
)


def hospitals() -> list[Design]:
    """The records of each hospital; the test is skipped where they are absent."""
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
        design, outside = within(COLUMNS, values, held)
        assert not any(outside.values())
        found.append(design)
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
