"""The text report: its face in both languages, what it may never look like, and hostile names.

The golden files are refreshed by `UPDATE_GOLDEN=1 pytest tests/core/test_render_text.py`: read the diff of them then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from secops.core.columns import wrap
from secops.core.finding import RuleVerdict, Severity, Verdict
from secops.core.i18n import speaking
from secops.core.render import Page, text
from secops.core.report import Coverage, FeedUse, HostReport, Report
from tests.core.sample_report import DB, HMC, HOSTILE, WEB, sample_report

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def shown(report: Report, lang: str = "en", **page: Any) -> str:
    with speaking(lang):
        return text.render(report, Page(lang, **page))


def changed(report: Report, **fields: Any) -> Report:
    return msgspec.structs.replace(report, **fields)


def host(identity: str, decided: int, applicable: int, **more: Any) -> HostReport:
    score = 100 if decided == applicable else 60
    return HostReport(host=identity, carrier="local", score=score, coverage=Coverage(decided, applicable, 150), **more)


def clean(*hosts: HostReport) -> Report:
    return changed(sample_report(), hosts=list(hosts), findings=[], verdicts=[], notes=[])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_golden(lang: str) -> None:
    path = GOLDEN / f"report.{lang}.txt"
    page = shown(sample_report(lang), lang)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(page, "utf-8")
    assert page == path.read_text("utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("width", "verbose"), [(80, False), (80, True), (100, True), (60, False)])
def test_every_line_fits(lang: str, width: int, verbose: bool) -> None:
    for line in shown(sample_report(lang), lang, width=width, verbose=verbose).split("\n"):
        assert cell_len(line) <= width, line


def test_commands_are_never_wrapped() -> None:
    command = "find / -xdev " + " ".join(f"-not -path '/srv/{n}/*'" for n in range(20))
    report = sample_report()
    findings = [msgspec.structs.replace(report.findings[0], commands=command)]
    assert f"\n          {command}\n" in shown(changed(report, findings=findings))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_names_are_shown_and_inert(lang: str) -> None:
    page = shown(sample_report(lang), lang, verbose=True, colour=True)
    colours = page.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[1;31m", "")
    colours = colours.replace("\x1b[31m", "").replace("\x1b[33m", "").replace("\x1b[36m", "")
    assert all(char.isprintable() or char == "\n" for char in colours)
    for name in HOSTILE[:1] + HOSTILE[3:6]:
        assert name in page
    assert "\\x1b]0;owned\\x07" in page
    assert "ops\\u202etxt.exe\\u2066\\u200b" in page
    assert "eve\\x0aCRITICAL  forged line" in page
    assert "'[red]n/a[/]'" in page


def test_a_name_changes_no_line_but_its_own() -> None:
    """A host called anything looks like a host called `plain`, but for the name."""
    for name in (*HOSTILE, "{n}", "{score}", "%s", "\\", "a" * 300):
        report = clean(host(name, 3, 90, unreachable=""))
        lines = shown(report).split("\n")
        assert len(lines) <= len(shown(clean(host("plain", 3, 90))).split("\n")) + 5
        assert "not shown to be clean" in " ".join(lines)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=60))
def test_any_text_from_a_host_stays_in_its_lines(message: str, name: str) -> None:
    report = sample_report()
    findings = [
        msgspec.structs.replace(f, message=message, title=name, fix=message, why=name, host=name, commands="")
        for f in report.findings
    ]
    hosts = [host(name, 1, 2, name=message, not_seen={"t": message}), host("b", 0, 1, unreachable=message or "no")]
    verdicts = [RuleVerdict("r", name, Verdict.UNKNOWN, message), RuleVerdict("r", "b", Verdict.ERROR, message)]
    page = shown(changed(report, hosts=hosts, findings=findings, verdicts=verdicts, notes=[message]), verbose=True)
    for line in page.split("\n"):
        assert line.isprintable()
        assert cell_len(line) <= 80


# What must never look clean


@pytest.mark.parametrize(
    "report",
    [
        clean(host("a", 90, 90), HostReport(host="b", unreachable="Connection refused")),
        clean(host("a", 12, 92)),
        clean(host("a", 91, 92)),
        clean(host("a", 90, 90), host("b", 0, 0)),
        clean(host("a", 0, 90)),
        clean(),
        changed(clean(host("a", 90, 90)), verdicts=[RuleVerdict("r", "a", Verdict.ERROR, "broken")]),
        changed(clean(host("a", 90, 90)), verdicts=[RuleVerdict("r", "a", Verdict.UNKNOWN, "t: denied")]),
    ],
    ids=["unreachable", "low", "one undecided", "nothing applies", "nothing decided", "no host", "error", "unknown"],
)
def test_what_was_not_seen_never_looks_clean(report: Report) -> None:
    page = shown(report).replace("\n", " ")
    assert "no open findings, " not in page
    assert "Every rule that applies was decided" not in page
    assert "not shown to be clean" in page or "nothing was judged" in page
    zh = shown(report, "zh").replace("\n", "")
    assert "尚不能认定安全" in zh or "未完成任何判定" in zh


def test_clean_is_said_plainly_when_it_is_true() -> None:
    page = shown(clean(host("web1", 90, 90)))
    assert "web1: no open findings, score 100 of 100, 90 of 90 decided." in page
    assert "Every rule that applies was decided." in page
    assert "Findings" not in page
    assert "Not seen" not in page
    assert "citywall history" in page


def test_waived_findings_alone_leave_nothing_open_but_are_told() -> None:
    report = sample_report()
    waived = [finding for finding in report.findings if finding.status is Verdict.WAIVED]
    page = shown(changed(clean(host(WEB, 90, 90, name="web1", score_without_waivers=91)), findings=waived))
    assert "web1: no open findings, score 100 of 100, 91 without waivers" in page
    assert "Waived: accepted, not fixed" in page
    assert "W-7, approved by Li Ming, until 2027-01-31" in page


def test_a_host_not_reached_is_told_with_its_reason() -> None:
    page = shown(sample_report())
    assert "1 host was not reached" in page
    assert "Connection timed out" in page.replace("\n    ", " ")
    row = next(line for line in page.split("\n") if line.startswith(f"  {DB}"))
    assert row.split() == [DB, "-", "-", "not", "reached"]


def test_what_was_not_seen_is_told_once_with_what_would_help() -> None:
    page = " ".join(shown(sample_report()).split())
    assert "shadow_meta, weak_passwords: /etc/shadow: permission denied: run as root or with sudo" in page
    assert (
        f"12 rules undecided (rule-000, rule-001, rule-002, rule-003, rule-004, rule-005 and 6 more) on {HMC}" in page
    )
    assert "special_files: took longer than 120 s 30 rules" in page


def test_root_is_not_told_to_be_root() -> None:
    denied = {"t": "/srv/nfs: permission denied"}
    page = " ".join(shown(clean(host("a", 3, 9, as_root=True, not_seen=denied))).split())
    assert "permission denied: root is not enough here: in a container, scan the machine below it" in page
    assert "run as root" not in page
    assert "permission denied: run as root" in shown(clean(host("a", 3, 9, not_seen=denied)))


def test_reasons_are_told_in_chinese() -> None:
    page = "".join(line.strip() for line in shown(sample_report("zh"), "zh").split("\n"))
    assert "/etc/shadow: 权限不足：请以 root 或通过 sudo 运行" in page
    assert "special_files：采集超过 120 秒" in page


def test_rules_in_error_are_named() -> None:
    page = shown(sample_report())
    assert "Rules in error" in page
    assert f"sshd-weak-mac: web1, {HMC}: Conversion Error" in page


# How much is told


def fleet(count: int) -> Report:
    report = sample_report()
    hosts = [host(f"h{n:02}", 90, 90, score_without_waivers=None) for n in range(count)]
    hosts = [msgspec.structs.replace(h, score=50 + n) for n, h in enumerate(hosts)]
    findings = [msgspec.structs.replace(report.findings[0], host=h.host, message=f"m{n}") for n, h in enumerate(hosts)]
    return changed(report, hosts=hosts[::-1], findings=findings, verdicts=[])


def test_a_fleet_is_told_worst_first_and_cut() -> None:
    page = shown(fleet(42))
    rows = [line.split()[0] for line in page.split("\n") if line.startswith("  h") and " of " in line]
    assert rows == [f"h{n:02}" for n in range(20)]
    assert "… and 22 more hosts" in page
    assert "42 findings on 42 hosts" in page
    assert "… and 37 more\n" in page
    assert "42 hosts: worst finding critical, lowest score 50 of 100 (h00)" in page


def test_verbose_tells_everything() -> None:
    page = shown(fleet(42), verbose=True)
    assert all(f"m{n}\n" in page for n in range(42))
    assert "… and" not in page


def test_medium_and_low_are_brief_unless_asked_for() -> None:
    brief, full = shown(sample_report()), shown(sample_report(), verbose=True)
    assert "the password of backup never expires" not in brief
    assert "the password of backup never expires" in full
    assert "chage -M 90 oracle" in brief  # the fix is never left out


def test_the_worst_comes_first_whatever_the_order_of_the_report() -> None:
    report = sample_report()
    page = shown(changed(report, findings=report.findings[::-1]))
    places = [page.index(f"\n{severity.upper()}  ") for severity in list(Severity)[:4]]
    assert places == sorted(places)


def test_commands_stand_under_the_hosts_they_are_for() -> None:
    page = shown(sample_report())
    debian = page.index("on web1:\n          apt-get")
    assert debian < page.index(f"on {HMC}:\n          dnf upgrade kernel")


def test_hosts_known_by_machine_id_are_called_by_name_and_told_apart() -> None:
    twins = [host(f"{n}{'0' * 31}", 90, 90, name="web") for n in (1, 2)] + [host(f"1{'0' * 31}@b", 9, 9, name="web")]
    page = shown(clean(*twins))
    assert all(f"web ({name})" in page for name in ("10000000", "20000000", "10000000@b"))


# Wrapping


def test_chinese_breaks_anywhere_but_before_a_full_stop() -> None:
    assert wrap("主机安全核查，完成。", 12) == ["主机安全核", "查，完成。"]
    assert wrap("以 root 身份执行", 8) == ["以 root", "身份执行"]
    assert wrap("见（附录）", 5) == ["见", "（附", "录）"]


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(blacklist_categories=("C", "Z", "M")) | st.just(" "), max_size=200), st.integers(4, 90))
def test_wrapping_keeps_every_word_and_the_width(words: str, width: int) -> None:
    lines = wrap(words, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())


@pytest.mark.parametrize(("days", "said"), [(0, "0 days old:"), (1, "1 day old:"), (2, "2 days old:")])
def test_the_age_of_a_feed_is_told_in_the_right_number(days: int, said: str) -> None:
    report = sample_report()
    feeds = [FeedUse("debian-security", "2026-11-01", days, stale=False)]
    page = shown(changed(report, run=msgspec.structs.replace(report.run, feeds=feeds)))
    assert f"Feed debian-security is of 2026-11-01, {said}" in " ".join(page.split())
