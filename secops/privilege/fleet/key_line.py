"""One line of authorized_keys on one account: does it give a session, to whom, and with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from secops.hosts.key_options import last_day
from secops.hosts.tables import Row
from secops.privilege.fleet.sources import lets_nobody

#: True, False, or None for what is not known.
Truth = bool | None

#: Keys of these types open only what was told to accept them.
_OLD_TYPES = ("ssh-dss",)


@dataclass(frozen=True)
class Line:
    """What a line says. `effective`, `accepted` and `refused` as in authorized_keys, `accepted` false also where from=
    lets nobody in; `expires` is None when it never does.
    """

    effective: Truth
    accepted: Truth
    refused: Truth
    key_type: str
    is_key: bool  # and no certificate or authority
    forced: bool
    options: Sequence[str]
    addresses: str | None
    expires: date | None

    @classmethod
    def of(cls, row: Row) -> Line:
        options: Sequence[str] = row["options"] or ()
        addresses = next(iter(_values(options, "from")), None)
        nobody = addresses is not None and lets_nobody(addresses)
        ends = [last_day(text) or date.min for text in _values(options, "expiry-time")]
        return cls(
            row["effective"],
            False if nobody else row["accepted"],
            row["refused"],
            row["key_type"],
            row["fingerprint"] is not None and not row["cert_authority"],
            row["forced_command"],
            options,
            addresses,
            min(ends, default=None),
        )

    @property
    def always(self) -> bool:
        """Whether sshd, once it meets the key here, looks at no later line for it."""
        return bool(self.is_key and self.accepted and self.addresses is None and self.expires is None)


def _values(options: Sequence[str], name: str) -> list[str]:
    return [option.partition("=")[2] for option in options if option.startswith(f"{name}=")]


@dataclass(frozen=True)
class Account:
    """What sshd does with keys of one account. `expires` is the day on which it ends."""

    publickey: Truth
    shell: Truth
    agent: Truth
    locked: Truth
    expires: int | None
    revocation: bool  # sshd has a list of revoked keys, which is not read
    names: Truth  # it looks up names of clients, so that those in from= count

    @classmethod
    def of(cls, tables: Mapping[str, Sequence[Row]]) -> dict[str, Account]:
        """The accounts of a host by name."""
        settings = {row["key"]: row["value"] for row in tables.get("sshd_effective", ()) if not row["match_context"]}
        revocation = settings.get("revokedkeys", "none") != "none"
        names = {"yes": True, "no": False}.get(settings.get("usedns") or "")
        shadow = {row["user_name"]: row for row in reversed(tables.get("shadow_meta", ()))}
        logins = {row["user_name"]: row for row in tables.get("ssh_logins", ())}
        without_sshd = any(row["has_sshd"] is False for row in tables.get("hosts", ()))
        unknown = dict.fromkeys(("publickey", "publickey_shell", "agent_forwarding"), False if without_sshd else None)

        def account(name: str) -> Account:
            login, entry = logins.get(name, unknown), shadow.get(name)
            locked = _locked(entry, settings.get("usepam"))
            expires = entry["expire_day"] if entry else None
            ways = (login["publickey"], login["publickey_shell"], login["agent_forwarding"])
            return cls(*ways, locked, expires, revocation, names)

        return {row["user_name"]: account(row["user_name"]) for row in tables.get("users", ())}


def _locked(shadow: Row | None, pam: str | None) -> Truth:
    """Without PAM, sshd lets nobody into an account whose password field begins with `!`."""
    if pam == "yes":
        return False
    if pam is None or shadow is None or shadow["password"] == "none":  # noqa: S105 - `!` or `*`: which, is not told
        return None
    return bool(shadow["password"] == "locked")  # noqa: S105


UNKNOWN = Account(None, None, None, None, None, revocation=False, names=None)
_EPOCH = date(1970, 1, 1)


def lets_in(line: Line, known: Account, *, again: bool, today: date | None) -> tuple[Truth, str | None]:
    """Whether the key gives a session with commands of one's own choice, from some address; and why not, or why None.

    `again`: an earlier line of the file has the same key.
    """
    day = (today - _EPOCH).days if today else None
    refusals: Sequence[tuple[Truth, str]] = (
        (_not(line.effective), "not_read"),
        (_not(line.accepted), "options"),
        (line.refused is True, "strict_modes"),  # where modes were not seen sshd is taken to be content with them
        (_not(known.publickey), "login_refused"),
        (known.locked, "account_locked"),
        (_is_past(known.expires, day), "account_expired"),
        (_is_past((line.expires - _EPOCH).days if line.expires else None, day), "expired"),
        (again, "earlier_line"),
        (line.forced, "forced_command"),
        (_not(known.shell), "sshd_command"),
        (None if not line.is_key else False, "certificate"),
        (None if line.key_type in _OLD_TYPES else False, "key_type"),
        (None if known.revocation else False, "revoked_keys"),
    )
    for wanted, opens in ((True, False), (None, None)):
        for refused, why in refusals:
            if refused is wanted:
                return opens, why
    return True, None


def forwards_agent(line: Line, account: Account) -> Truth:
    """Whether the client's agent can be had in the session."""
    allowed = True
    for option in line.options:  # in order: restrict takes all away, and what follows gives back
        if option in ("restrict", "no-agent-forwarding", "agent-forwarding"):
            allowed = option == "agent-forwarding"
    return account.agent if allowed else False


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _is_past(day: int | None, today: int | None) -> Truth:
    """Whether a day is over; None on the day itself, whose hours differ."""
    if day is None:
        return False
    return None if today is None or day == today else day < today
