"""The four hospitals of the UCI heart disease data as FLamby filters and splits them, with a number for each person.

They lie beside the checkout, in `shared/data/heart-disease`, and are no part of the project.
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

#: Ranges as a doctor would give them for adults, without having seen these records: no cholesterol is 0.
COLUMNS = (
    Column("age", 20, 90),
    Column("sex", 0, 1, 2),
    Column("pain", 0, 3, 4),
    Column("pressure", 80, 200),
    Column("cholesterol", 100, 500),
    Column("sugar", 0, 1, 2),
    Column("ecg", 0, 2, 3),
    Column("pulse", 60, 210),
    Column("angina", 0, 1, 2),
    Column("depression", -3, 6),
    Column("disease", 0, 1, 2),
    Column("person", 0, 10_000),
)


def hospitals() -> list[Design]:
    """The records of each hospital; the test is skipped where they are absent."""
    split = pytest.importorskip("sklearn.model_selection").train_test_split
    found = []
    for name, digest in _MD5.items():
        path = _FOLDER / f"processed.{name}.data"
        if not path.is_file():
            pytest.skip("no heart data beside the checkout")
        assert hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == digest
        values = _values(path)
        both = (np.bincount(values[:, 10].astype(int), minlength=2) > 2).all()
        places = np.arange(len(values))
        test = split(places, test_size=0.34, train_size=0.66, random_state=43, stratify=values[:, 10] if both else None)
        found.append(within(COLUMNS, values, np.isin(places, test[1]))[0])
    return found


def _values(path: Path) -> np.ndarray:
    """Complete records, but for the last three features, which most hospitals lack."""
    lines = [line.split(",") for line in path.read_text("utf-8").split()]
    kept = np.array([[np.nan if x == "?" else float(x) for x in (*line[:10], line[13])] for line in lines])
    kept = kept[~np.isnan(kept).any(axis=1)]
    kept[:, 2] -= 1
    kept[:, 10] = kept[:, 10] > 0
    return np.column_stack([kept, np.arange(len(kept))])
