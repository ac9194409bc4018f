"""How each table of a host was seen: what decides between a verdict and `unknown`."""

from __future__ import annotations

from collections.abc import Mapping

from secops.hosts.evidence import Evidence, Status
from secops.hosts.tables import Built, Column, Facts, Row, Table

#: As much of a table's reasons is told.
_MOST, _LONGEST = 100, 300


def rows(tables: Mapping[str, Facts]) -> list[Row]:
    """One row per table and part, from what the parsers made of the evidence."""
    found: list[Row] = []
    for name, facts in tables.items():
        for part, problems in facts.problems.items():
            first = problems[0] if problems else None
            found.append(
                {
                    "table_name": name,
                    "part": part,
                    "status": str(first.status if first else _status(facts)),
                    "reason": first.reason[:_LONGEST] if first else "",
                    "reasons": [problem.reason[:_LONGEST] for problem in problems[:_MOST]],
                    "whole": first is None,
                    "row_count": None if facts.pending else len(facts.rows),
                }
            )
    return found


def _status(facts: Facts) -> Status:
    return Status.OK if facts.rows or facts.pending else Status.EMPTY


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from the other tables, see `rows`
    """Nothing: this table is made from the others."""
    return Built()


TABLE = Table(
    name="collection",
    doc="Status of every table of a host. A rule passes a host only when all it needs is whole.",
    columns=(
        Column("table_name", "text", "the table"),
        Column("part", "text", "a part of the table that hangs on more evidence; empty for the table itself"),
        Column("status", "text", "ok, empty, absent, denied, timeout, truncated, failed"),
        Column("reason", "text", "the first thing that was missing; empty when whole"),
        Column("reasons", "text[]", "all that was missing, 100 at most: each line of a policy that does not parse"),
        Column("whole", "boolean", "all of it was seen"),
        Column("row_count", "integer", "rows of the table"),
    ),
    sections=(),
    build=build,
)
