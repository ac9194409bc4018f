"""The whole way with four hospitals' records: gates, masks and a hub, then outcome, door, predictions, comparison."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.disclosure import door as way_out
from privacy.disclosure import read, write
from privacy.disclosure.policy import Policy
from privacy.disclosure.result import Cleared
from privacy.federated import local
from privacy.federated.report import card, compare, door, making, outcome, page, predict
from privacy.federated.site import data
from tests.privacy.disclosure.samples import Memory
from tests.privacy.federated import kit


def test_the_whole_way(tmp_path):
    folder, job = kit.heart(), kit.job(tmp_path)
    mapped = kit.SITE.replace("cell: 3", "cell: 1")  # Switzerland has one patient without the disease in training
    sites = {name: kit.site(tmp_path, mapped.replace("SITE", name)) for name in job.parties.sites}
    records = {name: data.chosen(job, data.read(job, site, folder)) for name, site in sites.items()}
    places = local.Folders(tmp_path, folder, tmp_path)
    with local.opened(job, sites, places) as (hub, _gates):
        standing = local.run(hub, tmp_path, None, lambda _round: None)
    made = making.outcome(job, hub.method, standing)
    made = outcome.parse(outcome.dump(made), "x")
    designs = {name: own.design for name, own in records.items()}
    assert set(made.sites) == set(sites)
    assert made.evaluation.classified.auc.interval.lower > 0.75
    _check_pooled(job, made, designs)
    _check_door(tmp_path, job, made)
    _check_predictions(tmp_path, job, made, folder, sites["hungarian"])
    assert "cholesterol" in page.markdown(card.card(job, made))


def _check_pooled(job, made, designs):
    *own, federated, pooled = compare.compare(job, designs, made)
    assert federated.together.accuracy == pooled.together.accuracy == made.evaluation.classified.accuracy
    assert pooled.together.brier == pytest.approx(federated.together.brier, abs=1e-9)
    assert {row.site for row in own} == set(designs)


def _check_door(tmp_path, job, made):
    path = tmp_path / "result.npz"
    path.write_bytes(write.packed(door.results(job, made, "heart", "1")["coefficients"]))
    assert isinstance(way_out.clear(read.read(path), Policy(name="test"), Memory()), Cleared)


def _check_predictions(tmp_path, job, made, folder, site):
    found = predict.predict(job, made, predict.read(job, folder / "processed.hungarian.data", site))
    lines = (folder / "processed.hungarian.data").read_text("utf-8").split()
    assert len(found.values) == len(lines)
    without_chol = [line.split(",")[4] == "?" for line in lines]
    assert ["cholesterol" in names for names in found.assumed] == without_chol
    assert np.isnan(found.values).tolist() == [bool(names) for names in found.lacks]
    assert ((found.values > 0) & (found.values < 1))[~np.isnan(found.values)].all()
