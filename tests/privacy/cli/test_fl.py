"""`citywall fl` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.store_kit import citywall
from tests.privacy.federated.kit import JOB

#: Without gaps that made-up records do not have, and with what is written.
TEXT = JOB.replace("missing: mean", "missing: drop").replace("[coefficients, evaluation]", "[coefficients, card]")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A job beside made-up sites and records."""
    (tmp_path / "job.yml").write_text(TEXT.replace("[coefficients, card]", "[coefficients, evaluation, card]"))
    done = citywall(tmp_path, "fl", "dummy", str(tmp_path / "job.yml"), "-o", str(tmp_path / "made"), "--rows", "300")
    assert done.returncode == 0, done.stderr
    for name in ("sites", "data"):
        (tmp_path / "made" / name).rename(tmp_path / name)
    return tmp_path


def fl(city: Path, verb: str, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = citywall(city, "fl", verb, str(city / "job.yml"), *args)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def run(city: Path, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return fl(city, "run", "-o", str(city / "run"), *args, code=code)


def test_a_run_tells_and_writes_what_came_out(city: Path) -> None:
    done = run(city, "--compare")
    assert "sites in it: cleveland, hungarian, switzerland, va" in done.stdout
    assert "of 4 sites 1 may drop out, and 1 may collude with the hub" in done.stdout
    assert "pooled" in done.stdout
    assert all(len(line) <= 80 or "release check" in line for line in done.stdout.split("\n"))
    written = {path.name for path in (city / "run").iterdir()}
    assert {"outcome.json", "card.html", "card.md", "coefficients.svg", "coefficients.png", "release"} <= written
    assert [path.name for path in (city / "run/release").iterdir()] == ["coefficients.npz"]
    assert (city / "run").stat().st_mode & 0o077 == 0


def test_a_run_that_is_done_says_the_same_again(city: Path) -> None:
    first = run(city).stdout
    again = run(city)
    assert again.stdout == first
    assert "going on after round" in again.stderr


def test_a_run_that_was_killed_goes_on(city: Path) -> None:
    """Wherever it is ended, the next one comes to the same end, or says why it cannot: the end of a round was cut."""
    whole = citywall(city, "fl", "run", str(city / "job.yml"), "-o", str(city / "whole"))
    command = [sys.executable, "-m", "secops", "fl", "run", str(city / "job.yml"), "-o", str(city / "run")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    deadline = time.monotonic() + 60
    while not (city / "run/standing").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    after = citywall(city, "fl", "run", str(city / "job.yml"), "-o", str(city / "run"))
    if after.returncode == 0:
        assert after.stdout.replace(str(city / "run"), str(city / "whole")) == whole.stdout
        assert (city / "run/outcome.json").read_bytes() == (city / "whole/outcome.json").read_bytes()
    else:
        assert after.returncode == 4
        assert not (city / "run/outcome.json").exists()


def test_another_job_needs_another_folder(city: Path) -> None:
    run(city)
    (city / "job.yml").write_text(TEXT.replace("ridge: 1", "ridge: 2"))
    assert "another job" in run(city, code=2).stderr


def test_without_enough_sites_there_is_no_model(city: Path) -> None:
    for site in ("cleveland", "va"):
        path = city / "sites" / f"{site}.yml"
        path.write_text(path.read_text().replace("rows: 1", "rows: 1000"))
    done = run(city, code=4)
    assert "cleveland is not in it: too few people take part" in done.stderr
    assert not (city / "run/outcome.json").exists()


def test_check_and_count_say_who_does_not_take_part(city: Path) -> None:
    assert json.loads(fl(city, "check", "--format", "json").stdout)["refused"] == []
    path = city / "sites/va.yml"
    path.write_text(path.read_text().replace("rows: 1", "rows: 1000"))
    refused = json.loads(fl(city, "check", "--format", "json", code=4).stdout)["refused"]
    assert [(one["site"], one["reason"]["code"]) for one in refused] == [("va", "floor-rows")]
    counts = json.loads(fl(city, "count", "--format", "json", code=4).stdout)
    assert [one["site"] for one in counts if one["refused"]] == ["va"]


def test_noise_needs_a_budget_and_spends_it(city: Path) -> None:
    text = TEXT.replace("{name: logistic, ridge: 1}", "{name: gradient, records: 800}")
    text = text.replace("rounds: 6", "rounds: 10").replace("[coefficients, card]", "[coefficients]")
    (city / "job.yml").write_text(text + 'privacy: {epsilon: 1, delta: "0.0001", clip: "0.4"}\n')
    for path in (city / "sites").glob("*.yml"):
        path.write_text(path.read_text().replace("- logistic", "- gradient"))
    assert "`citywall fl budget` founds one" in run(city, code=4).stderr
    for path in (city / "sites").glob("*.yml"):
        done = citywall(city, "fl", "budget", str(path), "--epsilon", "1.2", "--delta", "0.0001")
        assert done.returncode == 0, done.stderr
    assert "there are no standard errors" in fl(city, "run", "-o", str(city / "second")).stdout
    told = citywall(city, "fl", "budget", str(city / "sites/va.yml"))
    assert "of 1.2 spent by 1 runs" in told.stdout
    assert citywall(city, "fl", "run", str(city / "job.yml"), "-o", str(city / "third")).returncode == 4


def test_predictions_say_what_is_lacking(city: Path) -> None:
    run(city)
    records = (city / "data/va.csv").read_text().split("\n")
    head = records[0].split(",")
    (city / "new.csv").write_text("\n".join([records[0], records[1], ",".join("" for _ in head)]) + "\n")
    done = citywall(city, "fl", "predict", str(city / "run"), str(city / "new.csv"))
    assert done.returncode == 0, done.stderr
    first, whole, empty, *_rest = done.stdout.split("\n")
    assert first.startswith("record,disease=true,lacks")
    assert 0 < float(whole.split(",")[1]) < 1
    assert empty.startswith("2,,age ")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("run", "nowhere.yml", "-o", "run"), "nowhere.yml"),
        (("predict", "nowhere", "new.csv"), "Is it the folder of a run?"),
        (("lab", "heart", "-o", "heart"), "needs the folder"),
        (("budget", "nowhere.yml", "--epsilon", "1"), "need each other"),
    ],
)
def test_what_is_not_there_is_wrong_usage(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    done = citywall(tmp_path, "fl", *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
