"""A job over four hospitals' heart patients, the hospitals' own files, and made-up records for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacy.federated.job import job as jobs
from privacy.federated.job.job import Job
from privacy.federated.site import mapping
from privacy.federated.site.mapping import Site

JOB = """\
id: heart-2026
title: {en: Heart disease, zh: 心脏病}
contract: heart
purpose: risk
parties:
  roster: sha256:0000000000000000000000000000000000000000000000000000000000000000
  researcher: institute
  hub: hub
  sites: [cleveland, hungarian, switzerland, va]
features:
  age: {type: integer, unit: year, minimum: 18, maximum: 100}
  sex: {type: text, labels: [female, male]}
  pain: {type: text, labels: [typical, atypical, other, none]}
  pressure: {type: number, unit: mmHg, minimum: 60, maximum: 260}
  cholesterol: {type: number, unit: mg/dl, substance: cholesterol, minimum: 50, maximum: 700, missing: mean}
  sugar: {type: boolean}
  pulse: {type: number, unit: /min, minimum: 40, maximum: 230}
  depression: {type: number, unit: mm, minimum: -3, maximum: 10}
  disease: {type: boolean}
target: disease
split: {by: hash, percent: 34, seed: 43}
method: {name: logistic, ridge: 1}
rounds: 6
aggregation: {by: masks, colluding: 1}
minimum: {sites: 3, rows: 20}
maximum: {rows: 1000}
outputs: [coefficients, evaluation]
"""

#: The files of the Heart Disease collection have no first line of names.
HEADER = "age, sex, cp, trestbps, chol, fbs, restecg, thalach, exang, oldpeak, slope, ca, thal, num"

SITE = f"""\
site: SITE
dataset: heart
source:
  kind: file
  path: processed.SITE.data
  header: [{HEADER}]
person: null
features:
  age: {{column: age, unit: year, missing: ["?"]}}
  sex: {{column: sex, codes: {{0: female, 1: male}}}}
  pain: {{column: cp, codes: {{1: typical, 2: atypical, 3: other, 4: none}}}}
  pressure: {{column: trestbps, unit: mmHg, missing: ["?"]}}
  cholesterol: {{column: chol, unit: mg/dl, missing: ["?"]}}
  sugar: {{column: fbs, codes: {{0: false, 1: true}}, missing: ["?"]}}
  pulse: {{column: thalach, unit: /min, missing: ["?"]}}
  depression: {{column: oldpeak, unit: mm, missing: ["?"]}}
  disease: {{column: num, codes: {{0: false, 1: true, 2: true, 3: true, 4: true}}}}
policy:
  methods: [statistics, logistic]
  floor: {{rows: 20, cell: 3}}
"""

_FOLDER = Path(__file__).parents[4] / "shared" / "data" / "heart-disease"


def heart() -> Path:
    """The folder of the real records; the test is skipped where it is absent."""
    if not _FOLDER.is_dir():
        pytest.skip("no heart data beside the checkout")
    return _FOLDER


def job(folder: Path, text: str = JOB) -> Job:
    """The job of this text."""
    path = folder / "job.yml"
    path.write_text(text, "utf-8")
    return jobs.load(path)


def site(folder: Path, text: str) -> Site:
    """The site of this text."""
    path = folder / "site.yml"
    path.write_text(text, "utf-8")
    return mapping.load(path)
