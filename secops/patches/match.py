"""Matching: which flaws the packages of all hosts have, by what feeds say. Pure: a connection with the tables in.

Hosts share most of their packages, so all is worked out once for each distinct package, and then told of each host
that has it. Each step is one SELECT that makes a table of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from secops.patches.hot_patch import hot_patch
from secops.patches.installed import hold, install
from secops.patches.pairs import pair, prove, read
from secops.patches.placing import place
from secops.patches.steps import fill, table

if TYPE_CHECKING:
    import duckdb


class FeedFiles(msgspec.Struct, frozen=True):
    """A feed as the matching needs it: what sorts newer ones behind older ones, and its Parquet files."""

    name: str
    as_of: str  # begins with the day of its own date, with no digit where it has none
    statements: str
    flaws: str


def work_out(con: duckdb.DuckDBPyConnection, feeds: Sequence[FeedFiles]) -> None:
    """Make `facts.vulnerabilities` of all hosts, as a view, out of the tables in `facts` and the feeds."""
    install(con)
    _read(con, feeds)
    pair(con)
    prove(con, [feed.statements for feed in feeds])
    table(con, "told", _TOLD)
    table(con, "heeded", _HEEDED)
    _decide(con)
    table(con, "unmended", _UNMENDED)
    hold(con)
    _add_live(con)
    place(con)
    con.execute("drop table facts.vulnerabilities")
    con.execute(f"create view facts.vulnerabilities as {_view(con)}")


def _read(con: duckdb.DuckDBPyConnection, feeds: Sequence[FeedFiles]) -> None:
    """Tables `statements`, of the releases and packages at hand, and `flaws`. Feeds are ranked, the newest first.

    Those that bear no date come last: how old they are nobody knows.
    """
    newest_first = sorted(feeds, key=lambda feed: (feed.as_of, feed.name), reverse=True)
    ranks = [(feed.name, feed.statements, rank, feed.as_of[:1].isdigit()) for rank, feed in enumerate(newest_first)]
    fill(con, "ranked", ("feed", "file", "rank", "dated"), ranks)
    read(con, [feed.statements for feed in feeds])
    con.execute(f"create or replace temp table flaws as {_FLAWS}", [[feed.flaws for feed in feeds]])


_FLAWS = """
select flaw, min(exploited_since) as exploited_since, min(due) as due, bool_or(ransomware) as ransomware,
  max(epss) as epss, max(percentile) as percentile
from read_parquet(?::varchar[]) group by flaw
"""

#: What each statement means for a package and a flaw, the weightiest first. One that names a fixed version weighs more
#: than one that knows of none; of fixed versions those of the package's own minor release (el9_3) weigh most, since
#: the next one's are higher. What is for another service pack says nothing of this one's versions; that a stranger is
#: mended must be proved where it comes from, and what is said of it there counts when nothing is said here.
_TOLD = """
with said as (
  select id, sid, unnest(flaws) as flaw, feed_rank, advisory, if(status = 'fixed', fixed_key, introduced_key) as since,
    status, covered, same_minor, streamless, last_affected <> '' as bounded,
    case when foreign_pack then 1 when epoch_decides then 2 else 0 end::tinyint as unlike,
    stranger or id in (select id from strange) as stranger
  from pairs join (select sid, flaws, status, feed_rank, advisory, introduced_key, fixed_key from statements) s
    using (sid)
),
meant as (
  select id, flaw, sid, feed_rank, advisory, since, same_minor, bounded,
    case when streamless then if(covered, 11, 10) when unlike > 0 then 4
      when status = 'fixed' and covered then if(same_minor, 1, 3)
      when status <> 'fixed' and not covered then 10
      when status in ('fixed', 'not-affected') and stranger and proof.mended is not true then 4
      when status = 'fixed' then if(same_minor, 2, 5)
      when status = 'affected' then 6 when status = 'will-not-fix' then 7 when status = 'unknown' then 8 else 9
    end::tinyint as meaning, unlike
  from said left join (select id, flaw, mended from proofs) proof using (id, flaw)
)
from meant
union all
select id, flaw, sid, feed_rank, advisory, null, false, false, 4, 0
from proofs where not mended and (id, flaw) not in (select (id, flaw) from meant where meaning <> 10)
"""

#: A fix mends nothing where its own advisory says that the version is affected, or that nobody knows: an advisory that
#: contradicts itself passes nothing.
_HEEDED = """
select * from told where meaning <> 10 and (meaning not in (2, 5)
  or (id, flaw, feed_rank, advisory) not in (
    select (id, flaw, feed_rank, advisory) from told where meaning between 6 and 8))
"""


def _decide(con: duckdb.DuckDBPyConnection) -> None:
    """Make `decided`: what is so of a flaw in a package. The newest feed that speaks of it decides."""
    dated = con.execute("select distinct dated from statements").fetchall()
    if len(dated) < 2:
        table(con, "decided", _SETTLED.format(each="id, flaw"))
    else:
        table(con, "settled", _SETTLED.format(each="id, flaw, feed_rank"))
        table(con, "decided", _DECIDED)


#: What each feed says of a flaw in a package, all in all. Of several fixes the last is the whole one. A version that is
#: affected again, from one on that is later than the fix, or up to one that is, is not mended by it; nor by that of its
#: own minor release where that is up to a build of the same. That a version is not among those affected does not say
#: that it is mended: another feed may know better.
_SETTLED = """
select * from (
  select *, case when meaning not between 6 and 8 then null
    when bounded and same_minor and bool_or(meaning = 2) over feed then 2
    when bounded and bool_or(meaning = 5) over feed or since > max(since) filter (meaning = 5) over feed then 5
  end as outweighs
  from heeded window feed as (partition by id, flaw, feed_rank))
qualify row_number() over (partition by {each} order by feed_rank, coalesce(outweighs, meaning), outweighs is null,
  meaning, since desc nulls last, sid) = 1
"""

#: Where a feed bears no date it may be the newest all the same: what it knows to be open is not settled by another.
_DECIDED = """
select * exclude (meaning), if(disputed and meaning in (2, 5, 9), 12, meaning) as meaning from (
  select *, bool_or(not dated and meaning not in (2, 5, 9)) over (partition by id, flaw) as disputed
  from settled join (select distinct rank::integer as feed_rank, dated::boolean as dated from ranked) using (feed_rank))
qualify row_number() over (partition by id, flaw order by feed_rank) = 1
"""

_UNMENDED = """
select t.id, t.flaw, t.advisory, feed, nullif(fixed, '') as fixed, nullif(title, '') as title, nullif(url, '') as url,
  published, score,
  case when meaning in (1, 3) then 'fixed-available' when meaning = 6 then 'affected-no-fix'
    when meaning = 7 then 'will-not-fix' when meaning = 9 then 'not-affected' else 'unknown' end as status,
  case meaning when 4 then ['built for another release, or by somebody else', 'built for another service pack',
      'the feed leaves out the epoch of its version'][1 + unlike] when 11 then 'the stream of its module is not known'
    when 12 then 'feeds disagree, and one of them bears no date' else nullif(words, '') end as words,
  coalesce(nullif(severity, ''), case when score >= 9 then 'critical' when score >= 7 then 'high'
    when score >= 4 then 'medium' when score >= 0 then 'low' end) as graded,
  exploited_since, due, ransomware, epss, percentile,
  case when exploited_since is not null then 1 when epss >= 0.1 then 2 when graded in ('critical', 'high') then 3
    else 4 end as urgency
from (select id, flaw, advisory, sid, meaning, unlike from decided where meaning not in (2, 5)) t
  join statements using (sid) left join flaws f on f.flaw = t.flaw
"""


def _add_live(con: duckdb.DuckDBPyConnection) -> None:
    """Table `live`: flaws that a hot or live patch in force mends in the build that it is made for."""
    names = con.execute("select distinct package from everything where hot").fetchall()
    made_for = [(name, *found[:2], found.tagged) for (name,) in names if (found := hot_patch(name))]
    fill(con, "made_for", ("package", "target", "target_version", "tagged"), made_for)
    table(con, "live", _LIVE)


_LIVE = """
select distinct held.host, held.id, unnest(s.flaws) as flaw
from facts.live_patches p join everything s on s.hot and s.package = p.package and p.enabled
  join keys k on k.kind = s.kind and k.version = p.version
    and if(s.no_epochs, k.bare, k.key) >= s.fixed_key
  join made_for m on m.package = s.package
  join held on held.host = p.host join installed i on i.id = held.id and i.source_name = m.target
    and (i.source_version = m.target_version
      or (m.tagged = 'True' and starts_with(i.source_version, m.target_version || '.el')))
"""


_VULNERABILITIES = """
select p.host, o.flaw, i.name as package, i.kind, i.architecture, i.version as installed, i.source_name, o.advisory,
  {status} as status, {words} as words, o.fixed, p.upgrade, p.reboot, o.graded as severity, o.score, o.published,
  date_diff('day', try_cast(o.published as date), current_date) as age_days, o.title, o.url, o.feed,
  o.exploited_since, o.due, o.ransomware, o.epss, o.percentile, o.urgency, p.exposed, p.listening, p.as_root
from placed p join unmended o using (id) join installed i using (id) {live}
"""


def _view(con: duckdb.DuckDBPyConnection) -> str:
    """The SELECT of `vulnerabilities`. Only where a live patch mends something it is asked of every flaw."""
    some = con.execute("select 1 from live limit 1").fetchone()
    if not some:
        return _VULNERABILITIES.format(status="o.status", words="o.words", live="")
    return _VULNERABILITIES.format(
        status="if(l.flaw is null, o.status, 'not-affected')",
        words="if(l.flaw is null, o.words, 'mended by a live patch')",
        live="left join live l on l.host = p.host and l.id = p.id and l.flaw = o.flaw",
    )
