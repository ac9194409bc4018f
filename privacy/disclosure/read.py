"""A raw result from the file that a job left on the secure side: `numpy.savez` with arrays and one text, `about`.

`about` is a JSON document with the kind, the data set and what is no array. The arrays have the names of the fields of
the kind (result.py); `cells` and `people` are the population's, those of a model are `parameter.NAME`. A plot has
`content` (its bytes) and `behind`, the `about` of its table. Nothing of the file ever stands in an error.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from privacy.disclosure.result import (
    Counts,
    Dimension,
    Means,
    Model,
    Plot,
    Population,
    Quantiles,
    Raw,
    Regression,
    Result,
    Sums,
    Text,
)
from secops.core.errors import UsageError
from secops.core.i18n import _, because

if TYPE_CHECKING:
    from privacy.disclosure.result import Array

#: Bytes of all arrays, unpacked: a membership of 250 million records.
MAX_BYTES = 1 << 30

#: Before the names of arrays that are parameters of a model.
PARAMETER = "parameter."


class _About(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind"):
    pass


class _Of(_About):
    dataset: str
    version: str


class _Side(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    labels: tuple[str, ...]


class _Counts(_Of, tag="counts"):
    dimensions: tuple[_Side, ...]
    totals: bool = False


class _Sums(_Counts, tag="sums", kw_only=True):
    measure: str


class _Means(_Sums, tag="means"):
    pass


class _Quantiles(_Of, tag="quantiles"):
    dimensions: tuple[_Side, ...]
    measure: str
    probabilities: tuple[float, ...]


class _Regression(_Of, tag="regression"):
    family: str
    terms: tuple[str, ...]
    people: int


class _Model(_Of, tag="model"):
    family: str
    people: int


class _Plot(_About, tag="plot"):
    media: str


class _Text(_About, tag="text"):
    content: str


_Tables = _Counts | _Sums | _Means | _Quantiles
_Any = _Tables | _Regression | _Model | _Plot | _Text

#: Of each kind: what it becomes, and its arrays.
_KINDS: dict[type[_About], tuple[type[Any], tuple[str, ...]]] = {
    _Counts: (Counts, ("counts",)),
    _Sums: (Sums, ("counts", "sums", "absolute", "largest")),
    _Means: (Means, ("counts", "sums", "absolute", "largest")),
    _Quantiles: (Quantiles, ("counts", "values")),
    _Regression: (Regression, ("coefficients", "errors", "support")),
    _Model: (Model, ("groups",)),
}


def arrays_of(kind: type[Any]) -> tuple[str, ...]:
    """The arrays that a result of this kind always has."""
    return next(names for known, names in _KINDS.values() if known is kind)


class _MissingError(Exception):
    """An array that the kind needs is not there; its name is ours."""


def read(path: Path) -> Raw[Result]:
    """The result in the file. Raises `UsageError` for what is none."""
    hint = _("A result is what numpy.savez writes, with a text `about` (docs/disclosure.md).")
    try:
        return Raw(_result(_arrays(path)))
    except OSError as error:
        what = _("cannot be read: {reason}").format(reason=because(error))
    except _MissingError as error:
        what = _("the result lacks its array {name}").format(name=error.args[0])
    except Exception:  # zip, numpy and msgspec put what they read into a dozen kinds of errors
        what = _("is no result that can be read")
    # raised here: an error keeps the one that it is raised in, with all that it holds
    raise UsageError(what, where=str(path), hint=hint)


def _arrays(path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(path) as packed:
        if sum(member.file_size for member in packed.infolist()) > MAX_BYTES:
            raise ValueError("is too large")
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _result(arrays: dict[str, Array]) -> Result:
    """The result; every array is used, or there is none."""
    about: Any = msgspec.json.decode(str(arrays.pop("about")), type=_Any)
    if isinstance(about, _Text):
        result: Result = Text(content=about.content)
    elif isinstance(about, _Plot):
        content = _take(arrays, "content").astype(np.uint8, casting="safe").tobytes()
        behind: Any = msgspec.json.decode(str(arrays.pop("behind")), type=_Tables) if "behind" in arrays else None
        result = Plot(media=about.media, content=content, behind=_made(behind, arrays) if behind else None)
    else:
        result = _made(about, arrays)
    if arrays:
        raise ValueError("holds more than its kind needs")
    return result


def _made(about: Any, arrays: dict[str, Array]) -> Any:
    """The result of one kind; its arrays are taken out of `arrays`."""
    kind, names = _KINDS[type(about)]
    parts: dict[str, Any] = msgspec.structs.asdict(about) | {name: _take(arrays, name) for name in names}
    parts["population"] = Population(
        dataset=parts.pop("dataset"), version=parts.pop("version"),
        cells=_signed(arrays.pop("cells", None)), people=arrays.pop("people", None),
    )  # fmt: skip
    if "dimensions" in parts:
        parts["dimensions"] = tuple(Dimension(name=side.name, labels=side.labels) for side in parts["dimensions"])
    if kind is Model:
        own = [name for name in arrays if name.startswith(PARAMETER)]
        parts["parameters"] = {name.removeprefix(PARAMETER): arrays.pop(name) for name in own}
    return kind(**parts)


def _signed(cells: Array | None) -> Array | None:
    """Cells of a type without a sign, by which nobody is in none, as one with it. What is too large stays so."""
    if cells is None or cells.dtype.kind != "u":
        return cells
    return np.minimum(cells.astype(np.uint64), np.iinfo(np.int64).max).astype(np.int64)


def _take(arrays: dict[str, Array], name: str) -> Array:
    if name not in arrays:
        raise _MissingError(name)
    return arrays.pop(name)
