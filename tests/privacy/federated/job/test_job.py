"""`job.yml` is strict, each error names its line, and the digest covers all of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy import canonical
from privacy.federated.design import Column
from privacy.federated.job import job as jobs
from privacy.federated.job.features import IntegerFeature, column
from privacy.federated.job.methods import FedAdam, Logistic
from privacy.parties.signed import digest
from secops.core.errors import UsageError
from tests.privacy.federated.kit import JOB, job

#: Lines of JOB by what they begin with.
LINES = {line.split(":")[0].strip(): number for number, line in enumerate(JOB.splitlines(), 1)}


def test_what_is_read(tmp_path):
    read = job(tmp_path)
    assert read.parties.sites == ("cleveland", "hungarian", "switzerland", "va")
    found = {made.name: made for made in read.columns()}
    assert list(found) == sorted(read.features)
    assert found["age"] == Column("age", 18, 100)
    assert found["depression"] == Column("depression", -3, 10)
    assert [found[name].levels for name in ("sex", "pain", "disease", "pulse")] == [2, 4, 2, None]
    assert (found["pain"].lower, found["pain"].upper) == (0, 3)
    assert read.method == Logistic(ridge=1)
    assert read.features["cholesterol"].missing == "mean"
    assert job(tmp_path, JOB.replace("percent: 34, ", "percent: 34").replace("seed: 43", "")).split.seed == 0


def test_options_of_methods(tmp_path):
    text = JOB.replace("{name: logistic, ridge: 1}", '{name: fedadam, rate: "0.05", steps: 5, hidden: [16, 8]}')
    assert job(tmp_path, text).method == FedAdam(rate="0.05", steps=5, hidden=(16, 8))
    text = JOB.replace("target: disease\n", "").replace(
        "{name: logistic, ridge: 1}", "{name: statistics, quantiles: [25, 50], tables: [[sex, disease]]}"
    )
    assert job(tmp_path, text).method.tables == (("sex", "disease"),)
    curve = "{name: statistics, survival: [{time: pulse, event: disease, group: sex}]}"
    made = job(tmp_path, JOB.replace("target: disease\n", "").replace("{name: logistic, ridge: 1}", curve))
    assert (made.method.survival[0].group, made.method.survival[0].steps) == ("sex", 50)
    counting = JOB.replace("disease: {type: boolean}", "disease: {type: integer, minimum: 0, maximum: 9}")
    counting = counting.replace("{name: logistic, ridge: 1}", "{name: poisson, exposure: pulse}")
    assert job(tmp_path, counting).method.exposure == "pulse"
    for wrong in ("disease", "depression", "sex", "x"):
        with pytest.raises(UsageError, match="is no feature of the type that is needed"):
            job(tmp_path, counting.replace("exposure: pulse", f"exposure: {wrong}"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("tables: [[sex, age]]", "age is no feature of the type"),
        ("tables: [[sex, sex]]", "sex stands twice"),
        ("survival: [{time: sex, event: disease}]", "sex is no feature of the type"),
        ("survival: [{time: age, event: sex}]", "sex is no feature of the type"),
        ("survival: [{time: age, event: disease, group: age}]", "age is no feature of the type"),
        ("quantiles: [0]", "Expected `int` >= 1"),
        ("bins: 1", "Expected `int` >= 2"),
    ],
)
def test_statistics(tmp_path, options, reason):
    text = JOB.replace("target: disease\n", "").replace("{name: logistic, ridge: 1}", "{name: statistics, OPTIONS}")
    with pytest.raises(UsageError, match=reason):
        job(tmp_path, text.replace("OPTIONS", options))


def test_the_digest_covers_everything_and_no_layout(tmp_path):
    first = job(tmp_path)
    lines = JOB.splitlines(keepends=True)
    assert job(tmp_path, "".join([*lines[1:], lines[0]])).digest == first.digest
    assert first.digest == digest(first), "as documents are signed"
    leaves = [("34", "35"), ("43", "44"), ("age:", "years:"), ("[female, male]", "[male, female]"), ("18", "19")]
    leaves += [("rounds: 6", "rounds: 7"), ("risk", "care"), ("heart\n", "lung\n"), ("mmHg", "kPa")]
    leaves += [("ridge: 1", "ridge: 2"), ("title: {en: Heart disease", "title: {en: Hearts")]
    leaves += [("sha256:0", "sha256:1"), ("missing: mean", "missing: keep"), ("colluding: 1", "colluding: 0")]
    leaves += [("sites: 3", "sites: 4"), ("rows: 20", "rows: 21"), ("rows: 1000", "rows: 2000"), (", evaluation", "")]
    leaves += [("institute", "bureau"), ("hub: hub", "hub: city"), ("cleveland, hungarian", "hungarian, cleveland")]
    others = {job(tmp_path, JOB.replace(old, new)).digest for old, new in leaves}
    assert len(others | {first.digest}) == len(leaves) + 1


def test_features_have_one_order(tmp_path):
    """The same digest means the same columns: what is sent has its keys in another order than what was written."""
    sent = jobs.parse(jobs.dump(job(tmp_path)), "job")
    assert sent.digest == job(tmp_path).digest
    assert sent.columns() == job(tmp_path).columns()


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("rounds: 6", "rounds: 0", "rounds", "Expected `int` >= 1"),
        ("rounds: 6", "rounds: 6\ncode: evil.py", "", "unknown field `code`"),
        ("purpose: risk\n", "", "", "required field `purpose`"),
        ("sha256:0000", "sha256:zz00", "roster", "Expected `str` matching"),
        ("minimum: 18", "minimum: 100", "age", "is not above the minimum"),
        ("minimum: 18", 'minimum: "18.5"', "age", "no value of the type"),
        ("minimum: 60", 'minimum: "1e2"', "pressure", "no value of the type"),
        ("minimum: 60, ", "", "pressure", "pressure: Object missing required field `minimum`"),
        ("maximum: 10}", "maximum: 10.5}", "depression", "depression: Expected `int | str`, got `float`"),
        ("unit: mmHg", "unit: mmhg", "pressure", "'mmhg' is no unit"),
        ("substance: cholesterol", "substance: fat", "cholesterol", "'fat' is no substance"),
        ("[female, male]", "[male, male]", "sex", "'male' stands twice"),
        ("[female, male]", "[male]", "sex", "length >= 2"),
        ("[female, male]", "[male, =1+1]", "sex", "cannot be a name in a table"),
        ("  sex:", '  "=sex":', "sex", "cannot be a name in a table"),
        ("type: boolean}\n  pulse", "type: boolean, minimum: 0}\n  pulse", "sugar", "unknown field `minimum`"),
        ("[female, male]", "[female, male], missing: mean", "sex", "Invalid enum value 'mean'"),
        ("target: disease", "target: ill", "target", "ill is none of the features"),
        ("target: disease", "target: pain", "target", "no target for logistic"),
        ("target: disease", "target: age", "target", "no target for logistic"),
        ("target: disease\n", "", "method", "logistic needs a target"),
        ("disease: {type: boolean}", "disease: {type: boolean, missing: keep}", "disease", "without the target"),
        ("name: logistic", "name: forest", "method", "Invalid value 'forest'"),
        ("ridge: 1", 'ridge: "-1"', "method", "no number that is allowed"),
        ("ridge: 1", "ridge: many", "method", "no number that is allowed"),
        ("ridge: 1", "steps: 5", "method", "unknown field `steps`"),
        ("{name: logistic, ridge: 1}", '{name: fedavg, rate: "0"}', "method", "no number that is allowed"),
        ("{name: logistic, ridge: 1}", "{name: statistics}", "target", "statistics has no target"),
        ("{name: logistic, ridge: 1}", "{name: poisson}", "target", "no target for poisson"),
        ("{name: logistic, ridge: 1}", "{name: linear}", "target", "no target for linear"),
        ("percent: 34", "percent: 99", "split", "Expected `int` <= 90"),
        ("by: hash", "by: chance", "split", "Invalid value 'chance'"),
        ("hungarian", "va", "sites", "va stands twice"),
        ("[cleveland, hungarian, switzerland, va]", "[va]", "sites", "length >= 2"),
        ("sites: 3", "sites: 5", "minimum", "there are only 4 sites"),
        ("sites: 3", "sites: 2", "minimum", "of 4 sites, 1 of them dishonest, masks need 3 or more"),
        ("colluding: 1}\nminimum: {sites: 3", "colluding: 0}\nminimum: {sites: 2", "minimum", "masks need 3 or more"),
        ("by: masks, colluding: 1", "by: masks, colluding: 3", "aggregation", "leaves no two honest sites"),
        ("rows: 1000", "rows: 10", "maximum", "is below the minimum"),
        ("[coefficients, evaluation]", "[coefficients, coefficients]", "outputs", "coefficients stands twice"),
        ("[coefficients, evaluation]", "[records]", "outputs", "Invalid enum value 'records'"),
        ("split: {by: hash, percent: 34, seed: 43}\n", "", "outputs", "needs records that are held back"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, old, new, at, reason):
    assert old in JOB
    text = JOB.replace(old, new)
    with pytest.raises(UsageError, match=reason.replace("(", r"\(")) as caught:
        job(tmp_path, text)
    if not at:
        assert caught.value.where.endswith("job.yml")
        return
    place, _, line = caught.value.where.rpartition(":")
    assert place.endswith("job.yml")
    assert abs(int(line) - LINES[at]) <= ("\n" in old), "a line may have been left out above"


PRIVATE = JOB.replace("{name: logistic, ridge: 1}", "{name: gradient, records: 600}").replace("mean}", "drop}")
PRIVATE = PRIVATE.replace("[coefficients, evaluation]", "[coefficients]")


@pytest.mark.parametrize(
    ("privacy", "reason"),
    [
        ('{epsilon: "0.5", delta: "0.0001", clip: 1}', ""),
        ('{epsilon: 0, delta: "0.0001", clip: 1}', "no number that is allowed"),
        ("{epsilon: 1, delta: 1, clip: 1}", "no number that is allowed"),
        ('{epsilon: 1, delta: "0.0001", clip: "-1"}', "no number that is allowed"),
        ("{epsilon: 1, clip: 1}", "required field `delta`"),
        ('{epsilon: 1, delta: "0.0001", clip: 1, unit: visit}', "Invalid enum value 'visit'"),
    ],
)
def test_privacy(tmp_path, privacy, reason):
    text = PRIVATE + f"privacy: {privacy}\n"
    if not reason:
        assert job(tmp_path, text).privacy.epsilon == "0.5"
        return
    with pytest.raises(UsageError, match=reason):
        job(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("missing: drop", "missing: mean", "not covered by the noise"),
        ("[coefficients]", "[coefficients, evaluation]", "an evaluation is not covered by the noise"),
        ("by: masks", "by: plain", "needs masks"),
        ("{name: gradient, records: 600}", "{name: logistic}", "need each other"),
        ("privacy: {", "#", "need each other"),
    ],
)
def test_what_privacy_needs(tmp_path, old, new, reason):
    text = PRIVATE + 'privacy: {epsilon: 1, delta: "0.0001", clip: 1}\n'
    assert job(tmp_path, text).method.records == 600
    with pytest.raises(UsageError, match=reason):
        job(tmp_path, text.replace(old, new))


def test_what_is_sent_is_judged_as_what_is_read(tmp_path):
    value = canonical.decode(jobs.dump(job(tmp_path)))
    assert jobs.parse(canonical.encode(value), "job") == job(tmp_path)
    value["target"] = "ill"
    with pytest.raises(UsageError, match="none of the features"):
        jobs.parse(canonical.encode(value), "job")
    with pytest.raises(UsageError, match="is no job"):
        jobs.parse(jobs.dump(job(tmp_path)) + b"\n", "job")
    with pytest.raises(UsageError, match="is larger than 1 MiB"):
        jobs.parse(b"[" * (1 << 20) + b"]", "job")


def test_a_feature_with_faults_has_no_column():
    with pytest.raises(ValueError, match="range"):
        column("age", IntegerFeature(minimum="x", maximum=3))


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "x" * 65])
def test_errors_about_what_is_sent_are_one_line_that_a_terminal_shows(tmp_path, name):
    for place in ("features", "parties"):
        value = canonical.decode(jobs.dump(job(tmp_path)))
        value[place][name] = {"type": "boolean", "missing": "drop", "title": None}
        with pytest.raises(UsageError) as caught:
            jobs.parse(canonical.encode(value), "job")
        assert str(caught.value).isprintable()


def _tried(step):
    """The job, or what the error says."""
    try:
        return step(), ""
    except UsageError as error:
        return None, str(error)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["masks", "sha256:", "boolean"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_is_sent_is_more_than_a_job_or_an_error(tmp_path, data):
    """Any value in place of any part of a job, asked directly."""
    value = canonical.decode(jobs.dump(job(tmp_path)))
    spot, key = value, data.draw(st.sampled_from(sorted(value)))
    while isinstance(spot[key], dict) and spot[key] and data.draw(st.booleans()):
        spot, key = spot[key], data.draw(st.sampled_from(sorted(spot[key])))
    spot[key] = data.draw(_ANY)
    try:
        raw = canonical.encode(value)
    except ValueError:
        return
    made, said = _tried(lambda: jobs.parse(raw, "job"))
    assert said.isprintable()
    if made:
        assert not list(jobs.faults(made))
        assert len(made.columns()) == len(made.features)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_in_a_file_is_more_than_a_job_or_an_error(tmp_path, data):
    at = data.draw(st.integers(0, len(JOB)))
    text = JOB[:at] + data.draw(st.text(max_size=6)) + JOB[at + data.draw(st.integers(0, 20)) :]
    path = tmp_path / "job.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    made, said = _tried(lambda: jobs.load(path))
    assert said.startswith(str(path)) if made is None else made.digest
