"""The lab `heart`: four hospitals of the Heart Disease collection (UCI), as FLamby filters and splits their records.

The files are the user's. Other copies write missing values otherwise, and then filter and split give other records:
so each file has to have the MD5 sum of the one that the published figures are from.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacy.federated.dummy import to_csv
from privacy.federated.labs.extra import sklearn
from secops.core.errors import UsageError
from secops.core.i18n import _, because

#: Hospital → the MD5 sum of `processed.NAME.data`.
MD5 = {
    "cleveland": "2d91a8ff69cfd9616aa47b59d6f843db",
    "hungarian": "22e96bee155b5973568101c93b3705f6",
    "switzerland": "9a87f7577310b3917730d06ba9349e20",
    "va": "4249d03ca7711e84f4444768c9426170",
}

#: The columns of the files. FLamby leaves out those that most hospitals lack.
COLUMNS = (
    "age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal",
    "num",
)  # fmt: skip
LEFT_OUT = ("slope", "ca", "thal")

#: FLamby's split: a third for the test.
_SEED, _TEST, _TRAIN = 43, 0.34, 0.66

#: Bytes of a file; the largest has 18,461.
_MAX_BYTES = 1 << 20


def files(data: Path | None) -> dict[str, bytes]:
    """The records of each hospital. Raises `UsageError` where the files are not there, or not those that are known."""
    if data is None:
        raise UsageError(_("this lab needs the folder with the four files of the collection"), hint=_where_from())
    return {f"{name}.csv": written(_known(data / f"processed.{name}.data", digest)) for name, digest in MD5.items()}


def written(raw: bytes) -> bytes:
    """The complete records of a file, as they are written there, with a column that says which are held back."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(io.StringIO(raw.decode("ascii"))) if row]
    kept = [name for name in COLUMNS if name not in LEFT_OUT]
    whole = [row for row in rows if "?" not in (row[name] for name in kept)]
    held = held_back([row["num"] != "0" for row in whole])
    columns = {name: [row[name] for row in whole] for name in kept}
    return to_csv(columns | {"held": ["yes" if one else "no" for one in held]}).encode()


def held_back(ill: Sequence[bool]) -> NDArray[np.bool_]:
    """Which records FLamby tests on: a third of each class, where each of the two has more than two records."""
    split = sklearn("model_selection").train_test_split
    places = np.arange(len(ill))
    both = min(sum(ill), len(ill) - sum(ill)) > 2
    _train, test = split(
        places, test_size=_TEST, train_size=_TRAIN, random_state=_SEED, stratify=list(ill) if both else None
    )
    return np.isin(places, test)


def _known(path: Path, digest: str) -> bytes:
    """The bytes of a file, if they are those that are known."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)
    except OSError as error:
        what = _("cannot be read: {reason}").format(reason=because(error))
        raise UsageError(what, where=str(path), hint=_where_from()) from error
    if (found := hashlib.md5(raw, usedforsecurity=False).hexdigest()) != digest:
        what = _("is another copy: its MD5 sum is {found}, not {digest}").format(found=found, digest=digest)
        raise UsageError(what, where=str(path), hint=_where_from())
    return raw


def _where_from() -> str:
    return _(
        "The collection is “Heart Disease” of the UCI Machine Learning Repository (archive.ics.uci.edu, data set 45,"
        " CC BY 4.0); its archive holds processed.{cleveland,hungarian,switzerland,va}.data."
    )
