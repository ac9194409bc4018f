"""Clinics and pharmacies of five agencies: the known truth is found again, and the forecast warns."""

from __future__ import annotations

import csv
import math
from datetime import date

import numpy as np
import pytest

from privacy.federated.labs import flu, world
from privacy.federated.labs.warning import Alarm, alarms
from privacy.federated.methods.inference import regression
from tests.privacy.federated.labs import kit

#: Every coefficient by the name that the regression gives it.
TRUTH = {**world.TRUTH, **{f"weekday={place}": value for place, value in enumerate(world.WEEKDAY.values()) if place}}


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    return kit.laid("flu-early-warning", tmp_path_factory.mktemp("labs") / "flu")


@pytest.fixture(scope="module")
def done(laid):
    return {name: laid.run(name) for name in ("job", "clinics", "naive")}


def _inside(done) -> dict[str, bool]:
    """Whether each true coefficient lies in its interval."""
    found = regression(done.method.fit, done.state).coefficients
    assert {one.term for one in found} == set(TRUTH)
    return {one.term: one.interval.lower <= TRUTH[one.term] <= one.interval.upper for one in found}


def _naive_error(done) -> float:
    """Root of the mean square of what the naive forecast is off by, from the mean and spread that the job tells."""
    (moments, *_) = done.method.results(done.state)
    (one,) = moments
    count = one.records - one.missing
    return math.sqrt(one.mean**2 + one.sd**2 * (count - 1) / count)


def _alarms(laid, name, done) -> list[Alarm]:
    found = []
    for site, design in laid.records(name).items():
        with (laid.folder / f"data/{site}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        forecast = done.method.fit.score(done.method.fit.parameters(done.state), design)
        visits = np.array([float(row["visits"]) for row in rows])
        found += alarms([row["district"] for row in rows], design.held, visits, forecast)
    return found


def test_the_files_are_what_the_page_says(laid):
    rows = {site: laid.records("job")[site] for site in flu.AGENCIES}
    assert sum(int((~design.held).sum()) for design in rows.values()) == 10_281
    assert sum(int(design.held.sum()) for design in rows.values()) == 5_566
    with (laid.folder / "data/hills.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert {row["district"] for row in found} == {"hills-1", "hills-2", "hills-3"}
    by_day = {(row["district"], row["date"]): row for row in found}
    row = by_day["hills-2", "2024-10-24"]
    later = by_day["hills-2", "2024-10-31"]
    assert row["visits_ahead"] == later["visits"]
    assert (row["held"], row["naive_error"], row["weekday"]) == ("no", "", "thu")
    later, last = by_day["hills-2", "2024-10-25"], by_day["hills-2", "2024-11-01"]
    assert (later["held"], later["weekday"]) == ("yes", "fri")
    assert int(later["naive_error"]) == int(later["visits"]) - int(last["visits"])


def test_the_truth_lies_in_the_intervals(done):
    assert _inside(done["job"]) == dict.fromkeys(TRUTH, True)
    assert {round_.sites for round_ in done["job"].rounds} == {tuple(sorted(flu.AGENCIES))}


def test_where_pharmacies_are_left_out_another_law_is_found(done):
    """The twin: visits then have to stand for what pharmacies knew."""
    found = {one.term: one for one in regression(done["clinics"].method.fit, done["clinics"].state).coefficients}
    assert found["visits_week"].interval.lower > 2 * TRUTH["visits_week"]


def test_it_forecasts_better_than_clinics_alone_and_these_than_today(done):
    both, clinics = (done[name].method.measured(done[name].state) for name in ("job", "clinics"))
    assert (both.records, both.moved) == (5_566, 0)
    assert both.rmse == pytest.approx(9.72, abs=0.01)
    assert clinics.rmse == pytest.approx(15.44, abs=0.01)
    assert _naive_error(done["naive"]) == pytest.approx(18.92, abs=0.01)
    assert both.rmse_interval.upper < clinics.rmse_interval.lower


def test_the_naive_error_is_that_of_the_files(laid, done):
    errors = []
    for site in flu.AGENCIES:
        with (laid.folder / f"data/{site}.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["held"] == "yes"]
        errors += [int(row["visits"]) - int(row["visits_ahead"]) for row in rows]
    assert _naive_error(done["naive"]) == pytest.approx(math.sqrt(np.mean(np.square(errors))), rel=1e-6)


def test_pharmacies_warn_a_week_ahead_and_clinics_do_not(laid, done):
    both = [alarm.ahead for alarm in _alarms(laid, "job", done["job"])]
    clinics = [alarm.ahead for alarm in _alarms(laid, "clinics", done["clinics"])]
    assert len(both) == len(clinics) == sum(flu.AGENCIES.values())
    assert (min(both), np.median(both), max(both)) == (5, 7, 10)
    assert max(clinics) == 0


def test_alarms_of_a_district():
    held = np.arange(60) >= 30
    visits = np.full(60, 10.0)
    visits[45:] = 30.0
    forecast = np.full(60, 10.0)
    forecast[40:] = 30.0
    (alarm,) = alarms(["a"] * 60, held, visits, forecast)
    # 4 of 7 days at 30 make a week of 21.4 a day, 3 make 18.6
    assert alarm == Alarm("a", 13, 18)
    assert alarm.ahead == 5
    (late,) = alarms(["a"] * 60, held, visits, visits)
    assert late.ahead == 0
    (silent,) = alarms(["a"] * 60, held, np.full(60, 10.0), np.full(60, 19.9))
    assert (silent.forecast, silent.visits, silent.ahead) == (None, None, None)


def test_districts_are_judged_by_their_own_usual_visits():
    held = np.tile(np.arange(40) >= 20, 2)
    large, small = np.full(40, 100.0), np.full(40, 10.0)
    small[30:] = 50.0
    found = alarms(["large"] * 40 + ["small"] * 40, held, np.append(large, small), np.append(large, small))
    assert found[0] == Alarm("large", None, None)
    assert found[1].visits == 10 + 1


def test_weekdays_of_the_world_are_those_of_the_calendar():
    assert world.WEEKDAYS[flu.FIRST.weekday()] == world.weekday(0)
    assert world.weekday((date(2024, 1, 1) - flu.FIRST).days) == "mon"


def test_the_world_is_the_same_for_a_seed_and_another_for_another():
    one, same, other = world.made(3, 5), world.made(3, 5), world.made(3, 6)
    assert (one.visits == same.visits).all()
    assert (one.visits != other.visits).any()


def test_what_is_told_of_a_day_is_known_on_it():
    """Whatever comes later changes no term of a day."""
    made = world.made(2, 1)
    before = {name: np.array(value) for name, value in world.terms(made, slice(None), 100).items()}
    made.visits[:, 101:] = 0
    made.sales[:, 101:] = 0
    after = world.terms(made, slice(None), 100)
    assert all((before[name] == after[name]).all() for name in before)
    made.sales[:, 100] += 50
    assert (world.terms(made, slice(None), 100)["sales_week"] > before["sales_week"]).all()


@pytest.mark.slow
def test_intervals_cover_the_truth_over_twenty_worlds(tmp_path):
    laid = kit.laid("flu-early-warning", tmp_path / "flu")
    inside = []
    for seed in range(20):
        made = world.made(sum(flu.AGENCIES.values()), 100 + seed)
        for name, places in flu.shared().items():
            (laid.folder / f"data/{name}.csv").write_bytes(flu.written(made, places, name))
        inside += _inside(laid.run("job", seed)).values()
    assert len(inside) == 20 * 13
    assert 0.91 <= np.mean(inside) <= 0.985  # .95, with a standard error of .0135 were all independent
