"""The engine: hashes, their candidates, worker processes, and a hard time budget.

The next words always go to the hash where they are likeliest to succeed per second of its cost: cheap hashes get long
lists, dear ones short lists. A worker that overstays or dies is replaced; its hash is given up at the second time.
"""

from __future__ import annotations

import heapq
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

import msgspec

from secops.passwords.portions import Feed, Portion
from secops.passwords.worker import Answer, Job

#: Seconds of work handed out at once: long enough that handing out costs nothing, short enough to stop in time.
_PORTION = 0.25

#: Words handed out at once to fast hashes: at most, at first, and of those tried before.
_MOST_WORDS, _FEW_WORDS, _GROWTH = 50_000, 16, 2

#: Seconds that a portion may take; one word may not take as long either.
PATIENCE = 10.0


@dataclass(eq=False)
class Trial:
    """One hash and what is known of it. Nothing of the word that fits is kept but its `group` and a `mark`.

    `fresh` counts the words of this run, `seconds` what they took. `error` says why no more can be tried. `mark` is
    the same for the same word within one run.
    """

    hash: bytes = field(repr=False)
    feed: Feed
    group: str = ""
    mark: int = 0
    error: str = ""
    fresh: int = 0
    seconds: float = 0.0
    failures: int = 0

    @property
    def tried(self) -> int:
        """Words tried, with those of earlier runs."""
        return self.feed.skipped + self.fresh

    @property
    def ended(self) -> bool:
        return bool(self.group or self.error or self.feed.exhausted)

    @property
    def cost(self) -> float:
        """Seconds per word as measured; before that a guess so low that each hash is measured early."""
        return self.seconds / self.fresh if self.fresh else 0.001

    @property
    def worth(self) -> float:
        """Chance of success per second of what comes next."""
        return self.feed.chance / self.cost

    def take(self) -> Portion:
        """One word while the cost is not known, then ever more: no hash gets far before others had their first."""
        most = min(_MOST_WORDS, max(_FEW_WORDS, _GROWTH * self.fresh), max(1, int(_PORTION / self.cost)))
        return self.feed.take(most if self.fresh else 1)


def processors() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0))


def run(
    trials: Sequence[Trial],
    *,
    seconds: float,
    workers: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Work on the trials until each has ended or `seconds` have passed. They hold what is known, also after Ctrl-C.

    `on_progress` gets the number of words that were tried since it was last called.
    """
    deadline = time.monotonic() + seconds
    waiting = [(-trial.worth, number) for number, trial in enumerate(trials) if not trial.ended]
    heapq.heapify(waiting)
    marks: dict[bytes, int] = {}
    crew = _Crew(workers or processors(), deadline)
    try:
        while time.monotonic() < deadline:
            for number in _best(waiting, trials, crew.idle):
                portion = trials[number].take()
                if portion.words:
                    crew.give(number, trials[number].hash, portion)
                else:  # an earlier run had tried all
                    trials[number].feed.settle(portion)
                _wait_again(waiting, trials, number)
            if not crew.busy:
                if not waiting:
                    return
                continue  # those were done before
            for number, portion, answer in crew.answers():
                had_more = trials[number].feed.chance > 0
                _settle(trials[number], portion, answer, marks)
                if not had_more:
                    _wait_again(waiting, trials, number)
                on_progress(answer.tried if answer else 0)
    finally:
        crew.end()


def _best(waiting: list[tuple[float, int]], trials: Sequence[Trial], most: int) -> Iterator[int]:
    """The trials that deserve the next words. A worth that has sunk since it was noted is noted anew."""
    while waiting and most:
        noted, number = heapq.heappop(waiting)
        trial = trials[number]
        if trial.ended or not trial.feed.chance:
            continue
        if -trial.worth > noted and waiting and -trial.worth > waiting[0][0]:
            heapq.heappush(waiting, (-trial.worth, number))
            continue
        most -= 1
        yield number


def _wait_again(waiting: list[tuple[float, int]], trials: Sequence[Trial], number: int) -> None:
    if trials[number].feed.chance and not trials[number].ended:
        heapq.heappush(waiting, (-trials[number].worth, number))


def _settle(trial: Trial, portion: Portion, answer: Answer | None, marks: dict[bytes, int]) -> None:
    """Note a worker's answer; None: it died, or was killed over a portion that should have been short."""
    if answer is None:
        trial.failures += 1
        if trial.failures > 1:
            trial.error = "trying words on it ended the process, twice"
        trial.feed.put_back(portion)
        return
    trial.error = trial.error or answer.error
    trial.seconds += answer.seconds
    if answer.found >= 0:
        trial.group = portion.groups[answer.found]
        trial.mark = marks.setdefault(portion.words[answer.found], len(marks) + 1)
    if answer.error:
        trial.feed.put_back(portion)
    else:
        trial.fresh += answer.tried
        trial.feed.settle(portion)


class _Worker:
    """A worker process. Nothing of what it works on is on its command line or in its environment."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "secops.passwords.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if os.environ.get("CITYWALL_DEBUG") else subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us
            )
            self.channel = Connection(ours.detach())
        self.number = -1
        self.portion: Portion | None = None
        self.until = 0.0

    def give(self, number: int, stored: bytes, portion: Portion) -> None:
        self.number, self.portion, self.until = number, portion, time.monotonic() + PATIENCE
        with suppress(OSError):  # a dead worker is told by the missing answer
            self.channel.send_bytes(msgspec.msgpack.encode(Job(stored, b"\0".join(portion.words))))

    def answer(self) -> Answer | None:
        try:
            return msgspec.msgpack.decode(self.channel.recv_bytes(), type=Answer)
        except (EOFError, OSError, msgspec.DecodeError):
            return None

    def end(self) -> None:
        self.channel.close()
        self._process.kill()
        self._process.wait()


class _Crew:
    """The workers, started when first needed, replaced when they fail."""

    def __init__(self, size: int, deadline: float) -> None:
        self._size, self._deadline = size, deadline
        self._free: list[_Worker] = []
        self._at_work: list[_Worker] = []

    @property
    def busy(self) -> int:
        return len(self._at_work)

    @property
    def idle(self) -> int:
        return self._size - self.busy

    def give(self, number: int, stored: bytes, portion: Portion) -> None:
        worker = self._free.pop() if self._free else _Worker()
        self._at_work.append(worker)
        worker.give(number, stored, portion)

    def answers(self) -> Iterator[tuple[int, Portion, Answer | None]]:
        """Wait for at least one answer, a worker that overstays, or the deadline."""
        now = time.monotonic()
        until = min(self._deadline, *(worker.until for worker in self._at_work))
        ready = wait([worker.channel for worker in self._at_work], max(0.0, until - now))
        now = time.monotonic()
        for worker in list(self._at_work):
            if worker.channel not in ready and now < worker.until:
                continue
            assert worker.portion  # noqa: S101 - it is at work
            answer = worker.answer() if worker.channel in ready else None
            self._at_work.remove(worker)
            if answer is None:
                worker.end()
            else:
                self._free.append(worker)
            if worker.channel not in ready and len(worker.portion.words) == 1:
                answer = Answer(error=f"one word takes more than {PATIENCE:.0f} s")
            yield worker.number, worker.portion, answer

    def end(self) -> None:
        for worker in (*self._free, *self._at_work):
            worker.end()
