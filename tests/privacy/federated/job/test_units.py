"""Units: known values, and that ways there and back agree."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.job import units


@pytest.mark.parametrize(
    ("number", "old", "new", "substance", "wanted"),
    [
        (37, "°C", "°F", None, 98.6),
        (-40, "°F", "°C", None, -40),
        (0, "K", "°C", None, -273.15),
        (120, "mmHg", "kPa", None, 15.9987),
        (150, "lb", "kg", None, 68.0389),
        (2, "kg", "jin", None, 4),
        (70, "in", "cm", None, 177.8),
        (200, "mg/dl", "mmol/l", "cholesterol", 5.1726),
        (5.5, "mmol/l", "mg/dl", "glucose", 99.086),
        (1, "mg/dl", "umol/l", "creatinine", 88.40),
        (150, "mg/dl", "mmol/l", "triglycerides", 1.694),
        (14, "g/dl", "g/l", None, 140),
        (14, "g/dl", "mmol/l", "haemoglobin", 8.688),
        (1, "mg/dl", "umol/l", "bilirubin", 17.104),
        (7, "mg/dl", "umol/l", "urate", 416.4),
        (60, "/min", "Hz", None, 1),
        (1, "year", "month", None, 12),
        (50, "%", "1", None, 0.5),
        (6.5, "10^9/l", "/ul", None, 6500),
    ],
)
def test_numbers_of_textbooks(number, old, new, substance, wanted):
    made = units.conversion(old, new, substance)
    assert number * made.factor + made.offset == pytest.approx(wanted, rel=1e-4)


def test_what_nothing_makes_of_it():
    assert units.conversion("kg", "cm") is None
    assert units.conversion("mg/dl", "mmol/l") is None, "it depends on the substance"
    assert units.conversion("kg", "mmol/l", "glucose") is None
    with pytest.raises(KeyError):
        units.conversion("mg/dL", "mg/dl")


_UNIT = st.sampled_from(sorted(units.UNITS))


@given(old=_UNIT, new=_UNIT, substance=st.sampled_from([None, *units.SUBSTANCES]), number=st.floats(-1e6, 1e6))
def test_there_and_back(old, new, substance, number):
    there, back = units.conversion(old, new, substance), units.conversion(new, old, substance)
    assert (there is None) == (back is None)
    if there and back:
        made = (number * there.factor + there.offset) * back.factor + back.offset
        assert math.isclose(made, number, rel_tol=1e-9, abs_tol=1e-6)


def test_each_unit_has_one_quantity_and_all_that_convert_are_named():
    assert dict(units.into("mg/dl", "glucose"))["mmol/l"].factor == pytest.approx(18.0156)
    assert "mmol/l" not in dict(units.into("mg/dl"))
    assert dict(units.into("mg/dl"))["mg/dl"] == (1, 0)
    assert sum(len(known) for known in units._QUANTITIES.values()) == len(units.UNITS)
