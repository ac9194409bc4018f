"""What a job gave in lines for a terminal: no line is wider than it, and no number is cut."""

from __future__ import annotations

import msgspec
import pytest

from privacy.federated.methods.inference import Coefficient
from privacy.federated.methods.intervals import Interval
from privacy.federated.report import compare, terminal
from privacy.federated.report import lines as shown
from privacy.federated.report.outcome import Described
from secops.core.columns import cell_len
from secops.core.i18n import LANGUAGES, speaking
from tests.privacy.federated.report import runs


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return runs.done(tmp_path_factory.mktemp("job"))


def test_coefficients_have_what_the_method_tells(done, tmp_path):
    lines = terminal.coefficients(done.outcome)
    assert lines[0].split() == ["term", "coefficient", "odds", "ratio", "95", "%", "interval", "p"]
    row = next(row for row in done.outcome.result.coefficients if row.term == "grade=high")
    assert f"{row.value:.4g}" in lines[4]
    assert f"{row.ratio_interval.lower:.4g} … {row.ratio_interval.upper:.4g}" in lines[4]
    assert f"{row.p:.3f}" in lines[4]
    ridge = runs.done(tmp_path, runs.JOB.replace("name: logistic", "name: logistic, ridge: 1"))
    assert terminal.coefficients(ridge.outcome)[0].split() == ["term", "coefficient", "std.", "error", "odds", "ratio"]
    noisy = runs.done(tmp_path, runs.NOISY)
    assert terminal.coefficients(noisy.outcome)[0].split() == ["term", "coefficient"]
    assert terminal.coefficients(runs.done(tmp_path, runs.STATISTICS_JOB).outcome) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_fit_the_terminal(done, lang):
    wide = Coefficient(
        "血压=" + "很高" * 30, 9, -1.23456e-17, 1.0, Interval(-1.23456e-101, -1.23456e-100), 0.5, 1.23456e-101,
        Interval(1.23456e-101, 1.23456e-100),
    )  # fmt: skip
    result = msgspec.structs.replace(done.outcome.result, coefficients=(*done.outcome.result.coefficients, wide))
    compared = compare.compare(done.job, done.sites, done.outcome)
    with speaking(lang):
        outcome = msgspec.structs.replace(done.outcome, result=result)
        tables = [terminal.coefficients(outcome), terminal.comparison(compared), terminal.by_site(compared)]
    for lines in tables:
        assert len({cell_len(line) for line in lines}) == 1
        assert all(cell_len(line) <= 80 for line in lines)
    assert "1.235e-101 … 1.235e-100" in tables[0][-1]


def test_measures_and_comparisons(done):
    lines = terminal.measures(done.outcome.evaluation.classified)
    share = done.outcome.evaluation.classified.accuracy
    assert f"accuracy: {share.value:.4g} ({share.interval.lower:.4g} … {share.interval.upper:.4g})" in lines
    rows = list(compare.compare(done.job, done.sites, done.outcome))
    rows[0] = compare.Compared("local", "east", "ill is the same in all records", {}, None)
    lines = terminal.comparison(rows)
    assert lines[1].split() == ["east", "alone", "–", "–"]
    assert lines[-1] == "no model: east alone: ill is the same in all records"
    assert terminal.by_site(rows)[0].split() == ["site", "its", "own", "model", "federated", "pooled"]
    assert terminal.by_site(rows)[1].split()[:2] == ["east", "–"]


def test_statistics_are_the_tables_of_the_card(tmp_path):
    done = runs.done(tmp_path, runs.STATISTICS_JOB)
    lines = shown.statistics(done.outcome)
    assert all(cell_len(line) <= 80 for line in lines)
    at = lines.index("Counts: grade × ill")
    part = next(part for part in done.outcome.result.parts if getattr(part, "columns", None) == ("grade", "ill"))
    rows = [line.split() for line in lines[at + 1 : at + 5]]
    assert rows[0] == ["grade", "\\", "ill", "false", "true"]
    assert [int(cell) for row in rows[1:] for cell in row[1:]] == list(part.counts)
    bars = lines[lines.index("Distribution of age") + 1]
    counts = next(part.bins.counts for part in done.outcome.result.parts if type(part).__name__ == "Spread")
    assert len(bars) == 20
    assert bars[counts.index(max(counts))] == "█"
    wide = msgspec.structs.replace(part, labels=(part.labels[0], ("x" * 50, "y" * 50)))
    outcome = msgspec.structs.replace(done.outcome, result=Described(parts=(wide,)))
    lines = shown.statistics(outcome)
    assert all(cell_len(line) <= 80 for line in lines)
    assert [line.split()[-1] for line in lines[2:8]] == [str(count) for count in part.counts]
    assert shown.statistics(runs.done(tmp_path).outcome) == []


def test_a_course_is_one_line(done):
    line = terminal.course(done.outcome)
    losses = [ran.loss for ran in done.outcome.rounds if ran.stage == "newton"]
    assert line == f"█▁▁▁▁▁  loss {losses[0]:.4g} to {losses[-1]:.4g}"
    assert terminal.sparkline([3, 2, 1]) == "█▅▁"
    assert terminal.sparkline([]) == ""
    assert terminal.sparkline([1.0, 1.0]) == "▁▁"
    assert len(terminal.sparkline(range(1000), 40)) == 40
    assert terminal.sparkline([float("nan"), 1, 2]) == "▁█"
