"""An exchange made by commands, and what its keeper does unwatched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from privacy.ledger.head import Head
from privacy.ledger.log import Ledger
from privacy.parties import keyfile
from privacy.parties.keys import Signer
from secops.cli.main import run
from secops.core.secret import Secret

PASS = "correct horse battery staple"


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Citywall = Callable[..., Ran]


def keeper(folder: Path) -> Signer:
    return keyfile.load(folder / "keeper.key", Secret(PASS.encode()))


def grow(folder: Path, *names: str) -> Head:
    """Entries that the keeper alone puts into a ledger."""
    ledger = Ledger.open(folder / "ledger", keeper(folder))
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ledger.append([{"type": "note", "time": time, "name": name} for name in names])


def revoke(name: str) -> None:
    assert run(["party", "revoke", name, "--reason", "lost", "--key", "bureau.key"]) == 0


def public_key(path: Path) -> str:
    return keyfile.load(path, Secret(PASS.encode())).public_key
