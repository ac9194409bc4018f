"""A site's records become the job's: codes, units, ranges, whose they are, and what is held back."""

from __future__ import annotations

import csv
import io
import math
from traceback import format_exception

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.federated.job.job import HashSplit
from privacy.federated.site import data
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated import kit
from tests.privacy.federated.site.small import FEATURES, HEADER, JOB, SITE, TEXTS

_ROW = st.fixed_dictionaries({name: st.sampled_from(list(texts)) for name, texts in TEXTS.items()})

GOOD = {"结果": "Y", "sex": "1", "temp": "98.6", "glu": "90", "n": "3", "who": "p", "part": "train"}


def rows(*changes: dict[str, str]) -> list[dict[str, str]]:
    return [GOOD | change for change in changes]


def written(folder, records, *, header=True):
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, restval="", lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(records)
    (folder / "visits.csv").write_text(text.getvalue(), "utf-8")


def local(folder, records, job=JOB, site=SITE):
    written(folder, records)
    wanted, made = kit.job(folder, job), kit.site(folder, site)
    return wanted, made, data.read(wanted, made, folder)


def part(folder, records, job=JOB, site=SITE):
    wanted, made, found = local(folder, records, job, site)
    return data.take_part(wanted, found, made)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(_ROW, min_size=1, max_size=12))
def test_every_value_is_what_the_files_say_or_missing_and_counted(tmp_path, records):
    wanted, _, found = local(tmp_path, records)
    taken = data.chosen(wanted, found)
    assert taken.survey.records == len(records)
    for column, feature in FEATURES.items():
        means = [TEXTS[column][record[column]] for record in records]
        assert taken.survey.missing[feature] == means.count(None)
        assert taken.survey.outside[feature] == means.count("?")
    whole = [
        record
        for record in records
        if all(isinstance(TEXTS[column][record[column]], int | float) for column in FEATURES if column != "glu")
    ]
    assert len(taken.design.values) == len(taken.people) == len(whole)
    for column, feature in FEATURES.items():
        for record, value in zip(whole, taken.design.column(feature), strict=True):
            meant = TEXTS[column][record[column]]
            assert value == pytest.approx(meant) if isinstance(meant, int | float) else math.isnan(value)


def test_a_value_at_the_end_of_its_range_is_within_after_conversion(tmp_path):
    """108.5 °F is 42.5 °C, and 42.50000000000001 in floats."""
    assert part(tmp_path, rows({"temp": "108.5"}, {"temp": "93.2"})).design.column("heat").tolist() == [42.5, 34]


def test_columns_that_are_not_mapped_are_not_read(tmp_path):
    """A file that lacks them does as well; one that lacks a mapped one does not."""
    written(tmp_path, rows({}))
    text = (tmp_path / "visits.csv").read_text("utf-8")
    wanted, made = kit.job(tmp_path, JOB), kit.site(tmp_path, SITE)
    (tmp_path / "visits.csv").write_text(text.replace("who", "x").replace("part", "x"), "utf-8")
    assert len(data.read(wanted, made, tmp_path).values) == 1
    (tmp_path / "visits.csv").write_text(text.replace("glu", "GLU"), "utf-8")
    with pytest.raises(UsageError, match="has no column glu"):
        data.read(wanted, made, tmp_path)


def test_parquet_gives_the_same(tmp_path):
    records = rows({}, {"sex": "2", "temp": ""}, {"n": "0", "glu": ""})
    wanted, _, first = local(tmp_path, records)
    source = duckdb.read_csv(str(tmp_path / "visits.csv"), all_varchar=True)
    types = 'sex::int as sex, temp::double as temp, glu::double as glu, n::bigint as n, "结果"'
    source.project(types).write_parquet(str(tmp_path / "visits.parquet"))
    other = kit.site(tmp_path, SITE.replace("visits.csv", "visits.parquet"))
    np.testing.assert_array_equal(data.read(wanted, other, tmp_path).values, first.values)
    assert np.isnan(first.values).sum() == 2


def test_a_file_without_a_line_of_names(tmp_path):
    wanted, _, first = local(tmp_path, rows({}, {"sex": "2"}))
    written(tmp_path, rows({}, {"sex": "2"}), header=False)
    named = SITE.replace("visits.csv", f"visits.csv, header: [{', '.join(HEADER)}]")
    found = data.read(wanted, kit.site(tmp_path, named), tmp_path)
    np.testing.assert_array_equal(found.values, first.values)
    short = kit.site(tmp_path, named.replace(", part]", "]"))
    with pytest.raises(UsageError, match="row 1 has other columns"):
        data.read(wanted, short, tmp_path)


def test_gb18030(tmp_path):
    wanted, _, first = local(tmp_path, rows({}, {"sex": "2"}))
    text = (tmp_path / "visits.csv").read_text("utf-8")
    (tmp_path / "visits.csv").write_bytes(text.encode("gb18030"))
    made = kit.site(tmp_path, SITE.replace("visits.csv", "visits.csv, encoding: gb18030"))
    np.testing.assert_array_equal(data.read(wanted, made, tmp_path).values, first.values)


def test_no_error_tells_of_a_value(tmp_path):
    written(tmp_path, rows({}))
    (tmp_path / "visits.csv").open("a", encoding="utf-8").write('Y,1,98.6,s3cret"s3cret,3,p,train\n')
    wanted, made = kit.job(tmp_path, JOB), kit.site(tmp_path, SITE)
    with pytest.raises(UsageError) as caught:
        data.read(wanted, made, tmp_path)
    assert "s3cret" not in "".join(format_exception(caught.value)) + caught.value.hint


def test_a_site_that_does_not_fit_is_not_read(tmp_path):
    wanted = kit.job(tmp_path, JOB)
    made = kit.site(tmp_path, SITE.replace("unit: °F", "unit: kg"))
    with pytest.raises(UsageError, match="nothing makes °C of 'kg'"):
        data.read(wanted, made, tmp_path)


# whose a record is

PEOPLE = SITE.replace("person: null", "person: who")


def test_people_have_several_records_and_a_record_without_a_person_takes_no_part(tmp_path):
    found = part(tmp_path, rows({"who": "a"}, {"who": "b"}, {"who": "a"}, {"who": ""}), site=PEOPLE)
    assert len(found.people) == 3
    assert found.people[0] == found.people[2] != found.people[1]


def test_privacy_protects_one_record_of_each(tmp_path):
    privacy = JOB.replace("name: logistic", "name: gradient, records: 9")
    privacy += 'privacy: {epsilon: 1, delta: "0.0001", clip: 1}\n'
    allowed = PEOPLE.replace("[logistic]", "[gradient]")
    assert len(part(tmp_path, rows({"who": "a"}, {"who": "b"}), privacy, allowed).people) == 2
    with pytest.raises(RefusedError, match="several records"):
        part(tmp_path, rows({"who": "a"}, {"who": "a"}), privacy, allowed)
    each = SITE.replace("[logistic]", "[gradient]")
    assert len(part(tmp_path, rows({"who": "a"}, {"who": "a"}), privacy, each).people) == 2, "each is another's here"


# what is held back

SPLIT = JOB + "split: {by: hash, percent: 30, seed: 7}\n"


def test_a_share_is_held_back_and_all_of_a_person(tmp_path):
    people = [{"who": f"p{number % 500}", "n": str(number % 10)} for number in range(2000)]
    wanted, _, found = local(tmp_path, rows(*people), SPLIT, PEOPLE)
    by_person = dict(zip(found.people.tolist(), found.held.tolist(), strict=True))
    assert [by_person[person] for person in found.people.tolist()] == found.held.tolist()
    assert 0.24 < np.mean(list(by_person.values())) < 0.36
    _, _, again = local(tmp_path, rows(*reversed(people)), SPLIT, PEOPLE)
    assert again.held.tolist() == found.held.tolist()[::-1], "whatever the order"
    _, _, other = local(tmp_path, rows(*people), SPLIT.replace("seed: 7", "seed: 8"), PEOPLE)
    assert other.held.tolist() != found.held.tolist()
    assert wanted.split == HashSplit(percent=30, seed=7)


def test_without_people_equal_records_are_on_one_side():
    values = np.array([[1, np.nan], [2, 0.0], [1, -np.nan], [2, -0.0]] * 3)
    for seed in range(20):
        held = data.hashed(values, HashSplit(percent=50, seed=seed))
        assert held[0] == held[2]
        assert held[1] == held[3]


def test_the_split_is_the_same_on_every_machine_and_in_every_version(tmp_path):
    """Whoever was held back stays so: these are written down. (DuckDB's hash of people is part of it.)"""
    people = [{"who": f"p{number}"} for number in range(12)]
    _, _, found = local(tmp_path, rows(*people), SPLIT, PEOPLE)
    assert np.flatnonzero(found.held).tolist() == [2, 10]
    held = data.hashed(np.arange(24.0).reshape(12, 2), HashSplit(percent=30, seed=7))
    assert np.flatnonzero(held).tolist() == [1, 2, 4, 6]


@pytest.mark.parametrize("codes", ["[test, val]", "[1]"])
def test_the_site_says_who_is_held_back(tmp_path, codes):
    job = JOB + "split: {by: site}\n"
    site = SITE + f"held: {{column: part, codes: {codes}}}\n"
    texts = ["train", "test", "1", "1.0", "val", ""]
    _, _, found = local(tmp_path, rows(*({"part": text} for text in texts)), job, site)
    wanted = {"test", "val"} if codes == "[test, val]" else {"1", "1.0"}
    assert [text for text, held in zip(texts, found.held, strict=True) if held] == [t for t in texts if t in wanted]


# floors


def floor(number_of_rows: int, cell: int) -> str:
    return SITE.replace("rows: 1, cell: 1", f"rows: {number_of_rows}, cell: {cell}")


def test_too_few_people(tmp_path):
    assert len(part(tmp_path, rows(*[{}] * 5), site=floor(5, 1)).people) == 5
    with pytest.raises(RefusedError, match="east: too few people take part"):
        part(tmp_path, rows(*[{}] * 4), site=floor(5, 1))
    with pytest.raises(RefusedError, match="too few people"):
        part(tmp_path, rows(*[{}] * 4), JOB.replace("{sites: 3}", "{sites: 3, rows: 5}"))
    several = rows(*[{"who": f"p{number // 2}"} for number in range(8)])
    assert len(part(tmp_path, several, site=floor(4, 1).replace("null", "who")).people) == 8
    with pytest.raises(RefusedError, match="too few people"):
        part(tmp_path, several, site=floor(5, 1).replace("null", "who"))


def test_records_that_are_held_back_do_not_fill_the_floor(tmp_path):
    job, site = JOB + "split: {by: site}\n", floor(5, 1) + "held: {column: part, codes: [test]}\n"
    with pytest.raises(RefusedError, match="too few people"):
        part(tmp_path, rows(*[{}] * 4, *[{"part": "test"}] * 6), job, site)


def test_more_than_the_job_allows(tmp_path):
    job = JOB + "maximum: {rows: 3}\n"
    assert len(part(tmp_path, rows(*[{}] * 3), job).people) == 3
    with pytest.raises(RefusedError, match="more records than the job allows"):
        part(tmp_path, rows(*[{}] * 4), job)


def test_a_label_is_of_nobody_or_of_enough(tmp_path):
    men = [{"sex": "2"}] * 6
    assert len(part(tmp_path, rows(*men), site=floor(1, 3)).people) == 6, "nobody is a woman"
    assert len(part(tmp_path, rows(*men, *[{}] * 3), site=floor(1, 3)).people) == 9
    with pytest.raises(RefusedError, match="sex: a label that too few people have") as caught:
        part(tmp_path, rows(*men, *[{}] * 2), site=floor(1, 3))
    assert "female" not in str(caught.value)
    several = rows(*({"sex": "2", "who": f"p{number}"} for number in range(6)), *[{"who": "a"}] * 3)
    with pytest.raises(RefusedError, match="sex: a label"):
        part(tmp_path, several, site=floor(1, 3).replace("null", "who"))


def test_a_value_that_few_have(tmp_path):
    lacking = [{"glu": ""}] * 6
    assert len(part(tmp_path, rows(*lacking), site=floor(1, 3)).people) == 6
    assert len(part(tmp_path, rows(*lacking, *[{}] * 3), site=floor(1, 3)).people) == 9
    with pytest.raises(RefusedError, match="sugar: too few people have a value"):
        part(tmp_path, rows(*lacking, *[{}] * 2), site=floor(1, 3))


def test_nothing_at_all(tmp_path):
    with pytest.raises(RefusedError, match="too few people"):
        part(tmp_path, [])
