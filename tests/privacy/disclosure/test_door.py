"""The door as a whole: what does not fit, models, and that no value comes out by an error."""

from __future__ import annotations

import gc
import json
import traceback

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from privacy.disclosure import door, files, reasons, result
from privacy.disclosure.result import Counts, Dimension, Model, Population, Quantiles, Raw, Regression, Sums, Text
from secops.core.errors import CitywallError, Exit
from secops.core.i18n import speaking
from tests.privacy.disclosure.samples import POLICY, Memory, codes, counted, population, sides, summed

HELD = Population(dataset="wages", version="1")
MARKER = 918273645


def regression(people=100, terms=3, support=8, **other):
    parts = {
        "population": HELD, "family": "linear", "terms": tuple(f"t{place}" for place in range(terms)), "people": people,
        "coefficients": np.arange(terms) + 0.123456, "errors": np.full(terms, 0.0123456),
        "support": np.full(terms, support),
    }  # fmt: skip
    return Raw(Regression(**parts | other))


def model(people=1000, size=100, groups=(8, 500), **other):
    parts = {
        "population": HELD, "family": "tree", "parameters": {"w": np.full(size, 1 / 3)}, "people": people,
        "groups": np.array(groups, dtype=int),
    }  # fmt: skip
    return Raw(Model(**parts | other))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (regression(), []),
        (regression(people=29, terms=10), ["freedom"]),
        (regression(people=31, terms=10), []),
        (regression(people=13, terms=3), []),
        (regression(people=12, terms=3), ["freedom"]),
        (regression(support=7), ["group-size"]),
        (regression(family="knn"), ["family"]),
        (regression(terms=2, coefficients=np.array([1.0, np.nan])), ["not-finite"]),
        (regression(terms=2, errors=np.array([1.0])), ["malformed"]),
        (regression(terms=1, support=101), ["malformed"]),
        (model(), []),
        (model(size=101), ["capacity"]),
        (model(people=99, size=9, groups=(9,)), ["group-size"]),
        (model(people=100, size=9, groups=(9,)), []),
        (model(groups=(7, 500)), ["group-size"]),
        (model(groups=()), ["group-size"]),
        (model(family="svm"), ["family"]),
        (model(parameters={"w": np.array([np.inf])}), ["not-finite"]),
        (model(parameters={"w": np.array([1.5e308])}), ["not-finite"]),
        (model(parameters={"=cmd()": np.ones(2)}), ["labels"]),
        (model(parameters={"layer-1.weight_0": np.ones(2)}), []),
        (model(parameters={"Li Wei has the flu": np.ones(2)}), ["labels"]),
        (model(parameters={"w" * 33: np.ones(2)}), ["labels"]),
        (model(parameters={"流感": np.ones(2)}), ["labels"]),
        (model(parameters={"Li_Wei": np.ones((0, 1984))}), ["malformed"]),
        (model(parameters={"w": np.ones((1, 1, 1, 1, 2))}), ["malformed"]),
        (Raw(Text(content="all is well")), ["text"]),
    ],
)
def test_regressions_models_texts(raw, expected):
    assert codes(door.clear(raw, POLICY, None)) == expected


def test_the_file_of_a_regression():
    cleared = door.clear(regression(people=101, terms=1), POLICY, None)
    assert json.loads(cleared.content) == {
        "family": "linear", "kind": "regression", "people": 100,
        "terms": [{"coefficient": "0.1235", "error": "0.01235", "term": "t0"}],
    }  # fmt: skip


def test_the_file_of_a_model_has_no_low_bits():
    tilted = model(parameters={"w": np.array([1 / 3 + 1e-9, -0.0, 12345.678])})
    plain = model(parameters={"w": np.array([1 / 3, 0.0, 12350.0])})
    contents = [door.clear(raw, POLICY, None).content for raw in (tilted, plain)]
    assert contents[0] == contents[1]
    assert json.loads(contents[0])["parameters"]["w"] == {"shape": [3], "values": ["0.3333", "0", "12350"]}


@pytest.mark.parametrize(
    "name", ["", "x" * 65, "a\nb", "=1+1", "@x", "-x", "+1;x", " a", "redacted", "(all)", "a\u202eb"]
)
def test_labels_that_do_not_leave(name):
    raw = Raw(
        Counts(population=population([9]), dimensions=(Dimension(name="a", labels=(name,)),), counts=np.array([9]))
    )
    assert codes(door.clear(raw, POLICY, Memory())) == ["labels"]


@pytest.mark.parametrize("name", ["x" * 64, "-5", "北京市, 海淀区", 'say "x"', "0-14"])
def test_labels_that_leave(name):
    raw = Raw(
        Counts(population=population([9]), dimensions=(Dimension(name="a", labels=(name,)),), counts=np.array([9]))
    )
    assert codes(door.clear(raw, POLICY, Memory())) == []


def test_names_stand_once():
    twice = (Dimension(name="a", labels=("x", "x")),)
    assert codes(
        door.clear(
            Raw(Counts(population=population([9, 9]), dimensions=twice, counts=np.array([9, 9]))), POLICY, Memory()
        )
    ) == ["labels"]
    count = (Dimension(name="count", labels=("x",)),)
    assert codes(
        door.clear(Raw(Counts(population=population([9]), dimensions=count, counts=np.array([9]))), POLICY, Memory())
    ) == ["labels"]


def test_sizes_and_types():
    small = msgspec.structs.replace(POLICY, files=files.Rule(cells=2))
    assert codes(door.clear(counted([9, 9]), small, Memory())) == []
    assert codes(door.clear(counted([9, 9, 9]), small, Memory())) == ["size"]
    size = len(door.clear(counted([9, 9]), POLICY, Memory()).content)
    for cap, expected in ((size, []), (size - 1, ["size"])):
        policy = msgspec.structs.replace(POLICY, files=files.Rule(bytes=cap))
        assert codes(door.clear(counted([9, 9]), policy, Memory())) == expected
    pictures = msgspec.structs.replace(POLICY, files=files.Rule(media=("image/png",)))
    assert codes(door.clear(counted([9, 9]), pictures, Memory())) == ["media"]


def changed(raw, **other):
    table = raw.open(result._KEY)
    names = [name for kind in type(table).__mro__ for name in getattr(kind, "__slots__", ())]
    return Raw(type(table)(**{name: getattr(table, name) for name in names} | other))


NINE = [[1.0] * 9, [2.0] * 9]


@pytest.mark.parametrize(
    "raw",
    [
        changed(counted([9, 9]), counts=np.array([10, 8])),  # not what the records say
        changed(counted([9, 9]), counts=np.array([9, 9, 9])),
        changed(counted([9, 9]), counts=np.array([9.0, 9.0])),
        changed(counted([9, 9]), counts=np.array([-9, 9])),
        changed(counted([9, 9]), dimensions=()),
        changed(counted([9, 9]), dimensions=sides(*[1] * 8, 2)),
        changed(counted([9, 9]), population=population([9, 8, 1])),
        changed(counted([9, 9]), population=population([9, 9], people=np.arange(3))),
        changed(counted([9, 9]), population=population([9, 9], people=np.arange(18) - 1)),
        changed(summed(Sums, NINE), sums=np.array([9.0, np.nan])),
        changed(summed(Sums, NINE), sums=np.array([9.0, 19.0])),  # more than its parts
        changed(summed(Sums, NINE), largest=np.array([[1.0, 2.0], [2.0, 2.0]])),
        changed(summed(Sums, NINE), largest=np.array([[1.0], [2.0]])),
        changed(summed(Sums, NINE), largest=np.array([[9.0, 9.0], [2.0, 2.0]])),
        Raw(Quantiles(population=HELD, dimensions=sides(1), measure="x", counts=np.array([99]), probabilities=(1.5,),
                      values=np.ones((1, 1)))),
        Raw(Quantiles(population=HELD, dimensions=sides(1), measure="x", counts=np.array([99]), probabilities=(),
                      values=np.ones((1, 0)))),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_no_result(raw):
    assert codes(door.clear(raw, POLICY, Memory())) == ["malformed"]


def test_a_quantile_that_is_no_number():
    raw = Raw(Quantiles(population=HELD, dimensions=sides(1), measure="x", counts=np.array([99]), probabilities=(0.5,),
                        values=np.array([[np.nan]])))  # fmt: skip
    assert codes(door.clear(raw, POLICY, Memory())) == ["not-finite"]


ANY = arrays.arrays(
    dtype=st.one_of(arrays.integer_dtypes(), arrays.floating_dtypes(), arrays.boolean_dtypes()),
    shape=arrays.array_shapes(max_dims=2, max_side=5),
)


@given(counts=ANY, cells=ANY, parts=ANY, largest=ANY, people=st.one_of(st.none(), ANY))
def test_any_arrays_give_reasons_or_a_file(counts, cells, parts, largest, people):
    table = Sums(
        population=Population(dataset="d", version="1", cells=cells, people=people), dimensions=sides(2), measure="m",
        counts=counts, sums=parts, absolute=parts, largest=largest,
    )  # fmt: skip
    outcome = door.clear(Raw(table), POLICY, Memory())
    assert codes(outcome) or outcome.content


class Broken(Memory):
    """A history that fails with all that it was given in its error."""

    def check(self, *asked, **limits):
        try:
            raise KeyError(asked, limits, MARKER)
        except KeyError as error:
            raise ValueError(f"cannot tell {MARKER}") from error


def everything_said(error: BaseException) -> str:
    """The error, the errors behind it, and the local variables on the way."""
    said, waiting, seen = [], [error], set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            said.append(repr(one) + repr(vars(one)) + repr(getattr(one, "hint", "")))
            said += traceback.TracebackException.from_exception(one, capture_locals=True).format()
            waiting += [one.__cause__, one.__context__]
    return "".join(said)


def failure(raw, history):
    """The error of `clear`, as a caller sees it."""
    try:
        door.clear(raw, POLICY, history)
    except Exception as error:
        return error
    return None


def test_no_error_holds_a_value():
    raw = summed(Sums, [[float(MARKER)] * 9 + [1.0]])
    for error in (failure(raw, Broken()), failure(Raw({"not": MARKER}), Memory())):
        assert type(error) is CitywallError
        assert error.exit_code == Exit.INTERNAL
        assert error.__context__ is None
        said = everything_said(error)
        assert "could not be checked" in said
        assert "Raw(***)" in said  # the local variables were looked at
        assert str(MARKER) not in said
    assert not any(str(MARKER) in str(error) for error in gc.get_objects() if isinstance(error, BaseException))


def test_no_reason_holds_a_value(caplog, capsys):
    def said(outcome):
        return repr(outcome) + repr(getattr(outcome, "notes", "")) + caplog.text + "".join(capsys.readouterr())

    huge = [[float(MARKER)] * 2 + [1.0] * 9, [float(MARKER)] * 9]
    for raw in (summed(Sums, huge), changed(summed(Sums, huge), sums=np.array([np.nan, MARKER])), counted([3, 4]),
                regression(coefficients=np.full(3, MARKER), support=1), Raw(Text(content=str(MARKER)))):  # fmt: skip
        assert str(MARKER) not in said(door.clear(raw, POLICY, Memory()))


def test_texts_hold_no_number_and_are_in_both_languages():
    refusals, notes = map(reasons.refusal, reasons.REFUSALS), map(reasons.note, reasons.NOTES)
    for reason, refused in [*((one, True) for one in refusals), *((one, False) for one in notes)]:
        assert not any(character.isdigit() or character in "{}%" for character in reason.en + reason.zh)
        assert reason.refused is refused
        assert str(reason) == reason.en != reason.zh
        with speaking("zh"):
            assert str(reason) == reason.zh
        assert reason.zh.endswith("。")
