"""Tables: what evidence means. One module per table; the file's name is the table's name.

A table module holds its sections (what to collect), one `TABLE` (columns with type and unit) and a pure parser
from `Evidence` to rows. Adding a table is adding a module: the registry below finds it by its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.section import Section

Type = Literal["text", "integer", "number", "boolean", "text[]"]
Row = dict[str, Any]

#: Column type → what a parser gives.
PYTHON: dict[Type, type] = {"text": str, "integer": int, "number": float, "boolean": bool, "text[]": list}
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Column:
    """A column: `unit` for numbers that have one; NULL always means "not known", never a sentinel value.

    `parts` are the table's parts of which any fills the column: without one of them it is NULL where it should not be.
    """

    name: str
    type: Type
    doc: str
    unit: str = ""
    parts: tuple[str, ...] = ()


@dataclass
class Built:
    """What a parser returns: rows, and why the table or a part of it is not whole (beyond its sections' status)."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    part_problems: dict[str, list[Problem]] = field(default_factory=dict)

    def lack(self, reason: str, status: Status = Status.FAILED, *, part: str = "") -> None:
        """Say that something is missing; the table (or `part` of it) is then not whole."""
        target = self.part_problems.setdefault(part, []) if part else self.problems
        target.append(Problem(status, reason))


@dataclass(frozen=True)
class Table:
    """A table of facts. Every table also has `host` as its first column.

    `sections` must be whole for the rows to be whole. `parts` names groups of columns or rows that hang on further
    sections; a rule that uses them says `needs: [table.part]`. Columns name their parts themselves.
    `late` names the room that fills the table out of more than its own sections; until then it is not whole.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    build: Callable[[Evidence], Built]
    parts: Mapping[str, tuple[Section, ...]] = field(default_factory=dict)
    extra_sections: tuple[Section, ...] = ()  # read by the parser, which judges their status itself
    late: Literal["", "passwords", "privilege", "patches"] = ""

    @property
    def all_sections(self) -> Iterator[Section]:
        yield from self.sections
        for sections in self.parts.values():
            yield from sections
        yield from self.extra_sections


@dataclass(frozen=True)
class Facts:
    """One table of one host: rows that fit the columns, and the problems of the table and of its parts.

    `pending`: the rows are worked out while judging, over all hosts at once.
    """

    rows: Sequence[Row]
    problems: Mapping[str, Sequence[Problem]]  # "" for the table itself, else the part's name
    pending: bool = False


def derive(table: Table, evidence: Evidence) -> Facts:
    """Parse one host's evidence into one table. Never raises: a parser that breaks makes the table `failed`."""
    try:
        built = table.build(evidence)
    except Exception as error:  # a parser must not stop a fleet; the table is then not whole, which no rule passes
        built = Built()
        built.lack(f"cannot be parsed ({type(error).__name__})")
    rows = []
    for row in built.rows:
        if fault := _misfit(table, row):
            built.lack(fault)
        else:
            rows.append(row)
    problems = {"": [*_section_problems(evidence, table.sections), *built.problems]}
    for part, sections in table.parts.items():
        own = [*_section_problems(evidence, sections), *built.part_problems.get(part, [])]
        problems[part] = [*problems[""], *own]
    return Facts(rows, problems)


def _section_problems(evidence: Evidence, sections: Sequence[Section]) -> list[Problem]:
    return [problem for section in sections if (problem := evidence.problem(section))]


def _misfit(table: Table, row: Row) -> str:
    """Why a row does not fit its columns; empty when it does. An unknown column is our own mistake and raises."""
    types = column_types(table)
    for name, value in row.items():
        if name not in types:
            raise KeyError(f"table {table.name} has no column {name}")
        if value is None:
            continue
        if type(value) is not PYTHON[types[name]]:
            raise TypeError(f"{table.name}.{name} is {types[name]}, not {type(value).__name__}")
        if type(value) is int and value not in _INT64:
            return f"{name} is out of range"
    return ""


def column_types(table: Table) -> dict[str, Type]:
    return {column.name: column.type for column in table.columns}


def registry() -> Mapping[str, Table]:
    """Every table by name, in alphabetical order."""
    return _told or _found()


#: In a process that was told of them, the tables without their parsers.
_told: dict[str, Table] = {}


def tell(columns: Mapping[str, Sequence[Column]]) -> None:
    """Say what tables there are, in a process that builds none: to load all parsers takes a tenth of a second."""
    _told.update({name: Table(name, "", tuple(own), (), _unbuilt) for name, own in columns.items()})


def _unbuilt(evidence: Evidence) -> Built:
    raise NotImplementedError(f"no tables are built here, out of the evidence of {evidence.label}")


@cache
def _found() -> dict[str, Table]:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    return {name: _load(name) for name in names}


def _load(name: str) -> Table:
    table: Table = import_module(f"{__name__}.{name}").TABLE
    if table.name != name:
        raise ValueError(f"secops/hosts/tables/{name}.py defines the table {table.name}")
    if unknown := {part for column in table.columns for part in column.parts} - table.parts.keys():
        raise ValueError(f"the table {name} has no part {min(unknown)}")
    return table
