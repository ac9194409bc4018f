"""Waivers: what they cover, when they end, and what is said of them."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.finding import Finding, RuleVerdict, Verdict
from secops.core.i18n import speaking
from secops.posture.waivers import Waiver, apply, apply_to_verdicts, matcher
from tests.core.report_kit import finding

TODAY = date(2026, 11, 22)


def waiver(name: str = "w-1", **fields: Any) -> Waiver:
    """A waiver of every finding, approved a month ago for two months."""
    defaults = {
        "rule": "*", "host": "*", "reason": "ticket 4711", "approver": "Li Wei",
        "created": TODAY - timedelta(30), "expires": TODAY + timedelta(30),
    }  # fmt: skip
    return Waiver(id=name, **{**defaults, **fields})


def expired(name: str = "w-old", **fields: Any) -> Waiver:
    return waiver(name, expires=TODAY - timedelta(1), **fields)


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"rule": "ssh-root", "host": "web1"}, True),
        ({"rule": "ssh-*", "host": "web[0-9]"}, True),
        ({"rule": "ssh", "host": "*"}, False),
        ({"rule": "SSH-ROOT"}, False),
        ({"rule": "ssh-root", "host": "web"}, False),
        ({"rule": "ssh.root"}, False),
        ({"key": {"user": "root"}}, True),
        ({"key": {"user": "root", "port": "22"}}, True),
        ({"key": {"port": "022"}}, False),
        ({"key": {"on": "true", "gone": "null", "all": '["a","b"]'}}, True),
        ({"key": {"user": "ops"}}, False),
        ({"key": {"user": "r*"}}, False),
        ({"key": {"line": "3"}}, False),  # evidence, not key
        ({"key": {"none": "null"}}, False),
    ],
)
def test_a_waiver_matches_by_rule_host_and_key(fields: dict[str, Any], matches: bool) -> None:
    key = {"user": "root", "port": 22, "on": True, "gone": None, "all": ["a", "b"]}
    found = finding("ssh-root", "web1", key=key, evidence={**key, "line": 3})
    assert matcher(waiver(**fields))(found) is matches


def test_a_matching_finding_is_waived_and_says_by_whom_and_until_when() -> None:
    judged, notes = apply([finding("r1"), finding("r2")], [waiver(rule="r1")], TODAY)
    assert [item.status for item in judged] == [Verdict.WAIVED, Verdict.FAIL]
    assert judged[0].waiver == "w-1, approved by Li Wei, until 2026-12-22"
    assert judged[1] == finding("r2")
    assert notes == []


@pytest.mark.parametrize(("days", "status"), [(0, Verdict.WAIVED), (-1, Verdict.FAIL), (30, Verdict.WAIVED)])
def test_the_last_day_still_counts(days: int, status: Verdict) -> None:
    judged, _notes = apply([finding()], [waiver(expires=TODAY + timedelta(days))], TODAY)
    assert judged[0].status is status


def test_an_expired_waiver_opens_its_findings_again_and_says_so() -> None:
    was = finding(status=Verdict.WAIVED, waiver="w-old, approved by Li Wei, until 2026-11-21")
    judged, notes = apply([was, finding("r2")], [expired(rule="r1")], TODAY)
    assert judged == [finding(), finding("r2")]
    assert notes == ["The waiver w-old ended on 2026-11-21: 1 finding is open again."]


def test_what_another_waiver_covers_is_not_open_again() -> None:
    judged, notes = apply([finding()], [expired(), waiver()], TODAY)
    assert judged[0].waiver.startswith("w-1,")
    assert notes == []


def test_of_several_waivers_the_one_that_holds_longest_counts() -> None:
    waivers = [waiver("w-a"), waiver("w-b", expires=TODAY + timedelta(90)), waiver("w-c")]
    for order in (waivers, waivers[::-1]):
        judged, notes = apply([finding()], order, TODAY)
        assert judged[0].waiver.startswith("w-b,")
        assert notes == []


def test_waivers_that_match_nothing_are_told_in_one_note() -> None:
    idle = [waiver(f"w-{number}", rule="gone") for number in range(7)]
    assert apply([finding()], idle[:1], TODAY)[1] == ["1 waiver matches nothing here: w-0"]
    assert apply([], idle, TODAY)[1] == ["7 waivers match nothing here: w-0, w-1, w-2, w-3, w-4 …"]


def test_notes_speak_the_language_in_use() -> None:
    with speaking("zh"):
        assert apply([], [waiver()], TODAY)[1]  # the catalogue may lag behind, the sentence may not fail


def _verdicts(*statuses: Verdict) -> list[RuleVerdict]:
    return [RuleVerdict(f"r{number}", "h1", status, "why") for number, status in enumerate(statuses, start=1)]


def test_a_verdict_is_waived_only_when_all_its_findings_are() -> None:
    waived = {"status": Verdict.WAIVED, "waiver": "w-1"}
    found = [
        finding("r1", **waived), finding("r1", key={"user": "ops"}, **waived),
        finding("r2", **waived), finding("r2", key={"user": "ops"}),
        finding("r3", "h2", **waived),
    ]  # fmt: skip
    judged = apply_to_verdicts(_verdicts(Verdict.FAIL, Verdict.FAIL, Verdict.FAIL), found)
    assert judged == _verdicts(Verdict.WAIVED, Verdict.FAIL, Verdict.FAIL)


def test_no_other_verdict_is_ever_changed() -> None:
    others = _verdicts(Verdict.PASS, Verdict.UNKNOWN, Verdict.ERROR, Verdict.NOT_APPLICABLE)
    assert apply_to_verdicts(others, [finding(f"r{n}", status=Verdict.WAIVED) for n in (1, 2, 3, 4)]) == others


def test_a_verdict_whose_waiver_ended_fails_again() -> None:
    assert apply_to_verdicts(_verdicts(Verdict.WAIVED), [finding("r1")]) == _verdicts(Verdict.FAIL)


_names = st.text("ab*?[]!-", min_size=1, max_size=6).filter(str.strip)
_days = st.integers(-40, 40)
_findings = st.lists(
    st.builds(
        finding,
        st.text("ab", min_size=1, max_size=3),
        st.text("ab\n", min_size=1, max_size=3),
        key=st.dictionaries(st.sampled_from(["user", "port"]), st.integers(0, 2) | st.text("ab", max_size=2)),
        status=st.sampled_from([Verdict.FAIL, Verdict.WAIVED]),
    ),
    max_size=6,
)


@st.composite
def _waivers(draw: st.DrawFn) -> list[Waiver]:
    key = st.dictionaries(st.sampled_from(["user", "port"]), st.text("ab012", max_size=2), max_size=2)
    made = []
    for number in range(draw(st.integers(0, 5))):
        end = TODAY + timedelta(draw(_days))
        fields = {"rule": draw(_names), "host": draw(_names), "key": draw(key)}
        made.append(waiver(f"w-{number}", created=end - timedelta(9), expires=end, **fields))
    return made


@given(_findings, _waivers())
def test_laws_of_waiving(findings: list[Finding], waivers: list[Waiver]) -> None:
    judged, notes = apply(findings, waivers, TODAY)
    # nothing is lost, added or moved, and nothing but status and waiver changes
    assert [msgspec.structs.replace(item, status=Verdict.FAIL, waiver="") for item in judged] == [
        msgspec.structs.replace(item, status=Verdict.FAIL, waiver="") for item in findings
    ]
    # waived exactly when a waiver that holds today matches, and then it says which
    holding = [item for item in waivers if item.expires >= TODAY]
    for item in judged:
        assert (item.status is Verdict.WAIVED) is any(matcher(one)(item) for one in holding)
        assert bool(item.waiver) is (item.status is Verdict.WAIVED)
    # the same again, whatever the order of the waivers
    assert apply(judged, waivers, TODAY) == (judged, notes)
    assert apply(findings, waivers[::-1], TODAY)[0] == judged
    # more waivers never open anything, and expired ones never close anything
    assert apply(findings, holding, TODAY)[0] == judged
    open_now = {item.identity for item in judged if item.status is Verdict.FAIL}
    for item in apply(findings, [*waivers, waiver("w-all")], TODAY)[0]:
        assert item.status is Verdict.WAIVED
    assert open_now <= {item.identity for item in apply(findings, [], TODAY)[0]}


@given(_findings, _waivers())
def test_a_waived_verdict_hides_no_open_finding(findings: list[Finding], waivers: list[Waiver]) -> None:
    judged, _notes = apply(findings, waivers, TODAY)
    pairs = {(item.rule, item.host) for item in judged}
    for verdict in apply_to_verdicts([RuleVerdict(*pair, Verdict.FAIL) for pair in pairs], judged):
        own = {item.status for item in judged if (item.rule, item.host) == (verdict.rule, verdict.host)}
        assert (verdict.status is Verdict.WAIVED) is (own == {Verdict.WAIVED})
