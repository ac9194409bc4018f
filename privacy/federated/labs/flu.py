"""The lab `flu-early-warning`: clinic visits and pharmacy sales by district and day, made up with a known truth.

Each agency has its own districts. What a waiting room will see in seven days depends on what it, and the pharmacies
around, have seen in the two weeks before (`TRUTH`): that is what a regression has to find again. Waves of infection
reach pharmacies first; see `world.py`. A record is a district on a day, and what came seven days later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from privacy.federated.dummy import to_csv
from privacy.federated.labs import world
from privacy.federated.labs.world import AHEAD, DAYS, World
from secops.core.errors import UsageError
from secops.core.i18n import _

#: What draws the world that is laid out.
SEED = 1

#: Agency → how many districts it has.
AGENCIES: Mapping[str, int] = {"centre": 5, "harbour": 4, "north": 6, "hills": 3, "south": 5}

#: The first day of the world, and the first of which the target is kept for the test: the second winter.
FIRST, TEST = date(2023, 7, 1), date(2024, 11, 1)

#: Days before the first record: what the two weeks before it need, and the world to settle.
_SETTLED = 35


def files(data: Path | None) -> dict[str, bytes]:
    """The records of each agency. Raises `UsageError` where data are given."""
    if data is not None:
        raise UsageError(_("this lab makes its own records: it needs no folder of data"))
    made = world.made(sum(AGENCIES.values()), SEED)
    return {f"{name}.csv": written(made, places, name) for name, places in shared().items()}


def shared() -> dict[str, range]:
    """Agency → its districts, of all districts of the world."""
    ends = np.cumsum(list(AGENCIES.values())).tolist()
    return {name: range(end - AGENCIES[name], end) for name, end in zip(AGENCIES, ends, strict=True)}


def written(made: World, districts: range, agency: str) -> bytes:
    """An agency's file: its districts, day by day."""
    rows = [row for place, district in enumerate(districts, 1) for row in _rows(made, district, f"{agency}-{place}")]
    return to_csv({name: [row[name] for row in rows] for name in rows[0]}).encode()


def _rows(made: World, district: int, name: str) -> Iterator[dict[str, str]]:
    for day in range(_SETTLED, DAYS - AHEAD):
        ahead = FIRST + timedelta(days=day + AHEAD)
        today, then = int(made.visits[district, day]), int(made.visits[district, day + AHEAD])
        is_test = ahead >= TEST
        numbers = {term: f"{value:.9g}" for term, value in world.terms(made, district, day).items()}
        yield {
            "date": (FIRST + timedelta(days=day)).isoformat(),
            "district": name,
            "population": f"{made.population[district]:.10g}",
            **numbers,
            "weekday": world.WEEKDAYS[ahead.weekday()],
            "visits": str(today),
            "visits_ahead": str(then),
            "naive_error": str(today - then) if is_test else "",
            "held": "yes" if is_test else "no",
        }
