"""The folder of a run while it is made: hidden, locked by its process, and gone when nothing came of it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from secops.core.folder import locked, writing


@contextmanager
def run_folder(runs: Path, run_id: str) -> Iterator[Path]:
    """A hidden folder below `runs` for a block; what the block has not moved away by its end is removed.

    So is what killed processes left: the folders that nobody holds locked. Raises `CitywallError` when it cannot be
    made.
    """
    partial = runs / f".{run_id}.partial"
    with ExitStack() as stack:
        with writing(runs):
            runs.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(runs):  # else another scan could take a folder that is not locked yet for one that was left
                _sweep(runs)
                stack.callback(shutil.rmtree, partial, ignore_errors=True)
                partial.mkdir(mode=0o700)
                stack.enter_context(locked(partial))
        yield partial


def _sweep(runs: Path) -> None:
    for left in runs.glob(".*.partial"):
        with locked(left, fcntl.LOCK_EX | fcntl.LOCK_NB) as nobodys:
            if nobodys:
                shutil.rmtree(left, ignore_errors=True)
