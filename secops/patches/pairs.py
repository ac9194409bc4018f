"""Pairs of what is installed and what is said of it: whether a version lies in what a statement covers, and whether
that can be told at all. A part of `match`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secops.patches import versions
from secops.patches.installed import ALIKE, UPSTREAM
from secops.patches.statement import Kind
from secops.patches.steps import fill, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb


def read(con: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Make `everything`, what feeds say of the releases and packages at hand, and `statements` without hot patches."""
    con.execute(f"create or replace temp table epochless as {_EPOCHLESS}", [files])
    con.execute(f"create or replace temp table everything as {_STATEMENTS.format(first=0, which=_HERE)}", [files])
    table(con, "epochs", _EPOCHS)
    con.execute("create or replace temp view statements as select * from everything where not hot")


def pair(con: duckdb.DuckDBPyConnection) -> None:
    """Make `pairs` out of `subjects` and `statements`."""
    table(con, "pairs", _PAIRS)
    _add_odd(con)


def prove(con: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Make `proofs`: what is said of strange packages where they come from, in newer releases of the distribution.

    `mended` is whether all of it says that a flaw is not in them. Statements that deny it are put into `statements`.
    """
    table(con, "strange", _STRANGE)
    con.execute("create or replace temp table later as select * from statements limit 0")
    if con.execute("select 1 from strange limit 1").fetchone():
        con.execute(f"insert into later {_STATEMENTS.format(first=1 << 40, which=_LATER)}", [files])
    table(con, "proofs", _PROOFS)
    con.execute(
        "create or replace temp view statements as select * from everything where not hot"
        " union all select * from later where sid in (select sid from proofs)"
    )


#: Feeds that name no epoch of any package, of one package manager.
_EPOCHLESS = """
select filename as file, kind from read_parquet(?::varchar[], filename := true)
group by all having not bool_or(contains(fixed, ':') or contains(last_affected, ':') or contains(introduced, ':'))
"""

#: Packages of which a feed names an epoch.
_EPOCHS = """
select distinct feed, ecosystem, release, kind, by_source, package from everything
where contains(fixed, ':') or contains(last_affected, ':') or contains(introduced, ':')
"""

_HERE = "semi join subjects using (ecosystem, release, kind, by_source, package)"

#: Of other releases of the same distribution those that are newer; what has no number is the newest.
_LATER = """semi join strange on strange.ecosystem = s.ecosystem and strange.kind = s.kind
    and strange.by_source = s.by_source and strange.package = s.package and not s.hot and s.release <> strange.release
    and coalesce(try_cast(s.release as double), 1e9) > try_cast(strange.release as double)
    and strange.built_for in ('', s.release)"""

#: `{{first}}` is the number before the first, `{{which}}` a join that leaves some of them.
#: `update`: it is mended in an update of a release that was out.
_STATEMENTS = f"""
select row_number() over () + {{first}} as sid, s.* exclude (filename), feed, rank::integer as feed_rank,
  dated::boolean as dated, list_transform(s.arch, lambda one: {ALIKE.format("one")}) as arches,
  no_epochs or (s.by_source and s.kind = 'rpm') as no_epoch,
  (filename, s.kind) in (select (file, kind) from epochless) as epochless,
  if(s.kind = 'rpm', regexp_extract(fixed || last_affected, '[.](oe[0-9]+(sp[0-9]+)?)', 1), '') as pack,
  if(s.kind = 'rpm', regexp_extract(fixed || last_affected, '[.](el[0-9]+_[0-9]+)', 1), '') as minor,
  s.kind = 'dpkg' and if(s.ecosystem = 'debian', contains(fixed, 'deb' || s.release || 'u'),
    s.ecosystem = 'ubuntu' and regexp_matches(fixed, 'ubuntu[0-9]+[.][0-9]')) as update
from read_parquet(?::varchar[], filename := true) s join ranked on file = filename
  {{which}}
"""  # noqa: S608 - names of our own

_COVERED = """
  (introduced = '' or {key} >= introduced_key) and
    case when fixed <> '' then {key} < fixed_key when last_affected <> '' then {key} <= last_key else true end"""

#: Whether an installed version lies in what a statement covers; NULL where keys cannot tell. An epoch that the package
#: has, and that the feed never names of it, may be left out there: where the answer hangs on it nobody knows, unless
#: the feed leaves out all of them. `astray`: the release mended its own version, and this is no update of that.
_PAIRS = f"""
with named as (
  select *, (feed, ecosystem, release, kind, by_source, package) in (from epochs) as epochs from statements
),
compared as (
  select sub.id, s.sid, sub.kind, sub.version, introduced, fixed, last_affected, introduced_key, fixed_key, last_key,
    sub.has_epoch and not s.no_epoch and not s.epochs as lacks_epoch, k.plain,
    s.no_epoch or lacks_epoch and s.epochless as no_epoch,
    case when s.no_epoch then k.bare when lacks_epoch and s.epochless then k.plain else k.key end as installed_key,
    sub.pack <> '' and s.pack <> '' and sub.pack <> s.pack as foreign_pack,
    sub.minor <> '' and sub.minor = s.minor as same_minor,
    sub.module = '' and s.module <> '' and contains(sub.version, '.module') as streamless, stranger,
    case when update and not at_home then sub.upstream <> {UPSTREAM.format("fixed")} else false end as another
  from subjects sub join named s using (ecosystem, release, kind, by_source, package)
    join keys k on k.kind = sub.kind and k.version = sub.version
  where (streamless or sub.module = s.module or (s.module = '*' and sub.module <> ''))
    and (len(s.arches) = 0 or sub.arch = '' or list_contains(s.arches, sub.arch))
)
select id, sid, kind, version, introduced, fixed, last_affected, no_epoch, same_minor, foreign_pack, streamless,
  stranger, {_COVERED.format(key="installed_key")} as covered,
  another and covered is not true as astray,
  lacks_epoch and not no_epoch and covered is distinct from ({_COVERED.format(key="plain")}) as epoch_decides
from compared
"""  # noqa: S608 - names of our own


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


#: A build for one newer release says so in its version, as does a backport of such a one.
_STRANGE = """
select distinct id, ecosystem, release, kind, by_source, package, built_from,
  regexp_extract(version, '[+~]deb([0-9]+)u[0-9]', 1) as built_for
from subjects where kind = 'dpkg' and (stranger or id in (select id from pairs where astray))
"""

_PROOFS = f"""
with compared as (
  select id, sid, feed_rank, advisory, flaws, status, {_COVERED.format(key="k.key")} as covered
  from strange join later using (ecosystem, kind, by_source, package)
    join keys k on k.kind = strange.kind and k.version = built_from
  where later.release <> strange.release and built_for in ('', later.release)
    and coalesce(try_cast(later.release as double), 1e9) > try_cast(strange.release as double)
),
said as (
  select id, sid, feed_rank, advisory, unnest(flaws) as flaw,
    case when status = 'not-affected' then if(covered, true, null) when covered is null then false
      when status = 'fixed' then not covered when covered then false end as mended
  from compared
)
select id, flaw, bool_and(mended) as mended, arg_min(sid, sid) filter (not mended) as sid,
  arg_min(feed_rank, sid) filter (not mended) as feed_rank, arg_min(advisory, sid) filter (not mended) as advisory
from said where mended is not null group by id, flaw
"""  # noqa: S608 - names of our own
