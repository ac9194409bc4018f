"""Newton's search for an optimum, one step from the sums of a round: on, or half of the way back, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from privacy.federated.ask import State
from privacy.federated.design import Floats
from privacy.federated.methods.families import Family
from secops.core.errors import RefusedError
from secops.core.i18n import _

#: A step so small, in standard deviations of the terms, ends the search: the next one would be its square.
_STILL = 1e-8

#: Coefficients that counting in steps may move further than this are refused.
_COARSE = 1e-6

#: Terms are taken to say the same if the curvature along a combination of them is so small, with a diagonal of 1.
_FLAT = 1e-10

#: Curvature that counting in steps may move by a part of this size is as good as none.
_BLURRED = 100

#: Nor is there a standard error where it may be so far off, relatively.
_UNSURE = 1e-4

_MOST_HALVINGS = 30


@dataclass(frozen=True)
class Sums:
    """What a round's vector says: numbers of records, half the deviance, its slope (k,) and curvature (k, k).

    `support` is for how many records each term is not 0, (k - 1,).
    """

    records: float
    flagged: float
    support: Floats
    loss: float
    slope: Floats
    curvature: Floats


def unpacked(vector: Floats, size: int) -> Sums:
    """The sums for `size` coefficients: records, flagged, support, loss, slope, upper triangle of the curvature."""
    head, support, loss, slope, upper = np.split(vector, [2, size + 1, size + 2, 2 * size + 2])
    curvature = np.zeros((size, size))
    curvature[np.triu_indices(size)] = upper
    return Sums(float(head[0]), float(head[1]), support, float(loss[0]), slope, curvature + np.triu(curvature, 1).T)


def begun(beta: Floats) -> State:
    """The state of a search before its first sums, at the model without terms."""
    zero = np.array(0.0)
    return {"beta": beta, "best": beta, "steps": zero, "halvings": zero, "still": zero}


@dataclass(frozen=True)
class Search:
    """The search for the coefficients of terms of a family, the intercept first and without ridge."""

    names: tuple[str, ...]
    family: Family
    ridge: float

    def on(self, state: State, sums: Sums, wrong: Sums) -> State:
        """The state after the sums at `state["beta"]`; `wrong` is how far they may be off. Raises RefusedError."""
        if not sums.records:
            raise RefusedError(_("no site has a record to learn from"))
        objective = sums.loss + self.ridge / 2 * float(state["beta"][1:] @ state["beta"][1:])
        if self._worse(state, sums, objective, wrong.loss):
            return self._halved(state)
        curvature = self.penalised(sums.curvature)
        blur = self._refuse_flat(curvature, wrong.curvature, first=not state["steps"])
        inverse = np.linalg.inv(curvature)
        step = inverse @ (sums.slope - self.ridge * np.append(0.0, state["beta"][1:]))
        coarse = float((np.abs(inverse) @ wrong.slope).max())
        still = bool(np.abs(step).max() <= max(_STILL, 2 * coarse))
        if why := self.family.refusal(sums.flagged, still=still, ridge=self.ridge):
            raise RefusedError(why)
        if still and (coarse > _COARSE or blur > _UNSURE):
            raise _too_coarse()
        return {
            **state,
            **_accepted(state, sums, objective, step),
            "off": np.array(wrong.loss),
            "still": np.array(float(still)),
        }

    def penalised(self, curvature: Floats) -> Floats:
        """Curvature with that of the ridge."""
        return curvature + self.ridge * np.diag(np.append(0.0, np.ones(len(self.names))))

    def _worse(self, state: State, sums: Sums, objective: float, wrong: float) -> bool:
        if not state["steps"] or sums.records != state["records"]:  # what other records say cannot be compared
            return False
        before = float(state["objective"])
        return objective > before + 2 * wrong + 1e-9 * (1 + abs(before))

    def _halved(self, state: State) -> State:
        if state["halvings"] >= _MOST_HALVINGS:
            raise RefusedError(_("no step makes the fit better: the sums of the sites do not fit each other"))
        return {**state, "beta": (state["beta"] + state["best"]) / 2, "halvings": state["halvings"] + 1}

    def _refuse_flat(self, curvature: Floats, wrong: Floats, *, first: bool) -> float:
        """See that no combination of terms is without curvature, and say how far off, relatively, it may be."""
        size = np.sqrt(np.maximum(np.diag(curvature), np.finfo(float).tiny))
        values, vectors = np.linalg.eigh(curvature / np.outer(size, size))
        off = float((wrong / np.outer(size, size)).max())
        if first and _FLAT < values[0] <= _BLURRED * off:
            raise _too_coarse()
        if values[0] > max(_FLAT, _BLURRED * off):
            return off / float(values[0])
        along = np.abs(vectors[1:, 0])
        names = [name for name, part in zip(self.names, along, strict=True) if part > 0.1 * along.max()]
        what = _("these terms say the same: {names}") if first else _("these terms separate the target: {names}")
        raise RefusedError(what.format(names=", ".join(names)), hint=_("leave one out, or use a ridge above 0"))


def _too_coarse() -> RefusedError:
    return RefusedError(
        _("the sums are too coarse for these coefficients"),
        hint=_("name fewer records per site, or narrower ranges: what a sum can show is set by its bound"),
    )


def _accepted(state: State, sums: Sums, objective: float, step: Floats) -> State:
    numbers = {"records": sums.records, "loss": sums.loss, "objective": objective, "steps": float(state["steps"]) + 1}
    return {
        **{name: np.array(float(number)) for name, number in numbers.items()},
        "best": state["beta"],
        "beta": state["beta"] + step,
        "step": step,
        "curvature": sums.curvature,
        "halvings": np.array(0.0),
        "support": sums.support,
        "null": _null(state, sums),
    }


def _null(state: State, sums: Sums) -> Floats:
    """The loss of the model without terms, which comes first: NaN if it is of other records than these."""
    if not state["steps"]:
        return np.array(sums.loss)
    return state["null"] if sums.records == state["records"] else np.array(np.nan)
