"""Where a job stands, on the disk between rounds: `job.json`, and `standing` in MessagePack with every array whole."""

from __future__ import annotations

from pathlib import Path

import msgspec

from privacy.federated import wire
from privacy.federated.hub import Round, Standing
from privacy.federated.job import job as jobs
from privacy.federated.job.job import Job
from secops.core.errors import UsageError
from secops.core.i18n import _, because
from secops.core.render import write_whole

#: Bytes of a standing: a state of 50 million numbers.
_MAX_BYTES = 1 << 29

#: Names of files in the folder of a run.
JOB, _STANDING = "job.json", "standing"


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    job: str
    number: int
    rounds: tuple[Round, ...]
    state: dict[str, wire.Array]


def found(folder: Path, job: Job) -> None:
    """Begin the folder of a run. Raises `UsageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(_("cannot be written: {reason}").format(reason=because(error)), where=str(folder)) from error
    write_whole(folder / JOB, jobs.dump(job))


def save(folder: Path, job: str, standing: Standing) -> None:
    """Write down where a job (its digest) stands."""
    stored = _Stored(job, standing.number, tuple(standing.rounds), wire.packed(standing.state))
    write_whole(folder / _STANDING, msgspec.msgpack.encode(stored))


def load(folder: Path) -> tuple[Job, Standing | None]:
    """The job of a run, and where it stands; None before its first round. Raises `UsageError`."""
    job = jobs.parse(read(folder / JOB), str(folder / JOB))
    if not (folder / _STANDING).exists():
        return job, None
    try:
        stored = msgspec.msgpack.decode(read(folder / _STANDING), type=_Stored)
    except msgspec.DecodeError as error:
        raise UsageError(_("was changed, or written by another version"), where=str(folder / _STANDING)) from error
    if stored.job != job.digest:
        raise UsageError(_("is of another job than job.json"), where=str(folder / _STANDING))
    return job, Standing(wire.unpacked(stored.state), stored.number, list(stored.rounds))


def read(path: Path) -> bytes:
    """A file of a run. Raises `UsageError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        hint = _("Is it the folder of a run? `citywall fl run` made it with -o.")
        what = _("cannot be read: {reason}").format(reason=because(error))
        raise UsageError(what, where=str(path), hint=hint) from error
    if len(raw) > _MAX_BYTES:
        raise UsageError(_("is too large"), where=str(path))
    return raw
