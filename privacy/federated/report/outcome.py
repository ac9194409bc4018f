"""What a job gave, as data: strict JSON that is read as it was written, and that holds no number which is none.

An outcome holds what the hub may know: sums over sites and what follows from them. It names labels as the job does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from privacy.federated.methods.classified import Classified
from privacy.federated.methods.errors import Errors
from privacy.federated.methods.inference import Coefficient
from privacy.federated.methods.moments import Correlation, Summary
from privacy.federated.methods.survival import Survived
from privacy.federated.methods.tables import Bins
from privacy.parties.signed import Digest, Name, as_value
from secops.core.content import convert
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _
from secops.core.inert import printable

#: Bytes of one outcome: a network of a million parameters.
MAX_BYTES = 1 << 25


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Ran(_Part, frozen=True, kw_only=True):
    """A round: over which sites its sum is, and the loss after it, for methods that have one."""

    number: int
    stage: str
    sites: tuple[Name, ...]
    loss: float | None


class Rounding(_Part, frozen=True, kw_only=True):
    """What counting in steps may do: `part` is how far a sum may be off, of the most that it can be, at the end.

    `coefficients`: how far Newton's coefficients of scaled terms may be off by that.
    """

    part: float
    coefficients: float | None = None


class Regressed(_Part, frozen=True, kw_only=True, tag_field="kind", tag="regression"):
    """A regression. The intercept comes first.

    With a ridge there are standard errors of the shrunken coefficients, and neither intervals nor p-values. A ratio
    that no float holds is None; so is the deviance of the model without features, where sites went between rounds.
    `covariance` is of the coefficients, row by row.
    """

    family: str
    records: int
    freedom: float
    ridge: float
    deviance: float
    null_deviance: float | None
    dispersion: float
    coefficients: tuple[Coefficient, ...]
    covariance: tuple[tuple[float, ...], ...]


class Descended(_Part, frozen=True, kw_only=True, tag_field="kind", tag="descent"):
    """A model by descent, whose numbers are the outcome's `parameters`. `ones`: records of label 1, where it has two.

    `coefficients` are those of a linear model in the terms' own units, without errors; empty for a network.
    """

    family: str
    records: int
    ones: int | None
    hidden: tuple[int, ...]
    coefficients: dict[str, float]


class Protected(_Part, frozen=True, kw_only=True, tag_field="kind", tag="noisy"):
    """A model from noisy sums: coefficients in the columns' own units. There are no standard errors, and no counts.

    `epsilon` is what all rounds come to at `delta`. `variance`: of each site's noise in every entry, in steps², of
    which every sum holds those of `honest` sites at least.
    """

    family: str
    coefficients: dict[str, float]
    epsilon: float
    delta: float
    rho: float
    variance: int
    honest: int


class Counted(_Part, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    """Counts of labels, or of combinations of them: the last column's labels fastest."""

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    counts: tuple[int, ...]
    missing: int


class Summed(_Part, frozen=True, kw_only=True, tag_field="kind", tag="numbers"):
    """Counts, means and standard deviations of numbers."""

    columns: tuple[Summary, ...]


class Spread(_Part, frozen=True, kw_only=True, tag_field="kind", tag="distribution"):
    """A number's counts in bins, and quantiles."""

    bins: Bins


class Correlated(_Part, frozen=True, kw_only=True, tag_field="kind", tag="correlations"):
    """Correlations of every two numbers."""

    pairs: tuple[Correlation, ...]


class Followed(_Part, frozen=True, kw_only=True, tag_field="kind", tag="survival"):
    """Kaplan and Meier's curves of a time to an event: one, or one for each of the labels of `group`."""

    time: str
    event: str
    group: str | None
    labels: tuple[str, ...]
    survived: Survived


Statistic = Counted | Summed | Spread | Correlated | Followed


class Described(_Part, frozen=True, kw_only=True, tag_field="kind", tag="statistics"):
    """Statistics, in the order in which the job asked for them."""

    parts: tuple[Statistic, ...]


class Evaluated(_Part, frozen=True, kw_only=True):
    """Measures on the records that were held back. `left_out` have no target, or lack what a prediction needs."""

    left_out: int
    classified: Classified | None = None
    errors: Errors | None = None


class Outcome(_Part, frozen=True, kw_only=True):
    """What a job gave. `sites` are in at least one of its sums; `parameters` are what predictions are made with.

    `confidence` is that of all intervals, in percent. `steps`: by term after the intercept, what makes coefficients
    comparable: 1 for a label, for a number its standard deviation (of noisy sums, a quarter of its range).
    """

    format: Literal["citywall-outcome/1"] = "citywall-outcome/1"
    id: Name
    job: Digest
    method: str
    sites: tuple[Name, ...]
    rounds: tuple[Ran, ...]
    rounding: Rounding
    confidence: int
    result: Regressed | Descended | Protected | Described
    parameters: dict[str, tuple[float, ...]] = {}
    steps: tuple[float, ...] = ()
    evaluation: Evaluated | None = None


def dump(outcome: Outcome) -> bytes:
    """The bytes that `parse` reads. Raises `RefusedError` for an outcome with a number that is not finite."""
    built = msgspec.to_builtins(outcome)
    if not _finite(built):
        raise RefusedError(_("a number of the outcome is not finite"))
    return msgspec.json.format(msgspec.json.encode(built), indent=1) + b"\n"


def parse(raw: bytes, where: str) -> Outcome:
    """The outcome of these bytes. Raises `UsageError` for what `dump` cannot have written."""
    if len(raw) > MAX_BYTES:
        raise UsageError(_("is longer than {n} bytes").format(n=MAX_BYTES), where=where)
    try:
        value = msgspec.json.decode(raw)
        outcome = convert(value, Outcome)
    except (ValueError, RecursionError) as error:  # msgspec's errors are some
        reason = printable(str(error))
        raise UsageError(_("is no outcome of a job: {reason}").format(reason=reason), where=where) from error
    if not _finite(value) or as_value(outcome) != value:
        raise UsageError(_("says more than an outcome does, or less"), where=where)
    return outcome


def _finite(value: Any) -> bool:
    return all(math.isfinite(number) for number in _floats(value))


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _floats(part)
