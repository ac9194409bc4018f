"""The budget of a data set: what all jobs together may tell of a person, and what each has spent of it.

A file per data set, kept by the site that holds it. A run is debited in full before its first message and never paid
back, whatever becomes of it: noise that was drawn for a message that got lost may have been seen. Costs are zCDP, which
adds up over runs, in whole parts of 10⁻¹² (costs rounded up, the budget down), so that no sum can be rounded into more.

Whoever can write the file can also put an older one in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from math import ceil, floor
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from privacy import canonical
from privacy.federated.dp.accounting import epsilon_of, rho_within
from privacy.federated.dp.plan import Noise, check_promise
from privacy.parties.signed import Digest, Name, Time, as_value
from secops.core.content import convert
from secops.core.errors import RefusedError, UsageError
from secops.core.folder import locked, sync_folder
from secops.core.i18n import _, because
from secops.core.render import write_whole

#: Parts of one zCDP.
PARTS = 10**12

#: Bytes of a file; a run has about 200.
_MAX_BYTES = 16 << 20

_T = TypeVar("_T")
_Parts = Annotated[int, msgspec.Meta(ge=0, le=canonical.LARGEST)]
_Decimal = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,2}(\.[0-9]{1,17})?\Z")]


class Debit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one run of a job has spent. `run` is new each time that a job is started from its beginning."""

    run: Digest
    job: Digest
    cost: _Parts
    time: Time


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`total` is what `epsilon` at `delta` come to; decimals are text, as everywhere in documents."""

    dataset: Name
    epsilon: _Decimal
    delta: _Decimal
    total: _Parts
    debits: tuple[Debit, ...] = ()

    @property
    def spent(self) -> int:
        return sum(debit.cost for debit in self.debits)

    @property
    def left(self) -> int:
        return self.total - self.spent

    def epsilon_spent(self) -> float:
        """What all runs together may have told of a person, at the budget's delta."""
        return epsilon_of(self.spent / PARTS, float(self.delta)) if self.spent else 0.0


def cost_of(noise: Noise) -> int:
    """The parts that a run with this noise costs."""
    return ceil(noise.cost * PARTS)


def found(path: Path, dataset: str, epsilon: str, delta: str) -> Budget:
    """Write the budget of a new data set. Raises `UsageError` where a file is, and for what is no budget."""
    asked = _made({"dataset": dataset, "epsilon": epsilon, "delta": delta, "total": 0}, Budget)
    check_promise(float(epsilon), float(delta))
    budget = msgspec.structs.replace(asked, total=floor(rho_within(float(epsilon), float(delta)) * PARTS))
    with _alone(path):
        if path.is_symlink() or path.exists():
            raise UsageError(_("there is a budget already"), where=str(path))
        _write(path, budget)
    return budget


def read(path: Path) -> Budget:
    """The budget in a file. Raises `UsageError` for one that cannot be read, or holds what no budget can hold."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    budget = _parsed(raw)
    if budget is None or budget.left < 0 or len(_runs(budget)) != len(budget.debits):
        raise UsageError(_("is no budget, or was changed by hand"), where=str(path))
    return budget


def debit(path: Path, run: str, job: str, noise: Noise, when: datetime) -> Budget:
    """Spend what a run costs: on the disk before this returns, and to be called before the run's first message.

    Raises `RefusedError` when too little is left, and when the run has been debited: taken up again it costs nothing
    (ask `paid`), from its beginning it is another run.
    """
    spent = _made({"run": run, "job": job, "cost": cost_of(noise), "time": canonical.time_text(when)}, Debit)
    with _alone(path):
        budget = read(path)
        if run in _runs(budget):
            raise RefusedError(_("this run has been debited already"), where=str(path))
        if spent.cost > budget.left:
            raise RefusedError(_("the privacy budget of {name} is too small for this").format(name=budget.dataset))
        budget = msgspec.structs.replace(budget, debits=(*budget.debits, spent))
        _write(path, budget)
    return budget


def paid(budget: Budget, run: str, noise: Noise) -> bool:
    """Whether a run has been debited with what this noise costs, or more: it may be taken up again."""
    return any(debit.run == run and debit.cost >= cost_of(noise) for debit in budget.debits)


def _runs(budget: Budget) -> set[str]:
    return {debit.run for debit in budget.debits}


def _made(fields: dict[str, object], kind: type[_T]) -> _T:
    try:
        return convert(fields, kind)
    except msgspec.ValidationError as error:
        raise UsageError(_("this gives no {what}: {reason}").format(what="budget", reason=error)) from error


def _parsed(raw: bytes) -> Budget | None:
    try:
        return convert(canonical.decode(raw), Budget) if len(raw) <= _MAX_BYTES else None
    except ValueError:  # msgspec's errors are some
        return None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the folder for a block. Where it cannot be locked two runs could spend the same: refused."""
    with locked(path.absolute().parent) as held:
        if not held:
            raise RefusedError(_("its folder cannot be locked"), where=str(path))
        yield


def _write(path: Path, budget: Budget) -> None:
    write_whole(path, canonical.encode(as_value(budget)))
    sync_folder(path.absolute().parent)
