"""A lab laid out, and its jobs run to the end as `citywall fl run` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from privacy.federated import local
from privacy.federated.ask import Method, State
from privacy.federated.design import Design
from privacy.federated.dp import budget
from privacy.federated.hub import Round
from privacy.federated.job import job as jobs
from privacy.federated.job.job import Job
from privacy.federated.labs import lab
from privacy.federated.site import data


@dataclass(frozen=True)
class Done:
    """A job that has run: with all sites in every round."""

    job: Job
    method: Method
    state: State
    rounds: list[Round]
    why: dict[str, list[str]]


@dataclass(frozen=True)
class Laid:
    """A lab's folder."""

    folder: Path

    def job(self, name: str) -> Job:
        return jobs.load(self.folder / f"{name}.yml")

    def jobs(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.yml"))

    def run(self, name: str, number: int = 0, sites: str = "sites") -> Done:
        """Run a job in a folder of its own. Raises what `fl run` tells."""
        job, run = self.job(name), self.folder / f"run-{name}-{number}"
        folders = local.Folders(self.folder / sites, self.folder / lab.DATA, run)
        with local.opened(job, local.sites(job, folders.sites), folders) as (hub, gates):
            standing = local.run(hub, run, None, lambda _: None)
            return Done(job, hub.method, standing.state, standing.rounds, {n: gate.why for n, gate in gates.items()})

    def records(self, name: str, sites: str = "sites") -> dict[str, Design]:
        """The records of each site that take part in a job."""
        job = self.job(name)
        at = local.sites(job, self.folder / sites)
        return {n: data.chosen(job, data.read(job, site, self.folder / lab.DATA)).design for n, site in at.items()}

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
