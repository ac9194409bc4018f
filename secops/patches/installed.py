"""What is installed, once for each distinct package, and what statements may call it. A part of `match`.

Statements are on the builds of a distribution for one of its releases. A package that somebody else built, or that was
built for another release, is a `stranger`: its versions stand in no order with theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from secops.patches import versions
from secops.patches.steps import fill, table

if TYPE_CHECKING:
    import duckdb

#: An architecture as it counts here: feeds name the class, hosts the build that suits their processor.
ALIKE = "regexp_replace(regexp_replace({}, '^x86_64_v[0-9]$', 'x86_64'), '^(i[3-6]86|athlon|geode)$', 'i686')"

#: Of a version of dpkg: its upstream version without what packagers add to that, and the version it was built from.
UPSTREAM = "regexp_replace(regexp_replace(regexp_replace({}, '^[0-9]+:', ''), '-[^-]*$', ''), '[+~].*$', '')"
BUILT_FROM = "regexp_replace(version, '~bpo[0-9].*$', '')"

_EPOCH = re.compile(r"^[0-9]+:")


def install(con: duckdb.DuckDBPyConnection) -> None:
    """Make `installed`, `subjects` and `keys`."""
    table(con, "outsiders", _OUTSIDERS)
    table(con, "installed", _INSTALLED.format(**_packages(con)))
    table(con, "subjects", _SUBJECTS)
    _add_keys(con)


def hold(con: duckdb.DuckDBPyConnection) -> None:
    """Make `held`: which host has which of the packages that are in `unmended`."""
    table(con, "held", _HELD.format(**_packages(con)))


_OWN = ("kind", "name", "version", "architecture", "modularity", "source_name", "source_version")

_PACKAGES = "facts.packages p join facts.hosts h on h.host = p.host and ecosystem is not null and release is not null"


def _packages(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The packages of all hosts, and whether an outsider built one: a join that most fleets can do without."""
    if con.execute("select 1 from outsiders limit 1").fetchone():
        join = "left join outsiders o on o.host = p.host and o.vendor = p.vendor"
        return {"packages": f"{_PACKAGES} {join}", "outside": "o.host is not null"}
    return {"packages": _PACKAGES, "outside": "false"}


#: Who did not build the distribution: neither its heart nor a third of what its host has. One vendor may go by several
#: names: SUSE's, and those that one of them begins with.
_OUTSIDERS = """
with built as (
  select host, vendor, lower(vendor) as called, contains(called, 'suse') and not starts_with(called, 'obs:') as suse,
    bool_or(name in ('bash', 'coreutils', 'filesystem', 'glibc', 'rpm', 'setup', 'systemd')) as heart,
    heart or 3 * count(*) >= sum(count(*)) over (partition by host) as own
  from facts.packages where kind = 'rpm' and vendor is not null group by host, vendor
)
select b.host, b.vendor from built b
where not b.own and b.host in (select host from built where heart)
  and not exists (select 1 from built c where c.host = b.host and c.own
    and (b.suse and c.suse or starts_with(b.called, c.called) or starts_with(c.called, b.called)))
"""

#: Marks of backports, of builds for newer releases, and of those of well-known others.
_MARKED = """case kind
  when 'dpkg' then regexp_matches(marks, '~bpo[0-9]|[.]pgdg|deb[.]sury[.]org|[+]debian[0-9]+~|ppa[0-9]|'
      '~(buster|bullseye|bookworm|trixie|forky|bionic|focal|jammy|noble)')
    or ecosystem = 'debian' and (contains(marks, 'ubuntu')
      or try_cast(regexp_extract(marks, '[+~]deb([0-9]+)u[0-9]', 1) as integer) > try_cast(release as integer))
    or ecosystem = 'ubuntu'
      and try_cast(regexp_extract(marks, '(?:ubuntu0[.]|~)([0-9]{2}[.](?:04|10))', 1) as double)
        > try_cast(release as double)
  when 'rpm' then regexp_matches(marks, '[.](remi|ngx|ius|art|gf)|PGDG')
    or ecosystem in ('almalinux', 'centos', 'ol', 'rhel', 'rocky') and (regexp_matches(marks, '[.]fc[0-9]')
      or regexp_extract(marks, '[.]el([0-9]+)', 1) not in ('', split_part(release, '.', 1)))
  end"""

_INSTALLED = f"""
select row_number() over () as id, p.*, version || ' ' || coalesce(source_version, '') as marks,
  outside or coalesce({_MARKED.replace("{", "{{").replace("}", "}}")}, false) as stranger
from (select distinct ecosystem, release, {", ".join(f"p.{name}" for name in _OWN)}, {{outside}} as outside
  from {{packages}}) p
"""  # noqa: S608 - names of our own

_HELD = f"""
select distinct p.host, id from {{packages}}
join (select * from installed semi join unmended using (id)) i
  on i.ecosystem = h.ecosystem and i.release = h.release and i.outside = ({{outside}})
    and {" and ".join(f"i.{name} is not distinct from p.{name}" for name in _OWN)}
"""  # noqa: S608 - names of our own

#: What statements may name: the binary package, and the source package. Debian and Ubuntu sign a kernel in a source
#: package of its own; the binary package then has the version of the kernel's.
_SUBJECTS = f"""
with named as (
  select *, coalesce(source_name, name) as source, source_name is not null and starts_with(source_name, 'linux-signed')
    as signed from installed
),
subject as (
  select id, ecosystem, release, kind, {ALIKE.format("coalesce(architecture, '')")} as arch, stranger,
    coalesce(regexp_extract(modularity, '^[^:]+:[^:]+'), '') as module,
    unnest([
      {{by_source: false, package: name, version: version}},
      {{by_source: true,
       package: if(signed, regexp_replace(source, '^linux-signed(-(amd64|arm64|i386|armhf|riscv64))?', 'linux'),
         source),
       version: if(signed, version, coalesce(source_version, version))}}
    ], recursive := true)
  from named
)
select *, {BUILT_FROM} as built_from, {UPSTREAM.format("version")} as upstream,
  regexp_matches(version, '^0*[1-9][0-9]*:') as has_epoch,
  regexp_extract(version, '[.](oe[0-9]+(sp[0-9]+)?)', 1) as pack,
  regexp_extract(version, '[.](el[0-9]+_[0-9]+)', 1) as minor,
  starts_with(package, 'linux') or contains(version, if(ecosystem = 'debian', 'deb' || release || 'u', release))
    as at_home
from subject
"""  # noqa: S608 - names of our own


def _add_keys(con: duckdb.DuckDBPyConnection) -> None:
    """Table `keys`: of each version its key; `bare`, which leaves the epoch out; and `plain`, as if it had none.

    `bare` is for statements that never have an epoch, `plain` for such as have none though they might.
    """
    found = con.execute(
        "select kind, version from subjects where kind is not null union select kind, built_from from subjects"
        " where kind = 'dpkg'"
    ).fetchall()
    keys = [(kind, version, versions.key(kind, version), versions.key(kind, version, epoch=False),
             versions.key(kind, _EPOCH.sub("", version))) for kind, version in found]  # fmt: skip
    fill(con, "keys", ("kind", "version", "key", "bare", "plain"), keys)
