"""What a regression says of each term, in the terms' own units: coefficient, standard error, interval, ratio."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import special

from privacy.federated.ask import State
from privacy.federated.design import Floats
from privacy.federated.methods.families import Linear
from privacy.federated.methods.intervals import Interval
from privacy.federated.methods.newton import Newton
from secops.core.errors import RefusedError
from secops.core.i18n import _

#: What a linear model leaves over must be so many times larger than the error it may have.
_SURE = 1e4


class Coefficient(msgspec.Struct, frozen=True):
    """A term, in its own unit. `ratio` is the odds ratio (logistic) or rate ratio (Poisson) for one unit more.

    `support` is for how many records the term is not 0: all that the coefficient is learned from, of an indicator.

    With a ridge, `error` is the spread of the shrunken coefficient; it has no interval and no p-value, as it is biased.
    """

    term: str
    support: int
    value: float
    error: float
    interval: Interval | None
    p: float | None
    ratio: float | None
    ratio_interval: Interval | None


class Regression(msgspec.Struct, frozen=True):
    """A fitted regression. The intercept comes first. `covariance` is of the coefficients, in their units, row by row.

    `deviance`, and `null_deviance` of the model without terms: for a linear model sums of squares in the target's unit,
    and `dispersion` the residual variance (else 1). `freedom` is that of the residuals. The null deviance is None where
    sites went or came between rounds.
    """

    family: str
    records: int
    freedom: float
    rounds: int
    ridge: float
    deviance: float
    null_deviance: float | None
    dispersion: float
    coefficients: tuple[Coefficient, ...]
    covariance: tuple[tuple[float, ...], ...]


def regression(newton: Newton, state: State, level: float = 0.95) -> Regression:
    """The fit of a state. Raises RefusedError if the coefficients still move, or no degree of freedom is left."""
    _refuse_moving(newton, state)
    unit, linear = newton.family.unit, isinstance(newton.family, Linear)
    inverse = np.linalg.inv(newton.search.penalised(state["curvature"]))
    freedom = float(state["records"]) - _terms_used(newton, inverse @ state["curvature"])
    if linear:
        _refuse_exact(state, freedom)
    deviance, null = (2 * unit**2 * float(state[name]) for name in ("loss", "null"))
    dispersion = deviance / freedom if linear else 1.0
    change = _own_units(state)
    covariance = change @ inverse @ state["curvature"] @ inverse.T @ change.T * dispersion
    return Regression(
        family=newton.family.name,
        records=int(state["records"]),
        freedom=freedom,
        rounds=int(state["steps"]),
        ridge=newton.ridge,
        deviance=deviance,
        null_deviance=None if math.isnan(null) else null,
        dispersion=dispersion,
        coefficients=_coefficients(newton, state, np.sqrt(np.diag(covariance)), level, freedom),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
    )


def _terms_used(newton: Newton, smoother: Floats) -> float:
    """How many free coefficients a fit has: with a ridge fewer than there are terms."""
    return float(np.trace(smoother)) if newton.ridge else float(newton.size)


def _refuse_moving(newton: Newton, state: State) -> None:
    if "still" not in state or not state["steps"]:
        raise RefusedError(_("no round has been summed yet"))
    if state["still"]:
        return
    moving = [name for name, step in zip(newton.problem.terms.names, state["step"][1:], strict=True) if abs(step) > 0.1]
    what = _("the coefficients did not come to stand still in {n} rounds").format(n=newton.rounds)
    hint = _("these still move, and may separate the target: {names}") if moving else _("allow more rounds")
    raise RefusedError(what, hint=hint.format(names=", ".join(moving)))


def _refuse_exact(state: State, freedom: float) -> None:
    """Errors of a linear model are by what it leaves over: that must be there, and be more than rounding."""
    if freedom < 1:
        raise RefusedError(_("as many terms as records: no standard error can be told"))
    if state["loss"] < _SURE * state["off"]:
        raise RefusedError(_("the terms tell the target to the last digit: no standard error can be told"))


def _own_units(state: State) -> Floats:
    """The matrix that takes coefficients of scaled terms to those of the terms themselves."""
    change = np.diag(np.append(1.0, 1 / state["sd"]))
    change[0, 1:] = -state["mean"] / state["sd"]
    return change


def _coefficients(
    newton: Newton, state: State, errors: Floats, level: float, freedom: float
) -> tuple[Coefficient, ...]:
    values = newton.family.unit * _own_units(state) @ state["beta"]
    values[0] += newton.family.base
    width = _Width(level, freedom if isinstance(newton.family, Linear) else math.inf)
    names = ("(intercept)", *newton.problem.terms.names)
    support = (int(state["records"]), *(int(count) for count in state["support"]))
    told = zip(names, support, values.tolist(), errors.tolist(), strict=True)
    return tuple(_coefficient(newton, width, *row) for row in told)


class _Width:
    """Intervals and p-values by Student's t of so many degrees of freedom, or the normal distribution."""

    def __init__(self, level: float, freedom: float) -> None:
        self._freedom = freedom
        self.factor = float(special.stdtrit(freedom, (1 + level) / 2))

    def p(self, z: float) -> float:
        return 2 * float(special.stdtr(self._freedom, -abs(z)))


def _coefficient(newton: Newton, width: _Width, term: str, support: int, value: float, error: float) -> Coefficient:
    is_ratio = not isinstance(newton.family, Linear)
    ratio = _exp(value) if is_ratio else None
    if newton.ridge:
        return Coefficient(term, support, value, error, None, None, ratio, None)
    interval = Interval(value - width.factor * error, value + width.factor * error)
    ratios = Interval(_exp(interval.lower), _exp(interval.upper)) if is_ratio else None
    p = width.p(value / error) if error > 0 else None
    return Coefficient(term, support, value, error, interval, p, ratio, ratios)


def _exp(value: float) -> float:
    """The exponential, infinite where a float cannot hold it."""
    return math.exp(value) if value < 700 else math.inf
