"""How `citywall patches list` shows what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secops.core.errors import Exit, UsageError
from secops.core.i18n import _, joined, ngettext
from secops.core.say import complain

if TYPE_CHECKING:
    from secops.cli._run import Tables
    from secops.patches.listing import By

#: Tables that a list reads.
_READ = ("vulnerabilities", "hosts", "collection", "feeds")

#: Names that are told of one row; JSON has more.
_MOST = 3


def show_list(run: Tables, by: By, hosts: Sequence[str], fmt: str, *, everything: bool, most: int | None) -> int:
    """Print a list and say on stderr what may be missing. The exit code."""
    from secops.core.document import show_document
    from secops.core.rows import show
    from secops.core.say import say
    from secops.patches.listing import COUNT, OPEN, STATUSES, outdated, select, target, where

    _check(run, hosts)
    columns, rows = _asked(run, select(by, tuple(STATUSES) if everything else OPEN, hosts))
    count = {"flaws": len(rows), "without": 0}
    if by == "upgrade" or everything:  # its rows do not tell
        _, (count,) = _asked(run, f"{COUNT} where {where(OPEN, hosts)}")
    if by == "upgrade":
        columns, rows = ["to", *columns], [{"to": target(row), **row} for row in rows]
    shown, lacking = rows[:most], _lacking(run, hosts)
    unseen, old = any(not row["part"] for row in lacking), bool(_asked(run, outdated(hosts))[1])
    if fmt == "text":
        if not count["flaws"]:
            say(_nothing_found(unseen=unseen, old=old))
        _show_text(by, shown, len(rows), count)
    elif fmt == "json":
        show_document({"run": run.run, "by": by, "of": len(rows), "rows": shown, **_ground(run, hosts, lacking)})
    else:
        show(*_with_unjudged(columns, shown, _unjudged(run, hosts)), "csv")
    _warn(lacking)
    return Exit.FINDINGS if count["flaws"] else Exit.INCOMPLETE if unseen or old else Exit.CLEAN


def _nothing_found(*, unseen: bool, old: bool) -> str:
    """What it means that no flaw was found. `unseen`: not on every host could it be; `old`: not by fresh feeds."""
    if unseen:
        return _("No known flaw was found, but not every host could be judged.")
    if old:
        return _("No known flaw was found, but the feeds are out of date: what came out since is not known.")
    return _("No known flaw is open in what is installed.")


def _show_text(by: By, shown: Sequence[dict[str, Any]], of: int, count: dict[str, int]) -> None:
    """A list for people, of which these rows are shown."""
    from secops.core.rows import show
    from secops.core.say import say

    if shown:
        show(*_text(by, shown), "text")
    if len(shown) < of:
        say(_("… and {n} more: --most {all}").format(n=of - len(shown), all=of))
    if by == "upgrade" and count["without"]:
        text = ngettext(
            "No upgrade mends {n} flaw: `--by flaw` lists it.",
            "No upgrade mends {n} flaws: `--by flaw` lists them.",
            count["without"],
        )
        say(text.format(n=count["without"]))


def _ground(run: Tables, hosts: Sequence[str], lacking: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a list stands on: the feeds, hosts that could not be judged, and what feeds do not tell."""
    from secops.patches.listing import feeds

    parts = [row for row in lacking if row["part"] not in ("", "feed")]
    lacks = [{"what": row["part"], "reason": row["reason"], "hosts": row["n"]} for row in parts]
    return {"feeds": _asked(run, feeds(hosts))[1], "unjudged": _unjudged(run, hosts), "lacks": lacks}


def _with_unjudged(
    columns: Sequence[str], rows: Sequence[dict[str, Any]], unjudged: Sequence[dict[str, str]]
) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows, with a row for each host that could not be judged."""
    wide = list(dict.fromkeys([*columns, "host", "reason"]))
    all_rows = [*rows, *({"statuses": "unknown", **host} for host in unjudged)]
    return wide, [[row.get(column) for column in wide] for row in all_rows]


def _unjudged(run: Tables, hosts: Sequence[str]) -> list[dict[str, str]]:
    """Hosts whose flaws may be missing, or that did not answer, and why."""
    from secops.patches.listing import unjudged

    silent = [{"host": host, "reason": run.unreachable[host]} for host in _silent(run, hosts)]
    return sorted([*_asked(run, unjudged(hosts))[1], *silent], key=lambda row: row["host"])


def _silent(run: Tables, hosts: Sequence[str]) -> list[str]:
    """Hosts that did not answer; of these if they are named."""
    return [host for host in run.unreachable if not hosts or host in hosts]


def _asked(run: Tables, sql: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Columns and rows of the answer."""
    answer = run.query(sql, only=_READ)
    return answer["columns"], [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def _check(run: Tables, hosts: Sequence[str]) -> None:
    """Raises `UsageError` for a host that the run does not have."""
    from secops.core.command import did_you_mean

    if all(host in run.index.hosts or host in run.unreachable for host in hosts):
        return
    names = _asked(run, "select host, name from hosts")[1]
    known = {*run.unreachable, *(name for row in names for name in row.values() if name)}
    for host in hosts:
        if host not in known:
            raise UsageError(_("the run has no such host"), where=host, hint=did_you_mean(host, sorted(known)))


def _text(by: By, rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Titles and cells for people."""
    from secops.patches.listing import why

    if by == "flaw":
        titles = [_("flaw"), _("packages"), _("hosts"), _("state"), _("why here")]
        return titles, [
            [
                row["flaw"],
                _some(row["packages"]),
                row["hosts"],
                _states(row),
                why(row),
            ]
            for row in rows
        ]
    if by == "upgrade":
        titles = [_("upgrade"), _("to"), _("system"), _("flaws"), _("hosts"), _("why here")]
        return titles, [
            [
                _upgrade(row),
                _with_words(row["to"], row),
                f"{row['ecosystem']} {row['release']}",
                row["flaws"],
                row["hosts"],
                why(row),
            ]
            for row in rows
        ]
    titles = [_("host"), _("flaws"), _("mendable"), _("upgrades"), _("worst")]
    return titles, [
        [row["name"] or row["host"], row["flaws"], row["mendable"], row["packages"], why(row)] for row in rows
    ]


def _upgrade(row: dict[str, Any]) -> str:
    package: str = row["package"]
    return _("{package}, then restart the host").format(package=package) if row["reboot"] else package


def _states(row: dict[str, Any]) -> str:
    from secops.patches.listing import STATUSES

    return _with_words(joined([_(STATUSES[status]) for status in row["statuses"]]), row)


def _with_words(text: str, row: dict[str, Any]) -> str:
    """A text and what feeds say of it in words of their own: what a fix needs, or why there is none."""
    from secops.core.render.reasons import reason

    said = [reason(words) for words in row["words"] or ()]
    return _("{text} ({words})").format(text=text, words=_some(said)) if said else text


def _some(names: Sequence[str]) -> str:
    return joined([*names[:_MOST], *(["…"] if len(names) > _MOST else [])])


def _lacking(run: Tables, hosts: Sequence[str]) -> list[dict[str, Any]]:
    """Where flaws may be missing, as `listing.missing` tells it: first of hosts that did not answer."""
    from secops.patches.listing import missing

    silent = _silent(run, hosts)
    counts = Counter(run.unreachable[host] for host in silent)
    named = {run.unreachable[host]: host for host in reversed(silent)}
    first = [{"part": "", "reason": why, "n": n, "host": named[why]} for why, n in counts.items()]
    rows = [*first, *_asked(run, missing(hosts))[1]]
    bare = {row["reason"] for row in rows if not row["part"]}
    return [row for row in rows if row["part"] in ("", "feed") or row["reason"] not in bare]


def _warn(rows: Sequence[dict[str, Any]]) -> None:
    """Say on stderr where flaws may be missing."""
    from secops.core.render.reasons import reason

    for row in rows:
        if row["part"] == "feed":
            complain(_stale(row["reason"], row["n"]))
        else:
            where = row["host"] if row["n"] == 1 else ngettext("{n} host", "{n} hosts", row["n"]).format(n=row["n"])
            text = _("{where}: flaws may be missing, or stand too low: {reason}")
            complain(text.format(where=where, reason=reason(row["reason"])))


def _stale(feed: str, age: int | None) -> str:
    if age is None or age < 0:
        return _("the feed {feed} is of no known date: what came out since is not known").format(feed=feed)
    text = ngettext(
        "the feed {feed} was {n} day old: what came out since is not known",
        "the feed {feed} was {n} days old: what came out since is not known",
        age,
    )
    return text.format(feed=feed, n=age)


def show_vex(run: Tables, hosts: Sequence[str], output: Path | None) -> int:
    """Write the flaws as CycloneDX VEX. The exit code."""
    import sys

    from secops.core.render import write_whole
    from secops.patches import listing
    from secops.patches.vex import document, select

    _check(run, hosts)
    _columns, rows = _asked(run, select(hosts))
    lacking = _lacking(run, hosts)
    feeds = _asked(run, listing.feeds(hosts))[1]
    text = document(rows, run.run, feeds, [row for row in lacking if row["part"] != "feed"])
    if output:
        write_whole(output, text.encode())
    else:
        sys.stdout.write(text)
    _warn(lacking)
    unseen = any(not row["part"] for row in lacking) or bool(_asked(run, listing.outdated(hosts))[1])
    still_open = any(row["status"] != "not-affected" for row in rows)
    return Exit.FINDINGS if still_open else Exit.INCOMPLETE if unseen else Exit.CLEAN
