"""Ledgers to test with: real keys, a clock that is set by hand."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.ledger.head import Keys
from privacy.ledger.log import Ledger


class Key:
    """An Ed25519 key that signs."""

    def __init__(self, name: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public = self._private.public_key().public_bytes_raw()
        self.key_id = "ed25519:" + hashlib.sha256(self.public).hexdigest()[:32]
        self.base64 = base64.b64encode(self.public).decode()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class Clock:
    """Goes on by a minute whenever it is read."""

    def __init__(self, days: int = 0) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC) + timedelta(days)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


OWNER, OTHER, WITNESS = Key("owner"), Key("other"), Key("witness")
KEYS: Keys = {OWNER.key_id: OWNER.public}
WITNESSES: Keys = {WITNESS.key_id: WITNESS.public}


def entry(number: int) -> dict[str, Any]:
    return {"type": "release", "time": "2026-11-30T12:00:00Z", "number": number, "数据集": "医保"}


def ledger(folder: Path, sizes: Sequence[int] = (), algorithm: str = "sha256", signer: Key = OWNER) -> Ledger:
    """A ledger with batches of these sizes, entries numbered through."""
    log = Ledger.create(folder, "statistics office", algorithm, signer, clock=Clock())
    for size in sizes:
        start = log.head().size
        log.append([entry(start + n) for n in range(size)])
    return log


def copy(log: Ledger, folder: Path, signer: Key = OWNER) -> Ledger:
    """A copy of the folder, as a restored backup or a second, secret log is."""
    shutil.copytree(log.folder, folder)
    return Ledger.open(folder, signer, clock=Clock(1))
