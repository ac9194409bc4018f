"""Slices of candidates cut into portions of work, and the account of which were done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from secops.passwords.candidates import Slice


@dataclass(eq=False)
class Portion:
    """Words for a worker, the group of each, and the place of the first in the hash's order."""

    start: int
    words: list[bytes] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


class Feed:
    """One hash's candidates, handed out in order. The first `skip` were tried in an earlier run.

    `make` is called when the first word is asked for: most of a large fleet may have to wait for another run.
    """

    def __init__(self, make: Callable[[], Iterator[Slice]], skip: int = 0) -> None:
        self._make: Callable[[], Iterator[Slice]] | None = make
        self._slices: Iterator[Slice] = iter(())
        self._next: Slice | None = None
        self._at = self.skipped = skip
        self._out: set[int] = set()  # starts of the portions that are being worked on
        self._again: list[Portion] = []

    @property
    def chance(self) -> float:
        """How likely the next word is; 1 when that was not looked at yet, 0 when nothing is left to hand out."""
        return 1.0 if self._again or self._make else self._next.chance if self._next else 0.0

    @property
    def exhausted(self) -> bool:
        """Whether every candidate was handed out and is done."""
        return not (self._make or self._next or self._again or self._out)

    @property
    def done(self) -> int:
        """So many words, from the first on, are done: where a next run may go on."""
        return min((self._at, *self._out, *(portion.start for portion in self._again)))

    def take(self, most: int) -> Portion:
        """The next words, at most so many. Call `settle` or `put_back` with it later."""
        if self._make:
            self._start(self._make)
        portion = self._again.pop() if self._again else Portion(self._at)
        while self._next and len(portion.words) < most and portion.start + len(portion.words) == self._at:
            group = self._next.group
            words = self._cut(most - len(portion.words))
            portion.words += words
            portion.groups += [group] * len(words)
        self._out.add(portion.start)
        return portion

    def settle(self, portion: Portion) -> None:
        """Every word of the portion was tried."""
        self._out.discard(portion.start)

    def put_back(self, portion: Portion) -> None:
        """The portion was not worked on: it comes again."""
        self._out.discard(portion.start)
        self._again.append(portion)

    def _start(self, make: Callable[[], Iterator[Slice]]) -> None:
        self._make, self._slices, self._at = None, make(), 0
        self._next = next(self._slices, None)
        while self._next and self._at < self.skipped:
            self._cut(self.skipped - self._at)

    def _cut(self, most: int) -> list[bytes]:
        assert self._next  # noqa: S101 - callers look first
        part = self._next
        words, rest = part.words[:most], part.words[most:]
        self._next = Slice(part.group, part.chance, rest) if rest else next(self._slices, None)
        self._at += len(words)
        return [word.encode() for word in words]
