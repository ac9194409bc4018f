"""What `citywall fl` does: the files of jobs, sites and runs, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secops.core.errors import Exit, UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.federated.hub import Hub, Round, Standing
    from privacy.federated.job.job import Job
    from privacy.federated.site.data import Local
    from privacy.federated.site.mapping import Site


@dataclass(frozen=True)
class Places:
    """Where the sites' files are, and where the paths in them begin."""

    sites: Path
    records: Path


@dataclass(frozen=True)
class Ended:
    """A job that is done."""

    hub: Hub
    standing: Standing


def places(job: Path, sites: Path | None, records: Path | None) -> Places:
    """The folders that are named, else those beside the job."""
    return Places(sites or job.parent / "sites", records or job.parent / "data")


def run(job: Job, at: Places, folder: Path) -> Ended:
    """Run a job, or go on with it."""
    from privacy.federated import local
    from secops.core.progress import Progress
    from secops.core.say import complain

    sites = local.sites(job, at.sites)
    standing = _standing(job, folder)
    if standing is not None:
        complain(_("going on after round {n}").format(n=standing.number))
    folders = local.Folders(at.sites, at.records, folder)
    with Progress() as progress, local.opened(job, sites, folders) as (hub, gates):
        progress.step(_("setting up"))
        losses: list[float] = []
        try:
            ended = local.run(hub, folder, standing, lambda done: progress.step(_told(done, job, losses)))
        finally:
            _tell_faults(hub, {name: gate.why for name, gate in gates.items()})
    return Ended(hub, ended)


def _standing(job: Job, folder: Path) -> Standing | None:
    """Where the run in a folder stands; a folder that is not there is begun. Raises `UsageError` for another job's."""
    from privacy.federated import checkpoint

    if not (folder / checkpoint.JOB).exists():
        checkpoint.found(folder, job)
        return None
    before, standing = checkpoint.load(folder)
    if before.digest != job.digest:
        hint = _("Give another folder with -o.")
        raise UsageError(_("is the run of another job"), where=str(folder), hint=hint)
    return standing


def _told(done: Round, job: Job, losses: list[float]) -> str:
    """A round in one line, with the curve of all losses so far."""
    from privacy.federated.report.terminal import sparkline

    sites = _("{n} of {total} sites").format(n=len(done.sites), total=len(job.parties.sites))
    text = _("round {n}: {stage}, {sites}").format(n=done.number, stage=done.stage, sites=sites)
    if done.loss is None:
        return text
    losses.append(done.loss)
    return text + _(", loss {loss} {curve}").format(loss=f"{done.loss:.4g}", curve=sparkline(losses, 30))


def _tell_faults(hub: Hub, why: Mapping[str, list[str]]) -> None:
    """Which sites gave no answer, and why; their own words, since all of them are here."""
    from secops.core.say import complain

    for site, fault in hub.faults.items():
        words = "; ".join(why.get(site, ())) or fault
        complain(_("{site} is not in it: {reason}").format(site=site, reason=words))


def check(job: Job, at: Places, fmt: str) -> int:
    """Findings of each site and between them."""
    from privacy.federated.check import drift, findings, profile
    from privacy.federated.site import data
    from secops.core.document import show_document
    from secops.core.rows import show
    from secops.core.say import say

    sites, read = _read(job, at)
    profiles = [profile.profile(job, sites[name], local) for name, local in read.items()]
    found = [each for one in profiles for each in findings.judge(job, one)] + drift.judge(job, profiles)
    refused = [
        (name, reason)
        for name, local in read.items()
        for reason in data.refusals(job, sites[name], data.chosen(job, local))
    ]
    if fmt == "json":
        show_document({"findings": found, "refused": [{"site": name, "reason": reason} for name, reason in refused]})
    else:
        rows = [(each.site, _(each.severity.value), str(each.reason)) for each in found]
        rows += [(name, _("refused"), str(reason)) for name, reason in refused]
        show((_("site"), _("severity"), _("what")), rows, fmt)
        if not rows:
            say(_("Nothing found."))
    return Exit.REFUSED if refused else Exit.FINDINGS if found else Exit.CLEAN


def count(job: Job, at: Places, fmt: str) -> int:
    """How many take part at each site."""
    from privacy.federated.count import count as feasible
    from secops.core.document import show_document
    from secops.core.rows import show

    sites, read = _read(job, at)
    counts = [feasible(job, sites[name], local) for name, local in read.items()]
    if fmt == "json":
        show_document(counts)
    else:
        rows = [
            (one.site, one.training, one.test, ", ".join(f"{label} {n}" for label, n in one.labels.items()),
             "; ".join(map(str, one.refused)))
            for one in counts
        ]  # fmt: skip
        show((_("site"), _("training"), _("test"), _("labels"), _("refused")), rows, fmt)
    return Exit.REFUSED if any(one.refused for one in counts) else Exit.CLEAN


def _read(job: Job, at: Places) -> tuple[dict[str, Site], dict[str, Local]]:
    from privacy.federated import local
    from privacy.federated.site import data
    from secops.core.progress import Progress

    sites = local.sites(job, at.sites)
    read = {}
    with Progress() as progress:
        progress.step(_("reading records"), total=len(sites))
        for name, site in sites.items():
            read[name] = data.read(job, site, at.records)
            progress.advance()
    return sites, read


def dummy(job: Job, folder: Path, rows: int, seed: int) -> None:
    """Made-up records and a file for each site."""
    from privacy.federated import dummy as made
    from secops.core.folder import must_be_new, writing
    from secops.core.render import write_whole

    must_be_new(folder)
    with writing(folder):
        for name in ("sites", "data"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    for number, site in enumerate(job.parties.sites):
        write_whole(folder / "data" / f"{site}.csv", made.to_csv(made.records(job, rows, seed + number)).encode())
        write_whole(folder / "sites" / f"{site}.yml", made.site_yml(job, site, f"{site}.csv").encode())


def budget(path: Path, wanted: tuple[str, str] | None, fmt: str) -> None:
    """Found a site's budget, or show it."""
    from privacy.federated.dp import budget as budgets
    from privacy.federated.local import budget_of
    from privacy.federated.site import mapping
    from secops.core.document import show_document
    from secops.core.say import say

    site, place = mapping.load(path), budget_of(path)
    found = budgets.found(place, site.dataset, *wanted) if wanted else budgets.read(place)
    if fmt == "json":
        show_document(found)
        return
    text = _("{dataset}: epsilon {spent} of {epsilon} spent by {n} runs, at delta {delta}")
    spent = f"{found.epsilon_spent():.3g}"
    say(text.format(dataset=found.dataset, spent=spent, epsilon=found.epsilon, n=len(found.debits), delta=found.delta))


def lab(name: str, folder: Path, data: Path | None) -> None:
    """Lay a lab down, and say how to go on."""
    from privacy.federated.labs.lab import lay
    from secops.core.say import say

    lay(name, folder, data)
    say(_("{folder}/README.md says what there is to see. It begins with:").format(folder=folder))
    say(f"  citywall fl check {folder}/job.yml")
    say(f"  citywall fl run {folder}/job.yml -o {folder}/run")


def predict(run: Path, records: Path, site: Path | None, output: Path | None) -> None:
    """Predictions of a run's model for the records of a file."""
    import sys

    from privacy.cli._outcome import OUTCOME
    from privacy.federated import checkpoint
    from privacy.federated.report import outcome
    from privacy.federated.report import predict as predictions
    from privacy.federated.site import mapping
    from secops.core.render import write_whole

    job, _standing_of_run = checkpoint.load(run)
    found = outcome.parse(checkpoint.read(run / OUTCOME), str(run / OUTCOME))
    local = predictions.read(job, records, mapping.load(site) if site else None)
    text = predictions.to_csv(job, predictions.predict(job, found, local))
    if output:
        write_whole(output, text.encode())
    else:
        sys.stdout.write(text)


def compare(job: Job, at: Places, run: Path) -> None:
    """Local, federated and pooled models on the records that are held back: for simulations, which have all records."""
    from privacy.cli._outcome import OUTCOME
    from privacy.federated import checkpoint
    from privacy.federated.report import compare as comparing
    from privacy.federated.report import outcome, terminal
    from privacy.federated.site import data
    from secops.core.say import say

    sites, read = _read(job, at)
    designs = {name: data.take_part(job, local, sites[name]).design for name, local in read.items()}
    found = outcome.parse(checkpoint.read(run / OUTCOME), str(run / OUTCOME))
    rows = comparing.compare(job, designs, found)
    for line in [*terminal.comparison(rows), "", *terminal.by_site(rows)]:
        say(line)
