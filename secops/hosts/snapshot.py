"""Snapshots: the tables of all hosts of a run, on disk.

While collecting, each host's tables go into one compressed spool file. The judging process merges the spools into
one Parquet file per table (see `relations`); tables of a host that did not change since an earlier run are referenced
by digest, not written again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from secops.core.parquet_file import has_end
from secops.hosts.evidence import Evidence
from secops.hosts.held import Held, held
from secops.hosts.tables import Facts, Table, collection, derive, registry

#: What a host may call itself: a claimed name must not look like another way to reach a host.
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")

#: What works out tables from the evidence and the other tables of one host.
WorkOut = Callable[[Evidence, Mapping[str, Facts]], Mapping[str, Facts]]


class HostFacts(msgspec.Struct, frozen=True):
    """All tables of one host but the late ones. `host` identifies it, `label` is how it was reached.

    `held` is for the audit of passwords.
    """

    host: str
    label: str
    tables: dict[str, Facts]
    held: Held = Held()


def observe(evidence: Evidence, name: str = "", more: WorkOut = lambda _evidence, _tables: {}) -> HostFacts:
    """Parse one host's evidence into every table. `name` is its inventory name, which then is its identity.

    `more` works out tables from these.
    """
    own = (table for table in registry().values() if table is not collection.TABLE and not table.late)
    tables = {table.name: derive(table, evidence) for table in own}
    tables |= more(evidence, tables)
    tables[collection.TABLE.name] = Facts(collection.rows(tables), {"": []})
    identity = name or _identity(tables["hosts"], evidence)
    return HostFacts(identity, evidence.label, tables, held(evidence, tables))


def _identity(hosts: Facts, evidence: Evidence) -> str:
    """The machine-id, which every carrier sees alike; else the host name, else how the host was reached."""
    row = hosts.rows[0] if hosts.rows else {}
    name = row.get("name") or ""
    plain = evidence.carrier != "root" and _HOST_NAME.fullmatch(name)
    return str(row.get("machine_id") or (name if plain else evidence.label))


class Spooled(msgspec.Struct, frozen=True):
    """A spool file, the digest of each table in it, and the length of its longest line in bytes."""

    host: str
    path: str
    digests: dict[str, str]
    widest: int


def spool(facts: HostFacts, host: str, path: Path) -> Spooled:
    """Write one host's tables, atomically."""
    digests, lines = _lines(host, facts.tables)
    partial = path.with_suffix(".partial")
    with gzip.open(partial, "wb", compresslevel=1) as file:
        file.writelines(lines)
    os.replace(partial, path)
    return Spooled(host, str(path), digests, max(map(len, lines)))


def spool_late(spooled: Spooled, host: str, late: Mapping[str, Facts]) -> Spooled:
    """Add a host's late tables, and how they were seen, to its spool. `host` as in `spool`."""
    seen = {collection.TABLE.name: Facts(collection.rows(late), {"": []})}
    digests, lines = _lines(host, {**late, **seen})
    with gzip.open(spooled.path, "ab", compresslevel=1) as file:
        file.writelines(lines)
    both = (spooled.digests[collection.TABLE.name] + digests[collection.TABLE.name]).encode()
    digests[collection.TABLE.name] = _digest(both)
    widest = max(spooled.widest, *map(len, lines))
    return msgspec.structs.replace(spooled, digests={**spooled.digests, **digests}, widest=widest)


def _lines(host: str, tables: Mapping[str, Facts]) -> tuple[dict[str, str], list[bytes]]:
    """The digest of each table, and one JSON line for each that has rows, which are turned into columns."""
    digests, lines = {}, []
    for name, facts in tables.items():
        columns = msgspec.json.encode(_columns(registry()[name], facts.rows))
        digests[name] = _digest(columns)
        if facts.rows:
            lines.append(msgspec.json.encode({"host": host, "t": name, "r": msgspec.Raw(columns)}) + b"\n")
    return digests, lines


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _columns(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {column.name: [row.get(column.name) for row in rows] for column in table.columns}


class Index(msgspec.Struct, frozen=True):
    """Where a run's tables are: host → table → (digest, run that holds them). Kept as `index.json` beside them."""

    hosts: dict[str, dict[str, tuple[str, str]]]

    @classmethod
    def build(cls, spools: Iterable[Spooled], before: Index, run: str) -> tuple[Index, dict[str, list[str]]]:
        """The index of a new run, and what it must write itself (table → hosts): all that `before` does not hold."""
        hosts: dict[str, dict[str, tuple[str, str]]] = {}
        changed: dict[str, list[str]] = {}
        for spooled in spools:
            own = hosts.setdefault(spooled.host, {})
            for table, digest in spooled.digests.items():
                old = before.hosts.get(spooled.host, {}).get(table, ("", ""))
                own[table] = old if old[0] == digest else (digest, run)
                if old[0] != digest:
                    changed.setdefault(table, []).append(spooled.host)
        return cls(hosts), changed

    @classmethod
    def latest(cls, runs: Path) -> Index:
        """The index of the newest run that saw a host; an empty one when its files are not all there, or none is."""
        newest_first = sorted(runs.glob("[0-9]*"), reverse=True)
        index = next((found for path in newest_first if (found := cls.of(path)) and found.hosts), cls({}))
        return cls({}) if index.lacking(runs) else index

    @classmethod
    def of(cls, directory: Path) -> Index | None:
        """The index of one run; None when it cannot be read."""
        try:
            return msgspec.json.decode((directory / "index.json").read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return None

    def save(self, directory: Path) -> None:
        (directory / "index.json").write_bytes(msgspec.json.encode(self))

    def lacking(self, runs: Path) -> str:
        """The first file it names, in its own run or one it refers to, that is not there or cut off; else empty."""
        return next((path for _, path, _ in self.parts(runs) if not has_end(Path(path))), "")

    def parts(self, runs: Path, moved: Mapping[str, Path] | None = None) -> list[tuple[str, str, list[str]]]:
        """(table, Parquet file, hosts) for `load_parquet`. `moved` names runs that are not at their place yet."""
        groups: dict[tuple[str, str], list[str]] = {}
        for host, tables in self.hosts.items():
            for table, (_, run) in tables.items():
                groups.setdefault((table, run), []).append(host)
        places = moved or {}
        return [
            (table, str(places.get(run, runs / run) / f"{table}.parquet"), hosts)
            for (table, run), hosts in groups.items()
        ]
