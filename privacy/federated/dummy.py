"""Made-up records of a job, from its features alone: so that a job can be written and tried before anybody sees any.

Nothing in them is like real records but the schema. Each number is as likely as any other in its range, each label as
any other, and features tell nothing of each other.
"""

from __future__ import annotations

import csv
import io

import msgspec
import numpy as np

from privacy.federated.job.features import Feature, IntegerFeature, column, labels_of
from privacy.federated.job.job import Job, SiteSplit
from privacy.federated.job.methods import name_of

#: What is missing, of 100 values, where the job can do without.
MISSING = 5

#: Of 100 records, those that are held back where the job leaves that to the site.
_HELD = 30


def records(job: Job, rows: int, seed: int) -> dict[str, list[str]]:
    """Columns of text, each of so many rows: as they would stand in a file. The same seed gives the same."""
    random = np.random.default_rng(seed)
    made = {name: _column(feature, rows, random) for name, feature in job.features.items()}
    if isinstance(job.split, SiteSplit):
        made[_held_name(job)] = [str(int(held)) for held in random.integers(0, 100, rows) < _HELD]
    return made


def to_csv(made: dict[str, list[str]]) -> str:
    """The records as a CSV file with a line of names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(made)
    writer.writerows(zip(*made.values(), strict=True))
    return text.getvalue()


def site_yml(job: Job, site: str, file: str) -> str:
    """The `site.yml` of a site that has the records in this file: each column is as the job wants it."""
    features: dict[str, dict[str, str]] = {}
    for name, feature in job.features.items():
        unit = getattr(feature, "unit", None)
        features[name] = {"column": name} | ({"unit": unit} if unit else {})
    document: dict[str, object] = {
        "site": site,
        "dataset": "dummy",
        "source": {"kind": "file", "path": file},
        "person": None,
        "features": features,
        "policy": {
            "methods": [name_of(job.method)],
            "aggregation": ["masks", "plain"],
            "floor": {"rows": 1, "cell": 1},
        },
    }
    if isinstance(job.split, SiteSplit):
        document["held"] = {"column": _held_name(job), "codes": [1]}
    return msgspec.yaml.encode(document).decode()


def _column(feature: Feature, rows: int, random: np.random.Generator) -> list[str]:
    made = _values(feature, rows, random)
    if feature.missing != "drop":
        gaps = random.integers(0, 100, rows) < MISSING
        made = ["" if gap else text for gap, text in zip(gaps, made, strict=True)]
    return made


def _values(feature: Feature, rows: int, random: np.random.Generator) -> list[str]:
    if labels := labels_of(feature):
        return [labels[place] for place in random.integers(0, len(labels), rows)]
    of = column("", feature)
    if isinstance(feature, IntegerFeature):
        return [str(value) for value in random.integers(int(of.lower), int(of.upper), rows, endpoint=True)]
    return [f"{value:.6g}" for value in random.uniform(of.lower, of.upper, rows)]


def _held_name(job: Job) -> str:
    """A name for the column of what is held back, that no feature has."""
    name = "held"
    while name in job.features:
        name += "_"
    return name
