"""The store keeps runs whole, tells since when a finding is open, and holds waivers. On SQLite and on PostgreSQL."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from secops.core.database import StoreError
from secops.core.errors import Exit, UsageError
from secops.core.finding import RuleVerdict, Severity, Verdict
from secops.core.store import Store
from secops.core.waiver import Waiver
from secops.posture.compare import diff
from tests.core.report_kit import finding, report, run_id, started

ONE = finding()
TWO = finding("r2", "h2", severity=Severity.LOW)


def _waiver(name: str = "w-1", **fields: object) -> Waiver:
    defaults = {
        "rule": "r1", "host": "h*", "key": {"user": "root"}, "reason": "ticket 4711", "approver": "李伟",
        "created": date(2026, 11, 22), "expires": date(2027, 2, 1),
    }  # fmt: skip
    return Waiver(id=name, **{**defaults, **fields})  # type: ignore[arg-type]


# runs


def test_a_report_comes_back_byte_for_byte(url: str) -> None:
    store = Store.open(url)
    hostile = finding(
        message="\x00\x1b]0;x\x07\u202e 中文", evidence={"b": 1.0, "a": [None, True, 2**63], "\x00": "\x00"}
    )
    kept = report(1, [hostile, TWO], but={("r2", "h1"): (Verdict.UNKNOWN, "sudo_rules: denied\x00")})
    store.save_report(kept)
    assert msgspec.json.encode(store.load_report("last")) == msgspec.json.encode(kept)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), _json, max_size=4))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_rule_gives_comes_back(tmp_path: Path, values: dict[str, object]) -> None:
    url = f"sqlite:///{tmp_path}/any.db"
    kept = report(1, [finding(evidence=values, key=values)])
    run = msgspec.structs.replace(kept.run, id=f"run-{len(Store.open(url).list_runs(10**6))}")
    kept = msgspec.structs.replace(kept, run=run)
    Store.open(url).save_report(kept)
    assert msgspec.json.encode(Store.open(url).load_report(run.id)) == msgspec.json.encode(kept)


def test_the_rows_can_be_asked_with_sql(url: str) -> None:
    but = {("r2", "h1"): (Verdict.UNKNOWN, "denied")}
    Store.open(url).save_report(report(1, [ONE], but=but, unreachable={"h3": "refused"}))
    with create_engine(url).connect() as con:
        assert con.execute(text("select rule, host, status, severity, first_seen from findings")).all() == [
            ("r1", "h1", "fail", "high", started(1))
        ]
        assert con.execute(text("select rule, status, reason from verdicts where host = 'h1' order by rule")).all() == [
            ("r1", "fail", ""), ("r2", "unknown", "denied"),
        ]  # fmt: skip
        assert con.execute(text("select host, score, unreachable from run_hosts order by host")).all() == [
            ("h1", 50, ""), ("h2", 50, ""), ("h3", None, "refused"),
        ]  # fmt: skip


def test_runs_are_listed_latest_first_with_their_numbers(url: str) -> None:
    store = Store.open(url)
    waived = finding("r2", status=Verdict.WAIVED, waiver="w-1")
    store.save_report(report(2, [ONE, waived, TWO], unreachable={"h3": "refused"}))
    store.save_report(report(1))
    store.save_report(report(3))
    assert [run.id for run in store.list_runs(2)] == [run_id(3), run_id(2)]
    run = store.list_runs(3)[1]
    assert (run.started, run.rules_count, run.rules_digest, run.lang) == (started(2), 2, "d1", "en")
    numbers = run.summary
    assert (numbers.hosts, numbers.unreachable, numbers.waived, numbers.score) == (3, 1, 1, 50)
    assert (numbers.decided, numbers.applicable) == (2, 4)
    assert numbers.open == dict.fromkeys(Severity, 0) | {Severity.HIGH: 1, Severity.LOW: 1}


def test_hosts_of_a_run_that_did_not_answer_are_told_with_the_error(url: str) -> None:
    store = Store.open(url)
    store.save_report(report(1, unreachable={"h4": "timeout", "h3": "refused"}))
    store.save_report(report(2, hosts=["h2"], unreachable={"h1": "refused"}))
    store.save_report(report(3))
    assert list(store.unreachable(run_id(1)).items()) == [("h3", "refused"), ("h4", "timeout")]
    assert store.unreachable("last~1") == {"h1": "refused"}
    assert store.unreachable("last") == {}
    with pytest.raises(UsageError):
        store.unreachable("nothing")


def test_runs_of_one_second_are_in_the_order_of_saving(url: str) -> None:
    store = Store.open(url)
    for name in ("b", "a", "c"):
        kept = report(1)
        store.save_report(msgspec.structs.replace(kept, run=msgspec.structs.replace(kept.run, id=name)))
    assert [run.id for run in store.list_runs(9)] == ["c", "a", "b"]
    assert store.resolve("last~1") == "a"


def test_a_run_is_named_by_id_by_its_beginning_or_from_the_end(url: str) -> None:
    store = Store.open(url)
    for number in (1, 2, 3):
        store.save_report(report(number))
    assert store.resolve("last") == store.resolve("last~0") == store.resolve(run_id(3)) == run_id(3)
    assert store.resolve("last~2") == store.resolve(run_id(1)[:13]) == run_id(1)


@pytest.mark.parametrize("ref", ["", "last~3", "last~", "last~-1", "nothing", "2026%", "_", "' or 1=1", "LAST"])
def test_an_unknown_run_says_how_to_find_runs(url: str, ref: str) -> None:
    store = Store.open(url)
    for number in (1, 2, 3):
        store.save_report(report(number))
    with pytest.raises(UsageError, match="no such run") as caught:
        store.load_report(ref)
    assert caught.value.exit_code is Exit.USAGE
    assert "citywall history" in caught.value.hint


def test_a_beginning_of_several_runs_names_some(url: str) -> None:
    store = Store.open(url)
    for number in range(5):
        store.save_report(report(number))
    with pytest.raises(UsageError, match=f"several runs begin with it: {run_id(4)}, .* …"):
        store.resolve("2026")


def test_a_run_is_kept_once(url: str) -> None:
    store = Store.open(url)
    store.save_report(report(1, [ONE]))
    with pytest.raises(UsageError, match="kept already"):
        store.save_report(report(1, [TWO]))
    assert store.load_report("last") == report(1, [ONE])


def test_a_save_that_fails_leaves_nothing(url: str) -> None:
    twice = report(1, [ONE])
    twice = msgspec.structs.replace(twice, verdicts=twice.verdicts * 2)  # the last insert but one breaks
    store = Store.open(url)
    with pytest.raises(StoreError):
        store.save_report(twice)
    assert store.list_runs(9) == []
    assert store.first_seen([ONE.identity]) == {}
    store.save_report(report(1))


def test_rows_go_with_their_run(url: str) -> None:
    Store.open(url).save_report(report(1, [ONE]))
    with create_engine(url).begin() as con:
        if url.startswith("sqlite"):
            con.execute(text("pragma foreign_keys = on"))
        con.execute(text("delete from runs"))
        for table in ("run_hosts", "findings", "verdicts"):
            assert con.scalar(text(f"select count(*) from {table}")) == 0  # noqa: S608


# since when a finding is open


def _since(url: str, *reports: object) -> dict[str, str]:
    store = Store.open(url)
    for kept in reports:
        store.save_report(kept)  # type: ignore[arg-type]
    return store.first_seen([ONE.identity, TWO.identity])


def test_a_finding_is_open_since_the_first_run_of_its_streak(url: str) -> None:
    assert _since(url) == {}
    assert _since(url, report(1, [ONE]), report(2, [ONE, TWO])) == {ONE.identity: started(1), TWO.identity: started(2)}
    assert _since(url, report(3, [TWO])) == {TWO.identity: started(2)}  # ONE was judged and is gone
    assert _since(url, report(4, [ONE])) == {ONE.identity: started(4)}  # back: a new streak


def test_a_waived_finding_is_still_there(url: str) -> None:
    waived = msgspec.structs.replace(ONE, status=Verdict.WAIVED, waiver="w-1")
    assert _since(url, report(1, [ONE]), report(2, [waived]), report(3, [ONE])) == {ONE.identity: started(1)}


@pytest.mark.parametrize(
    ("later", "ends"),
    [
        (report(2), True),
        (report(2, but={("r1", "h1"): (Verdict.NOT_APPLICABLE, "")}), True),
        (report(2, [finding(key={"user": "ops"})]), True),
        (report(2, but={("r1", "h1"): (Verdict.UNKNOWN, "denied")}), False),
        (report(2, but={("r1", "h1"): (Verdict.ERROR, "broken")}), False),
        (report(2, without=[("r1", "h1")]), False),
        (report(2, hosts=["h2"]), False),
        (report(2, hosts=["h2"], unreachable={"ssh h1": "refused"}), False),
        (report(2, [finding(key={"user": "ops"})], but={("r1", "h1"): (Verdict.FAIL, "denied")}), False),
    ],
)
def test_only_a_run_that_looked_ends_a_streak_and_diff_says_the_same(
    sqlite_url: str, later: object, ends: bool
) -> None:
    first = report(1, [ONE])
    result = diff(first, later)  # type: ignore[arg-type]
    assert bool(result.fixed) is ends
    assert bool(result.no_longer_decided) is not ends
    since = _since(sqlite_url, first, later, report(3, [ONE]))
    assert since == {ONE.identity: started(3 if ends else 1)}


_one_run = st.tuples(st.booleans(), st.sampled_from([Verdict.PASS, Verdict.UNKNOWN, None]))


@given(st.lists(_one_run, min_size=1, max_size=7))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_streaks_follow_their_definition(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[bool, object]]
) -> None:
    """Compared with going through all runs from the beginning."""
    expected = ""
    reports = []
    for number, (present, verdict) in enumerate(runs):
        if present:
            expected = expected or started(number)
        elif verdict is Verdict.PASS:
            expected = ""
        unknown = {("r1", "h1"): (Verdict.UNKNOWN, "denied")} if verdict is Verdict.UNKNOWN and not present else {}
        hosts = ["h1"] if present or verdict else ["h2"]
        reports.append(report(number, [ONE] if present else [], but=unknown, hosts=hosts))
    since = _since(f"sqlite:///{tmp_path_factory.mktemp('s')}/s.db", *reports)
    assert since == ({ONE.identity: expected} if expected else {})


def test_what_the_scan_says_of_the_first_sight_is_kept(url: str) -> None:
    old = msgspec.structs.replace(ONE, first_seen="2020-01-01T00:00:00Z")
    assert _since(url, report(1, [old]), report(2, [ONE])) == {ONE.identity: "2020-01-01T00:00:00Z"}


def test_thousands_of_findings_are_asked_at_once(sqlite_url: str) -> None:
    many = [finding(key={"user": str(number)}) for number in range(2500)]
    store = Store.open(sqlite_url)
    store.save_report(report(1, many))
    assert len(store.first_seen(item.identity for item in many)) == 2500


# waivers


def test_waivers_are_kept_listed_and_removed(url: str) -> None:
    store = Store.open(url)
    assert store.waivers() == []
    later = _waiver("w-2", created=date(2026, 11, 23), key={})
    store.add_waiver(later)
    store.add_waiver(_waiver())
    assert Store.open(url).waivers() == [_waiver(), later]
    with pytest.raises(UsageError, match="taken"):
        store.add_waiver(_waiver(reason="another"))
    store.remove_waiver("w-1")
    assert store.waivers() == [later]
    with pytest.raises(UsageError, match="w-1: there is no such waiver"):
        store.remove_waiver("w-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "}, {"approver": ""}, {"rule": ""}, {"host": ""},
        {"expires": date(2026, 11, 21)}, {"expires": date(2027, 11, 24)},
    ],
)  # fmt: skip
def test_a_waiver_needs_a_name_a_reason_and_an_end_within_a_year(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="waiver w-1: "):
        _waiver(**wrong)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2027, 11, 23)])
def test_the_last_day_may_be_today_or_366_days_ahead(day: date) -> None:
    assert _waiver(expires=day).expires == day


# size and company


def test_a_fleet_is_saved_in_seconds(sqlite_url: str) -> None:
    """500 hosts by 350 rules; the limit is loose, since machines differ and are shared."""
    kept = report(1, [finding(key={"user": str(number)}) for number in range(10_000)])
    verdicts = [RuleVerdict(f"rule-{r}", f"host-{h}", Verdict.PASS) for r in range(350) for h in range(500)]
    store = Store.open(sqlite_url)
    before = time.process_time()
    store.save_report(msgspec.structs.replace(kept, verdicts=verdicts))
    assert time.process_time() - before < 15


_WRITER = """
import sys
from secops.core.store import Store
from tests.core.report_kit import finding, report
url, first = sys.argv[1], int(sys.argv[2])
sys.stdin.read()  # all start at once
for number in range(first, first + 4):
    Store.open(url).save_report(report(number, [finding(key={"user": str(user)}) for user in range(300)]))
"""


def test_a_new_store_waits_for_another_program_that_is_making_it(tmp_path: Path) -> None:
    """SQLite itself would not: who asks for the write-ahead log while another writes is refused at once."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        ending = threading.Timer(0.5, other.execute, ["commit"])
        ending.start()
        store = Store.open(f"sqlite:///{path}")
        ending.join()
    assert store.list_runs(1) == []


def test_several_writers_at_once_lose_nothing_even_on_a_new_store(url: str) -> None:
    root = Path(__file__).resolve().parents[2]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, url, str(number * 10)],
            cwd=root,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
    errors = [writer.stderr.read().decode() for writer in writers if writer.stderr]
    assert [writer.wait() for writer in writers] == [0] * 4, errors
    assert len(Store.open(url).list_runs(99)) == 16
