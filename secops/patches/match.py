"""Matching: which flaws the packages of all hosts have, by what feeds say. Pure: a connection with the tables in.

Hosts share most of their packages, so all is worked out once for each distinct package, and then told of each host
that has it. Each step is one SELECT that makes a table of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from secops.patches import versions
from secops.patches.hot_patch import hot_patch
from secops.patches.placing import place
from secops.patches.statement import Kind
from secops.patches.steps import fill, table

if TYPE_CHECKING:
    import duckdb


class FeedFiles(msgspec.Struct, frozen=True):
    """A feed as the matching needs it: what sorts newer ones behind older ones, and its Parquet files."""

    name: str
    as_of: str
    statements: str
    flaws: str


def work_out(con: duckdb.DuckDBPyConnection, feeds: Sequence[FeedFiles]) -> None:
    """Make `facts.vulnerabilities` of all hosts, as a view, out of the tables in `facts` and the feeds."""
    table(con, "installed", _INSTALLED)
    table(con, "subjects", _SUBJECTS)
    _add_keys(con)
    _read(con, feeds)
    table(con, "pairs", _PAIRS)
    _add_odd(con)
    table(con, "told", _TOLD)
    table(con, "heeded", _HEEDED)
    table(con, "unmended", _UNMENDED)
    table(con, "held", _HELD)
    _add_live(con)
    place(con)
    con.execute("drop table facts.vulnerabilities")
    con.execute(f"create view facts.vulnerabilities as {_view(con)}")


_OWN = ("kind", "name", "version", "architecture", "modularity", "source_name", "source_version")
_COLUMNS = ", ".join(["ecosystem", "release", *(f"p.{name}" for name in _OWN)])

_PACKAGES = "facts.packages p join facts.hosts h on h.host = p.host and ecosystem is not null and release is not null"

_INSTALLED = f"select row_number() over () as id, * from (select distinct {_COLUMNS} from {_PACKAGES}) p"  # noqa: S608

#: What statements may name: the binary package, and the source package. Debian and Ubuntu sign a kernel in a source
#: package of its own; the binary package then has the version of the kernel's.
_SUBJECTS = """
with named as (
  select *, coalesce(source_name, name) as source, source_name is not null and starts_with(source_name, 'linux-signed')
    as signed from installed
)
select id, ecosystem, release, kind, coalesce(architecture, '') as arch,
  coalesce(regexp_extract(modularity, '^[^:]+:[^:]+'), '') as module,
  unnest([
    {by_source: false, package: name, version: version},
    {by_source: true,
     package: if(signed, regexp_replace(source, '^linux-signed(-(amd64|arm64|i386|armhf|riscv64))?', 'linux'), source),
     version: if(signed, version, coalesce(source_version, version))}
  ], recursive := true)
from named
"""


def _add_keys(con: duckdb.DuckDBPyConnection) -> None:
    """Table `keys`: of each version that is installed its key, and the one that leaves the epoch out."""
    found = con.execute("select distinct kind, version from subjects where kind is not null").fetchall()
    keys = [(kind, version, versions.key(kind, version), versions.key(kind, version, epoch=False))
            for kind, version in found]  # fmt: skip
    fill(con, "keys", ("kind", "version", "key", "bare"), keys)


def _read(con: duckdb.DuckDBPyConnection, feeds: Sequence[FeedFiles]) -> None:
    """Tables `statements`, of the releases and packages at hand, and `flaws`. Feeds are ranked, the newest first."""
    newest_first = sorted(feeds, key=lambda feed: (feed.as_of, feed.name), reverse=True)
    ranks = [(feed.name, feed.statements, rank) for rank, feed in enumerate(newest_first)]
    fill(con, "ranked", ("feed", "file", "rank"), ranks)
    con.execute(f"create or replace temp table everything as {_STATEMENTS}", [[feed.statements for feed in feeds]])
    table(con, "statements", "select * from everything where not hot")
    con.execute(f"create or replace temp table flaws as {_FLAWS}", [[feed.flaws for feed in feeds]])


_STATEMENTS = """
select row_number() over () as sid, s.* exclude (filename), feed, rank::integer as feed_rank
from read_parquet(?::varchar[], filename := true) s join ranked on file = filename
  semi join subjects using (ecosystem, release, kind, by_source, package)
"""

_FLAWS = """
select flaw, min(exploited_since) as exploited_since, min(due) as due, bool_or(ransomware) as ransomware,
  max(epss) as epss, max(percentile) as percentile
from read_parquet(?::varchar[]) group by flaw
"""

#: Whether an installed version lies in what a statement covers; NULL where keys cannot tell.
_PAIRS = """
with compared as (
  select sub.id, s.sid, sub.kind, sub.version, introduced, fixed, last_affected, introduced_key, fixed_key, last_key,
    no_epochs or (s.by_source and s.kind = 'rpm') as no_epoch, if(no_epoch, k.bare, k.key) as installed_key,
    regexp_extract(sub.version, '[.](oe[0-9]+(sp[0-9]+)?)', 1) as pack,
    regexp_extract(fixed || last_affected, '[.](oe[0-9]+(sp[0-9]+)?)', 1) as other_pack,
    regexp_extract(sub.version, '[.](el[0-9]+_[0-9]+)', 1) as minor,
    regexp_extract(fixed, '[.](el[0-9]+_[0-9]+)', 1) as other_minor,
    sub.module = '' and s.module <> '' and contains(sub.version, '.module') as streamless
  from subjects sub join statements s using (ecosystem, release, kind, by_source, package)
    join keys k on k.kind = sub.kind and k.version = sub.version
  where (streamless or sub.module = s.module) and (len(s.arch) = 0 or list_contains(s.arch, sub.arch))
)
select id, sid, kind, version, introduced, fixed, last_affected, no_epoch,
  minor <> '' and minor = other_minor as same_minor,
  pack <> '' and other_pack <> '' and pack <> other_pack as foreign_pack, streamless,
  (introduced = '' or installed_key >= introduced_key) and
    case when fixed <> '' then installed_key < fixed_key when last_affected <> '' then installed_key <= last_key
    else true end as covered
from compared
"""


def _add_odd(con: duckdb.DuckDBPyConnection) -> None:
    """Decide the pairs that keys could not decide, as the package manager itself would compare them."""
    found = con.execute(
        "select distinct kind, version, introduced, fixed, last_affected, no_epoch from pairs where covered is null"
    ).fetchall()
    names = ("kind", "version", "introduced", "fixed", "last_affected", "no_epoch", "covered")
    fill(con, "odd", names, [(*row, _is_covered(*row)) for row in found])
    con.execute(
        "update pairs set covered = odd.covered::boolean from odd where pairs.covered is null and pairs.kind = odd.kind"
        " and pairs.version = odd.version and pairs.introduced = odd.introduced and pairs.fixed = odd.fixed"
        " and pairs.last_affected = odd.last_affected and pairs.no_epoch = odd.no_epoch::boolean"
    )


def _is_covered(kind: Kind, version: str, introduced: str, fixed: str, last_affected: str, no_epoch: bool) -> bool:
    def order(other: str) -> int:
        return versions.compare(kind, version, other, epoch=not no_epoch)

    return (
        (not introduced or order(introduced) >= 0)
        and (not fixed or order(fixed) < 0)
        and (not last_affected or bool(fixed) or order(last_affected) <= 0)
    )


#: What each statement means for a package and a flaw, the weightiest first. One that names a fixed version weighs more
#: than one that knows of none; of fixed versions those of the package's own minor release (el9_3) weigh most, since
#: the next one's are higher; one for another service pack says nothing of this one's versions.
_TOLD = """
select id, flaw, sid, feed_rank, advisory, if(status = 'fixed', fixed_key, introduced_key) as since,
  case when streamless then if(covered, 11, 10) when foreign_pack then 4
    when status = 'fixed' and same_minor then if(covered, 1, 2)
    when status = 'fixed' then if(covered, 3, 5)
    when not covered then 10 when status = 'affected' then 6 when status = 'will-not-fix' then 7
    when status = 'unknown' then 8 else 9 end as meaning
from (select * exclude (flaws), unnest(flaws) as flaw from pairs p join (
    select sid, flaws, status, feed_rank, advisory, introduced_key, fixed_key from statements) s on s.sid = p.sid)
"""

#: A fix mends nothing where its own advisory says that the version is affected, or that nobody knows: an advisory that
#: contradicts itself passes nothing.
_HEEDED = """
select * from told where meaning <> 10 and (meaning not in (2, 5)
  or (id, flaw, feed_rank, advisory) not in (
    select (id, flaw, feed_rank, advisory) from told where meaning between 6 and 8))
"""

#: The newest feed that speaks of a flaw in a package decides; of several fixes the last is the whole one. A version
#: that is affected again, from one on that is later than the fix, is not mended by it. That a version is not among
#: those affected does not say that it is mended: another feed may know better.
_UNMENDED = """
select t.id, t.flaw, t.advisory, feed, nullif(fixed, '') as fixed, nullif(title, '') as title, nullif(url, '') as url,
  published, score,
  case when meaning in (1, 3) then 'fixed-available' when meaning = 6 then 'affected-no-fix'
    when meaning = 7 then 'will-not-fix' when meaning = 9 then 'not-affected' else 'unknown' end as status,
  case meaning when 4 then 'built for another service pack' when 11 then 'the stream of its module is not known'
    else nullif(words, '') end as words,
  coalesce(nullif(severity, ''), case when score >= 9 then 'critical' when score >= 7 then 'high'
    when score >= 4 then 'medium' when score >= 0 then 'low' end) as graded,
  exploited_since, due, ransomware, epss, percentile,
  case when exploited_since is not null then 1 when epss >= 0.1 then 2 when graded in ('critical', 'high') then 3
    else 4 end as urgency
from (
  select * from (
    select *, meaning between 6 and 8 and since > max(since) filter (meaning = 5) over feed as again
    from heeded window feed as (partition by id, flaw, feed_rank))
  qualify row_number() over (
    partition by id, flaw order by feed_rank, if(again, 5, meaning), again desc, meaning, since desc nulls last, sid
  ) = 1
) t join statements using (sid) left join flaws f on f.flaw = t.flaw
where meaning not in (2, 5)
"""

_HELD = f"""
select distinct p.host, id from {_PACKAGES}
join (select * from installed semi join unmended using (id)) i
  on i.ecosystem = h.ecosystem and i.release = h.release
    and {" and ".join(f"i.{name} is not distinct from p.{name}" for name in _OWN)}
"""  # noqa: S608 - names of our own


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
