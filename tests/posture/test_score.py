"""The score: unknown never raises it."""

from hypothesis import given
from hypothesis import strategies as st

from secops.core.finding import RuleVerdict, Severity, Verdict
from secops.posture.score import count, coverage, score

SEVERITIES = {f"r{n}": severity for n, severity in enumerate(list(Severity) * 3)}
verdicts = st.fixed_dictionaries({name: st.sampled_from(Verdict) for name in SEVERITIES}).map(
    lambda states: [RuleVerdict(rule, "h", status) for rule, status in states.items()]
)


def test_the_documented_example() -> None:
    seen = [
        RuleVerdict("r0", "h", Verdict.PASS),
        RuleVerdict("r1", "h", Verdict.FAIL),
        RuleVerdict("r2", "h", Verdict.UNKNOWN),
    ]
    assert score(seen, SEVERITIES) == 100 * 20 // (20 + 8 + 3)


def test_no_applicable_rule_gives_no_score() -> None:
    assert score([RuleVerdict("r0", "h", Verdict.NOT_APPLICABLE)], SEVERITIES) is None
    assert coverage(count([])).percent == 0


@given(verdicts, st.data())
def test_losing_sight_of_a_rule_never_raises_the_score(seen: list[RuleVerdict], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seen) - 1))
    before = score(seen, SEVERITIES)
    if seen[at].status is Verdict.NOT_APPLICABLE or before is None:
        return
    for lost in (Verdict.UNKNOWN, Verdict.ERROR):
        after = score([*seen[:at], RuleVerdict(seen[at].rule, "h", lost), *seen[at + 1 :]], SEVERITIES)
        assert after is not None
        assert after <= before


@given(verdicts)
def test_waivers_never_lower_and_coverage_is_whole_only_when_all_is_decided(seen: list[RuleVerdict]) -> None:
    with_waivers, without = score(seen, SEVERITIES), score(seen, SEVERITIES, waived_passes=False)
    assert with_waivers is None or (without is not None and without <= with_waivers)
    undecided = [v for v in seen if v.status in (Verdict.UNKNOWN, Verdict.ERROR)]
    covered = coverage(count(seen))
    assert (covered.percent == 100) == (not undecided and covered.applicable > 0)
