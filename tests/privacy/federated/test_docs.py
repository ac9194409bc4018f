"""The examples of docs/jobs.md are a job and a site that fit, and its tables name all there is."""

from __future__ import annotations

import re
from typing import get_args

from privacy.federated.check import findings
from privacy.federated.job import units
from privacy.federated.job.job import Output
from privacy.federated.job.methods import Method, Named
from privacy.federated.site import mapping
from tests.contract.documents import ROOT, example
from tests.privacy.federated import kit

PAGE = (ROOT / "docs/jobs.md").read_text("utf-8")


def test_the_examples_fit_each_other(tmp_path):
    job, site = kit.job(tmp_path, example("jobs.md")), kit.site(tmp_path, example("jobs.md", number=1))
    mapping.fit(tmp_path / "site.yml", site, job)


def test_the_defaults_that_it_tells_are_the_defaults(tmp_path):
    for number, load in ((0, kit.job), (1, kit.site)):
        text = example("jobs.md", number=number)
        less = "\n".join(line for line in text.splitlines() if "the default" not in line)
        assert less != text.rstrip("\n")
        assert load(tmp_path, less) == load(tmp_path, text)


def test_it_names_every_method_with_its_options_unit_substance_and_finding():
    rows = {row.split("|")[1]: row for row in PAGE.splitlines() if row.startswith("| `")}
    for kind in get_args(Method):
        row = next(row for names, row in rows.items() if f"`{kind.__struct_config__.tag}`" in names)
        assert set(kind.__struct_fields__) <= set(re.findall(r"`(\w+)`", row)), row
    assert {kind.__struct_config__.tag for kind in get_args(Method)} == set(get_args(Named))
    assert all(f"`{unit}`" in PAGE for unit in units.UNITS)
    assert all(substance in PAGE.replace("\n", " ") for substance in units.SUBSTANCES)
    assert all(f"`{code}`" in PAGE for code in findings.TEXTS)
    assert all(f"`{output}`" in PAGE for output in get_args(Output))
