"""Matching over synthetic fleets: each flaw of each package of each host; pairs a second against a plain loop."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

#: Hosts of a fleet, packages on each, advisories on each package, builds of a package that hosts have by chance.
SIZES, PACKAGES, ADVISORIES, BUILDS = (1, 10, 100, 1000, 5000), 768, 40, 20

#: The limits: seconds and megabytes for the largest, seconds for one host, and times the rival's pairs a second.
SECONDS, MEGABYTES, ONE, TIMES = 5, 1536, 0.3, 50

#: The limit of an import in seconds, and where the real feed is when it lies beside the checkout.
IMPORT, _REAL = 5, Path(__file__).resolve().parents[2] / "shared/data/feeds/almalinux-9-osv.zip"

Row = dict[str, Any]


def lines() -> list[str]:
    """The report of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        _make_feed(Path(folder))
        rows = [_one(folder, size) for size in SIZES]
        rate, pairs = _rival()
    out = [
        f"## Matching: {PACKAGES} packages a host, {ADVISORIES} advisories a package",
        "",
        f"Each host has one of {BUILDS} builds of every package by chance; about half of the advisories concern it.",
        "Wall seconds from the loaded tables to `vulnerabilities`, and to count them by flaw; memory is all of the",
        f"process. Limits: {SECONDS} s and {MEGABYTES} MB for {SIZES[-1]:,} hosts, {ONE} s for one. The rival compares",
        f"each pair with debian-inspector in a plain loop: {rate:,.0f} pairs a second, measured on {pairs:,}.",
        "",
        "| hosts | pairs | flaws | match s | count s | of the limit | memory MB | of the limit | times the rival |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        took, limit = row["match"] + row["count"], {1: ONE, SIZES[-1]: SECONDS}.get(row["hosts"])
        pairs = row["hosts"] * PACKAGES * ADVISORIES
        out.append(
            f"| {row['hosts']:,} | {pairs:,} | {row['flaws']:,} | {row['match']:.2f} | {row['count']:.2f} "
            f"| {f'{took / limit:.2f}' if limit else ''} | {row['peak']:.0f} | {row['peak'] / MEGABYTES:.2f} "
            f"| {pairs / took / rate:,.0f} (≥ {TIMES}) |"
        )
    return [*out, "", *_imports()]


def _imports() -> list[str]:
    """How long a feed takes to be imported: made up in the form of AlmaLinux 9's, and the real one where it is."""
    out = [
        "## Import of a feed in OSV form",
        "",
        f"`made`: as many advisories, packages and as much text as AlmaLinux 9's had in August 2026; limit {IMPORT} s.",
        "",
        "| feed | advisories | statements | MB of JSON | CPU s | of the limit |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made.zip")
        _make_zip(made)
        for name, path in (("made", made), ("AlmaLinux 9", _REAL)):
            if path.is_file():
                out.append(_import(name, path, folder))
    return out


def _import(name: str, path: Path, folder: str) -> str:
    from benchmarks.measure import measure

    home = Path(folder, name.replace(" ", "-"))
    env = {**os.environ, "CITYWALL_HOME": str(home)}
    cost = measure([sys.executable, "-m", "secops", "patches", "feeds", "import", str(path)], env=env)
    feed = json.loads((home / "feeds/catalogue.json").read_text())[0]
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist()) / 1e6
    return (
        f"| {name} | {feed['advisories']:,} | {feed['statements']:,} | {size:.0f} | {cost.cpu:.2f} "
        f"| {cost.cpu / IMPORT:.2f} |"
    )


def _range(number: int, part: int) -> Row:
    return {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"1.{number}-{part}.el9_4"}]}


def _make_zip(path: Path) -> None:
    text = "A flaw was found in how the library reads what is sent to it. " * 160
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(1783):
            affected = [
                {"package": {"ecosystem": "AlmaLinux:9", "name": f"package{number % 300}-part{part}"},
                 "ranges": [_range(number, part)]}
                for part in range(14)
            ]  # fmt: skip
            archive.writestr(f"ALSA-2026_{number}.json", json.dumps({
                "id": f"ALSA-2026:{number}", "summary": "Important: package security update", "affected": affected,
                "related": [f"CVE-2026-{number}"], "published": "2026-01-01T00:00:00Z",
                "modified": "2026-01-01T00:00:00Z", "details": text, "references": [],
            }))  # fmt: skip


def _version(build: int) -> str:
    return f"2.{build // 4}.{build % 4}+dfsg-{1 + build % 3}+deb12u{1 + build % 5}"


def _make_feed(folder: Path) -> None:
    """A feed as an import leaves it."""
    import msgspec

    from secops.patches import parquet
    from secops.patches.statement import Statement

    for ending in parquet.ROWS:
        with gzip.open(folder / f"feed{ending}", "wb", compresslevel=1) as file:
            for number in range(PACKAGES * ADVISORIES if ending == parquet.ROWS[0] else 0):
                package, advisory = divmod(number, ADVISORIES)
                one = Statement(
                    advisory=f"DSA-{number}", flaws=(f"CVE-2026-{number}",), ecosystem="debian", release="12",
                    kind="dpkg", package=f"package{package}", by_source=True, status="fixed", severity="high",
                    fixed=_version(1 + advisory * BUILDS // ADVISORIES), title=f"package{package} security update",
                )  # fmt: skip
                file.write(msgspec.json.encode(parquet.row(one)) + b"\n")
    parquet.write(folder, "feed", lambda _reject: None)


def _one(folder: str, size: int) -> Row:
    """One fleet in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.patches", folder, str(size)]
    result: Row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def _run(folder: Path, size: int) -> Row:
    import resource
    from time import perf_counter

    from secops.patches.match import FeedFiles, work_out
    from secops.patches.shelf import FLAWS, STATEMENTS

    con = _fleet(size)
    started = perf_counter()
    work_out(con, [FeedFiles("feed", "2026-11-30", str(folder / f"feed{STATEMENTS}"), str(folder / f"feed{FLAWS}"))])
    matched = perf_counter()
    query = "select sum(hosts) from (select flaw, count(*) as hosts from facts.vulnerabilities group by flaw)"
    flaws = con.execute(query).fetchall()[0][0]
    ended = perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"hosts": size, "flaws": int(flaws), "match": matched - started, "count": ended - matched, "peak": peak}


def _fleet(size: int) -> duckdb.DuckDBPyConnection:
    """The tables of `size` hosts, as the judging process has them."""
    import duckdb

    from secops.hosts import relations

    con = duckdb.connect(config={"threads": 2})
    con.execute("set preserve_insertion_order = false")
    relations.create(con)
    con.execute("create temp table builds as select unnest(?::varchar[]) as version, unnest(range(?)) as build",
                [[_version(build) for build in range(BUILDS)], BUILDS])  # fmt: skip
    con.execute(
        "insert into facts.hosts by name select 'host' || n as host, 'host' || n as name, 'debian' as ecosystem,"
        " '12' as release from range(?) t(n)",
        [size],
    )
    con.execute(
        "insert into facts.packages by name select host, 'package' || p as name, 'dpkg' as kind, version,"
        " 'amd64' as architecture, 'package' || p as source_name, version as source_version, 'installed' as status"
        " from facts.hosts, range(?) t(p) join builds on build = hash(host, p) % ?",
        [PACKAGES, BUILDS],
    )
    return con


def _rival() -> tuple[float, int]:
    """Pairs a second of a loop that compares each installed version with each fixed one."""
    from time import perf_counter

    from debian_inspector.version import Version

    installed = [_version(build) for build in range(BUILDS)]
    pairs, found, started = 0, 0, perf_counter()
    for _ in range(50):
        for one in installed:
            for other in installed:
                found += Version.from_string(one) < Version.from_string(other)
                pairs += 1
    return pairs / (perf_counter() - started), pairs


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(Path(sys.argv[1]), int(sys.argv[2]))))
