"""A small job, and a site with codes and units of its own."""

from __future__ import annotations

JOB = """\
id: small
title: {en: Small, zh: 小}
contract: c
purpose: p
parties:
  roster: sha256:0000000000000000000000000000000000000000000000000000000000000000
  researcher: institute
  hub: hub
  sites: [east, west, north]
features:
  sick: {type: boolean}
  sex: {type: text, labels: [female, male, other]}
  heat: {type: number, unit: °C, minimum: 34, maximum: "42.5"}
  sugar: {type: number, unit: mmol/l, substance: glucose, minimum: 1, maximum: 40, missing: keep}
  visits: {type: integer, minimum: 0, maximum: 9}
target: sick
method: {name: logistic}
rounds: 3
minimum: {sites: 3}
outputs: [coefficients]
"""

SITE = """\
site: east
dataset: visits
source: {kind: file, path: visits.csv}
person: null
features:
  sick: {column: 结果, codes: {"N": false, "Y": true, "y": true}}
  sex: {column: sex, codes: {1: female, 2: male}, missing: [9]}
  heat: {column: temp, unit: °F, missing: [-1]}
  sugar: {column: glu, unit: mg/dl, missing: [NA, 0]}
  visits: {column: n}
policy: {methods: [logistic], floor: {rows: 1, cell: 1}}
"""

HEADER = ["结果", "sex", "temp", "glu", "n", "who", "part"]

#: Text in the file → the value in the job (None: missing, "?": none that is known or in range), by column.
TEXTS: dict[str, dict[str, float | str | None]] = {
    "结果": {"N": 0, "Y": 1, "y": 1, "": None, "n": "?", "1": "?", "true": "?"},
    "sex": {"1": 0, "2.0": 1, "9": None, "9.0": None, "": None, "0": "?", "female": "?", "1.5": "?"},
    "temp": {"98.6": 37, "108.5": 42.5, "93.2": 34, "-1": None, "": None, "93.1": "?", "37": "?", "x": "?", "inf": "?"},
    "glu": {"90": 90 / 18.0156, "NA": None, "0": None, "0.0": None, "": None, "5": "?", "1e6": "?", "high": "?"},
    "n": {"0": 0, "9": 9, "3.0": 3, "": None, "10": "?", "-1": "?", "2.5": "?"},
}

#: Column in the file → feature of the job.
FEATURES = {"结果": "sick", "sex": "sex", "temp": "heat", "glu": "sugar", "n": "visits"}
