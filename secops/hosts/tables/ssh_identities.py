"""Private keys for SSH that lie on the host, and who may read them. Of a key itself only its public part is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import dirname

from secops.hosts.evidence import Evidence, Status, readable
from secops.hosts.ssh_files import SSH_FILES
from secops.hosts.ssh_key import PublicKey, from_der, public_key
from secops.hosts.ssh_records import ConfigLine, Directory, Found, Place, named_keys
from secops.hosts.tables import Built, Column, Row, Table, group_members
from secops.hosts.tables._files import one_path
from secops.hosts.tables._ssh import told_records
from secops.hosts.tables.authorized_keys import parse_line
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD, passwd_lines

MAX_ROWS = 100_000

#: In `readers`: every account of the host.
EVERYONE = "*"


@dataclass
class _Accounts:
    """Who has which home, number and groups; which keys configurations name elsewhere, by path."""

    homes: dict[str, list[str]] = field(default_factory=dict)
    uids: dict[str, int] = field(default_factory=dict)
    gids: dict[str, set[int]] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)
    known: dict[tuple[Place, ...], list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Evidence, built: Built) -> _Accounts:
        found = cls()
        for _, (name, _, uid, _, _, home, _) in passwd_lines(evidence, built):
            found.uids.setdefault(name, int(uid))
            if home.startswith("/"):
                found.homes.setdefault(one_path(home), []).append(name)
        for row in group_members.build(evidence).rows:
            found.gids.setdefault(row["user_name"], set()).add(row["gid"])
        return found

    def name_keys(self, line: ConfigLine) -> None:
        """Note the key that a configuration names: an account's own, and below every home the system's."""
        own, mark, _ = one_path(line.path).partition("/.ssh/")
        for home in [own or "/"] if mark else self.homes:
            for path in map(readable, named_keys(line.text, home.encode())):
                if mark or path.startswith(f"{home}/"):
                    names = self.named.setdefault(one_path(path), [])
                    names += [name for name in self.homes.get(home, ()) if name not in names]

    def of_key(self, path: str) -> Sequence[str | None]:
        """The accounts whose key it is: in whose home it lies, or whose configuration names it."""
        home, mark, _ = path.partition("/.ssh/")
        return (self.homes.get(home or "/") if mark else None) or self.named.get(path) or [None]

    def owner(self, uid: int) -> str | None:
        return next((name for name, own in self.uids.items() if own == uid), None)

    def readers(self, file: Place, above: Sequence[Place]) -> list[str]:
        """Accounts beside root and the owner that may read a file below these directories."""
        chain = (file, *above)
        if chain not in self.known:
            privileged = {name for name, uid in self.uids.items() if uid in (0, file.uid)}
            names = [name for name in self.gids if name not in privileged and self._reads(name, chain)]
            self.known[chain] = sorted(names)
        return self.known[chain]

    def _reads(self, name: str, chain: Sequence[Place]) -> bool:
        uid, gids = self.uids.get(name), self.gids[name]
        for at, place in enumerate(chain):
            bit = 0o001 if at else 0o004
            shift = 6 if place.uid == uid else 3 if place.gid in gids else 0
            if not place.mode & bit << shift:
                return False
        return True


def build(evidence: Evidence) -> Built:
    built = Built()
    accounts = _Accounts.of(evidence, built)
    found, above = _read(evidence, accounts, built)
    for key in found:
        built.rows += _rows(key, above, accounts)
        if len(built.rows) > MAX_ROWS:
            built.rows = built.rows[:MAX_ROWS]
            built.lack(f"more than {MAX_ROWS} keys and accounts", Status.TRUNCATED)
            break
    return built


def _read(evidence: Evidence, accounts: _Accounts, built: Built) -> tuple[list[Found], dict[str, Place | None]]:
    """The keys in the order of their paths, and the directories above them."""
    found: list[Found] = []
    above: dict[str, Place | None] = {}
    for record in told_records(evidence, built):
        match record:
            case Found():
                found.append(record)
            case Directory():
                above[one_path(record.path)] = record.place
            case ConfigLine():
                accounts.name_keys(record)
    if any(key.place is None for key in found):
        built.lack("ssh_files: files changed while they were listed")
    return sorted(found, key=lambda one: one.path), above


def _rows(found: Found, above: Mapping[str, Place | None], accounts: _Accounts) -> Iterable[Row]:
    path = one_path(found.path)
    row = {"path": path, **_access(path, found.place, above, accounts), **_key(found)}
    return [{**row, "user_name": name} for name in accounts.of_key(path)]


def _access(path: str, place: Place | None, above: Mapping[str, Place | None], accounts: _Accounts) -> Row:
    """Whose file it is, and who may read it."""
    if place is None:
        return dict.fromkeys(("mode", "uid", "gid", "owner", "others_read", "readers"))
    chain = [above.get(folder) for folder in _above(path)]
    others = _everyone_reads(place, chain)
    readers: list[str] | None = [EVERYONE] if others else None
    if not place.mode & 0o044:
        readers = []
    elif not others and None not in chain:
        readers = accounts.readers(place, [folder for folder in chain if folder])
    owner = accounts.owner(place.uid)
    return {
        "mode": f"{place.mode:04o}", "uid": place.uid, "gid": place.gid, "owner": owner, "others_read": others,
        "readers": readers,
    }  # fmt: skip


def _key(found: Found) -> Row:
    """What is known of the key: by itself, else by the public file beside it."""
    own, beside = _public(found), parse_line(found.public) if found.public else None
    key = own or (PublicKey(beside.type, beside.fingerprint, beside.bits) if beside and beside.fingerprint else None)
    return {
        "form": found.told.form,
        "encrypted": {"yes": True, "no": False}.get(found.told.locked),
        "key_type": key.type if key else None,
        "fingerprint": key.fingerprint if key else None,
        "key_bits": key.bits if key else None,
        "hardware": key.type.startswith(("sk-", "webauthn-sk-")) if key else None,
        "comment": beside.comment if beside else None,
        "has_public_file": beside is not None,
        "by_public_file": key is not None and own is None,
    }


def _public(found: Found) -> PublicKey | None:
    """The key, as the private one itself tells it."""
    kind, _, digits = found.told.public.partition(":")
    if len(digits) % 2 or not digits:
        return None
    blob = bytes.fromhex(digits)
    return public_key(blob if kind == "ssh" else from_der(kind, blob) or b"")


def _above(path: str) -> Iterator[str]:
    while path != "/":
        path = dirname(path)
        yield path


def _everyone_reads(file: Place, above: Sequence[Place | None]) -> bool | None:
    """Whether its mode lets everyone read it, and those of all directories above let everyone pass."""
    if not file.mode & 0o004:
        return False
    answers = {None if folder is None else bool(folder.mode & 0o001) for folder in above}
    return False if False in answers else None if None in answers else True


TABLE = Table(
    name="ssh_identities",
    doc="Private keys in ~/.ssh, two directories deep, and those that configurations of the ssh client, jobs, units "
    "and scripts of root name, one row per file and account. Elsewhere the disk is not searched. The host's own keys, "
    "those of an agent or a token, and those of dropbear are not in it.",
    columns=(
        Column("user_name", "text", "account whose home it lies in, or whose configuration names it; NULL for neither"),
        Column("path", "text", "file"),
        Column("mode", "text", "permission bits in octal, four digits"),
        Column("uid", "integer", "owner"),
        Column("gid", "integer", "group"),
        Column("owner", "text", "the owner's login name; NULL when no account has the number"),
        Column(
            "others_read", "boolean", "every account may read it: by its mode, and by those of all directories above"
        ),
        Column("readers", "text[]", "accounts beside root and the owner that may read it; * for every account"),
        Column("form", "text", "openssh, pem, pkcs8, putty, ssh2 (Tectia)"),
        Column("encrypted", "boolean", "asks for a passphrase; NULL when the file does not tell"),
        Column("key_type", "text", "ssh-rsa, ssh-ed25519, ecdsa-sha2-nistp256, sk-…, sm2; NULL when not known"),
        Column("fingerprint", "text", "SHA256:… of its public key; NULL when not known"),
        Column("key_bits", "integer", "size of the key; NULL when its type does not tell", "bits"),
        Column("hardware", "boolean", "only the handle of a key that a security token holds"),
        Column("comment", "text", "comment of the public file beside it; NULL without one"),
        Column("has_public_file", "boolean", "a public key lies beside it, as PATH.pub"),
        Column(
            "by_public_file", "boolean", "the private file does not tell its key: type and fingerprint are that one's"
        ),
    ),
    sections=(SSH_FILES, PASSWD, GROUP),
    build=build,
)
