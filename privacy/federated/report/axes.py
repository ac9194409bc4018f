"""Where numbers are in a picture: scales with round ticks, and a frame of two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from privacy.federated.report.drawing import TEXT, Line, Shape, Words
from secops.core.columns import cell_len
from secops.core.picture import CELL

#: Numbers that are larger, or differences that are below its inverse, are beyond the ends of a scale, or none.
_LARGEST = 1e290


@dataclass(frozen=True)
class Scale:
    """A range of numbers, and the ticks in it with their words."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def part(self, value: float) -> float:
        """Where it is, from 0 to 1; what is beyond an end is at the end."""
        if not self.high > self.low:
            return 0.5
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def scale(values: Sequence[float], *, include: Sequence[float] = (), ticks: int = 5) -> Scale:
    """A scale over finite numbers, with a few round ticks; it ends with a tick on either side."""
    found = [value for value in (*values, *include) if abs(value) < _LARGEST] or [0.0, 1.0]
    low, high = min(found), max(found)
    largest = max(abs(low), abs(high))
    if not high - low > max(1e-9 * largest, 1 / _LARGEST):
        half = largest / 2 if largest > 1 / _LARGEST else 0.5
        low, high = low - half, high + half
    step = _round((high - low) / ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = tuple((place * step, _tick(place * step, step)) for place in range(first, last + 1))
    return Scale(marks[0][0], marks[-1][0], marks)


def ratios(values: Sequence[float]) -> Scale:
    """A scale of logarithms, whose ticks are their exponentials: ratios such as 0.5, 1, 2."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if not 1e-9 < high - low < 40 or max(abs(low), abs(high)) > 40:
        return scale(values, include=[0.0])
    low, high = low - (high - low) / 20, high + (high - low) / 20
    exponents = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1)
    steps = (1, 2, 5) if high - low < 6 else (1,)
    found = [step * 10.0**exponent for exponent in exponents for step in steps]
    if high - low < 1:
        found = [value for value, _text in scale([math.exp(low), math.exp(high)]).ticks if value > 0]
    marks = [(math.log(value), number(value)) for value in found]
    inner = [mark for mark in marks if low - 1e-9 <= mark[0] <= high + 1e-9]
    return Scale(low, high, tuple(inner))


def number(value: float) -> str:
    """A number with four digits."""
    return f"{value:.4g}"


def _tick(value: float, step: float) -> str:
    """A multiple of the step, with the digits that tell it from the next."""
    if step < 1e-4 or abs(value) >= 1e6:
        return number(value)
    return f"{value:.{max(0, -math.floor(math.log10(step)))}f}"


def _round(step: float) -> float:
    """The next larger of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next((part * power for part in (1, 2, 5) if part * power >= step * (1 - 1e-9)), 10 * power)


@dataclass(frozen=True)
class Frame:
    """A frame in a picture: its upper left corner, its size, and the scales along and up."""

    left: float
    top: float
    width: float
    height: float
    along: Scale
    up: Scale

    def x(self, value: float) -> float:
        return self.left + self.width * self.along.part(value)

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - self.up.part(value))

    def point(self, along: float, up: float) -> tuple[float, float]:
        """Where a pair of numbers is."""
        return self.x(along), self.y(up)

    def axes(self, along: str, up: str) -> list[Shape]:
        """Both axes with ticks, and what they are of."""
        bottom, right = self.top + self.height, self.left + self.width
        shapes: list[Shape] = [*self.bottom(along), Line(((self.left, self.top), (self.left, bottom)))]
        for value, text in self.up.ticks:
            y = self.y(value)
            shapes += [Line(((self.left - 4, y), (right, y)), "box"), Words(self.left - 8, y + 4, text, "end")]
        return [*shapes, Words(self.left, self.top - TEXT, up)]

    def bottom(self, name: str) -> list[Shape]:
        """The axis along, with ticks that leave room for their words."""
        bottom, free = self.top + self.height, -math.inf
        shapes: list[Shape] = [Line(((self.left, bottom), (self.left + self.width, bottom)))]
        for value, text in self.along.ticks:
            x, half = self.x(value), CELL * cell_len(text) / 2
            shapes.append(Line(((x, bottom), (x, bottom + 4))))
            if x - half > free:
                shapes.append(Words(x, bottom + 4 + TEXT, text, "middle"))
                free = x + half + CELL
        return [*shapes, Words(self.left + self.width / 2, bottom + 10 + 2 * TEXT, name, "middle")]
