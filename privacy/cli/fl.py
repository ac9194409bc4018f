"""`citywall fl`: federated learning, in one process."""

from __future__ import annotations

from pathlib import Path

import click

from privacy.cli._options import FILE, format_option, output_option
from secops.core.command import Command, Group
from secops.core.i18n import N_, _

sites_option = click.option(
    "--sites", "sites", type=FILE, metavar="DIR", help=N_("NAME.yml of each site; else `sites` beside the job.")
)
data_option = click.option(
    "--data",
    "records",
    type=FILE,
    metavar="DIR",
    help=N_("Where paths in site files begin; else `data` beside the job."),
)


@click.group(
    "fl",
    cls=Group,
    help=N_("""Federated learning (联邦学习): sites compute on their own records, and only sums leave them.

Here all sites of a job are in one process, each behind its own gate, with the messages
and checks that they have elsewhere.

Examples:
  citywall fl lab tumour -o tumour
  citywall fl check tumour/job.yml
  citywall fl run tumour/job.yml -o tumour/run
"""),
)
def command() -> None:
    pass


@command.command(
    "run",
    cls=Command,
    help=N_("""Run JOB over the sites, round by round. Where RUN has rounds of the same job, go on after
the last of them.

A round that fails ends the job: there is no model then, and the exit code says so.

Example:
  citywall fl run tumour/job.yml -o tumour/run

Exit code: 0 done, 2 wrong usage or a file that is wrong, 4 refused, 5 internal error.
"""),
)
@click.argument("job", type=FILE, metavar="JOB")
@click.option("-o", "--output", "folder", type=FILE, required=True, metavar="RUN", help=N_("The folder of this run."))
@click.option("--compare", is_flag=True, help=N_("Also fit each site alone, and all records pooled."))
@click.option("--dataset", metavar="NAME", help=N_("What the result is of, at the door; else the job's contract."))
@click.option("--version", metavar="VERSION", help=N_("Its version; else the job's id."))
@sites_option
@data_option
def run(
    job: Path, folder: Path, compare: bool, dataset: str | None, version: str | None,
    sites: Path | None, records: Path | None,
) -> None:  # fmt: skip
    from privacy.cli import _running
    from privacy.cli._outcome import show
    from privacy.federated.job import job as jobs
    from secops.core.say import say

    wanted, at = jobs.load(job), _running.places(job, sites, records)
    done = _running.run(wanted, at, folder)
    show(done, folder, dataset or wanted.contract, version or wanted.id)
    if compare:
        say()
        _running.compare(wanted, at, folder)


@command.command(
    "check",
    cls=Command,
    help=N_("""Judge JOB against the records of its sites: units, gaps, impossible values, and how the
sites differ from each other. Counts are rounded down as each site's floor demands.

Example:
  citywall fl check tumour/job.yml

Exit code: 0 nothing found, 1 findings, 2 wrong usage or a file that is wrong, 4 a site
does not take part, 5 internal error.
"""),
)
@click.argument("job", type=FILE, metavar="JOB")
@sites_option
@data_option
@format_option
def check(job: Path, sites: Path | None, records: Path | None, fmt: str) -> int:
    from privacy.cli import _running
    from privacy.federated.job import job as jobs

    return _running.check(jobs.load(job), _running.places(job, sites, records), fmt)


@command.command(
    "count",
    cls=Command,
    help=N_("""How many people would take part in JOB at each site, rounded down as its floor demands.

Example:
  citywall fl count tumour/job.yml

Exit code: 0 all sites take part, 2 wrong usage or a file that is wrong, 4 a site does not,
5 internal error.
"""),
)
@click.argument("job", type=FILE, metavar="JOB")
@sites_option
@data_option
@format_option
def count(job: Path, sites: Path | None, records: Path | None, fmt: str) -> int:
    from privacy.cli import _running
    from privacy.federated.job import job as jobs

    return _running.count(jobs.load(job), _running.places(job, sites, records), fmt)


@command.command(
    "dummy",
    cls=Command,
    help=N_("""Made-up records for JOB, of its features alone: for whoever writes a job and sees no data.

Example:
  citywall fl dummy tumour/job.yml -o made-up
  citywall fl run tumour/job.yml -o run --sites made-up/sites \\
      --data made-up/data

Exit code: 0 written, 2 wrong usage, 5 internal error.
"""),
)
@click.argument("job", type=FILE, metavar="JOB")
@click.option("-o", "--output", "folder", type=FILE, required=True, metavar="DIR", help=N_("A folder that is new."))
@click.option("--rows", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help=N_("For each site."))
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
def dummy(job: Path, folder: Path, rows: int, seed: int) -> None:
    from privacy.cli import _running
    from privacy.federated.job import job as jobs

    _running.dummy(jobs.load(job), folder, rows, seed)


@command.command(
    "budget",
    cls=Command,
    help=N_("""The privacy budget (隐私预算) of a site's records: what all jobs with differential privacy
may tell of a person in all, and what they have spent of it. It lies beside the site's file.

Examples:
  citywall fl budget tumour/sites/east.yml --epsilon 3 --delta 0.0001
  citywall fl budget tumour/sites/east.yml

Exit code: 0 done, 2 wrong usage, or there is a budget already, 5 internal error.
"""),
)
@click.argument("site", type=FILE, metavar="SITE")
@click.option("--epsilon", metavar="NUMBER", help=N_("Found it: the most that may be told."))
@click.option("--delta", metavar="NUMBER", help=N_("The chance that it is more."))
@format_option
def budget(site: Path, epsilon: str | None, delta: str | None, fmt: str) -> None:
    from privacy.cli import _running

    if (epsilon is None) != (delta is None):
        raise click.UsageError(_("--epsilon and --delta need each other."))
    _running.budget(site, (epsilon, delta) if epsilon and delta else None, fmt)


@command.command(
    "predict",
    cls=Command,
    help=N_("""What the model of RUN expects of the records of FILE (CSV or Parquet): a number, or the
chance of a label, and what each record lacks.

Example:
  citywall fl predict tumour/run tumour/data/east.csv \\
      --site tumour/sites/east.yml

Exit code: 0 done, 2 wrong usage or a file that is wrong, 5 internal error.
"""),
)
@click.argument("folder", type=FILE, metavar="RUN")
@click.argument("records", type=FILE, metavar="FILE")
@click.option("--site", type=FILE, metavar="FILE", help=N_("What its columns are; else they are called as in the job."))
@output_option
def predict(folder: Path, records: Path, site: Path | None, output: Path | None) -> None:
    from privacy.cli import _running

    _running.predict(folder, records, site, output)


@command.command(
    "lab",
    cls=Command,
    help=N_("""Lay down a lab: jobs, sites with their records, and a page that explains them.

tumour: measures of cell nuclei, shared among hospitals; comes with scikit-learn.
heart: heart patients of four hospitals; --data has the files of the collection.
flu-early-warning: visits to clinics and sales of pharmacies, made up with a known truth.

Example:
  citywall fl lab tumour -o tumour

Exit code: 0 done, 2 wrong usage or a file that is wrong, 5 internal error.
"""),
)
@click.argument("name", type=click.Choice(["tumour", "heart", "flu-early-warning"]), metavar="NAME")
@click.option("-o", "--output", "folder", type=FILE, required=True, metavar="DIR", help=N_("A folder that is new."))
@click.option("--data", type=FILE, metavar="DIR", help=N_("Files that the lab needs and does not bring."))
def lab(name: str, folder: Path, data: Path | None) -> None:
    from privacy.cli import _running

    _running.lab(name, folder, data)
