"""Federated jobs in one process, start-up and masks included, against limits and Flower's own simulation engine."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Cost, measure
from privacy.federated import dummy
from privacy.federated.job import job as jobs
from privacy.federated.job.job import Job

#: Sites and rounds of training, and what they may take: seconds and MB.
_CASES = ((4, 3, 5.0, 300.0), (20, 20, None, None), (100, 20, 60.0, None))

_FEATURES, _ROWS = 30, 200

_JOB = """\
id: bench
title: {{en: Benchmark, zh: 基准}}
contract: bench
purpose: bench
parties: {{roster: "sha256:{zeros}", researcher: institute, hub: hub, sites: [{sites}]}}
features:
{features}
  y: {{type: boolean}}
target: y
method: {{name: fedavg, steps: 5, batch: 32}}
rounds: {rounds}
aggregation: {{by: masks, colluding: 1}}
minimum: {{sites: {least}, rows: 20}}
maximum: {{rows: 1000}}
outputs: [model]
"""


def lines() -> list[str]:
    """The report of this benchmark."""
    table = [
        f"## Federated averaging of {_FEATURES} features, {_ROWS} records a site, sums by masks, one process",
        "",
        "| sites | rounds | s with start-up | of the limit | CPU-s | MB | of the limit "
        "| Flower's simulation: s | times ours | MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for sites, rounds, seconds, megabytes in _CASES:
        with TemporaryDirectory() as place:
            folder = Path(place)
            _lay(folder, sites, rounds)
            ours, theirs = _ours(folder), _theirs(folder)
        table.append(
            f"| {sites} | {rounds} | {ours.wall:.1f} | {_of(ours.wall, seconds)} | {ours.cpu:.1f} | {ours.peak_mb:.0f} "
            f"| {_of(ours.peak_mb, megabytes)} | {_rival(ours, theirs)} |"
        )
    return [*table, *_note()]


def _lay(folder: Path, sites: int, rounds: int) -> None:
    """The job, and made-up records of its sites."""
    names = [f"s{number:03d}" for number in range(sites)]
    features = "\n".join(f"  x{n}: {{type: number, minimum: -5, maximum: 5}}" for n in range(_FEATURES))
    least = (sites + 1) // 2 + 1
    text = _JOB.format(
        zeros="0" * 64, sites=", ".join(names), features=features, rounds=rounds, least=least
    )  # fmt: skip
    (folder / "job.yml").write_text(text)
    job: Job = jobs.load(folder / "job.yml")
    for part in ("sites", "data"):
        (folder / part).mkdir()
    for number, name in enumerate(names):
        (folder / "data" / f"{name}.csv").write_text(dummy.to_csv(dummy.records(job, _ROWS, number)))
        (folder / "sites" / f"{name}.yml").write_text(dummy.site_yml(job, name, f"{name}.csv"))


def _ours(folder: Path) -> Cost:
    return measure([sys.executable, "-m", "secops", "fl", "run", str(folder / "job.yml"), "-o", str(folder / "run")])


def _theirs(folder: Path) -> Cost | None:
    if find_spec("ray") is None:
        return None
    app = Path(__file__).with_name("flower_app.py")
    return measure([sys.executable, str(app), *map(str, (folder / "job.yml", folder / "sites", folder / "data"))])


def _of(value: float, limit: float | None) -> str:
    return f"{value / limit:.2f} of {limit:g}" if limit else "–"


def _rival(ours: Cost, theirs: Cost | None) -> str:
    if theirs is None:
        return "– | – | –"
    return f"{theirs.wall:.1f} | {theirs.wall / ours.wall:.1f} | {theirs.peak_mb:.0f}"


def _note() -> list[str]:
    note = "The rival trains the same app without gate, masks or journal: what a site sends, the hub sees."
    return ["", note if find_spec("ray") else "Flower's simulation engine is not installed: `pip install ray==2.55.1`."]
