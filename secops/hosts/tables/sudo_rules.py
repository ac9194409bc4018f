"""Who may run what as whom: the sudoers policy, with includes, aliases and Defaults worked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from secops.hosts.evidence import Evidence
from secops.hosts.masking import masked
from secops.hosts.sudoers import Command, Grant, Host, Member, Policy, Rule, Setting, TooLargeError, decides, is_host
from secops.hosts.sudoers_options import used
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables import _sudo as sudo
from secops.hosts.tables._listed import listed
from secops.hosts.tables._sudo import policy_host, read_policy, tell_faults

MAX_ROWS = 100_000

SECTIONS, EXTRA_SECTIONS = sudo.SECTIONS, sudo.EXTRA_SECTIONS

#: Root by name, by id, and the groups that root is in everywhere.
_ROOT = frozenset({"root", "#0", "%root", "%#0"})


def build(evidence: Evidence) -> Built:
    built = Built()
    policy = read_policy(evidence, built)
    changed = {entry.path: entry.mtime for entry in listed(evidence, sudo.SUDO_PATHS, Built()) if entry.kind == "f"}
    try:
        for row in _rows(policy, policy_host(evidence, policy)[0]):
            if len(built.rows) == MAX_ROWS:
                built.lack(f"the policy expands to more than {MAX_ROWS} rows")
                break
            built.rows.append({**row, "changed": changed.get(row["source"])})
    except TooLargeError as error:
        built.lack(str(error))
    tell_faults(policy, built)
    return built


def _rows(policy: Policy, host: Host) -> Iterator[Row]:
    defaults = _Defaults(policy, host)
    position = 0
    for rule in policy.rules:
        users = list(policy.expand(rule.users, "User_Alias"))
        hosts = list(policy.expand(rule.hosts, "Host_Alias"))
        here = decides(hosts, lambda member: is_host(member, host))
        for grant in rule.grants:
            runas = list(policy.expand(grant.runas_users, "Runas_Alias")) if grant.runas_users is not None else None
            groups: list[Member | None] = [*policy.expand(grant.runas_groups or (), "Runas_Alias")] or [None]
            for command in policy.expand([grant.command], "Cmnd_Alias"):
                position += 1
                for user in users:
                    default = Member("user", defaults.text("runas_default", user, "root"))
                    targets: list[Member | None] = [default] if runas is None else [*runas] or [None]
                    as_root = _allows_root([default] if runas is None else runas)
                    for at, target, group in product(hosts, targets, groups):
                        yield {
                            **_who(rule, user, at, target, group),
                            **_what(grant, command, defaults, user, target),
                            "as_root": as_root,
                            "here": here,
                            "grants": not any(m.negated for m in (user, at, target, group, command) if m),
                            "position": position,
                        }


def _who(rule: Rule, user: Member, host: Member, target: Member | None, group: Member | None) -> Row:
    return {
        "user_name": user.text,
        "user_kind": user.kind,
        "user_negated": user.negated,
        "host_spec": host.text,
        "host_negated": host.negated,
        "runas_user": target.text if target else None,
        "runas_group": group.text if group else None,
        "runas_negated": any(member.negated for member in (target, group) if member),
        "source": rule.source,
        "line": rule.line,
    }


def _what(grant: Grant, command: Command, defaults: _Defaults, user: Member, target: Member | None) -> Row:
    tags = grant.tags
    implied = grant.command.kind == "all" and not grant.command.negated  # `ALL` itself brings SETENV
    flag = defaults.flag
    return {
        "command": command.text,
        "arguments": masked(command.arguments, command.text) if command.arguments else command.arguments,
        "negated": command.negated,
        "digest": ", ".join(command.digests) or None,
        "nopasswd": not tags.get("PASSWD", flag("authenticate", user, target, command, otherwise=True)),
        "noexec": not tags["EXEC"] if "EXEC" in tags else flag("noexec", user, target, command),
        "setenv": tags.get("SETENV", implied or flag("setenv", user, target, command)),
        "tags": [name if given else f"NO{name}" for name, given in sorted(tags.items())],
        "options": [f"{name}={value}" for name, value in sorted(grant.options.items())],
    }


def _allows_root(runas: list[Member]) -> bool | None:
    """Whether a runas list lets root in: its last entry that speaks of root decides; None when a group does."""
    for member in reversed(runas):
        if member.kind == "all" or member.text in _ROOT:
            return not member.negated
        if member.kind not in ("user", "uid"):
            return None
    return False


_ALL = ""

#: A setting: its place among all, itself, and whom it is for.
_Scoped = tuple[int, Setting, list[Member]]


class _Defaults:
    """Effective Defaults of the options that rules need, for users, targets and commands as they are written.

    Of those that match, the last one decides: those of commands after all others, as in sudo.
    """

    def __init__(self, policy: Policy, host: Host) -> None:
        self.policy = policy
        self.latest: dict[str, tuple[int, Setting]] = {}  # for everyone
        self.scoped: dict[tuple[str, str], dict[str, list[_Scoped]]] = {}  # by name and scope, then as written
        self.decided: dict[tuple[str, str, str], tuple[int, Setting] | None] = {}
        for name, settings in used(policy.settings, ("authenticate", "noexec", "setenv", "runas_default")).items():
            for place, setting in settings:
                self._add(name, place, setting, host)

    def _add(self, name: str, place: int, setting: Setting, host: Host) -> None:
        members = list(self.policy.expand_scope(setting))
        if setting.scope not in ("global", "host"):
            written = self.scoped.setdefault((name, setting.scope), {})
            for key in {_written(member) for member in members}:
                written.setdefault(key, []).append((place, setting, members))
        elif setting.scope == "global" or decides(members, lambda member: is_host(member, host)):
            self.latest[name] = (place, setting)

    def text(self, name: str, user: Member, otherwise: str) -> str:
        setting = self._last(name, user, None)
        return setting.value if setting and setting.value else otherwise

    def flag(
        self, name: str, user: Member, target: Member | None, command: Command, *, otherwise: bool = False
    ) -> bool:
        found = self._for(name, "command", _written(command))
        setting = found[1] if found else self._last(name, user, target)
        return otherwise if setting is None else not setting.negated

    def _last(self, name: str, user: Member, target: Member | None) -> Setting | None:
        """The last setting for a user and a target."""
        found = [self.latest.get(name), self._for(name, "user", _written(user))]
        if target:
            found.append(self._for(name, "runas", _written(target)))
        return max((one for one in found if one), key=lambda one: one[0], default=(0, None))[1]

    def _for(self, name: str, scope: str, key: str) -> tuple[int, Setting] | None:
        """The last setting for what is written so; a runas list of ALL may pick anyone."""
        written = self.scoped.get((name, scope))
        if not written:
            return None
        if (name, scope, key) not in self.decided:
            anyone = scope == "runas" and key == _ALL
            lists = written.values() if anyone else [written.get(one, []) for one in {key, _ALL}]
            found = sorted((one for scoped in lists for one in scoped), key=lambda one: one[0], reverse=True)
            self.decided[name, scope, key] = self._first(found, key, anyone=anyone)
        return self.decided[name, scope, key]

    def _first(self, found: Sequence[_Scoped], key: str, *, anyone: bool) -> tuple[int, Setting] | None:
        for place, setting, members in found:
            self.policy.spend(len(members))
            if decides(members, lambda member: anyone or _written(member) in (key, _ALL)):
                return place, setting
        return None


def _written(member: Member) -> str:
    """An entry as it is written; empty for ALL, which may be quoted and then is a name."""
    return _ALL if member.kind == "all" else member.text


TABLE = Table(
    name="sudo_rules",
    doc="What sudo allows: one row per user × host × runas × command, in the order sudo reads them; of the rows that "
    "match a request the one with the highest position decides. Rules of a directory (LDAP, SSSD) are not in it.",
    columns=(
        Column("user_name", "text", "the user as written: alice, %wheel, #1000, +netgroup, ALL"),
        Column("user_kind", "text", "user, uid, group, gid, nonunix (a group of a plugin), netgroup or all"),
        Column("user_negated", "boolean", "the user is excepted (!user): the rule is not for them"),
        Column("host_spec", "text", "the host as written: name, wildcard, network, +netgroup, ALL"),
        Column("host_negated", "boolean", "the host is excepted"),
        Column("runas_user", "text", "the target user as written; NULL when it is the invoking user alone"),
        Column("runas_group", "text", "a group that may be chosen with -g; NULL when none may"),
        Column("runas_negated", "boolean", "the target user or group is excepted"),
        Column("as_root", "boolean", "the whole runas list lets the command run as root; NULL when a group decides"),
        Column(
            "here", "boolean", "the list of hosts takes this one in; NULL when its name, network or netgroup is open"
        ),
        Column("command", "text", "path, directory/, wildcard, ^regex$, ALL, sudoedit or list"),
        Column("arguments", "text", "allowed arguments; NULL = any, empty = none"),
        Column("negated", "boolean", "the command is forbidden (!command)"),
        Column("grants", "boolean", "nothing in this row is negated"),
        Column("digest", "text", "SHA-2 digests the command must have one of, as algorithm:value; NULL = none asked"),
        Column("nopasswd", "boolean", "no password is asked: by tag, else by Defaults of this user, runas or command"),
        Column("noexec", "boolean", "the command may not start others, by tag or Defaults"),
        Column("setenv", "boolean", "the user may set the command's environment, by tag, by ALL or by Defaults"),
        Column("tags", "text[]", "tags in force, also those carried over (PASSWD, NOPASSWD, FOLLOW, …)"),
        Column("options", "text[]", "per-command options in force, as NAME=value (CWD, CHROOT, ROLE, NOTAFTER, …)"),
        Column("source", "text", "file of the rule"),
        Column("line", "integer", "line where the rule starts"),
        Column("position", "integer", "order of the command among all rules, from 1"),
        Column(
            "changed",
            "integer",
            "when the file was last changed: the rule may be as new; NULL when it is a link",
            "seconds since 1970",
        ),
    ),
    sections=SECTIONS,
    build=build,
    extra_sections=EXTRA_SECTIONS,
)
