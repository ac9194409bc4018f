"""Passwords: our rate against libcrypt's own, two workers against one, and what we find against john.

john is given the same hashes, the same words of the organisation, and the same processor seconds.
"""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median

from faker import Faker
from pypinyin import lazy_pinyin
from zxcvbn.matching import spatial_match

from secops.core.secret import Secret
from secops.hosts.held import Stored
from secops.passwords import sm3crypt
from secops.passwords.audit import Audit, Holder, Mac
from secops.passwords.candidates import Candidates, Slice
from secops.passwords.engine import Trial, run
from secops.passwords.libcrypt import crypt
from secops.passwords.portions import Feed
from secops.passwords.wordlists import load
from tests.passwords.hash_kit import CHEAP, PUBLIC, make

ROOT = Path(__file__).resolve().parents[1]

#: Processor seconds that each side gets for the accounts.
BUDGET = 300

_SECONDS = 5.0
_ROUNDS = 3

#: Words that no hash has, made beforehand: what making them costs is not the engine's.
_WORDS = [Slice("g", 0.5, [f"word{at + n}" for n in range(512)]) for at in range(0, 1 << 18, 512)]


def lines() -> list[str]:
    """The report of this benchmark."""
    return [*_rates(), "", *_against_john()]


def _rates() -> list[str]:
    table = [
        "## Passwords: words a second against libcrypt's own rate",
        "",
        "| format | libcrypt, one core | one worker | ratio | other cost per word | two workers : one |",
        "|---|---|---|---|---|---|",
    ]
    stored = {name: make(name, "not-to-be-found", count=0) for name in CHEAP} | {"sm3crypt": PUBLIC}
    for name, hashed in stored.items():
        function = sm3crypt.crypt if name == "sm3crypt" else crypt()
        own, ours, others, two = zip(*(_round(function, hashed) for _ in range(_ROUNDS)), strict=True)
        ratio = median(b / a for a, b in zip(own, ours, strict=True))
        double = median(b / a for a, b in zip(ours, two, strict=True))
        table.append(
            f"| {name} | {median(own):,.0f}/s | {median(ours):,.0f}/s | {ratio:.2f} | {100 * median(others):.1f} %"
            f" | {double:.2f} |"
        )
    return [
        *table,
        "",
        "Limits: ratio ≥ 0.90, other cost ≤ 5 %, two workers : one ≈ 2. sm3crypt is our own: its first"
        " column is our function called in a loop.",
    ]


def _round(function: Callable[[bytes, bytes], object], stored: bytes) -> tuple[float, float, float, float]:
    """(libcrypt's rate, ours with one worker, our parent's share of a word's cost, ours with two workers)."""
    words = 0
    began = time.monotonic()
    while time.monotonic() - began < _SECONDS:
        function(b"word%d" % words, stored)
        words += 1
    own = words / (time.monotonic() - began)
    rates, share = [], 0.0
    for workers in (1, 2):
        trial = Trial(stored, Feed(_endless))
        cpu, began = time.process_time(), time.monotonic()
        run([trial], seconds=_SECONDS, workers=workers)
        rates.append(trial.fresh / (time.monotonic() - began))
        if workers == 1:
            share = (time.process_time() - cpu) / trial.fresh * own
    return own, rates[0], share, rates[1]


def _endless() -> Iterator[Slice]:
    return cycle(_WORDS)


@dataclass(frozen=True)
class _Person:
    user: str
    gecos: str
    kind: str
    word: str
    hash: bytes


def _against_john() -> list[str]:
    faker = Faker("zh_CN")
    Faker.seed(20261122)
    rng = random.Random(20261122)  # noqa: S311 - the same accounts every time
    organisation = [faker.company_prefix(), faker.city_name() + "数据局"]
    john = _unpacked()
    people = list(_people(faker, rng, organisation, _words(john)))
    ours, our_times = _ours(people, organisation)
    theirs, their_times = _john(john, people, organisation)
    kinds = list(dict.fromkeys(person.kind for person in people))
    table = [
        f"## Passwords: accounts found of {len(people)}, {BUDGET} processor seconds each, against john --format=crypt",
        "",
        "| password | accounts | Citywall | john |",
        "|---|---|---|---|",
    ]
    for kind in kinds:
        own = [person.user for person in people if person.kind == kind]
        table.append(f"| {kind} | {len(own)} | {len(ours & set(own))} | {len(theirs & set(own))} |")
    table += [
        f"| all | {len(people)} | {len(ours)} | {len(theirs)} |",
        "",
        f"Ratio {len(ours) / max(1, len(theirs)):.1f}, limit ≥ 2.",
        "",
        *_curve(our_times, their_times),
    ]
    return table


def _words(john: Path) -> list[str]:
    """john's own list of common passwords, the commonest first."""
    lines = (john / "usr/share/john/password.lst").read_text("latin-1").split("\n")
    return [line for line in lines if line and not line.startswith("#!comment")]


def _people(faker: Faker, rng: random.Random, organisation: list[str], top: list[str]) -> Iterator[_Person]:
    """50 accounts, half yescrypt and half sha512crypt. Names are a library's, common passwords john's own list."""
    walks = [word for word in top if len(word) >= 5 and any(m["token"] == word for m in spatial_match(word))]
    digits = ["123", "1234", "123456", "888", "520", "1314", "2000", "1212", "6666", "168", "0000", "4321"]
    for number in range(50):
        name = faker.unique.name()
        spoken = lazy_pinyin(name)
        full, short = "".join(spoken), "".join(s[0] for s in spoken)
        user = rng.choice([full, spoken[0] + short[1:], f"{short}{rng.randint(1, 99):02d}"]) + str(number)
        gecos = rng.choice([name, " ".join([spoken[0].title(), "".join(spoken[1:]).title()])])
        company = "".join(lazy_pinyin(organisation[0]))
        match number // 10:
            case 0:
                kind, word = "a top list, positions 100 to 2,000", rng.choice(top[100:2000])
            case 1:
                base, mark = rng.choice([full, short, full.title()]), rng.choice(["", "@", "_", "#"])
                kind, word = "name and year", f"{base}{mark}{rng.randint(2014, 2026)}{rng.choice(['', '', '!'])}"
            case 2:
                base = rng.choice([full, short, "".join(spoken[1:]), company])
                kind, word = "pinyin and digits", base + rng.choice(["", "@"]) + rng.choice(digits)
            case 3:
                kind, word = "walks on the keyboard, of that list", walks[number % 10 * len(walks) // 10]
            case _:
                kind, word = "random", "".join(rng.choices("abcdefghjkmnpqrstuvwxyzABCDEFGH23456789!@#$%", k=12))
        yield _Person(user, gecos, kind, word, make("yescrypt" if number % 2 else "sha512crypt", word, count=0))


def _ours(people: list[_Person], organisation: list[str]) -> tuple[set[str], list[float]]:
    """(users found, processor seconds at each find)."""
    before = _cpu()
    holders = [Holder("h", Stored(p.user, Secret(p.hash), p.gecos, ("db01",))) for p in people]
    audit = Audit(holders, Candidates(load(organisation), time.gmtime().tm_year), Mac(b"k" * 32))
    times: list[float] = []
    trials = audit._trials.values()
    began, workers = time.monotonic(), len(os.sched_getaffinity(0))

    def note(_: int) -> None:
        times.extend([(time.monotonic() - began) * workers] * (sum(bool(t.group) for t in trials) - len(times)))

    audit.run(BUDGET / workers, on_progress=note)
    assert _cpu() - before < BUDGET * 1.1
    found = {holder.stored.user for holder, row in audit.results() if row["result"] == "guessed"}
    assert len(found) == sum(bool(t.group) for t in trials)
    return found, times


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


#: john looks for its files where the package puts them, and keeps what it finds in the user's home: in a mount
#: namespace of its own the first are there, and the second is ours.
_INSTALLED = """mount -t overlay overlay -o "lowerdir=$1:/etc" /etc
mount -t overlay overlay -o "lowerdir=$2:/usr/share" /usr/share
mount --bind "$3" "$4"
shift 4; exec "$@"
"""


def _john(john: Path, people: list[_Person], organisation: list[str]) -> tuple[set[str], list[float]]:
    """The same for john's default order (single, list with rules, incremental), in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        text = "".join(
            f"{p.user}:{p.hash.decode()}:{n}:100:{p.gecos}:/home/{p.user}:/bin/sh\n" for n, p in enumerate(people)
        )
        (place / "shadow").write_text(text)
        listed = (john / "usr/share/john/password.lst").read_text("latin-1")
        spoken = "".join("".join(lazy_pinyin(word)) + "\n" for word in organisation)
        (place / "words").write_text(spoken + listed, "latin-1")
        conf = (john / "etc/john/john.conf").read_text("latin-1")
        conf = re.sub(r"(?m)^Wordlist = .*$", f"Wordlist = {place}/words", conf)
        (place / "etc/john").mkdir(parents=True)
        (home := place / "home").mkdir()
        (place / "etc/john/john.conf").write_text(conf, "latin-1")
        command = ["unshare", "--mount", "sh", "-ec", _INSTALLED, "sh", str(place / "etc"), str(john / "usr/share")]
        command += [
            str(home),
            str(Path.home()),
            str(john / "usr/sbin/john"),
            "--format=crypt",
            f"--session={place}/s",
            "shadow",
        ]
        env = {"PATH": os.environ["PATH"]}
        with subprocess.Popen(command, cwd=place, env=env, stdout=subprocess.PIPE, text=True) as run_:
            spent: list[float] = []
            ended = threading.Thread(target=_end_at_budget, args=[run_, spent])
            ended.start()
            found, times = set(), []
            for line in run_.stdout or ():
                if match := re.fullmatch(r"\S+\s+\((\S+)\)", line.strip()):
                    found.add(match[1])
                    times.append(_cpu_of(run_.pid))
            ended.join()
        if not list(place.rglob("*.log")) or not spent or spent[0] < BUDGET * 0.9:
            raise RuntimeError("john did not use its time: what does it say above?")
    return found, times


def _end_at_budget(john: subprocess.Popen[str], spent: list[float]) -> None:
    """End john as Ctrl-C does, after which it says what it has: a limit of the system would take that away."""
    while john.poll() is None:
        spent[:] = [_cpu_of(john.pid)]
        if spent[0] >= BUDGET:
            john.send_signal(signal.SIGINT)
            return
        time.sleep(0.2)


def _cpu_of(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _unpacked() -> Path:
    """The distribution's john, unpacked below build/: nothing is installed on the machine."""
    place = ROOT / "build/john"
    if not (place / "usr/sbin/john").is_file():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "john", "john-data"], cwd=place, check=True, capture_output=True)
        for package in place.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(place)], check=True)
    return place


def _curve(ours: list[float], theirs: list[float]) -> list[str]:
    """Accounts found over processor seconds, as bars."""
    rows = ["```", "seconds  found (█ Citywall, ░ john)"]
    for step in (1, 3, 10, 30, 60, 120, 180, 240, BUDGET):
        for mark, times in (("█", ours), ("░", theirs)):
            count = sum(seconds <= step for seconds in times)
            rows.append(f"{step if mark == '█' else '':>7}  {mark * count} {count}")
    return [*rows, "```"]
