"""The options of `citywall scan`: which rules and hosts, how the report comes out, and with which exit code it ends."""

import json
import os
import re
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from secops.cli._judging import exit_code
from secops.cli.scan import command
from secops.core.errors import Exit
from secops.core.finding import Finding, Severity, Verdict
from secops.core.report import Coverage
from tests.cli.scan_kit import at_terminal, image, into, nobody_reads
from tests.cli.store_kit import citywall
from tests.contract.documents import example
from tests.core.report_kit import finding, report

ACCOUNTS = ("--only", "accounts")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    return image(tmp_path_factory.mktemp("target") / "image")


def _report(home: Path, *args: str) -> dict:  # type: ignore[type-arg]
    done = citywall(home, "scan", "--format", "json", *args)
    assert done.returncode in (0, 1, 3), done.stderr
    document: dict = json.loads(done.stdout)  # type: ignore[type-arg]
    return document


def test_every_severity_can_be_named() -> None:
    """The choices are written out, since help loads no msgspec; they are lower case, as reports write them."""
    (option,) = (parameter for parameter in command.params if parameter.name == "fail_on")
    assert list(option.type.choices) == [*map(str, Severity), "never"]  # type: ignore[attr-defined]


HIGH, WAIVED = finding("r1"), finding("r1", status=Verdict.WAIVED, waiver="w-1")


@pytest.mark.parametrize(
    ("found", "percent", "silent", "fail_on", "floor", "code"),
    [
        ([], 100, {}, "info", 100, Exit.CLEAN),
        ([HIGH], 100, {}, "high", 100, Exit.FINDINGS),
        ([HIGH], 100, {}, "info", 100, Exit.FINDINGS),
        ([HIGH], 100, {}, "critical", 100, Exit.CLEAN),
        ([HIGH], 100, {}, "never", 100, Exit.CLEAN),
        ([WAIVED], 100, {}, "info", 100, Exit.CLEAN),
        ([HIGH], 50, {}, "high", 50, Exit.FINDINGS),
        ([HIGH], 50, {}, "high", 51, Exit.INCOMPLETE),  # too little was seen to call it a judgement
        ([], 50, {}, "never", 51, Exit.INCOMPLETE),
        ([], 0, {}, "never", 0, Exit.CLEAN),
        ([], 100, {"h3": "connection refused"}, "high", 0, Exit.INCOMPLETE),
        ([HIGH], 100, {"h3": "connection refused"}, "high", 0, Exit.INCOMPLETE),
        ([], 100, {"h3": "connection refused"}, "never", 0, Exit.INCOMPLETE),  # --fail-on is about findings only
    ],
)
def test_findings_and_what_was_not_seen_decide_the_exit_code(
    found: list[Finding], percent: int, silent: dict[str, str], fail_on: str, floor: int, code: Exit
) -> None:
    made = report(1, found, unreachable=silent)
    hosts = [replace(host, coverage=Coverage(percent, 100, 100)) for host in made.hosts]
    assert exit_code(replace(made, hosts=hosts), fail_on, floor) is code


def test_only_some_rules(tmp_path: Path, target: str) -> None:
    document = _report(tmp_path, "--root", target, "--only", "account-uid-*")
    assert {verdict["rule"] for verdict in document["verdicts"]} == {"account-uid-zero"}
    assert document["run"]["rules"]["count"] == 1
    area = {verdict["rule"] for verdict in _report(tmp_path, "--root", target, *ACCOUNTS)["verdicts"]}
    assert "account-uid-zero" in area
    assert {rule.partition("-")[0] for rule in area} == {"account"}


def test_no_rule_is_no_scan(tmp_path: Path, target: str) -> None:
    done = citywall(tmp_path, "scan", "--root", target, "--only", "acounts", "--only", "x*")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no rule matches acounts, x*" in done.stderr
    assert "citywall rules list" in done.stderr
    assert citywall(tmp_path, "report").returncode == 2, "a run was kept"


def test_own_rules_are_judged_beside_the_shipped_ones(tmp_path: Path) -> None:
    passwd = "root:x:0:0::/root:/bin/sh\nlab-1:x:1001:1001::/home/lab-1:/bin/bash\n"
    own = tmp_path / "own"
    own.mkdir()
    (own / "lab-account-on-server.yml").write_text(example("rules-format.md"))
    document = _report(
        tmp_path, "--root", image(tmp_path / "image", passwd), "--rules", str(own), "--only", "*account*"
    )
    assert [f["message"] for f in document["findings"]] == ["lab-1 may log in (/bin/bash)"]
    assert {"account-uid-zero", "lab-account-on-server"} <= {verdict["rule"] for verdict in document["verdicts"]}


def test_a_rule_that_cannot_be_used_is_told_before_a_host_is_asked(tmp_path: Path, target: str) -> None:
    own = tmp_path / "own"
    own.mkdir()
    broken = example("rules-format.md").replace("and can_login", "and no_such_column")
    (own / "lab-account-on-server.yml").write_text(broken)
    done = citywall(tmp_path, "scan", "--root", target, "--rules", str(own))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"citywall: {own}/lab-account-on-server.yml: query: ")
    assert "no_such_column" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--root", "{0}", "--root", "{0}"], "the host is named twice"),
        (["--ssh", "web1", "--ssh", "web1"], "the host is named twice"),
        (["--ssh", "web1", "--inventory", "{1}"], "the host is named twice"),
        (["--ssh", "ops@web1", "--inventory", "{1}"], "the host is named twice"),
        (["--sudo"], "--sudo and --collector are for --ssh hosts"),
        (["--ssh", "web1", "--sudo", "--collector"], "not both"),
        (["--ssh-config", "x"], "--ssh-config is for --ssh hosts"),
        (["--root", "{0}", "--ssh-config", "x"], "--ssh-config is for --ssh hosts"),
        (["--ssh", "-oProxyCommand=x"], "no target for ssh"),
        (["--inventory", "/no/such/file"], "/no/such/file"),
        (["--root", "{0}", "-o", "/no/such/folder/report"], "/no/such/folder/report"),
        (["--root", "{0}", "-o", "{0}"], "not a regular file"),
        (["--root", "{0}", "-o", "/dev/null"], "/dev/null: not a regular file"),
        (["--root", "{0}", "-o", "/proc/self/exe"], "/proc/self/exe: not a regular file"),
        (["--root", "{0}", "--format", "pdf"], "'text', 'json'"),
    ],
)
def test_targets_that_cannot_be_meant_are_wrong_usage(tmp_path: Path, target: str, args: list[str], said: str) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("hosts:\n  - {name: web1, ssh: ops@web1}\n")
    done = citywall(tmp_path, "scan", *(arg.format(target, inventory) for arg in args))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists(), "hosts were asked"


def test_fail_on_and_min_coverage_reach_the_exit_code(tmp_path: Path, target: str) -> None:
    judged = ("scan", "--root", target, *ACCOUNTS)
    assert citywall(tmp_path, *judged, "--fail-on", "critical").returncode == 0  # others below end with 1
    hidden = ("scan", "--root", target, "--only", "account-uid-zero", "--only", "log*", "--only", "service*")
    done = citywall(tmp_path, *hidden, "--min-coverage", "100")
    assert done.returncode == 3
    assert re.search(r"only \d+ % of its rules could be decided \(floor 100 %\)", done.stderr)


def test_the_report_speaks_chinese(tmp_path: Path, target: str) -> None:
    done = citywall(tmp_path, "scan", "--root", target, *ACCOUNTS, "--lang", "zh")
    assert "高危" in done.stdout
    assert "\x1b" not in done.stdout
    assert "除 root 外" in done.stdout
    assert "整改" in done.stdout
    assert not re.search(r"\b(Findings|Coverage|Host|Next)\b", done.stdout)


def test_colour_is_for_terminals_that_want_it(tmp_path: Path, target: str) -> None:
    judged = ("scan", "--root", target, *ACCOUNTS)
    colours = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7])")
    assert colours.search(at_terminal(tmp_path, *judged))
    assert not colours.search(at_terminal(tmp_path, *judged, NO_COLOR="1"))


def test_a_reader_that_leaves_does_not_change_what_was_found(tmp_path: Path, target: str) -> None:
    done = into(nobody_reads(), tmp_path, "scan", "--root", target, *ACCOUNTS)
    assert (done.returncode, done.stderr) == (1, "")
    assert citywall(tmp_path, "report").returncode == 0


def test_what_to_do_about_a_host_without_evidence_is_said(tmp_path: Path) -> None:
    bundle = tmp_path / "a.bundle"
    bundle.write_bytes(b"\x1f\x8bno bundle")
    done = citywall(tmp_path, "scan", "--bundle", str(bundle), *ACCOUNTS)
    assert done.returncode == Exit.INCOMPLETE
    assert "the bundle is damaged" in done.stderr
    assert "\n  Copy it from the host again." in done.stderr


def test_a_file_is_replaced_whole_and_is_its_owners_alone(tmp_path: Path, target: str) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "report.json").write_text("an older one")
    done = citywall(tmp_path, "scan", "--root", target, *ACCOUNTS, "--format", "json", "-o", str(place / "report.json"))
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads((place / "report.json").read_text())["schema"] == "citywall.report/1"
    assert stat.S_IMODE((place / "report.json").stat().st_mode) == 0o600
    assert os.listdir(place) == ["report.json"]
