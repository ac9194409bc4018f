"""A job in one process: its hub, and every site behind a gate of its own, over a grid of Flower's.

Keys of sites are made for the process. So this proves what a job computes and what leaves a site; who the sites are is
proved where they have enrolled keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from privacy.federated import checkpoint, flower
from privacy.federated.gate import Gate, Places
from privacy.federated.hub import Hub, Round, Standing
from privacy.federated.job.job import Job
from privacy.federated.secagg.terms import Member
from privacy.federated.site import data, mapping
from privacy.federated.site.mapping import Site
from privacy.parties.keys import Signer
from secops.core.errors import UsageError
from secops.core.i18n import _

#: Where the sites of a run keep their journals.
_SITES = "sites"


def sites(job: Job, folder: Path) -> dict[str, Site]:
    """The sites of a job, of `NAME.yml` in the folder each. Raises `UsageError`, also where one does not fit."""
    found = {}
    for name in job.parties.sites:
        path = folder / f"{name}.yml"
        if not path.exists():
            hint = _("Each site of the job needs its mapping there; --sites names another folder.")
            raise UsageError(_("is not there"), where=str(path), hint=hint)
        site = mapping.load(path)
        if site.site != name:
            raise UsageError(_("is of another site: {site}").format(site=site.site), where=str(path))
        mapping.fit(path, site, job)
        found[name] = site
    return found


def budget_of(site: Path) -> Path:
    """Where the budget of a site's records is: beside the site's file."""
    return site.with_name(f"{site.stem}.budget.json")


@dataclass(frozen=True)
class Folders:
    """Of the sites' files, of what paths in them begin at, and of the run."""

    sites: Path
    records: Path
    run: Path


@contextmanager
def opened(job: Job, at: Mapping[str, Site], folders: Folders) -> Iterator[tuple[Hub, dict[str, Gate]]]:
    """The hub of a job, and the gates of its sites."""
    keys = {name: Signer.new() for name in job.parties.sites}
    members = tuple(Member(name, key.public_key) for name, key in keys.items())
    gates: dict[str, Gate] = {}
    try:
        for name, site in at.items():
            places = Places(folders.run / _SITES / name, budget_of(folders.sites / f"{name}.yml"))
            gates[name] = Gate(job, site, keys[name], members, _reader(job, site, folders.records), places)
        nodes = {name: place for place, name in enumerate(gates, 1)}
        grid = flower.LocalGrid({nodes[name]: gate.answer for name, gate in gates.items()})
        yield Hub(job, members, flower.exchange(grid, nodes, job.id)), gates
    finally:
        for gate in gates.values():
            gate.close()


def run(hub: Hub, folder: Path, standing: Standing | None, tell: Callable[[Round], None]) -> Standing:
    """All rounds that are left, each on the disk before the next. Raises `RefusedError` where one fails."""
    at = standing or hub.begin()
    digest = hub.job.digest
    while (after := hub.step(at)) is not None:
        at = after
        checkpoint.save(folder, digest, at)
        tell(at.rounds[-1])
    return at


def _reader(job: Job, site: Site, folder: Path) -> Callable[[], data.Records]:
    return lambda: data.chosen(job, data.read(job, site, folder))
