"""Files that root or another account runs or reads, as far as others can change them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from secops.core.content import Text
from secops.hosts.evidence import Evidence, Status
from secops.hosts.sudoers import TooLargeError
from secops.hosts.tables import (
    Built,
    Column,
    Row,
    Table,
    doas_rules,
    gshadow_members,
    hosts,
    services,
    sshd_effective,
    sudo_rules,
)
from secops.hosts.tables._listed import listed
from secops.hosts.tables._sudo import policy_host, read_policy
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD
from secops.hosts.trusted import policies
from secops.hosts.trusted.access import By
from secops.hosts.trusted.changers import TooManyError
from secops.hosts.trusted.host import Host
from secops.hosts.trusted.named import Trusted, fixed, named, scripts
from secops.hosts.trusted.places import KEEPERS
from secops.hosts.trusted.script import TRUSTED_PATHS
from secops.hosts.trusted.spread import Spread
from secops.hosts.trusted.stream import Seen
from secops.hosts.trusted.tree import Point, Unseen
from secops.hosts.trusted.units import Loader
from secops.hosts.units import resolve

MAX_ROWS = 100_000

#: Faults of one kind that are told one by one.
_MAX_TOLD = 5


def build(evidence: Evidence) -> Built:
    built = Built()
    host = Host.of(evidence)
    _tell(evidence, host.seen, built)
    try:
        for row in rows(host, built):
            if len(built.rows) == MAX_ROWS:
                built.lack(f"more than {MAX_ROWS} ways to change trusted files")
                break
            built.rows.append(row)
    except TooManyError:
        built.lack("too many accounts may change too much for all of it to be worked out")
    return built


def _tell(evidence: Evidence, seen: Seen, built: Built) -> None:
    """What was not seen of the host."""
    faults = Counter[str]()

    def lack(reason: str, status: Status = Status.FAILED, part: str = "") -> None:
        kind = reason.rpartition(": ")[2]
        faults[kind] += 1
        if faults[kind] <= _MAX_TOLD:
            built.lack(reason, status, part=part)

    if seen.broken:
        lack("the list of trusted paths does not parse")
    elif not seen.ended and evidence[TRUSTED_PATHS.name].status is Status.OK:
        lack("the list of trusted paths ends early", Status.TRUNCATED)
    for path in seen.closed:
        lack(f"{path}: permission denied", Status.DENIED)
    for path in seen.unread:
        lack(f"{path}: was not read to its end", Status.TRUNCATED)
    if seen.odd:
        lack("a name with a newline is left out")
    if seen.no_lists:
        lack("nothing here reads access lists", Status.ABSENT, "acls")
    for path, acl in seen.lists.items():
        if acl is None:
            lack(f"{path}: its access list is not known", part="acls")


def rows(host: Host, built: Built) -> Iterator[Row]:
    """The rows of the table. Raises `TooManyError`."""
    told = dict[str, None]()
    for trusted in all_trusted(host, built):
        if trusted.optional and host.seen.tree.leads_to(trusted.path) is None:
            continue
        owner = host.uids.get(KEEPERS.get(trusted.role.name, trusted.user or ""), -1)
        rows = list[Row]()
        try:
            for point in host.seen.tree.points(trusted.path):
                rows += _of_point(host, trusted, point, owner)
        except Unseen as unseen:
            told[f"{unseen}: was not looked at"] = None
        if trusted.user is not None:
            yield from rows
        elif rows:
            told[f"{trusted.source}:{trusted.line}: as whom it runs {trusted.path} is not known"] = None
    for reason in list(told)[:_MAX_TOLD]:
        built.lack(reason)


def all_trusted(host: Host, built: Built) -> Iterable[Trusted]:
    """All that is trusted on a host, each once. What hides some of it is told."""
    return dict.fromkeys(scripts(host.seen, _trusted(host, built)))


def _trusted(host: Host, built: Built) -> Iterator[Trusted]:
    """All that is trusted. What hides some of it is told."""
    yield from fixed(host.seen, host.homes, host.idle)
    yield from named(host.seen, host.homes, host.logins, host.idle)
    units = resolve(listed(host.evidence, services.SERVICE_UNITS, built))
    states = services.systemd_states(host.evidence, units, Built()) or {}
    yield from Loader(host.seen, units, {name for name, runs in states.items() if runs}).trusted()
    try:
        policy = read_policy(host.evidence, built)
        spread = Spread(host.seen.tree, host.seen.listed)
        unseen = dict[str, None]()
        for trusted in policies.of_sudo(policy, policy_host(host.evidence, policy)[0], host.name_of, spread):
            if isinstance(trusted, Unseen):
                unseen[f"{trusted}: was not looked at"] = None
            else:
                yield trusted
        for reason in list(unseen)[:_MAX_TOLD]:
            built.lack(reason)
    except TooLargeError as error:
        built.lack(str(error))
    doas = doas_rules.read_doas(host.evidence, built)
    if doas.in_force is not False:
        yield from policies.of_doas(doas.rules, host.name_of)


def _of_point(host: Host, trusted: Trusted, point: Point, owner: int) -> Iterator[Row]:
    for by, accounts in host.changers.of(point, owner):
        yield _row(trusted, point, by, accounts, host.refused(trusted.role, point, by), "write")
    if trusted.role.readable and point.kind == "file":
        for by, accounts in host.changers.of(point, owner, reading=True):
            yield _row(trusted, point, by, accounts, refused=False, access="read")


def _row(trusted: Trusted, point: Point, by: By, accounts: list[str], refused: bool, access: str) -> Row:
    how = _how(trusted, point)
    return {
        "path": trusted.path,
        "role": trusted.role.name,
        "as_user": trusted.user,
        "source": trusted.source,
        "line": trusted.line,
        "point": point.path,
        "point_kind": point.kind,
        "missing": point.missing,
        "mode": f"{point.entry.mode:04o}",
        "uid": point.entry.uid,
        "gid": point.entry.gid,
        "access": access,
        "writer_kind": by[0],
        "writer": by[1],
        "accounts": accounts,
        "refused": refused,
        "certain": trusted.certain,
        "how_en": how.en,
        "how_zh": how.zh,
    }


def _how(trusted: Trusted, point: Point) -> Text:
    """What is done with the file, and where it is when another point leads there."""
    path, doing = trusted.path, trusted.role.doing
    if point.missing:
        return Text(f"nothing is at {path} yet: {doing.en}", f"{path} 尚不存在：{doing.zh}")
    if path.rstrip("/") == point.path:
        return doing
    return Text(f"on the way to {path}: {doing.en}", f"位于 {path} 的路径上：{doing.zh}")


TABLE = Table(
    name="trusted_files",
    doc="Files that root or another account runs or reads, as far as others can change them: one row for each path, "
    "point at which it can be changed (the file, a directory on the way to it, a link), and right by which. Fixed "
    "places, and what crontabs, units, start scripts, PAM, sudo and the like name, and scripts that they run. Not in "
    "it: what a program reads by its own configuration, and paths that a script puts together.",
    columns=(
        Column("path", "text", "the path as it is named; with a slash at its end for something in that directory"),
        Column("role", "text", "what is done with it: cron_job, unit_program, start_file, library, accounts, …"),
        Column("as_user", "text", "whose power it is: who it runs as, whose shell reads it; root for the system's own"),
        Column("source", "text", "file that names it; NULL for a fixed place"),
        Column("line", "integer", "line there"),
        Column("point", "text", "what can be changed"),
        Column("point_kind", "text", "file, directory or link"),
        Column("missing", "boolean", "the path leads to nothing yet, and it can be put there"),
        Column("mode", "text", "permission bits of the point, octal as 0644"),
        Column("uid", "integer", "its owner"),
        Column("gid", "integer", "its group"),
        Column("access", "text", "write; read for files of password hashes"),
        Column("writer_kind", "text", "by what: user (as its owner), group, anyone, acl_user, acl_group"),
        Column("writer", "integer", "number of the user or group; NULL for anyone"),
        Column(
            "accounts",
            "text[]",
            "accounts that can, and reach it; `*` for every local account; none where the number is nobody's",
        ),
        Column("refused", "boolean", "what reads it refuses a file that is changed like that: cron, sudo, sshd, …"),
        Column(
            "certain",
            "boolean",
            "false when it is there, and it is not known that something runs or reads it: by its name or mode cron and "
            "their like pass over it, nothing is seen to start the unit, the account has another shell",
        ),
        Column("how_en", "text", "what is done with the path, and how the point leads there"),
        Column("how_zh", "text", "the same in Chinese"),
    ),
    sections=(TRUSTED_PATHS, PASSWD, GROUP, services.SERVICE_UNITS),
    parts={"acls": ()},
    extra_sections=(
        services.SYSTEMCTL,
        services.SERVICE_SCRIPTS,
        hosts.OS_RELEASE,
        *gshadow_members.TABLE.sections,
        *sudo_rules.SECTIONS,
        *sudo_rules.EXTRA_SECTIONS,
        *doas_rules.SECTIONS,
        *doas_rules.EXTRA_SECTIONS,
        *sshd_effective.TABLE.all_sections,
    ),
    build=build,
)
