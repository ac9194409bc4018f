"""Which host has which of the flawed packages, whether their code runs there, and what to install to mend them.

Worked out once for each package of a host, since its flaws are many more. A part of `match`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secops.patches.kernel_role import kernel, role
from secops.patches.kernel_upgrade import BRINGS, upgrade
from secops.patches.steps import fill, table

if TYPE_CHECKING:
    import duckdb


def place(con: duckdb.DuckDBPyConnection) -> None:
    """Make `placed` out of `held` (which host has which package), `installed` and `unmended`."""
    _add_roles(con)
    _add_upgrades(con)
    table(con, "placed", _PLACED)


def _add_roles(con: duckdb.DuckDBPyConnection) -> None:
    """Tables `roles`, what installed packages have to do with a kernel's code and which kernel that is (others are left
    out), and `kernel_names`, which kernel a running one's package is of.
    """
    found = con.execute(
        "select id, kind, name, coalesce(source_name, name) as source from installed semi join unmended using (id)"
        " where regexp_matches(name, '^(linux|kernel)') or regexp_matches(source, '^(linux|kernel)')"
    ).fetchall()
    roles = [(id_, said, kernel(name)) for id_, kind, name, source in found if (said := role(kind, name, source))]
    fill(con, "named", ("id", "role", "kernel"), roles)
    table(con, "roles", "select id::bigint as id, role, kernel from named")
    names = con.execute("select distinct package from facts.kernels where running and package is not null").fetchall()
    fill(con, "kernel_names", ("package", "kernel"), [(name, kernel(name)) for (name,) in names])


def _add_upgrades(con: duckdb.DuckDBPyConnection) -> None:
    """Table `upgrades`: what to install instead of a kernel's package, by what else its host has."""
    table(con, "kernels_held", _KERNELS_HELD)
    found = con.execute(f"select distinct {_ASKED} from kernels_held").fetchall()  # noqa: S608 - names of our own
    answers = [(*row, upgrade(row[0], row[1], row[2], row[3], row[4].split())) for row in found]
    fill(con, "brought", (*_ASKED.split(", "), "upgrade"), answers)
    table(con, "upgrades", f"select host, id, upgrade from kernels_held join brought using ({_ASKED})")  # noqa: S608


_ASKED = "name, source, ecosystem, release, others"
_KERNELS_HELD = f"""
select held.host, held.id, i.name, coalesce(i.source_name, i.name) as source, i.ecosystem, i.release,
  coalesce(string_agg(distinct p.name, ' ' order by p.name), '') as others
from held join roles using (id) join installed i using (id)
  left join (select host, name from facts.packages
    where kind = 'dpkg' and starts_with(name, 'linux-') and regexp_full_match(name, '{BRINGS}')) p on p.host = held.host
where role = 'kernel' and i.kind = 'dpkg' group by all
"""  # noqa: S608 - a pattern of our own

#: A kernel that does not run exposes nothing, and what is built beside a kernel holds none of its code that runs.
_PLACED = """
with kernels_running as (select host, any_value(package_version) as version, any_value(kernel) as kernel
  from facts.kernels left join kernel_names using (package) where running group by host),
code as (select host, package, bool_or(listening) as listening, bool_or(as_root) as as_root from facts.running_code
  group by host, package)
select held.host, held.id,
  case r.role when 'beside' then false when 'kernel' then i.version = k.version and coalesce(r.kernel = k.kernel, true)
    else true end as exposed,
  c.listening, c.as_root, coalesce(u.upgrade, i.name) as upgrade, coalesce(r.role = 'kernel', false) as reboot
from held join installed i using (id) left join roles r using (id) left join upgrades u using (host, id)
  left join kernels_running k on k.host = held.host
  left join code c on c.host = held.host and c.package = i.name
"""
