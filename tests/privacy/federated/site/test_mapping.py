"""`site.yml` is strict by itself and beside a job, and each error names its line."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.federated.site import mapping, policy
from privacy.federated.site.mapping import DatabaseSource, FileSource, Floor
from secops.core.errors import UsageError
from tests.privacy.federated.kit import JOB, SITE, job, site

LINES = {line.split(":")[0].strip(): number for number, line in enumerate(SITE.splitlines(), 1)}


def test_what_is_read(tmp_path):
    read = site(tmp_path, SITE.replace("SITE", "va"))
    assert isinstance(read.source, FileSource)
    assert read.source.header[:2] == ("age", "sex")
    assert read.person is None
    assert read.features["sex"].codes == {0: "female", 1: "male"}
    assert [read.features["disease"].label(code) for code in range(3)] == ["false", "true", "true"]
    assert read.policy.floor == Floor(rows=20, cell=3)
    assert (read.policy.aggregation, read.policy.survivors_may_change) == (("masks",), False)
    assert list(mapping.job_faults(read, job(tmp_path))) == []


def test_a_table_of_postgresql(tmp_path):
    text = SITE.replace("SITE", "va")
    begin, end = text.index("  kind: file"), text.index("person:")
    text = text[:begin] + "  kind: postgresql\n  url: HEART_URL\n  table: heart\n" + text[end:]
    assert site(tmp_path, text).source == DatabaseSource(url="HEART_URL", table="heart", schema="public")
    with pytest.raises(UsageError, match="matching"):
        site(tmp_path, text.replace("HEART_URL", "postgresql://u:secret@db/x"))


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("person: null\n", "", "", "required field `person`"),
        ("person: null", "person: age", "age", "age stands twice"),
        ("column: sex,", "column: age,", "sex", "age stands twice"),
        ("column: sex,", "columns: sex,", "sex", "unknown field `columns`"),
        ("0: female, 1: male", "0: female, '1': male", "sex", "numbers or text, not both"),
        ("0: female, 1: male", "0.5: female", "sex", "Expected `int | str`"),
        ("0: female, 1: male", "", "sex", "length >= 1"),
        ("0: false, 1: true", "0: false, 1: true, 9: true", "sugar", ""),
        ("true}, missing: ['?']", "", "sugar", ""),
        ("[age, sex", "[age, age", "header", "age stands twice"),
        ("rows: 20", "rows: 0", "floor", "Expected `int` >= 1"),
        ("[statistics, logistic]", "[statistics, forest]", "methods", "Invalid enum value 'forest'"),
        ("kind: file", "kind: url", "kind", "Invalid value 'url'"),
        ("  kind: file", "  kind: file\n  encoding: latin-1", "path", "Invalid enum value"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, old, new, at, reason):
    text = SITE.replace("SITE", "va").replace(old, new)
    if not reason:
        site(tmp_path, text)
        return
    with pytest.raises(UsageError, match=reason) as caught:
        site(tmp_path, text)
    place, _, line = caught.value.where.rpartition(":")
    assert (place.endswith("site.yml") and int(line) == LINES[at]) if at else caught.value.where.endswith("site.yml")


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("  pulse:", "  heart rate:", "features", "pulse is a feature of the job"),
        ("1: male", "1: man", "sex", "'man' is none of the labels"),
        ("0: false, 1: true}", "0: no, 1: true}", "sugar", "'no' is none of the labels"),
        ("unit: mg/dl", "unit: mg/dL", "cholesterol", "'mg/dL' is no unit that is known"),
        ("unit: mg/dl", "unit: kg", "cholesterol", "nothing makes mg/dl of 'kg'"),
        ("unit: mg/dl", "unit: mmol/l", "cholesterol", ""),
        ("column: age, unit: year", "column: age, unit: month", "age", "whole numbers stay whole in year alone"),
        ("column: age, unit: year", "column: age", "age", r"its unit \(year\) has to stand here"),
        ("column: sex,", "column: sex, unit: kg,", "sex", "has labels in the job, and no unit"),
        ("column: age,", "column: age, codes: {1: male},", "age", "is a number in the job, and has no labels"),
    ],
)
def test_what_a_job_needs_has_to_stand_there(tmp_path, old, new, at, reason):
    read = site(tmp_path, SITE.replace("SITE", "va").replace(old, new))
    wanted = job(tmp_path)
    if not reason:
        mapping.fit(tmp_path / "site.yml", read, wanted)
        return
    with pytest.raises(UsageError, match=reason) as caught:
        mapping.fit(tmp_path / "site.yml", read, wanted)
    assert abs(int(caught.value.where.rpartition(":")[2]) - LINES[at]) <= (at == "features")


def test_who_is_held_back_where_the_job_leaves_it_to_the_site(tmp_path):
    text = SITE.replace("SITE", "va")
    wanted = job(tmp_path, JOB.replace("{by: hash, percent: 34, seed: 43}", "{by: site}"))
    with pytest.raises(UsageError, match="`held` has to say"):
        mapping.fit(tmp_path / "site.yml", site(tmp_path, text), wanted)
    text += "held: {column: slope, codes: [CODES]}\n"
    mapping.fit(tmp_path / "site.yml", site(tmp_path, text.replace("CODES", "3")), wanted)
    with pytest.raises(UsageError, match="numbers or text"):
        site(tmp_path, text.replace("CODES", "3, test"))
    with pytest.raises(UsageError, match="age stands twice"):
        site(tmp_path, text.replace("slope, codes: [CODES]", "age, codes: [3]"))


def test_the_policy(tmp_path):
    made, wanted = site(tmp_path, SITE.replace("SITE", "va")), job(tmp_path)
    assert policy.judge(wanted, made) == []
    other = site(tmp_path, SITE.replace("SITE", "vb").replace("[statistics, logistic]", "[linear]"))
    plain = job(tmp_path, JOB.replace("by: masks", "by: plain"))
    assert [each.code for each in policy.judge(plain, other)] == ["site-party", "site-method", "site-aggregation"]
    text = SITE.replace("SITE", "va").replace("[statistics, logistic]", "[logistic]\n  aggregation: [masks, plain]")
    assert policy.judge(plain, site(tmp_path, text)) == []


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_in_a_file_is_more_than_a_site_or_an_error(tmp_path, data):
    text = SITE.replace("SITE", "va")
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.text(max_size=6)) + text[at + data.draw(st.integers(0, 20)) :]
    path = tmp_path / "site.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    wanted = job(tmp_path)
    where = str(path)
    try:
        made = mapping.load(path)
        mapping.fit(path, made, wanted)
    except UsageError as error:
        where = error.where
    assert where.startswith(str(path))
