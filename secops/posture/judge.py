"""The judging process: the only one that loads DuckDB. Started by `isolation`, limited, killed when it overstays.

It loads tables, locks DuckDB (no files, no network, no settings), and only then looks at a rule. Requests and answers
are JSON messages over one inherited socket.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Collection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from secops.core.errors import UsageError
from secops.hosts import relations
from secops.hosts.tables import Column, tell
from secops.patches import match
from secops.posture.rule import Rule

if TYPE_CHECKING:
    import duckdb


#: Bytes of one answer: what a rule or a query may give back.
MAX_ANSWER = 256 << 20

#: So many hosts have tables so small that a second thread costs more than it gives.
_FEW = 8


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the tables come from: spool files (and what to write of them), or Parquet files as (table, path, hosts).

    `identities` maps hosts as the spools have them to who they are; a host that is not in it keeps its own. `feeds`
    are for spools, whose table of vulnerabilities is worked out here.
    """

    spools: list[str] = []
    widest: int = 1 << 20
    identities: dict[str, str] = {}
    parts: list[tuple[str, str, list[str]]] = []
    write_to: str = ""
    changed: dict[str, list[str]] = {}
    feeds: list[match.FeedFiles] = []

    @property
    def hosts(self) -> int:
        """How many hosts there are, about: from more than one run, hosts are counted in the run that has most."""
        return max(len(self.spools), *(len(hosts) for _, _, hosts in self.parts), 0)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One job of a judging process. `memory` is its address space in bytes, `cpu` its processor seconds.

    `tables` are the columns of all tables, by table; without them it loads the tables' modules.
    """

    op: str  # judge, sql, lint, test
    source: Source = Source()
    tables: dict[str, tuple[Column, ...]] = {}
    rules: list[Rule] = []
    sql: str = ""
    memory: int
    cpu: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One message back. `done` names what it is about: `loaded`, a rule's id, or `sql`."""

    done: str
    value: Any = None
    error: str = ""
    damaged: str = ""  # the file of the tables that cannot be read


def main() -> None:
    """Serve the one request that arrives on the descriptor named on the command line."""
    channel = Connection(int(sys.argv[1]))
    request = msgspec.json.decode(channel.recv_bytes(), type=Request)
    resource.setrlimit(resource.RLIMIT_AS, (request.memory, request.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (request.cpu, request.cpu + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tell(request.tables)
    import duckdb

    try:
        con = _load(request.source)
    except relations.DamagedError as error:
        send(channel, Answer(done="loaded", damaged=str(error)))
        return
    except (OSError, MemoryError, duckdb.Error) as error:
        send(channel, Answer(done="loaded", error=str(error).split("\n")[0] or type(error).__name__))
        return
    if request.op == "sql":
        _lock(con)
        send(channel, Answer(done="loaded"))
        send(channel, _sql(con, request.sql))
        return
    hosts = [row[0] for row in con.execute("select distinct host from facts.hosts order by 1").fetchall()]
    _lock(con)
    send(channel, Answer(done="loaded", value=hosts))
    _each_rule(channel, con, request)


def send(channel: Connection, answer: Answer) -> None:
    encoded = msgspec.json.encode(answer, enc_hook=str)
    if len(encoded) > MAX_ANSWER:
        encoded = msgspec.json.encode(Answer(done=answer.done, error=f"gives more than {MAX_ANSWER >> 20} MiB"))
    channel.send_bytes(encoded)


def _load(source: Source) -> duckdb.DuckDBPyConnection:
    """A connection that holds the tables, and Parquet files of what changed."""
    import duckdb

    threads = 2 if source.hosts > _FEW else 1
    con = duckdb.connect(":memory:", config={"threads": threads, "autoinstall_known_extensions": False})
    con.execute("set preserve_insertion_order = false; set enable_progress_bar = false")
    con.begin()  # one transaction: twenty of their own take a tenth of a second
    relations.create(con)
    con.commit()
    relations.load_spools(con, source.spools, source.widest, source.identities)
    relations.load_parquet(con, source.parts)
    if source.feeds:
        match.work_out(con, source.feeds)
    if source.write_to:
        relations.write_parquet(con, Path(source.write_to), source.changed)
    return con


def _lock(con: duckdb.DuckDBPyConnection) -> None:
    """From here on nothing outside the tables can be reached, and no setting changed."""
    con.execute("set enable_external_access = false; set lock_configuration = true")


def _each_rule(channel: Connection, con: duckdb.DuckDBPyConnection, request: Request) -> None:
    work = _judging(con) if request.op == "judge" else _linting(con, run_tests=request.op == "test")
    for rule in request.rules:
        try:
            value = work(rule)
        except MemoryError as error:
            send(channel, Answer(done=rule.id, error=str(error) or "needs too much memory"))
            return  # the connection may be broken now: the parent starts a new process for the other rules
        send(channel, Answer(done=rule.id, value=value))


def _judging(con: duckdb.DuckDBPyConnection) -> Callable[[Rule], Any]:
    from secops.posture.evaluate import Facts, evaluate

    facts = Facts(con)
    return lambda rule: evaluate(facts, rule)


def _linting(con: duckdb.DuckDBPyConnection, *, run_tests: bool) -> Callable[[Rule], Any]:
    from secops.posture.cases import run_cases
    from secops.posture.lint import query_faults

    return lambda rule: query_faults(con, rule) or (run_cases(con, rule) if run_tests else [])


def _sql(con: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """A user's own query over all tables."""
    import duckdb

    from secops.posture.query import check_select, fault

    con.execute("set search_path = 'facts'")
    try:
        tables = check_select(con, sql, where="query")
        cursor = con.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        value = {"columns": names, "rows": cursor.fetchall(), "not_whole": _not_whole(con, tables)}
        return Answer(done="sql", value=value)
    except UsageError as error:
        return Answer(done="sql", error=error.what)
    except (duckdb.Error, MemoryError) as error:
        return Answer(done="sql", error=fault(error, place=True))


def _not_whole(con: duckdb.DuckDBPyConnection, tables: Collection[str]) -> list[tuple[str, int]]:
    """Which of the tables, or which part of one, were not seen whole, and on how many hosts."""
    return con.execute(
        "select concat_ws('.', table_name, nullif(part, '')), count(distinct host) from"
        " (select * from facts.collection where not whole and table_name in (select unnest(?::varchar[]))"
        " qualify part = '' or not bool_or(part = '') over (partition by host, table_name))"
        " group by 1 order by 1",
        [list(tables)],
    ).fetchall()


if __name__ == "__main__":
    main()
