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
from secops.core.folder import sync_folder
from secops.core.i18n import _, because

#: Bytes of one job's journal: ten thousand rounds in a thousand set-ups.
_MAX_BYTES = 64 << 20


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`number` is the job's round, None for a step of the set-up, `asked` the method's round. `about` digests what was
    asked in it, or names a run of a budget.
    """

    step: str
    setup: str = ""
    number: int | None = None
    asked: str = ""
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
            sync_folder(folder)
            self._lock()
            self.entries = self._read()
        except OSError as error:
            what = _("the journal cannot be kept: {reason}").format(reason=because(error))
            raise UsageError(what, where=str(path)) from error

    def write(self, entry: Entry) -> None:
        """Write an entry down, for good. Raises `RefusedError` for one that stands there, and when there is no room."""
        if entry in self.entries:
            raise RefusedError(_("this step was answered before"))
        line = msgspec.json.encode(entry) + b"\n"
        if self._file.seek(0, os.SEEK_END) + len(line) > _MAX_BYTES:
            raise RefusedError(_("the journal of this job is full"))
        self._file.write(line)
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self.entries.append(entry)

    def signed(self) -> tuple[str, ...] | None:
        """The survivors that were signed last, in any set-up."""
        return next((entry.survivors for entry in reversed(self.entries) if entry.step == "agree"), None)

    def computed(self, number: int, asked: str) -> list[Entry]:
        """Vectors for this round of the job, and for this round of the method under whatever number."""
        return [e for e in self.entries if e.step == "compute" and (e.number == number or e.asked == asked)]

    def is_over(self, number: int, asked: str) -> bool:
        """Whether the survivors of a round were signed for which such a vector was computed."""
        signed = {(entry.setup, entry.number) for entry in self.entries if entry.step == "agree"}
        return any((entry.setup, entry.number) in signed for entry in self.computed(number, asked))

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
        raw = self._file.read(_MAX_BYTES + 1)
        *lines, rest = raw.split(b"\n")
        try:
            if len(raw) > _MAX_BYTES:
                raise ValueError
            entries = [msgspec.json.decode(line, type=Entry) for line in lines]
        except ValueError as error:  # msgspec's errors are some
            hint = _("Somebody changed it. The job cannot go on at this site.")
            raise RefusedError(_("the journal does not parse"), where=self._file.name, hint=hint) from error
        if rest:  # cut off while it was written
            self._file.truncate(len(raw) - len(rest))
        return entries
