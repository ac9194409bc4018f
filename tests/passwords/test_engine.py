"""The engine on real hashes and real processes: what fits is found, time ends it, a killed worker costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from secops.passwords import engine
from secops.passwords.candidates import Slice
from secops.passwords.engine import Trial, run
from secops.passwords.portions import Feed

from .hash_kit import CHEAP, PUBLIC, make


def feed(*words: str, skip: int = 0) -> Feed:
    return Feed(lambda: iter([Slice("g", 0.5, words)]), skip)


@pytest.mark.parametrize("algorithm", CHEAP)
def test_every_format_of_the_system(algorithm: str) -> None:
    fits, random = (
        Trial(make(algorithm, "Zhang@24"), feed("a", "Zhang@24", "b")),
        Trial(make(algorithm, "x9!qL"), feed("a")),
    )
    run([fits, random], seconds=30)
    assert (fits.group, fits.error) == ("g", "")
    assert fits.tried in (2, 3)  # another worker may have had the word after it
    assert (random.group, random.tried, random.error) == ("", 1, "")
    assert random.feed.exhausted


@pytest.mark.parametrize(
    ("cost", "portions"),
    [(2**-13, [1, 16, 34, 102, 306, 918, 2048, 2048]), (0.025, [1, 10, 10, 10]), (1.0, [1, 1, 1])],
)
def test_portions_grow_to_a_quarter_of_a_second(cost: float, portions: list[int]) -> None:
    trial = Trial(b"", feed(*(f"w{n}" for n in range(9000))))
    taken = []
    for _ in portions:
        portion = trial.take()
        taken.append(len(portion.words))
        trial.fresh += taken[-1]
        trial.seconds = trial.fresh * cost
        trial.feed.settle(portion)
    assert taken == portions


def test_sm3() -> None:
    trial = Trial(PUBLIC, feed("x", "hashgen"))
    run([trial], seconds=30)
    assert (trial.group, trial.tried) == ("g", 2)


@pytest.mark.parametrize(
    "stored",
    [
        b"$sm3$salt$tooshort",
        b"$6$salt$tooshort",
        b"$y$j9T$salt",
        b"$99$salt$hash",
        b"plaintext",
        b"$2b$99$x",
        b"$1$",
        b"ab*defghijklm",
    ],
)
def test_what_is_no_hash_is_said_and_not_tried(stored: bytes) -> None:
    trial = Trial(stored, feed("a", "b"))
    run([trial], seconds=30)
    assert trial.error
    assert trial.tried == 0
    assert not trial.group


def test_the_same_word_has_the_same_mark() -> None:
    trials = [Trial(make("md5crypt", word), feed("one", "two")) for word in ("one", "two", "one")]
    run(trials, seconds=30)
    assert trials[0].mark == trials[2].mark != trials[1].mark
    assert all(trial.mark for trial in trials)


def test_a_budget_of_nothing_tries_nothing() -> None:
    trial = Trial(make("md5crypt", "one"), feed("one"))
    run([trial], seconds=0)
    assert (trial.group, trial.tried, trial.ended) == ("", 0, False)


def test_the_budget_ends_it_and_a_next_run_goes_on() -> None:
    words = [f"w{number}" for number in range(150)]
    stored = make("yescrypt", words[-1], count=5)
    first = Trial(stored, feed(*words))
    started = time.monotonic()
    run([first], seconds=1.0, workers=2)
    assert time.monotonic() - started < 3
    assert 0 < first.tried < len(words)
    assert not first.ended
    second = Trial(stored, feed(*words, skip=first.feed.done))
    run([second], seconds=60)
    assert (second.group, second.tried) == ("g", len(words))


def test_hashes_that_were_done_before_do_not_end_the_run() -> None:
    done = [Trial(make("md5crypt", f"not-{number}"), feed("a", skip=1)) for number in range(5)]
    last = Trial(make("md5crypt", "one"), feed("one"))
    run([*done, last], seconds=30, workers=1)
    assert last.group == "g"
    assert all(trial.feed.exhausted for trial in done)


def test_a_hash_that_takes_too_long_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 1.0)
    dear = Trial(b"$6$rounds=999999999$saltsalt$" + b"a" * 86, feed("a"))
    cheap = Trial(make("md5crypt", "one"), feed("one"))
    run([dear, cheap], seconds=30)
    assert "one word takes more than" in dear.error
    assert cheap.group == "g"


def test_a_hash_that_asks_for_too_much_memory_is_said() -> None:
    """yescrypt's N is in its setting: a hostile host may ask for 16 GiB."""
    trial = Trial(b"$y$jJT$" + make("yescrypt", "one").split(b"$", 3)[3], feed("one"))
    run([trial], seconds=60)
    assert "GiB" in trial.error
    assert not trial.group


def _workers() -> list[int]:
    out = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "secops.passwords.worker"], capture_output=True, text=True
    )
    return [int(pid) for pid in out.stdout.split()]


def test_a_killed_worker_costs_no_word() -> None:
    words = [f"w{number}" for number in range(150)]
    trial = Trial(make("yescrypt", words[-1], count=5), feed(*words))
    killed = []

    def kill() -> None:
        while not killed:
            time.sleep(0.3)
            for pid in _workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    run([trial], seconds=60)
    thread.join()
    assert killed
    assert (trial.group, trial.tried) == ("g", len(words))


def test_no_worker_is_left_and_none_shows_what_it_does() -> None:
    words = [f"secret-word-{number}" for number in range(60)]
    trial = Trial(make("yescrypt", words[-1], count=5), feed(*words))
    seen: list[tuple[bytes, bytes, str]] = []

    def look() -> None:
        until = time.monotonic() + 20
        while not seen and time.monotonic() < until:
            for pid in _workers():
                place = Path(f"/proc/{pid}")
                limits = (place / "limits").read_text()
                core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
                if core.split()[4] == "0":  # set as the worker's first act
                    seen.append(((place / "cmdline").read_bytes(), (place / "environ").read_bytes(), core))

    thread = threading.Thread(target=look)
    thread.start()
    run([trial], seconds=60)
    thread.join()
    assert seen
    for shown in seen:
        assert not any(word.encode() in part for part in shown[:2] for word in words)
        assert not any(trial.hash in part for part in shown[:2])
    assert not _workers()
