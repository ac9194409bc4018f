"""Untrusted rules: one that overstays, eats memory or reaches out is `error`, and the others are judged."""

from pathlib import Path

import pytest

from secops.core.errors import UsageError
from secops.core.finding import Verdict
from secops.hosts.snapshot import observe, spool
from secops.posture.isolation import judge, query, rule_faults
from secops.posture.judge import Source
from tests.hosts.evidence_kit import evidence
from tests.posture.kit import rule

GOOD = "select host, user_name from users where uid = 0"
HOSTILE = {
    "endless": "select host, user_name from users, range(100000000) a, range(1000000) b where a.range + b.range = -1",
    "memory": "select host, user_name, repeat('x', 3500000000), repeat('y', 3500000000) from users",
    "slow-function": "select host, user_name, levenshtein(repeat('x', 300000), repeat('y', 300000)) from users",
    "reads-file": "select host, content as user_name from read_text('/etc/passwd')",
    "environment": "select host, getenv('HOME') as user_name from users",
    "two": "select host, user_name from users; select 1",
}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    facts = observe(evidence(passwd={"/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}), "web1")
    spooled = spool(facts, "web1", tmp_path / "web1.gz")
    return Source(spools=[spooled.path], widest=spooled.widest)


def test_hostile_rules_are_errors_and_those_around_them_are_judged(source: Source) -> None:
    rules = [rule(GOOD, id="first"), *(rule(sql, id=name) for name, sql in HOSTILE.items()), rule(GOOD, id="last")]
    outcomes = {outcome.rule: outcome for outcome in judge(source, rules, rule_seconds=2)}
    assert list(outcomes) == [r.id for r in rules]
    for name in HOSTILE:
        assert [status for status, _, _ in outcomes[name].hosts] == [Verdict.ERROR], name
        assert outcomes[name].rows == []
    for name in ("first", "last"):
        assert outcomes[name].rows == [{"host": "web1", "user_name": "root"}]
    assert "took more than 2 s" in outcomes["endless"].hosts[0][1]
    assert "memory" in outcomes["memory"].hosts[0][1]


def test_lint_survives_hostile_rules_too() -> None:
    rules = [rule("select host, user_name, no_such from users", id="unknown-column"), rule(HOSTILE["two"], id="two")]
    found = {one.id: faults for one, faults in rule_faults(rules, run_tests=True)}
    assert "no_such" in found["unknown-column"][0]
    assert "2 statements" in found["two"][0]


def test_a_users_own_query_sees_all_tables_and_nothing_else(source: Source) -> None:
    answer = query(source, "select user_name from users where uid = 0")
    assert answer == {"columns": ["user_name"], "rows": [["root"]], "not_whole": []}
    for sql in (
        "select * from read_text('/etc/passwd')",
        "drop table users",
        "select nope from users",
        "select 1; select 2",
    ):
        with pytest.raises(UsageError):
            query(source, sql)
