"""How `citywall patches feeds` shows what is on the shelf."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.core.errors import Exit, UsageError
from secops.core.i18n import _, joined, ngettext
from secops.core.say import complain

if TYPE_CHECKING:
    from secops.patches.shelf import Feed, Shelf
    from secops.patches.statement import Reject

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

#: Parts of a document that bear no name of their own.
_NUMBERED = re.compile(r"(?:line|entry|package) \d+")

#: Reasons that are told of each feed; `status NAME` tells all.
_MOST = 3

#: Rejects of one reason that are told by name.
_NAMED = 2


def check_name(name: str, files: Sequence[Path]) -> None:
    """Raises `click.UsageError` for a name that no feed can have."""
    if len(files) > 1:
        raise click.UsageError(_("--name goes with one FILE."))
    if not _NAME.fullmatch(name):
        raise click.UsageError(_("A feed's name has small letters, digits and . _ - only, 64 at most."))


def show_imported(shelf: Shelf, feeds: Sequence[Feed], before: Mapping[str, Feed]) -> None:
    """What was imported; of a feed that shrank by half or more, what it took the place of (`before`: by name)."""
    from secops.core.say import say

    for feed in feeds:
        counts = ngettext("{n} statement", "{n} statements", feed.statements).format(n=feed.statements)
        if feed.flaws:
            counts = ngettext("{n} flaw", "{n} flaws", feed.flaws).format(n=feed.flaws)
        say(f"{feed.name}: {counts}, {_age(feed)}")
        held, holds = (one.statements + one.flaws for one in (before.get(feed.name, feed), feed))
        if 2 * holds <= held:
            text = _("{name}: takes the place of a feed of {n} entries from {source}; a part of it needs a --name")
            complain(text.format(name=feed.name, n=held, source=before[feed.name].source))
        if feed.lost:
            text = _(
                "{name}: of {n} entries nobody knows which packages they are on: all hosts it speaks of are unknown"
            )
            complain(text.format(name=feed.name, n=feed.lost))
        if feed.rejected:
            _complain_of_rejects(shelf, feed)


def _complain_of_rejects(shelf: Shelf, feed: Feed) -> None:
    """What of a feed does not count, by reason, some of it by name. Contradictions come first: those do count."""
    from secops.core.render.reasons import reason
    from secops.patches.rivals import CONTRADICTIONS

    text = ngettext(
        "{n} entry does not count, or not as it stands:",
        "{n} entries do not count, or not as they stand:",
        feed.rejected,
    )
    complain(f"{feed.name}: {text.format(n=feed.rejected)}")
    shown = sorted(feed.rejects, key=lambda why: why not in CONTRADICTIONS)[:_MOST]
    named = _named(shelf.rejects(feed), shown)
    for why in shown:
        complain(f"  {feed.rejects[why]} × {reason(why)}", indent=4)
        for where in named[why]:
            complain(f"    {_place(where.removeprefix(f'{feed.source}: '))}", indent=6)
    hint = f"citywall patches feeds status {feed.name}"
    complain(_("  All of them: {command}").format(command=hint), indent=4)


def _named(rejects: Iterable[Reject], reasons: Sequence[str]) -> dict[str, list[str]]:
    """Where the first rejects of each of these reasons stand."""
    found: dict[str, list[str]] = {why: [] for why in reasons}
    for reject in rejects:
        if len(places := found.get(reject.reason, [])) < _NAMED:
            places.append(reject.where)
    return found


def _place(where: str) -> str:
    """Where a reject stands, for people: lines and entries are named, the rest is the document's own."""
    from secops.core.render.reasons import reason

    return ": ".join(reason(part) if _NUMBERED.fullmatch(part) else part for part in where.split(": "))


def show_feeds(shelf: Shelf, fmt: str) -> int:
    """All feeds, one row each. The exit code."""
    from secops.core.rows import show
    from secops.core.say import say

    feeds, today = shelf.feeds(), datetime.now(UTC).date()
    if not feeds and fmt == "text":
        say(_("No feed is imported: `citywall patches feeds import FILE`."))
    elif fmt == "text":
        titles = [_("feed"), _("as of"), _("age"), _("statements"), _("rejects"), _("for")]
        show(titles, [_line(feed) for feed in feeds], fmt)
    else:
        columns = ["name", "format", "as_of", "age_days", "max_age_days", "stale", "imported_at", "documents",
                   "advisories", "statements", "flaws", "rejected", "lost", "contradictions", "releases", "source",
                   "digest"]  # fmt: skip
        show(columns, [
            [feed.name, feed.format, feed.as_of and feed.as_of.isoformat(), feed.age(today), feed.max_age,
             feed.stale(today), feed.imported_at, feed.documents, feed.advisories, feed.statements,
             feed.flaws, feed.rejected, feed.lost, feed.contradictions,
             [f"{r.ecosystem}:{r.release}" for r in feed.releases],
             feed.source, feed.digest]
            for feed in feeds
        ], fmt)  # fmt: skip
    if not feeds:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if any(feed.stale(today) for feed in feeds) else Exit.CLEAN


def _line(feed: Feed) -> list[object]:
    releases = [f"{release.ecosystem} {release.release}" for release in feed.releases]
    what = [_("exploited flaws")] * feed.exploited + [_("EPSS scores")] * feed.scored
    shown = joined([*what, *releases[:_MOST], *(["…"] if len(releases) > _MOST else [])])
    return [feed.name, feed.as_of or "", _age(feed), feed.statements or feed.flaws, feed.rejected, shown]


def _age(feed: Feed) -> str:
    today = datetime.now(UTC).date()
    age = feed.age(today)
    if age is None:
        return _("of no known date")
    text = ngettext("{n} day old", "{n} days old", age).format(n=age)
    return _("{age}: stale").format(age=text) if feed.stale(today) else text


def show_rejects(shelf: Shelf, name: str, fmt: str) -> int:
    """What of a feed was not understood. The exit code."""
    from secops.core.command import did_you_mean
    from secops.core.render.reasons import reason
    from secops.core.rows import show

    feeds = {feed.name: feed for feed in shelf.feeds()}
    if name not in feeds:
        raise UsageError(_("there is no such feed"), where=name, hint=did_you_mean(name, list(feeds)))
    feed = feeds[name]
    rejects = shelf.rejects(feed)
    if fmt == "text":
        titles = [_("where"), _("what is wrong with it")]
        show(titles, [[_place(reject.where), reason(reject.reason)] for reject in rejects], fmt)
    else:
        show(["where", "reason"], [[reject.where, reject.reason] for reject in rejects], fmt)
    return Exit.FINDINGS if feed.stale(datetime.now(UTC).date()) else Exit.CLEAN
