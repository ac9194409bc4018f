"""Pictures: what is drawn where, in SVG that anyone can read and PNG that has it too."""

from __future__ import annotations

import io
import math
import re

import msgspec
import numpy as np
import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.methods.intervals import Interval
from privacy.federated.report import axes, drawing, plots, raster
from privacy.federated.report.drawing import Box, Dot, Line, Picture, Words
from privacy.federated.report.outcome import Described
from privacy.federated.report.rows import Row
from secops.core.columns import cell_len
from secops.core.errors import UsageError
from secops.core.i18n import speaking
from secops.core.picture import CELL
from tests.privacy.federated.report import runs

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return runs.done(tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    return runs.done(tmp_path_factory.mktemp("job"), runs.STATISTICS_JOB)


def test_what_is_drawn_of_which_outcome(done, statistics, tmp_path):
    assert list(plots.pictures(done.outcome)) == ["coefficients", "loss", "roc", "calibration"]
    assert list(plots.pictures(statistics.outcome)) == ["histogram-4", "histogram-5", "survival-8"]
    network = runs.done(tmp_path, runs.JOB.replace("name: logistic", "name: fedavg, hidden: [2]"))
    assert list(plots.pictures(network.outcome)) == ["loss", "roc", "calibration"]


def test_every_picture_is_told_in_words_and_loads_nothing(done, statistics):
    for drawn in [*plots.pictures(done.outcome).values(), *plots.pictures(statistics.outcome).values()]:
        root = ElementTree.fromstring(drawing.svg(drawn))
        assert root.get("role") == "img"
        assert root[0].tag == SVG + "title"
        assert root[0].text == drawn.title
        assert root[1].tag == SVG + "desc"
        assert root[1].text
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "title", "desc", "polyline", "rect", "circle", "text",
        }  # fmt: skip


def places(drawn):
    """All coordinates."""
    for shape in drawn.shapes:
        if isinstance(shape, Line):
            yield from shape.points
        elif isinstance(shape, Words):
            wide = cell_len(shape.text) * CELL
            start = shape.x - wide * {"start": 0, "middle": 0.5, "end": 1}[shape.anchor]
            yield from ((start, shape.y), (start + wide, shape.y))
        elif isinstance(shape, Box):
            yield from ((shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height))
        else:
            yield shape.x, shape.y


def test_nothing_is_beyond_the_picture(done, statistics):
    for drawn in [*plots.pictures(done.outcome).values(), *plots.pictures(statistics.outcome).values()]:
        for x, y in places(drawn):
            assert 0 <= x <= drawn.width
            assert 0 <= y <= drawn.height


def test_coefficients_stand_where_their_ratios_are(done):
    drawn = plots.forest(_rows(), 95, "ratio", ratio=True)
    dots = [shape for shape in drawn.shapes if isinstance(shape, Dot)]
    lines = [shape for shape in drawn.shapes if isinstance(shape, Line) and shape.title]
    ticks = {s.text: s.x for s in drawn.shapes if isinstance(s, Words) and re.fullmatch(r"[\d.]+", s.text)}
    assert len(dots) == 3
    assert dots[0].x == pytest.approx(ticks["1"])
    assert dots[1].x == pytest.approx(ticks["2"])
    assert lines[0].points[0][0] == pytest.approx(ticks["0.5"])
    assert [shape.y for shape in dots] == sorted(shape.y for shape in dots)
    assert len(lines) == 2  # the last one has no interval


def _rows():
    return [
        Row("age", 0.0, interval=Interval(math.log(0.5), math.log(2))),
        Row("sex=female", math.log(2), interval=Interval(0.0, math.log(5))),
        Row("<script>", 0.1),
    ]


def test_coefficients_are_drawn_for_a_standard_deviation_or_a_label(done):
    """Tooltips say what is drawn: by hand from the records that the model was fitted on."""
    train = np.vstack([design.part(held=False).values for design in done.sites.values()])
    age = train[:, [column.name for column in done.job.columns()].index("age")]
    rows = {row.term: row for row in done.outcome.result.coefficients}
    drawn = plots.pictures(done.outcome)["coefficients"]
    dots = {shape.title.partition(":")[0]: shape.title for shape in drawn.shapes if isinstance(shape, Dot)}
    assert f"age: {math.exp(rows['age'].value * age.std()):.4g} (" in dots["age"]
    assert f"grade=high: {rows['grade=high'].ratio:.4g} (" in dots["grade=high"]
    assert drawn.told == "; ".join(dots.values())


def test_names_are_no_markup():
    text = drawing.svg(plots.forest(_rows(), 95, "change", ratio=False))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in drawing.svg(plots.forest([Row("\u202e", 1.0)], 95, "", ratio=False))


def test_a_curve_is_the_one_that_was_measured(done):
    found = done.outcome.evaluation.classified
    drawn = plots.roc(found)
    curve = next(shape for shape in drawn.shapes if isinstance(shape, Line) and shape.width == 2)
    assert len(curve.points) == len(found.roc)
    (left, bottom), (right, top) = curve.points[0], curve.points[-1]
    x, y = curve.points[30]
    assert (x - left) / (right - left) == pytest.approx(found.roc[30][0])
    assert (bottom - y) / (bottom - top) == pytest.approx(found.roc[30][1])


def test_a_histogram_has_the_areas_of_its_counts(statistics):
    part = next(part for part in statistics.outcome.result.parts if type(part).__name__ == "Spread")
    drawn = plots.histogram(part.bins)
    heights = np.array([shape.height for shape in drawn.shapes if isinstance(shape, Box)])
    counts = np.array(part.bins.counts)
    np.testing.assert_allclose(heights / heights.sum(), counts / counts.sum(), atol=1e-9)


def test_a_survival_curve_falls_in_stairs(statistics):
    part = next(part for part in statistics.outcome.result.parts if type(part).__name__ == "Followed")
    drawn = plots.survival(part)
    curves = [s for s in drawn.shapes if isinstance(s, Line) and s.width == 2 and len(s.points) > 2]
    assert len(curves) == 3
    for curve in curves:
        for (x0, y0), (x1, y1) in zip(curve.points, curve.points[1:], strict=False):
            assert x1 == x0 or y1 == y0
            assert x1 >= x0
            assert y1 >= y0


def test_png_has_the_same_picture(done):
    image = pytest.importorskip("PIL.Image")
    drawn = plots.roc(done.outcome.evaluation.classified)
    picture = image.open(io.BytesIO(raster.png(drawn)))
    assert picture.size == (round(2 * drawn.width), round(2 * drawn.height))
    curve = next(shape for shape in drawn.shapes if isinstance(shape, Line) and shape.width == 2)
    x, y = curve.points[40]
    assert picture.getpixel((round(2 * x), round(2 * y))) == (0x15, 0x65, 0xC0)
    assert picture.getpixel((3, 3)) == (255, 255, 255)


def test_png_is_in_english_where_no_font_has_the_language(done, statistics, monkeypatch):
    monkeypatch.setattr(raster, "_FONTS", ())
    raster._font.cache_clear()
    with speaking("zh"):
        assert set(raster.pictures(done.outcome)) == set(plots.pictures(done.outcome))
        part = statistics.outcome.result.parts[3]
        named = msgspec.structs.replace(part, bins=msgspec.structs.replace(part.bins, column="血压"))
        parts = (*statistics.outcome.result.parts[:3], named, *statistics.outcome.result.parts[4:])
        outcome = msgspec.structs.replace(statistics.outcome, result=Described(parts=parts))
        assert set(raster.pictures(outcome)) == {"histogram-5", "survival-8"}
    raster._font.cache_clear()


def test_names_that_are_long_stay_within(statistics):
    parts = []
    for part in statistics.outcome.result.parts:
        if hasattr(part, "bins"):
            changed = msgspec.structs.replace(part, bins=msgspec.structs.replace(part.bins, column="很高" * 16))
        elif hasattr(part, "survived"):
            changed = msgspec.structs.replace(part, time="很高" * 16, event="x" * 64, labels=("y" * 64,) * 3)
        else:
            changed = part
        parts.append(changed)
    outcome = msgspec.structs.replace(statistics.outcome, result=Described(parts=tuple(parts)))
    for drawn in plots.pictures(outcome).values():
        assert all(0 <= x <= drawn.width for x, _y in places(drawn))


def test_png_without_a_font_for_its_words_is_an_error():
    drawn = Picture("", "", 10, 10, (Words(1, 9, "a\U0001f9fe\U000f1234"),))
    with pytest.raises(UsageError, match="no font"):
        raster.png(drawn)


def test_titles_follow_the_language(done):
    with speaking("zh"):
        drawn = plots.roc(done.outcome.evaluation.classified)
    assert "<title>" in drawing.markup(drawn)


@given(st.lists(st.floats(-1e280, 1e280) | st.floats(-10, 10), max_size=5))
def test_scales_hold_all_their_numbers(values):
    for found in (axes.scale(values), axes.ratios(values)):
        assert found.low < found.high
        slack = 1e-6 * (found.high - found.low)
        assert all(found.low - slack <= value <= found.high + slack for value in values)
        assert len(found.ticks) <= 40
        assert all(math.isfinite(value) for value, _text in found.ticks)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [([0, 10], ["0", "2", "4", "6", "8", "10"]), ([0.12, 0.31], ["0.10", "0.15", "0.20", "0.25", "0.30", "0.35"])],
)
def test_ticks_are_round(values, ticks):
    assert [text for _value, text in axes.scale(values).ticks] == ticks
