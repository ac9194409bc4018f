"""The families of regressions: what a record's linear predictor says of its target, and how large each number can be.

`eta` is the linear predictor, `y` the target. A family gives, per record: half the deviance, the residual (minus the
slope of that in eta), the weight (its curvature), and a flag that is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from privacy.federated.design import Column, Floats
from privacy.federated.methods.moments import Ranges
from secops.core.errors import UsageError
from secops.core.i18n import _


@dataclass(frozen=True)
class Fit:
    """Per record, (records,)."""

    loss: Floats
    residual: Floats
    weight: Floats
    flag: NDArray[np.bool_]


class Family(Protocol):
    """A family of a target column."""

    name: ClassVar[str]

    @property
    def unit(self) -> float:
        """What a step of 1 in eta is worth in the target's unit: the family fits scaled targets."""

    @property
    def base(self) -> float:
        """The target where eta is 0, for a family that fits scaled targets."""

    def scaled(self, target: Floats) -> Floats:
        """Targets as the family fits them."""

    def mean(self, eta: Floats) -> Floats:
        """The expected target, in its own unit."""

    def start(self, target: float, exposure: float) -> float:
        """The intercept of the model without terms, from the means of target and exposure."""

    def hopeless(self, target: float) -> bool:
        """Whether nothing can be learned where the target of all records is this."""

    def fit(self, y: Floats, eta: Floats) -> Fit:
        """How records fit. `y` is scaled."""

    def largest(self, eta: float) -> tuple[float, float, float]:
        """The largest loss, residual and weight while |eta| is no larger."""

    def refusal(self, flagged: float, *, still: bool, ridge: float) -> str | None:
        """Why so many flagged records, at coefficients that stand still or not, mean that no number would be right."""


@dataclass(frozen=True)
class Linear:
    """A number, scaled to -1 … 1 by its public range. No flag."""

    target: Column
    name: ClassVar[str] = "linear"

    @property
    def unit(self) -> float:
        return float(Ranges.of((self.target,)).half[0])

    @property
    def base(self) -> float:
        return float(Ranges.of((self.target,)).middle[0])

    def scaled(self, target: Floats) -> Floats:
        return (target - self.base) / self.unit

    def mean(self, eta: Floats) -> Floats:
        return self.base + self.unit * eta

    def start(self, target: float, exposure: float) -> float:  # noqa: ARG002  the exposure is for rates
        return (target - self.base) / self.unit

    def hopeless(self, target: float) -> bool:  # noqa: ARG002  one value leaves no variance
        return True

    def fit(self, y: Floats, eta: Floats) -> Fit:
        return Fit((y - eta) ** 2 / 2, y - eta, np.ones(len(y)), np.zeros(len(y), dtype=bool))

    def largest(self, eta: float) -> tuple[float, float, float]:
        return (1 + eta) ** 2 / 2, 1 + eta, 1.0

    def refusal(self, flagged: float, *, still: bool, ridge: float) -> str | None:  # noqa: ARG002  there is always an optimum
        return None


@dataclass(frozen=True)
class Logistic:
    """Label 0 or 1. Flagged: records on the wrong side of the line, or on it.

    Raises UsageError if the target has not two labels.
    """

    target: Column
    name: ClassVar[str] = "logistic"
    unit: ClassVar[float] = 1.0
    base: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        if self.target.levels != 2:
            raise UsageError(_("{name} must have two labels").format(name=self.target.name))

    def scaled(self, target: Floats) -> Floats:
        return target

    def mean(self, eta: Floats) -> Floats:
        return 0.5 + 0.5 * np.tanh(eta / 2)

    def start(self, target: float, exposure: float) -> float:  # noqa: ARG002  the exposure is for rates
        return float(np.log(target) - np.log1p(-target))

    def hopeless(self, target: float) -> bool:  # noqa: ARG002  one label is no two
        return True

    def fit(self, y: Floats, eta: Floats) -> Fit:
        mean, side = self.mean(eta), (2 * y - 1) * eta
        return Fit(np.logaddexp(0, -side), y - mean, mean * (1 - mean), side <= 0)

    def largest(self, eta: float) -> tuple[float, float, float]:
        return float(np.log(2) + eta), 1.0, 0.25

    def refusal(self, flagged: float, *, still: bool, ridge: float) -> str | None:  # noqa: ARG002  wherever a line parts them all
        if flagged or ridge:
            return None
        what = _("the terms separate the two labels of {name}: without a ridge no optimum exists")
        return what.format(name=self.target.name)


@dataclass(frozen=True)
class Poisson:
    """A count. Expected counts above four times the largest declared one are flagged, and grow no further.

    So every number has a bound; where no record is flagged at the end, the fit is exact: the loss stays convex.
    Raises UsageError if the target may be below 0.
    """

    target: Column
    name: ClassVar[str] = "poisson"
    unit: ClassVar[float] = 1.0
    base: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        if self.target.lower < 0:
            what = _("{name} must be a count: its declared range begins at 0 or above")
            raise UsageError(what.format(name=self.target.name))

    @property
    def _most(self) -> float:
        return max(float(self.target.upper), 1.0)

    @property
    def _cap(self) -> float:
        return float(np.log(4 * self._most))

    def scaled(self, target: Floats) -> Floats:
        return target

    def mean(self, eta: Floats) -> Floats:
        return np.exp(np.minimum(eta, self._cap))

    def start(self, target: float, exposure: float) -> float:
        return float(np.log(target) - np.log(exposure))

    def hopeless(self, target: float) -> bool:
        return target < 1e-6  # no count at all, but for rounding

    def fit(self, y: Floats, eta: Floats) -> Fit:
        over = eta > self._cap
        mean = self.mean(eta)
        above = mean * np.maximum(eta - self._cap, 0.0)
        own = y * np.log(np.where(y > 0, y, 1.0)) - y
        return Fit(mean + above - y * eta + own, y - mean, np.where(over, 0.0, mean), over)

    def largest(self, eta: float) -> tuple[float, float, float]:
        top = float(np.exp(min(eta, self._cap)))
        loss = (
            top * (1 + max(0.0, eta - self._cap)) + self._most * eta + self._most * np.log(self._most) + self._most + 1
        )
        return float(loss), top + self._most, top

    def refusal(self, flagged: float, *, still: bool, ridge: float) -> str | None:  # noqa: ARG002  a ridge is no help
        if not (still and flagged):
            return None
        what = _("expected counts are above four times the largest declared {name}: declare a wider range")
        return what.format(name=self.target.name)


FAMILIES: dict[str, type[Linear] | type[Logistic] | type[Poisson]] = {
    family.name: family for family in (Linear, Logistic, Poisson)
}
