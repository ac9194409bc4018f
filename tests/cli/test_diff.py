"""`citywall diff`: sections for people, a document for programs, and the exit code for a scheduler."""

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from secops.core.finding import Severity
from tests.cli.scan_kit import at_terminal, into, nobody_reads
from tests.cli.store_kit import FIRST, HOSTS, LAST, MACHINE, NEW, WAIVED, citywall, fits, is_inert, seed
from tests.core.report_kit import finding, report, run_id


def test_sections_fit_a_terminal_and_are_inert(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    said = at_terminal(tmp_path, "diff")
    assert said.startswith(f"{run_id(1)} → {run_id(2)}\n")
    assert fits(said)
    assert is_inert(said)
    done = citywall(tmp_path, "diff")
    assert done.stderr == ""
    assert done.stdout.startswith(f"{run_id(1)} → {run_id(2)}\n")
    titles = [line for line in done.stdout.split("\n") if re.fullmatch(r"\w[^·]* \(\d+\)", line)]
    assert titles == [
        "New (1)", "Open again: the waiver no longer holds (0)", "No longer decided: not known to be fixed (1)",
        "Fixed (1)", "Newly waived (0)", "Still open (1)",
    ]  # fmt: skip
    assert "the rule did not run" in done.stdout
    assert is_inert(done.stdout)


def test_a_finding_is_one_line_for_grep(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    (line,) = (line for line in citywall(tmp_path, "diff").stdout.split("\n") if f"r1 · {MACHINE}" in line)
    assert line.startswith("high ")
    assert line.endswith(NEW.message.strip())


def test_a_reader_that_leaves_changes_no_exit_code(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    for fmt in ("text", "json"):
        done = into(nobody_reads(), tmp_path, "diff", "--format", fmt)
        assert (done.returncode, done.stderr) == (1, "")
        done = into(nobody_reads(), tmp_path, "diff", "--format", fmt, "--fail-on", "never")
        assert (done.returncode, done.stderr) == (0, "")


def test_it_speaks_chinese(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    done = citywall(tmp_path, "diff", "--lang", "zh")
    assert "已整改 (1)" in done.stdout
    assert "高危" in done.stdout
    assert "规则未执行" in done.stdout
    assert fits(at_terminal(tmp_path, "diff", "--lang", "zh"))
    document = json.loads(citywall(tmp_path, "diff", "--lang", "zh", "--format", "json").stdout)
    assert document["no_longer_decided"][0]["reason"] == "the rule did not run"


def test_the_document_has_everything(tmp_path: Path) -> None:
    seed(tmp_path, FIRST, LAST)
    done = citywall(tmp_path, "diff", "--format", "json")
    document = json.loads(done.stdout)
    assert (document["schema"], document["before"], document["after"]) == ("citywall.diff/1", run_id(1), run_id(2))
    assert [item["rule"] for item in document["fixed"]] == ["r1"]
    assert document["no_longer_decided"][0]["reason"] == "the rule did not run"
    assert document["new"][0]["evidence"] == dict(NEW.evidence)
    assert not set("\x1b\x9b\u202e") & set(done.stdout)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ([], 1),
        (["--fail-on", "critical"], 0),
        (["--fail-on", "medium"], 1),
        (["--fail-on", "never"], 0),
        (["last", "last"], 0),
        (["last", "last~1"], 1),  # backwards: the critical finding that is not known to be fixed
        (["--fail-on", "worst"], 2),
    ],
)
def test_newly_open_findings_decide_the_exit_code(tmp_path: Path, args: list[str], code: int) -> None:
    seed(tmp_path, FIRST, LAST)
    assert citywall(tmp_path, "diff", *args).returncode == code


@pytest.mark.parametrize(
    ("before", "after", "code"), [([], [WAIVED], 0), ([WAIVED], [NEW], 1), ([NEW], [WAIVED], 0), ([NEW], [NEW], 0)]
)
def test_waived_is_not_open_and_open_again_is(tmp_path: Path, before: list, after: list, code: int) -> None:
    seed(tmp_path, report(1, before, hosts=HOSTS), report(2, after, hosts=HOSTS))
    assert citywall(tmp_path, "diff").returncode == code


def test_a_host_is_called_as_in_the_report(tmp_path: Path) -> None:
    """Not by its machine-id. Programs get both runs' own identity."""
    made = report(2, [finding("r1", MACHINE)], hosts=HOSTS)
    named = [replace(host, name="web7" if host.host == MACHINE else host.host) for host in made.hosts]
    seed(tmp_path, report(1, hosts=HOSTS), replace(made, hosts=named))
    text = citywall(tmp_path, "diff").stdout
    assert "r1 · web7" in text
    assert MACHINE not in text
    assert json.loads(citywall(tmp_path, "diff", "--format", "json").stdout)["new"][0]["host"] == MACHINE


def test_long_sections_are_cut_for_people_only(tmp_path: Path) -> None:
    many = [finding(host=MACHINE, key={"user": str(number)}) for number in range(23)]
    seed(tmp_path, report(1, hosts=HOSTS), report(2, many, hosts=HOSTS))
    text = citywall(tmp_path, "diff").stdout
    assert "New (23)" in text
    assert "… and 3 more" in text
    assert len(json.loads(citywall(tmp_path, "diff", "--format", "json").stdout)["new"]) == 23


def test_every_severity_can_be_named() -> None:
    """The choices are written out, since help loads no msgspec."""
    from secops.cli.diff import command

    (option,) = (parameter for parameter in command.params if parameter.name == "fail_on")
    assert list(option.type.choices) == [*map(str, Severity), "never"]  # type: ignore[attr-defined]
