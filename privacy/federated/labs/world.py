"""A made-up world of districts: waves of infection, what pharmacies sell, who comes to a clinic.

Pharmacies feel a wave at once. Visits follow: their expected number at day t is, per 100,000 people,

    exp(TRUTH · (1, terms at day t - 7) + WEEKDAY)

where the terms are logarithms of mean daily rates of the week up to day t - 7, and of the week before it. So a Poisson
regression of visits on those terms is right, and its true coefficients are `TRUTH`. Real visits vary more than
Poisson's law says: a regression of real ones has intervals that are too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.federated.design import Floats

#: Days ahead of which visits are told.
AHEAD = 7

#: Days of the world: two years.
DAYS = 731

_WEEK = 7

#: The weekday of day 0, from Monday: 1 July 2023 was a Saturday.
_FIRST_WEEKDAY = 5

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: What each term adds to the logarithm of the expected visits per 100,000; the season is that of the day itself.
TRUTH: Mapping[str, float] = {
    "(intercept)": 0.15,
    "visits_week": 0.40,
    "visits_before": 0.10,
    "sales_week": 0.55,
    "sales_before": -0.15,
    "season_cos": 0.10,
    "season_sin": 0.03,
}

#: The same of weekdays; Monday is 0.
WEEKDAY: Mapping[str, float] = dict(zip(WEEKDAYS, (0.0, -0.05, -0.08, -0.06, 0.03, -0.55, -0.80), strict=True))

#: Packs sold per 100,000 and day without a wave, and what weekdays add to the logarithm.
_SALES = 60.0
_SALES_WEEKDAY = np.array([0.0, 0.0, 0.0, 0.05, 0.15, 0.20, -0.40])

#: Waves by the day on which they reach the first districts, how high (logarithm of sales), how long (days).
#: Two in the first winter, one in the second, which nobody has seen who learns from the first.
_WAVES = ((150, 0.9, 12.0), (215, 0.6, 16.0), (538, 1.2, 11.0))

#: Days until a wave is everywhere.
_TRAVEL = 35


@dataclass(frozen=True)
class World:
    """`population` in 100,000, (districts,); `visits`, `sales`, (districts, days); `peaks` of the waves by district,
    (districts, waves), as days.
    """

    population: Floats
    visits: NDArray[np.int64]
    sales: NDArray[np.int64]
    peaks: Floats


def made(districts: int, seed: int) -> World:
    """The world of a seed."""
    random = np.random.default_rng(seed)
    population = np.round(random.uniform(0.8, 5.0, districts), 2)
    peaks = np.array([day for day, *_ in _WAVES]) + random.uniform(0, _TRAVEL, (districts, 1))
    peaks = peaks + random.normal(0, 3, peaks.shape)
    sales = random.poisson(population[:, None] * _sold(peaks))
    visits = random.poisson(40.0 * population[:, None], (districts, DAYS))  # until there are two weeks to go by
    world = World(population, visits, sales, peaks)
    for day in range(2 * _WEEK + AHEAD, DAYS):
        visits[:, day] = random.poisson(expected(world, day))
    return world


def expected(world: World, day: int) -> Floats:
    """The visits that are expected on a day, (districts,), by what was there seven days before."""
    known = terms(world, slice(None), day - AHEAD)
    sums = sum((TRUTH[name] * value for name, value in known.items()), start=np.asarray(TRUTH["(intercept)"]))
    return np.asarray(world.population * np.exp(sums + WEEKDAY[weekday(day)]))


def terms(world: World, district: int | slice, day: int) -> dict[str, Floats]:
    """What is known on a day, and the season of the day of which visits are told."""
    angle = _angle(day + AHEAD)
    return {
        "visits_week": _rate(world, world.visits, district, day),
        "visits_before": _rate(world, world.visits, district, day - _WEEK),
        "sales_week": _rate(world, world.sales, district, day),
        "sales_before": _rate(world, world.sales, district, day - _WEEK),
        "season_cos": np.cos(angle),
        "season_sin": np.sin(angle),
    }


def weekday(day: int) -> str:
    """The weekday of a day of the world."""
    return WEEKDAYS[(day + _FIRST_WEEKDAY) % _WEEK]


def _rate(world: World, counts: NDArray[np.int64], district: int | slice, day: int) -> Floats:
    """Logarithm of the mean daily count per 100,000 of the week that ends with the day; 1 is added to the week's."""
    week = counts[district, day - _WEEK + 1 : day + 1].sum(axis=-1)
    return np.asarray(np.log((week + 1) / (_WEEK * world.population[district])))


def _angle(day: int | NDArray[np.int64]) -> Floats:
    """The day's place in a year, 0 in the middle of January."""
    return np.asarray(2 * np.pi * (day - 198) / 365.25)


def _sold(peaks: Floats) -> Floats:
    """Packs that are expected per 100,000, (districts, days)."""
    days = np.arange(DAYS)
    heights, widths = (np.array(each) for each in list(zip(*_WAVES, strict=True))[1:])
    shapes = np.exp(-0.5 * ((days - peaks[:, :, None]) / widths[:, None]) ** 2)
    waves = (heights[:, None] * shapes).sum(axis=1)
    logarithm = np.log(_SALES) + 0.15 * np.cos(_angle(days)) + _SALES_WEEKDAY[(days + _FIRST_WEEKDAY) % _WEEK]
    return np.asarray(np.exp(logarithm + waves))
