"""`patches list`: flaws of a run by flaw, by upgrade or by host, what matters first, and why it is first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any, Literal

from secops.core.i18n import N_, _
from secops.patches.statement import Kind
from secops.patches.versions import compare

By = Literal["upgrade", "flaw", "host"]

#: Statuses as people read them.
STATUSES = {
    "fixed-available": N_("a fix is out"),
    "affected-no-fix": N_("no fix yet"),
    "will-not-fix": N_("will not be fixed"),
    "unknown": N_("not known"),
    "not-affected": N_("not affected"),
}

#: What is still to be done; a flaw that does not concern a host is only shown when asked for.
OPEN = ("fixed-available", "affected-no-fix", "will-not-fix", "unknown")


def _any(column: str) -> str:
    """Whether it is so of any row; NULL where it is of none, and of some not known."""
    return f"case when bool_or({column}) then true when bool_and({column} is not null) then false end"


#: What makes things come first: exploited, probable, grave; then what others can reach and what is root's.
_FIRST = (
    "min(urgency) as urgency, min(exploited_since) as exploited_since, min(due) as due,"
    f" {_any('ransomware')} as ransomware, max(epss) as epss, {_any('listening')} as listening,"
    f" {_any('v.as_root')} as as_root, {_any('exposed')} as exposed,"
    " arg_min(severity, array_position(['critical', 'high', 'medium', 'low'], severity)) as severity,"
    " max(score) as score"
)
_ORDER = (
    "exposed is distinct from false desc, least(urgency, 3),"
    " array_position(['critical', 'high', 'medium', 'low'], severity) nulls last, coalesce(listening, false) desc,"
    " coalesce(as_root, false) desc, epss desc nulls last, score desc nulls last"
)


def _names(column: str) -> str:
    """Fifty of its values at most, each once."""
    return f"list_sort(list(distinct {column}) filter ({column} is not null))[:50]"


#: What a row stands on: who says it, in which words, and on which hosts it is.
_GROUND = ", ".join(
    f"{_names(column)} as {name}"
    for name, column in (
        ("advisories", "advisory"), ("feeds", "feed"), ("words", "words"), ("on_hosts", "host")
    )
)  # fmt: skip

#: What an upgrade is for: a kernel that does not run is removed instead.
_MENDABLE = "status = 'fixed-available' and exposed is distinct from false"

#: What is installed to mend a flaw; runs of before it was worked out have the package alone.
_UPGRADE = "coalesce(upgrade, v.package)"

#: Columns of a list, what makes one row of it, and the order of rows that weigh alike.
_BY = {
    "flaw": (
        f"flaw, {_names('package')} as packages, count(distinct host) as hosts,"
        f" list(distinct status order by status) as statuses, max(title) as title, {_names('fixed')} as fixes",
        "flaw",
        "flaw",
    ),
    "upgrade": (
        f"{_UPGRADE} as package, v.kind, ecosystem, h.release, list(distinct fixed) as fixes,"
        f" bool_or(reboot) as reboot, list(distinct status) as statuses, {_names('v.package')} as mends,"
        f" count(distinct flaw) as flaws, count(distinct host) as hosts, {_names('flaw')} as which",
        f"{_UPGRADE}, v.kind, ecosystem, h.release",
        "package, kind, ecosystem, release",
    ),
    "host": (
        "host, any_value(h.name) as name, count(distinct flaw) as flaws,"
        " list(distinct status order by status) as statuses,"
        " count(distinct flaw) filter (status = 'fixed-available') as mendable,"
        f" count(distinct {_UPGRADE}) filter (status = 'fixed-available') as packages",
        "host",
        "host",
    ),
}


#: How many flaws are open, and of how many of them there is no upgrade that mends them.
COUNT = (
    "select count(distinct flaw) as flaws,"  # noqa: S608 - ours
    f" count(distinct flaw) - count(distinct flaw) filter ({_MENDABLE}) as without"
    " from vulnerabilities v join hosts h using (host)"
)


def select(by: By, statuses: Sequence[str], hosts: Sequence[str] = ()) -> str:
    """The SELECT over `vulnerabilities` and `hosts` that gives the rows of a list, in its order."""
    columns, group, keys = _BY[by]
    only = f" and {_MENDABLE}" if by == "upgrade" else ""
    return (
        f"select * from (select {columns}, {_FIRST}, {_GROUND} from vulnerabilities v join hosts h using (host)"  # noqa: S608 - quoted
        f" where {where(statuses, hosts)}{only} group by {group}) order by {_ORDER}, {keys}"
    )


def where(statuses: Sequence[str], hosts: Sequence[str] = ()) -> str:
    """The condition on `vulnerabilities` (v) and `hosts` (h) for these statuses, and hosts by id or name."""
    return f"status in ({_quoted(statuses)})" + (f" and {which(hosts)}" if hosts else "")


def which(hosts: Sequence[str]) -> str:
    """The condition on `hosts` (h) for these, by id or name."""
    return f"(host in ({_quoted(hosts)}) or h.name in ({_quoted(hosts)}))"


def missing(hosts: Sequence[str] = ()) -> str:
    """The SELECT of why flaws may be missing: part of the table, reason, how many hosts, one of them.

    In rows of the part `feed` the reason is a stale feed, and the number its age in days.
    """
    of = f" and {which(hosts)}" if hosts else ""
    return (
        "select part, reason, count(*) as n, min(coalesce(h.name, host)) as host"  # noqa: S608 - quoted
        " from collection join hosts h using (host) where table_name = 'vulnerabilities' and not whole"
        f" and part in ('', 'unfixed', 'exploited', 'scored'){of} group by part, reason"
        " union all select 'feed', feed, max(age_days), null from feeds join hosts h using (host)"
        f" where is_stale{of} group by feed order by part, reason"
    )


def unjudged(hosts: Sequence[str] = ()) -> str:
    """The SELECT of hosts whose flaws may be missing whatever feeds say, and why."""
    of = f" and {which(hosts)}" if hosts else ""
    return (
        "select host, reason from collection join hosts h using (host)"  # noqa: S608 - quoted
        f" where table_name = 'vulnerabilities' and part = '' and not whole{of} order by host, reason"
    )


def outdated(hosts: Sequence[str] = ()) -> str:
    """The SELECT of hosts for which every feed on their packages that is whole is stale."""
    of = f" and {which(hosts)}" if hosts else ""
    return (
        "select host from feeds join hosts h using (host)"  # noqa: S608 - quoted
        f" where tells in ('fixed', 'unfixed') and is_whole{of} group by host having bool_and(is_stale) order by host"
    )


def feeds(hosts: Sequence[str] = ()) -> str:
    """The SELECT of the feeds that count for these hosts."""
    of = f" where {which(hosts)}" if hosts else ""
    return (
        "select distinct feed, f.format, as_of, age_days, max_age_days, is_stale, imported_at, source, digest"  # noqa: S608 - quoted
        f" from feeds f join hosts h using (host){of} order by feed"
    )


def target(row: dict[str, Any]) -> str:
    """The version that an upgrade must reach at least: the last of those that mend a flaw."""
    fixes: list[str] = row["fixes"]
    kind: Kind = row["kind"]

    def order(one: str, other: str) -> int:
        return compare(kind, one, other)

    return max(fixes, key=cmp_to_key(order))


def _quoted(words: Sequence[str]) -> str:
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def why(row: dict[str, Any]) -> str:
    """Why a row stands where it does, in words."""
    said = []
    if row["exploited_since"]:
        text = _("exploited (KEV since {day}, due {due})")
        said.append(text.format(day=row["exploited_since"], due=row["due"] or "?"))
    if row["ransomware"]:
        said.append(_("used by ransomware"))
    if row["epss"] is not None:
        said.append(_("EPSS {percent} %").format(percent=f"{100 * row['epss']:.1f}"))
    if row["severity"]:
        said.append(_(row["severity"]))
    if row["listening"]:
        said.append(_("others can reach it"))
    if row["as_root"]:
        said.append(_("runs as root"))
    if row["exposed"] is False:
        said.append(_("does not run: remove it"))
    return ", ".join(said)
