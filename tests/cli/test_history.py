"""`citywall history` and `citywall report`: earlier runs, found by name, shown safely."""

import json
from pathlib import Path

import msgspec
import pytest

from tests.cli.scan_kit import at_terminal
from tests.cli.store_kit import FIRST, LAST, citywall, fits, is_inert, seed
from tests.core.report_kit import report, run_id


def test_history_fits_a_terminal_and_shows_the_latest_first(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    done = citywall(tmp_path, "history")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.split("\n") if line.strip().startswith("2026")]
    assert lines[0] == [run_id(2), "2/3", "0", "1", "0", "0", "50", "%", "50"]
    assert lines[1] == [run_id(1), "2", "1", "0", "1", "0", "50", "%", "50"]
    assert is_inert(done.stdout)
    assert fits(at_terminal(tmp_path, "history"))
    assert "已判定" in citywall(tmp_path, "history", LANG="zh_CN.UTF-8").stdout


def test_history_for_programs(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    runs = json.loads(citywall(tmp_path, "history", "--limit", "1", "--format", "json").stdout)
    assert [run["id"] for run in runs] == [run_id(2)]
    assert runs[0]["summary"]["open"] == {"critical": 0, "high": 1, "medium": 0, "low": 1, "info": 0}


def test_an_empty_history_says_how_to_begin(tmp_path: Path) -> None:
    done = citywall(tmp_path, "history")
    assert (done.returncode, done.stdout) == (0, "")
    assert "citywall scan" in done.stderr
    assert json.loads(citywall(tmp_path, "history", "--format", "json").stdout) == []


def test_a_run_in_which_nothing_applied_has_no_percentage(tmp_path: Path) -> None:
    seed(tmp_path, report(1, hosts=[]))
    assert "%" not in citywall(tmp_path, "history").stdout


def test_report_gives_the_stored_document_again(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    for args, kept in ((["report"], LAST), (["report", "last~1"], FIRST), (["report", run_id(1)[:13]], FIRST)):
        done = citywall(tmp_path, *args, "--format", "json")
        assert done.returncode == 0
        assert msgspec.json.decode(done.stdout, type=type(kept)) == kept


def test_report_is_written_to_a_file_and_is_in_its_own_language(tmp_path: Path) -> None:
    chinese = msgspec.structs.replace(LAST, run=msgspec.structs.replace(LAST.run, lang="zh"))
    seed(tmp_path, chinese)
    out = tmp_path / "report.txt"
    done = citywall(tmp_path, "report", "-o", str(out))
    assert (done.returncode, done.stdout) == (0, "")
    assert "主机" in out.read_text("utf-8")


@pytest.mark.parametrize("ref", ["nothing", "last~9", ""])
@pytest.mark.parametrize("verb", [["report"], ["diff", "last"]])
def test_an_unknown_run_is_wrong_usage(tmp_path: Path, verb: list[str], ref: str) -> None:
    seed(tmp_path, FIRST)
    done = citywall(tmp_path, *verb, ref)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such run" in done.stderr
    assert "citywall history" in done.stderr


def test_a_damaged_store_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "citywall.db").write_bytes(b"junk" * 3000)
    for args in (["history"], ["report"], ["diff"], ["waive", "list"]):
        done = citywall(tmp_path, *args)
        assert (done.returncode, done.stdout) == (5, "")
        assert done.stderr.startswith(f"citywall: {tmp_path}/citywall.db: is damaged, or no store")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["history", "diff", "report", "waive", "waive add", "waive list", "waive remove"])
def test_help_has_an_example(tmp_path: Path, verb: str) -> None:
    done = citywall(tmp_path, *verb.split(), "--help")
    assert done.returncode == 0
    assert f"\n    citywall {verb}" in done.stdout
    assert "\\b" not in done.stdout
    assert max(map(len, done.stdout.split("\n"))) <= 80
    assert not any(tmp_path.iterdir())
