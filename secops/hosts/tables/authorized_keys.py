"""Public keys that may log in: the authorized_keys files of every home, and those below /etc/ssh."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from posixpath import basename, dirname, join

from secops.hosts.evidence import Evidence, Item, Status
from secops.hosts.key_options import Form, form, split
from secops.hosts.masking import key_secrets
from secops.hosts.section import Files
from secops.hosts.ssh_key import TYPES, decoded, key_bits, public_key
from secops.hosts.sshd_keywords import Version
from secops.hosts.tables import Built, Column, Row, Table, derive, ssh_logins, sshd_effective
from secops.hosts.tables._files import one_path
from secops.hosts.tables.groups import GROUP, group_lines
from secops.hosts.tables.users import PASSWD, passwd_lines
from secops.hosts.trusted.script import TRUSTED_PATHS
from secops.hosts.trusted.stream import parse
from secops.hosts.trusted.strict import StrictModes, lone_members

#: Rows of this table: accounts may share a home, and each then has every key in it.
MAX_ROWS = 100_000

_HOME_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_NAMED_DIRECTORIES = ("/etc/ssh/authorized_keys", "/etc/ssh/authorized_keys.d")  # a file is named after its user

AUTHORIZED_KEYS = Files(
    "authorized_keys",
    (
        *(f"~/{name}" for name in _HOME_FILES),
        *(f"/{name}" for name in _HOME_FILES),  # accounts whose home is /
        *(f"{directory}/*" for directory in _NAMED_DIRECTORIES),
    ),
    # A user may make the file a link to anything: only public keys leave the host. Blank lines keep the numbering, a
    # question mark stands for a line that is no key.
    rewrite=(
        (r"^[^!-}]*(#.*)?$", ""),
        *key_secrets(f"{TYPES}[ \t]+AAAA"),
        (f"^((.*[ \t])?{TYPES}[ \t]+AAAA.*)$", r"\1"),
        (r"^.*$", "?"),
    ),
)

_KEY = re.compile(rf"(?P<type>{TYPES})[ \t]+(?P<blob>[^ \t]+)(?P<comment>.*)")
#: Up to the first blank outside quotes; `\"` is a quotation mark that neither opens nor closes.
_OPTIONS = re.compile(r'(?:[^ \t"\\]++|\\"?|"(?:[^"\\]++|\\"?)*+(?:"|\Z))++')
_SECRET_OPTIONS = frozenset({"command", "environment"})  # their values may hold passwords


@dataclass(frozen=True)
class Key:
    """One line of an authorized_keys file. `bits` and `fingerprint` are None where the form does not tell."""

    type: str
    fingerprint: str | None
    bits: int | None
    comment: str
    options: tuple[str, ...]
    form: Form

    def has(self, option: str) -> bool:
        return any(found == option or found.startswith(f"{option}=") for found in self.options)


def parse_line(line: str) -> Key | None:
    """The key of a line; None when it holds none that is well-formed."""
    text = line.strip(" \t\r")
    match, options = _KEY.fullmatch(text), ""
    if not match:
        lead = _OPTIONS.match(text)
        options = lead[0] if lead else ""
        match = _KEY.fullmatch(text[len(options) :].lstrip(" \t"))
    if not match:
        return None
    blob, name, comment = decoded(match["blob"]), match["type"], match["comment"].strip()
    if blob is None:
        return None
    if "-cert" in name:
        known = blob.startswith(len(name).to_bytes(4, "big") + name.encode())
        return Key(name, None, key_bits(name, ()), comment, _told(options), form(options)) if known else None
    key = public_key(blob, name)
    return Key(name, key.fingerprint, key.bits, comment, _told(options), form(options)) if key else None


def _told(options: str) -> tuple[str, ...]:
    """Options, each as `name` or `name=value` without quotes; values that may be secret are left out."""
    found = []
    for name, value in split(options):
        told = name
        if value is not None and name not in _SECRET_OPTIONS:
            inner = value[1:-1] if value.startswith('"') and value.endswith('"') and len(value) > 1 else value
            told += "=" + inner.replace('\\"', '"')
        found.append(told)
    return tuple(found)


@dataclass(frozen=True)
class _User:
    name: str
    uid: str
    home: str

    def expand(self, pattern: str) -> str:
        """The file an AuthorizedKeysFile entry names for this user."""
        tokens = {"%h": self.home, "%u": self.name, "%U": self.uid, "%%": "%"}
        path = re.sub("%[huU%]", lambda match: tokens[match[0]], pattern)
        return one_path(join(self.home, path))


def build(evidence: Evidence) -> Built:
    built = Built()
    users = [_User(f[0], f[2], one_path(f[5])) for _, f in passwd_lines(evidence, built) if f[5].startswith("/")]
    places = sshd_effective.authorized_keys_files(evidence)
    sshd = derive(sshd_effective.TABLE, evidence)
    refused = _refused(evidence, [row["value"] for row in sshd.rows if row["key"] == "strictmodes"])
    for problem in sshd.problems[""]:
        built.lack(f"where sshd reads keys from is not known: {problem.reason}", problem.status)
    homes: dict[str, list[_User]] = {}
    for user in users:
        for name in _HOME_FILES:
            homes.setdefault(one_path(join(user.home, name)), []).append(user)
    for place in places:
        if not all(_is_collected(user.expand(place), homes) for user in users):
            built.lack(f"sshd reads keys from {place}, which is not collected")
    by_name = {user.name: user for user in users}
    own = ssh_logins.key_files(evidence)
    read = {user.name: {user.expand(place) for place in own.get(user.name, places)} for user in users}
    version, _ = sshd_effective.release(evidence)
    files = {one_path(item.path): item for item in evidence[AUTHORIZED_KEYS.name].files}
    for path, item in files.items():
        named = [by_name[basename(path)]] if dirname(path) in _NAMED_DIRECTORIES and basename(path) in by_name else []
        owners = homes.get(path, named)
        for row in _rows(path, item, version, built):
            if len(built.rows) + len(owners) > MAX_ROWS:
                built.lack(f"more than {MAX_ROWS} keys and accounts", Status.TRUNCATED)
                return built
            for owner in owners:
                effective, refuses = path in read[owner.name], refused(path, owner.home, int(owner.uid))
                built.rows.append({**row, "user_name": owner.name, "effective": effective, "refused": refuses})
            if not owners:
                built.rows.append({**row, "user_name": None, "effective": None, "refused": None})
    return built


def _refused(evidence: Evidence, strict: Sequence[str | None]) -> Callable[[str, str, int], bool | None]:
    """Whether sshd refuses a file (its path, the account's home and uid) since others may write it."""
    if strict != ["yes"]:
        known = False if strict == ["no"] else None
        return lambda _path, _home, _uid: known
    accounts = [(fields[0], int(fields[2]), int(fields[3])) for _, fields in passwd_lines(evidence)]
    groups = [(int(gid), members) for _, (_, _, gid, members) in group_lines(evidence)]
    tree = parse(evidence[TRUSTED_PATHS.name].only.data).tree
    return cache(StrictModes(tree, lone_members(accounts, groups)).refuses)


def _is_collected(path: str, homes: dict[str, list[_User]]) -> bool:
    return path in homes or dirname(path) in _NAMED_DIRECTORIES


def _rows(path: str, item: Item, version: Version | None, built: Built) -> Iterator[Row]:
    faults = []
    for number, line in enumerate(item.lines, start=1):
        if not line.strip(" \t\r") or line.lstrip(" \t").startswith("#"):
            continue
        key = parse_line(line)
        if key is None:
            faults.append(number)
            continue
        yield {
            "path": path,
            "line": number,
            "key_type": key.type,
            "fingerprint": key.fingerprint,
            "key_bits": key.bits,
            "comment": key.comment,
            "options": list(key.options),
            "accepted": key.form.accepted(version),
            "from_restricted": key.has("from"),
            "forced_command": key.has("command"),
            "restrict": key.has("restrict"),
            "cert_authority": key.has("cert-authority"),
        }
    if faults:
        built.lack(f"{path}: {len(faults)} lines are not public keys, the first is {faults[0]}")


TABLE = Table(
    name="authorized_keys",
    doc="Public keys that may log in by SSH, one row per key and user. Keys that a program finds for sshd "
    "(AuthorizedKeysCommand) and homes of directory accounts are not in it.",
    columns=(
        Column("user_name", "text", "account whose home (or file below /etc/ssh) it is; NULL when no local account"),
        Column("path", "text", "file of the key"),
        Column("line", "integer", "line in the file"),
        Column(
            "effective",
            "boolean",
            "AuthorizedKeysFile names this file for this user, on some connection if it hangs on that; NULL when there "
            "is no user",
        ),
        Column(
            "refused",
            "boolean",
            "sshd refuses the file: others may write it, or a directory above up to the home, and StrictModes is on; "
            "NULL when not known",
        ),
        Column("key_type", "text", "ssh-rsa, ssh-ed25519, ecdsa-sha2-nistp256, sk-…, sm2, …-cert-v01@openssh.com"),
        Column("fingerprint", "text", "SHA256:… as ssh-keygen prints it; NULL for certificates"),
        Column("key_bits", "integer", "size of the key; NULL when its type does not tell", "bits"),
        Column("comment", "text", "what follows the key, usually whose it is; may be empty"),
        Column("options", "text[]", "options as name or name=value, without the values of command and environment"),
        Column(
            "accepted",
            "boolean",
            "sshd takes the options: it knows each, and their values have its form; if not, it passes over the line; "
            "NULL when not known: some releases do",
        ),
        Column("from_restricted", "boolean", "from= limits the addresses"),
        Column("forced_command", "boolean", "command= is run whatever the user asks"),
        Column("restrict", "boolean", "restrict turns forwarding, terminal and rc file off"),
        Column("cert_authority", "boolean", "the key signs certificates: whoever holds one may log in"),
    ),
    sections=(AUTHORIZED_KEYS, PASSWD),
    build=build,
    extra_sections=(*sshd_effective.TABLE.all_sections, TRUSTED_PATHS, GROUP),
)
