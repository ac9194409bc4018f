"""What has been released of one version of a data set: who fell into which cells, never what the cells said."""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.atoms import Split
from privacy.disclosure.class_disclosure import Told
from privacy.disclosure.meaning import Meaning
from privacy.disclosure.modular import Ints, random_prime
from privacy.disclosure.rounded import Tellings
from privacy.disclosure.rowspace import RowSpace

#: The name under which counts are kept among the variables.
COUNTS = ""

_FORM = 2
_HASH = hashlib.sha256().digest_size


@dataclass(frozen=True, eq=False, repr=False)
class State:
    """All that is remembered. Every step makes a new one."""

    prime: int
    seed: int
    atom: NDArray[np.int32]  # of each record
    person: NDArray[np.int32]  # of each record; empty: each record is another person's
    spaces: dict[str, RowSpace]  # per variable, `COUNTS` for counts
    counts: Tellings
    exact: int = 0  # exact releases that told something new
    told: tuple[Told, ...] = ()  # exact releases whose cells are known to mean something

    @classmethod
    def new(cls, records: int, person: NDArray[np.int32]) -> State:
        """Nothing has been released of so many records."""
        return cls(
            random_prime(), secrets.randbits(128), np.zeros(records, np.int32), person, {}, Tellings.none(records)
        )

    @cached_property
    def atoms(self) -> int:
        """How many there are."""
        return int(self.atom.max(initial=0)) + 1

    @cached_property
    def sizes(self) -> Ints:
        """Records of each atom."""
        return np.bincount(self.atom, minlength=self.atoms)

    @cached_property
    def people(self) -> Ints:
        """People of each atom."""
        if not len(self.person):
            return self.sizes
        pairs = np.unique(self.atom.astype(np.int64) * (int(self.person.max()) + 1) + self.person)
        return np.bincount(pairs // (int(self.person.max()) + 1), minlength=self.atoms)

    @cached_property
    def repeated(self) -> bool:
        """Whether somebody has several records."""
        return len(self.person) > len(np.unique(self.person))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Per atom: each of its records counts as its person's share of one. A group has at least that many people."""
        if not len(self.person):
            return self.sizes.astype(np.float64)
        share = 1 / np.bincount(self.person)
        return np.bincount(self.atom, weights=share[self.person], minlength=self.atoms).astype(np.float64)

    @property
    def words(self) -> NDArray[np.uint64]:
        """A random word for each record, the same each time: their sum names a set of records."""
        return np.random.Philox(key=self.seed).random_raw(len(self.atom))

    def people_in(self, atoms: Ints) -> int:
        """How many people a group of atoms has."""
        if not len(self.person):
            return int(self.sizes[atoms].sum())
        return len(np.unique(self.person[np.isin(self.atom, atoms)]))

    def space(self, variable: str) -> RowSpace:
        """What exact releases of a variable tell."""
        return self.spaces.get(variable) or RowSpace.nothing(self.prime, self.atoms)

    def split(self, finer: Split) -> State:
        """The same over finer atoms."""
        spaces = {name: space.split(finer.parents, finer.sizes) for name, space in self.spaces.items()}
        return replace(self, atom=finer.of, spaces=spaces)


def pack(state: State) -> bytes:
    """The state as a file: a hash of what follows, so that no damage goes unseen, and arrays as NumPy writes them."""
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **_arrays(state))
    raw = out.getvalue()
    return hashlib.sha256(raw).digest() + raw


def digest(state: State) -> str:
    """Of all that is in the state. The random numbers in it keep anybody from guessing its content."""
    total = hashlib.sha256()
    for name, array in sorted(_arrays(state).items()):
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data)
    return "sha256:" + total.hexdigest()


def _arrays(state: State) -> dict[str, NDArray[Any]]:
    arrays: dict[str, Any] = {
        "form": _FORM, "prime": state.prime, "seed": list(state.seed.to_bytes(16, "big")), "exact": state.exact,
        "atom": state.atom, "person": state.person, "variables": np.array(list(state.spaces), str),
        "told": state.counts.atom, "labels": state.counts.labels, "bases": state.counts.bases,
        "names": np.array(list(state.counts.bounds), np.uint64),
        "ends": np.array(list(state.counts.bounds.values()), np.int64).reshape(-1, 2),
        "measures": np.array([one.variable for one in state.told], str),
        "meanings": np.array([msgspec.json.encode(one.meaning).decode() for one in state.told], str),
    }  # fmt: skip
    arrays |= {f"counts{at}": one.counts for at, one in enumerate(state.told)}
    for at, space in enumerate(state.spaces.values()):
        arrays |= {f"rows{at}": space.rows.astype(np.uint32), f"pivots{at}": space.pivots}
    return {name: np.asarray(value) for name, value in arrays.items()}


def unpack(raw: bytes) -> State:
    """The state in a file that `pack` wrote. Raises `ValueError` for anything else."""
    if hashlib.sha256(raw[_HASH:]).digest() != raw[:_HASH]:
        raise ValueError("damaged")
    with np.load(io.BytesIO(raw[_HASH:]), allow_pickle=False) as file:
        if int(file["form"]) != _FORM:
            raise ValueError("another form")
        prime = int(file["prime"])
        spaces = {
            str(name): RowSpace(prime, file[f"rows{at}"].astype(np.int64), file[f"pivots{at}"])
            for at, name in enumerate(file["variables"])
        }
        bounds = dict(zip(file["names"].tolist(), map(tuple, file["ends"].tolist()), strict=True))
        counts = Tellings(file["told"], file["labels"], file["bases"], bounds)
        seed = int.from_bytes(bytes(file["seed"].tolist()), "big")
        told = tuple(
            Told(str(measure), msgspec.json.decode(str(meaning), type=Meaning), file[f"counts{at}"])
            for at, (measure, meaning) in enumerate(zip(file["measures"], file["meanings"], strict=True))
        )
        return State(prime, seed, file["atom"], file["person"], spaces, counts, int(file["exact"]), told)
