"""What a rule's SQL may be."""

import duckdb
import pytest

from secops.core.errors import UsageError
from secops.hosts.tables import registry
from secops.posture.query import (
    _PLAIN_FUNCTIONS,
    _aggregates,
    check_rule_query,
    has_only_rows_that_prove,
    unmet_parts,
)

TABLES = frozenset({"users", "hosts"})


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from users",
        "from users",
        "select * from users;",
        "with low as (select * from users where uid < 1000) select * from low",
        "select u.host from users u join hosts h using (host), unnest([1, 2])",
        "select host from users where uid in (select uid from users group by uid having count(*) > 1)",
    ],
)
def test_one_select_over_the_needed_tables_is_accepted(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    check_rule_query(con, sql, TABLES, where="query")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select 1; select 2", "2 statements"),
        ("", "0 statements"),
        ("drop table users", "must be a SELECT"),
        ("copy users to '/tmp/x'", "must be a SELECT"),
        ("pragma version", "must be a SELECT"),
        ("attach 'x.db'", "must be a SELECT"),
        ("describe users", "must be a SELECT"),
        ("select * from (describe users)", "must be a SELECT"),
        ("insert into users select * from users", "must be a SELECT"),
        ("selec", "no SQL"),
        ("select * from shadow_meta", "not in its needs"),
        ("select (select max(uid) from shadow_meta) from users", "not in its needs"),
        ("with shadow_meta as (select * from shadow_meta) select * from shadow_meta", "as a table is"),
        ("select * from facts.users", "not in its needs"),
        ("select * from judged.users", "not in its needs"),
        ("select * from '/etc/passwd'", "not in its needs"),
        ("select * from information_schema.tables", "not in its needs"),
        ("select * from read_csv('/etc/passwd')", "table function"),
        ("select * from glob('/etc/*')", "table function"),
        ("select * from query('select 1')", "table function"),
        ("select * from query_table('shadow_meta')", "table function"),
        ("select * from duckdb_settings()", "table function"),
    ],
)
def test_anything_else_is_refused_with_the_reason(con: duckdb.DuckDBPyConnection, sql: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_rule_query(con, sql, TABLES, where="query")


@pytest.mark.parametrize(
    ("sql", "proves"),
    [
        ("select * from users where uid = 0", True),
        ("select * from users where uid = 0 and exists (select 1 from hosts) and gid in (select 1)", True),
        ("select * from users union all select * from users", True),
        ("select * from users where not exists (select 1 from hosts)", False),
        ("select * from users where uid not in (select uid from users)", False),
        ("select * from users where (exists (select 1 from hosts)) = false", False),
        ("select * from users where exists (select 1 from hosts) is not true", False),
        ("select case when exists (select 1 from hosts) then 0 else 1 end as x from users", False),
        ("select * from users left join hosts using (host)", False),
        ("select * from users anti join hosts using (host)", False),
        ("select * from users except select * from users", False),
        ("select host, count(*) from users group by host", False),
        ("select max(uid) from users", False),
        ("select *, row_number() over () from users", False),
        ("select * from users where uid > all (select uid from users)", False),
        ("select * from users order by uid", True),
        ("select distinct * from users", True),
        ("select * from users order by uid limit 1", False),
        ("select * from users offset 1", False),
        ("select distinct on (host) * from users", False),
        ("select * from users using sample 1 rows", False),
        ("select * from users positional join hosts", False),
        ("select geomean(uid) from users", False),
        ("select array_to_string(string_split(user_name, '-'), ' ') from users", True),
        ("select array_to_string(list(user_name), ' ') from users", False),
    ],
)
def test_rows_prove_only_where_nothing_can_negate_them(con: duckdb.DuckDBPyConnection, sql: str, proves: bool) -> None:
    assert has_only_rows_that_prove(con, sql, where="query") is proves


def test_functions_that_are_known_to_add_up_no_rows_are_none_of_duckdbs_aggregates() -> None:
    assert _PLAIN_FUNCTIONS.isdisjoint(_aggregates())
    assert {"count", "max", "list", "string_agg", "geomean"} <= _aggregates()


PORTS = "select host, port from listening_ports"
PACKAGE, PROCESS = "listening_ports.package", "listening_ports.process"


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        (PORTS, []),
        (f"{PORTS} where package = 'x'", [PACKAGE]),
        (f"{PORTS} where process = 'x' and package = 'x'", [PACKAGE, PROCESS]),
        (f"{PORTS} where false and package = 'x'", [PACKAGE]),
        (f"{PORTS} where pid is null", [PROCESS]),  # `package` would do, too
        # only given out: whether there is a row does not hang on it
        ("select host, port, package from listening_ports", []),
        ("select host, port, min(process) as p from listening_ports group by host, port", []),
        ("select * from listening_ports", []),
        # other ways to say the same
        ("select host, port from (select * from listening_ports) where \"PACKAGE\" = 'x'", [PACKAGE]),
        ("select l.host, 1 as port from listening_ports l(host, a, b, c, d, e, f, g, h, i, j, z) where z = 'x'",
         [PACKAGE]),
        ("select host, port from listening_ports where columns('pack.*') = 'x'", [PACKAGE]),
        ("select host, port from listening_ports l where l::varchar like '%x%'", [PACKAGE, PROCESS]),
        ("with a as (select l as r from listening_ports l) select r.host, r.port from a where r.package = 'x'",
         [PACKAGE, PROCESS]),
        ("select host, port from listening_ports natural join (select 'x' as package)", [PACKAGE]),
        ("select host, port from listening_ports join (select 'x' as package) using (package)", [PACKAGE]),
        ("select host, 2 as port from users union select host, 1 from listening_ports where package = ''", [PACKAGE]),
        ("select host, 1 as port from hosts h"
         " where exists (select 1 from listening_ports k where k.host = h.host and k.package = 'x')", [PACKAGE]),
        ("select host, 1 as port from hosts h"
         " where 0 < (select count(package) from listening_ports k where k.host = h.host)", [PACKAGE]),
        ("select host, port from listening_ports group by host, port having min(package) = 'x'", [PACKAGE]),
        ("select host, port, unnest(case package when 'x' then [1] end) as n from listening_ports", [PACKAGE]),
        (f"{PORTS} qualify row_number() over (partition by host order by package) = 1", [PACKAGE]),
        ("select host, 1 as port from listening_ports order by package limit 1", [PACKAGE]),
    ],
)  # fmt: skip
def test_a_query_needs_the_parts_that_fill_what_it_decides_by(sql: str, parts: list[str]) -> None:
    assert unmet_parts(sql, ["port"], ["listening_ports"], where="query") == parts
    assert unmet_parts(sql, ["port"], ["listening_ports", PACKAGE, PROCESS], where="query") == []


def test_a_part_that_fills_a_column_too_is_enough_and_a_key_decides() -> None:
    by_pid = "select host, port from listening_ports where pid > 0"
    assert unmet_parts(by_pid, ["port"], [PACKAGE], where="query") == []
    shown = "select host, package from listening_ports"
    assert unmet_parts(shown, ["package"], ["listening_ports"], where="query") == [PACKAGE]


def test_a_plan_that_does_not_tell_the_columns_counts_as_reading_all() -> None:
    """A scan without columns, and a table that the plan leaves out."""
    for sql in ("select 'h' as host, 1 as port from listening_ports", "select host, 1 as port from hosts"):
        assert unmet_parts(sql, ["port"], ["listening_ports"], where="query") == [PACKAGE, PROCESS]


def test_every_part_of_a_column_is_a_part_of_its_table_and_hosts_has_none() -> None:
    """Rules read hosts without saying so."""
    assert registry()["hosts"].parts == {}
    for table in registry().values():
        assert {part for column in table.columns for part in column.parts} <= set(table.parts)
