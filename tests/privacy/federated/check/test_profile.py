"""A profile is counts of people that a floor has made coarse, and findings are of the profile alone."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.federated.check import findings
from privacy.federated.check.profile import Profile, Summary, profile
from privacy.federated.site.data import Local
from tests.privacy.federated import kit
from tests.privacy.federated.site import small

_VALUES = {
    "sick": [0.0, 1.0, np.nan, np.inf],
    "sex": [0.0, 1.0, 2.0, np.nan, np.inf],
    "heat": [34.0, 36.6, 42.5, 20.0, np.nan, np.inf],
    "sugar": [1.0, 5.5, 40.0, 99.0, np.nan, np.inf],
    "visits": [0.0, 9.0, 10.0, np.nan, np.inf],
}


def world(folder, columns, people=None, *, site=small.SITE, cell=1):
    wanted = kit.job(folder, small.JOB)
    made = kit.site(folder, site.replace("cell: 1", f"cell: {cell}"))
    names = [column.name for column in wanted.columns()]
    values = np.column_stack([np.asarray(columns[name], dtype=float) for name in names])
    whose = np.arange(len(values)) if people is None else np.asarray(people, dtype=np.int64)
    found = Local(wanted.columns(), values, whose, np.zeros(len(values), dtype=bool))
    return wanted, profile(wanted, made, found)


def healthy(rows):
    """Records with nothing wrong."""
    place = np.arange(rows)
    return {
        "sick": place % 2, "sex": place % 3, "heat": 36 + place % 5, "sugar": 4 + place % 7, "visits": place % 10,
    }  # fmt: skip


def codes(folder, columns, **options):
    wanted, made = world(folder, columns, **options)
    return {(each.reason.code, each.feature, str(each.severity)) for each in findings.judge(wanted, made)}


def test_what_is_counted(tmp_path):
    columns = healthy(40)
    columns["heat"] = [*[np.nan] * 10, *[99] * 4, *[np.inf] * 6, *[36.6] * 20]
    _, made = world(tmp_path, columns)
    heat = next(summary for summary in made.features if summary.feature == "heat")
    assert (heat.present, heat.missing, heat.outside, heat.unknown) == (20, 10, 4, 6)
    assert heat.cells == (0, 0, 0, 20, 0, 0, 0, 0, 0, 0)
    assert heat.constant
    assert (made.people, made.taking, made.held, made.base) == (40, 20, 0, 1)
    sex = next(summary for summary in made.features if summary.feature == "sex")
    assert sex.cells == (14, 13, 13)


def test_people_are_counted_and_not_records(tmp_path):
    _, made = world(tmp_path, healthy(40), people=np.arange(40) // 4)
    assert made.people == 10
    assert next(summary for summary in made.features if summary.feature == "sick").cells == (10, 10)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), cell=st.integers(1, 9))
def test_no_count_is_finer_than_the_floor(tmp_path, data, cell):
    rows = data.draw(st.integers(0, 25))
    columns = {
        name: data.draw(st.lists(st.sampled_from(v), min_size=rows, max_size=rows)) for name, v in _VALUES.items()
    }
    people = data.draw(st.lists(st.integers(-1, 12), min_size=rows, max_size=rows))
    wanted, made = world(tmp_path, columns, people, cell=cell)
    numbers = [made.people, made.taking, made.held, made.nameless]
    for each in made.features:
        numbers += [each.present, each.missing, each.outside, each.unknown, *each.cells]
    assert all(number % cell == 0 for number in numbers)
    again = msgspec.json.decode(msgspec.json.encode(made), type=Profile)
    assert findings.judge(wanted, again) == findings.judge(wanted, made)
    sizes = {name: (3 if name == "sex" else 2 if name == "sick" else 10) for name in columns}
    assert {each.feature: len(each.cells) for each in made.features} == sizes


def test_one_more_person_is_seen_in_steps_only(tmp_path):
    """Of eight sizes that follow each other, seven look the same as the one before."""
    seen = [
        msgspec.json.encode(world(tmp_path, healthy(1) | {k: [v[0]] * n for k, v in healthy(1).items()}, cell=8)[1])
        for n in range(1, 25)
    ]
    assert len(set(seen)) == 4


def test_nothing_is_wrong(tmp_path):
    assert codes(tmp_path, healthy(100)) == set()


@pytest.mark.parametrize(("cell", "told"), [(8, False), (7, True)])
def test_what_fewer_have_than_the_floor_is_not_told(tmp_path, cell, told):
    columns = healthy(100)
    columns["heat"] = [99.0] * 7 + [37.0] * 50 + [38.0] * 43
    assert codes(tmp_path, columns, cell=cell) - {("left-out", None, "low")} == (
        {("impossible", "heat", "medium")} if told else set()
    )


@pytest.mark.parametrize(
    ("feature", "values", "wanted"),
    [
        ("heat", [np.nan] * 6 + [37, 38] * 47, {("missing", "heat", "low"), ("left-out", None, "low")}),
        ("heat", [np.nan] * 4 + [37, 38] * 48, set()),
        ("sugar", [np.nan] * 60 + [5, 6] * 20, {("missing", "sugar", "high")}),
        ("sugar", [np.nan] * 25 + [5] * 25 + [6] * 50, {("missing", "sugar", "medium")}),
        ("sugar", [0.5] * 2 + [5, 6] * 49, {("impossible", "sugar", "low")}),
        ("sugar", [np.inf] * 10 + [5, 6] * 45, {("unknown", "sugar", "medium")}),
        ("sugar", [np.nan] * 100, {("missing", "sugar", "high"), ("empty", "sugar", "high")}),
        ("sugar", [5] * 100, {("constant", "sugar", "medium")}),
        ("sugar", [5] * 99 + [6], set()),
        ("sick", [1] * 100, {("constant", "sick", "high")}),
    ],
)  # fmt: skip
def test_findings(tmp_path, feature, values, wanted):
    assert codes(tmp_path, healthy(100) | {feature: values}) == wanted


def test_nobody_takes_part(tmp_path):
    found = codes(tmp_path, healthy(100) | {"visits": [np.nan] * 100})
    assert found == {("nobody", None, "high"), ("missing", "visits", "high"), ("empty", "visits", "high")}
    assert ("nobody", None, "high") in codes(tmp_path, healthy(0))


def test_the_wrong_unit(tmp_path):
    """The file is said to have °F: what was read as such became °C, and was °C all along."""
    celsius = 36 + np.arange(100) % 5
    columns = healthy(100) | {"heat": (celsius - 32) / 1.8}
    wanted, made = world(tmp_path, columns)
    assert ("unit", "heat", "high") in codes(tmp_path, columns)
    heat = next(each for each in made.features if each.feature == "heat")
    assert heat.fits == ("°C",)
    said = [each.reason for each in findings.judge(wanted, made) if each.reason.code == "unit"]
    assert "(°C)" in said[0].en
    assert "°C" in said[0].zh
    half = healthy(100) | {"heat": np.where(np.arange(100) < 40, (celsius - 32) / 1.8, celsius)}
    assert not [code for code in codes(tmp_path, half) if code[0] == "unit"], "most are right"


@pytest.mark.parametrize(("number", "fits"), [(7, ()), (8, ("°C",))])
def test_the_wrong_unit_of_few_is_not_told(tmp_path, number, fits):
    columns = healthy(40) | {"heat": [(37 - 32) / 1.8] * number + [np.nan] * (40 - number)}
    _, made = world(tmp_path, columns, cell=8)
    assert next(each for each in made.features if each.feature == "heat").fits == fits


def test_glucose_by_mass_under_the_name_of_glucose_by_amount(tmp_path):
    columns = healthy(100) | {"sugar": 80 + np.arange(100) % 50}
    site = small.SITE.replace("unit: mg/dl", "unit: mmol/l")
    _, made = world(tmp_path, columns, site=site)
    assert "mg/dl" in next(each for each in made.features if each.feature == "sugar").fits


def test_a_split_without_enough_for_the_test(tmp_path):
    wanted, made = world(tmp_path, healthy(100))
    split = kit.job(tmp_path, small.JOB + "split: {by: hash, percent: 30}\n")
    assert [each.reason.code for each in findings.judge(split, made)] == ["no-test"]
    assert [each.reason.code for each in findings.judge(wanted, made)] == []


def test_records_of_nobody_knows_whom(tmp_path):
    people = [*range(90), *[-1] * 10]
    wanted, made = world(tmp_path, healthy(100), people=people)
    assert (made.people, made.taking, made.nameless) == (90, 90, 10)
    assert [(each.reason.code, each.feature) for each in findings.judge(wanted, made)] == [("nameless", None)]


def test_the_worst_comes_first(tmp_path):
    columns = healthy(100) | {"heat": [np.nan] * 6 + [37, 38] * 47, "visits": [99] * 60 + [1, 2] * 20}
    wanted, made = world(tmp_path, columns)
    severities = [each.severity.rank for each in findings.judge(wanted, made)]
    assert severities == sorted(severities)
    assert len(set(severities)) > 1


def test_texts_are_whole_in_both_languages():
    for texts in findings.TEXTS.values():
        assert {part for part in texts[0].split() if "{" in part}.__len__() == texts[1].count("{")


def test_a_summary_is_strict():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(
            b'{"feature":"a","present":-1,"cells":[],"missing":0,"outside":0,"unknown":0}', type=Summary
        )
