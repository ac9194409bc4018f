"""The tables of an earlier run, for verbs that ask them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from secops.core.i18n import _

if TYPE_CHECKING:
    from secops.hosts.snapshot import Index


class Tables:
    """The tables of the run that `ref` stands for. Raises `UsageError` when they are not here, or damaged.

    `unreachable` are its hosts that did not answer, with the error: no table has a row of them.
    """

    def __init__(self, ref: str) -> None:
        from secops.core import config
        from secops.core.errors import UsageError
        from secops.core.store import Store
        from secops.hosts.snapshot import Index

        store = Store.open()
        self.run, self._runs = store.resolve(ref), config.runs_dir()
        self.unreachable = store.unreachable(self.run)
        index = Index.of(self._runs / self.run)
        again = _("Scan again: `citywall scan`.")
        if index is None:
            raise UsageError(_("the tables of this run are not here"), where=self.run, hint=again)
        if path := index.lacking(self._runs):
            raise UsageError(_("the file of a table is missing or damaged"), where=path, hint=again)
        self.index: Index = index

    def query(self, sql: str, *, only: Sequence[str] = ()) -> dict[str, Any]:
        """What `isolation.query` answers to one SELECT. `only` names the tables that it reads; none: all are loaded."""
        from secops.posture import isolation
        from secops.posture.judge import Source

        parts = [part for part in self.index.parts(self._runs) if not only or part[0] in only]
        return isolation.query(Source(parts=parts), sql, hosts=len(self.index.hosts))

    def rows(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """(table, row) of the columns that are wanted of each table, and `host`."""
        selects = (
            f"select '{table}' as t, host, {', '.join(columns)} from {table}"  # noqa: S608 - our own tables
            for table, columns in wanted.items()
        )
        answer = self.query(" union all by name ".join(selects), only=list(wanted))
        columns = answer["columns"]
        for values in answer["rows"]:
            row = dict(zip(columns, values, strict=True))
            yield row["t"], {name: row[name] for name in ("host", *wanted[row["t"]])}
