"""The lab `tumour`: scikit-learn's breast-cancer data, as four hospitals might hold them.

569 fine needle aspirates (University of Wisconsin, 1995). Who is at which hospital is drawn by a fixed seed. Each
hospital writes its records in its own way, so that their mappings have something to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacy.federated.design import Floats
from privacy.federated.dummy import to_csv
from privacy.federated.labs.extra import sklearn
from secops.core.errors import UsageError
from secops.core.i18n import _

#: What draws the hospital of each record.
SEED = 1995

#: Columns of the collection → those of the lab. `worst` is the mean of the three largest nuclei.
COLUMNS = {
    f"{which} {name}": name if which == "mean" else f"{name}_worst"
    for name in ("radius", "texture", "smoothness", "concavity", "symmetry")
    for which in ("mean", "worst")
}

#: Mean radius up to which nuclei are small, and medium.
_SMALL, _MEDIUM = 12.0, 15.0

_BENIGN = 1


@dataclass(frozen=True)
class _Hospital:
    """Its part of the records, in percent, and how it writes them. `benign`, `malignant`: its codes."""

    percent: int
    benign: str = "benign"
    malignant: str = "malignant"
    names: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


_CHINESE = {
    "radius": "半径", "texture": "纹理", "smoothness": "光滑度", "concavity": "凹度", "symmetry": "对称性",
    "radius_worst": "最大半径", "texture_worst": "最大纹理", "smoothness_worst": "最大光滑度",
    "concavity_worst": "最大凹度", "symmetry_worst": "最大对称性", "size": "大小", "tumour": "诊断",
}  # fmt: skip

HOSPITALS: Mapping[str, _Hospital] = {
    "north": _Hospital(40),
    "east": _Hospital(30, "良性", "恶性", _CHINESE, "gb18030"),
    "south": _Hospital(20, "B", "M", {"tumour": "diagnosis"}),
    "west": _Hospital(10),
}


def files(data: Path | None) -> dict[str, bytes]:
    """The records of each hospital. Raises `UsageError` where scikit-learn is not there, or data are given."""
    if data is not None:
        raise UsageError(_("this lab makes its own records: it needs no folder of data"))
    bunch = sklearn("datasets").load_breast_cancer()
    values = {ours: bunch.data[:, list(bunch.feature_names).index(theirs)] for theirs, ours in COLUMNS.items()}
    benign = bunch.target == _BENIGN
    return {f"{name}.csv": _written(HOSPITALS[name], values, benign, own) for name, own in shared(len(benign)).items()}


def shared(records: int) -> dict[str, NDArray[np.intp]]:
    """Hospital → the places of its records, in the order of the collection; each record is at one."""
    drawn = np.random.default_rng(SEED).permutation(records)
    ends = np.cumsum([hospital.percent for hospital in HOSPITALS.values()]) * records // 100
    return {name: np.sort(part) for name, part in zip(HOSPITALS, np.split(drawn, ends[:-1]), strict=True)}


def _written(
    hospital: _Hospital, values: Mapping[str, Floats], benign: NDArray[np.bool_], own: NDArray[np.intp]
) -> bytes:
    """A hospital's file, with its names and codes."""
    columns = {name: [f"{value:.10g}" for value in column[own]] for name, column in values.items()}
    columns["size"] = [_size(radius) for radius in values["radius"][own].tolist()]
    columns["tumour"] = [hospital.benign if is_benign else hospital.malignant for is_benign in benign[own]]
    named = {hospital.names.get(name, name): column for name, column in columns.items()}
    return to_csv(named).encode(hospital.encoding)


def _size(radius: float) -> str:
    return "small" if radius < _SMALL else "medium" if radius < _MEDIUM else "large"
