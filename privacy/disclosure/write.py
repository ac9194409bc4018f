"""A raw result as the file that `read` reads: for jobs whose results are computed by this project itself.

It gives bytes and shows none of them. They are for the secure side, as the file of any job; what leaves is what the
door makes of it.
"""

from __future__ import annotations

import io
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from privacy.disclosure import read
from privacy.disclosure.result import _KEY, Model, Plot, Raw, Result, Text
from privacy.guard import guarded
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.disclosure.result import Array

#: Fields of a result that are no part of `about` under their own name.
_APART = {"population", "parameters"}


def packed(raw: Raw[Any]) -> bytes:
    """The bytes of the file. Raises `CitywallError`, which shows nothing of the result."""
    return guarded(lambda: _saved(raw.open(_KEY)), _("the result could not be written: {kind}"))


def _saved(result: Result) -> bytes:
    out = io.BytesIO()
    about, arrays = _parts(result)
    np.savez(out, allow_pickle=False, about=np.array(msgspec.json.encode(about).decode()), **arrays)
    return out.getvalue()


def _parts(result: Result) -> tuple[dict[str, object], dict[str, Array]]:
    if isinstance(result, Text):
        return {"kind": result.kind, "content": result.content}, {}
    if not isinstance(result, Plot):
        return _of_numbers(result)
    about: dict[str, object] = {"kind": result.kind, "media": result.media}
    content: dict[str, Array] = {"content": np.frombuffer(result.content, np.uint8)}
    if result.behind is None:
        return about, content
    behind, arrays = _of_numbers(result.behind)
    return about, {**content, "behind": np.array(msgspec.json.encode(behind).decode()), **arrays}


def _of_numbers(result: Any) -> tuple[dict[str, object], dict[str, Array]]:
    names = read.arrays_of(type(result))
    arrays: dict[str, Array] = {name: getattr(result, name) for name in names}
    if isinstance(result, Model):
        arrays |= {read.PARAMETER + name: part for name, part in result.parameters.items()}
    people = result.population
    arrays |= {key: part for key in ("cells", "people") if (part := getattr(people, key)) is not None}
    told = {part.name: getattr(result, part.name) for part in fields(result) if part.name not in _APART | set(names)}
    if "dimensions" in told:
        told["dimensions"] = [{"name": side.name, "labels": side.labels} for side in result.dimensions]
    return {"kind": result.kind, "dataset": people.dataset, "version": people.version, **told}, arrays
