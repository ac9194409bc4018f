"""Where nothing may be skipped (.ci/run), a skip that is not listed with its reason fails the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
import pytest

@pytest.mark.parametrize("what", ["a [b] | c", "other"])
def test_server(what):
    pytest.skip("no server here")

def test_network():
    pytest.skip("no network here")

@pytest.mark.slow
def test_slow():
    assert False
"""


def _run(folder: Path, allowed: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "tests").mkdir()
    (folder / "tests/allowed-skips").write_text(allowed)
    (folder / "test_some.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = slow: takes long\n")
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "CITYWALL_NO_SKIPS")}
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", *args]
    return subprocess.run(
        command, cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), **env}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("processes", [0, 2])
def test_a_skip_that_is_not_listed_for_its_reason_fails_the_run_and_is_named(tmp_path: Path, processes: int) -> None:
    allowed = "# a remark\ntest_some.py::test_server[a [b] | c] | no*\ntest_some.py::test_network | no server here\n"
    done = _run(tmp_path, allowed, f"--numprocesses={processes}", CI="true")
    assert done.returncode == 1
    named = done.stdout.partition("not listed in tests/allowed-skips")[2].split("\n")
    assert sorted(line for line in named if " | " in line) == [
        "test_some.py::test_network | no network here", "test_some.py::test_server[other] | no server here",
    ]  # fmt: skip


def test_a_listed_skip_is_allowed(tmp_path: Path) -> None:
    allowed = "test_some.py::test_server* | no server here\n*::test_network | no network here\n"
    assert _run(tmp_path, allowed, CITYWALL_NO_SKIPS="1").returncode == 0


def test_a_skip_without_a_reason_cannot_be_listed(tmp_path: Path) -> None:
    done = _run(tmp_path, "test_some.py::test_server* | *\n", CITYWALL_NO_SKIPS="1")
    assert done.returncode not in (0, 5)
    assert "give the reason" in done.stdout + done.stderr


def test_elsewhere_a_skip_is_only_shown_and_slow_tests_wait_to_be_asked_for(tmp_path: Path) -> None:
    done = _run(tmp_path, "", "-ra")
    assert done.returncode == 0
    assert "no server here" in done.stdout
    assert "3 skipped, 1 deselected" in done.stdout
