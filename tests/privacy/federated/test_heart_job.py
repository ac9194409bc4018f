"""Four real hospitals: what their files become, and what is wrong with them that is well known."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.federated import count
from privacy.federated.check import drift, findings
from privacy.federated.check.profile import profile
from privacy.federated.site import data, mapping
from secops.core.errors import RefusedError
from tests.privacy.federated import kit

#: Records in the file, and with all that the job needs (cholesterol may be missing).
RECORDS = {"cleveland": (303, 303), "hungarian": (294, 285), "switzerland": (123, 46), "va": (200, 133)}


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory):
    """The job, and each hospital with its records."""
    folder, records = tmp_path_factory.mktemp("heart"), kit.heart()
    wanted, found = kit.job(folder), {}
    for name in RECORDS:
        made = kit.site(folder, kit.SITE.replace("SITE", name))
        mapping.fit(folder / "site.yml", made, wanted)
        found[name] = (made, data.read(wanted, made, records))
    return wanted, found


def test_the_records_that_take_part(hospitals):
    wanted, found = hospitals
    for name, (made, local) in found.items():
        records = data.chosen(wanted, local)
        assert (records.survey.records, len(records.people)) == RECORDS[name]
        lows, highs = (np.array([getattr(c, end) for c in records.design.columns]) for end in ("lower", "upper"))
        values = records.design.values
        assert (np.isnan(values) | ((values >= lows) & (values <= highs))).all()
        assert 0.25 < records.design.held.mean() < 0.43
        assert made.site == name


def test_what_the_first_record_of_a_file_becomes(hospitals):
    """63.0,1.0,1.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,3.0,0.0,6.0,0"""
    _, found = hospitals
    _, local = found["cleveland"]
    assert dict(zip((c.name for c in local.columns), local.values[0].tolist(), strict=True)) == {
        "age": 63, "sex": 1, "pain": 0, "pressure": 145, "cholesterol": 233, "sugar": 1, "pulse": 150,
        "depression": 2.3, "disease": 0,
    }  # fmt: skip


def test_what_is_wrong_at_each_hospital(hospitals):
    wanted, found = hospitals
    profiles = [profile(wanted, made, local) for made, local in found.values()]
    local = {(f.site, f.feature, f.reason.code): str(f.severity) for p in profiles for f in findings.judge(wanted, p)}
    assert not [key for key in local if key[0] == "cleveland"]
    assert local["switzerland", "cholesterol", "impossible"] == "high", "0 in all of 123"
    assert local["switzerland", "cholesterol", "empty"] == "high"
    assert local["switzerland", "sugar", "missing"] == "high"
    assert local["va", "cholesterol", "impossible"] == "medium", "0 in 49 of 200"
    assert local["va", "pressure", "missing"] == "medium"
    between = {(f.site, f.feature, f.reason.code): str(f.severity) for f in drift.judge(wanted, profiles)}
    assert between["switzerland", "cholesterol", "drift-missing"] == "high"
    assert between["switzerland", "disease", "drift-values"] == "medium", "115 of 123 are ill"
    assert next(iter(between.values())) == "high"


def test_where_the_range_lets_the_zeros_through(hospitals, tmp_path):
    _, found = hospitals
    wanted = kit.job(tmp_path, kit.JOB.replace("minimum: 50,", "minimum: 0,"))
    profiles = [profile(wanted, made, data.read(wanted, made, kit.heart())) for made, _ in found.values()]
    between = {(f.site, f.feature, f.reason.code): str(f.severity) for f in drift.judge(wanted, profiles)}
    assert between["switzerland", "cholesterol", "drift-constant"] == "high"
    assert between["switzerland", "cholesterol", "drift-values"] == "high"


def test_how_many_would_take_part(hospitals):
    wanted, found = hospitals
    counts = {name: count.count(wanted, made, local) for name, (made, local) in found.items()}
    assert (counts["cleveland"].training, counts["cleveland"].test) == (201, 99)
    assert counts["cleveland"].labels == {"false": 162, "true": 138}, "164 and 139, in steps of 3"
    assert counts["switzerland"].labels == {"false": 0, "true": 45}, "a single one is well"
    assert {reason.code for reason in counts["switzerland"].refused} == {"floor-cell"}
    assert {reason.en.split(":")[0] for reason in counts["switzerland"].refused} == {"disease", "sex", "pain"}
    made, local = found["switzerland"]
    with pytest.raises(RefusedError, match="a label that too few people have"):
        data.take_part(wanted, local, made)
    made, local = found["hungarian"]
    assert len(data.take_part(wanted, local, made).people) == 285
