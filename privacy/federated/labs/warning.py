"""How many days ahead forecasts of visits warn of a wave, district by district.

The alarm is when a week has twice as many visits as weeks used to have. Whoever only counts knows it at the end of that
week; whoever has forecasts for seven days ahead compares those of the week that begins tomorrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.federated.design import Floats

#: An alarm is at so many times the usual visits.
TIMES = 2.0

_WEEK = 7


@dataclass(frozen=True)
class Alarm:
    """The first day of the test on which forecasts, and on which visits, come to the alarm; None where never."""

    district: str
    forecast: int | None
    visits: int | None

    @property
    def ahead(self) -> int | None:
        """Days by which the forecast is earlier."""
        return None if self.forecast is None or self.visits is None else self.visits - self.forecast


def alarms(districts: Sequence[str], held: NDArray[np.bool_], visits: Floats, forecast: Floats) -> list[Alarm]:
    """The alarms of each district, of records in the order of days.

    `visits` and `forecast`, (records,), are of the record's day, and for seven days after it. What is usual is the mean
    over the days that are not held back.
    """
    found = []
    for district in dict.fromkeys(districts):
        own = np.array([one == district for one in districts])
        level = TIMES * float(visits[own & ~held].mean())
        found.append(Alarm(district, _first(forecast[own & held], level), _first(visits[own & held], level)))
    return found


def _first(daily: Floats, level: float) -> int | None:
    """The first day on which the week up to it comes to the level."""
    weeks = np.convolve(daily, np.ones(_WEEK) / _WEEK, "valid")
    over = np.flatnonzero(weeks >= level)
    return int(over[0]) + _WEEK - 1 if len(over) else None
