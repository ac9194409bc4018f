"""The ledger: durable appends against the disk's own rate, proofs while it grows to a million entries, verification."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measure import measure
from privacy.ledger import verify_standalone
from privacy.ledger.head import verify_receipt
from privacy.ledger.log import Ledger
from privacy.ledger.tree import Hashing, verify_consistency
from privacy.ledger.verify import verify
from tests.privacy.ledger.kit import KEYS, OWNER

#: Entries a second that a ledger must take, durably, in batches.
LIMIT = 5_000

_SIZES = (10_000, 100_000, 1_000_000)
_BATCH = 1_000
_SAMPLES = 200


def lines() -> list[str]:
    """The report of this benchmark."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as scratch:  # noqa: S108 - a real disk
        return [*_batches(Path(scratch)), "", *_growth(Path(scratch))]


def _batches(scratch: Path) -> list[str]:
    table = [
        "## Ledger: entries a second on the disk, by batch",
        "",
        "| batch | entries/s | of the limit | the same bytes and one sync a batch | ms a batch |",
        "|---|---|---|---|---|",
    ]
    for batch in (1, 10, 100, 1_000, 10_000):
        log = Ledger.create(scratch / f"batch-{batch}", "benchmark", "sha256", OWNER)
        rounds = max(5, min(100, 20_000 // batch))
        groups = [[_entry(r * batch + n) for n in range(batch)] for r in range(rounds)]
        seconds = sum(_timed(partial(log.append, group)) for group in groups) / rounds
        plain = _plain(log.files.entries.read_bytes(), rounds, scratch / "plain")
        rate = batch / seconds
        table.append(f"| {batch:,} | {rate:,.0f} | {rate / LIMIT:.2f} | {batch / plain:,.0f} | {seconds * 1000:.1f} |")
    return table


def _plain(content: bytes, rounds: int, path: Path) -> float:
    """Seconds that a plain file takes for the same bytes, a sync after each part."""
    part = len(content) // rounds
    with path.open("wb", buffering=0) as file:

        def write(at: int) -> None:
            file.write(content[at : at + part])
            os.fdatasync(file.fileno())

        return sum(_timed(partial(write, at)) for at in range(0, rounds * part, part)) / rounds


def _growth(scratch: Path) -> list[str]:
    table = [
        "## Ledger: growth",
        "",
        f"| entries | appended/s, in batches of {_BATCH:,} | MB | receipt made, µs | verified, µs | consistency, µs "
        "| hashes in them | export, s | verified, s | by the file alone, s | peak, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    log = Ledger.create(scratch / "growing", "benchmark", "sha256", OWNER)
    for start, size in pairwise((0, *_SIZES)):
        groups = ([_entry(n) for n in range(at, at + _BATCH)] for at in range(start, size, _BATCH))
        seconds = sum(_timed(partial(log.append, group)) for group in groups)
        table.append(f"| {size:,} | {(size - start) / seconds:,.0f} | {_row(log, size, scratch / 'export.jsonl')} |")
    return table


def _row(log: Ledger, size: int, export: Path) -> str:
    """Proofs and whole verification at a size."""
    places = [n * 7_919 % size for n in range(_SAMPLES)]
    made = sum(_timed(partial(log.receipt, n)) for n in places) / _SAMPLES
    receipts = [log.receipt(n) for n in places]
    checked = sum(_timed(partial(_must, verify_receipt, r, KEYS)) for r in receipts) / _SAMPLES
    head, old = log.head(), next(head for head in log.heads() if head.size >= size // 3)
    proof = log.consistency(old.size, size)
    roots, hashing = (old.root_hash, head.root_hash), Hashing("sha256")
    consistent = _timed(
        lambda: _must(verify_consistency, hashing, old.size, size, log.consistency(old.size, size), *roots)
    )
    exported = _timed(lambda: log.export(export))
    verified = _timed(lambda: _must(lambda: not verify(export, [old], receipts[:1], KEYS)))
    alone = measure([sys.executable, "-I", verify_standalone.__file__, str(export), "--key", OWNER.base64])
    stored = sum(file.stat().st_size for file in log.folder.iterdir()) / 1e6
    hashes = f"{len(receipts[0].proof)}, {len(proof)}"
    return (
        f"{stored:,.0f} | {made * 1e6:.0f} | {checked * 1e6:.0f} | {consistent * 1e6:.0f} | {hashes} "
        f"| {exported:.1f} | {verified:.1f} | {alone.wall:.1f} | {alone.peak_mb:.0f}"
    )


def _entry(number: int) -> dict[str, Any]:
    """An entry of the size that a release has."""
    return {
        "type": "release", "time": "2026-11-30T12:00:00Z", "dataset": "医保 2026", "version": "3", "number": number,
        "digest": f"sha256:{number:064x}", "party": "hospital-7", "policy": f"sha256:{7:064x}",
    }  # fmt: skip


def _must(check: Callable[..., bool], *given: object) -> None:
    assert check(*given)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
