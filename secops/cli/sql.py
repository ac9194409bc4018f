"""`citywall sql`: one SELECT over the tables of a run."""

from __future__ import annotations

import click

from secops.core.command import Command
from secops.core.i18n import N_, _


@click.command(
    "sql",
    cls=Command,
    help=N_("""Ask the tables of the last run, or of RUN, with one SELECT (DuckDB's dialect).

Examples:
  citywall sql "select user_name from users where uid = 0"
  citywall sql --tables users
  citywall sql --format csv "select host, name, version from packages"
"""),
)
@click.argument("query", required=False)
@click.option(
    "--run", "run_id", default="last", show_default=True, metavar="RUN", help=N_("A run of `citywall history`.")
)
@click.option("--tables", is_flag=True, help=N_("List the tables, or the columns of the table named as QUERY."))
@click.option("--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def command(query: str | None, run_id: str, tables: bool, fmt: str) -> None:
    from secops.core.rows import show

    if tables:
        show(*_describe(query), fmt)
        return
    if not query:
        raise click.UsageError(_("Give a SELECT, or --tables."))
    from secops.cli._run import Tables

    run = Tables(run_id)
    answer = run.query(query)
    show(answer["columns"], answer["rows"], fmt)
    _warn(answer["not_whole"], len(run.index.hosts))


def _warn(not_whole: list[tuple[str, int]], hosts: int) -> None:
    """Say on stderr of which tables the answer may lack rows or values: an empty one must not look like all is well."""
    for table, count in not_whole:
        text = _("{table}: not seen whole on {count} of {all} hosts, so the answer may lack something.")
        click.echo(text.format(table=table, count=count, all=hosts), err=True)
    if not_whole:
        query = "select host, table_name, part, reason from collection where not whole"
        click.echo(_("  Why: {command}").format(command=f'citywall sql "{query}"'), err=True)


def _describe(table: str | None) -> tuple[list[str], list[list[str]]]:
    """Columns and rows that describe all tables, or one."""
    from secops.core.errors import UsageError
    from secops.hosts.tables import registry

    if table is None:
        return ["table", "parts", "what"], [[t.name, " ".join(t.parts), t.doc] for t in registry().values()]
    if table not in registry():
        raise UsageError(_("there is no such table"), where=table, hint=_("`citywall sql --tables` lists them."))
    columns = registry()[table].columns
    return ["column", "type", "unit", "what"], [[c.name, c.type, c.unit, c.doc] for c in columns]
