"""A rule's own tests: tiny tables in, verdicts and violations compared. Runs in the judging process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from secops.core.finding import Verdict
from secops.hosts.tables import PYTHON, collection, column_types, registry
from secops.posture.evaluate import Facts, Outcome, evaluate
from secops.posture.rule import Case, Rule

if TYPE_CHECKING:
    import duckdb

HOST = "host1"

#: The host that a case means unless it says otherwise: a Debian server, seen as root.
DEFAULT_HOST: dict[str, Any] = {
    "name": HOST, "machine_id": "0123456789abcdef0123456789abcdef", "kind": "linux", "os_id": "debian",
    "os_version": "12", "os_name": "Debian GNU/Linux 12", "ecosystem": "debian", "release": "12", "family": "debian",
    "architecture": "x86_64", "is_image": False, "is_container": False, "init": "systemd", "has_sshd": True,
    "has_sudo": True, "has_pam": True, "has_systemd": True, "has_auditd": True, "directory_accounts": False,
    "carrier": "local", "as_root": True,
}  # fmt: skip


def run_cases(con: duckdb.DuckDBPyConnection, rule: Rule) -> list[str]:
    """What is wrong with the rule's tests; empty when each gives exactly what it expects."""
    faults = []
    for number, case in enumerate(rule.tests, start=1):
        name = f"test {number}{f' ({case.name})' if case.name else ''}"
        wrong = list(_misfits(case)) or _run(con, rule, case)
        faults += [f"{name}: {fault}" for fault in wrong]
    return faults


def _misfits(case: Case) -> Iterator[str]:
    """Rows that no table could hold: a test on them would prove nothing."""
    for table, rows in (*case.given.items(), ("hosts", [case.hosts])):
        if table not in registry():
            yield f"there is no table {table}"
            continue
        types = column_types(registry()[table])
        for row in rows:
            for column, value in row.items():
                if column == "host":
                    continue
                if column not in types:
                    yield f"the table {table} has no column {column}"
                elif value is not None and type(value) is not PYTHON[types[column]]:
                    yield f"{table}.{column} is {types[column]}, not {value!r}"
    for need in case.incomplete:
        table, _, part = need.partition(".")
        if table not in registry() or (part and part not in registry()[table].parts):
            yield f"there is no {need} to be incomplete"


def _run(con: duckdb.DuckDBPyConnection, rule: Rule, case: Case) -> list[str]:
    fill(con, case)
    outcome = evaluate(Facts(con), rule)
    states = {host: (status, reason) for status, reason, hosts in outcome.hosts for host in hosts}
    status, reason = states[HOST]
    wanted = case.verdict or ("fail" if case.expect else "pass")
    if case.verdict is None and case.expect is None:
        return ["neither expect nor verdict"]
    if status != wanted and not (case.verdict is None and status in (Verdict.PASS, Verdict.FAIL)):
        return [f"expected {wanted}, got {status}{f' ({reason})' if reason else ''}"]
    return [] if case.expect is None else _compare(case.expect, outcome)


def _compare(expected: list[dict[str, Any]], outcome: Outcome) -> list[str]:
    """Each expected row must match one violation, and each violation one expected row."""
    left = list(outcome.rows)
    faults = []
    for want in expected:
        match = next((row for row in left if want.items() <= _hashable(row, want).items()), None)
        if match is None:
            faults.append(f"no violation has {want}")
        else:
            left.remove(match)
    return faults + [f"not expected: {row}" for row in left]


def _hashable(row: Mapping[str, Any], want: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in want}


def fill(con: duckdb.DuckDBPyConnection, case: Case) -> None:
    """Put the case's rows, and nothing else, into the tables."""
    used = "select table_name from duckdb_tables() where schema_name = 'facts' and estimated_size > 0"
    for (name,) in con.execute(used).fetchall():
        con.execute(f'delete from facts."{name}"')  # noqa: S608 - our own tables
    hosts = {row.get("host", HOST) for rows in case.given.values() for row in rows} | {HOST}
    own = {row.get("host", HOST): row for row in case.given.get("hosts", [])}
    for host in sorted(hosts):
        _insert(con, "hosts", [{**DEFAULT_HOST, **case.hosts, **own.get(host, {}), "host": host}])
        _insert(con, collection.TABLE.name, list(_seen(case, host)))
    for name, rows in case.given.items():
        for row in rows:
            if name != "hosts":
                _insert(con, name, [{"host": HOST, **row}])


def _seen(case: Case, host: str) -> Iterator[dict[str, Any]]:
    """The host's rows of `collection`: everything is whole but what the case calls incomplete."""
    for table in registry().values():
        for part in ("", *table.parts):
            whole = not {table.name, f"{table.name}.{part}"} & set(case.incomplete)
            missing = [] if whole else ["test"]
            yield {"host": host, "table_name": table.name, "part": part, "whole": whole,
                   "status": "ok" if whole else "denied", "reason": "".join(missing), "reasons": missing}  # fmt: skip


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of the same columns, in one statement: that is what a case's time goes to."""
    names = ", ".join(f'"{name}"' for name in rows[0])
    marks = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
    values = [value for row in rows for value in row.values()]
    con.execute(f'insert into facts."{table}" ({names}) values {marks}', values)  # noqa: S608
