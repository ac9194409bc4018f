"""Verdicts: the engine computes them, and what was not seen is never a pass."""

import pytest

from secops.core.finding import Verdict
from secops.posture.evaluate import Outcome, evaluate
from secops.posture.rule import Case
from tests.posture.kit import facts, rule

UID0 = "select host, user_name, uid from users where uid = 0 and user_name <> 'root'"
TOOR = {"users": [{"user_name": "toor", "uid": 0}]}
ROOT = {"users": [{"user_name": "root", "uid": 0}]}


def states(outcome: Outcome) -> dict[str, tuple[Verdict, str]]:
    return {host: (status, reason) for status, reason, hosts in outcome.hosts for host in hosts}


def status(case: Case, **fields: object) -> Verdict:
    return states(evaluate(facts(case), rule(UID0, **fields)))["host1"][0]


def test_rows_fail_and_no_rows_pass() -> None:
    assert status(Case(given=TOOR)) is Verdict.FAIL
    assert status(Case(given=ROOT)) is Verdict.PASS


def test_an_incomplete_table_is_unknown_with_and_without_rows() -> None:
    assert status(Case(given=TOOR, incomplete=["users"])) is Verdict.UNKNOWN
    assert status(Case(given=ROOT, incomplete=["users"])) is Verdict.UNKNOWN


def test_the_reason_names_the_table() -> None:
    outcome = evaluate(facts(Case(incomplete=["users"])), rule(UID0))
    assert states(outcome)["host1"] == (Verdict.UNKNOWN, "users: test")


def test_where_rows_prove_a_partial_table_can_fail_but_not_pass() -> None:
    assert status(Case(given=TOOR, incomplete=["users"]), partial="rows_prove") is Verdict.FAIL
    assert status(Case(given=ROOT, incomplete=["users"]), partial="rows_prove") is Verdict.UNKNOWN


#: A rule is not sure of accounts whose number nobody knows.
UNSURE = "select host, 'the number of ' || user_name || ' is not known' as reason from users where uid is null"


def test_a_host_of_which_its_rule_is_not_sure_is_unknown_and_no_pass() -> None:
    numberless = {"user_name": "ann"}
    given = {"users": [{"host": "a", **numberless}, {"host": "b", "user_name": "bob", "uid": 1},
                       {"host": "c", **numberless}, {"host": "c", "user_name": "toor", "uid": 0}]}  # fmt: skip
    found = states(evaluate(facts(Case(given=given)), rule(UID0, unsure=UNSURE)))
    assert found == {
        "a": (Verdict.UNKNOWN, "the number of ann is not known"), "b": (Verdict.PASS, ""), "host1": (Verdict.PASS, ""),
        "c": (Verdict.FAIL, "the number of ann is not known"),
    }  # fmt: skip


def test_what_was_not_seen_comes_before_what_its_rule_is_not_sure_of() -> None:
    case = Case(given={"users": [{"user_name": "ann"}]}, incomplete=["users"])
    assert states(evaluate(facts(case), rule(UID0, unsure=UNSURE)))["host1"] == (Verdict.UNKNOWN, "users: test")


def test_a_query_of_what_is_not_sure_may_do_no_more_than_the_other() -> None:
    case = Case(given={"users": [{"user_name": "ann", "shell": "x"}]})
    for unsure in ("select host, 'x' as reason from groups", "select host, shell::integer as reason from users"):
        assert states(evaluate(facts(case), rule(UID0, unsure=unsure)))["host1"][0] is Verdict.ERROR
    part = "select host, 'x' as reason from listening_ports where package = 'x'"
    needs = ["users", "listening_ports"]
    seen = Case(given={"listening_ports": [{"package": "y"}]})
    unseen = Case(given={"listening_ports": [{}]}, incomplete=["listening_ports.package"])
    for given, verdict in ((seen, Verdict.PASS), (unseen, Verdict.UNKNOWN)):
        assert states(evaluate(facts(given), rule(UID0, unsure=part, needs=needs)))["host1"][0] is verdict


def test_a_part_that_is_missing_leaves_rules_on_the_rest_decided() -> None:
    case = Case(given={"special_files": []}, incomplete=["special_files.capabilities"])
    query = "select host, path as user_name from special_files where setuid"
    base = evaluate(facts(case), rule(query, needs=["special_files"]))
    part = evaluate(facts(case), rule(query, needs=["special_files.capabilities"]))
    assert states(base)["host1"][0] is Verdict.PASS
    assert states(part)["host1"][0] is Verdict.UNKNOWN


def test_a_column_whose_part_was_not_collected_is_never_a_pass_whatever_the_rule_says() -> None:
    """The package is NULL there, so that the condition on it is not true: no row, and nothing is shown by that."""
    row = {"port": 80, "loopback": False}
    seen = Case(given={"listening_ports": [{**row, "package": "x"}]})
    unseen = Case(given={"listening_ports": [row]}, incomplete=["listening_ports.package"])
    careless = rule(
        "select host, port from listening_ports where package = 'x'", needs=["listening_ports"], key=["port"]
    )
    shown = rule("select host, port, package from listening_ports", needs=["listening_ports"], key=["port"])
    found = {
        (made, case): states(evaluate(facts(given), one))["host1"]
        for made, one in (("careless", careless), ("shown", shown))
        for case, given in (("seen", seen), ("unseen", unseen))
    }
    assert found == {
        ("careless", "seen"): (Verdict.FAIL, ""),
        ("careless", "unseen"): (Verdict.UNKNOWN, "listening_ports.package: test"),
        ("shown", "seen"): (Verdict.FAIL, ""),
        ("shown", "unseen"): (Verdict.FAIL, ""),
    }


@pytest.mark.parametrize(
    ("applies", "expected"),
    [
        ("hosts.kind = 'linux'", Verdict.FAIL),
        ("has_sshd", Verdict.NOT_APPLICABLE),
        ("os_version > '1'", Verdict.UNKNOWN),
        ("name::integer = 1", Verdict.ERROR),
        ("no_such_column", Verdict.ERROR),
        ("true) from hosts; select (true", Verdict.ERROR),
        ("true), (true", Verdict.ERROR),
        ("exists (select 1 from shadow_meta)", Verdict.ERROR),
    ],
)
def test_applies_decides_first_and_what_it_cannot_tell_is_unknown(applies: str, expected: Verdict) -> None:
    case = Case(given=TOOR, hosts={"has_sshd": False, "os_version": None})
    assert status(case, applies=applies) is expected


def test_one_hosts_bad_value_is_its_own_error_and_the_others_are_judged() -> None:
    rows = [{"host": f"h{n}", "user_name": str(n), "uid": 0} for n in range(9)]
    rows[5]["user_name"] = "not a number"
    outcome = evaluate(
        facts(Case(given={"users": rows})),
        rule("select host, user_name, uid from users where user_name::integer % 2 = 0"),
    )
    seen = states(outcome)
    assert seen["h5"][0] is Verdict.ERROR
    assert "not a number" in seen["h5"][1]
    assert {h: s[0] for h, s in seen.items() if h not in ("h5", "host1")} == {
        f"h{n}": Verdict.PASS if n % 2 else Verdict.FAIL for n in range(9) if n != 5
    }


def test_a_rule_that_compares_hosts_sees_them_all_when_one_of_them_breaks_it() -> None:
    """Two hosts share a machine-id; a third one's value breaks the query. Judging halves would pass both."""
    rows = [
        {"host": host, "user_name": value, "uid": 0} for host, value in zip("abcd", ("1", "1", "1", "x"), strict=True)
    ]
    hosts = [{"host": host, "machine_id": mid} for host, mid in zip("abcd", ("m1", "m2", "m1", "m3"), strict=True)]
    query = (
        "with numbers as materialized (select host, user_name::integer as number from users)"
        " select h.host, h.name as user_name from hosts h join numbers n on n.host = h.host where n.number = 1"
        " and h.machine_id in (select machine_id from hosts group by machine_id having count(*) > 1)"
    )
    seen = states(evaluate(facts(Case(given={"users": rows, "hosts": hosts})), rule(query)))
    assert {host: seen[host][0] for host in "abcd"} == {
        "a": Verdict.FAIL, "b": Verdict.PASS, "c": Verdict.FAIL, "d": Verdict.ERROR,
    }  # fmt: skip


def test_one_host_with_too_many_rows_fails_and_leaves_the_others_their_verdicts() -> None:
    rows = [{"host": "many", "user_name": f"u{n}", "uid": 0} for n in range(3)] + [
        {"host": "one", "user_name": "u", "uid": 0}
    ]
    query = "select host, user_name || range as user_name from users, range(500)"
    outcome = evaluate(facts(Case(given={"users": rows})), rule(query))
    assert states(outcome)["many"][0] is Verdict.FAIL
    assert "more than 1000" in states(outcome)["many"][1]
    assert states(outcome)["one"] == (Verdict.FAIL, "")


@pytest.mark.parametrize("others", [[], ["other"]])
def test_of_too_many_rows_the_first_by_key_are_kept_with_one_host_and_with_more(others: list[str]) -> None:
    rows = [{"host": host, "user_name": f"u{n}", "uid": n} for host in ("host1", *others) for n in (2, 0, 1)]
    query = "select host, uid * 500 + range as user_name from users, range(500)"
    outcome = evaluate(facts(Case(given={"users": rows})), rule(query))
    assert "more than 1000" in states(outcome)["host1"][1]
    kept = sorted(row["user_name"] for row in outcome.rows if row["host"] == "host1")
    assert kept == list(range(1001))


def test_a_partial_rule_whose_rows_prove_nothing_stays_unknown() -> None:
    query = f"{UID0} order by uid limit 1"
    outcome = evaluate(facts(Case(given=TOOR, incomplete=["users"])), rule(query, partial="rows_prove"))
    assert states(outcome)["host1"][0] is Verdict.UNKNOWN


def test_a_host_without_a_table_gives_no_false_fail_through_an_anti_join() -> None:
    """A query for absence would fire on a host whose table was not collected: it is taken out before."""
    query = (
        "select host, name as user_name from hosts where host not in (select host from users where user_name = 'audit')"
    )
    case = Case(given={"users": [{"host": "b", "user_name": "audit"}]}, incomplete=["users"])
    assert {s[0] for s in states(evaluate(facts(case), rule(query))).values()} == {Verdict.UNKNOWN}


@pytest.mark.parametrize(
    "query",
    [
        "select user_name from users",
        "select host, uid from users",
        "select 'elsewhere' as host, user_name from users",
        "select null::varchar as host, user_name from users",
        "select [host] as host, user_name from users",
        "select host, user_name from users; select 1",
        "select host, user_name from groups",
    ],
)
def test_a_query_that_cannot_be_trusted_is_an_error_never_a_pass(query: str) -> None:
    assert states(evaluate(facts(Case(given=TOOR)), rule(query)))["host1"][0] is Verdict.ERROR


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("applies", ["true", "false", "null"])
def test_pass_means_applies_and_whole_and_no_rows(rows: bool, whole: bool, applies: str) -> None:
    case = Case(given=TOOR if rows else ROOT, incomplete=[] if whole else ["users"])
    passed = status(case, applies=applies) is Verdict.PASS
    assert passed == (applies == "true" and whole and not rows)


def test_a_failure_on_a_partial_table_says_what_was_not_seen_besides() -> None:
    outcome = evaluate(facts(Case(given=TOOR, incomplete=["users"])), rule(UID0, partial="rows_prove"))
    assert states(outcome)["host1"] == (Verdict.FAIL, "users: test")
