"""Rules over tables, for all hosts at once. Pure: it sees a DuckDB connection with the tables in `facts`, no files.

The states are computed here and nowhere else. pass = the rule applies, every table it needs is whole, and no row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from secops.core.errors import UsageError
from secops.core.finding import Verdict
from secops.hosts.tables import registry
from secops.posture.query import bare, check_expression, check_rule_query, fault, has_only_rows_that_prove, unmet_parts
from secops.posture.rule import Rule

if TYPE_CHECKING:
    import duckdb

#: Violating rows of one rule: of each host only so many are kept, and the finding says so; a rule that gives more than
#: MAX_ROWS in all is `error`.
MAX_ROWS_PER_HOST = 1_000
MAX_ROWS = 1_000_000


class Outcome(msgspec.Struct, frozen=True):
    """What one rule says of every host: hosts by (status, reason), and the violating rows."""

    rule: str
    hosts: list[tuple[Verdict, str, list[str]]]
    rows: list[dict[str, Any]]


class Facts:
    """The tables of a run as the rules see them. `whole` holds (table, part) → hosts that have all of it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.hosts: list[str] = [row[0] for row in con.execute("select distinct host from facts.hosts").fetchall()]
        self.whole: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.reasons: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        query = "select table_name, part, host, whole, status, reason from facts.collection"
        for table, part, host, whole, status, reason in con.execute(query).fetchall():
            if whole:
                self.whole[table, part].add(host)
            else:
                self.reasons[table, part][host] = f"{table}{'.' * bool(part)}{part}: {reason or status}"
        self.applies: dict[str, dict[str, bool | str | None]] = {}  # many rules ask the same
        self._everyone = frozenset(self.hosts).union(*self.whole.values(), *self.reasons.values())
        self._path = ""
        self._shown: tuple[str, ...] | None = None

    def lacking(self, host: str, needs: Sequence[str]) -> str:
        """Why the host cannot be judged by a rule with these needs; empty when it can."""
        for need in needs:
            table, _, part = need.partition(".")
            if host not in self.whole[table, part]:
                return self.reasons[table, part].get(host) or f"{need}: not collected"
        return ""

    def show_only(self, hosts: Sequence[str], tables: frozenset[str], *, apart: bool = False) -> None:
        """Make exactly these hosts' rows of these tables visible to the next query.

        When no host is left out, as the tables themselves. Else as views, through which DuckDB may compute a condition
        on other hosts' rows before it drops them; with `apart` as copies, where other hosts' values cannot break
        anything.
        """
        if not apart and self._everyone.issubset(hosts):
            path = "facts"
        else:
            path = "apart" if apart else "judged"
            self._choose(tuple(hosts))
        if path != self._path:
            self.con.execute(f"set search_path = '{path}'")
            self._path = path
        for table in tables if apart else ():
            self.con.execute(f'create or replace table apart."{table}" as {_visible(table)}')

    def _choose(self, hosts: tuple[str, ...]) -> None:
        """Make the views show these hosts."""
        if self._shown is None:
            self.con.execute("create or replace temp table eligible (host varchar)")
            _make_views(self.con)
        if hosts != self._shown:
            self.con.execute("delete from temp.main.eligible")
            self.con.execute("insert into temp.main.eligible select unnest(?)", [list(hosts)])
            self._shown = hosts


def _make_views(con: duckdb.DuckDBPyConnection) -> None:
    """Once a connection: for the tests of rules, which are many, the views of all tables are what takes longest."""
    if con.execute("select 1 from duckdb_schemas() where schema_name = 'judged'").fetchone():
        return
    con.execute("create schema judged; create schema apart")
    for table in registry():
        con.execute(f'create view judged."{table}" as {_visible(table)}')


def _visible(table: str) -> str:
    return f'select * from facts."{table}" where host in (select host from temp.main.eligible)'  # noqa: S608 - ours


def tables_of(rule: Rule) -> frozenset[str]:
    """The tables that the rule's query may read."""
    return frozenset({"hosts", *(need.partition(".")[0] for need in rule.needs)})


def queries_of(rule: Rule) -> list[tuple[str, str, list[str]]]:
    """Each query of a rule: the field that holds it, the query, and what it must give beside `host`."""
    doubts = [("unsure", rule.unsure, ["reason"])] if rule.unsure else []
    return [("query", rule.query, rule.key), *doubts]


def evaluate(facts: Facts, rule: Rule) -> Outcome:
    """Judge every host by one rule. A broken rule is `error` on the hosts it applies to, never a pass."""
    states: dict[str, tuple[Verdict, str]] = {}
    try:
        if rule.applies not in facts.applies:
            check_expression(facts.con, rule.applies, where="applies")
        needs = [*rule.needs, *_needed_besides(facts, rule)]
        applies = _applies(facts, rule)
        lacking = {host: facts.lacking(host, needs) for host in applies}
        proves = bool(rule.partial and any(lacking.values())) and has_only_rows_that_prove(
            facts.con, rule.query, where="query"
        )
    except UsageError as error:
        return Outcome(rule.id, [(Verdict.ERROR, str(error), facts.hosts)] if facts.hosts else [], [])
    asked = []
    for host, answer in applies.items():
        reason = lacking[host]
        if isinstance(answer, str):
            states[host] = Verdict.ERROR, answer
        elif answer is None:
            states[host] = Verdict.UNKNOWN, "it cannot be told whether the rule applies"
        elif not answer:
            states[host] = Verdict.NOT_APPLICABLE, ""
        else:
            states[host] = (Verdict.UNKNOWN, reason) if reason else (Verdict.PASS, "")
            if not reason or proves:
                asked.append(host)
    rows = _violations(facts, rule, asked, states)
    for row in rows:
        states[row["host"]] = Verdict.FAIL, states[row["host"]][1]  # with `partial`: what was not seen besides
    _doubt(facts, rule, asked, states)
    return Outcome(rule.id, _grouped(states), rows)


def _needed_besides(facts: Facts, rule: Rule) -> list[str]:
    """Check the rule's queries; the parts by which they decide and that its needs do not name."""
    found: list[str] = []
    for where, query, key in queries_of(rule):
        check_rule_query(facts.con, query, tables_of(rule), where=where)
        found += unmet_parts(query, key, rule.needs, where=where)
    return found


def _doubt(facts: Facts, rule: Rule, hosts: Sequence[str], states: dict[str, tuple[Verdict, str]]) -> None:
    """Take back each pass that the rule itself is not sure of; what failed was seen in part."""
    decided = [host for host in hosts if states[host] in ((Verdict.PASS, ""), (Verdict.FAIL, ""))]
    if not rule.unsure or not decided:
        return
    sql = f"select host, min(reason) as reason from (\n{bare(rule.unsure)}\n) group by host"  # noqa: S608 - checked
    rows, errors = _ask(facts, sql, tables_of(rule), decided, ("reason",))
    for row in rows:
        failed = states[row["host"]][0] is Verdict.FAIL
        states[row["host"]] = Verdict.FAIL if failed else Verdict.UNKNOWN, str(row["reason"] or "it is not known")[:300]
    states.update((host, (Verdict.ERROR, error)) for host, error in errors.items())


def _grouped(states: dict[str, tuple[Verdict, str]]) -> list[tuple[Verdict, str, list[str]]]:
    groups: dict[tuple[Verdict, str], list[str]] = defaultdict(list)
    for host, state in states.items():
        groups[state].append(host)
    return [(status, reason, hosts) for (status, reason), hosts in groups.items()]


def _applies(facts: Facts, rule: Rule) -> dict[str, bool | str | None]:
    """Whether the rule is for each host: True, False, None (a NULL decided), or the text of an error."""
    if rule.applies in facts.applies:
        return facts.applies[rule.applies]
    sql = f"select host, ({rule.applies})::boolean as yes from hosts"  # noqa: S608 - checked by the caller
    rows, errors = _ask(facts, sql, frozenset({"hosts"}), facts.hosts, ("yes",))
    answers = facts.applies[rule.applies] = dict.fromkeys(facts.hosts)
    answers.update((row["host"], row["yes"]) for row in rows)
    answers.update(errors)
    return answers


def _violations(
    facts: Facts, rule: Rule, hosts: Sequence[str], states: dict[str, tuple[Verdict, str]]
) -> list[dict[str, Any]]:
    """The query's rows, at most MAX_ROWS_PER_HOST of each host; hosts on whose data it breaks become `error`."""
    order = ", ".join(f'"{name}"' for name in rule.key)
    if len(hosts) == 1:  # the same as below, for which DuckDB takes half as long to plan
        first = f"order by {order} limit {MAX_ROWS_PER_HOST + 1}"
    else:
        first = (
            f"qualify row_number() over (partition by host order by {order}) <= {MAX_ROWS_PER_HOST + 1}"
            f" limit {MAX_ROWS + 1}"
        )
    sql = f"select * from (\n{bare(rule.query)}\n) {first}"  # noqa: S608 - checked by the caller
    rows, errors = _ask(facts, sql, tables_of(rule), hosts, rule.key)
    states.update((host, (Verdict.ERROR, error)) for host, error in errors.items())
    kept: dict[str, int] = defaultdict(int)
    for row in rows:
        kept[row["host"]] += 1
        if kept[row["host"]] > MAX_ROWS_PER_HOST:
            states[row["host"]] = Verdict.FAIL, f"more than {MAX_ROWS_PER_HOST} violations; the first ones are kept"
    return rows


def _ask(
    facts: Facts, sql: str, tables: frozenset[str], hosts: Sequence[str], columns: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Rows of the query over these hosts, and hosts with the error it breaks with on their data.

    When it breaks, halving finds the hosts whose data alone break it. The others are then asked once more, together:
    a rule may compare hosts, so the answer of a half is no answer.
    """
    import duckdb

    if not hosts:
        return [], {}
    try:
        return _rows(facts, sql, tables, hosts, columns), {}
    except duckdb.Error as error:
        broken = _offenders(facts, sql, tables, hosts, columns)
        sound = [host for host in hosts if host not in broken]
        try:
            return (_rows(facts, sql, tables, sound, columns, apart=True) if sound else []), broken
        except (duckdb.Error, ValueError):
            return [], dict.fromkeys(hosts, fault(error)) | broken
    except ValueError as error:
        return [], dict.fromkeys(hosts, str(error))


def _offenders(
    facts: Facts, sql: str, tables: frozenset[str], hosts: Sequence[str], columns: Sequence[str]
) -> dict[str, str]:
    """Hosts on whose data alone the query breaks, with the error; found by halves, out of the others' reach."""
    import duckdb

    try:
        _rows(facts, sql, tables, hosts, columns, apart=True)
        return {}
    except (duckdb.Error, ValueError) as error:
        if len(hosts) == 1:
            return {hosts[0]: fault(error)}
    half = len(hosts) // 2
    return _offenders(facts, sql, tables, hosts[:half], columns) | _offenders(facts, sql, tables, hosts[half:], columns)


def _rows(
    facts: Facts,
    sql: str,
    tables: frozenset[str],
    hosts: Sequence[str],
    columns: Sequence[str],
    *,
    apart: bool = False,
) -> list[dict[str, Any]]:
    """The query's result as dictionaries. Raises `ValueError` when it is not what a rule must give."""
    import duckdb

    facts.show_only(hosts, tables, apart=apart)
    try:
        cursor = facts.con.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except (duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException) as error:
        raise MemoryError(fault(error)) from error  # the rule's fault, not one host's: this process ends
    missing = [name for name in ("host", *columns) if name not in names]
    if missing:
        raise ValueError(f"the query gives no column {missing[0]}")
    if len(rows) > MAX_ROWS:
        raise ValueError(f"the query gives more than {MAX_ROWS} rows")
    known = frozenset(hosts)
    if not all(isinstance(row["host"], str) and row["host"] in known for row in rows):
        raise ValueError("the query names hosts that it was not given")
    return rows
