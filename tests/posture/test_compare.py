"""What two runs tell apart. A finding that nobody could look for again is not fixed."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.finding import Finding, Verdict
from secops.core.report import Report
from secops.posture.compare import Diff, diff
from tests.core.report_kit import HOSTS, RULES, finding, report, run_id

ONE = finding()
TWO = finding("r2", "h2")
WAIVED = msgspec.structs.replace(ONE, status=Verdict.WAIVED, waiver="w-1")

LISTS = ("new", "reopened", "fixed", "newly_waived", "still_open", "still_waived")


def _lists(result: Diff) -> dict[str, list[Finding]]:
    """The lists that hold something."""
    found = {name: getattr(result, name) for name in LISTS}
    found["no_longer_decided"] = [item.finding for item in result.no_longer_decided]
    return {name: findings for name, findings in found.items() if findings}


@pytest.mark.parametrize(
    ("before", "after", "lists"),
    [
        ([], [], {}),
        ([], [ONE], {"new": [ONE]}),
        ([], [WAIVED], {"new": [WAIVED]}),
        ([ONE], [], {"fixed": [ONE]}),
        ([WAIVED], [], {"fixed": [WAIVED]}),
        ([ONE], [ONE], {"still_open": [ONE]}),
        ([ONE], [WAIVED], {"newly_waived": [WAIVED]}),
        ([WAIVED], [WAIVED], {"still_waived": [WAIVED]}),
        ([WAIVED], [ONE], {"reopened": [ONE]}),
        ([ONE], [TWO], {"new": [TWO], "fixed": [ONE]}),
    ],
)
def test_each_finding_is_in_its_list(before: list[Finding], after: list[Finding], lists: dict[str, Any]) -> None:
    result = diff(report(1, before), report(2, after))
    assert (result.before, result.after) == (run_id(1), run_id(2))
    assert _lists(result) == lists
    assert result.notes == []


def test_what_changed_outside_the_key_is_the_same_finding_as_the_later_run_has_it() -> None:
    moved = finding(evidence={"user": "root", "line": 99}, message="elsewhere")
    assert _lists(diff(report(1, [ONE]), report(2, [moved]))) == {"still_open": [moved]}


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (report(2, but={("r1", "h1"): (Verdict.UNKNOWN, "sudo_rules: denied")}), "sudo_rules: denied"),
        (report(2, but={("r1", "h1"): (Verdict.ERROR, "")}), "error"),
        (report(2, without=[("r1", "h1")]), "the rule did not run"),
        (report(2, hosts=["h2"]), "the host was not asked"),
        (report(2, hosts=["h2"], unreachable={"h1": "refused"}), "the host was not reached: refused"),
        (report(2, hosts=["h2"], unreachable={"ssh h1": "refused"}), "the host was not reached: refused"),
        (report(2, hosts=["h2"], unreachable={"h3": "refused"}), "the host was not asked"),
        (
            report(2, [finding(key={"user": "ops"})], but={("r1", "h1"): (Verdict.FAIL, "sudo_rules: denied")}),
            "seen in part: sudo_rules: denied",
        ),
    ],
)
def test_a_finding_that_was_not_looked_for_is_not_fixed(after: Report, reason: str) -> None:
    result = diff(report(1, [ONE]), after)
    assert result.fixed == []
    assert [(item.finding, item.reason) for item in result.no_longer_decided] == [(ONE, reason)]


def test_a_rule_that_no_longer_applies_has_nothing_to_find() -> None:
    after = report(2, but={("r1", "h1"): (Verdict.NOT_APPLICABLE, "")})
    assert _lists(diff(report(1, [ONE]), after)) == {"fixed": [ONE]}


def test_new_findings_that_could_not_be_seen_before_are_told() -> None:
    before = report(1, but={("r1", "h1"): (Verdict.UNKNOWN, "denied")})
    result = diff(before, report(2, [ONE, TWO]))
    assert result.new == [ONE, TWO]
    assert result.notes == ["1 new finding was not decided in the first run: it may be older than it looks."]


def test_other_rules_and_the_wrong_order_are_told() -> None:
    result = diff(report(2, digest="d2"), report(1))
    assert len(result.notes) == 2
    assert "the later one" in result.notes[0]
    assert "rules changed" in result.notes[1]


def test_only_open_findings_are_newly_open() -> None:
    again = finding("r2", "h1")
    before = report(1, [msgspec.structs.replace(again, status=Verdict.WAIVED)])
    result = diff(before, report(2, [WAIVED, TWO, again]))
    assert result.newly_open() == [TWO, again]


_UNDECIDED = [(Verdict.UNKNOWN, "denied"), (Verdict.ERROR, "broken"), None, "missing host"]


@st.composite
def _reports(draw: st.DrawFn, *, whole: bool = False) -> Report:
    """A report over two rules and two hosts; unless `whole`, some of it undecided, not run, or not asked."""
    pairs = [(rule, host) for host in HOSTS for rule in RULES]
    states = st.lists(st.sampled_from(_UNDECIDED), max_size=0 if whole else 3)
    lost = dict(zip(draw(st.permutations(pairs)), draw(states), strict=False))
    away = {pair[1] for pair, state in lost.items() if state == "missing host"}
    found = [
        finding(rule, host, key={"user": user}, status=status)
        for rule, host in pairs
        for user, status in draw(
            st.dictionaries(st.sampled_from("abc"), st.sampled_from([Verdict.FAIL, Verdict.WAIVED]), max_size=3)
        ).items()
        if (rule, host) not in lost and host not in away
    ]
    return report(
        draw(st.integers(0, 9)),
        found,
        hosts=[host for host in HOSTS if host not in away],
        but={pair: state for pair, state in lost.items() if isinstance(state, tuple)},
        without=[pair for pair, state in lost.items() if state is None],
    )


def _ids(findings: list[Finding]) -> set[str]:
    return {item.identity for item in findings}


@given(_reports())
def test_a_run_differs_in_nothing_from_itself(one: Report) -> None:
    result = diff(one, one)
    assert set(_lists(result)) <= {"still_open", "still_waived"}
    assert result.notes == []


@given(_reports(), _reports())
def test_every_finding_is_in_exactly_one_list(before: Report, after: Report) -> None:
    lists = _lists(diff(before, after))
    placed = [item.identity for findings in lists.values() for item in findings]
    assert len(placed) == len(set(placed))
    assert set(placed) == _ids([*before.findings, *after.findings])


@given(_reports(), _reports())
def test_what_is_fixed_was_judged_in_the_later_run(before: Report, after: Report) -> None:
    decided = {(v.rule, v.host) for v in after.verdicts if v.status in (Verdict.PASS, Verdict.FAIL, Verdict.WAIVED)}
    assert all((item.rule, item.host) in decided for item in diff(before, after).fixed)


@given(_reports(whole=True), _reports(whole=True))
def test_where_all_is_decided_new_and_fixed_change_places(before: Report, after: Report) -> None:
    there, back = diff(before, after), diff(after, before)
    assert _ids(there.new) == _ids(back.fixed)
    assert _ids(there.fixed) == _ids(back.new)
    assert _ids(there.reopened) == _ids(back.newly_waived)
    assert there.no_longer_decided == back.no_longer_decided == []
