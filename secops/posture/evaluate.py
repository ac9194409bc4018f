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
from secops.posture.query import check_rule_query
from secops.posture.rule import Rule

if TYPE_CHECKING:
    import duckdb

#: Rows of one rule that are kept: a rule that gives more is `error`, since a report nobody can read judges nothing.
MAX_ROWS = 200_000


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
        con.execute("create schema if not exists judged")
        con.execute("create or replace temp table eligible (host varchar)")
        con.execute("set search_path = 'judged'")

    def lacking(self, host: str, needs: Sequence[str]) -> str:
        """Why the host cannot be judged by a rule with these needs; empty when it can."""
        for need in needs:
            table, _, part = need.partition(".")
            if host not in self.whole[table, part]:
                return self.reasons[table, part].get(host) or f"{need}: not collected"
        return ""

    def show_only(self, hosts: Sequence[str], tables: frozenset[str]) -> None:
        """Make exactly these hosts' rows of these tables visible."""
        self.con.execute("delete from temp.main.eligible")
        self.con.execute("insert into temp.main.eligible select unnest(?)", [list(hosts)])
        for table in tables:
            self.con.execute(
                f'create or replace view judged."{table}" as select * from facts."{table}"'  # noqa: S608
                " where host in (select host from temp.main.eligible)"
            )


def tables_of(rule: Rule) -> frozenset[str]:
    """The tables that the rule's query may read."""
    return frozenset({"hosts", *(need.partition(".")[0] for need in rule.needs)})


def evaluate(facts: Facts, rule: Rule) -> Outcome:
    """Judge every host by one rule. A broken rule is `error` on the hosts it applies to, never a pass."""
    states: dict[str, tuple[Verdict, str]] = {}
    try:
        check_rule_query(facts.con, f"select ({rule.applies}) from hosts", frozenset({"hosts"}), where="applies")
        check_rule_query(facts.con, rule.query, tables_of(rule), where="query")
        applies = _applies(facts, rule)
    except UsageError as error:
        return Outcome(rule.id, [(Verdict.ERROR, str(error), facts.hosts)] if facts.hosts else [], [])
    asked = []
    for host, answer in applies.items():
        reason = facts.lacking(host, rule.needs)
        if isinstance(answer, str):
            states[host] = Verdict.ERROR, answer
        elif answer is None:
            states[host] = Verdict.UNKNOWN, "it cannot be told whether the rule applies"
        elif not answer:
            states[host] = Verdict.NOT_APPLICABLE, ""
        else:
            states[host] = (Verdict.UNKNOWN, reason) if reason else (Verdict.PASS, "")
            if not reason or rule.partial:
                asked.append(host)
    rows = _violations(facts, rule, asked, states)
    for row in rows:
        states[row["host"]] = Verdict.FAIL, ""
    return Outcome(rule.id, _grouped(states), rows)


def _grouped(states: dict[str, tuple[Verdict, str]]) -> list[tuple[Verdict, str, list[str]]]:
    groups: dict[tuple[Verdict, str], list[str]] = defaultdict(list)
    for host, state in states.items():
        groups[state].append(host)
    return [(status, reason, hosts) for (status, reason), hosts in groups.items()]


def _applies(facts: Facts, rule: Rule) -> dict[str, bool | None | str]:
    """Whether the rule is for each host: True, False, None (a NULL decided), or the text of an error."""
    import duckdb

    def ask(hosts: Sequence[str]) -> dict[str, bool | None | str]:
        facts.show_only(hosts, frozenset({"hosts"}))
        try:
            cursor = facts.con.execute(f"select host, ({rule.applies})::boolean as yes from hosts")  # noqa: S608
            if len(cursor.description or ()) != 2:
                raise duckdb.InvalidInputException("applies must be one expression")
            return dict.fromkeys(hosts, None) | dict(cursor.fetchall())
        except duckdb.Error as error:
            _reraise_if_fatal(error)
            if len(hosts) == 1:
                return {hosts[0]: _brief(error)}
            half = len(hosts) // 2
            return ask(hosts[:half]) | ask(hosts[half:])

    return ask(facts.hosts) if facts.hosts else {}


def _violations(
    facts: Facts, rule: Rule, hosts: Sequence[str], states: dict[str, tuple[Verdict, str]]
) -> list[dict[str, Any]]:
    """The query's rows. When it breaks on some host's data, halves find that host, and only it is `error`."""
    import duckdb

    if not hosts:
        return []
    facts.show_only(hosts, tables_of(rule))
    try:
        cursor = facts.con.execute(f"select * from (\n{rule.query.rstrip().rstrip(';')}\n) limit {MAX_ROWS + 1}")  # noqa: S608
        names = [column[0] for column in cursor.description or ()]
        if "host" not in names or len(set(names)) != len(names):
            raise duckdb.InvalidInputException("the query must give each column one name, and a column host")
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if len(rows) > MAX_ROWS:
            raise duckdb.OutOfRangeException(f"more than {MAX_ROWS} rows")
        known = set(hosts)
        if not all(isinstance(row["host"], str) and row["host"] in known for row in rows):
            raise duckdb.InvalidInputException("the query names hosts that it was not given")
        missing = [name for name in rule.key if name not in names]
        if missing:
            raise duckdb.InvalidInputException(f"the query gives no column {missing[0]}, which key names")
    except duckdb.Error as error:
        _reraise_if_fatal(error)
        if len(hosts) == 1:
            states[hosts[0]] = Verdict.ERROR, _brief(error)
            return []
        half = len(hosts) // 2
        return _violations(facts, rule, hosts[:half], states) + _violations(facts, rule, hosts[half:], states)
    return rows


def _reraise_if_fatal(error: Exception) -> None:
    """Memory that ran out is the rule's fault, not one host's: the judging process ends and the rule is `error`."""
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException | duckdb.FatalException | duckdb.InternalException):
        raise MemoryError(_brief(error)) from error


def _brief(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
