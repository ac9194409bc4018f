"""What makes a rule unfit to be shipped: small checks, each with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from secops.core.errors import UsageError
from secops.hosts.tables import registry
from secops.posture.evaluate import queries_of, tables_of
from secops.posture.query import bare, check_expression, check_rule_query, fault, has_only_rows_that_prove, unmet_parts
from secops.posture.rule import REMARK, Rule

if TYPE_CHECKING:
    import duckdb

#: `{column}` in messages and commands.
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")

_FAMILIES = frozenset({"any", "debian", "rhel", "suse", "alpine"})
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def faults(rule: Rule) -> list[str]:
    """Everything wrong with a rule that can be seen without running its query."""
    return [fault for check in _CHECKS for fault in check(rule)]


def _named(rule: Rule) -> Iterator[str]:
    if not _ID.fullmatch(rule.id):
        yield "id: use lower-case words joined by hyphens"
    if not rule.key:
        yield "key: name the columns that tell one finding from another"


def _needs_exist(rule: Rule) -> Iterator[str]:
    for need in rule.needs:
        table, _, part = need.partition(".")
        if table not in registry():
            yield f"needs: there is no table {table}"
        elif part and part not in registry()[table].parts:
            yield f"needs: the table {table} has no part {part}"
    if not rule.needs:
        yield "needs: name the tables that the query reads"


def _translated(rule: Rule) -> Iterator[str]:
    for name in ("title", "message", "why", "fix"):
        text = getattr(rule, name)
        if not text.en.strip() or not _HAN.search(text.zh):
            yield f"{name}: give it in English and in Chinese"
        if _columns(text.en, "en") != _columns(text.zh, "zh"):
            yield f"{name}: the two languages name different columns"


def _columns(text: str, language: str) -> set[str]:
    """The columns a text names. One for each language is allowed, as `because_en` beside `because_zh`."""
    return {name.removesuffix(f"_{language}") for name in PLACEHOLDER.findall(text)}


def _families(rule: Rule) -> Iterator[str]:
    for family in rule.fix.commands.keys() - _FAMILIES:
        yield f"fix.commands: {family} is none of {', '.join(sorted(_FAMILIES))}"
    if not rule.fix.commands:
        yield "fix.commands: give the commands, by distribution family or for `any`"
    for template in rule.fix.commands.values():
        for remark in REMARK.finditer(template):
            if not _HAN.search(remark["zh"] or ""):
                yield f"fix.commands: {remark[0]}: write a remark as `# English // 中文`"


def _tested(rule: Rule) -> Iterator[str]:
    if not any(case.expect or case.verdict == "fail" for case in rule.tests):
        yield "tests: show at least one case that fails"
    if not any(case.expect == [] or case.verdict == "pass" for case in rule.tests):
        yield "tests: show at least one case that passes"


def _referenced(rule: Rule) -> Iterator[str]:
    if not any(rule.refs.values()):
        yield "refs: name at least one source (attack, cis, mlps, cve, doc)"


_CHECKS: tuple[Callable[[Rule], Iterator[str]], ...] = (
    _named, _needs_exist, _translated, _families, _tested, _referenced,
)  # fmt: skip


def query_faults(con: duckdb.DuckDBPyConnection, rule: Rule) -> list[str]:
    """What DuckDB says of the rule's SQL over empty tables. Runs in the judging process."""
    import duckdb

    if any(_needs_exist(rule)):
        return []  # said already, and the query could not be bound
    con.execute("set search_path = 'facts'")
    try:
        check_expression(con, rule.applies, where="applies")
        con.execute(f"select ({rule.applies})::boolean from hosts limit 0")  # noqa: S608 - checked above
        asked = [_asked(con, rule, *one) for one in queries_of(rule)]
        if rule.partial and not has_only_rows_that_prove(con, rule.query, where="query"):
            return ["partial: a row of this query could be wrong when rows are missing"]
    except UsageError as error:
        return [str(error)]
    except duckdb.Error as error:
        return [f"query: {fault(error)}"]
    columns = asked[0].columns
    used = {name for text in (rule.message, rule.fix) for name in PLACEHOLDER.findall(text.en + text.zh)}
    used |= {name for command in rule.fix.commands.values() for name in PLACEHOLDER.findall(command)}
    found = [f"the query gives no column {name}" for name in sorted({"host", *rule.key, *used} - columns)]
    if any({"host", "reason"} - one.columns for one in asked[1:]):
        found.append("unsure: the query gives no column host, or no column reason")
    unmet = sorted({part for one in asked for part in one.unmet})
    found += [f"needs: the query decides by what {part} fills: add it" for part in unmet]
    unread = {need.partition(".")[0] for need in rule.needs}.difference(*(one.read for one in asked))
    return found + [f"needs: the query does not read {name}" for name in sorted(unread)]


class _Asked(NamedTuple):
    """What a query gives, which tables it reads, and by which parts it decides that are not needed."""

    columns: set[str]
    read: set[str]
    unmet: list[str]


def _asked(con: duckdb.DuckDBPyConnection, rule: Rule, where: str, query: str, key: Sequence[str]) -> _Asked:
    """Check one query of a rule. Raises `UsageError` and `duckdb.Error` for one that cannot be asked."""
    read = check_rule_query(con, query, tables_of(rule), where=where)
    described = con.execute(f"select * from (\n{bare(query)}\n) limit 0").description  # noqa: S608 - checked above
    columns = {column[0] for column in described or ()}
    unmet = [] if {"host", *key} - columns else unmet_parts(query, key, rule.needs, where=where)
    return _Asked(columns, read, unmet)
