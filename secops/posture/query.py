"""What a rule's SQL may be: exactly one SELECT over the tables it names. Checked on the parsed statement."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from secops.core.errors import UsageError
from secops.hosts import relations
from secops.hosts.tables import registry

if TYPE_CHECKING:
    import duckdb

#: Names of DuckDB's own tables begin so.
_CATALOGUE = ("duckdb_", "pg_", "sqlite_", "pragma_", "columns", "schemata", "tables", "views")

#: Table functions that only make rows out of their arguments.
_HARMLESS = frozenset({"unnest", "range", "generate_series"})


def check_select(con: duckdb.DuckDBPyConnection, sql: str, *, where: str) -> set[str]:
    """Refuse anything but one SELECT over the tables. Gives those it reads. Raises `UsageError` with the reason."""
    return _check_tables(_statement(con, sql, where), frozenset(registry()), where, unknown="there is no table {!r}")


def check_rule_query(con: duckdb.DuckDBPyConnection, sql: str, tables: frozenset[str], *, where: str) -> set[str]:
    """Refuse anything but one SELECT over `tables`, unqualified, with harmless functions in FROM. Gives those it reads.

    A query that read another table would meet rows of hosts whose table was not seen whole.
    """
    return _check_tables(_statement(con, sql, where), tables, where)


def _check_tables(
    tree: dict[str, Any], tables: frozenset[str], where: str, unknown: str = "reads {!r}, which is not in its needs"
) -> set[str]:
    read = set()
    nodes = list(_nodes(tree))
    own = {entry["key"].lower() for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
    if taken := {name for name in own if name in registry() or name.startswith(_CATALOGUE)}:
        raise UsageError(f"may not name a WITH query {min(taken)!r}, as a table is", where=where)
    for node in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            name = str(node["table_name"]).lower()
            if node.get("schema_name") or node.get("catalog_name") or name not in tables | own:
                raise UsageError(unknown.format(name), where=where)
            read.add(name)
        elif kind == "TABLE_FUNCTION":
            function = str(node["function"].get("function_name", "")).lower()
            if function not in _HARMLESS:
                raise UsageError(f"may not call the table function {function!r}", where=where)
        elif kind == "SHOW_REF":
            raise UsageError("must be a SELECT", where=where)
    return read - own


def bare(sql: str) -> str:
    """A query as it may stand in another one."""
    return sql.rstrip().rstrip(";")


def unmet_parts(sql: str, key: Sequence[str], needs: Collection[str], *, where: str) -> list[str]:
    """Parts, as `table.part`, that fill columns on which the query's verdict hangs and that `needs` does not name.

    Columns that are only given out do not count: whether there is a row, and its key, do not hang on them. The query
    must have been checked. Raises `UsageError` when it cannot be planned over empty tables.
    """
    tables = {need.partition(".")[0] for need in needs}
    open_ = {
        (name, column.name): f"{name}.{column.parts[0]}"
        for name in tables & registry().keys()
        for column in registry()[name].columns
        if column.parts and not {f"{name}.{part}" for part in column.parts} & set(needs)
    }
    if not open_:
        return []  # as for most rules: a plan takes milliseconds
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in ("host", *key))
    reads = _columns_read(f"select {columns} from (\n{bare(sql)}\n)", where)  # noqa: S608 - planned, not run
    unmet = {part for (table, column), part in open_.items() if column in reads.get(table, {column})}
    return sorted(unmet)


def _columns_read(sql: str, where: str) -> dict[str, set[str]]:
    """The columns that DuckDB's own plan reads of each table. A table for which it does not tell them is left out."""
    import duckdb

    try:
        row = _planner().execute(f"explain (format json) {sql}").fetchone()
    except (duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException) as error:
        raise MemoryError(fault(error)) from error  # this process ends
    except duckdb.Error as error:
        raise UsageError(fault(error), where=where) from error
    found: dict[str, set[str]] = {}
    untold = set()
    for node in _nodes(json.loads(row[1] if row else "[]")):
        if isinstance(told := node.get("extra_info"), dict) and "Table" in told:
            table, columns = str(told["Table"]).rpartition(".")[2], told.get("Projections")
            found.setdefault(table, set()).update([columns] if isinstance(columns, str) else columns or ())
            untold |= set() if columns else {table}
    return {table: columns for table, columns in found.items() if table not in untold}


@cache
def _planner() -> duckdb.DuckDBPyConnection:
    """Empty tables, and of DuckDB's optimizers only the one that finds out which columns are not needed.

    The others would leave out what no row of these tables, or of a host's, can meet, and with it the columns asked.
    """
    import duckdb

    con = duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})
    names = "select string_agg(name, ',') from duckdb_optimizers() where name <> 'unused_columns'"
    others = con.execute(names).fetchone()
    con.begin()
    relations.create(con)
    con.commit()
    con.execute(f"set disabled_optimizers = '{others[0] if others else ''}'; set search_path = 'facts'")
    con.execute("set enable_external_access = false; set lock_configuration = true")
    return con


def check_expression(con: duckdb.DuckDBPyConnection, expression: str, *, where: str) -> None:
    """Refuse what is not one expression over the hosts table."""
    sql = f"select ({expression}) from hosts"  # noqa: S608 - it is parsed, not run
    tree = _statement(con, sql, where)
    _check_tables(tree, frozenset({"hosts"}), where)
    if len(tree["statements"][0]["node"]["select_list"]) != 1:
        raise UsageError("must be one expression", where=where)


def has_only_rows_that_prove(con: duckdb.DuckDBPyConnection, sql: str, *, where: str) -> bool:
    """Whether a row of the query stays true when more rows come: that is what `partial: rows_prove` promises.

    On the safe side: no aggregate, window, outer join, EXCEPT; a subquery only as a plain EXISTS or IN that a WHERE
    joins with AND, so that nothing can negate it.
    """
    nodes = list(_nodes(_statement(con, sql, where)))
    plain = {id(sub) for node in nodes for sub in _conjuncts(node.get("where_clause")) if _is_positive(sub)}
    for node in nodes:
        kind = str(node.get("type", ""))
        if kind == "SET_OPERATION_NODE" and "UNION" not in str(node.get("setop_type")):
            return False
        if kind == "JOIN" and (
            node.get("join_type") not in ("INNER", "SEMI") or node.get("ref_type") not in _PLAIN_JOINS
        ):
            return False
        if node.get("sample") or not _keeps_all_rows(node.get("modifiers")):
            return False
        if node.get("class") == "SUBQUERY" and id(node) not in plain:
            return False
        if node.get("class") == "WINDOW" or node.get("group_expressions"):
            return False
    functions = {node.get("function_name") for node in nodes if node.get("class") == "FUNCTION"} - _PLAIN_FUNCTIONS
    return not functions or _aggregates().isdisjoint(functions)


#: Functions that add up no rows and that rules use: for them DuckDB's catalogue, which is slow, need not be asked.
_PLAIN_FUNCTIONS = frozenset(
    {
        "||", "~~", "!~~", "array_to_string", "concat_ws", "len", "like_escape", "list_contains", "list_filter",
        "list_has_any", "list_value", "lower", "nullif", "regexp_extract", "regexp_full_match", "regexp_matches",
        "regexp_replace", "replace", "string_split", "upper",
    }
)  # fmt: skip

#: DuckDB's macros that add up no rows; others (geomean, wavg) do.
_PLAIN_MACROS = frozenset(
    {"nullif", "split_part", "list_append", "list_prepend", "array_append", "array_prepend", "array_to_string"}
)

_PLAIN_JOINS = ("REGULAR", "CROSS", "NATURAL")


def _keeps_all_rows(modifiers: Any) -> bool:
    """Whether what follows a SELECT only orders it or drops rows that stand twice."""
    return all(
        modifier.get("type") == "ORDER_MODIFIER"
        or (modifier.get("type") == "DISTINCT_MODIFIER" and not modifier.get("distinct_on_targets"))
        for modifier in modifiers or ()
    )


def _conjuncts(clause: Any) -> Iterator[dict[str, Any]]:
    """The expressions that a WHERE clause joins with AND."""
    if isinstance(clause, dict):
        if clause.get("type") == "CONJUNCTION_AND":
            for child in clause["children"]:
                yield from _conjuncts(child)
        else:
            yield clause


def _is_positive(node: dict[str, Any]) -> bool:
    return node.get("class") == "SUBQUERY" and (
        node.get("subquery_type") == "EXISTS"
        or (node.get("subquery_type") == "ANY" and node.get("comparison_type") == "COMPARE_EQUAL")
    )


@cache
def _aggregates() -> frozenset[str]:
    """DuckDB's functions that add rows up. Asked once: its catalogue is slow."""
    names = "select distinct function_name from duckdb_functions() where function_type in ('aggregate', 'macro')"
    return frozenset(row[0] for row in _planner().execute(names).fetchall()) - _PLAIN_MACROS


def _statement(con: duckdb.DuckDBPyConnection, sql: str, where: str) -> dict[str, Any]:
    """The parsed SELECT as a tree. DuckDB's own parser decides what the text is."""
    row = con.execute("select json_serialize_sql(?::varchar)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree.get("error") or len(tree["statements"]) != 1:
        raise UsageError(_no_select(sql), where=where)
    return tree


def _no_select(sql: str) -> str:
    """Why the text is not one SELECT. Asked only then: to parse it once more takes as long."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        return f"is no SQL: {fault(error)}"
    return "must be a SELECT" if len(statements) == 1 else f"must be one SELECT, not {len(statements)} statements"


#: DuckDB's advice to change what is locked here, and what it tells of its own insides.
_ADVICE = re.compile(r"\b(SET|RESET|INSTALL|LOAD|PRAGMA|ATTACH)\b|extension|configuration|catalog")
_KIND = re.compile(r"([A-Z][A-Za-z -]*? )?Error: ")
_NOT_HERE = "uses what is not here: there are only the tables and DuckDB's built-in functions"


def fault(error: Exception, *, place: bool = False) -> str:
    """What DuckDB says is wrong, on one line, without its name for the kind of error and without its advice.

    `place` adds the two lines that show where in the query.
    """
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return "needs too much memory"
    text = str(error).strip()
    said, at, rest = text[kind.end() if (kind := _KIND.match(text)) else 0 :].partition("\nLINE ")
    if not isinstance(error, duckdb.DataError):  # what does not fit is quoted there
        sentences = re.split(r"(?<=[.!?]) |\n", said)
        kept = [sentence for sentence in sentences if sentence and not _ADVICE.search(sentence)]
        said = " ".join(kept) if kept[:1] == sentences[:1] else _NOT_HERE
    where = f"{at}{rest}" if place and said != _NOT_HERE else ""
    return " ".join(said.split())[:300] + where[:300]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo += node.values()
        elif isinstance(node, list):
            todo += node
