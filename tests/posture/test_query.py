"""What a rule's SQL may be."""

import duckdb
import pytest

from secops.core.errors import UsageError
from secops.posture.query import check_rule_query, has_only_rows_that_prove

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
    ],
)
def test_rows_prove_only_where_nothing_can_negate_them(con: duckdb.DuckDBPyConnection, sql: str, proves: bool) -> None:
    assert has_only_rows_that_prove(con, sql, where="query") is proves
