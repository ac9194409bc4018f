"""Who may run what as whom: the sudoers policy, with includes, aliases and Defaults worked out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from posixpath import normpath

from secops.hosts.evidence import Evidence
from secops.hosts.masking import SUDO_SECRETS, masked
from secops.hosts.section import Files, Listing
from secops.hosts.sudoers import (
    Command,
    Grant,
    Member,
    Policy,
    Rule,
    Setting,
    TooLargeError,
    decides,
    is_host,
    load,
)
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import files_problem
from secops.hosts.tables._listed import listed
from secops.hosts.tables.hosts import HOSTNAME, KERNEL_HOSTNAME, NSSWITCH, hostname

MAX_ROWS = 100_000

_MAIN_FILES = ("/etc/sudoers", "/usr/etc/sudoers")  # sudo takes the first; the second is SUSE's
_DIRECTORIES = ("/etc/sudoers.d", "/usr/etc/sudoers.d")
_BINARIES = ("/usr/bin/sudo", "/usr/local/bin/sudo", "/usr/sbin/sudo", "/bin/sudo")

SUDOERS = Files(
    "sudoers",
    # The last pattern is for `@include sudoers.local`, `@include sudoers.%h`; it leaves out the directory sudoers.d.
    (*_MAIN_FILES, *(f"{directory}/*" for directory in _DIRECTORIES), "/etc/sudoers.[a-ce-zA-Z0-9]*"),
    # without comments: `#include` and `#uid` are none, and a backslash at the end of one counts where the line before
    # it is broken
    rewrite=(
        ("^([ \t]*#(include(dir)?([^a-z].*)?|-?[0-9].*|-?.?))$", r"\1"),
        ("^([ \t]*#).*(\\\\)$", r"\1\2"),
        ("^([ \t]*#).*$", r"\1"),
        *SUDO_SECRETS,
        ("^(.*)$", r"\1"),
    ),
)
SUDO_PATHS = Listing(
    "sudo_paths",
    (*_BINARIES, *_MAIN_FILES, "/etc/sudoers.[a-ce-zA-Z0-9]*", *(f"{directory}/*" for directory in _DIRECTORIES)),
)
SUDO_CONF = Files("sudo_conf", ("/etc/sudo.conf",))

SECTIONS = (SUDO_PATHS, NSSWITCH, SUDO_CONF)
EXTRA_SECTIONS = (SUDOERS, HOSTNAME, KERNEL_HOSTNAME)

#: Root by name, by id, and the groups that root is in everywhere.
_ROOT = frozenset({"root", "#0", "%root", "%#0"})


def read_policy(evidence: Evidence, built: Built) -> Policy:
    """The host's policy; an empty one when sudo is not there. What is not seen or not in force is told to `built`."""
    paths = {entry.path: entry for entry in listed(evidence, SUDO_PATHS, built)}
    unseen = files_problem(evidence, SUDOERS, {path for path, entry in paths.items() if entry.kind == "d"})
    if unseen:
        built.problems.append(unseen)
    files = {normpath(item.path): item.data for item in evidence[SUDOERS.name].files}
    main = next((path for path in _MAIN_FILES if path in files), None)
    if main is None or not files[main].strip():
        if not unseen and (main or any(path in paths for path in _BINARIES)):
            built.lack("sudo is installed, but its sudoers file is missing or empty")
        return Policy()
    if not _other_sources(evidence, built):
        return Policy()
    return load(files, main, directories=_DIRECTORIES, host=_host(evidence))


def tell_faults(policy: Policy, built: Built) -> None:
    """To be called when the policy was expanded, which finds faults too."""
    for reason in policy.faults:
        built.lack(reason)


def _other_sources(evidence: Evidence, built: Built) -> bool:
    """Tell of policy that is not in the files. False when sudo does not read the files at all."""
    sources = ["files"]
    for line in evidence[NSSWITCH.name].only.lines:
        name, colon, rest = line.partition("#")[0].partition(":")
        if colon and name.strip().lower() == "sudoers":
            sources = rest.lower().split()
            break
    if "sss" in sources or "ldap" in sources:
        built.lack("sudo rules of a directory (nsswitch.conf: sudoers) are not seen")
    for line in evidence[SUDO_CONF.name].only.lines:
        words = line.split()
        if words[:1] == ["Plugin"] and words[1:2] not in (["sudoers_policy"], ["sudoers_io"], ["sudoers_audit"]):
            built.lack("/etc/sudo.conf loads another policy plugin than sudoers")
        elif words[:2] == ["Plugin", "sudoers_policy"] and any(word.startswith("sudoers_file=") for word in words):
            built.lack("/etc/sudo.conf takes the policy from another file than /etc/sudoers")
    return "files" in sources


def _host(evidence: Evidence) -> str | None:
    """The host's name up to the first dot."""
    name = hostname(evidence)
    return name.partition(".")[0] if name else None


def build(evidence: Evidence) -> Built:
    built = Built()
    policy = read_policy(evidence, built)
    changed = {entry.path: entry.mtime for entry in listed(evidence, SUDO_PATHS, Built()) if entry.kind == "f"}
    try:
        for row in _rows(policy, hostname(evidence)):
            if len(built.rows) == MAX_ROWS:
                built.lack(f"the policy expands to more than {MAX_ROWS} rows")
                break
            built.rows.append({**row, "changed": changed.get(row["source"])})
    except TooLargeError as error:
        built.lack(str(error))
    tell_faults(policy, built)
    return built


def _rows(policy: Policy, host: str | None) -> Iterator[Row]:
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


class _Defaults:
    """Effective Defaults of the options that rules need. Of those that match, the last one decides, in three rounds:
    global, host and user scope together; then runas; then command."""

    def __init__(self, policy: Policy, host: str | None) -> None:
        self.policy = policy
        self.decided: dict[tuple[str, str, str], Setting | None] = {}
        self.rounds: dict[tuple[str, str], list[tuple[Setting, list[Member]]]] = {}
        for setting in policy.settings:
            if setting.name not in ("authenticate", "noexec", "setenv", "runas_default"):
                continue
            members = list(policy.expand_scope(setting))
            if setting.scope != "host" or decides(members, lambda member: is_host(member, host)):
                group = setting.scope if setting.scope in ("runas", "command") else "user"
                self.rounds.setdefault((setting.name, group), []).append((setting, members))

    def text(self, name: str, user: Member, otherwise: str) -> str:
        setting = self._decide(name, "user", user.text)
        return setting.value if setting and setting.value else otherwise

    def flag(
        self, name: str, user: Member, target: Member | None, command: Command, *, otherwise: bool = False
    ) -> bool:
        for scope, key in (("command", command.text), ("runas", target.text if target else ""), ("user", user.text)):
            setting = self._decide(name, scope, key)
            if setting:
                return not setting.negated
        return otherwise

    def _decide(self, name: str, scope: str, key: str) -> Setting | None:
        """The last setting of a round that is for `key`, a name as written; a runas list of ALL may pick anyone."""
        rounds = self.rounds.get((name, scope))
        if rounds is None:
            return None
        if (name, scope, key) not in self.decided:
            self.decided[name, scope, key] = self._last_for(rounds, key, anyone=scope == "runas" and key == "ALL")
        return self.decided[name, scope, key]

    def _last_for(self, rounds: list[tuple[Setting, list[Member]]], key: str, *, anyone: bool) -> Setting | None:
        for setting, members in reversed(rounds):
            self.policy.spend(len(members) + 1)
            if setting.scope in ("global", "host"):
                return setting
            if decides(members, lambda member: anyone or member.kind == "all" or member.text == key):
                return setting
        return None


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
