"""Units of measurement, and how a number in one becomes a number in another.

Within a quantity a unit is a factor and an offset: 37 °C are 37 × 1 + 273.15 K. Laboratories count a substance by mass
or by amount; between them stands its molar mass, so the feature has to name the substance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Linear(NamedTuple):
    """y = x × factor + offset."""

    factor: float
    offset: float = 0.0

    def after(self, first: Linear) -> Linear:
        """First the other, then this."""
        return Linear(self.factor * first.factor, self.factor * first.offset + self.offset)

    def inverse(self) -> Linear:
        return Linear(1 / self.factor, -self.offset / self.factor)


#: Quantity → unit → what makes the quantity's base unit of it (kg, m, s, K, Pa, 1, g/l, mol/l, …).
#: Pound, inch: exact by agreement (1959); mmHg: 133.322387415 Pa; a year: 365.25 days, a month its twelfth.
_QUANTITIES: dict[str, dict[str, Linear]] = {
    "mass": {
        "kg": Linear(1), "g": Linear(1e-3), "mg": Linear(1e-6), "lb": Linear(0.45359237), "jin": Linear(0.5),
    },
    "length": {"m": Linear(1), "cm": Linear(0.01), "mm": Linear(0.001), "in": Linear(0.0254), "ft": Linear(0.3048)},
    "time": {
        "s": Linear(1), "min": Linear(60), "h": Linear(3600), "day": Linear(86400), "week": Linear(604800),
        "month": Linear(365.25 / 12 * 86400), "year": Linear(365.25 * 86400),
    },
    "temperature": {"K": Linear(1), "°C": Linear(1, 273.15), "°F": Linear(5 / 9, 459.67 * 5 / 9)},
    "pressure": {"Pa": Linear(1), "kPa": Linear(1000), "mmHg": Linear(133.322387415), "cmH2O": Linear(98.0665)},
    "share": {"1": Linear(1), "%": Linear(0.01), "‰": Linear(0.001)},
    "frequency": {"Hz": Linear(1), "/min": Linear(1 / 60), "/h": Linear(1 / 3600)},
    "volume": {"l": Linear(1), "dl": Linear(0.1), "ml": Linear(0.001)},
    "count per volume": {"/l": Linear(1), "10^9/l": Linear(1e9), "10^12/l": Linear(1e12), "/ul": Linear(1e6)},
    "energy": {"J": Linear(1), "kJ": Linear(1000), "kcal": Linear(4184)},
    "voltage": {"V": Linear(1), "mV": Linear(0.001)},
    "mass per volume": {
        "g/l": Linear(1), "g/dl": Linear(10), "mg/dl": Linear(0.01), "mg/l": Linear(1e-3), "ug/dl": Linear(1e-5),
        "ug/l": Linear(1e-6), "ng/ml": Linear(1e-6), "ng/l": Linear(1e-9), "pg/ml": Linear(1e-9),
    },
    "amount per volume": {
        "mol/l": Linear(1), "mmol/l": Linear(1e-3), "umol/l": Linear(1e-6), "nmol/l": Linear(1e-9),
        "pmol/l": Linear(1e-12),
    },
    "mass per area": {"kg/m2": Linear(1)},
    "money": {"CNY": Linear(1), "10^4 CNY": Linear(1e4)},
}  # fmt: skip

#: Substance → g/mol. Triglycerides are counted as triolein; haemoglobin as its monomer.
SUBSTANCES: dict[str, float] = {
    "albumin": 66_500.0, "bilirubin": 584.66, "calcium": 40.078, "cholesterol": 386.65, "creatinine": 113.12,
    "glucose": 180.156, "haemoglobin": 16_114.0, "iron": 55.845, "magnesium": 24.305, "phosphate": 30.974,
    "triglycerides": 885.43, "urate": 168.11, "urea": 60.056, "vitamin d": 400.64,
}  # fmt: skip

_PLACES = {unit: quantity for quantity, units in _QUANTITIES.items() for unit in units}

#: All there are.
UNITS: frozenset[str] = frozenset(_PLACES)


def conversion(old: str, new: str, substance: str | None = None) -> Linear | None:
    """What makes a number in one unit a number in the other; None where nothing does. Raises `KeyError` for no unit."""
    first, second = _PLACES[old], _PLACES[new]
    into, out = _QUANTITIES[first][old], _QUANTITIES[second][new].inverse()
    if old == new:
        return Linear(1)
    if first == second:
        return out.after(into)
    if substance is None or {first, second} != {"mass per volume", "amount per volume"}:
        return None
    molar = SUBSTANCES[substance]
    return out.after(Linear(1 / molar if first == "mass per volume" else molar).after(into))


def into(unit: str, substance: str | None = None) -> Iterator[tuple[str, Linear]]:
    """Each unit of which this one can be made, itself among them, and how."""
    for other in sorted(UNITS):
        if made := conversion(other, unit, substance):
            yield other, made
