"""SSH keys over the fleet: which key on which account opens which account on which host. Pure: rows in, rows out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import Row
from secops.privilege.fleet.key_line import UNKNOWN, Account, Line, forwards_agent, lets_in
from secops.privilege.fleet.sources import Sources

#: Tables that the rows are made of. Without those of HELD_BY nobody can say who holds a key.
OPENED_BY = ("authorized_keys", "ssh_authorities", "ssh_logins", "sshd_effective", "shadow_meta", "users", "hosts")
HELD_BY = ("ssh_identities", "ssh_client")

#: What says whether from= lets the holder's host in. Not seen, it is not known.
SEEN_FROM = ("host_addresses",)

#: Rows of a run, about: of keys with many holders fewer are told for each line the more lines there are.
MAX_ROWS = 200_000
MAX_HOLDERS = 16

#: The tables of one host.
Tables = Mapping[str, Sequence[Row]]


class Holder(NamedTuple):
    """An account that may read a private key's file. `user` is `*` for every account of the host.

    `certain` is false when only the public file beside it says which key it is.
    """

    host: str
    user: str | None
    path: str
    encrypted: bool | None
    certain: bool
    forwards: bool | None  # whether its client forwards the agent to every host, when nobody says otherwise


#: What a line of authorized_keys would say of an authority that sshd trusts by itself.
_AUTHORITY: Row = {
    "effective": True, "accepted": True, "refused": False, "options": ["cert-authority"], "from_restricted": False,
    "forced_command": False, "restrict": False, "cert_authority": True,
}  # fmt: skip


@dataclass
class Key:
    """What the fleet knows of one fingerprint."""

    holders: list[Holder] = field(default_factory=list)
    lines: int = 0
    files: int = 0
    accounts: int = 0
    hosts: int = 0


def trust(hosts: Mapping[str, Tables], today: date | None = None) -> dict[str, list[Row]]:
    """Rows of `key_trust` for each host: every line that authorises a key, once for each holder of the key.

    `hosts` gives the rows of `OPENED_BY`, `HELD_BY` and `SEEN_FROM`. Without `today` it is not known what has expired.
    """
    keys, sources = fleet_keys(hosts), Sources.of(hosts)
    lines = sum(key.lines for key in keys.values())
    most = max(1, min(MAX_HOLDERS, MAX_ROWS // max(1, lines)))
    return {host: list(_of_host(host, tables, keys, most, today, sources)) for host, tables in hosts.items()}


def doubts(rows: Iterable[Row]) -> list[Problem]:
    """Why `trust`'s rows of a host are not all that can be asked: one line says it of which it is not known what it
    opens. Who holds a certificate nobody can say, so that lines of authorities are none.
    """
    for row in rows:
        if row["opens"] is None and row["why"] != "certificate":
            place = f"{row['path']}:{row['line']}"
            return [Problem(Status.FAILED, f"{place}: whether it is for {row['user_name']} here is not known")]
    return []


def certified(rows: Iterable[Row]) -> list[Problem]:
    """Why it is not known whom `trust`'s rows of a host let in: who holds certificates of an authority is not seen."""
    for row in rows:
        if row["cert_authority"] and row["opens"] is not False:
            place = f"{row['path']}:{row['line']}"
            return [Problem(Status.FAILED, f"{place}: who holds certificates of this authority is not known")]
    return []


def by_host(settings: Iterable[Row]) -> list[Problem]:
    """Why it is not known who can log in, by rows of sshd_effective: sshd trusts other hosts to say who somebody is."""
    for row in settings:
        if row["key"] == "hostbasedauthentication" and row["value"] == "yes":
            reason = "whom sshd lets in by the key of another host (HostbasedAuthentication) is not known"
            return [Problem(Status.FAILED, reason)]
    return []


def nameless(rows: Iterable[Row]) -> list[Problem]:
    """Why it is not known what a host holds, from its private keys (`ssh_identities`): one that does not tell, may be
    that of any line.
    """
    for row in rows:
        if row["fingerprint"] is None:
            return [Problem(Status.FAILED, f"{row['path']}: which key the private file holds is not known")]
    return []


def fleet_keys(hosts: Mapping[str, Tables]) -> dict[str, Key]:
    """Keys by fingerprint: all their holders, those without a passphrase first, and how much they open."""
    found: defaultdict[str, Key] = defaultdict(Key)
    for host, tables in hosts.items():
        _count_opened(found, _lines(tables))
        client = _Client(tables.get("ssh_client", ()))
        files = {row["path"]: row for row in tables.get("ssh_identities", ()) if row["fingerprint"]}
        for row in files.values():
            found[row["fingerprint"]].files += 1
            found[row["fingerprint"]].holders += _holders(host, row, client)
    for key in found.values():
        key.holders.sort(key=lambda holder: (holder.encrypted is True, holder.host, holder.user or "", holder.path))
    return dict(found)


def _lines(tables: Tables) -> Iterator[Row]:
    """Rows of authorized_keys, and such rows of authorities that sshd trusts: one for each account it may let in."""
    yield from tables.get("authorized_keys", ())
    logins = {row["user_name"]: row["publickey"] for row in tables.get("ssh_logins", ())}
    for authority in tables.get("ssh_authorities", ()):
        for row in tables.get("users", ()):
            if logins.get(row["user_name"]) is not False:
                yield _AUTHORITY | authority | {"user_name": row["user_name"]}


def _count_opened(found: defaultdict[str, Key], lines: Iterable[Row]) -> None:
    """Add what the lines of one host authorise."""
    opened: defaultdict[str, set[str]] = defaultdict(set)
    for row in lines:
        if row["fingerprint"] and row["user_name"]:
            found[row["fingerprint"]].lines += 1
            if row["effective"] is not False and row["accepted"] is not False:
                opened[row["fingerprint"]].add(row["user_name"])
    for fingerprint, accounts in opened.items():
        found[fingerprint].accounts += len(accounts)
        found[fingerprint].hosts += 1


def _holders(host: str, row: Row, client: _Client) -> Iterator[Holder]:
    """Who may read the file: its owner, and whom its mode lets."""
    first = row["owner"] or row["user_name"]
    for user in dict.fromkeys([first, *(row["readers"] or ())]):
        yield Holder(host, user, row["path"], row["encrypted"], not row["by_public_file"], client.forwards(user))


class _Client:
    """Where the ssh clients of a host forward their agents."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows: defaultdict[str | None, list[Row]] = defaultdict(list)
        for row in rows:
            self.rows[row["user_name"]].append(row)

    def forwards(self, user: str | None) -> bool | None:
        """Whether the account's client does so for every host; None when it hangs on the host."""
        some = False
        for row in [*(self.rows.get(user, ()) if user else ()), *self.rows.get(None, ())]:
            on = row["forward_agent"] != "no"
            if row["every_host"]:
                return None if some and not on else on
            some |= on
        return None if some else False


def _of_host(
    host: str, tables: Tables, keys: Mapping[str, Key], most: int, today: date | None, sources: Sources
) -> Iterator[Row]:
    accounts = Account.of(tables)
    seen: set[tuple[str, str, str]] = set()
    for row in _lines(tables):
        if row["user_name"] is None:
            continue
        line = Line.of(row)
        place = (row["user_name"], row["path"], row["fingerprint"] or "")
        account = accounts.get(row["user_name"], UNKNOWN)
        opens, why = lets_in(line, account, again=place in seen, today=today)
        if line.always:
            seen.add(place)
        key = keys.get(row["fingerprint"] or "", Key())
        common = _common(row, key) | {
            "opens": opens,
            "why": why,
            "from_text": line.addresses,
            "from_names": account.names,
            "agent_forwarding": forwards_agent(line, account),
            "left_out": max(0, len(key.holders) - most),
        }
        held: Sequence[Holder | None] = key.holders[:most] or [None]
        for holder in held:
            fits = sources.fit(line.addresses, host, holder.host, names=account.names) if holder else None
            yield common | _held(holder) | {"from_fits": fits}


def _common(row: Row, key: Key) -> Row:
    """What every row of a line says."""
    copied = (
        "user_name", "path", "line", "key_type", "fingerprint", "comment", "from_restricted", "forced_command",
        "restrict", "cert_authority",
    )  # fmt: skip
    return {name: row[name] for name in copied} | {
        "accounts_opened": key.accounts,
        "hosts_opened": key.hosts,
        "holders": key.files,
        "holder_known": bool(key.holders),
    }


def _held(holder: Holder | None) -> Row:
    return {
        "holder_host": holder.host if holder else None,
        "holder_user": holder.user if holder else None,
        "holder_path": holder.path if holder else None,
        "holder_certain": holder.certain if holder else None,
        "encrypted": holder.encrypted if holder else None,
        "forwards_agent": holder.forwards if holder else None,
    }
