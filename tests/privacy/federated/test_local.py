"""A job in one process: taken up again after any round, and never with another job's state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from privacy.federated import checkpoint, dummy, local
from privacy.federated.hub import Hub, Standing
from privacy.federated.job.job import Job
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated import kit

JOB = kit.JOB.replace("missing: mean", "missing: drop").replace("rounds: 6", "rounds: 5")


@pytest.fixture
def world(tmp_path: Path) -> tuple[Job, local.Folders]:
    """A job, made-up records of four sites, and the folder of a run."""
    job = kit.job(tmp_path, JOB)
    folders = local.Folders(tmp_path / "sites", tmp_path, tmp_path / "run")
    folders.sites.mkdir()
    for number, site in enumerate(job.parties.sites):
        (tmp_path / f"{site}.csv").write_text(dummy.to_csv(dummy.records(job, 300, number)))
        (folders.sites / f"{site}.yml").write_text(dummy.site_yml(job, site, f"{site}.csv"))
    return job, folders


@contextmanager
def opened(job: Job, folders: local.Folders) -> Iterator[Hub]:
    with local.opened(job, local.sites(job, folders.sites), folders) as (hub, _gates):
        yield hub


def ended(job: Job, folders: local.Folders, *, stop_after: int = 100) -> Standing:
    """The job run to its end, or until so many rounds are done, in one process."""
    checkpoint.found(folders.run, job)
    _job, standing = checkpoint.load(folders.run)

    def tell(done: object) -> None:
        nonlocal stop_after
        stop_after -= 1
        if not stop_after:
            raise KeyboardInterrupt

    with opened(job, folders) as hub:
        return local.run(hub, folders.run, standing, tell)


def test_a_run_that_was_interrupted_goes_on_to_the_same_end(world: tuple[Job, local.Folders]) -> None:
    job, folders = world
    whole = ended(job, local.Folders(folders.sites, folders.records, folders.run.with_name("whole")))
    for _part in range(3):
        with pytest.raises(KeyboardInterrupt):
            ended(job, folders, stop_after=2)
    resumed = ended(job, folders)
    assert [done.number for done in resumed.rounds] == [done.number for done in whole.rounds]
    assert resumed.state.keys() == whole.state.keys()
    assert all(np.array_equal(resumed.state[name], whole.state[name], equal_nan=True) for name in whole.state)


def test_a_round_that_was_signed_is_not_given_again(world: tuple[Job, local.Folders]) -> None:
    """Whoever puts an older standing back gets no second answer from the sites."""
    job, folders = world
    with pytest.raises(KeyboardInterrupt):
        ended(job, folders, stop_after=2)
    (folders.run / "standing").unlink()
    with pytest.raises(RefusedError):
        ended(job, folders)


def test_another_job_has_another_folder(world: tuple[Job, local.Folders], tmp_path: Path) -> None:
    job, folders = world
    with pytest.raises(KeyboardInterrupt):
        ended(job, folders, stop_after=1)
    other = kit.job(tmp_path, JOB.replace("ridge: 1", "ridge: 2"))
    checkpoint.found(folders.run, other)
    with pytest.raises(UsageError, match="another job"):
        checkpoint.load(folders.run)


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xc1" * 9, b"\x85"])
def test_a_standing_that_was_changed_is_refused(world: tuple[Job, local.Folders], content: bytes) -> None:
    job, folders = world
    checkpoint.found(folders.run, job)
    (folders.run / "standing").write_bytes(content)
    with pytest.raises(UsageError, match="changed"):
        checkpoint.load(folders.run)


def test_each_site_needs_its_own_file(world: tuple[Job, local.Folders]) -> None:
    job, folders = world
    (folders.sites / "va.yml").write_text((folders.sites / "cleveland.yml").read_text())
    with pytest.raises(UsageError, match="another site: cleveland"):
        local.sites(job, folders.sites)
    (folders.sites / "va.yml").unlink()
    with pytest.raises(UsageError, match="is not there"):
        local.sites(job, folders.sites)


def test_two_processes_do_not_answer_for_one_site(world: tuple[Job, local.Folders]) -> None:
    job, folders = world
    with opened(job, folders), pytest.raises(RefusedError, match="another process"), opened(job, folders):
        raise AssertionError("unreachable")
