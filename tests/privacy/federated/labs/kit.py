"""A lab laid out, and its jobs run to the end as `citywall fl run` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from privacy.federated import building, local
from privacy.federated.ask import Method, State
from privacy.federated.design import Design
from privacy.federated.dp import budget
from privacy.federated.hub import Round, Standing
from privacy.federated.job import job as jobs
from privacy.federated.job.job import Job
from privacy.federated.labs import lab
from privacy.federated.report.compare import Compared, compare
from privacy.federated.report.making import outcome
from privacy.federated.report.outcome import Outcome
from privacy.federated.site import data


@dataclass(frozen=True)
class Done:
    """A job that has run, and what is told of it."""

    job: Job
    method: Method
    state: State
    rounds: list[Round]
    outcome: Outcome


@dataclass(frozen=True)
class Laid:
    """A lab's folder."""

    folder: Path

    def job(self, name: str) -> Job:
        return jobs.load(self.folder / f"{name}.yml")

    def run(self, name: str, number: int = 0, sites: str = "sites") -> Done:
        """Run a job in a folder of its own. Raises what `fl run` tells."""
        job = self.job(name)
        method, standing = self.ended(job, f"run-{name}-{number}", sites)
        told = outcome(job, method, standing, building.noise(job))
        return Done(job, method, standing.state, standing.rounds, told)

    def ended(self, job: Job, run: str, sites: str = "sites") -> tuple[Method, Standing]:
        """A job of the lab, or one that is near it, with all its rounds done."""
        folders = local.Folders(self.folder / sites, self.folder / lab.DATA, self.folder / run)
        with local.opened(job, local.sites(job, folders.sites), folders) as (hub, _):
            return hub.method, local.run(hub, folders.run, None, lambda _: None)

    def records(self, name: str, sites: str = "sites") -> dict[str, Design]:
        """The records of each site that take part in a job."""
        job = self.job(name)
        at = local.sites(job, self.folder / sites)
        return {n: data.chosen(job, data.read(job, site, self.folder / lab.DATA)).design for n, site in at.items()}

    def compared(self, done: Done, name: str) -> dict[str, Compared]:
        """Each site's own model by its name, the federated and the pooled one."""
        found = compare(done.job, self.records(name), done.outcome)
        return {one.site or one.kind: one for one in found}

    def budgets(self, epsilon: str) -> None:
        """A budget for the records of every site."""
        for path in (self.folder / "sites").glob("*.yml"):
            budget.found(local.budget_of(path), "lab", epsilon, "0.0001")


def laid(name: str, folder: Path, records: Path | None = None) -> Laid:
    """The lab in a folder that is new."""
    lab.lay(name, folder, records)
    return Laid(folder)


def pooled(records: dict[str, Design], *, held: bool) -> Design:
    """All sites' records to train with, or for the test, in one place."""
    parts = [design.part(held=held) for design in records.values()]
    return Design(parts[0].columns, np.vstack([p.values for p in parts]), np.concatenate([p.held for p in parts]))
