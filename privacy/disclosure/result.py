"""What wants to leave, what may leave, and the kinds of results with the checks that each needs.

`Raw` keeps a result from being shown by accident: in a message, a log, a file. It is no wall against code that means
to look; that code runs where it cannot reach the outside at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeAlias, TypeVar, dataclass_transform, final

from privacy.reason import Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from privacy.disclosure.meaning import Meaning

    Array: TypeAlias = NDArray[Any]
    Ints: TypeAlias = NDArray[np.integer[Any]]

T = TypeVar("T")

#: Opens `Raw` and makes `Cleared`. Only modules of this package may name it; a test searches the others.
_KEY = object()


@final
class Raw(Generic[T]):
    """A result as it was computed. It cannot be printed, formatted, compared, copied, pickled or serialised."""

    __slots__ = ("__value",)

    def __init__(self, value: T) -> None:
        self.__value = value

    def open(self, key: object) -> T:
        """The value, for the checks of this package. Raises `TypeError` for any other caller."""
        if key is not _KEY:
            self._refuse()
        return self.__value

    def _refuse(self, *_arguments: object) -> NoReturn:
        raise TypeError("a raw result leaves through the disclosure checks alone")

    def __repr__(self) -> str:
        return "Raw(***)"  # and no error: tracebacks show local variables by it

    __str__ = __format__ = _refuse
    __bytes__ = __iter__ = __len__ = __bool__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = __deepcopy__ = _refuse


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False)
def kept(kind: type[T]) -> type[T]:
    """A frozen record of values: compared by identity, and its representation shows none of them."""
    return dataclass(frozen=True, repr=False, eq=False, slots=True, kw_only=True)(kind)


@kept
class Dimension:
    """One side of a table. A cell's place is counted in the order of the dimensions, the last one fastest."""

    name: str
    labels: tuple[str, ...]


@kept
class Population:
    """The registered data that a result was computed from."""

    dataset: str
    version: str
    #: int32 per record of the data set: the cell it is in, -1 for none; None where nobody can say.
    cells: Ints | None = None
    #: int per record: whose it is. None: each record is another person's.
    people: Ints | None = None
    #: What the cells mean; None where only the job knows.
    meaning: Meaning | None = None


@kept
class Counts:
    """A table of counts: int64 per cell. `totals` asks for the sums over each dimension."""

    kind: ClassVar[str] = "counts"
    checks: ClassVar[tuple[str, ...]] = ("min-cell", "zero", "full")
    population: Population
    dimensions: tuple[Dimension, ...]
    counts: Ints
    totals: bool = False


@kept
class Sums:
    """A table of sums of one measure: with it, per cell, what dominance needs."""

    kind: ClassVar[str] = "sums"
    checks: ClassVar[tuple[str, ...]] = ("min-cell", "zero", "full", "alike", "dominance")
    population: Population
    dimensions: tuple[Dimension, ...]
    measure: str
    counts: Ints
    sums: Array
    #: Sums of the absolute contributions; the sums themselves where nothing is negative.
    absolute: Array
    #: (cells, m): the m largest absolute contributions of different people, the largest first, 0 where there are fewer.
    largest: Array
    totals: bool = False


@kept
class Means(Sums):
    """A table of means: sums over counts."""

    kind: ClassVar[str] = "means"


@kept
class Quantiles:
    """A table of quantiles of one measure; `values` is (cells, probabilities). 0 and 1 are the minimum and maximum."""

    kind: ClassVar[str] = "quantiles"
    checks: ClassVar[tuple[str, ...]] = ("min-cell", "zero", "extremes")
    population: Population
    dimensions: tuple[Dimension, ...]
    measure: str
    counts: Ints
    probabilities: tuple[float, ...]
    values: Array


@kept
class Regression:
    """Coefficients and their standard errors. `support`: people for whom a term is not zero."""

    kind: ClassVar[str] = "regression"
    checks: ClassVar[tuple[str, ...]] = ("labels", "family", "freedom", "group-size", "not-finite")
    population: Population
    family: str
    terms: tuple[str, ...]
    coefficients: Array
    errors: Array
    people: int
    support: Ints


@kept
class Model:
    """Parameters by name. `groups`: people in each group that a part of the model was fitted on (leaf, class, site)."""

    kind: ClassVar[str] = "model"
    checks: ClassVar[tuple[str, ...]] = ("labels", "family", "group-size", "capacity", "not-finite")
    population: Population
    family: str
    parameters: dict[str, Array]
    people: int
    groups: Ints


@kept
class Plot:
    """A picture, and the table that it was drawn from: without one, nobody can say what it shows."""

    kind: ClassVar[str] = "plot"
    media: str
    content: bytes
    behind: Counts | Sums | Means | Quantiles | None


@kept
class Text:
    """Free text: nothing can be said of what it tells, so that it never leaves."""

    kind: ClassVar[str] = "text"
    content: str


Table: TypeAlias = Counts | Sums | Means | Quantiles
Result: TypeAlias = Table | Regression | Model | Plot | Text


@kept
class Shown:
    """What a table tells of the records: for the history of releases."""

    cells: Ints | None  # int32 per record: the shown cell that it is in, -1 for none
    asks: tuple[tuple[str, int], ...]  # what is told of the cells: a measure's sums, "" for counts; and the rounding
    below: int
    most: int  # exact releases of the version that the policy allows
    hides: tuple[str, ...]  # whether the policy hides empty cells, and full ones
    meaning: Meaning | None


def population_of(result: Result) -> Population:
    """The data behind a result. Raises `ValueError` for one that never leaves."""
    if isinstance(result, Plot) and result.behind is not None:
        return result.behind.population
    if isinstance(result, Plot | Text):
        raise ValueError("has no population")
    return result.population


@final
@dataclass(frozen=True, eq=False, repr=False, slots=True, kw_only=True)
class Cleared:
    """What may leave: the very bytes. Made by `door.clear` alone, and not to be pickled or copied."""

    key: InitVar[object]
    kind: str
    media: str
    content: bytes
    policy: str  # digest of the policy it was cleared under
    dataset: str
    version: str
    #: What was changed on the way: redacted, rounded. Codes and texts, no numbers.
    notes: tuple[Reason, ...]
    #: What the history of releases must remember, for counts and sums.
    shown: Raw[Shown] | None = None

    def __post_init__(self, key: object) -> None:
        if key is not _KEY:
            raise TypeError("only the disclosure checks clear a result")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a cleared result is not serialised; what leaves is its content")

    @property
    def digest(self) -> str:
        """Of the content: what approvals are given for."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()
