"""Versions and pairs of versions for tests: made up at random, near to each other, and real ones of this machine."""

from __future__ import annotations

import json
import random
import subprocess
import zipfile
from collections.abc import Callable, Iterable
from functools import cache, cmp_to_key
from pathlib import Path

from secops.patches.statement import Kind
from secops.patches.versions import compare
from tests.patches.samples import sample

_SUFFIXES = ("_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p", "_foo", "_")
_LONG = "123456789012345678901234567890"


def dpkg(rng: random.Random) -> str:
    """Mostly what Debian's policy allows."""
    upstream = _text(rng, "00129..~+-aAzZ~", 10)
    if epoch := rng.choice(("", "", "", "0:", "1:", "02:", "2147483647:")):
        upstream += rng.choice(("", "", ":1"))
    revision = "-" + _text(rng, "0129.~+aZ", 4) if rng.random() < 0.6 else ""
    return epoch + rng.choice("0123456789") + upstream + revision


def rpm(rng: random.Random) -> str:
    epoch = rng.choice(("", "", "", "0:", "1:", "02:", "4294967296:", f"{_LONG}:", ":", "a:"))
    release = "-" + _text(rng, "0129..~^aZ_", 6) if rng.random() < 0.6 else ""
    return epoch + rng.choice("0123456789a") + _text(rng, "00129..~~^^_+aAzZ-", 10) + release


def apk(rng: random.Random) -> str:
    def number() -> str:
        return rng.choice(("0", "1", "2", "9", "10", "05", "00", "010", "20230101", "", _LONG[:17], _LONG[:18]))

    text = number() + "".join("." + number() for _ in range(rng.randrange(4)))
    text += rng.choice(("", "", "", "a", "p", "p2"))
    text += "".join(rng.choice(_SUFFIXES) + number() for _ in range(max(0, rng.randrange(-2, 3))))
    return text + (f"-r{number()}" if rng.random() < 0.5 else "")


def _text(rng: random.Random, letters: str, most: int) -> str:
    return "".join(rng.choices(letters, k=rng.randrange(most + 1))) + rng.choice(("", "", "7", _LONG))


def pairs(make: Callable[[random.Random], str], marks: str, count: int, seed: int) -> list[tuple[str, str]]:
    """So many pairs, of which the second is most often a small change of the first."""
    rng = random.Random(seed)  # noqa: S311 - test data
    return [(version, _near(rng, version, make, marks)) for version in (make(rng) for _ in range(count))]


def _near(rng: random.Random, version: str, make: Callable[[random.Random], str], marks: str) -> str:
    at = rng.randrange(len(version) + 1)
    changed = (
        make(rng),
        version,
        version[:at],
        version[:at] + version[at + 1 :],
        version[:at] + rng.choice(marks) + version[at:],
        version[:at] + rng.choice(marks) + version[at + 1 :],
        version + rng.choice(("-0", "-1", "0", "~", "+", "^", "a", ".0", "_p1", "_rc1", "-r0")),
        "0:" + version,
    )
    return rng.choice(changed)


def in_order(kind: Kind, versions: Iterable[str]) -> list[str]:
    """The versions in our order, which is the true one when all neighbours are in the true one."""
    return sorted(versions, key=cmp_to_key(lambda a, b: compare(kind, a, b)))


@cache
def debian_versions() -> list[str]:
    """The versions of all packages that this machine's apt knows, and of those installed."""
    lists = sorted(map(str, Path("/var/lib/apt/lists").glob("*_Packages*")))
    told = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", *lists], capture_output=True, check=True).stdout
    told += Path("/var/lib/dpkg/status").read_bytes()
    found = {line.removeprefix(b"Version: ").decode() for line in told.splitlines() if line.startswith(b"Version: ")}
    return sorted(found)


def almalinux_versions() -> list[str]:
    """The versions in the sample feed of AlmaLinux."""
    with zipfile.ZipFile(sample("almalinux-9-osv.zip")) as feed:
        texts = [feed.read(name) for name in feed.namelist() if name.endswith(".json")]
    affected = [entry for text in texts for entry in json.loads(text).get("affected", ())]
    events = [event for entry in affected for span in entry["ranges"] for event in span["events"]]
    return sorted({event["fixed"] for event in events if "fixed" in event})
