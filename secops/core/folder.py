"""Folders that several processes write: locked while one does, and errors that a person can act on."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from secops.core.errors import CitywallError, UsageError
from secops.core.i18n import _, because


@contextmanager
def locked(folder: Path, how: int = fcntl.LOCK_EX) -> Iterator[bool]:
    """Hold a folder's lock for a block, at most as long as the process lives. False when it cannot be had.

    It stays with the folder when that is renamed. File systems without such locks (NFS) keep what was left.
    """
    with ExitStack() as stack:
        held = False
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, how)
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


def must_be_new(folder: Path) -> None:
    """Raise `UsageError` for a place that something is in already; an empty folder may be there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(_("is in use"), where=str(folder), hint=_("Give a folder that is not there yet."))


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
