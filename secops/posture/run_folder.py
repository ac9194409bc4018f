"""The folder of a run while it is made: hidden, locked by its process, and gone when nothing came of it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from secops.core.errors import CitywallError
from secops.core.i18n import _, because


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
            with _locked(runs):  # else another scan could take a folder that is not locked yet for one that was left
                _sweep(runs)
                stack.callback(shutil.rmtree, partial, ignore_errors=True)
                partial.mkdir(mode=0o700)
                stack.enter_context(_locked(partial))
        yield partial


def _sweep(runs: Path) -> None:
    for left in runs.glob(".*.partial"):
        with _locked(left, fcntl.LOCK_NB) as nobodys:
            if nobodys:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path, flags: int = 0) -> Iterator[bool]:
    """Hold a folder's lock for a block, at most as long as the process lives. False when it cannot be had.

    It stays with the folder when that is renamed. File systems without such locks (NFS) keep what was left.
    """
    with ExitStack() as stack:
        held = False
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
            held = True
        yield held


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """What goes wrong while writing below `place`, as an error for people."""
    try:
        yield
    except OSError as error:
        raise CitywallError(
            _("cannot be written: {reason}").format(reason=because(error)),
            where=str(place),
            hint=_("Free some space, or set CITYWALL_HOME to a folder of yours."),
        ) from error
