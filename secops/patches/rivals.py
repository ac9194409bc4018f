"""Statements of one feed that do not go together: of one advisory in two documents, and in one that contradicts itself.

A feed may be larger than memory, so they are sought in the database of an import: `told` is all of it, with rows as
`parquet` has them, and `said` what counts of it. Versions compare by their keys, which all that was vetted have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from secops.patches.feeds.vetting import line
from secops.patches.statement import Reject

if TYPE_CHECKING:
    import duckdb

TWICE = "the same advisory stands elsewhere, and is no older there"
FIXES_DIFFER = "mended in two versions at once: the later one counts"
STILL_AFFECTED = "affected beyond the version that mends it: it stays affected"
TORN = "affected and not affected at once: it counts as affected"

#: Why statements count, though not all of them as they stand.
CONTRADICTIONS = (FIXES_DIFFER, STILL_AFFECTED, TORN)

#: Versions that are named of one contradiction.
_MOST = 4


def leave_out_older(con: duckdb.DuckDBPyConnection) -> Iterator[Reject]:
    """Leave out what is said of a flaw by an advisory that stands elsewhere too, and is newer there.

    Without a date it is the oldest; of two of the same date the first counts.
    """
    con.execute(f"create temp table older as {_OLDER}")
    con.execute(f"create view said as {_SAID}")
    yield from _rejects(con, f"select document || ': ' || advisory, '{TWICE}' from older order by number, place")  # noqa: S608


def contradictions(con: duckdb.DuckDBPyConnection) -> Iterator[Reject]:
    """Where one advisory says of a package what cannot all be so. It all stays: matching takes the graver part."""
    con.execute(f"create temp table suspects as {_SUSPECTS}")
    if con.execute("select 1 from suspects limit 1").fetchone():
        for name, select in (("spans", _SPANS), ("cells", _CELLS), ("beside", _BESIDE)):
            con.execute(f"create temp table {name} as {select}")
        yield from _rejects(con, _CONTRADICTIONS)


def _rejects(con: duckdb.DuckDBPyConnection, select: str) -> Iterator[Reject]:
    found = con.execute(select)
    while rows := found.fetchmany(1000):
        yield from (Reject(line(where), why) for where, why in rows)


_KEY = "ecosystem, release, kind, package, by_source, arch, module, hot, advisory"

#: Rows of which another is newer, and the flaws that it speaks of as well.
_OLDER = f"""
with again as (
  select file_row_number as place, document, number, modified, unnest(flaws) as flaw, {_KEY} from told
  where advisory in (select advisory from told group by advisory having min(number) < max(number)
    or min(modified) < max(modified))
),
newest as (select {_KEY}, flaw, max((modified, -number)) as best from again group by all)
select place, any_value(document) as document, any_value(number) as number, any_value(advisory) as advisory,
  list(flaw) as gone
from again join newest using ({_KEY}, flaw) where (modified, -number) < best group by place
"""  # noqa: S608 - names of our own
_SAID = """
select told.* exclude (file_row_number)
  replace (list_filter(told.flaws, lambda one: not list_contains(coalesce(gone, []), one)) as flaws)
from told left join older on place = file_row_number where coalesce(len(gone) < len(told.flaws), true)
"""

_SUBJECT = "ecosystem, release, kind, package, by_source, module, hot, advisory"
_FIXED, _OPEN, _SOUND = "status = 'fixed'", "status in ('affected', 'will-not-fix')", "status = 'not-affected'"

#: What might contradict itself: most advisories say one thing of a package. `mixed`: not all is on the same flaws.
_SUSPECTS = f"""
select row_number() over () as subject, {_SUBJECT}, min(flaws) < max(flaws) as mixed,
  min(document) || ': ' || advisory || ': ' || package || ' (' || ecosystem || ' ' || release || ')' as place,
  list(distinct fixed order by fixed) filter ({_FIXED})[:{_MOST}] as fixes
from said group by {_SUBJECT}
having coalesce(min(fixed) filter ({_FIXED}) < max(fixed) filter ({_FIXED}), false)
  or (bool_or({_FIXED}) and bool_or({_OPEN})) or (bool_or({_SOUND}) and bool_or({_FIXED} or {_OPEN}))
"""  # noqa: S608 - names of our own

#: Versions from `since` up to, not with, `until`: nothing comes before a key, chr(1) right behind one, chr(127) behind
#: all. Minor releases (el9_3) have fixes of their own. What is for no architecture stands beside any.
_SPANS = f"""
select subject, status, coalesce(introduced_key, '') as since,
  coalesce(fixed_key, last_key || chr(1), chr(127)) as until, regexp_extract(fixed, '[.](el[0-9]+_[0-9]+)', 1) as minor,
  if(mixed, flaws, ['']) as flaws, list_filter(arch, lambda one: one <> 'noarch') as arches
from said join suspects using ({_SUBJECT}) where status <> 'unknown'
"""  # noqa: S608 - names of our own

#: One flaw on one architecture in each; what is for all architectures is in those of all.
_CELLS = """
with every as (
  select subject, list(distinct arch) as every
  from (select subject, unnest(if(len(arches) = 0, [''], arches)) as arch from spans) group by subject
)
select distinct subject, status, since, until, minor, arch, unnest(flaws) as flaw
from (select *, unnest(if(len(arches) = 0, every, arches)) as arch from spans join every using (subject))
"""

#: Where the spans end that begin before this one, and the first fix that comes after its beginning.
_BESIDE = f"""
select subject, status, since, until, max(until) filter ({_FIXED}) over like_fixes as fixes_end,
  min(until) filter ({_FIXED}) over later as next_fix, max(until) filter ({_SOUND}) over earlier as sound_end,
  max(until) filter ({_FIXED} or {_OPEN}) over earlier as flawed_end
from cells window
  earlier as (partition by subject, flaw, arch order by since rows between unbounded preceding and 1 preceding),
  like_fixes as (partition by subject, flaw, arch, minor order by since
    rows between unbounded preceding and 1 preceding),
  later as (partition by subject, flaw, arch order by if({_FIXED}, until, since), {_FIXED} desc
    rows between current row and unbounded following)
"""  # noqa: S608 - names of our own

_CONTRADICTIONS = f"""
with found as (
  select distinct subject, unnest([
    if({_FIXED} and fixes_end > since and fixes_end <> until, '{FIXES_DIFFER}', null),
    if({_OPEN} and next_fix < until, '{STILL_AFFECTED}', null),
    if(if({_SOUND}, flawed_end, sound_end) > since, '{TORN}', null)]) as why
  from beside
)
select place || coalesce(': ' || array_to_string(fixes, ', '), ''), why
from found join suspects using (subject) where why is not null order by all
"""  # noqa: S608 - names of our own
