"""Statistics of a job as lines for a terminal: the tables of its card, below each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from privacy.federated.report import results, terminal
from privacy.federated.report.outcome import Described, Outcome, Spread
from privacy.federated.report.page import Block, Section, Table
from privacy.federated.report.terminal import WIDTH, sparkline
from secops.core.columns import cell_len, one_line, wrap


def statistics(outcome: Outcome, width: int = WIDTH) -> list[str]:
    """All statistics; none of a model. Of distributions the counts are bars."""
    if not isinstance(outcome.result, Described):
        return []
    found = zip(results.sections(outcome), outcome.result.parts, strict=True)
    return [line for section, part in found for line in _section(section, part, width)]


def _section(section: Section, part: object, width: int) -> Iterator[str]:
    yield one_line(section.title)
    if isinstance(part, Spread):
        yield sparkline(part.bins.counts, width)
    for block in section.blocks:
        yield from _block(block, width)
    yield ""


def _block(block: Block, width: int) -> Sequence[str]:
    if isinstance(block, str):
        return wrap(one_line(block), width)
    if not isinstance(block, Table):
        return []
    lines = terminal.table(block.heads, block.rows, width)
    if all(cell_len(line) <= width for line in lines):
        return lines
    rows = [(row[0], head, cell) for row in block.rows for head, cell in zip(block.heads[1:], row[1:], strict=True)]
    return terminal.table((block.heads[0], "", ""), rows, width)
