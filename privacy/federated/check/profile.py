"""What a site's records look like in a job: counts of people, each rounded down to a multiple of the site's floor.

All that is found out about records is found from a profile, so that no finding can be finer than it. A count below the
floor is 0 like none, and what the parts lack of their total tells nothing, since each of them is rounded by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from privacy.data.columns import MISSING
from privacy.federated.design import Column, Floats
from privacy.federated.job import units
from privacy.federated.job.features import Feature, NumberFeature
from privacy.federated.job.job import Job
from privacy.federated.site import floors
from privacy.federated.site.data import Local, chosen
from privacy.federated.site.mapping import Rule, Site
from privacy.parties.signed import Digest, Name

#: Equal parts of a number's public range: few, so that a small site has some with more people than its floor.
PARTS = 10

#: A unit is named when this share of the values would be in range in it, and fewer than the other are as they stand.
_FITS, _AS_THEY_STAND = 0.9, 0.5

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One feature: people with a value in its range, by equal parts of the range or by labels; without a value, with
    one out of range, with one that the site's file does not explain. `constant`: all values are the same one. `fits`:
    units in which the values would be in range.
    """

    feature: str
    present: _Count
    cells: tuple[_Count, ...]
    missing: _Count
    outside: _Count
    unknown: _Count
    constant: bool = False
    fits: tuple[str, ...] = ()


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site's records in a job: all people, those who take part, those of them held back for the test; and records of
    which nobody knows whose they are.
    """

    job: Digest
    site: Name
    base: Annotated[int, msgspec.Meta(ge=1)]
    people: _Count
    taking: _Count
    held: _Count
    nameless: _Count
    features: tuple[Summary, ...]


def profile(job: Job, site: Site, local: Local) -> Profile:
    """The profile of all records of a site."""
    base = site.policy.floor.cell
    records = chosen(job, local)
    named = local.people != MISSING
    known = replace(local, values=local.values[named], people=local.people[named], held=local.held[named])
    return Profile(
        job=job.digest,
        site=site.site,
        base=base,
        people=_people(known.people, base),
        taking=_people(records.people, base),
        held=_people(records.part(held=True).people, base),
        nameless=floored(int((~named).sum()), base),
        features=tuple(_summary(job, site, known, place) for place in range(len(local.columns))),
    )


def floored(count: int, base: int) -> int:
    """A count as it is told."""
    return count // base * base


def _people(people: NDArray[np.int64], base: int) -> int:
    return floored(floors.how_many(people), base)


def _summary(job: Job, site: Site, local: Local, place: int) -> Summary:
    column, values, base = local.columns[place], local.values[:, place], site.policy.floor.cell
    finite = np.isfinite(values)
    inside = (values >= column.lower) & (values <= column.upper)
    known, whose = values[inside], local.people[inside]
    cells = floors.of_labels(cells_of(column, known), column.levels or PARTS, whose)
    present = _people(whose, base)
    numbers = values[finite] if _people(local.people[finite], base) else values[:0]
    return Summary(
        feature=column.name,
        present=present,
        cells=tuple(floored(int(count), base) for count in cells),
        missing=_people(local.people[np.isnan(values)], base),
        outside=_people(local.people[finite & ~inside], base),
        unknown=_people(local.people[np.isinf(values)], base),
        constant=present > 0 and float(np.ptp(known)) == 0,
        fits=_fits(job.features[column.name], site.features[column.name], column, numbers),
    )


def cells_of(column: Column, values: Floats) -> Floats:
    """The part of the range, or the label, that each value within the range is in, (records,)."""
    if column.levels is not None:
        return values
    parts = np.floor((values - column.lower) / (column.upper - column.lower) * PARTS)
    return np.asarray(np.minimum(parts, PARTS - 1))


def _fits(feature: Feature, rule: Rule, column: Column, values: Floats) -> tuple[str, ...]:
    """Units in which the site's values would be in range, where they are not in the unit that its file names."""
    if not isinstance(feature, NumberFeature) or feature.unit is None or rule.unit is None or not len(values):
        return ()
    here = units.conversion(rule.unit, feature.unit, feature.substance)
    if here is None or _inside(values, column) >= _AS_THEY_STAND:
        return ()
    numbers = (values - here.offset) / here.factor
    found = []
    for unit, made in units.into(feature.unit, feature.substance):
        if unit != rule.unit and _inside(numbers * made.factor + made.offset, column) >= _FITS:
            found.append(unit)
    return tuple(found)


def _inside(values: Floats, column: Column) -> float:
    """The share of values in range."""
    return float(np.mean((values >= column.lower) & (values <= column.upper)))
