"""Services, sockets, timers and targets: what is there, what starts by itself, what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname

from secops.hosts.evidence import Evidence, Status
from secops.hosts.inetd import Block, Served, judge_xinetd, parse_inetd, parse_xinetd
from secops.hosts.listing import Entry
from secops.hosts.section import Command, Files, Listing
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._listed import listed
from secops.hosts.units import DIRECTORIES, KINDS, Unit, Units, kind_of, resolve

SERVICE_UNITS = Listing(
    "service_units",
    tuple(f"{path}/{inside}" for path in DIRECTORIES for inside in ("*", "*.wants/*", "*.requires/*", "*.upholds/*")),
)
SERVICE_SCRIPTS = Listing(
    "service_scripts",
    (
        "/etc/init.d/*", "/etc/rc[S2-5].d/S*", "/etc/rc.d/rc[2-5].d/S*", "/etc/init.d/rc[S2-5].d/S*",
        "/etc/runlevels/*/*", "/sbin/openrc", "/usr/sbin/openrc", "/usr/bin/openrc", "/sbin/init",
    ),
)  # fmt: skip
INETD = Files("inetd", ("/etc/inetd.conf", "/etc/xinetd.conf", "/etc/xinetd.d/*"))

# Exit 66 where systemd is not the init. The names come from root and from systemd, which escapes them.
SYSTEMCTL = Command(
    "systemctl",
    "[ -d /run/systemd/system ] || exit 66\n"
    f"systemctl list-units --all --full --plain --no-legend --no-pager --type={','.join(KINDS)}",
)
OPENRC_STARTED = Listing("openrc_started", ("/run/openrc/softlevel", "/run/openrc/started/*"), image=False)

_RUNS = frozenset({"active", "activating", "reloading", "refreshing"})
_START_LINK = re.compile(r"/etc/(?:rc\.d/|init\.d/)?rc[S2-5]\.d/S\d\d([^/]+)")
_NOT_SERVICES = frozenset({"README", "functions", "functions.sh", "rc", "rcS", "skeleton"})

#: Super-server → the names its own service goes by.
_SUPER = {"xinetd": ("xinetd",), "inetd": ("inetd", "openbsd-inetd", "inetutils-inetd", "rlinetd")}


def build(evidence: Evidence) -> Built:
    built = Built()
    units = resolve(listed(evidence, SERVICE_UNITS, built))
    scripts = list({entry.path: entry for entry in listed(evidence, SERVICE_SCRIPTS, built)}.values())
    states, started = systemd_states(evidence, units, built), _openrc_started(evidence, built)
    rows = [_unit_row(unit) for unit in units.by_name.values()]
    rows += _script_rows(scripts, units, systemd=states is not None or _boots_systemd(scripts))
    rows += [_served_row(manager, served) for manager, served in _served(evidence, built)]
    rows += _other_rows(rows, states or {}, units)
    if not rows and not built.problems:
        built.lack("no systemd, OpenRC, SysV or inetd services are there", Status.ABSENT)
    _set_active(rows, states, started)
    _judge_activity(evidence, built, known=states is not None or started is not None)
    built.rows = sorted(rows, key=lambda row: (row["manager"], row["name"]))
    return built


def _row(manager: str, name: str, kind: str, path: str | None, *, enabled: bool | None, by: str | None) -> Row:
    return {
        "name": name,
        "kind": kind,
        "manager": manager,
        "enabled": enabled,
        "masked": False,
        "enabled_by": by,
        "unit_path": path,
        "aliases": [],
        "active": None,
    }


def _unit_row(unit: Unit) -> Row:
    enabled = None if unit.path is None else unit.enabled_by is not None
    row = _row("systemd", unit.name, unit.kind, unit.path, enabled=enabled, by=unit.enabled_by)
    return row | {"masked": unit.masked, "aliases": sorted(unit.aliases)}


def _boots_systemd(scripts: list[Entry]) -> bool:
    return any(entry.path == "/sbin/init" and basename(entry.link) == "systemd" for entry in scripts)


def _script_rows(scripts: list[Entry], units: Units, *, systemd: bool) -> Iterator[Row]:
    """Scripts of /etc/init.d. Where systemd is the init, one that a unit of the same name replaces is left out."""
    openrc = any(entry.path.startswith("/etc/runlevels/") or entry.path.endswith("/openrc") for entry in scripts)
    links: dict[str, str] = {}
    for path in sorted(entry.path for entry in scripts):
        name = _started_at_boot(path, openrc=openrc)
        if name:
            links.setdefault(name, path)
    for entry in scripts:
        name = basename(entry.path)
        runnable = entry.kind == "l" or (entry.kind == "f" and entry.mode & 0o111)
        if dirname(entry.path) != "/etc/init.d" or not runnable or name in _NOT_SERVICES:
            continue
        if openrc or not (systemd and units.knows(_script_unit(name))):
            manager = "openrc" if openrc else "sysv"
            yield _row(manager, name, "service", entry.path, enabled=name in links, by=links.get(name))


def _started_at_boot(path: str, *, openrc: bool) -> str | None:
    """The script that this link starts; None for other paths."""
    if openrc:
        return basename(path) if path.startswith("/etc/runlevels/") and "/shutdown/" not in path else None
    link = _START_LINK.fullmatch(path)
    return link.group(1) if link else None


def _script_unit(name: str) -> str:
    """The unit that systemd makes of a script."""
    return f"{name.removesuffix('.sh')}.service"


def _served(evidence: Evidence, built: Built) -> Iterator[tuple[str, Served]]:
    """Services of inetd and xinetd; an include that was not collected is told."""
    blocks: list[Block] = []
    paths = {"/etc/xinetd.d", *(item.path for item in evidence[INETD.name].files)}
    for item in evidence[INETD.name].files:
        if item.path == "/etc/inetd.conf":
            yield from (("inetd", served) for served in parse_inetd(item.path, item.lines))
        elif item.path == "/etc/xinetd.conf" or not {".", "~"} & {*basename(item.path)}:  # as xinetd chooses
            found, includes = parse_xinetd(item.path, item.lines)
            blocks += found
            for path in includes:
                if path.rstrip("/") not in paths:
                    built.lack(f"{item.path} includes {path}, which was not collected")
    yield from (("xinetd", served) for served in judge_xinetd(blocks))


def _served_row(manager: str, served: Served) -> Row:
    by = served.path if served.enabled else None
    return _row(manager, served.name, "service", served.path, enabled=served.enabled, by=by)


def systemd_states(evidence: Evidence, units: Units, built: Built) -> dict[str, bool] | None:
    """Whether each loaded unit runs; None when systemd did not answer."""
    if evidence[SYSTEMCTL.name].status is not Status.OK:
        return None
    states: dict[str, bool] = {}
    for number, line in enumerate(evidence[SYSTEMCTL.name].only.lines, start=1):
        words = line.split()
        if words and kind_of(words[0]) not in KINDS:
            words = words[1:]  # an old systemctl marks failed units
        if len(words) < 4 or kind_of(words[0]) not in KINDS:
            built.lack(f"systemctl list-units: line {number} does not parse", part="active")
        else:
            name = units.real_name(words[0])
            states[name] = states.get(name, False) or words[2] in _RUNS
    return states


def _openrc_started(evidence: Evidence, built: Built) -> set[str] | None:
    """The services OpenRC started; None when it is not the init."""
    paths = [entry.path for entry in listed(evidence, OPENRC_STARTED, built)]
    return {basename(path) for path in paths} if "/run/openrc/softlevel" in paths else None


def _other_rows(rows: list[Row], states: dict[str, bool], units: Units) -> Iterator[Row]:
    """Units that run without a file we listed: instances, and what generators and programs made."""
    scripts = {_script_unit(row["name"]) for row in rows if row["manager"] == "sysv"}
    known = {row["name"] for row in rows if row["manager"] == "systemd"} | scripts
    for name, runs in states.items():
        if runs and name not in known:
            yield _unit_row(units.find(name) or Unit(name, None))


def _set_active(rows: list[Row], states: dict[str, bool] | None, started: set[str] | None) -> None:
    """Fill in `active` as far as an init told it; an init that is not the running one runs nothing."""
    if states is None and started is None:
        return
    states, started = states or {}, started or set()
    for row in rows:
        unit = row["name"] if row["manager"] == "systemd" else _script_unit(row["name"])
        row["active"] = row["name"] in started if row["manager"] == "openrc" else states.get(unit, False)
    for row in rows:
        names = _SUPER.get(row["manager"], ())
        if names:
            up = any(name in started or states.get(_script_unit(name)) for name in names)
            row["active"] = row["enabled"] and up


def _judge_activity(evidence: Evidence, built: Built, *, known: bool) -> None:
    """Tell the part `active` why it is not whole. That one of the two inits is not there is no problem."""
    if evidence.carrier == "root":
        built.lack("a mounted image runs nothing", Status.ABSENT, part="active")
        return
    seen = [problem for section in (SYSTEMCTL, OPENRC_STARTED) if (problem := evidence.problem(section))]
    told = [problem for problem in seen if problem.status is not Status.ABSENT]
    built.part_problems.setdefault("active", []).extend(told)
    if not told and not known:
        built.lack("neither systemd nor OpenRC runs here and can be asked", Status.ABSENT, part="active")


TABLE = Table(
    name="services",
    doc=(
        "Services, sockets, timers, paths and targets of systemd, OpenRC, SysV scripts, inetd and xinetd: every one "
        "that is there, starts by itself, is masked, or runs. One row for each manager and name."
    ),
    columns=(
        Column(
            "name", "text", "name of the unit (ssh.service); elsewhere that of the script or network service (sshd)"
        ),
        Column("kind", "text", "service, socket, timer, path or target"),
        Column("manager", "text", "who starts it: systemd, openrc, sysv, inetd or xinetd"),
        Column(
            "enabled",
            "boolean",
            "a link or a super-server's configuration starts it by itself; false for a masked unit, and for one that "
            "only another unit, D-Bus or a socket starts; NULL for a unit whose file was made at run time. "
            "What xinetd and inetd have enabled starts only where they themselves run",
        ),
        Column("masked", "boolean", "systemd refuses to start it"),
        Column("enabled_by", "text", "the link or file that enables it; the first when there are more"),
        Column("unit_path", "text", "its unit file, script or configuration, or the link that masks it"),
        Column("aliases", "text[]", "further names that links give a unit"),
        Column(
            "active", "boolean", "it runs, listens or waits now; NULL where nobody could be asked", parts=("active",)
        ),
    ),
    sections=(SERVICE_UNITS, SERVICE_SCRIPTS, INETD),
    parts={"active": ()},
    build=build,
    extra_sections=(SYSTEMCTL, OPENRC_STARTED),
)
