"""What cron and anacron run: entries of crontabs, and the scripts of the periodic directories."""

from __future__ import annotations

from posixpath import basename, dirname, join, normpath

from secops.hosts.crontab import parse_line, reduction
from secops.hosts.evidence import Evidence, Item
from secops.hosts.listing import Entry
from secops.hosts.section import Files, Listing
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import files_problem
from secops.hosts.tables._listed import listed

_SYSTEM = ("/etc/crontab", "/etc/cron.d/*")
#: Debian, SUSE, busybox; last the plain one of the RHEL family, below which others keep directories.
_SPOOL = ("/var/spool/cron/crontabs/*", "/var/spool/cron/tabs/*", "/etc/crontabs/*", "/var/spool/cron/*")
_ANACRON = ("/etc/anacrontab",)
_PERIODS = {
    **{f"/etc/cron.{period}": f"@{period}" for period in ("hourly", "daily", "weekly", "monthly", "yearly")},
    **{f"/etc/periodic/{period}": f"@{period}" for period in ("15min", "hourly", "daily", "weekly", "monthly")},
}

# Command lines hold passwords: only schedule, user and command without arguments leave the host.
CRON_SYSTEM = Files("cron_system", _SYSTEM, rewrite=reduction("system"))
CRON_SPOOL = Files("cron_spool", _SPOOL, rewrite=reduction("user"))
ANACRONTAB = Files("anacrontab", _ANACRON, rewrite=reduction("anacron"))
CRON_LISTING = Listing("cron_listing", (*_SYSTEM, *_SPOOL, *_ANACRON, *(f"{directory}/*" for directory in _PERIODS)))

#: Files that cron and run-parts leave alone: of editors, package managers, and crontab(1) at work.
_LEFTOVERS = ("~", ".swp", ".rpmsave", ".rpmorig", ".rpmnew", ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".dpkg-tmp")
_TEMPORARY = ("tmp.", "cron.update")


def build(evidence: Evidence) -> Built:
    built = Built()
    entries = {entry.path: entry for entry in listed(evidence, CRON_LISTING, built)}
    directories = {path for path, entry in entries.items() if _is_directory(entry)}
    for section in (CRON_SYSTEM, CRON_SPOOL):
        if problem := files_problem(evidence, section, directories):
            built.problems.append(problem)
    spool = {(basename(item.path), item.data): item for item in reversed(evidence[CRON_SPOOL.name].files)}
    unique = reversed(spool.values())  # Alpine's spool is a link to another: the same files twice
    for item in (*evidence[CRON_SYSTEM.name].files, *unique, *evidence[ANACRONTAB.name].files):
        if _is_used(item.path):
            _add_jobs(built, item, entries)
    for entry in entries.values():
        if dirname(entry.path) in _PERIODS and _is_used(entry.path) and _may_run(entry):
            _add_script(built, entry)
    return built


def _is_directory(entry: Entry) -> bool:
    target = normpath(join(dirname(entry.path), entry.link))
    return entry.kind == "d" or (entry.kind == "l" and any(target == dirname(pattern) for pattern in _SPOOL))


def _is_used(path: str) -> bool:
    name = basename(path)
    return not name.endswith(_LEFTOVERS) and not name.startswith(_TEMPORARY)


def _may_run(entry: Entry) -> bool:
    return entry.kind == "l" or (entry.kind == "f" and entry.mode & 0o111 != 0)


def _kind(path: str) -> str:
    names = {"/etc/crontab": "crontab", "/etc/anacrontab": "anacron"}
    return names.get(path, "cron_d" if dirname(path) == "/etc/cron.d" else "spool")


def _add_jobs(built: Built, item: Item, entries: dict[str, Entry]) -> None:
    kind = _kind(item.path)
    form = {"spool": "user", "anacron": "anacron"}.get(kind, "system")
    owner = {"spool": basename(item.path), "anacron": "root"}.get(kind)
    rights = _rights(built, item.path, entries.get(item.path))
    faults = []
    for number, line in enumerate(item.lines, start=1):
        try:
            job = parse_line(line, form)
        except ValueError:
            faults.append(number)
            continue
        if job:
            built.rows.append(
                {
                    "user_name": owner or job.user,
                    "schedule": job.schedule,
                    "command": job.command,
                    "command_path": job.path,
                    "kind": kind,
                    "source": item.path,
                    "line": number,
                    **rights,
                }
            )
    if faults:
        built.lack(f"{item.path}: {len(faults)} lines are not cron entries, the first is {faults[0]}")


def _add_script(built: Built, entry: Entry) -> None:
    built.rows.append(
        {
            "user_name": "root",
            "schedule": _PERIODS[dirname(entry.path)],
            "command": entry.path,
            "command_path": entry.path,
            "kind": "script",
            "source": entry.path,
            "line": None,
            **_rights(built, entry.path, entry),
        }
    )


def _rights(built: Built, path: str, entry: Entry | None) -> Row:
    """Who may change a file. Of a link only the link itself was seen."""
    if entry is None or entry.kind != "f":
        built.lack(f"{path}: mode and owner of the file are not seen", part="modes")
        return dict.fromkeys(("file_mode", "file_uid", "group_writable", "world_writable"))
    return {
        "file_mode": f"{entry.mode:04o}",
        "file_uid": entry.uid,
        "group_writable": entry.mode & 0o020 != 0,
        "world_writable": entry.mode & 0o002 != 0,
    }


_MODES = ("modes",)

TABLE = Table(
    name="cron_jobs",
    doc="Jobs of cron and anacron, one row each; timers of systemd are in services. Arguments of commands are left "
    "out, since they hold passwords.",
    columns=(
        Column("user_name", "text", "who it runs as"),
        Column("schedule", "text", "five time fields, @reboot and the like, or for anacron period and delay (minutes)"),
        Column("command", "text", "first word of the command; NULL when it is no plain word (a variable, a quotation)"),
        Column("command_path", "text", "first absolute path among the command's words; NULL when there is none"),
        Column("kind", "text", "crontab, cron_d, spool (a user's crontab), anacron, script (of /etc/cron.daily, …)"),
        Column("source", "text", "file of the entry; for a script the script itself"),
        Column("line", "integer", "line in the file; NULL for scripts"),
        Column(
            "file_mode", "text", "permission bits of the source, octal as 0644; NULL when it is a link", parts=_MODES
        ),
        Column("file_uid", "integer", "numeric user id of the source's owner; NULL when it is a link", parts=_MODES),
        Column("group_writable", "boolean", "its group may change the source; NULL when it is a link", parts=_MODES),
        Column("world_writable", "boolean", "anyone may change the source; NULL when it is a link", parts=_MODES),
    ),
    sections=(ANACRONTAB, CRON_LISTING),
    build=build,
    parts={"modes": ()},
    extra_sections=(CRON_SYSTEM, CRON_SPOOL),
)
