"""What a site has answered, written down before it is sent: each step of each round once, also after a restart.

One file for each job, a line for each step, locked by the process that serves the job. A line that was cut off by a
crash counts as answered nothing: it was written before anything was sent.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _, because

#: Bytes of one job's journal: ten thousand rounds in a thousand set-ups.
_MAX_BYTES = 64 << 20


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`number` is the job's round, None for a step of the set-up. `about`: what was asked, or the list of survivors."""

    step: str
    setup: int
    number: int | None = None
    about: str = ""
    survivors: tuple[str, ...] = ()


class Journal:
    """The steps of one job at one site."""

    def __init__(self, folder: Path, job: str) -> None:
        """Raises `UsageError` where it cannot be kept, `RefusedError` where another process serves the job."""
        path = folder / f"{job.replace(':', '-')}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._file: BinaryIO = os.fdopen(opened, "a+b")
            self._lock()
            self.entries = self._read()
        except OSError as error:
            what = _("the journal cannot be kept: {reason}").format(reason=because(error))
            raise UsageError(what, where=str(path)) from error

    def write(self, entry: Entry) -> None:
        """Write an entry down, for good. Raises `RefusedError` for one that stands there."""
        if entry in self.entries:
            raise RefusedError(_("this step was answered before"))
        self._file.write(msgspec.json.encode(entry) + b"\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self.entries.append(entry)

    def signed(self) -> tuple[str, ...] | None:
        """The survivors that were signed last, in any set-up."""
        return next((entry.survivors for entry in reversed(self.entries) if entry.step == "agree"), None)

    def close(self) -> None:
        """Let another process serve the job."""
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = _("Only one process may answer for a site: let it end.")
            raise RefusedError(_("another process serves this job"), hint=hint) from None

    def _read(self) -> list[Entry]:
        self._file.seek(0)
        raw = self._file.read(_MAX_BYTES)
        lines, _newline, rest = raw.rpartition(b"\n")
        if rest:  # cut off while it was written
            self._file.truncate(len(raw) - len(rest))
        try:
            return [msgspec.json.decode(line, type=Entry) for line in lines.splitlines()]
        except msgspec.DecodeError as error:
            hint = _("Somebody changed it. The job cannot go on at this site.")
            raise RefusedError(_("the journal does not parse"), where=self._file.name, hint=hint) from error
